"""A process that writes until it has tried often enough, or is killed: `python -m tests.faults.writer URL FOLDER N`."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import sleep

from sqlalchemy.exc import DBAPIError

from app.db import Database
from tests.faults.desk import ClockOnFile, Desk, Stage, note_in
from tests.keys import ring_in

AWAY = {None, "57P01", "57P02", "57P03"}
"""What a server that ends, starts or cannot be reached says of itself, if it still can."""


def main(url: str, folder: Path, number: int, threads: int, tries: int) -> None:
    """Work at several desks at once; each goes on with what was in doubt when the process was killed."""
    stage = Stage(**json.loads((folder / "stage.json").read_text()))
    database = Database(url, ClockOnFile(folder / "clock"), ring_in(folder))

    def sit_down(at: int) -> Desk:
        path = folder / f"notes-{number}-{at}"
        before = path.read_text().split("\n")[:-1] if path.exists() else []
        desk = Desk(database, stage, Random(f"{number} {at} {len(before)}"), note_in(path))  # noqa: S311
        last = json.loads(before[-1]) if before else {}
        desk.in_doubt = last.get("trying")
        for _ in range(tries):
            through_an_outage(lambda: desk.work(1))
        return desk

    with ThreadPoolExecutor(threads) as pool:
        desks = list(pool.map(sit_down, range(threads)))
    took = [seconds for desk in desks for seconds in desk.took]
    seen = {what: sum(desk.seen[what] for desk in desks) for desk in desks for what in desk.seen}
    (folder / f"summary-{number}.json").write_text(json.dumps({"took": took, "seen": seen}))


def through_an_outage(act: Callable[[], None]) -> None:
    """Do it; where the database went away in the middle, leave it in doubt and go on as soon as it is back."""
    try:
        act()
    except DBAPIError as error:
        if not error.connection_invalidated and getattr(error.orig, "sqlstate", None) not in AWAY:
            raise
        sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6]))
