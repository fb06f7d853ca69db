"""The plan tonight, proved: a minimum-cost flow from minors through contracts, units and facilities."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.network import TIE_BITS, Component, Ints, Network

TIER_WEIGHT = np.array([0, 11, 9, 4, 1])
"""What an unplaced minor weighs, by tier. Sets of minors that can be placed form a matroid, so any falling weights
are exact; with these every difference of two names both, so that who loses a place is read off a regret."""

FAR = 2**62
"""The distance to what cannot be reached; anything from half of it on counts as such."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Who goes where tonight.

    Attributes
    ----------
    chosen : int64[minors]
        Row of the pair of each minor in the network; -1 where unplaced.
    placed : int64[4]
        Minors placed, by tier.
    cost : int
        Sum of the costs of the chosen pairs, in units of the policy.
    proof : str
        "optimal": the tiers one after another, then the cost, then the ties are proved least. "bounded": a plan under
        conditions that was cut by its deadline.
    """

    chosen: Ints
    placed: Ints
    cost: int
    proof: Literal["optimal", "bounded"]


class Residual:
    """What a plan leaves open in one component: the least cost of making room for one more, anywhere.

    Node 0 is the sink, which is also every element with a place left all the way up, and being unplaced. Every full
    contract, unit and facility is a node; one with a place left is the node above it. An arc is a minor at `tail` who
    could be at `head` instead, for `cost` (tiers included) and `tie` more; or the right of a node to make room in any
    full element below it.

    Attributes
    ----------
    node : int64[elements + 1]
        The node of each element of the component's tree, and of its root.
    home : int64[minors]
        The node where each minor is.
    now : int64[minors]
        What each minor's place costs now, tiers included.
    tail, head, cost, tie, minor, pair : int64[arcs]
        Sorted by tail; `minor` is -1 where nobody moves, `pair` is -1 where nobody moves or the minor is left out.
    """

    def __init__(self, part: Component, chosen: Ints) -> None:
        placed, idle = chosen >= 0, _idle_costs(part)
        full = _full(part, chosen)
        self.node, self.size = _nodes(part, full)
        self.home = np.where(placed, self.node[part.pair_contract[chosen]], 0)
        self.now = np.where(placed, part.cost[chosen], idle)
        tie = np.where(placed, part.tie[chosen], 0)
        take = np.flatnonzero(chosen[part.pair_minor] != np.arange(len(part.pairs)))
        who, leave, below = part.pair_minor[take], np.flatnonzero(placed), _room_below(part, full)
        none, nobody = np.zeros_like(leave), np.zeros_like(below)
        head = self.node[part.pair_contract[take]]
        arcs = (
            (self.home[who], head, part.cost[take] - self.now[who], part.tie[take] - tie[who], who, take),
            (self.home[leave], none, idle[leave] - self.now[leave], -tie[leave], leave, none - 1),
            (self.node[part.parent[below]], self.node[below], nobody, nobody, nobody - 1, nobody - 1),
        )
        rows = np.concatenate([np.stack(kind) for kind in arcs], axis=1)
        self.tail, self.head, self.cost, self.tie, self.minor, self.pair = rows[:, np.argsort(rows[0], kind="stable")]

    def tight(self, target: int, *, ties: bool = True) -> tuple[Ints, Ints]:
        """Least cost from every node to `target`, and the arcs on a way of that cost and of the least tie."""
        distance = distances(self.size, self.tail, self.head, self.cost, target)
        arcs = _on_a_way(self.tail, self.head, self.cost, distance)
        if not ties:
            return distance, arcs
        tail, head, tie = self.tail[arcs], self.head[arcs], self.tie[arcs]
        return distance, arcs[_on_a_way(tail, head, tie, distances(self.size, tail, head, tie, target))]


def solve(network: Network) -> Plan:
    """Place the minors waiting: by tier first, at the least cost then.

    Fewest unplaced of tier 1, then of tier 2, 3 and 4; then the least sum of costs; then the least sum of ties, which
    are hashes of the ids, so that no two plans are likely to be equal. Each component is solved twice, for tiers and
    cost and then for the ties on what the first answer leaves free: in one sum they would not fit in 64 bits.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Plan
        The same for every order of the rows; `is_unique` tells whether there is no other.

    Raises
    ------
    ValueError
        Where a pair occurs twice.
    ArithmeticError
        Where a component is too large for 64-bit costs (beyond some 100,000 minors).
    """
    chosen = np.full(len(network.minors), -1)
    for part in network.components:
        local = _best(part)
        placed = local >= 0
        chosen[part.minors[placed]] = part.pairs[local[placed]]
    placed = chosen >= 0
    return Plan(
        chosen=chosen,
        placed=np.bincount(network.tier[placed] - 1, minlength=4),
        cost=int(network.pair_cost[chosen[placed]].sum()),
        proof="optimal",
    )


def is_unique(network: Network, plan: Plan, parts: Iterable[Component] | None = None, *, ties: bool = True) -> bool:
    """Whether `plan` is the one optimum: every pair that was not chosen would cost more if imposed.

    Another optimum differs by a ring of moves that cost nothing; a ring lies on arcs that are tight for the distances
    to the sink, within one strongly connected part of them.

    Parameters
    ----------
    network : Network
    plan : Plan
        A plan of this network that keeps the capacities.
    parts : iterable of Component, optional
        Those of its components that are looked at; None: all.
    ties : bool
        Whether plans of other ties count as others: without, it is asked for another of the same tiers and cost.

    Returns
    -------
    bool
        False also where the plan is not optimal at all.

    Raises
    ------
    ValueError
        Where the plan is of another network.
    """
    for part in network.components if parts is None else parts:
        residual = Residual(part, chosen_in(part, plan))
        try:
            _, arcs = residual.tight(0, ties=ties)
        except ArithmeticError:
            return False
        tail, head = residual.tail[arcs], residual.head[arcs]
        graph = coo_array((np.ones(len(arcs), np.int8), (tail, head)), shape=(residual.size,) * 2)
        ring = connected_components(graph, connection="strong")[1]
        if np.any(ring[tail] == ring[head]):
            return False
    return True


def dearer(network: Network, plan: Plan, parts: Iterable[Component]) -> Ints:
    """How much more than the plan any plan with each pair costs at least, tiers included, by prices alone.

    Parameters
    ----------
    network : Network
    plan : Plan
        The plan of `solve` for this network.
    parts : iterable of Component
        Those of its components that are looked at.

    Returns
    -------
    int64[pairs]
        0 or more, in units of the policy, 0 too for pairs that are not looked at; exact are the regrets
        (`matching.regret`), of which this is a bound.

    Raises
    ------
    ValueError
        Where the plan is of another network.
    ArithmeticError
        Where the plan is not optimal.
    """
    found = np.zeros(len(network.pair_minor), np.int64)
    for part in parts:
        price, best = _prices(part, chosen_in(part, plan))
        found[part.pairs] = part.cost + price[part.pair_contract] - best[part.pair_minor]
    return found


def chosen_in(part: Component, plan: Plan) -> Ints:
    """The chosen pair of each minor as an index into the component's pairs, -1 where unplaced."""
    wanted = plan.chosen[part.minors]
    found = np.flatnonzero(wanted[part.pair_minor] == part.pairs)
    if len(found) != np.count_nonzero(wanted >= 0):
        raise ValueError("the plan is of another network")
    chosen = np.full(len(part.minors), -1)
    chosen[part.pair_minor[found]] = found
    return chosen


