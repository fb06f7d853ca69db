"""A what-if over a kept period, beside the same with every decision derived again: equal counts, and the ratio.

    bednight demo --days 120 --no-serve --keep DIR
    DATABASE_URL=sqlite:///DIR/bednight.db BEDNIGHT_KEYS=DIR/bednight.keys python -m benchmarks.whatif

Seconds are those of the processor: what else the machine does meanwhile is left out.
"""

import sys
from time import process_time

from app.console import connected
from app.whatif.schemas import WhatIf
from app.whatif.service import whatif
from benchmarks.figures import write

CHANGES = (
    ["fund_metro30.max_age=20"],
    ["fund_river14.clock.nights14=30"],
    ["fund_crisis15.clock.days15=30"],
    ["fund_state60.min_age=17"],
)


def main() -> str:
    """Measure, and write the figures."""
    rows = []
    for change in CHANGES:
        found, quick = _timed(change, every=False)
        whole, slow = _timed(change, every=True)
        if found.model_copy(update={"derived": 0}) != whole.model_copy(update={"derived": 0}):
            raise AssertionError(f"{change}: what was spared would have differed")
        ratio = f"{slow / quick:.1f}"
        rows.append([f"`{change[0]}`", found.decisions, found.derived, f"{quick:.1f}", f"{slow:.1f}", ratio])
    head = ["change", "decisions", "derived again", "seconds", "seconds, every one derived", "ratio"]
    return write("What-if", "python -m benchmarks.whatif", head, rows)


def _timed(change: list[str], *, every: bool) -> tuple[WhatIf, float]:
    with connected() as database, database.reading() as session:
        begun = process_time()
        found = whatif(session, database.clock, change, every=every)
        return found, process_time() - begun


if __name__ == "__main__":
    sys.stdout.write(main())
