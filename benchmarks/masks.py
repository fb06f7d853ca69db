"""The rules as arrays: every pair of who waits and a house, every failing rule kept, beside a loop over the pairs.

`python -m benchmarks.masks` takes the usual sizes, `python -m benchmarks.masks 5000x1500` others. The loop asks the
same rule classes pair by pair, for some of those who wait: what it says of them must be what the arrays say.
"""

import gc
import json
import sys
from collections.abc import Sequence
from functools import partial
from statistics import median

import numpy as np

from benchmarks.alone import Json, alone, peak_memory, timed
from benchmarks.figures import write
from benchmarks.networks import network
from matching.admission import make_case
from matching.census import Census
from matching.codec import decode
from matching.eligibility import sibling_outcome
from matching.facts import Minor, Referral
from matching.findings import NOT_MET, UNKNOWN
from matching.masks import BIT, HouseTables, Masks, masks
from matching.rules import FACILITY_RULES
from matching.value import DEFAULT_POLICY
from matching.waiting import network_tonight, waiting_tonight

SIZES = ((100, 60), (1000, 500), (1, 3000))
SEEDS = (1, 2, 3)
LOOPED = 4000
"""About so many pairs go through the loop."""
ASKED = 40
"""So many referrals, one after another, where one is asked at a time."""


def main(sizes: Sequence[Sequence[int]] = SIZES) -> str:
    """Measure every size with every seed, and write the figures."""
    rows = []
    for waiting, facilities in sizes:
        seen = [alone("benchmarks.masks", "measure", waiting, facilities, seed) for seed in SEEDS]
        rows.append(_row(waiting, facilities, seen))
    others = [f"{waiting}x{facilities}" for waiting, facilities in sizes if sizes is not SIZES]
    return write(
        "The rules as arrays",
        " ".join(("python -m benchmarks.masks", *others)),
        (
            "waiting by facilities",
            "tables, ms",
            "arrays, ms",
            "p99, ms",
            "million pairs a second",
            "a loop, million pairs a second",
            "ratio",
            "pairs that differ",
            "with payers and own order, ms",
            "peak memory, MB",
        ),
        rows,
        f"Seeds {', '.join(map(str, SEEDS))}; {len(FACILITY_RULES)} rules a pair, none skipped. Processor time. "
        "Tables: made once for a snapshot, with every kind of minor who waits judged by the rule classes. Arrays: "
        "these tables asked for all, which is set against the loop. The loop is measured over some "
        f"{LOOPED:,} pairs. Where one waits, {ASKED} of each seed are asked for one after another, their kinds being "
        "in the tables.",
    )


def _row(waiting: int, facilities: int, seen: Sequence[Json]) -> Sequence[object]:
    took = sorted(one for row in seen for one in row["took"])
    speed, loop = waiting * facilities / median(took) / 1e6, median(row["loop"] for row in seen) / 1e6
    return (
        f"{waiting:,} by {facilities:,}",
        f"{median(row['tables'] for row in seen) * 1000:,.1f}",
        f"{median(took) * 1000:,.2f}",
        f"{took[int(0.99 * len(took))] * 1000:,.2f}" if waiting == 1 else "",
        f"{speed:.2f}",
        f"{loop:.3f}",
        f"{speed / loop:,.0f}",
        f"{sum(row['differ'] for row in seen)} of {sum(row['looped'] for row in seen):,}",
        f"{median(row['ordered'] for row in seen) * 1000:,.0f}",
        f"{median(row['memory'] for row in seen):,.0f}",
    )


def measure(waiting: int, facilities: int, seed: int) -> Json:
    """One size: seconds for the arrays, for the network built from them, and pairs a second of the loop."""
    census = Census(decode(network(facilities, max(waiting, ASKED), seed)))
    referrals = waiting_tonight(census)
    asked = [[one] for one in referrals[:ASKED]] if waiting == 1 else [referrals[:waiting]] * 5
    masks(census, [census.minors[referrals[0].minor]])  # beds and people of every house are put together by the first
    gc.collect()
    gc.freeze()  # a snapshot is nothing that a collector should go through while somebody asks
    tables, made = timed(partial(_tables, census, [census.minors[row.minor] for row in referrals]))
    took, ordered = [], []
    for rows in asked:
        minors = [census.minors[row.minor] for row in rows]
        found, seconds = timed(partial(masks, census, minors, tables))
        took.append(seconds)
        ordered.append(seconds + timed(partial(_ordered, census, rows, found))[1])
    memory = peak_memory()
    few = referrals[: max(1, LOOPED // facilities)]
    found = masks(census, [census.minors[row.minor] for row in few])
    differ, seconds = timed(lambda: _differ(census, few, found))
    looped = len(few) * facilities
    return {
        "took": took,
        "tables": made,
        "ordered": median(ordered),
        "loop": looped / seconds,
        "looped": looped - sum(map(len, found.exceptions)),
        "differ": differ,
        "memory": memory,
    }


def _tables(census: Census, minors: Sequence[Minor]) -> HouseTables:
    """The tables of a snapshot, all kinds of these minors in them."""
    tables = HouseTables(census)
    masks(census, minors, tables)
    return tables


def _ordered(census: Census, referrals: Sequence[Referral], found: Masks) -> int:
    """What the arrays left, with who pays and at what cost, in the order of each minor's own cost."""
    network = network_tonight(census, referrals, DEFAULT_POLICY, {}, found).network
    return len(np.lexsort((network.pair_cost, network.pair_minor)))


def _differ(census: Census, referrals: Sequence[Referral], found: Masks) -> int:
    """Every pair by the rule classes, one after another; how many say something else than the arrays."""
    differ = 0
    for at, referral in enumerate(referrals):
        minor, without = census.minors[referral.minor], found.exceptions[at]
        not_met, unknown = found.not_met[at].tolist(), found.unknown[at].tolist()
        for column, facility in enumerate(census.snapshot.facilities):
            case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
            outcomes = [(rule.code, rule.judge(case)) for rule in FACILITY_RULES]
            bad = sum(int(BIT[code]) for code, outcome in outcomes if outcome is NOT_MET)
            doubtful = sum(int(BIT[code]) for code, outcome in outcomes if outcome is UNKNOWN)
            differ += column not in without and (not_met[column], unknown[column]) != (bad, doubtful)
    return differ


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        sys.stdout.write(json.dumps(measure(*map(int, sys.argv[2:]))) + "\n")
    else:
        sys.stdout.write(main([tuple(map(int, one.split("x"))) for one in sys.argv[1:]] or SIZES))
