"""Several solvers on one instance: each from the same arrays to who goes where, in a process of its own.

`python -m benchmarks.contest NAME FILE` runs one of `CONTENDERS` on an instance that `benchmarks.instances` saved.
All are asked the same: fewest unplaced of tier 1, then of tier 2, 3 and 4, then the least sum of costs. Without
conditions a weight for each tier says so exactly, the same weight for every solver; with conditions it does not, and
solvers that know one objective at a time are asked tier after tier, what was reached held.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from benchmarks.alone import Json, alone, peak_memory, timed
from benchmarks.instances import load
from matching import flow, groups, regret
from matching.groups import Sides
from matching.network import Ints, Network, restricted
from matching.search import places

WARM_UP = 40
"""So many pairs are solved first, unmeasured: what is imported late is imported then."""
LIMIT = 60
"""Seconds of processor time, start included, after which a contender is cut off."""

Whole = Callable[[Ints, csr_array, Ints], NDArray[np.bool_]]


def ours(network: Network, conditions: Sides) -> Ints:
    """The product's plan."""
    if conditions.matrix.shape[0]:
        return groups.solve(network, conditions).plan.chosen
    return flow.solve(network).chosen


def bare(network: Network, conditions: Sides) -> Ints:
    """The product's flow, whatever the conditions."""
    return flow.solve(network).chosen


def with_regrets(network: Network, conditions: Sides) -> Ints:
    """The product's flow, and what every pair would do to the others."""
    plan = flow.solve(network)
    regret.all_pairs(network, plan)
    return plan.chosen


def networkx(network: Network, conditions: Sides) -> Ints:
    """The same flow by networkx's network simplex."""
    from networkx import DiGraph, network_simplex

    graph: DiGraph[tuple[str, int] | str] = DiGraph()
    graph.add_node("sink", demand=len(network.minors))
    for minor, weight in enumerate(_unplaced(network).tolist()):
        graph.add_node(("minor", minor), demand=-1)
        graph.add_edge(("minor", minor), "sink", weight=weight, capacity=1)
    ends = zip(network.pair_minor.tolist(), network.pair_contract.tolist(), network.pair_cost.tolist(), strict=True)
    for minor, contract, cost in ends:
        graph.add_edge(("minor", minor), ("contract", contract), weight=cost, capacity=1)
    for contract, (unit, room) in enumerate(zip(network.contract_unit, network.contract_places, strict=True)):
        graph.add_edge(("contract", contract), ("unit", int(unit)), weight=0, capacity=int(room))
    for unit, (facility, room) in enumerate(zip(network.unit_facility, network.unit_beds, strict=True)):
        graph.add_edge(("unit", unit), ("facility", int(facility)), weight=0, capacity=int(room))
    for facility, room in enumerate(network.facility_places.tolist()):
        graph.add_edge(("facility", facility), "sink", weight=0, capacity=room)
    _, flows = network_simplex(graph)
    taken = [flows["minor", minor].get(("contract", contract), 0) for minor, contract, _ in _pairs(network)]
    return _chosen(network, np.array(taken) > 0)


def highs(network: Network, conditions: Sides) -> Ints:
    """The same as whole numbers by HiGHS, through scipy."""

    def solve(aim: Ints, matrix: csr_array, most: Ints) -> NDArray[np.bool_]:
        rows = LinearConstraint(matrix, ub=most)
        found = milp(
            aim, integrality=np.ones_like(aim), bounds=Bounds(0, 1), constraints=rows, options={"mip_rel_gap": 0}
        )
        if not found.success:
            raise ArithmeticError(found.message)
        return np.asarray(found.x > 0.5)

    return _whole(network, conditions, solve)


def cbc(network: Network, conditions: Sides) -> Ints:
    """The same as whole numbers by CBC, through PuLP."""
    import pulp  # type: ignore[import-untyped, unused-ignore]

    pulp.set_v4_migration_warnings(False)

    def solve(aim: Ints, matrix: csr_array, most: Ints) -> NDArray[np.bool_]:
        problem = pulp.LpProblem()
        taken = [pulp.LpVariable(f"x{at}", cat="Binary") for at in range(len(aim))]
        problem += pulp.LpAffineExpression(list(zip(taken, aim.tolist(), strict=True)))
        for row, room in enumerate(most.tolist()):
            own = slice(matrix.indptr[row], matrix.indptr[row + 1])
            terms = zip([taken[at] for at in matrix.indices[own]], matrix.data[own].tolist(), strict=True)
            problem += pulp.LpAffineExpression(list(terms)) <= room
        try:
            status = problem.solve(pulp.PULP_CBC_CMD(msg=False))
        except pulp.PulpSolverError as error:
            raise ArithmeticError("CBC ended early") from error
        if status != pulp.LpStatusOptimal:
            raise ArithmeticError("CBC found no optimum")
        return np.array([one.varValue or 0 for one in taken]) > 0.5

    return _whole(network, conditions, solve)


def most_urgent_first(network: Network, conditions: Sides) -> Ints:
    """No solver: the most urgent first, each at the cheapest place left."""
    return _one_by_one(network, sorted(range(len(network.minors)), key=lambda one: (network.tier[one], one)))


def first_come(network: Network, conditions: Sides) -> Ints:
    """No solver: in the order in which they asked, each at the cheapest place left."""
    return _one_by_one(network, range(len(network.minors)))


