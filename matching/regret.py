"""What each possible choice does to the optimum, exactly: shortest paths over what the plan leaves open."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from matching.flow import FAR, TIER_WEIGHT, Plan, Residual, chosen_in, distances
from matching.network import Component, Ints, Network

Move = tuple[int, int, int]


def _read_table() -> Ints:
    """Tiers lost, by change of tier weight: at most one minor loses a place and at most one gains one."""
    table = np.zeros((2 * int(TIER_WEIGHT.max()) + 1, 5), np.int64)
    for loses in range(5):
        for gains in range(5):
            if loses != gains:
                row = table[TIER_WEIGHT[loses] - TIER_WEIGHT[gains]]
                row[loses] += 1
                row[gains] -= 1
    return table[:, 1:]


_LOST = _read_table()


@dataclass(frozen=True, eq=False)
class Regrets:
    """The exact change of the optimum with each of some pairs imposed.

    Attributes
    ----------
    pairs : int64[k]
        Rows of the network.
    possible : bool[k]
        False where contract, unit or facility has no place at all; then the rest of the row is 0.
    lost : int64[k, 4]
        Other minors who lose a place, less those who gain one, by tier.
    cost_change : int64[k]
        Change of the sum of the costs of all who are placed, in units of the policy; tiers not in it. May be
        negative where somebody loses a place.
    """

    pairs: Ints
    possible: NDArray[np.bool_]
    lost: Ints
    cost_change: Ints


@dataclass(frozen=True, eq=False)
class Regret(Regrets):
    """The regrets of one asked minor's pairs, with who would move.

    Attributes
    ----------
    minor : int
        Index of the asked minor.
    """

    minor: int
    _entry: Mapping[int, int]
    _next: Mapping[int, tuple[int, Move | None]]

    def moves(self, pair: int) -> tuple[Move, ...]:
        """Which other minors move where, in the order of the chain, if the pair is imposed.

        Parameters
        ----------
        pair : int
            Row of the network, one of `pairs`.

        Returns
        -------
        tuple of (minor, from, to)
            Rows of the network; -1 where the minor had no place, or has none then. Each minor moves once at most.

        Raises
        ------
        KeyError
            Where the pair is not the asked minor's, or not possible.
        """
        node, found = self._entry[pair], []
        while node in self._next:
            node, move = self._next[node]
            if move is not None:
                found.append(move)
        return tuple(found)


def column(network: Network, plan: Plan, minor: int) -> Regret:
    """The regret of every pair of one minor, from one search of the residual graph.

    Parameters
    ----------
    network : Network
    plan : Plan
        The plan of `flow.solve` for this network.
    minor : int
        Index of the asked minor.

    Returns
    -------
    Regret
        Rows in the order of the network.

    Raises
    ------
    IndexError
        Where there is no such minor.
    ValueError
        Where the plan is of another network.
    ArithmeticError
        Where the plan is not optimal.
    """
    if not 0 <= minor < len(network.minors):
        raise IndexError(f"no minor {minor}")
    part = next((part for part in network.components if np.any(part.minors == minor)), None)
    if part is None:
        return Regret(np.zeros(0, np.int64), *_no_regrets(0), minor, {}, {})
    residual = Residual(part, chosen_in(part, plan))
    asked = int(np.flatnonzero(part.minors == minor)[0])
    home = int(residual.home[asked])
    distance, arcs = residual.tight(home)
    rows = np.flatnonzero(part.pair_minor == asked)
    rows = rows[np.argsort(part.pairs[rows])]
    entry = residual.node[part.pair_contract[rows]]
    possible, lost, change = _read(part, residual, rows, distance[entry])
    pairs = part.pairs[rows]
    ways = dict(zip(pairs[possible].tolist(), entry[possible].tolist(), strict=True))
    return Regret(pairs, possible, lost, change, minor, ways, _chain(part, residual, plan, arcs, home))


def all_pairs(network: Network, plan: Plan) -> Regrets:
    """The regret of every pair of the network; agrees with `column` on each minor.

    Parameters
    ----------
    network : Network
    plan : Plan
        The plan of `flow.solve` for this network.

    Returns
    -------
    Regrets
        One row for each row of the network.

    Raises
    ------
    ValueError
        Where the plan is of another network.
    ArithmeticError
        Where the plan is not optimal.
    """
    possible, lost, change = _no_regrets(len(network.pair_minor))
    for part in network.components:
        residual = Residual(part, chosen_in(part, plan))
        ways, home = _ways(residual)
        rows = np.arange(len(part.pairs))
        detour = ways[residual.node[part.pair_contract], home[part.pair_minor]]
        possible[part.pairs], lost[part.pairs], change[part.pairs] = _read(part, residual, rows, detour)
    return Regrets(np.arange(len(network.pair_minor)), possible, lost, change)


def _no_regrets(count: int) -> tuple[NDArray[np.bool_], Ints, Ints]:
    return np.zeros(count, np.bool_), np.zeros((count, 4), np.int64), np.zeros(count, np.int64)


def _read(part: Component, residual: Residual, rows: Ints, detour: Ints) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Split the regrets of these pairs into tiers and cost: a step of tier weight outweighs all costs twice over."""
    minor = part.pair_minor[rows]
    possible = detour < FAR // 2
    regret = np.where(possible, part.cost[rows] - residual.now[minor] + detour, 0)
    weight = (regret + part.step // 2) // part.step
    unplaced = possible & (residual.now[minor] >= part.step)
    others = weight + np.where(unplaced, TIER_WEIGHT[part.tier[minor]], 0)
    return possible, _LOST[others], regret - part.step * weight


def _chain(
    part: Component, residual: Residual, plan: Plan, arcs: Ints, target: int
) -> dict[int, tuple[int, Move | None]]:
    """For each node the next one on the way of least cost, tie and length, and the move that leads there."""
    tail, head = residual.tail[arcs], residual.head[arcs]
    length = distances(residual.size, tail, head, np.ones_like(tail), target)
    arcs = arcs[length[tail] == length[head] + 1]
    arcs = arcs[np.flatnonzero(np.diff(residual.tail[arcs], prepend=-1))]
    minor, pair = part.minors[residual.minor[arcs]], residual.pair[arcs]
    taken = np.where(pair >= 0, part.pairs[pair], -1)
    moves = zip(minor.tolist(), plan.chosen[minor].tolist(), taken.tolist(), strict=True)
    somebody = (residual.minor[arcs] >= 0).tolist()
    steps = [move if moved else None for move, moved in zip(moves, somebody, strict=True)]
    return dict(zip(residual.tail[arcs].tolist(), zip(residual.head[arcs].tolist(), steps, strict=True), strict=True))


def _ways(residual: Residual) -> tuple[Ints, Ints]:
    """Least cost from every node (rows) to every node where somebody is (columns), and the column of each minor.

    A way leads through the sink, two searches, or over arcs that beat it: these are left to Dijkstra's algorithm, made
    non-negative by the distances to the sink, and backwards, since fewer nodes are left than entered. Its floating
    point is exact below 2**53.
    """
    size, tail, head, cost = residual.size, residual.tail, residual.head, residual.cost
    to_sink = distances(size, tail, head, cost, 0)
    back = np.argsort(head, kind="stable")
    from_sink = distances(size, head[back], tail[back], cost[back], 0)
    short = np.flatnonzero((cost < to_sink[tail] + from_sink[head]) & (to_sink[head] < FAR // 2))
    tail, head = tail[short], head[short]
    excess = cost[short] + to_sink[head] - to_sink[tail]
    order = np.lexsort((excess, tail, head))
    tail, head, excess = tail[order], head[order], excess[order]
    least = np.flatnonzero(np.diff(head * size + tail, prepend=-1))
    graph = csr_array((excess[least].astype(np.float64), (head[least], tail[least])), shape=(size, size))
    homes, home = np.unique(residual.home, return_inverse=True)
    direct = dijkstra(graph, indices=homes).T
    found = np.isfinite(direct)
    ways = np.where(found, direct, 0).astype(np.int64) + to_sink[:, None] - to_sink[homes]
    through = to_sink[:, None] + from_sink[homes]
    return np.where(found, np.minimum(ways, through), through), home
