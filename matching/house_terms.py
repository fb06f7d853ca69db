"""The terms of a cost that minor and house alone decide, whoever pays and in whichever bed.

Each says what it looks at, of a minor and of a house, so that it is counted once for all who are alike in that.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.census import Census
from matching.facts import Facility, Minor, Point, Referral
from matching.rules.conflict import distance_km, distances_km

Names = tuple[str, ...]

BAND_KM = 25
RESTRICTIVE = {"unlocked": 0, "delayed_release": 1, "locked_with_release": 2}

NEARLY_KM = 0.001
"""More than two ways to reckon a distance can differ by."""
FAR = 2**20
"""Stands for what is not known: more than any term counts."""


class HouseTerm(NamedTuple):
    """How a term is counted, from what it sees on a night of a minor and of a house.

    Where it sees nothing of a minor it counts nothing in any house.
    """

    of_minor: Callable[[Census, Referral, date], Hashable]
    of_house: Callable[[Facility, date], Hashable]
    measure: Callable[[Any, Any], int]
    table: Callable[[Sequence[Any], Sequence[Any]], NDArray[np.int64]] | None = None
    """The same as `measure` of all that is seen of minors and of houses (int64[minors, houses])."""

    def value(self, census: Census, referral: Referral, facility: Facility, on: date) -> int:
        """The count for one minor at one house."""
        seen = self.of_minor(census, referral, on)
        return self.measure(seen, self.of_house(facility, on)) if seen else 0

    def values(self, minors: Sequence[Any], houses: Sequence[Any]) -> NDArray[np.int64]:
        """The counts for all that is seen of some minors and of some houses (int64[minors, houses])."""
        found = np.zeros((len(minors), len(houses)), np.int64)
        seen = [at for at, one in enumerate(minors) if one]
        if self.table is not None:
            found[seen] = self.table([minors[at] for at in seen], houses)
            return found
        for at in seen:
            found[at] = [self.measure(minors[at], one) for one in houses]
        return found


def home(census: Census, referral: Referral) -> Point | None:
    """Where home is, unless it is not known or lies in a place to avoid."""
    point, minor = referral.home_point, census.minors[referral.minor]
    if point is None or minor.residence.county in minor.avoid.counties:
        return None
    near = any(distance_km(point, (circle[0], circle[1])) <= circle[2] for circle in minor.avoid.circles)
    return None if near else point


def gaps(minor: Minor, facility: Facility) -> list[str]:
    """The services, then the languages, that are wished for and not known to be offered."""
    return _missing(_wanted(minor), _offered(facility))


def _wanted(minor: Minor) -> tuple[Names, ...]:
    found = (tuple(dict.fromkeys(minor.needs.services or ())), tuple(dict.fromkeys(minor.needs.languages or ())))
    return found if any(found) else ()


def _offered(facility: Facility) -> tuple[Names, ...]:
    return facility.services or (), facility.languages or ()


def _missing(wanted: tuple[Names, ...], offered: tuple[Names, ...]) -> list[str]:
    return [code for codes, there in zip(wanted, offered, strict=False) for code in codes if code not in there]


def _siblings(census: Census, referral: Referral, on: date) -> Names:
    """The siblings who live somewhere."""
    named = dict.fromkeys(census.minors[referral.minor].together_with)
    return tuple(one for one in named if any(row.present(on) for row in census.presence.get(one, ())))


def _residents(facility: Facility, on: date) -> frozenset[str | None]:
    return frozenset(row.minor for row in facility.residents if row.present(on))


def _steps(_: bool, doors: str | None) -> int:
    return RESTRICTIVE.get(doors or "unlocked", 0)


def _bands(point: Point, house: Point | None) -> int:
    return FAR if house is None else int(distance_km(point, house) // BAND_KM)


def _all_bands(points: Sequence[Point], houses: Sequence[Point | None]) -> NDArray[np.int64]:
    """The bands of many at once. Where one ends so near that rounding could tell, each is measured by itself."""
    found = np.full((len(points), len(houses)), FAR, np.int64)
    known = [at for at, house in enumerate(houses) if house is not None]
    km = distances_km(points, [house for house in houses if house is not None])
    found[:, known] = km // BAND_KM
    for one, at in np.argwhere(np.abs(km - np.rint(km / BAND_KM) * BAND_KM) < NEARLY_KM).tolist():
        found[one, known[at]] = _bands(points[one], houses[known[at]])
    return found


HOUSE_TERMS: Mapping[str, HouseTerm] = {
    "siblings.elsewhere": HouseTerm(
        _siblings, _residents, lambda siblings, here: sum(one not in here for one in siblings)
    ),
    "wishes.unmet": HouseTerm(
        lambda census, referral, _: census.minors[referral.minor].wishes.prefer,
        lambda facility, _: facility.id,
        lambda preferred, house: int(house not in preferred),
    ),
    "needs.missing": HouseTerm(
        lambda census, referral, _: _wanted(census.minors[referral.minor]),
        lambda facility, _: _offered(facility),
        lambda wanted, offered: len(_missing(wanted, offered)),
    ),
    "setting.restrictive": HouseTerm(
        lambda census, referral, on: True, lambda facility, on: facility.safeguards.egress.on(on), _steps
    ),
    "home.distance": HouseTerm(
        lambda census, referral, _: home(census, referral), lambda facility, _: facility.point, _bands, _all_bands
    ),
}
"""By the code of the term."""
