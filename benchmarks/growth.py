"""From 50 who wait to 100,000: time and memory of the rules, of the plan and of every regret, beside other solvers.

`python -m benchmarks.growth` draws docs/growth.svg too; `python -m benchmarks.growth 50 600 2000` takes other numbers
of who waits. One State has sixty houses and six hundred who wait; what grows then is the number of States, each
judged by itself, all solved as one network. A solver that takes long is not asked for more.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.alone import Json, alone, peak_memory, timed
from benchmarks.contest import LIMIT, contest
from benchmarks.figures import FIGURES, write
from benchmarks.instances import by_rules, joined, save
from benchmarks.networks import network
from benchmarks.plot import Panel, svg
from matching.codec import decode

WAITING = (50, 200, 600, 2_000, 10_000, 30_000, 100_000)
A_STATE = (600, 60)
"""Who wait, and houses."""
SEED = 1
LONG = 3.0
"""Seconds that a solver may take to be asked for the next size."""
READING, RULES = "reading the snapshots", "rules, payers and costs of every pair"
PLAN, REGRETS = "Bednight", "Bednight, with every regret"
BEFORE = {name: f"Bednight: {name}" for name in (READING, RULES)}
SOLVERS = {
    PLAN: "Bednight: the plan, proved",
    REGRETS: "Bednight: the plan and every regret",
    "HiGHS, through scipy": "HiGHS: the plan, proved",
    "networkx, network simplex": "networkx: the plan, proved",
    "CBC, through PuLP": "CBC: the plan, proved",
}
PICTURE = FIGURES.parent / "growth.svg"


def main(sizes: Sequence[int] = WAITING) -> str:
    """Measure every size, draw the picture, and write the figures."""
    seen = measure(sizes)
    draw(seen, PICTURE)
    head = ("waiting by facilities", "pairs", "what", "seconds", "peak memory, MB")
    others = [str(size) for size in sizes if sizes is not WAITING]
    return write(
        "Growth",
        " ".join(("python -m benchmarks.growth", *others)),
        head,
        [row for one in seen for row in _rows(one)],
        f"![Seconds and memory by how many wait, on logarithmic axes]({PICTURE.name})\n\n"
        f"Seed {SEED}. Processor time and memory, each row a process of its own but for the first two, which share "
        "one. Snapshots are invented, which is not counted, read from JSON with every check of what is read, and "
        "judged to arrays, State after State; all others go from these arrays to an answer, in one network. A regret "
        "is the exact change of the optimum with a pair imposed. Every solver gave the same "
        f"optimum. One that takes more than {LONG:.0f} s is not asked for more; {LIMIT} s is the most.",
    )


def measure(sizes: Sequence[int]) -> list[Json]:
    """Each size: `waiting`, `facilities`, `pairs`, and `found` (seconds, memory and value by name)."""
    names = list(SOLVERS)
    seen = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "instance.npz"
            rules = alone("benchmarks.growth", "judge", size, file)
            found = contest(names, file)
        done = {name: one for name, one in found.items() if one is not None}
        wrong = [name for name, one in done.items() if one["value"] != done[PLAN]["value"]]
        if wrong:
            raise ArithmeticError(f"{', '.join(wrong)}: not the same optimum as ours at {size}")
        names = [name for name in names if name in (PLAN, REGRETS) or (name in done and done[name]["seconds"] < LONG)]
        seen.append({"waiting": size, **{key: rules[key] for key in ("facilities", "pairs")}})
        seen[-1]["found"] = {**rules["found"], **done}
    return seen


def judge(waiting: int, file: Path) -> Json:
    """Judge every pair, State after State, and keep all as one network."""
    count = max(1, round(waiting / A_STATE[0]))
    each = [waiting // count + (at < waiting % count) for at in range(count)]
    parts, reading, judging = [], 0.0, 0.0
    for at, many in enumerate(each):
        document = network(A_STATE[1], many, SEED + 1000 * at)
        snapshot, seconds = timed(partial(decode, document))
        reading += seconds
        part, seconds = timed(partial(by_rules, snapshot))
        judging += seconds
        parts.append(part)
    memory = peak_memory()
    whole = joined(parts)
    save(file, whole)
    found = {READING: {"seconds": reading, "memory": memory}, RULES: {"seconds": judging, "memory": memory}}
    return {"found": found, "pairs": len(whole.pair_minor), "facilities": count * A_STATE[1]}


def draw(seen: Sequence[Json], picture: Path) -> None:
    """Draw time and memory of every size."""
    named = BEFORE | SOLVERS
    panels = []
    for heading, key in (("Processor seconds", "seconds"), ("Peak memory, MB", "memory")):
        lines = {
            label: [(row["waiting"], row["found"][name][key]) for row in seen if name in row["found"]]
            for name, label in named.items()
        }
        panels.append(Panel(heading, {label: line for label, line in lines.items() if line}))
    last = seen[-1]
    seconds = {name: row["seconds"] for name, row in last["found"].items()}
    description = (
        f"For {last['waiting']:,} who wait: {seconds[READING]:.0f} s to read the snapshots, {seconds[RULES]:.0f} s to "
        f"judge every pair, {seconds[PLAN]:.1f} s for the plan, {seconds[REGRETS]:.1f} s with every regret. The table "
        "in figures.md has all numbers."
    )
    picture.write_text(svg("How time and memory grow with how many wait", description, "young people waiting", panels))


def _rows(one: Json) -> list[Sequence[object]]:
    named = (f"{one['waiting']:,} by {one['facilities']:,}", f"{one['pairs']:,}")
    labels = BEFORE | SOLVERS
    return [
        (*named, labels[name], f"{row['seconds']:,.3f}", f"{row['memory']:,.0f}") for name, row in one["found"].items()
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["judge"]:
        sys.stdout.write(json.dumps(judge(int(sys.argv[2]), Path(sys.argv[3]))) + "\n")
    else:
        sys.stdout.write(main([int(one) for one in sys.argv[1:]] or WAITING))
