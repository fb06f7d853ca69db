"""The worker: a real process, killed in the middle of its work or asked to end; on SQLite one at a time."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

import app.worker as module
from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.notices.models import Notice
from app.outbox import emit
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.worker import Worker
from tests.factories import Caller, made
from tests.receiver import Receiver, receiving

BEDNIGHT = Path(sys.executable).parent / "bednight"
LONG_AGO = timedelta(days=400)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """This computer may be sent to."""
    return replace(settings, webhook_hosts=("127.0.0.1",))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A program that is told."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def agency_id(client: TestClient, database: Database, receiver: Receiver) -> str:
    """An agency with a receiver."""
    admin = Caller(client, database, Role.ADMINISTRATOR)
    made(admin.post("/v1/webhooks", {"url": receiver.url}))
    return admin.agency_id


def tell(database: Database, agency_id: str, count: int) -> set[str]:
    """Events that are due by any clock; their ids."""
    with database.writing() as session:
        for n in range(count):
            emit(
                session,
                "offer.made",
                agency_id=agency_id,
                subject_kind="offer",
                subject_id=f"offer_{n}",
                due_at=database.clock.now() - LONG_AGO,
            )
        return set(session.scalars(select(OutboxEvent.id)))


@contextmanager
def running(settings: Settings, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`bednight worker` in a process of its own."""
    env = {**os.environ, "DATABASE_URL": settings.database_url, "BEDNIGHT_WEBHOOK_HOSTS": "127.0.0.1"}
    env["BEDNIGHT_KEYS"] = str(settings.keys)
    process = subprocess.Popen(
        [BEDNIGHT, "worker", *arguments], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def open_deliveries(database: Database) -> int:
    with database.reading() as session:
        query = select(func.count()).where(OutboxDelivery.delivered_at.is_(None))
        return session.scalar(query) or 0


def test_a_killed_worker_loses_nothing(
    app: FastAPI, database: Database, settings: Settings, agency_id: str, receiver: Receiver, clock: MovableClock
) -> None:
    ids = tell(database, agency_id, 40)
    worker: Worker = app.state.worker
    for lets_through in (0, 7, 12):
        receiver.silent_after = lets_through
        receiver.waiting.clear()
        with running(settings) as process:
            # A message is there and not yet answered: the worker dies holding it.
            assert receiver.waiting.wait(60)
            process.send_signal(signal.SIGKILL)
            assert process.wait(30) == -signal.SIGKILL
        # Its claim would end in two minutes of the machine's clock, by which it worked.
        with database.writing() as session:
            session.execute(update(OutboxDelivery).values(claimed_until=database.clock.now() - LONG_AGO))
    assert open_deliveries(database) == 40 - 7 - 12
    receiver.silent_after = None
    with database.reading() as session:
        clock.set(session.scalars(select(func.max(OutboxDelivery.next_try_at))).one() or clock.now())
    worker.round()
    counts = Counter(receiver.ids)
    assert set(counts) == ids
    assert sum(counts.values()) - len(ids) == 3  # one message in doubt for each time it was killed
    assert open_deliveries(database) == 0
    with database.reading() as session:
        assert session.scalar(select(func.count(Notice.seq))) == len(ids)
        assert all(event.delivered_at for event in session.scalars(select(OutboxEvent)))


@pytest.mark.one_kind
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked_after_the_delivery_under_way(
    database: Database, settings: Settings, agency_id: str, receiver: Receiver, number: signal.Signals
) -> None:
    tell(database, agency_id, 3)
    receiver.silent_after = 1
    with running(settings) as process:
        assert receiver.waiting.wait(60)
        process.send_signal(number)
        receiver.speak.set()
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, "")
    assert stderr == "Working. Stop with Ctrl-C.\nStopped.\n"
    assert open_deliveries(database) == 3 - len(receiver.got)
    assert len(set(receiver.ids)) == len(receiver.ids)


@pytest.mark.one_kind
def test_once_is_one_round(database: Database, settings: Settings, agency_id: str, receiver: Receiver) -> None:
    ids = tell(database, agency_id, 3)
    with running(settings, "--once") as process:
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (0, "3 became due.\n", "")
    assert set(receiver.ids) == ids


def test_what_the_clock_brings_comes_before_what_is_told(
    app: FastAPI, database: Database, agency_id: str, receiver: Receiver
) -> None:
    def bring(found: Database) -> int:
        assert found is database
        return len(tell(database, agency_id, 2))

    def fail(found: Database) -> int:
        raise RuntimeError("JANE DOE")

    worker: Worker = app.state.worker
    worker.due = (fail, bring)
    assert worker.round() == 2 + 2
    assert len(receiver.got) == 2


@pytest.mark.one_kind
def test_a_round_that_fails_is_told_to_the_log_and_tried_again(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker: Worker = app.state.worker
    rounds = []

    def go() -> int:
        rounds.append(1)
        if len(rounds) == 3:
            worker.stop()
        raise RuntimeError("JANE DOE")

    monkeypatch.setattr(worker, "round", go)
    monkeypatch.setattr(module, "EVERY", 0)
    worker.run()
    assert len(rounds) == 3
    assert "RuntimeError" in caplog.text
    assert "JANE" not in caplog.text


def workers() -> set[threading.Thread]:
    """The threads of this process that work beside a server; those of other tests' servers among them."""
    return {thread for thread in threading.enumerate() if thread.name == "bednight worker"}


@pytest.mark.parametrize("inside", [None, True, False])
def test_the_server_works_too_on_sqlite_or_where_it_is_told_to(
    settings: Settings, clock: MovableClock, inside: bool | None
) -> None:
    from app.main import create_app

    application = create_app(replace(settings, worker_inside=inside), clock=clock)
    here, before = threading.Event(), workers()
    application.state.worker.round = here.set
    expected = settings.database_url.startswith("sqlite") if inside is None else inside
    with TestClient(application):
        assert here.wait(30 if expected else 0) == expected
        assert len(workers() - before) == expected
    assert workers() == before


def test_on_sqlite_there_is_one_round_at_a_time(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite, met = settings.database_url.startswith("sqlite"), []
    both = threading.Barrier(2, timeout=0.2 if sqlite else 60)

    def due(_: Database) -> int:
        try:
            met.append(both.wait())
        except threading.BrokenBarrierError:
            both.reset()
        return 0

    monkeypatch.setattr(module, "DUE", (due,))
    # Two workers, as in two processes: each opens the file for itself.
    threads = [threading.Thread(target=Worker(database, settings).round) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(met) == (0 if sqlite else 2)
