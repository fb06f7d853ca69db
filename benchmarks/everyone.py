"""Everybody's chains of stays over 180 nights, planned together: how long, how near to the bound, and how much memory.

`python -m benchmarks.everyone` takes the usual sizes, `python -m benchmarks.everyone 200x100` others. The first plan is
what the bound's prices and one turn of each give; the last what is reached after so many turns, with better prices and
parts solved anew.
"""

import json
import sys
from collections.abc import Sequence
from time import process_time

from benchmarks.alone import Json, alone, peak_memory
from benchmarks.chains import CAP, NIGHTS, with_short_caps
from benchmarks.figures import write
from benchmarks.networks import network
from matching.census import Census
from matching.chain import weight_of
from matching.chains import waiting
from matching.chains_planner import TURNS, Planner
from matching.codec import decode
from matching.value import DEFAULT_POLICY

SIZES = ("20x20", "60x40", "200x100")
SEED = 1
MANY = 50
"""So many people get the first plan alone: each turn after it takes a minute and more."""


def main(sizes: Sequence[str] = SIZES) -> str:
    """Measure every size, and write the figures."""
    rows = []
    for size in sizes:
        people, houses = map(int, size.split("x"))
        seen = alone("benchmarks.everyone", "measure", people, houses)
        rows.append(
            (
                f"{people:,} by {houses:,}",
                f"{seen['judged']:.1f}",
                f"{seen['bound']:.1f}",
                f"{seen['first'][0]:.1f}",
                f"{seen['first'][1]:.1f}",
                f"{seen['last'][0]:.1f}",
                f"{seen['last'][1]:.1f}",
                f"{seen['paid']:,} of {seen['most']:,}",
                f"{seen['moves']:,}",
                f"{seen['memory']:.0f}",
            )
        )
    return write(
        "Everybody's chains of stays, planned together",
        " ".join(("python -m benchmarks.everyone", *(sizes if sizes is not SIZES else ()))),
        (
            "waiting by facilities",
            "judging, s",
            "bound, s",
            "first plan, s",
            "paid nights below the bound, %",
            "last plan, s",
            "paid nights below the bound, %",
            "paid nights, of the bound's",
            "moves",
            "peak memory, MB",
        ),
        rows,
        f"Seed {SEED}; {NIGHTS} nights are needed by each; no cap of a fund is longer than {CAP}. Processor time; "
        f"each includes those before it. From {MANY} people on there is no turn after the first plan. The bound's "
        "nights are those that the cost of no plan can fall short of, moves left aside.",
    )


def measure(people: int, houses: int) -> Json:
    """Plan one size."""
    began = process_time()
    census = Census(decode(with_short_caps(network(houses, people, SEED))))
    night, move = (weight_of(DEFAULT_POLICY, code) for code in ("nights.unpaid", "nights.moves"))
    planner = Planner(census, list(waiting(census)), night, move)
    judged = process_time() - began
    needed = sum(prospect.stop - prospect.first for prospect in planner.prospects)
    plans: list[tuple[float, int]] = []

    def look(said: str) -> None:
        plans.append((process_time() - began, _paid(planner)))
        sys.stderr.write(f"{people} by {houses}: {plans[-1][0]:.0f} s: {said}\n")

    planner.run(None, look, TURNS if people < MANY else 0)
    most = needed - planner.low // night
    first, last = plans[2], plans[-1]
    return {
        "judged": judged,
        "bound": plans[1][0],
        "first": (first[0], 100 - 100 * first[1] / most),
        "last": (last[0], 100 - 100 * last[1] / most),
        "paid": last[1],
        "most": most,
        "moves": sum(max(0, len(chain) - 1) for chain in planner.now),
        "memory": peak_memory(),
    }


def _paid(planner: Planner) -> int:
    return sum(stayed.slept.until - stayed.slept.start for chain in planner.now for stayed in chain)


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        sys.stdout.write(json.dumps(measure(*map(int, sys.argv[2:]))) + "\n")
    else:
        sys.stdout.write(main(sys.argv[1:] or SIZES))
