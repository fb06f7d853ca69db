"""Who belongs together, who must be apart, and what houses share: the plan under conditions that no flow can hold.

The flow without the conditions is solved first. Where it keeps them by itself, it is the plan. Where it does not, the
linear bound says of each pair what a plan with it comes to at least: a whole-number program over the pairs of the least
is enough as soon as its answer is better than the first pair left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from matching import flow
from matching.network import Ints, Network, restricted
from matching.search import Search


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
    search = Search(part, conditions.matrix[:, rows], conditions.most, waiting, seconds)
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


def _plan(network: Network, chosen: Ints, proof: Literal["optimal", "bounded"]) -> flow.Plan:
    taken = chosen[chosen >= 0]
    placed = np.bincount(network.tier[network.pair_minor[taken]], minlength=5)[1:]
    return flow.Plan(chosen, placed, int(network.pair_cost[taken].sum()), proof)
