"""The chain of stays that prices make best, stay after stay: every first and last night at once, as arrays.

Of a stay it is known which payers' blocks have been (a set), where it is, and what it has cost up to each night. A
block that ends on a night began on one of those from which its payer reaches it: these are a window, since a block
that begins later reaches no less far, and the least over windows of any width is looked up in a table of the least
over widths of 1, 2, 4, 8, and so on. So no night is gone through by itself.

Costs are whole numbers and carry where their stay comes from along, in their last digits: so each end of a stay knows
which houses and funds were used before it, and none is used again. For each night, number of stays and last house the
cheapest chain is kept: a way to find good chains, not a proof that there is no better one. With `loose` houses and
funds may be used again, and nothing is left out: no chain costs less than the cheapest of these.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.chain_search import MOST_STAYS
from matching.network import Ints

LABELS = 6
"""So many chains, of different last houses, are gone on from on a night."""

DIGITS = 8192
"""More than there are nights in a plan, times `LABELS`: where a stay comes from stands below this in its cost."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Block(NamedTuple):
    """A slot of a stand that pays the half-open nights."""

    slot: int
    start: int
    end: int


class Stayed(NamedTuple):
    """A stay at a stand, and who pays it."""

    stand: int
    blocks: tuple[Block, ...]


class Reach:
    """For blocks of one slot at every stand: the first night on which one that ends on a night may begin."""

    def __init__(self, ends: Ints) -> None:
        stands, nights = ends.shape
        self.size = stands * (nights + 1)
        counts = np.zeros((stands, nights + 2), np.int64)
        np.add.at(counts, (np.arange(stands)[:, None], ends + 1), 1)
        self.first = np.cumsum(counts, axis=1)[:, : nights + 1]
        end = np.arange(nights + 1)
        width = end - self.first
        self.never = width <= 0
        level = np.where(self.never, 0, np.frexp(np.maximum(width, 1))[1] - 1)
        self.levels = int(level.max(initial=0)) + 1
        row = level * self.size + np.arange(stands)[:, None] * (nights + 1)
        self.low = (row + np.where(self.never, 0, self.first)).ravel()
        self.high = (row + np.where(self.never, 0, end - (1 << level))).ravel()

    def least(self, costs: Floats) -> Floats:
        """For each stand and night, the least cost over the nights on which a block that ends there may begin."""
        table = np.empty((self.levels, *costs.shape))
        table[0] = costs
        for level in range(1, self.levels):
            half = 1 << (level - 1)
            np.minimum(table[level - 1, :, :-half], table[level - 1, :, half:], out=table[level, :, :-half])
            table[level, :, -half:] = table[level - 1, :, -half:]
        flat = table.reshape(-1)
        found = np.minimum(flat[self.low], flat[self.high]).reshape(costs.shape)
        return np.where(self.never, np.inf, found)


class Ground(NamedTuple):
    """What does not change with prices.

    `open` is bool[stands, nights]; `house` int64[stands], in rising order, and `begins` the first stand of each;
    `purse` int64[slots, stands], -1 for none, and `reach` one for each slot; `once` bool[purses + 1]: funds that pay
    in no more than one stay; `gap` int64[purses + 1]: nights that must lie between two stays that a fund pays,
    -1 for none.
    """

    open: Bools
    house: Ints
    begins: Ints
    purse: Ints
    reach: tuple[Reach, ...]
    once: Bools
    gap: Ints

    @property
    def houses(self) -> int:
        """How many houses there are."""
        return len(self.begins)


class _Layer(NamedTuple):
    """All that is known of so many stays.

    `entry` and `inside`: what it costs to begin, and to end, a stay by the set of payers whose blocks have been, stand
    and night. By last house and night: `free` is what it costs to be free, with `over` the night on which the last
    stay ended; of one that ends there, its `stand` and `which` set; `houses` and `used` (funds) are what was used up,
    and `recent` the funds that cannot pay again yet.
    `order` are the last houses gone on from, by night.
    """

    entry: Floats
    inside: Floats
    stand: Ints
    which: Ints
    over: Ints
    free: Floats
    houses: Bools
    used: Bools
    recent: Bools
    order: Ints


