"""kill -9 in the middle of the load, of who writes and of the database: what was acknowledged is there, and whole."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from random import Random
from time import sleep

import pytest

from app.db import Database
from migrations.run import upgrade
from tests import needs
from tests.conftest import EVENING
from tests.faults.afterwards import (
    Acknowledged,
    acknowledged,
    all_that_was_acknowledged_is_there,
    nothing_is_double_or_half,
    the_cards_agree,
)
from tests.faults.desk import ClockOnFile, set_stage
from tests.keys import ring_in
from tests.postgres import Cluster, find_binaries
from tests.proofs import or_many, saw

PROCESSES, THREADS = 2, 4
KILLS = or_many(3, 4)
BETWEEN = or_many(10, 40)
"""How many claims are acknowledged between two kills."""


@pytest.fixture
def durable() -> Iterator[Cluster]:
    """A PostgreSQL server that writes through to the disk, to be killed."""
    binaries = find_binaries()
    if binaries is None:
        needs.unavailable("PostgreSQL")
    with Cluster(binaries, durable=True) as running:
        yield running


def test_killing_writers_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    Load(sqlite_url, tmp_path, None).outlives(KILLS)


def test_killing_writers_and_postgresql(durable: Cluster, tmp_path: Path) -> None:
    url = durable.create()
    upgrade(url)
    Load(url, tmp_path, durable).outlives(KILLS)


class Load:
    """Processes that write, each started again when it is killed, and what they noted."""

    def __init__(self, url: str, folder: Path, cluster: Cluster | None) -> None:
        self.url, self.folder, self.cluster = url, folder, cluster
        (folder / "clock").write_text(EVENING.isoformat())
        self.clock = ClockOnFile(folder / "clock")
        self.acknowledged = Acknowledged(folder)
        self.database = Database(url, self.clock, ring_in(folder))
        stage = set_stage(self.database, houses=20, referrals=60)
        (folder / "stage.json").write_text(json.dumps(asdict(stage)))

    def outlives(self, kills: int) -> None:
        """Kill again and again; look through everything now and then, and at the end."""
        random = Random(kills)  # noqa: S311 - which is killed next
        writers = [self._start(n) for n in range(PROCESSES)]
        of_the_server = 0
        try:
            for kill in range(kills):
                self._wait_for(BETWEEN * (kill + 1), writers)
                if self.cluster is not None and random.random() < 0.4:
                    self.cluster.kill()
                    self.cluster.start()
                    of_the_server += 1
                else:
                    at = random.randrange(PROCESSES)
                    writers[at].kill()
                    writers[at].wait()
                    writers[at] = self._start(at)
                self.clock.move(timedelta(minutes=random.choice((1, 20, 60))))
        finally:
            for writer in writers:
                writer.kill()
                writer.wait()
        self._look(kills, of_the_server)

    def _look(self, kills: int, of_the_server: int) -> None:
        database = Database(self.url, self.clock, ring_in(self.folder))
        nothing_is_double_or_half(database)
        the_cards_agree(database)
        said = acknowledged(self.folder.glob("notes-*"))
        with database.reading() as session:
            all_that_was_acknowledged_is_there(session, said)
        database.close()
        self.database.close()
        kind = self.url.partition(":")[0]
        saw(f"claims acknowledged between kills ({kind})", sum("claimed" in row for row in said))
        saw(f"kill -9 of a process that wrote ({kind})", kills - of_the_server)
        if self.cluster is not None:
            saw("kill -9 of the whole PostgreSQL server", of_the_server)

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.faults.writer", self.url, str(self.folder)]
        # Drivers complain of what was cut off; a writer that fails is seen by its ending.
        with (self.folder / f"errors-{number}").open("ab") as errors:
            return subprocess.Popen([*command, str(number), str(THREADS), str(10**9)], stderr=errors)

    def _wait_for(self, claims: int, writers: "list[subprocess.Popen[bytes]]") -> None:
        """Until so many claims in all have been acknowledged; a writer that ends by itself has failed."""
        while self.acknowledged.claims() < claims:
            assert all(writer.poll() is None for writer in writers), "a writer failed"
            sleep(0.02)
