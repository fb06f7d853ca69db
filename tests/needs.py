"""What tests need of the machine: where it is missing they say so, and fail where nothing may be skipped."""

import os

import pytest

APT = {"PostgreSQL": "apt-get install postgresql", "Chromium": "apt-get install chromium"}
missing: set[str] = set()


def unavailable(what: str) -> None:
    """Skip the running test for want of a program, or fail it where BEDNIGHT_NO_SKIPS=1."""
    missing.add(what)
    message = f"{what} was not found; get it with: {APT[what]}"
    if os.environ.get("BEDNIGHT_NO_SKIPS") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
