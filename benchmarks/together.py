"""Siblings together and others apart: the plan under conditions, proved, beside solvers on the same instances.

`python -m benchmarks.together` takes the usual instances, `python -m benchmarks.together 2000x1000` others. The bare
flow without the conditions is measured beside: what the conditions cost is told as a multiple of it.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.alone import Json
from benchmarks.contest import LIMIT, contest
from benchmarks.figures import write
from benchmarks.flow import SEEDS, Instance, answers
from benchmarks.instances import RELATED, related, save

INSTANCES = (Instance(50, 60), Instance(200, 100), Instance(1000, 500))
OURS, BARE, OTHERS = "Bednight", "Bednight, no conditions", ("HiGHS, through scipy", "CBC, through PuLP")


def main(instances: Sequence[Instance] = INSTANCES) -> str:
    """Measure every instance with every seed, and write the figures."""
    rows: list[Sequence[object]] = []
    for instance in instances:
        seen, sizes = [], []
        for seed in SEEDS:
            network, conditions = related(instance.waiting, instance.facilities, seed)
            sizes.append((len(network.pair_minor), len(conditions.most)))
            with tempfile.TemporaryDirectory() as folder:
                save(file := Path(folder) / "instance.npz", network, conditions)
                seen.append(contest((BARE, OURS, *OTHERS), file))
        pairs, conditions_each = (median(column) for column in zip(*sizes, strict=True))
        rows += [(str(instance), f"{pairs:,.0f}", f"{conditions_each:,.0f}", *row) for row in compared(seen)]
    others = [one.named for one in instances if instances is not INSTANCES]
    return write(
        "Siblings together, others apart",
        " ".join(("python -m benchmarks.together", *others)),
        (
            "waiting by facilities",
            "pairs",
            "conditions",
            "who solves",
            "answer",
            "median, ms",
            "times the flow without conditions",
            "peak memory, MB",
        ),
        rows,
        f"Seeds {', '.join(map(str, SEEDS))}; {RELATED:.0%} of the young people have a sibling who waits too, and as "
        "many somebody to be kept from. Siblings keep only houses that can take both. Proved each: tier after tier, "
        f"then the cost. Processor time; cut off after {LIMIT} s of it. Larger: "
        "`python -m benchmarks.together 1000x500`.",
    )


def compared(seen: Sequence[dict[str, Json | None]]) -> list[Sequence[object]]:
    """A row for each contender over several seeds, as a multiple of the bare flow."""
    ours = [rows.get(OURS) for rows in seen]
    flow = median(one["seconds"] for rows in seen if (one := rows[BARE]))
    found: list[Sequence[object]] = []
    for name in (BARE, OURS, *OTHERS):
        whole = [one for rows in seen if (one := rows[name])]
        times = [one["seconds"] for one in whole]
        found.append(
            (
                name,
                "" if name == BARE else answers(ours, [rows[name] for rows in seen]),
                f"{median(times) * 1000:,.1f}" if times else "",
                f"{median(times) / flow:,.1f}" if times else "",
                f"{median(one['memory'] for one in whole):,.0f}" if whole else "",
            )
        )
    return found


if __name__ == "__main__":
    sys.stdout.write(main([Instance.read(one) for one in sys.argv[1:]] or INSTANCES))