class Chains:
    """One minor's chains under prices.

    Parameters
    ----------
    ground : Ground
    sums : float64[slots, stands, nights + 1]
        What the nights up to each cost at a stand with a payer: whole numbers.
    night, move : int
        What a night without a bed costs, and a move.
    first, stop : int
        The nights of the need.
    tonight : bool
        Whether a stay begins on the first night.
    loose : float64[houses], optional
        What it costs to come to a house; with it, houses and funds may be used again.
    """

    def __init__(
        self,
        ground: Ground,
        sums: Floats,
        night: int,
        move: int,
        first: int,
        stop: int,
        *,
        tonight: bool = False,
        loose: Floats | None = None,
    ) -> None:
        self.ground, self.sums, self.night, self.move, self.stop = ground, sums * DIGITS, night, move, stop
        self.loose = loose
        count = sums.shape[2]
        self.nights = np.arange(count)
        self.sets = 1 << len(ground.purse)
        self.layers = [self._begun(first, stop, tonight=tonight)]
        known = self.layers[0].free.min(axis=0)
        for _ in range(MOST_STAYS):
            layer = self._layer(self.layers[-1])
            self.layers.append(layer)
            free = layer.free.min(axis=0)
            if not np.any(free < known):
                break
            known = np.minimum(known, free)

    def _begun(self, first: int, stop: int, *, tonight: bool) -> _Layer:
        """No stay yet."""
        count, none = len(self.nights), np.zeros((0, 0, 0))
        free = np.full((1, count), np.inf)
        last = first + 1 if tonight else stop + 1
        free[0, first:last] = self.night * np.arange(last - first)
        zero = np.zeros((1, count), np.int64)
        houses, used = (np.zeros((1, count, most), np.bool_) for most in (self.ground.houses, len(self.ground.once)))
        return _Layer(none, none, zero, zero, zero, free, houses, used, used, zero)

    def _layer(self, before: _Layer) -> _Layer:
        """One stay more."""
        ground, nights = self.ground, self.nights
        entry = self._entry(before)
        inside = self._inside(entry)
        which = inside.argmin(axis=0)
        value = np.take_along_axis(inside, which[None], axis=0)[0]
        least = np.minimum.reduceat(value, ground.begins, axis=0)
        stand = np.zeros(least.shape, np.int64)
        for one in range(len(value) - 1, -1, -1):
            stand[ground.house[one]] = np.where(value[one] == least[ground.house[one]], one, stand[ground.house[one]])
        which = which[stand, nights]
        ends = np.isfinite(least)
        whole = np.where(ends, least, 0).astype(np.int64)
        cost = np.where(ends, whole // DIGITS, np.inf) - self.night * nights
        run = np.minimum.accumulate(cost, axis=1)
        fresh = cost < np.concatenate((np.full((len(run), 1), np.inf), run[:, :-1]), axis=1)
        over = np.maximum.accumulate(np.where(fresh, nights, 0), axis=1)
        free = np.asarray(run + self.night * nights, np.float64)
        came, label = np.divmod(whole % DIGITS, LABELS)
        last = before.order[label, came]
        houses, used = before.houses[last, came], before.used[last, came]
        at = np.arange(len(least))[:, None]
        houses[at, nights, at] = True
        paid = np.zeros(used.shape, np.bool_)
        for slot in range(len(ground.purse)):
            paid[at, nights, ground.purse[slot, stand]] |= (which >> slot & 1) == 1
        used |= paid & ground.once
        recent = paid[at, over] & ((nights - over)[:, :, None] <= ground.gap)
        order = np.argsort(free, axis=0, kind="stable")[:LABELS]
        return _Layer(entry, inside, stand, which, over, free, houses[at, over], used[at, over], recent, order)

    def _entry(self, before: _Layer) -> Floats:
        """What it costs to begin a stay, by the set of payers that have been used up."""
        ground, nights = self.ground, self.nights
        entry = np.full((self.sets, len(ground.house), len(nights)), np.inf)
        move = self.move if len(self.layers) > 1 else 0
        at = np.arange(len(ground.house))[:, None]
        for label, last in enumerate(before.order):
            cost = (before.free[last, nights] + move) * DIGITS + nights * LABELS + label
            if not np.isfinite(cost).any():
                continue
            costs = np.where(ground.open, cost[:-1], np.inf)
            spent = np.zeros(costs.shape, np.int64)
            if self.loose is not None:
                costs = costs + self.loose[ground.house][:, None] * DIGITS
            else:
                costs[before.houses[last[:-1], nights[:-1]][:, ground.house].T] = np.inf
                used = before.used[last[:-1], nights[:-1]] | before.recent[last[:-1], nights[:-1]]
                for slot, purse in enumerate(ground.purse):
                    spent |= used[:, purse].T.astype(np.int64) << slot
            index = spent, at, nights[None, :-1]
            entry[index] = np.minimum(entry[index], costs)
        return entry

    def _inside(self, entry: Floats) -> Floats:
        """What each end of a stay costs, by the payers whose blocks have been and the stand."""
        inside = np.full(entry.shape, np.inf)
        for which in range(self.sets):
            costs = np.minimum(inside[which], entry[which])
            if np.isfinite(costs).any():
                for slot in range(len(self.ground.purse)):
                    if not which >> slot & 1:
                        to, sums = which | 1 << slot, self.sums[slot]
                        ends = self.ground.reach[slot].least(costs - sums)
                        np.minimum(inside[to], ends + sums, out=inside[to])
        return inside

    @property
    def least(self) -> float:
        """What the cheapest chain costs."""
        return float(min(layer.free[:, self.stop].min() for layer in self.layers))

    def best(self) -> list[Stayed]:
        """The stays of the cheapest chain, first to last."""
        ends = [layer.free[:, self.stop] for layer in self.layers]
        at = int(np.argmin([free.min() for free in ends]))
        last, night, found = int(np.argmin(ends[at])), self.stop, list[Stayed]()
        while at:
            layer, before = self.layers[at], self.layers[at - 1]
            end = int(layer.over[last, night])
            stand = int(layer.stand[last, end])
            blocks, code = self._traced(layer, int(layer.which[last, end]), stand, end)
            found.append(Stayed(stand, blocks))
            night, label = divmod(code, LABELS)
            last, at = int(before.order[label, night]), at - 1
        return found[::-1]

    def _traced(self, layer: _Layer, which: int, stand: int, end: int) -> tuple[tuple[Block, ...], int]:
        """The blocks of a stay, and where it comes from."""
        blocks: list[Block] = []
        value = float(layer.inside[which, stand, end])
        code = int(value % DIGITS)
        while end > code // LABELS:
            own = (self._block(layer, which, slot, stand, end, value) for slot in range(len(self.ground.purse)))
            block = next(found for found in own if found is not None)
            sums = self.sums[block.slot, stand]
            value += float(sums[block.start] - sums[end])
            which, end = which & ~(1 << block.slot), block.start
            blocks.append(block)
        return tuple(blocks[::-1]), code

    def _block(self, layer: _Layer, which: int, slot: int, stand: int, end: int, value: float) -> Block | None:
        """The last block, by a slot, of what costs so much."""
        if not which >> slot & 1:
            return None
        before, sums = which & ~(1 << slot), self.sums[slot, stand]
        nights = slice(int(self.ground.reach[slot].first[stand, end]), end)
        costs = np.minimum(layer.inside[before, stand, nights], layer.entry[before, stand, nights])
        hit = np.flatnonzero(costs - sums[nights] + sums[end] == value)
        return Block(slot, nights.start + int(hit[0]), end) if len(hit) else None
