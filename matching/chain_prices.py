"""The chain of stays that prices of places make best for one minor: found over loose arrays, then made exact.

`chain_layers` finds it, over the houses and payers there are. What the loose arrays let through and the rules do not
(a fund that has paid its nights, a last resort that has to wait) `mended` cuts, fills by other payers, or leaves out.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.chain_layers import Chains, Ground, Reach
from matching.chain_search import MOST_STAYS
from matching.coverage import Block, PayerRun, block_end
from matching.doors import Doors, Slept
from matching.prospects import Prospect, Stand

Prices = NDArray[np.float64]
"""What a night at each place costs: whole numbers, float64[places + 1, nights + 1], summed up to each night.

The last place is none: it costs nothing.
"""

MOST_PAYERS = 4
"""So many payers of a house are looked at by prices, those that pay longest; others fill in."""


class Stayed(NamedTuple):
    """One stay of a chain at a stand, exact."""

    stand: Stand
    slept: Slept


Chain = tuple[Stayed, ...]


class Pricer:
    """Finds the chain of one minor that costs least by prices."""

    def __init__(self, prospect: Prospect, night: int, move: int) -> None:
        self.prospect, self.night, self.move = prospect, night, move
        self.runs: dict[tuple[str, int, tuple[Slept, ...]], dict[str, PayerRun]] = {}
        self._stands = _padded([stand.places for stand in prospect.stands])
        self._purses = _padded([*(purse.places for purse in prospect.purses), ()])
        self._ground = self._made() if prospect.stands else None

    def _made(self) -> Ground:
        """What does not change with prices."""
        stands, purses = self.prospect.stands, self.prospect.purses
        nights = self.prospect.grounds.nights
        chosen = [
            sorted(sorted(pays, key=lambda at: (-purses[at].block, at))[:MOST_PAYERS]) for pays in self.prospect.pays
        ]
        slots = max(map(len, chosen))
        purse = np.full((slots, len(stands)), -1)
        ends = np.tile(np.arange(nights), (slots, len(stands), 1))
        for at, pays in enumerate(chosen):
            for slot, one in enumerate(pays):
                purse[slot, at] = one
                ends[slot, at] = np.minimum(purses[one].ends, stands[at].stop)
        _, begins, house = np.unique([stand.facility.id for stand in stands], return_index=True, return_inverse=True)
        return Ground(
            np.array([stand.open for stand in stands], np.bool_),
            house,
            begins,
            purse,
            tuple(Reach(own) for own in ends),
            np.array([one.total <= one.block for one in purses] + [False], np.bool_),
            np.array([one.gap for one in purses] + [-1], np.int64),
        )

    def best(self, sums: Prices, tonight: bool = False, moves: int = 1) -> list[tuple[Stand, int, list[Block]]]:
        """The stays of the least cost: a stand, its first night and the blocks.

        `tonight`: it begins on the first; `moves`: so many move each time.
        """
        if self._ground is None:
            return []
        prospect, base = self.prospect, self.prospect.grounds.tonight
        own = sums[self._stands].sum(axis=1) + sums[self._purses].sum(axis=1)[self._ground.purse]
        first, stop, move = prospect.first, prospect.stop, self.move * moves
        found = Chains(self._ground, own, self.night, move, first, stop, tonight=tonight).best()
        rows = []
        for at, blocks in found:
            funds = [prospect.purses[int(self._ground.purse[block.slot, at])].fund.id for block in blocks]
            paid = [Block(fund, base + one.start, base + one.end) for fund, one in zip(funds, blocks, strict=True)]
            rows.append((prospect.stands[at], paid[0].start, paid))
        return rows

    def mended(self, wanted: Iterable[tuple[Stand, int, Sequence[Block]]]) -> Chain:
        """The same as far as the rules let it through, other payers filling in."""
        doors, chain, been = self.prospect.doors, list[Stayed](), set[str]()
        end = doors.first
        for stand, start, blocks in wanted:
            start = max(start, end)
            if stand.facility.id in been or len(chain) == MOST_STAYS or not self._opens(stand, start):
                continue
            trail = tuple(stayed.slept for stayed in chain)
            kept = self._paid(doors, stand, start, trail, blocks)
            if kept:
                chain.append(Stayed(stand, Slept(stand.facility.id, start, kept[-1].end, tuple(kept))))
                been.add(stand.facility.id)
                end = kept[-1].end
        return tuple(chain)

    def _opens(self, stand: Stand, start: int) -> bool:
        return start < self.prospect.doors.stop and bool(stand.open[start - self.prospect.grounds.tonight])

    def _paid(
        self, doors: Doors, stand: Stand, start: int, trail: tuple[Slept, ...], blocks: Sequence[Block]
    ) -> list[Block]:
        key = (stand.facility.id, start, trail)
        if key not in self.runs:
            self.runs[key] = {run.fund: run for run in doors.runs(stand.facility, start, trail)}
        runs = self.runs[key]
        until = min(blocks[-1].end, self.prospect.grounds.tonight + stand.stop)
        kept: list[Block] = []
        night = start
        for block in blocks:
            if block.fund in runs and block.end > night:
                night = self._add(kept, runs, block.fund, night, min(block.end, until))
        while night < until:
            left = sorted(runs.keys() - {block.fund for block in kept})
            reach = {fund: block_end(list(runs.values()), kept, fund, night, until) for fund in left}
            best = max(left, key=lambda fund: reach[fund], default=None)
            if best is None or reach[best] == night:
                break
            night = self._add(kept, runs, best, night, until)
        return kept

    def _add(self, kept: list[Block], runs: dict[str, PayerRun], fund: str, night: int, until: int) -> int:
        end = block_end(list(runs.values()), kept, fund, night, until)
        if end > night:
            kept.append(Block(fund, night, end))
        return max(end, night)


def summed(prices: NDArray[np.float64]) -> Prices:
    """Prices of nights as sums up to each night, in whole numbers."""
    sums = np.zeros((len(prices) + 1, prices.shape[1] + 1))
    np.cumsum(np.rint(prices), axis=1, out=sums[:-1, 1:])
    return sums


def _padded(rows: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    """Places row by row, filled up with the last, which is none."""
    longest = max(map(len, rows), default=0)
    return np.array([[*row, *(-1,) * (longest - len(row))] for row in rows], np.int64).reshape(len(rows), longest)
