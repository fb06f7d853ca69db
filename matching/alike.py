"""What several minors, houses or payers have in common for a rule: one of each kind is judged for all of them."""

from collections.abc import Hashable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.case import Case
from matching.census import Census
from matching.dates import age_on
from matching.facts import Facility, Minor
from matching.findings import MET


def distinct(keys: Sequence[Hashable]) -> tuple[list[int], NDArray[np.int64]]:
    """One row for each distinct key, and for every row the place of its key."""
    places: dict[Hashable, int] = {}
    first: list[int] = []
    at = np.empty(len(keys), np.int64)
    for row, key in enumerate(keys):
        place = places.setdefault(key, len(first))
        if place == len(first):
            first.append(row)
        at[row] = place
    return first, at


def age_seen(minor: Minor, on: date) -> Hashable:
    """All that a rule about an age sees of a minor on a date."""
    return minor.age_range if minor.born_on is None else age_on(minor.born_on, on)


def alone(census: Census, minor: Minor, facility: Facility, nights: int = 1) -> Case:
    """A minor who comes alone tonight, to a bed that is there, for so many nights."""
    return Case(
        census,
        minor,
        facility,
        census.tonight,
        nights,
        referrals=frozenset(),
        siblings=(),
        bed_known=True,
        sibling_outcome=lambda case, sibling: MET,
    )
