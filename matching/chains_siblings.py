"""Siblings in everybody's chains: on which nights who may be in a house only together with whom.

As in the plan tonight a minor's own list alone counts: on a night on which she or he needs a bed, and somebody whom the
list names does too, both sleep in the same house, or she or he in none. Whoever names nobody may sleep anywhere. Where
lists name each other, both move together and on the same night, or neither has a bed. A night before the other's need
begins, or after it has ended, ties nobody: so one stays on where the need of the other is over first, and both have to
find one house when the second need begins. Somebody who lives somewhere by the census is not waited for on such nights;
somebody to be avoided never is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.census import Census
from matching.network import Ints
from matching.nights import Span
from matching.prospects import Prospect

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NEVER = 1e9
"""The price of a night that cannot be."""

There = Mapping[int, Sequence[Span]]
"""Where minors are who are known already."""


def together(census: Census, prospects: Sequence[Prospect]) -> Ints:
    """Who may be in which house on which nights only together with whom: int64[rows, 5], as `Nights.together`."""
    rows: list[tuple[int, ...]] = []
    at = {prospect.doors.minor.id: place for place, prospect in enumerate(prospects)}
    for one, prospect in enumerate(prospects):
        houses = sorted({stand.places[1] for stand in prospect.stands})
        for name in dict.fromkeys(prospect.doors.minor.together_with):
            other = at.get(name, one)
            if other != one and name not in prospect.doors.minor.avoid.minors:
                for first, until in _waiting(census, prospect, prospects[other]):
                    rows += [(one, other, house, first, until) for house in houses]
    return np.array(rows, np.int64).reshape(-1, 5)


def _waiting(census: Census, one: Prospect, other: Prospect) -> Iterator[tuple[int, int]]:
    """The nights on which both need a bed, and the other lives nowhere by the census."""
    entries = census.presence.get(other.doors.minor.id, ())
    first, until = max(one.first, other.first), min(one.stop, other.stop)
    base, begin = census.tonight.toordinal(), first
    for night in range(first, until) if entries else ():
        if any(row.present(date.fromordinal(base + night)) for row in entries):
            if begin < night:
                yield begin, night
            begin = night + 1
    if begin < until:
        yield begin, until


class Ties:
    """The same rows as they are asked for.

    Attributes
    ----------
    groups : dict of int, tuple of int
        For each minor who is tied to others everybody so linked, in order.
    """

    def __init__(self, rows: Ints, prospects: Sequence[Prospect], night: int) -> None:
        self.prospects, self.night = prospects, night
        pairs = coo_array((np.ones(len(rows)), (rows[:, 0], rows[:, 1])), (len(prospects),) * 2)
        label = connected_components(pairs, directed=False)[1]
        tied = np.unique(rows[:, :2]).tolist()
        self.groups = {one: tuple(np.flatnonzero(label == label[one]).tolist()) for one in tied}
        self._of: dict[int, list[tuple[int, int, Span]]] = {one: [] for one in self.groups}
        for one, other, *span in rows.tolist():
            for who in (one, other):
                self._of[who].append((one, other, Span(*span)))

    def kept(self, there: There) -> bool:
        """Whether nobody of those who are known is without whom she or he may not be."""
        return not any(self.lonely(one, there) for one in there)

    def lonely(self, one: int, there: There) -> bool:
        """Whether somebody is at a place without another whom she or he may be there only with."""
        return any(
            np.any(_at(there[one], tied) & ~_at(there[other], tied))
            for who, other, tied in self._of[one]
            if who == one and other in there
        )

    def shut(self, one: int, there: There, full: Bools) -> None:
        """Shut every place on the nights on which others who are known, and are tied to her or him, are not there."""
        for who, other, tied in self._of[one]:
            beside = other if who == one else who
            if beside in there:
                full[tied.place, tied.first : tied.until] |= ~_at(there[beside], tied)

    def added(self, one: int, prices: Floats) -> Floats:
        """Prices for one that look at the others too: what it costs, and saves, that they come along."""
        found = prices.copy()
        asked = {other for who, other, _ in self._of[one] if who == one}
        for who, other, (place, first, until) in self._of[one]:
            if who == one:
                found[place, first:until] += self._least(other, place, prices)[first:until]
            elif who not in asked:
                found[place, first:until] += np.minimum(0, self._least(who, place, prices))[first:until]
        return found

    def _least(self, one: int, house: int, prices: Floats) -> Floats:
        """What each night costs somebody in a house at the least, whoever pays, less what it saves."""
        prospect, best = self.prospects[one], np.full(prices.shape[1], NEVER)
        for stand, pays in zip(prospect.stands, prospect.pays, strict=True):
            if house in stand.places:
                for purse in (prospect.purses[at] for at in pays):
                    own = prices[[*stand.places, *purse.places]].sum(axis=0)
                    np.minimum(best, np.where(stand.inside & purse.could, own, NEVER), out=best)
        return best - self.night


def _at(spans: Sequence[Span], tied: Span) -> Bools:
    """On which nights of a span somebody is at its place."""
    found = np.zeros(tied.until - tied.first, np.bool_)
    for span in spans:
        if span.place == tied.place:
            found[max(0, span.first - tied.first) : max(0, span.until - tied.first)] = True
    return found
