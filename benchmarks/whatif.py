"""A what-if over a whole year of the demo, beside the same with every decision derived again; and forty at once.

    python -m benchmarks.whatif

The year is the demo's, as `bednight demo` keeps it, or the database that DATABASE_URL and BEDNIGHT_KEYS name. Seconds
are those of the processor, of all processes together: what else the machine does meanwhile is left out.
"""

import os
import sys
from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from app.config import Settings
from app.console import connected
from app.demo.state import TONIGHT, invent
from app.demo.year import keeping
from app.whatif.schemas import WhatIf
from app.whatif.service import whatif
from app.whatif.sweep import sweep
from benchmarks.figures import write

CHANGES = (
    ["fund_metro30.max_age=20"],
    ["fund_river14.clock.nights14=30"],
    ["fund_crisis15.clock.days15=30"],
    ["fund_state60.min_age=17"],
)
CAPS = ("10", "21", "30", "45", "60", "90", "120", "none")
FORTY = [
    *([f"fund_metro30.max_age={age}"] for age in range(16, 24)),
    *([f"fund_metro30.min_age={age}"] for age in range(9, 17)),
    *([f"fund_river14.clock.nights14={cap}"] for cap in CAPS),
    *([f"fund_crisis15.clock.days15={cap}"] for cap in CAPS),
    *([f"fund_state60.min_age={age}"] for age in range(10, 18)),
]
WORKERS = 2


def main() -> str:
    """Measure, and write the figures."""
    settings, until = _year()
    return _one(settings, until) + "\n" + _forty(settings, until)


def _year() -> tuple[Settings, date]:
    if "DATABASE_URL" in os.environ:
        settings = Settings.from_env()
        with connected(settings) as database:
            return settings, database.clock.tonight()
    folder, demo = keeping.folder_of(), invent()
    file = keeping.kept(folder, demo, 365) or keeping.make(folder, demo, 365, _told)
    return Settings(database_url=f"sqlite:///{file}", keys=Path(file).parent / keeping.KEYS), TONIGHT


def _told(done: int, of: int) -> None:
    sys.stderr.write(f"\r{done} of {of} days lived through")


def _one(settings: Settings, until: date) -> str:
    rows = []
    for change in CHANGES:
        found, quick = _timed(settings, change, until, every=False)
        whole, slow = _timed(settings, change, until, every=True)
        if found.model_copy(update={"derived": 0}) != whole.model_copy(update={"derived": 0}):
            raise AssertionError(f"{change}: what was spared would have differed")
        ratio = f"{slow / quick:.1f}"
        rows.append([f"`{change[0]}`", found.decisions, found.derived, f"{quick:.1f}", f"{slow:.1f}", ratio])
    head = ["change", "decisions", "derived again", "seconds", "seconds, every one derived", "ratio"]
    return write("What-if", "python -m benchmarks.whatif", head, rows)


def _forty(settings: Settings, until: date) -> str:
    """Forty on the pool of this machine, and on a cluster of two workers that is started for it: the same answers."""
    begun = _processors()
    pool = sweep(settings, FORTY, None, until, workers=WORKERS)
    between = _processors()
    distributed: Any = import_module("distributed")
    with distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        there = sweep(settings, FORTY, None, until, cluster=cluster.scheduler_address)
    ended = _processors()
    if pool != there:
        raise AssertionError("the cluster answered otherwise than the pool")
    rows = [
        [f"a pool of {WORKERS} processes", len(pool), f"{between - begun:.0f}", f"{(between - begun) / len(pool):.1f}"],
        [f"a Dask cluster of {WORKERS} workers", len(there), f"{ended - between:.0f}",
         f"{(ended - between) / len(there):.1f}"],
    ]  # fmt: skip
    head = ["where", "what-ifs", "seconds, all processes", "seconds each"]
    note = f"Over the same year of {pool[0].decisions:,} decisions; the answers are the same."
    return write("Forty what-ifs at once", "python -m benchmarks.whatif", head, rows, note)


def _processors() -> float:
    """Seconds of the processor that this process and those that it started and saw end have had."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _timed(settings: Settings, change: Sequence[str], until: date, *, every: bool) -> tuple[WhatIf, float]:
    with connected(settings) as database, database.reading() as session:
        begun = _processors()
        found = whatif(session, database.clock, change, until=until, every=every)
        return found, _processors() - begun


if __name__ == "__main__":
    sys.stdout.write(main())
