"""Who belongs together, who must be apart, and what houses share: the plan under conditions that no flow can hold.

The flow without the conditions is solved first. Where it keeps them by itself, it is the plan. Where it does not, those
linked by houses or conditions are planned anew, each such part by itself (`matching.search`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from matching import flow
from matching.network import Ints, Network
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
    ends = None if seconds is None else monotonic() + seconds
    free = flow.solve(network)
    label, parts = _linked(network, conditions)
    rest = [part for part in network.components if label[part.minors[0]] not in parts]
    alone: bool | None = flow.is_unique(network, free, rest, ties=False)
    chosen, bound, proved = free.chosen.copy(), np.array(value(network, free)), True
    for at, part in enumerate(parts):
        left = None if ends is None else (ends - monotonic()) / (len(parts) - at)
        found = _searched(network, conditions, free, label == part, alone is not False, left)
        if found is not None:
            chosen[label == part] = -1
            chosen[network.pair_minor[found.taken]] = found.taken
            bound += np.subtract(found.bound, found.relaxed)
            proved = proved and found.proved
            alone = alone and found.alone
    return GroupPlan(_plan(network, chosen, "optimal" if proved else "bounded"), tuple(bound.tolist()), alone)


def _searched(
    network: Network,
    conditions: Sides,
    free: flow.Plan,
    mine: NDArray[np.bool_],
    unique: bool,
    seconds: float | None,
) -> Search | None:
    """The search among minors whom conditions link; None where the flow without these has said all."""
    inside = [part for part in network.components if mine[part.minors[0]]]
    rows = np.flatnonzero(mine[network.pair_minor] & network.pair_open)
    held = conditions.matrix.tocoo()
    about = np.unique(held.row[mine[network.pair_minor[held.col]]])
    own = Sides(conditions.matrix[about][:, rows], conditions.most[about])
    taken = free.chosen[mine & (free.chosen >= 0)]
    kept = own.kept_by(np.searchsorted(rows, taken))
    if kept and (not unique or flow.is_unique(network, free, inside, ties=False)):
        return None
    waiting = np.bincount(network.tier[mine], minlength=5)[1:]
    placed = np.bincount(network.tier[network.pair_minor[taken]], minlength=5)[1:]
    relaxed = (*(waiting - placed).tolist(), int(network.pair_cost[taken].sum()))
    search = Search(network, rows, own.matrix, own.most, waiting, relaxed, seconds)
    if kept:
        search.kept(taken, flow.dearer(network, free, inside)[rows])
    else:
        search.run(unique)
    return search


def _by_facility(network: Network, one: int, other: int, house: Ints | None) -> Sequence[tuple[Ints, Ints]]:
    """The pairs of two minors in each facility where either has some."""
    at = network.pair_facility if house is None else house
    first, second = np.flatnonzero(network.pair_minor == one), np.flatnonzero(network.pair_minor == other)
    return [(first[at[first] == one], second[at[second] == one]) for one in np.union1d(at[first], at[second])]


def _linked(network: Network, conditions: Sides) -> tuple[Ints, list[int]]:
    """A number for each minor, the same for all whom houses or conditions link; and those under a condition, by ids."""
    people, houses = len(network.minors), len(network.facility_places)
    held = conditions.matrix.tocoo()
    tails = np.concatenate((network.pair_minor, network.pair_minor[held.col]))
    heads = np.concatenate((people + network.pair_facility, people + houses + held.row.astype(np.int64)))
    size = people + houses + len(conditions.most)
    graph = coo_array((np.ones(len(tails), np.int64), (tails, heads)), shape=(size, size))
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    under = set(label[network.pair_minor[held.col]].tolist())
    numbers = [int(label[part.minors[0]]) for part in network.components]
    return label[:people], list(dict.fromkeys(number for number in numbers if number in under))


def value(network: Network, plan: flow.Plan) -> tuple[int, ...]:
    """What a plan comes to: minors unplaced by tier, then the cost; less is better, in this order."""
    return (*_unplaced(network, plan.placed), plan.cost)


def _unplaced(network: Network, placed: Ints) -> tuple[int, ...]:
    return tuple((np.bincount(network.tier, minlength=5)[1:] - placed).tolist())


def _plan(network: Network, chosen: Ints, proof: Literal["optimal", "bounded"]) -> flow.Plan:
    taken = chosen[chosen >= 0]
    placed = np.bincount(network.tier[network.pair_minor[taken]], minlength=5)[1:]
    return flow.Plan(chosen, placed, int(network.pair_cost[taken].sum()), proof)
