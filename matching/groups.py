"""Who belongs together, who must be apart, and what houses share: the plan under conditions that no flow can hold.

The flow without the conditions is solved first. Where it keeps them by itself, it is the plan. Where it does not, the
linear bound says of each pair what a plan with it comes to at least: a whole-number program over the pairs of the least
is enough as soon as its answer is better than the first pair left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from matching import flow
from matching.network import COST_LIMIT, Ints, Network, by_appearance, restricted
from matching.whole import NoAnswer, solve_linear, solve_whole

ROUNDING = 0.01  # floating point may be off by this much: aims are whole, so nothing is lost
FIRST_PAIRS = 8  # of each minor, on average, in the first program
GUIDE = -4 * COST_LIMIT * flow.TIER_WEIGHT  # one aim for all: it only says which pairs are tried first


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
    unique : bool or None
        Whether no other plan is as good, ties apart; None where time ran out before that was known.
    """

    plan: flow.Plan
    bound: tuple[int, ...]
    unique: bool | None


Row = tuple[Ints, Ints, int]
"""A condition: the pairs it counts, how much each counts, and how much is allowed."""


def together(network: Network, follower: int, leader: int, house: Ints | None = None) -> list[Row]:
    """`follower` goes only where `leader` goes: in each facility, no more of the one than of the other.

    `house` gives the facility of each pair, where it is not that of the network.
    """
    return [
        (np.append(own, led), np.append(np.ones_like(own), -np.ones_like(led)), 0)
        for own, led in _by_facility(network, follower, leader, house)
        if len(own)
    ]


def apart(network: Network, one: int, other: int, house: Ints | None = None) -> list[Row]:
    """Two minors never in the same facility; `house` as for `together`."""
    return [
        (both := np.append(first, second), np.ones_like(both), 1)
        for first, second in _by_facility(network, one, other, house)
        if len(first) and len(second)
    ]


def sides(network: Network, rows: Iterable[Row]) -> Sides:
    """Put conditions together."""
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
    touched = _touched(network, conditions)
    inside = [part for part in network.components if touched[part.minors[0]]]
    others = [part for part in network.components if not touched[part.minors[0]]]
    alone: bool | None = flow.is_unique(network, free, others, ties=False)
    kept = conditions.kept_by(free.chosen[free.chosen >= 0])
    if kept and (not alone or flow.is_unique(network, free, inside, ties=False)):
        return GroupPlan(free, relaxed, alone)
    rows = np.flatnonzero(touched[network.pair_minor] & network.pair_open)
    part = restricted(network, rows)
    waiting = np.bincount(network.tier[touched], minlength=5)[1:]
    search = _Search(part, Sides(conditions.matrix[:, rows], conditions.most), waiting, seconds)
    if kept:
        search.begin(np.isin(rows, free.chosen))
    else:
        search.run()
    if alone:
        alone = search.alone() if search.proved else None
    chosen = np.where(touched, -1, free.chosen)
    taken = rows[search.taken]
    chosen[network.pair_minor[taken]] = taken
    plan = _plan(network, chosen, "optimal" if search.proved else "bounded")
    bound = value(network, plan) if search.proved else _joined(search.bound, network, free, touched)
    return GroupPlan(plan, bound, alone)


def _joined(bound: Sequence[int], network: Network, free: flow.Plan, touched: NDArray[np.bool_]) -> tuple[int, ...]:
    """The bound of the part under conditions, and what the flow gives for the rest."""
    rest = np.flatnonzero(~touched)
    unplaced = np.bincount(network.tier[rest[free.chosen[rest] < 0]], minlength=5)[1:]
    taken = free.chosen[rest][free.chosen[rest] >= 0]
    return tuple(np.add(bound, (*unplaced, network.pair_cost[taken].sum())).tolist())


