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

_MOST = 2**62


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


def together(keys: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """One number for each row, equal for those that are equal in every key (int64[rows], none below 0 each).

    Where the numbers have no room for one key more they are told apart by their ranks.
    """
    found, size = keys[0], int(keys[0].max(initial=0)) + 1
    for key in keys[1:]:
        more = int(key.max(initial=0)) + 1
        if size * more >= _MOST:
            values, found = np.unique(found, return_inverse=True)
            size = len(values)
        found, size = found * more + key, size * more
    return found


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
