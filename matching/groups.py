"""Who belongs together, who must be apart, and what houses share: the plan under conditions that no flow can hold.

The flow without the conditions is solved first. Where it keeps them by itself, it is the plan. Where it does not, the
exact regret of each pair bounds every plan with that pair from below: a whole-number program over the pairs of least
regret is enough as soon as its answer is better than the first pair left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from matching import flow, regret
from matching.network import Ints, Network, by_appearance, restricted
from matching.whole import solve_whole

TIE_SHIFT = 20  # ties of 20 bits: their sum stays far below what a solver in floating point can tell apart
FIRST_PAIRS = 8  # of each minor, on average, in the first program


@dataclass(frozen=True, eq=False)
class Sides:
    """Conditions on the pairs of a network beside places: `matrix @ taken <= most`.

    Attributes
    ----------
    matrix : int64 csr_array[rows, pairs]
    most : int64[rows]
    """

    matrix: csr_array
    most: Ints

    def kept_by(self, pairs: Ints) -> bool:
        """Whether a plan of these pairs keeps every condition."""
        taken = np.zeros(self.matrix.shape[1], np.int64)
        taken[pairs] = 1
        return bool(np.all(self.matrix @ taken <= self.most))


@dataclass(frozen=True, eq=False)
class GroupPlan:
    """Who goes where under conditions.

    Attributes
    ----------
    plan : flow.Plan
        Its `proof` is "optimal" once proved, else "bounded".
    bound : tuple of int
        What no plan can be better than: minors unplaced by tier, then the cost; compared in this order.
    """

    plan: flow.Plan
    bound: tuple[int, ...]


def together(network: Network, follower: int, leader: int) -> list[tuple[Ints, Ints, int]]:
    """`follower` goes only where `leader` goes: in each facility, no more of the one than of the other."""
    return [
        (np.append(own, led), np.append(np.ones_like(own), -np.ones_like(led)), 0)
        for own, led in _by_facility(network, follower, leader)
        if len(own)
    ]


def apart(network: Network, one: int, other: int) -> list[tuple[Ints, Ints, int]]:
    """Two minors never in the same facility."""
    return [
        (both := np.append(first, second), np.ones_like(both), 1)
        for first, second in _by_facility(network, one, other)
        if len(first) and len(second)
    ]


def sides(network: Network, rows: Iterable[tuple[Ints, Ints, int]]) -> Sides:
    """Put conditions together, each as pairs, what each pair counts, and how much is allowed."""
    listed = list(rows)
    at = np.repeat(np.arange(len(listed)), [len(pairs) for pairs, _, _ in listed])
    none = np.zeros(0, np.int64)
    pairs = np.concatenate([pairs for pairs, _, _ in listed] or [none])
    counts = np.concatenate([counts for _, counts, _ in listed] or [none])
    matrix = coo_array((counts, (at, pairs)), shape=(len(listed), len(network.pair_minor))).tocsr()
    return Sides(matrix, np.array([most for _, _, most in listed], np.int64))


def solve(network: Network, conditions: Sides, *, seconds: float | None = None) -> GroupPlan:
    """Place the minors waiting: by tier first, then at the least cost, under conditions.

    Parameters
    ----------
    network : Network
        Not pruned: a condition may need any of its pairs.
    conditions : Sides
    seconds : float, optional
        How long to look; None: until it is proved. The clock decides then when to stop, so the same network may give
        another plan on another machine: `proof` says whether it was cut.

    Returns
    -------
    GroupPlan

    Raises
    ------
    ValueError
        Where a pair occurs twice, or the conditions are of another network.
    """
    if conditions.matrix.shape[1] != len(network.pair_minor):
        raise ValueError("the conditions are of another network")
    free = flow.solve(network)
    relaxed = (*_unplaced(network, free.placed), free.cost)
    if conditions.kept_by(free.chosen[free.chosen >= 0]):
        return GroupPlan(free, relaxed)
    touched = _touched(network, conditions)
    rows = np.flatnonzero(touched[network.pair_minor])
    part = restricted(network, rows)
    own = flow.solve(part)
    found, proved, bound = _Search(part, Sides(conditions.matrix[:, rows], conditions.most), own).run(seconds)
    chosen = np.where(touched, np.where(found >= 0, rows[found], -1), free.chosen)
    plan = _plan(network, chosen, "optimal" if proved else "bounded")
    shift = np.subtract(bound, (*_unplaced(part, own.placed), own.cost))
    return GroupPlan(plan, tuple((np.array(relaxed) + shift).tolist()))


class _Search:
    """Programs over more and more pairs of one part, until none that is left out can matter."""

    def __init__(self, network: Network, conditions: Sides, relaxed: flow.Plan) -> None:
        self.network, self.conditions = network, conditions
        self.base = (*_unplaced(network, relaxed.placed), relaxed.cost)
        regrets = regret.all_pairs(network, relaxed)
        self.keys = _keys(network, relaxed, regrets)
        possible = np.flatnonzero(regrets.possible)
        self.order = possible[np.lexsort((network.pair_tie[possible], *self.keys[possible].T[::-1]))]

    def run(self, seconds: float | None) -> tuple[Ints, bool, tuple[int, ...]]:
        """The best plan found, whether it is proved the best, and what no plan can be better than."""
        ends = None if seconds is None else monotonic() + seconds
        count = min(len(self.order), FIRST_PAIRS * max(1, len(self.network.minors)))
        best = np.full(len(self.network.minors), -1)
        while True:
            found = self._program(self.order[:count], ends)
            if found is None:
                return best, False, self.base
            best, value = found, self._value(found)
            needed = self._no_worse(value)
            if needed <= count:
                return best, True, value
            count = min(needed, 4 * count)

    def _value(self, chosen: Ints) -> tuple[int, ...]:
        taken = chosen[chosen >= 0]
        placed = np.bincount(self.network.tier[self.network.pair_minor[taken]], minlength=5)[1:]
        return (*_unplaced(self.network, placed), int(self.network.pair_cost[taken].sum()))

    def _no_worse(self, value: tuple[int, ...]) -> int:
        """How many pairs could be part of a plan as good as this one."""
        excess = tuple(one - other for one, other in zip(value, self.base, strict=True))
        low, high = 0, len(self.order)
        while low < high:
            middle = (low + high) // 2
            if tuple(self.keys[self.order[middle]].tolist()) <= excess:
                low = middle + 1
            else:
                high = middle
        return low

    def _program(self, pairs: Ints, ends: float | None) -> Ints | None:
        """The best plan of these pairs, tier by tier, then cost, then ties; None where time ran out."""
        network = self.network
        places, most = _places(network, pairs)
        kept = self.conditions.matrix[:, pairs]
        matrix = vstack((places, kept), format="csr")
        limits = np.concatenate((most, self.conditions.most))
        tier = network.tier[network.pair_minor[pairs]]
        aims = [-(tier == one).astype(np.int64) for one in np.unique(network.tier)]
        aims += [network.pair_cost[pairs], network.pair_tie[pairs] >> TIE_SHIFT]
        taken: NDArray[np.bool_] | None = None
        for aim in aims:
            left = None if ends is None else ends - monotonic()
            taken = solve_whole(aim, matrix, limits, seconds=left)
            if taken is None:
                return None
            matrix = vstack((matrix, csr_array(aim[None, :])), format="csr")
            limits = np.append(limits, int(aim @ taken))
        chosen = np.full(len(network.minors), -1)
        if taken is not None:
            rows = pairs[taken]
            chosen[network.pair_minor[rows]] = rows
        return chosen


def _by_facility(network: Network, one: int, other: int) -> Sequence[tuple[Ints, Ints]]:
    """The pairs of two minors in each facility where either has some."""
    first, second = np.flatnonzero(network.pair_minor == one), np.flatnonzero(network.pair_minor == other)
    houses = np.union1d(network.pair_facility[first], network.pair_facility[second])
    return [
        (first[network.pair_facility[first] == house], second[network.pair_facility[second] == house])
        for house in houses
    ]


def _touched(network: Network, conditions: Sides) -> NDArray[np.bool_]:
    """Minors of every component in which a condition stands."""
    named = np.zeros(len(network.minors), np.bool_)
    named[network.pair_minor[conditions.matrix.indices]] = True
    for part in network.components:
        named[part.minors] = named[part.minors].any()
    return named


def _keys(network: Network, relaxed: flow.Plan, regrets: regret.Regrets) -> Ints:
    """What a plan with each pair has at least beyond the plan without conditions: unplaced by tier, then cost."""
    keys = np.column_stack((regrets.lost, regrets.cost_change))
    idle = relaxed.chosen[network.pair_minor] < 0
    keys[np.flatnonzero(idle), network.tier[network.pair_minor[idle]] - 1] -= 1
    return keys


def _unplaced(network: Network, placed: Ints) -> tuple[int, ...]:
    return tuple((np.bincount(network.tier, minlength=5)[1:] - placed).tolist())


def _places(network: Network, pairs: Ints) -> tuple[csr_array, Ints]:
    """A row for each minor, contract, unit and facility of these pairs, and how many may be taken there."""
    blocks, limits = [], []
    for at, room in (
        (network.pair_minor[pairs], np.ones(len(network.minors), np.int64)),
        (network.pair_contract[pairs], network.contract_places),
        (network.pair_unit[pairs], network.unit_beds),
        (network.pair_facility[pairs], network.facility_places),
    ):
        ones, row = by_appearance(at)
        blocks.append(coo_array((np.ones(len(pairs), np.int64), (row, np.arange(len(pairs)))), (len(ones), len(pairs))))
        limits.append(np.minimum(room[ones], len(pairs)))
    return vstack(blocks, format="csr"), np.concatenate(limits)


def _plan(network: Network, chosen: Ints, proof: Literal["optimal", "bounded"]) -> flow.Plan:
    taken = chosen[chosen >= 0]
    placed = np.bincount(network.tier[network.pair_minor[taken]], minlength=5)[1:]
    return flow.Plan(chosen, placed, int(network.pair_cost[taken].sum()), proof)
