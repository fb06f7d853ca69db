"""The brute force agrees with every worked case, and its memo with writing every sequence out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.matching.oracle import decide

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
COMPARED = {
    "options": ("funded_nights", "first_unfunded_night", "binding", "payers"),
    "later": ("from", "funded_nights", "first_unfunded_night", "binding", "payers"),
    "needs_info": ("unknown",),
    "excluded": ("failed",),
}


def seen(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Keep what a case compares; codes as a set."""
    kept = {key: entry[key] for key in COMPARED[name]}
    if name in ("needs_info", "excluded"):
        return {key: set(codes) for key, codes in kept.items()}
    return kept


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_worked_case(path: Path) -> None:
    case = json.loads(path.read_text())
    answer = decide(case["snapshot"], case["referral"])
    for name in COMPARED:
        found = {entry["facility"]: entry for entry in answer[name]}
        wanted = {entry["facility"]: entry for entry in case["expected"][name]}
        assert set(found) == set(wanted), name
        for facility, entry in wanted.items():
            assert seen(name, found[facility]) == seen(name, entry)
            if "provisional" in entry:
                assert found[facility]["provisional"] == entry["provisional"]


def test_there_are_39_cases() -> None:
    assert len(CASES) == 39