CONTENDERS: dict[str, Callable[[Network, Sides], Ints]] = {
    "Bednight": ours,
    "Bednight, no conditions": bare,
    "Bednight, with every regret": with_regrets,
    "networkx, network simplex": networkx,
    "HiGHS, through scipy": highs,
    "CBC, through PuLP": cbc,
    "most urgent first": most_urgent_first,
    "first come": first_come,
}


def contest(names: Sequence[str], file: Path) -> dict[str, Json | None]:
    """What each contender made of an instance: `seconds`, `memory` (MB) and `value`; None where it was cut off."""
    found: dict[str, Json | None] = {}
    for name in names:
        try:
            found[name] = alone("benchmarks.contest", name, file)
        except subprocess.CalledProcessError as error:
            if error.returncode != -signal.SIGXCPU:
                raise
            found[name] = None
    return found


def run(name: str, network: Network, conditions: Sides, rounds: int = 5) -> Json:
    """One contender, here: so many times, as long as it takes less than a second."""
    contender, few = CONTENDERS[name], np.arange(min(WARM_UP, len(network.pair_minor)))
    contender(restricted(network, few), Sides(conditions.matrix[:, few], conditions.most))
    took: list[float] = []
    while not took or (len(took) < rounds and sum(took) < 1):
        fresh = replace(network)  # nothing that the last round derived
        chosen, seconds = timed(partial(contender, fresh, conditions))
        took.append(seconds)
    return {"seconds": median(took), "memory": peak_memory(), "value": worth(network, chosen)}


def worth(network: Network, chosen: Ints) -> list[int]:
    """Unplaced by tier, then the cost, reckoned anew; a plan that breaks a capacity is refused."""
    taken = chosen[chosen >= 0]
    held = network.pair_minor[taken]
    if not np.array_equal(held, np.flatnonzero(chosen >= 0)):
        raise ArithmeticError("a pair of somebody else")
    for at, room in (
        (network.pair_contract, network.contract_places),
        (network.pair_unit, network.unit_beds),
        (network.pair_facility, network.facility_places),
    ):
        if np.any(np.bincount(at[taken], minlength=len(room)) > room):
            raise ArithmeticError("more than there are places")
    unplaced = np.bincount(network.tier[chosen < 0], minlength=5)[1:]
    return [*unplaced.tolist(), int(network.pair_cost[taken].sum())]


def _unplaced(network: Network) -> Ints:
    """What it costs to leave each minor out: tiers come first, as `worth` would show were it too little."""
    return (int(network.pair_cost.max()) + 1) * flow.TIER_WEIGHT[network.tier]


def _pairs(network: Network) -> list[tuple[int, int, int]]:
    columns = (network.pair_minor.tolist(), network.pair_contract.tolist(), network.pair_cost.tolist())
    return list(zip(*columns, strict=True))


def _chosen(network: Network, taken: NDArray[np.bool_]) -> Ints:
    chosen = np.full(len(network.minors), -1)
    pairs = np.flatnonzero(taken)
    chosen[network.pair_minor[pairs]] = pairs
    return chosen


def _whole(network: Network, conditions: Sides, solve: Whole) -> Ints:
    """A program in whole numbers: of one aim, or of the tiers and the cost one after another."""
    rows, most = places(network, np.arange(len(network.pair_minor)))
    tier = network.tier[network.pair_minor]
    if not conditions.matrix.shape[0]:
        return _chosen(network, solve(network.pair_cost - _unplaced(network)[network.pair_minor], rows, most))
    matrix, most = vstack((rows, conditions.matrix), format="csr"), np.concatenate((most, conditions.most))
    taken = np.zeros(len(tier), np.bool_)
    for aim in (*(-(tier == one).astype(np.int64) for one in (1, 2, 3, 4)), network.pair_cost):
        if aim.any():
            taken = solve(aim, matrix, most)
            matrix, most = vstack((matrix, csr_array(aim[None, :])), format="csr"), np.append(most, int(aim @ taken))
    return _chosen(network, taken)


def _one_by_one(network: Network, order: Iterable[int]) -> Ints:
    """One minor after another at the cheapest place that is left."""
    left = [rooms.tolist() for rooms in (network.contract_places, network.unit_beds, network.facility_places)]
    where = list(
        zip(*(at.tolist() for at in (network.pair_contract, network.pair_unit, network.pair_facility)), strict=True)
    )
    own: list[list[int]] = [[] for _ in network.minors]
    for pair in np.lexsort((network.pair_tie, network.pair_cost)).tolist():
        own[network.pair_minor[pair]].append(pair)
    chosen = np.full(len(network.minors), -1)
    for minor in order:
        for pair in own[minor]:
            if all(rooms[at] for rooms, at in zip(left, where[pair], strict=True)):
                chosen[minor] = pair
                for rooms, at in zip(left, where[pair], strict=True):
                    rooms[at] -= 1
                break
    return chosen


def _main(name: str, file: str) -> None:
    """One contender, until the system ends it at the limit: itself, or the solver that it has started."""
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 1))
    network, conditions = load(Path(file))
    try:
        found = run(name, network, conditions)
    except ArithmeticError:
        if resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime < LIMIT - 1:
            raise
        os.kill(os.getpid(), signal.SIGXCPU)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
