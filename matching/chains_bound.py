"""What everybody's chains of stays cost at the least: nights summed into periods, caps of funds kept as they are.

How many nights each minor sleeps at a house that a fund pays in a period may be any part of a whole there. Nobody
sleeps more nights than a period has; no house has more bed-nights than its beds and licence; no fund pays more beds,
nor more nights in all; no fund pays one minor more than its caps let through, in a stay and in all; no stay is longer
than its payers reach, and each but a minor's first costs a move. Every plan of chains is one of these, so that its
cost is never below the least of them. What is given beside it is a price for each of these rows, in whole thousandths:
from them anybody can reckon the bound without a solver (`check_bound` does).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from matching.chain_search import MOST_STAYS
from matching.network import Ints
from matching.nights import PLENTY, Places
from matching.prospects import Prospect
from matching.whole import solve_linear

PERIODS = ((100, 30), (1000, 90), (10**9, 180))
"""For so many people, at most, nights are summed into periods of so many: longer ones are looser, and quicker."""

SCALE = 1000
"""Prices are whole numbers, in this part of a unit of cost."""

Name = tuple[str, ...]


class Price(NamedTuple):
    """What one more of a row is worth: what it is about with the ids it names, and the nights, half-open, if any."""

    of: Name
    nights: tuple[int, int] | None
    price: int


@dataclass(frozen=True, eq=False)
class Least:
    """No plan costs less than `cost`, by the `certificate`; `prices`: those of nights, float64[places, nights]."""

    cost: int
    prices: NDArray[np.float64]
    certificate: tuple[Price, ...]


def least(prospects: Sequence[Prospect], places: Places, names: Sequence[Name], night: int, move: int) -> Least:
    """Solve the linear program of all minors who wait.

    Parameters
    ----------
    prospects : sequence of Prospect
    places : Places
    names : sequence of tuple of str
        What each place is, and the ids that name it.
    night, move : int
        What a night that nobody pays costs, and a move.
    """
    period = next(nights for most, nights in PERIODS if len(prospects) <= most)
    program = _Program(places, names, night, move, period)
    for prospect in prospects:
        program.add(prospect)
    bound, prices = program.solve()
    count, periods = len(names), len(program.edges) - 1
    by_period = np.repeat(prices[: count * periods].reshape(count, periods), np.diff(program.edges), axis=1)
    worth = (by_period + prices[count * periods : count * (periods + 1), None]) / SCALE
    kept = tuple(Price(*program.names[row], int(prices[row])) for row in np.flatnonzero(prices).tolist())
    whole = SCALE * night * sum(prospect.stop - prospect.first for prospect in prospects) + bound
    step = gcd(night, move) or 1  # every cost is so many times this
    return Least(max(0, step * -(-whole // (step * SCALE))), worth, kept)


class _Program:
    """Collects things that are taken in part, and the rows that they keep: those of places come first."""

    def __init__(self, places: Places, names: Sequence[Name], night: int, move: int, period: int) -> None:
        self.places, self.night, self.move = places, night, move
        nights = places.room.shape[1]
        self.edges = np.append(np.arange(0, nights, period), nights)
        periods = list(pairwise(self.edges.tolist()))
        room = np.add.reduceat(np.minimum(places.room, PLENTY), self.edges[:-1], axis=1)
        self.names: list[tuple[Name, tuple[int, int] | None]] = [(name, one) for name in names for one in periods]
        self.names += [(name, None) for name in names]
        self.most: list[int] = [*room.ravel().tolist(), *places.total.tolist()]
        self.things = 0
        self.aims: list[Ints] = []
        self.uses: list[tuple[Ints, Ints, Ints]] = []

    def solve(self) -> tuple[int, Ints]:
        """The least aim by whole prices, and these, for each row."""
        most = np.array(self.most, np.int64)
        if not self.things:
            return 0, np.zeros(len(most), np.int64)
        aim = np.concatenate(self.aims)
        row, thing, count = map(np.concatenate, zip(*self.uses, strict=True))
        matrix = coo_array((count, (row, thing)), (len(most), len(aim))).tocsr()
        kept = np.flatnonzero(matrix.maximum(0).sum(axis=1) > most)
        prices = np.zeros(len(most), np.int64)
        if len(kept):
            found = solve_linear(aim, matrix[kept], most[kept])
            prices[kept] = np.rint(found.prices * SCALE).astype(np.int64)
        priced = SCALE * aim + matrix.T @ prices
        return int(np.minimum(0, priced).sum() - prices[kept] @ most[kept]), prices

    def add(self, prospect: Prospect) -> None:
        """One minor's nights by house, fund and period; her or his stays, and the first of them, which is no move."""
        minor = prospect.doors.minor.id
        edges = self.edges.clip(prospect.first, prospect.stop)
        nights = self._rows((("nights", minor), pair, most) for pair, most in self._periods(np.diff(edges)))
        most: dict[str, int] = {}
        for purse in prospect.purses:
            most[purse.fund.id] = max(purse.total, most.get(purse.fund.id, 0))
        rows = self._rows((("fund", minor, fund), None, total) for fund, total in most.items()).tolist()
        funds = dict(zip(most, rows, strict=True))
        houses = list(_houses(prospect))
        stays = self._rows((("stay", minor, house.name), None, 0) for house in houses)
        first, count = self._rows([(("first", minor), None, 0), (("stays", minor), None, MOST_STAYS)]).tolist()
        longest = np.array(
            [
                self._house(prospect, house, nights, funds, stay)
                for house, stay in zip(houses, stays.tolist(), strict=True)
            ],
            np.int64,
        )
        own = self._things(np.array([-self.move, *(self.move for _ in houses)], np.int64))
        stood, ones = own[1:], np.ones(len(houses), np.int64)
        for row, thing, value in (
            (stays, stood, -longest),
            (np.full(len(houses), first), stood, -ones),
            (np.full(len(houses), count), stood, ones),
            (np.array([first]), own[:1], np.array([1])),
        ):
            self._use(row, thing, value)

    def _periods(self, needed: Ints) -> Iterator[tuple[tuple[int, int], int]]:
        return zip(pairwise(self.edges.tolist()), needed.tolist(), strict=True)

    def _rows(self, rows: "Iterator[_Row] | Sequence[_Row]") -> Ints:
        """Add rows, and give their numbers."""
        begin = len(self.most)
        for of, nights, most in rows:
            self.names.append((of, nights))
            self.most.append(most)
        return np.arange(begin, len(self.most))

    def _things(self, aim: Ints) -> Ints:
        """Add things, and give their numbers."""
        self.aims.append(aim)
        self.things += len(aim)
        return np.arange(self.things - len(aim), self.things)

    def _use(self, rows: Ints, things: Ints, counts: Ints) -> None:
        self.uses.append((rows, things, counts))

    def _house(self, prospect: Prospect, house: "_House", nights: Ints, funds: dict[str, int], stay: int) -> int:
        """The nights at one house by payer and period; the most nights of a stay there."""
        minor, periods = prospect.doors.minor.id, len(self.edges) - 1
        blocks: dict[str, int] = {}
        for at, could in house.nights(prospect):
            purse = prospect.purses[at]
            block = min(purse.block, purse.total, int(could.sum()))
            blocks[purse.fund.id] = max(block, blocks.get(purse.fund.id, 0))
        named = self._rows((("block", minor, house.name, fund), None, block) for fund, block in blocks.items())
        blocked = dict(zip(blocks, named.tolist(), strict=True))
        for at, could in house.nights(prospect):
            purse = prospect.purses[at]
            counts = np.minimum(blocks[purse.fund.id], np.add.reduceat(could.astype(np.int64), self.edges[:-1]))
            when = np.flatnonzero(counts)
            if not len(when):
                continue
            counts = counts[when]
            things = self._things(-self.night * counts)
            for row in (blocked[purse.fund.id], funds[purse.fund.id], stay, *self._totals(purse.places)):
                self._use(np.full(len(when), row), things, counts)
            self._use(nights[when], things, counts)
            for place in (*house.places, *purse.places):
                self._use(place * periods + when, things, counts)
        return sum(blocks.values())

    def _totals(self, places: Sequence[int]) -> Iterator[int]:
        """The rows of the nights that places have in all."""
        begin = len(self.places.total) * (len(self.edges) - 1)
        return (begin + place for place in places if self.places.total[place] < PLENTY)


_Row = tuple[Name, tuple[int, int] | None, int]
"""What a row is about, its nights, and the most of it."""


class _House(NamedTuple):
    """A house for a minor: its places, and for each row of a fund that could pay the nights of stays that it governs.

    The rows of one fund share the one block of a stay.
    """

    name: str
    places: tuple[int, ...]
    inside: dict[int, NDArray[np.bool_]]

    def nights(self, prospect: Prospect) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """The nights on which each row could pay."""
        for at, inside in self.inside.items():
            yield at, inside & prospect.purses[at].could


def _houses(prospect: Prospect) -> Iterator[_House]:
    """Each house where anybody pays."""
    own: dict[str, list[int]] = {}
    for at, stand in enumerate(prospect.stands):
        own.setdefault(stand.facility.id, []).append(at)
    for name, rows in own.items():
        inside: dict[int, NDArray[np.bool_]] = {}
        for at in rows:
            for purse in prospect.pays[at]:
                inside[purse] = inside.get(purse, False) | prospect.stands[at].inside
        beds = {prospect.stands[at].places[0] for at in rows}
        places = (prospect.stands[rows[0]].places[1], *(beds if len(beds) == 1 else ()))
        yield _House(name, places, inside)
