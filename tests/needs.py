"""What tests need of the machine: where it is missing they say so, and fail where nothing may be skipped."""

import os
import shutil
from typing import NoReturn

import pytest

APT = {"PostgreSQL": "apt-get install postgresql", "Chromium": "apt-get install chromium"}
missing: set[str] = set()


def unavailable(what: str) -> NoReturn:
    """Skip the running test for want of a program, or fail it where BEDNIGHT_NO_SKIPS=1."""
    missing.add(what)
    message = f"{what} was not found; get it with: {APT[what]}"
    if os.environ.get("BEDNIGHT_NO_SKIPS") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def chromium() -> str:
    """The browser on this machine; the test is skipped, or fails, where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    unavailable("Chromium")
