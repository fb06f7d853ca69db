"""How alike two people's names and birth dates are: weights that are shown, and no decision; a person decides.

Names are compared as they are spelt, straight and swapped, and among all other names; a birth date also where day and
month are swapped or one part is off. What is not known on either side is not counted against anybody.
Jaro and Winkler's likeness (Winkler 1990) says how alike two names are; what is less than `UNLIKE` counts as unlike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

Floats = NDArray[np.float64]

WEIGHTS: Mapping[str, int] = {"names": 50, "other_names": 20, "born": 30}
"""Of 100 points; where something is not known, of as many as can be known."""
UNLIKE = 0.7
"""Of names: unrelated ones are this much alike by chance."""
LEAST_KNOWN = 50
"""Of 100 points that must be known on both sides: one fact alone is no likeness."""
THRESHOLDS = (0.6, 0.75, 0.9)
"""Shown from the first on; between them the same person, somebody else, or not sure."""


@dataclass(frozen=True, slots=True)
class Described:
    """One person as an agency knows her or him: names as they are compared, and a birth date or an age."""

    id: str
    given: str = ""
    family: str = ""
    others: tuple[str, ...] = ()
    """What she or he goes by, aliases and street names."""
    born_on: date | None = None
    ages: tuple[int, int] | None = None
    """The youngest and oldest that she or he may be, where no birth date is known."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike somebody is, from 0 to 1, and each part of it; a part that is missing is not known."""

    id: str
    score: float
    parts: Mapping[str, float]


@dataclass(slots=True)
class Compared:
    """Many people, ready to be compared with one after another. Shapes: `n` people, `m` other names of all of them."""

    people: Sequence[Described]
    _first: list[str] = field(init=False)
    _last: list[str] = field(init=False)
    _others: list[str] = field(init=False)
    _whose: NDArray[np.int64] = field(init=False)
    _dates: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self._first = [one.given for one in self.people]
        self._last = [one.family for one in self.people]
        called = [(at, name) for at, one in enumerate(self.people) for name in _called(one)]
        self._others = [name for _, name in called]
        self._whose = np.array([at for at, _ in called], dtype=np.int64)
        rows = [_parts(one.born_on) for one in self.people]
        self._dates = np.array(rows, dtype=np.int64).reshape(len(rows), 3)

    def like(self, one: Described, today: date, least: float = THRESHOLDS[0]) -> list[Likeness]:
        """Whoever is at least so much alike, the most alike first; never the same record itself."""
        if not self.people:
            return []
        parts = {"names": self._names(one), "other_names": self._other_names(one), "born": self._born(one, today)}
        values, weights = np.array([parts[name] for name in WEIGHTS]), np.array(list(WEIGHTS.values()))
        known = weights @ ~np.isnan(values)
        points = weights @ np.nan_to_num(values)
        scores = np.where(known >= LEAST_KNOWN, points / np.maximum(known, 1), 0.0)
        found = np.flatnonzero(scores >= least)
        order = found[np.lexsort((known[found], scores[found]))[::-1]]
        return [
            Likeness(
                self.people[at].id,
                float(scores[at]),
                {name: float(values[at]) for name, values in parts.items() if not np.isnan(values[at])},
            )
            for at in order
            if self.people[at].id != one.id
        ]

    def _names(self, one: Described) -> Floats:
        """Given and family name, straight or swapped, whichever is more alike; one of them alone counts as it is."""
        nothing = np.full(len(self.people), np.nan)
        mine = [name for name in (one.given, one.family) if name]
        if not mine:
            return nothing
        first, last = _alike(mine, self._first), _alike(mine, self._last)
        for column, names in ((first, self._first), (last, self._last)):
            column[:, [not name for name in names]] = np.nan
        if len(mine) == 1:
            return _fmax(first[0], last[0])
        straight, swapped = _mean(first[0], last[1]), _mean(first[1], last[0])
        return _fmax(straight, swapped)

    def _other_names(self, one: Described) -> Floats:
        """The two most alike among all that each is called; known only where either has a name beside the given one."""
        best = np.full(len(self.people), np.nan)
        mine = [*_called(one), *([one.family] if one.family else [])]  # a street name may stand in any place
        if not mine or not self._others:
            return best
        np.fmax.at(best, self._whose, _alike(mine, self._others).max(axis=0))
        if not one.others:
            best[[not other.others for other in self.people]] = np.nan
        return best

    def _born(self, one: Described, today: date) -> Floats:
        """1 the same day; less where day and month are swapped, or one part is off; by age where none is known."""
        result = np.full(len(self.people), np.nan)
        if one.born_on is not None:
            year, month, day = _parts(one.born_on)
            same = self._dates == np.array((year, month, day))
            right = same.sum(axis=1)
            result = np.where(right == 3, 1.0, np.where(right == 2, 0.7, 0.0))
            swapped = same[:, 0] & (self._dates[:, 1] == day) & (self._dates[:, 2] == month)
            result = np.where(swapped & (right < 3), 0.85, result)
            result[self._dates[:, 0] == 0] = np.nan
        for at in np.flatnonzero(np.isnan(result)):
            result[at] = _by_age(one, self.people[int(at)], today)
        return result


def _by_age(one: Described, other: Described, today: date) -> float:
    """Whether two ages may be the same; it says little, so it is never more than two thirds."""
    mine, theirs = _ages(one, today), _ages(other, today)
    if mine is None or theirs is None:
        return np.nan
    apart = max(mine[0] - theirs[1], theirs[0] - mine[1], 0)
    return max(0.0, (2 - apart) / 3)


def _ages(one: Described, today: date) -> tuple[int, int] | None:
    if one.born_on is None:
        return one.ages
    had = (today.month, today.day) >= (one.born_on.month, one.born_on.day)
    age = today.year - one.born_on.year - (not had)
    return age, age


def _called(one: Described) -> list[str]:
    return [name for name in (*one.others, one.given) if name]


def _parts(day: date | None) -> tuple[int, int, int]:
    return (0, 0, 0) if day is None else (day.year, day.month, day.day)


def _alike(mine: Sequence[str], theirs: Sequence[str]) -> Floats:
    """(len(mine), len(theirs)), from 0 where they are alike by chance alone to 1 where they are the same."""
    raw: Any = cdist(mine, theirs, scorer=JaroWinkler.similarity, dtype=np.float64)
    return np.asarray(np.clip((raw - UNLIKE) / (1 - UNLIKE), 0.0, 1.0), dtype=np.float64)


def _mean(one: Floats, other: Floats) -> Floats:
    """Of both where both are known, else of the one that is."""
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, (one + other) / 2))


def _fmax(one: Floats, other: Floats) -> Floats:
    return np.fmax(one, other)
