"""One referral against 60, 600 and 6,000 facilities with 30 minors waiting: time and memory of the engine alone.

The same job done pair by pair in a plain Python loop, nothing shared between pairs, runs in the same process right
after. Each size is a process of its own, so that the memory is its own too.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

from benchmarks.alone import alone, peak_memory
from benchmarks.figures import write
from benchmarks.networks import network
from matching.census import Census
from matching.codec import decode
from matching.eligibility import Assessment, assess
from matching.facts import Snapshot
from matching.ranking import effects_on_others, rank
from matching.value import DEFAULT_POLICY
from matching.waiting import waiting_tonight

SIZES = (60, 600, 6000)
WAITING = 30
SHOWN = 25
ROUNDS = {60: 15, 600: 7, 6000: 3}


def main() -> str:
    """Measure every size, and write the figures."""
    rows = []
    for size in SIZES:
        seen = alone("benchmarks.engine", size)
        rows.append(
            (
                f"{size:,}",
                f"{seen['all']:.0f}",
                f"{seen['page']:.0f}",
                f"{seen['loop']:.0f}",
                f"1/{seen['loop'] / seen['all']:.0f}",
                f"{seen['all'] / size * 1000:.0f}",
                f"{seen['memory']:.0f}",
            )
        )
    return write(
        "The engine: one referral",
        "python -m benchmarks.engine",
        (
            "facilities",
            "every finding, ms",
            f"codes for all, findings of {SHOWN} a list, ms",
            "pair by pair, ms",
            "ratio",
            "µs a facility",
            "peak memory, MB",
        ),
        rows,
        f"{WAITING} minors wait, three payers a house; medians over several referrals. From the snapshot in memory to "
        "the decision, the effect on everyone waiting included.",
    )


def measure(size: int) -> dict[str, float]:
    """Time one size, in milliseconds."""
    snapshot = decode(network(size, WAITING))
    asked = [referral.id for referral in snapshot.referrals]
    rank(snapshot, asked[0])  # OR-Tools is imported by the first
    rounds = ROUNDS[size]
    everything = [_timed(partial(_everything, snapshot, one)) for one in asked[:rounds]]
    page = [_timed(partial(_page, snapshot, one)) for one in asked[:rounds]]
    memory = peak_memory()
    loop = [_timed(partial(_pair_by_pair, snapshot, one)) for one in asked[: min(rounds, 2)]]
    return {"all": median(everything), "page": median(page), "loop": median(loop), "memory": memory}


def _timed(job: Callable[[], object]) -> float:
    start = perf_counter()
    job()
    return (perf_counter() - start) * 1000


def _everything(snapshot: Snapshot, referral: str) -> int:
    decision = rank(snapshot, referral)
    lists = (decision.options, decision.later, decision.needs_info, decision.excluded)
    return sum(len(row.findings) for rows in lists for row in rows)


def _page(snapshot: Snapshot, referral: str) -> int:
    decision = rank(snapshot, referral, words=False)
    lists = (decision.options, decision.later, decision.needs_info, decision.excluded)
    return sum(len(row.findings) for rows in lists for row in rows[:SHOWN])


def _pair_by_pair(snapshot: Snapshot, referral: str) -> None:
    """Every pair for itself, as a first version would: the same rules, nothing shared, no arrays."""
    census = Census(snapshot)
    known: dict[str, list[Assessment]] = {}
    for row in waiting_tonight(census, census.referrals[referral]):
        known[row.id] = []
        for facility in snapshot.facilities:
            census.payers.clear()
            census.chains.clear()
            known[row.id].append(assess(census, row, facility))
    if any(row.verdict == "option" for row in known[referral]):
        effects_on_others(census, census.referrals[referral], DEFAULT_POLICY, known[referral], known=known)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))) if len(sys.argv) > 1 else main())
