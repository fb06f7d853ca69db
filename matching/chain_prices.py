"""The chain of stays that prices of places make best for one minor: found over loose arrays, then made exact.

Night after night, over the houses and payers there are: a stay begins, a payer's block goes on to some night, another
begins, a stay ends, or a night is waited. What the loose arrays let through and the rules do not (a fund that has
paid its nights, a house for a second time) `mended` cuts, fills by other payers, or leaves out.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.chain_search import MOST_STAYS
from matching.coverage import Block, PayerRun, block_end
from matching.doors import Doors, Slept
from matching.network import Ints
from matching.prospects import Prospect, Stand

Prices = NDArray[np.float64]
"""What a night at each place costs: float64[places, nights + 1], summed up to each night."""


LABELS = 8
"""So many chains that are over on a night are gone on from."""


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
        stands, purses = prospect.stands, prospect.purses
        self.slots = max((len(pays) for pays in prospect.pays), default=0)
        nights = prospect.grounds.nights
        self.purse = np.full((self.slots, len(stands)), -1)
        self.ends = np.tile(np.arange(nights), (self.slots, len(stands), 1))
        for at, pays in enumerate(prospect.pays):
            for slot, purse in enumerate(pays):
                self.purse[slot, at] = purse
                self.ends[slot, at] = np.minimum(purses[purse].ends, stands[at].stop)
        self.open = np.array([stand.open for stand in stands], np.bool_).reshape(len(stands), nights)
        self._sway: NDArray[np.float64] | None = None

    def sway(self, draw: np.random.Generator | None, most: float) -> None:
        """Make houses and payers dearer by chance, otherwise from some night on, so that other chains are found."""
        if draw is None:
            self._sway = None
            return
        nights, count = self.prospect.grounds.nights, len(self.prospect.stands) + len(self.prospect.purses)
        before, after = most * draw.random((2, count, 1))
        night, cut = np.arange(nights + 1), int(draw.integers(self.prospect.first, self.prospect.stop + 1))
        self._sway = before * np.minimum(night, cut) + after * np.maximum(night - cut, 0)

    def best(self, prices: Prices, tonight: bool = False) -> list[tuple[Stand, int, list[Block]]]:
        """The stays of the least cost: a stand, its first night and the blocks; `tonight`: it begins on the first."""
        if not self.prospect.stands:
            return []
        return _Run(self, self._sums(prices), tonight).stays()

    def _sums(self, prices: Prices) -> Prices:
        """What each stand costs with each of its payers, summed up to each night."""
        prospect = self.prospect
        sums = np.array([prices[list(stand.places)].sum(axis=0) for stand in prospect.stands])
        funds = np.array([prices[list(purse.places)].sum(axis=0) for purse in prospect.purses])
        if self._sway is not None:
            sums, funds = sums + self._sway[: len(sums)], funds + self._sway[len(sums) :]
        return np.asarray(sums[None] + funds[self.purse], np.float64)

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


class _Label(NamedTuple):
    """A chain up to a night on which the minor is free: what it costs, and what it has used up.

    `row` is where the last stay was, -1 for none; `back` the night of its first night and the label it came from.
    """

    cost: float
    stays: int
    houses: frozenset[str]
    used: tuple[int, ...]
    row: int
    night: int


class _Run:
    """One pass over the nights.

    A row is a stand and the payers whose block in the stay has been, as bits; `inside` is what it costs to be there on
    a night with none of the others begun. Of all that are free on a night only some are kept, the least cost first.
    """

    def __init__(self, pricer: Pricer, sums: Prices, tonight: bool) -> None:
        self.pricer, self.sums, self.tonight = pricer, sums, tonight
        prospect = pricer.prospect
        nights = prospect.grounds.nights
        self.sets = 1 << pricer.slots
        rows = len(prospect.stands) * self.sets
        self.inside = np.full((rows, nights + 1), np.inf)
        self.slot = np.full((rows, nights + 1), -1)
        self.since = np.zeros((rows, nights + 1), np.int64)
        self.origin = np.zeros((rows, nights + 1), np.int64)
        self.labels: list[_Label] = []
        self.left: list[Ints] = []
        """For each label, how many nights more each purse could pay."""
        self.kept: list[list[int]] = [[] for _ in range(nights + 1)]
        self.stand = np.repeat(np.arange(len(prospect.stands)), self.sets)
        self.set = np.tile(np.arange(self.sets), len(prospect.stands))
        self.total = np.array([purse.running for purse in prospect.purses], np.int64)

    def _pass(self) -> None:
        prospect = self.pricer.prospect
        start = _Label(0.0, 0, frozenset(), (0,) * len(prospect.purses), -1, prospect.first)
        waiting = [self._note(start)]
        for night in range(prospect.first, prospect.stop + 1):
            self.kept[night] = self._keep(night, waiting)
            if night == prospect.stop:
                break
            for at in self.kept[night]:
                self._enter(night, at)
            self._go_on(night)
            waiting = [
                self._note(label._replace(cost=label.cost + self.pricer.night))
                for label in map(self.labels.__getitem__, self.kept[night])
                if label.stays or not self.tonight
            ]

    def _note(self, label: _Label) -> int:
        self.labels.append(label)
        self.left.append(self.total - np.array(label.used, np.int64))
        return len(self.labels) - 1

    def _keep(self, night: int, waiting: list[int]) -> list[int]:
        """The best of those who wait and of the stays that end, no two with the same houses behind them."""
        cost = self.inside[:, night].copy()
        cost[self.set == 0] = np.inf
        few = np.argsort(cost, kind="stable")[: 2 * LABELS].tolist()
        ended = [self._ended(night, row) for row in few if cost[row] < np.inf]
        found: list[int] = []
        seen: set[frozenset[str]] = set()
        ranked: list[tuple[float, int, _Label | int]] = [
            *((self.labels[at].cost, 0, at) for at in waiting),
            *((label.cost, 1, label) for label in ended),
        ]
        for _, _, one in sorted(ranked, key=lambda row: row[:2]):
            label = self.labels[one] if isinstance(one, int) else one
            if label.houses not in seen and len(found) < LABELS:
                seen.add(label.houses)
                found.append(one if isinstance(one, int) else self._note(one))
        return found

    def _ended(self, night: int, row: int) -> _Label:
        """The chain that ends a stay on a night."""
        prospect = self.pricer.prospect
        before = self.labels[self.origin[row, night]]
        used = list(before.used)
        at, stop = row, night
        while (slot := int(self.slot[at, stop])) >= 0:
            start = int(self.since[at, stop])
            used[self.pricer.purse[slot, self.stand[at]]] += stop - start
            at, stop = at - (1 << slot), start
        house = prospect.stands[self.stand[row]].facility.id
        return _Label(
            float(self.inside[row, night]), before.stays + 1, before.houses | {house}, tuple(used), row, night
        )

    def _enter(self, night: int, at: int) -> None:
        """Begin a stay in every house that is open and was not before."""
        label = self.labels[at]
        if label.stays == MOST_STAYS:
            return
        pricer = self.pricer
        cost = label.cost + (pricer.move if label.stays else 0)
        rows = np.flatnonzero(pricer.open[:, night]) * self.sets
        rows = rows[self.inside[rows, night] > cost]
        for row in rows.tolist():
            if pricer.prospect.stands[self.stand[row]].facility.id not in label.houses:
                self.inside[row, night], self.slot[row, night], self.origin[row, night] = cost, -1, at

    def _go_on(self, night: int) -> None:
        """Let each payer pay from a night on, to every night it reaches."""
        pricer = self.pricer
        here = np.flatnonzero(self.inside[:, night] < np.inf)
        if not len(here):
            return
        left = np.array([self.left[at] for at in self.origin[here, night].tolist()])
        for slot in range(pricer.slots):
            stand = self.stand[here]
            purse = pricer.purse[slot, stand]
            ends = np.minimum(pricer.ends[slot, stand, night], night + left[np.arange(len(here)), purse])
            may = (ends > night) & (purse >= 0) & (self.set[here] >> slot & 1 == 0)
            rows, ends = here[may], ends[may]
            if not len(rows):
                continue
            last = int(ends.max())
            sums = self.sums[slot, self.stand[rows]]
            cost = (self.inside[rows, night] - sums[:, night])[:, None] + sums[:, night + 1 : last + 1]
            cost[np.arange(night + 1, last + 1) > ends[:, None]] = np.inf
            to = rows + (1 << slot)
            at, on = np.nonzero(cost < self.inside[to, night + 1 : last + 1])
            row, when = to[at], on + night + 1
            self.inside[row, when], self.slot[row, when], self.since[row, when] = cost[at, on], slot, night
            self.origin[row, when] = self.origin[rows[at], night]

    def stays(self) -> list[tuple[Stand, int, list[Block]]]:
        """The stays of the least cost, first to last, in ordinals."""
        self._pass()
        prospect = self.pricer.prospect
        found: list[tuple[Stand, int, list[Block]]] = []
        best = self.kept[prospect.stop]
        if not best:
            return found
        base, label = prospect.grounds.tonight, self.labels[best[0]]
        while label.row >= 0:
            blocks: list[Block] = []
            row, night = label.row, label.night
            while (slot := int(self.slot[row, night])) >= 0:
                start = int(self.since[row, night])
                fund = prospect.purses[self.pricer.purse[slot, self.stand[row]]].fund.id
                blocks.append(Block(fund, base + start, base + night))
                row, night = row - (1 << slot), start
            found.append((prospect.stands[self.stand[row]], base + night, blocks[::-1]))
            label = self.labels[self.origin[row, night]]
        return found[::-1]


def summed(prices: NDArray[np.float64]) -> Prices:
    """Prices of nights as sums up to each night."""
    return np.concatenate((np.zeros((len(prices), 1)), np.cumsum(prices, axis=1)), axis=1)
