"""Sixteen who want the same six beds, while holds run out: nothing is double, and no deadlock is ever seen."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.db import Database
from tests.conftest import EVENING
from tests.faults.afterwards import (
    acknowledged,
    all_that_was_acknowledged_is_there,
    nothing_is_double_or_half,
    the_cards_agree,
)
from tests.faults.desk import ClockOnFile, set_stage
from tests.keys import ring_in
from tests.proofs import measured, or_many, saw

Json = dict[str, Any]
WRITERS = 16
ROUNDS = or_many(2, 1)


def test_sixteen_writers_in_one_process(database_url: str, tmp_path: Path) -> None:
    write(database_url, tmp_path, processes=1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_sixteen_writers_in_four_processes(database_url: str, tmp_path: Path) -> None:
    write(database_url, tmp_path, processes=4)


def write(url: str, folder: Path, processes: int) -> None:
    """Rounds of claims; between them the clock moves on, so that holds run out among the claims of the next."""
    (folder / "clock").write_text(EVENING.isoformat())
    clock = ClockOnFile(folder / "clock")
    database = Database(url, clock, ring_in(folder))
    (folder / "stage.json").write_text(json.dumps(asdict(set_stage(database))))
    took: list[float] = []
    seen: Counter[str] = Counter()
    each = -(-or_many(WRITERS * ROUNDS, 4_000) // (WRITERS * ROUNDS))
    for _ in range(ROUNDS):
        run = [str(WRITERS // processes), str(each)]
        command = [sys.executable, "-m", "tests.faults.writer", url, str(folder)]
        for process in [subprocess.Popen([*command, str(n), *run]) for n in range(processes)]:
            assert process.wait() == 0
        for path in folder.glob("summary-*.json"):
            told = json.loads(path.read_text())
            took += told["took"]
            seen.update(told["seen"])
        nothing_is_double_or_half(database)
        clock.move(timedelta(minutes=70))
    the_cards_agree(database)
    with database.reading() as session:
        all_that_was_acknowledged_is_there(session, acknowledged(folder.glob("notes-*")))
    database.close()
    assert seen["gave up"] == 0
    kind = f"{url.partition(':')[0]}, {WRITERS} writers in {processes} process{'' if processes == 1 else 'es'}"
    saw(f"claims tried ({kind})", len(took))
    saw(f"claims acknowledged ({kind})", seen["claim: done"])
    saw(f"transactions tried again ({kind})", seen["tried again"])
    saw(f"claims that were told to come back, since the lock took over two seconds ({kind})", seen["busy"])
    measured(f"p99 of a claim, ms ({kind})", sorted(took)[int(len(took) * 0.99)] * 1000)