def distances(size: int, tail: Ints, head: Ints, weight: Ints, target: int) -> Ints:
    """Shortest way from every node to `target` (Bellman-Ford; arcs sorted by tail), `FAR` where there is none.

    Raises
    ------
    ArithmeticError
        Where a ring of arcs has a negative sum: the plan behind it is not optimal.
    """
    distance = np.full(size, FAR)
    distance[target] = 0
    if not len(tail):
        return distance
    starts = np.flatnonzero(np.diff(tail, prepend=-1))
    nodes = tail[starts]
    for _ in range(size + 1):
        through = np.minimum.reduceat(weight + distance[head], starts)
        nearer = through < distance[nodes]
        if not nearer.any():
            return distance
        distance[nodes[nearer]] = through[nearer]
        if distance[target] < 0:
            break
    raise ArithmeticError("a ring of moves would improve the plan")


def _on_a_way(tail: Ints, head: Ints, weight: Ints, distance: Ints) -> Ints:
    return np.flatnonzero((distance[head] < FAR // 2) & (distance[tail] == weight + distance[head]))


def _idle_costs(part: Component) -> Ints:
    """What each minor of the component costs unplaced."""
    return part.step * TIER_WEIGHT[part.tier]


def _full(part: Component, chosen: Ints) -> NDArray[np.bool_]:
    """Which elements of the tree have no place left, of those that can be full before what is above them."""
    used = np.zeros(part.root + 1, np.int64)
    np.add.at(used, part.pair_contract[chosen[chosen >= 0]], 1)
    for level in part.levels:
        np.add.at(used, part.parent[level], used[level])
    _, up = part.binding
    full: NDArray[np.bool_] = (used[:-1] >= part.capacity) & (up[:-1] == np.arange(part.root))
    return full


def _nodes(part: Component, full: NDArray[np.bool_]) -> tuple[Ints, int]:
    """The node of each element, and how many there are: one per full element, the rest merge into what is above."""
    node = np.zeros(part.root + 1, np.int64)
    node[:-1][full] = 1 + np.arange(np.count_nonzero(full))
    for level in reversed(part.levels):
        node[level] = np.where(full[level], node[level], node[part.parent[level]])
    return node, 1 + int(np.count_nonzero(full))


def _room_below(part: Component, full: NDArray[np.bool_]) -> Ints:
    """Full elements that the node above can make room in, the sink in the facilities: a bed may be left empty."""
    return np.flatnonzero(full)


def _best(part: Component) -> Ints:
    """The one best plan of a component.

    A small step of tier weight is solved twice as fast and nearly always large enough; where it is not, the search for
    prices, which knows the full step, finds a ring of moves that improves the plan.
    """
    try:
        return _break_ties(part, _cheapest(part, int(part.cost.max()) + 1))
    except ArithmeticError:
        return _break_ties(part, _cheapest(part, part.step))


def _cheapest(part: Component, step: int) -> Ints:
    """A plan of least tier weight and cost, if `step` is large enough for tiers to come first.

    Only what binds is handed on: no element with room for all that the one above lets through, and where several pairs
    of a minor then lead to the same element only the first of them.
    """
    room, up = part.binding
    entry = up[part.pair_contract]
    key = (part.cost << TIE_BITS) + part.tie
    run = np.flatnonzero((np.diff(part.pair_minor, prepend=-1) != 0) | (np.diff(entry, prepend=-1) != 0))
    least = np.minimum.reduceat(key, run)
    first = key == np.repeat(least, np.diff(run, append=len(key)))
    pairs = np.flatnonzero(first & (room[part.pair_contract] > 0))
    everyone = np.arange(len(part.minors))
    idle = step * TIER_WEIGHT[part.tier]
    return _run(part, pairs, part.cost[pairs], up, everyone, idle, np.zeros(part.root, np.bool_))


def _break_ties(part: Component, chosen: Ints) -> Ints:
    """Of all plans as cheap as this one, that of the least ties.

    With prices (distances to the sink) a plan is as cheap just where it uses no pair dearer than its minor's best and
    fills every element whose price is above that of the element over it.
    """
    price, best = _prices(part, chosen)
    pairs = np.flatnonzero(part.cost + price[part.pair_contract] == best[part.pair_minor])
    idle = np.flatnonzero(_idle_costs(part) == best)
    if len(pairs) + len(idle) == len(part.minors):
        return chosen
    filled = price[:-1] > price[part.parent]
    return _run(part, pairs, part.tie[pairs], np.arange(part.root + 1), idle, np.zeros_like(idle), filled)


def _prices(part: Component, chosen: Ints) -> tuple[Ints, Ints]:
    """What one more place of each element is worth, and what each minor costs at the best, both tiers included."""
    residual = Residual(part, chosen)
    distance = distances(residual.size, residual.tail, residual.head, residual.cost, 0)
    return distance[residual.node], residual.now + distance[residual.home]


def _run(
    part: Component, pairs: Ints, cost: Ints, up: Ints, idle: Ints, idle_cost: Ints, filled: NDArray[np.bool_]
) -> Ints:
    """Solve the flow over these pairs and these minors' right to stay unplaced.

    `up` is the element that stands for each element, `filled` says which must be full.
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # type: ignore[import-untyped, unused-ignore]

    count = len(part.minors)
    root = count + part.root
    capacity, above = np.minimum(part.capacity, count), up[part.parent]
    stands = up[:-1] == np.arange(part.root)
    free, fixed = np.flatnonzero(stands & ~filled), np.flatnonzero(filled)
    supply = np.zeros(root + 1, np.int64)
    supply[:count] = 1
    supply[root] = -count
    supply[count + fixed] -= capacity[fixed]
    np.add.at(supply, count + above[fixed], capacity[fixed])
    heads = (count + up[part.pair_contract[pairs]], np.full(len(idle), root), count + above[free])
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate((part.pair_minor[pairs], idle, count + free)).astype(np.int32),
        np.concatenate(heads).astype(np.int32),
        np.concatenate((np.ones(len(pairs) + len(idle), np.int64), capacity[free])),
        np.concatenate((cost, idle_cost, np.zeros_like(free))),
    )
    flow.set_nodes_supplies(np.arange(root + 1, dtype=np.int32), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise ArithmeticError(f"the flow was not solved: {status}")
    taken = pairs[flow.flows(arcs[: len(pairs)]) > 0]
    chosen = np.full(count, -1)
    chosen[part.pair_minor[taken]] = taken
    return chosen
