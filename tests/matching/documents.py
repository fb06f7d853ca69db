"""A snapshot in which every key of the contract is written out, and what is wrong with a document."""

from collections.abc import Iterator
from typing import Any

import pytest

from matching.codec import Problem, SnapshotError, decode

from .builders import Json, bed, changed, clock, day, resident, snapshot, stay

SECRET = "zq9secret"  # stands for anything about a child


def problems(document: Any) -> list[Problem]:
    """What is wrong with a document; none of it repeats a value that was sent."""
    with pytest.raises(SnapshotError) as caught:
        decode(document)
    found = list(caught.value.problems)
    assert found
    assert SECRET not in " ".join(problem.message for problem in found)
    return found


def pointers(document: Any) -> list[str]:
    return [problem.pointer for problem in problems(document)]


def full() -> Json:
    """A document in which every key of the contract is written out."""
    cap = clock(
        14, "night", "trailing", window_days=30, scope="fund", gap_days=0, absence="pauses", fiscal_year_start="07-01"
    )
    cap["extension"] = {"by": 14, "times": 1, "approval": "more"}
    return changed(
        snapshot(stays=[stay(away=[[day(-19), day(-18)]], bed=None)]),
        {
            "/facilities/0/residents": [resident("bed_a2", gender="female", until=day(9))],
            "/facilities/0/units/0": {
                **{"id": "unit_a", "genders": ["female"], "min_age": 12, "max_age": 17, "max_age_gap_years": 5},
                "one_gender_a_night": True,
                "beds": [
                    bed("bed_a1", "held", held_for="ref_1", unavailable=[["2026-12-24", "2026-12-27"]]),
                    bed("bed_a2"),
                ],
            },
            "/facilities/0/safeguards/egress": {
                "value": "unlocked",
                "verified_on": "2026-06-01",
                "expires_on": "2027-06-01",
            },
            "/funds/0/limits/0/clocks": [cap],
            "/funds/0/limits/0/rate_cents": 18500,
            "/funds/0/program": "county.safe_harbor",
            "/minors/0/age_range": [14, 16],
            "/minors/0/residence/none": False,
            "/minors/0/avoid": {
                "counties": ["13089"],
                "circles": [[33.9, -84.5, 25]],
                "minors": ["m"],
                "facilities": [],
            },
            "/interstate_approvals": [{"minor": "min_1", "from_state": "NV", "to_state": "CA"}],
        },
    )


def walk(document: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document with its JSON pointer."""
    yield pointer, document
    if isinstance(document, dict):
        for key, value in document.items():
            yield from walk(value, f"{pointer}/{key}")
    elif isinstance(document, list):
        for at, value in enumerate(document):
            yield from walk(value, f"{pointer}/{at}")
