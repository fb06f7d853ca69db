"""Everyone who waits, planned at once: how long, how near to the bound, and how much memory.

Beside each plan, on the same network in the same run: the most urgent first, each at the cheapest place left. Each size
is a process of its own, so that the memory is its own too.
"""

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import vstack

from benchmarks.alone import alone, peak_memory
from benchmarks.figures import write
from benchmarks.networks import network
from matching.census import Census
from matching.codec import decode
from matching.greedy import first_plan
from matching.groups import solve, value
from matching.joint import Joint, joint
from matching.search import places
from matching.value import DEFAULT_POLICY

SIZES = ((30, 60), (100, 500), (100, 100), (1000, 500))
SEED = 7
SECONDS = 60.0
"""How long a plan is looked for."""


def main() -> str:
    """Measure every size, and write the figures."""
    rows = []
    for waiting, facilities in SIZES:
        seen = alone("benchmarks.plans", waiting, facilities)
        rows.append(
            (
                f"{waiting:,} by {facilities:,}",
                f"{seen['ways']:,}",
                f"{seen['conditions']:,}",
                f"{seen['judging']:.1f}",
                f"{seen['solving']:.1f}",
                seen["proof"],
                f"{seen['gap']:.2f}",
                f"{seen['placed']:,}",
                f"{seen['greedy_placed']:,}",
                f"{seen['greedy_cost']:+.0f}",
                f"{seen['memory']:.0f}",
            )
        )
    return write(
        "The plan for everyone who waits",
        "python -m benchmarks.plans",
        (
            "waiting by facilities",
            "ways",
            "conditions",
            "judging, s",
            "solving, s",
            "proof",
            "gap of the cost, %",
            "placed",
            "placed by urgency alone",
            "its cost a line, %",
            "peak memory, MB",
        ),
        rows,
        f"Seed {SEED}, three payers a house, their beds and nights shared; {SECONDS:.0f} s for solving. From the "
        "snapshot in memory. The gap is that of the cost, where nobody more could have a bed.",
    )


def measure(waiting: int, facilities: int) -> dict[str, Any]:
    """Plan one size."""
    snapshot = decode(network(facilities, waiting, SEED))
    found, judging = _timed(lambda: joint(Census(snapshot), DEFAULT_POLICY))
    solved, solving = _timed(lambda: solve(found.network, found.sides, seconds=SECONDS))
    reached = value(found.network, solved.plan)
    tiers_proved = reached[:-1] == solved.bound[:-1]
    placed, cost = _by_urgency_alone(found)
    here = int(solved.plan.placed.sum())
    return {
        "ways": len(found.ways),
        "conditions": len(found.rows),
        "judging": judging,
        "solving": solving,
        "proof": solved.plan.proof,
        "gap": 100 * (reached[-1] - solved.bound[-1]) / max(1, reached[-1]) if tiers_proved else float("nan"),
        "placed": here,
        "greedy_placed": placed,
        "greedy_cost": 100 * (cost / max(1, placed)) / max(1, solved.plan.cost / max(1, here)) - 100,
        "memory": peak_memory(),
    }


def _by_urgency_alone(found: Joint) -> tuple[int, int]:
    """How many are placed, and at what cost, by the most urgent first."""
    rows, most = places(found.network, np.arange(len(found.ways)))
    matrix = vstack((rows, found.sides.matrix), format="csr")
    taken = first_plan(found.network, matrix, np.concatenate((most, found.sides.most)))
    return int(taken.sum()), int(found.network.pair_cost[taken].sum())


def _timed(job: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    done = job()
    return done, perf_counter() - start


if __name__ == "__main__":
    sizes = [int(one) for one in sys.argv[1:]]
    sys.stdout.write(json.dumps(measure(*sizes)) + "\n" if sizes else main())
