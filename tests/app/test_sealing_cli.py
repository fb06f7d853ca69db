"""`bednight sealing`: keys are made once, counted, and changed while others read what they sealed."""

import json
import threading
from pathlib import Path

import pytest

from app.audit.models import AuditEvent
from app.config import Settings
from app.db import Database
from app.sealing import opening, wrapping
from app.sealing.box import DataKey, Place, seal
from tests.app.test_cli import bednight, done
from tests.proofs import measured, or_many, saw

pytestmark = pytest.mark.one_kind


def counted(url: str, keys: Path) -> list[tuple[str, int]]:
    found = json.loads(done("sealing", "status", "--json", url=url, BEDNIGHT_KEYS=str(keys)))
    return [(row["state"], row["wraps"]) for row in found]


def test_keys_are_made_where_the_setting_says_and_the_server_asks_for_them(tmp_path: Path, sqlite_url: str) -> None:
    folder = tmp_path / "new"
    for arguments in (("serve",), ("worker", "--once"), ("sealing", "status"), ("sealing", "rotate")):
        bare = bednight(*arguments, url=sqlite_url)
        assert (bare.returncode, "bednight sealing init" in bare.stderr, len(bare.stderr.splitlines())) == (2, True, 1)
        unmade = bednight(*arguments, url=sqlite_url, BEDNIGHT_KEYS=str(folder))
        assert (unmade.returncode, "bednight sealing init" in unmade.stderr) == (2, True)
    first = bednight("sealing", "init", url=sqlite_url, BEDNIGHT_KEYS=str(folder))
    again = bednight("sealing", "init", url=sqlite_url, BEDNIGHT_KEYS=str(folder))
    assert [first.stderr.split(":")[0], again.stderr.split(":")[0]] == ["Made", "There already"]
    assert counted(sqlite_url, folder) == [("current", 0), ("destroyed", 0)]
    beside = bednight("sealing", "init", url=sqlite_url, BEDNIGHT_DATA_KEYS=sqlite_url)
    assert (beside.returncode, "what opens it" in beside.stderr) == (2, True)


def test_rotation_is_on_record_and_a_key_that_is_missing_is_told(
    keys: Path, sqlite_url: str, database: Database
) -> None:
    ring = opening.needed(Settings(keys=keys))
    ring.keys_of(["min_1", "min_2", "system"])
    ring.destroy("min_2", database.clock.now())
    said = done("sealing", "rotate", url=database.engine.url.render_as_string(), BEDNIGHT_KEYS=str(keys))
    assert said.startswith("2 data keys wrapped anew by kek_")
    assert counted(sqlite_url, keys) == [("former", 0), ("current", 2), ("destroyed", 1)]
    with database.reading() as session:
        last = session.query(AuditEvent).order_by(AuditEvent.seq.desc()).first()
        assert last is not None
        assert (last.action, last.actor_kind, last.subject in said) == ("sealing.rotate", "operator", True)
    url = database.engine.url.render_as_string()
    done("sealing", "rotate", "--drop-former", url=url, BEDNIGHT_KEYS=str(keys))
    assert counted(sqlite_url, keys) == [("current", 2), ("destroyed", 1)]
    file = opening.key_file(keys)
    wrapping.add(file)
    wrapping.drop(file, {next(iter(wrapping.read(file)))})
    run = bednight("sealing", "status", url=url, BEDNIGHT_KEYS=str(keys))
    assert (run.returncode, "MISSING" in run.stdout) == (1, True)
    ring.close()


def test_everyone_s_key_is_wrapped_anew_while_they_are_read(keys: Path, sqlite_url: str, database: Database) -> None:
    count = or_many(300, 10_000)
    people = [f"min_{n}" for n in range(count)]
    ring = opening.needed(Settings(keys=keys))
    kept = ring.keys_of(people)
    sealed = {one: seal(kept[one], Place("t", "c", one), one.encode()) for one in people}
    reader, unreadable, reads, over = opening.needed(Settings(keys=keys)), [], 0, threading.Event()

    def read() -> None:
        nonlocal reads
        while not over.is_set():
            for one in people[reads % 97 :: 97]:
                reads += 1
                if reader.open(Place("t", "c", one), sealed[one]) != one:
                    unreadable.append(one)

    def try_to_read() -> None:
        try:
            read()
        except Exception as error:
            unreadable.append(repr(error))

    readers = [threading.Thread(target=try_to_read) for _ in range(2)]
    for thread in readers:
        thread.start()
    said = done("sealing", "rotate", url=sqlite_url, BEDNIGHT_KEYS=str(keys))
    done("sealing", "rotate", url=sqlite_url, BEDNIGHT_KEYS=str(keys))
    over.set()
    for thread in readers:
        thread.join()
    late = opening.needed(Settings(keys=keys))
    after = late.keys_by_id([key.id for key in kept.values()])
    assert unreadable == []
    assert {key.id for key in kept.values()} == set(after)
    assert all(DataKey(key.id, key.secret) == after[key.id] for key in kept.values())
    assert reads > 0
    saw("young people whose keys were wrapped anew while they were read", count)
    measured("seconds in which they were", float(said.rsplit(" ", 2)[1]))
    for one in (ring, reader, late):
        one.close()