class _Search:
    """Tier after tier, then the cost: each the least there is, over the pairs that its linear bound leaves in play.

    Rows and pairs stand in an order that ids decide, so that the solver is asked the same whatever that of the network.
    """

    def __init__(self, network: Network, conditions: Sides, waiting: Ints, seconds: float | None) -> None:
        self.network, self.waiting = network, waiting
        self.ends = None if seconds is None else monotonic() + seconds
        self.order = np.argsort(network.pair_tie, kind="stable")
        places, most = _places(network, self.order)
        self.matrix = vstack((places, conditions.matrix[:, self.order]), format="csr")
        self.most = np.concatenate((most, conditions.most))
        tier = network.tier[network.pair_minor[self.order]]
        self.tiers = [-(tier == one).astype(np.int64) for one in (1, 2, 3, 4)]
        self.cost = network.pair_cost[self.order]
        promising = solve_linear(self.cost + GUIDE[tier], self.matrix, self.most)
        self.rank = np.empty_like(self.order)
        self.rank[np.argsort(promising.excess, kind="stable")] = np.arange(len(self.order))
        self.count = FIRST_PAIRS * len(network.minors)
        self._taken = np.zeros(len(self.order), np.bool_)
        self.proved = True
        self.bound = [0] * 5

    @property
    def taken(self) -> Ints:
        """The rows of the pairs of the best plan found."""
        return self.order[self._taken]

    def begin(self, taken: NDArray[np.bool_]) -> None:
        """Begin with a plan that is the best, as bool[pairs]."""
        self._taken = taken[self.order]
        for tier in self.tiers:
            self._hold(tier)

    def run(self) -> None:
        """Search until it is proved, or time has run out."""
        for at, tier in enumerate(self.tiers):
            self.bound[at] = int(self.waiting[at])
            if tier.any() and not self._least(at, tier, self.bound[at]):
                return
            self._hold(tier)
        self._least(4, self.cost, 0)

    def alone(self) -> bool | None:
        """Whether no other plan has the tiers and the cost of the best one; None where time ran out."""
        if not self._taken.any():
            return True
        cost = int(self.cost @ self._taken)
        found = solve_linear(self.cost, self.matrix, self.most)
        core = self._taken | (found.excess <= cost - found.bound + ROUNDING)
        same = self._taken[core].astype(np.int64)
        matrix = vstack((self.matrix[:, core], csr_array(same[None, :])), format="csr")
        most = np.append(self.most, int(same.sum()) - 1)
        try:
            answer = solve_whole(self.cost[core], matrix, most, seconds=self._left)
        except NoAnswer:
            return True
        if answer.taken is not None and int(self.cost[core] @ answer.taken) <= cost:
            return False
        return True if answer.proved else None

    def _least(self, at: int, aim: Ints, beside: int) -> bool:
        """Find the least of one aim, those before it held; False where time ran out."""
        found = solve_linear(aim, self.matrix, self.most)
        least = ceil(found.bound - ROUNDING)
        self.bound[at] = beside + least
        while True:
            core = (self.rank < self.count) | self._taken
            answer = solve_whole(aim[core], self.matrix[:, core], self.most, seconds=self._left)
            if answer.taken is not None:
                self._taken = np.zeros_like(core)
                self._taken[core] = answer.taken
            if not answer.proved:
                beyond = found.bound + found.excess[~core].min(initial=np.inf)
                self.bound[at] = beside + ceil(max(found.bound, min(answer.bound, beyond)) - ROUNDING)
                self.proved = False
                return False
            reached = int(aim @ self._taken)
            better = found.excess <= reached - 1 - found.bound + ROUNDING
            if reached == least or not np.any(better & ~core):
                self.bound[at] = beside + reached
                return True
            self.count = min(4 * self.count, 1 + int(self.rank[better].max()))

    def _hold(self, aim: Ints) -> None:
        self.matrix = vstack((self.matrix, csr_array(aim[None, :])), format="csr")
        self.most = np.append(self.most, int(aim @ self._taken))

    @property
    def _left(self) -> float | None:
        return None if self.ends is None else self.ends - monotonic()


def _by_facility(network: Network, one: int, other: int, house: Ints | None) -> Sequence[tuple[Ints, Ints]]:
    """The pairs of two minors in each facility where either has some."""
    at = network.pair_facility if house is None else house
    first, second = np.flatnonzero(network.pair_minor == one), np.flatnonzero(network.pair_minor == other)
    return [(first[at[first] == one], second[at[second] == one]) for one in np.union1d(at[first], at[second])]


def _touched(network: Network, conditions: Sides) -> NDArray[np.bool_]:
    """Minors of every component in which a condition stands."""
    named = np.zeros(len(network.minors), np.bool_)
    named[network.pair_minor[conditions.matrix.indices]] = True
    for part in network.components:
        named[part.minors] = named[part.minors].any()
    return named


def value(network: Network, plan: flow.Plan) -> tuple[int, ...]:
    """What a plan comes to: minors unplaced by tier, then the cost; less is better, in this order."""
    return (*_unplaced(network, plan.placed), plan.cost)


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
