"""What everybody's chains of stays cost at the least: nights summed into periods, caps of funds kept as they are.

How many nights each minor sleeps at a house that a fund pays in a period may be any part of a whole there. Nobody
sleeps more nights than a period has; no house has more bed-nights than its beds and licence; no fund pays more beds,
nor more nights in all; no fund pays one minor more than its caps let through, in a stay and in all; no stay is longer
than its payers reach, and each but a minor's first costs a move. Every plan of chains is one of these, so that its
cost is never below the least of them; and that is known by arithmetic from prices alone (`whole.linear`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matching.chain_search import MOST_STAYS
from matching.network import Ints
from matching.nights import PLENTY, Places
from matching.prospects import Prospect
from matching.whole import solve_linear

PERIOD = 30
ROUNDING = 0.01
Row = tuple[Any, ...]
"""What a row is about, then whose and when."""


@dataclass(frozen=True, eq=False)
class Least:
    """No plan costs less than `cost`; `prices` float64[places, nights] is what a night at each place is worth by it."""

    cost: int
    prices: NDArray[np.float64]


def least(prospects: Sequence[Prospect], places: Places, night: int, move: int) -> Least:
    """Solve the linear program of all minors who wait.

    Parameters
    ----------
    prospects : sequence of Prospect
    places : Places
    night, move : int
        What a night that nobody pays costs, and a move.
    """
    program = _Program(places, night, move)
    for at, prospect in enumerate(prospects):
        program.add(at, prospect)
    cost, prices = night * sum(prospect.stop - prospect.first for prospect in prospects), np.zeros(places.room.shape)
    bound, worth = program.solve()
    for row, price in worth.items():
        if row[0] == "place":
            prices[row[1], program.edges[row[2]] : program.edges[row[2] + 1]] += price
        elif row[0] == "total":
            prices[row[1]] += price
    step = gcd(night, move) or 1  # every cost is so many times this
    return Least(max(0, step * ceil((cost + bound - ROUNDING) / step)), prices)


class _Program:
    """Collects things that are taken in part, and the rows that they keep."""

    def __init__(self, places: Places, night: int, move: int) -> None:
        self.places, self.night, self.move = places, night, move
        nights = places.room.shape[1]
        self.edges = [*range(0, nights, PERIOD), nights]
        self.aims: list[int] = []
        self.rows: dict[Row, list[tuple[int, int]]] = defaultdict(list)
        self.most: dict[Row, int] = {}

    def solve(self) -> tuple[float, dict[Row, float]]:
        """The least aim, and what one more of each row is worth."""
        kept = [row for row, uses in self.rows.items() if sum(max(0, count) for _, count in uses) > self.most[row]]
        if not kept:
            return float(sum(min(0, aim) for aim in self.aims)), {}
        start = np.concatenate(([0], np.cumsum([len(self.rows[row]) for row in kept], dtype=np.int64)))
        uses = [use for row in kept for use in self.rows[row]]
        at, counts = (np.array([use[part] for use in uses], np.int64) for part in (0, 1))
        matrix = csr_array((counts, at, start), (len(kept), len(self.aims)))
        most = np.array([self.most[row] for row in kept], np.int64)
        found = solve_linear(np.array(self.aims, np.int64), matrix, most)
        return found.bound, dict(zip(kept, found.prices.tolist(), strict=True))

    def add(self, minor: int, prospect: Prospect) -> None:
        """One minor's nights by house, fund and period; her or his stays, and the first of them, which is no move."""
        houses: dict[str, list[int]] = defaultdict(list)
        for at, stand in enumerate(prospect.stands):
            houses[stand.facility.id].append(at)
        stays = [stay for own in houses.values() if (stay := self._house(minor, prospect, own)) is not None]
        first = self._thing(-self.move)
        for row, uses, most in (
            (("first", minor), [(first, 1), *((stay, -1) for stay in stays)], 0),
            (("stays", minor), [(stay, 1) for stay in stays], MOST_STAYS),
        ):
            self.rows[row], self.most[row] = uses, most

    def _thing(self, aim: int) -> int:
        self.aims.append(aim)
        return len(self.aims) - 1

    def _use(self, row: Row, use: tuple[int, int], most: int) -> None:
        self.rows[row].append(use)
        self.most[row] = most

    def _house(self, minor: int, prospect: Prospect, own: Sequence[int]) -> int | None:
        """The nights at one house, and the stay that they need; None where no night is paid there."""
        inside = np.zeros(self.places.room.shape[1], np.bool_)
        for at in own:
            inside |= _slept(prospect.stands[at].open, prospect.stands[at].stop)
        beds = {prospect.stands[at].places[0] for at in own}
        shared = (prospect.stands[own[0]].places[1], *(beds if len(beds) == 1 else ()))
        longest, used = 0, list[tuple[int, int]]()
        for at in prospect.pays[own[0]]:
            could = inside & _paid(prospect.purses[at].ends)
            parts, block = self._fund(minor, prospect, at, could, shared)
            longest += block
            used += parts
            if parts:
                self.rows["block", minor, shared[0], at], self.most["block", minor, shared[0], at] = parts, block
        if not used:
            return None
        stay = self._thing(self.move)
        self.rows["stay", minor, shared[0]] = [*used, (stay, -longest)]
        self.most["stay", minor, shared[0]] = 0
        return stay

    def _fund(
        self, minor: int, prospect: Prospect, at: int, could: NDArray[np.bool_], shared: Sequence[int]
    ) -> tuple[list[tuple[int, int]], int]:
        """The nights that a fund pays at a house by period, and the most of them in one stay."""
        purse, room, parts = prospect.purses[at], self.places.room, list[tuple[int, int]]()
        block = min(purse.block, purse.total, int(could.sum()))
        for period, (start, end) in enumerate(pairwise(self.edges)):
            count = min(block, int(could[start:end].sum()))
            if not count:
                continue
            use = self._thing(-self.night * count), count
            parts.append(use)
            needed = min(end, prospect.stop) - max(start, prospect.first)
            self._use(("nights", minor, period), use, needed)
            for place in (*shared, *purse.places):
                self._use(("place", place, period), use, int(np.minimum(room[place, start:end], PLENTY).sum()))
            for place in purse.places:
                self._use(("total", place), use, int(self.places.total[place]))
            self._use(("fund", minor, at), use, purse.total)
        return parts, block


def _slept(opens: NDArray[np.bool_], stop: int) -> NDArray[np.bool_]:
    """The nights on which a minor could be there who came on some night before."""
    found = np.logical_or.accumulate(opens)
    found[stop:] = False
    return np.asarray(found, np.bool_)


def _paid(ends: Ints) -> NDArray[np.bool_]:
    """The nights that some block reaches."""
    night = np.arange(len(ends))
    return np.asarray(np.maximum.accumulate(np.where(ends > night, ends, 0)) > night, np.bool_)
