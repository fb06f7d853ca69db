"""The product as it is run, over HTTP: many who want few beds, and kill -9 of servers, worker and database."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event
from time import sleep

import httpx2
import pytest
from sqlalchemy import func, or_, select

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.db import Database
from app.exchange.schemas import WebhookCreate
from app.exchange.service import create_webhook
from app.outbox.models import OutboxDelivery, OutboxEvent
from migrations.run import upgrade
from tests import needs
from tests.actors import key_headers
from tests.conftest import EVENING
from tests.faults.afterwards import (
    Acknowledged,
    acknowledged,
    all_that_was_acknowledged_is_there,
    nothing_is_double_or_half,
    the_cards_agree,
)
from tests.faults.callers import Caller, Matter
from tests.faults.desk import ClockOnFile, set_stage
from tests.faults.desk import note_in as noting
from tests.faults.site import LOOPBACK, Site, running
from tests.keys import ring_in
from tests.postgres import Cluster, find_binaries
from tests.proofs import measured, or_many, saw
from tests.receiver import Receiver, receiving

CALLERS = 16
EACH = or_many(2, 16)
"""How many claims each caller makes before time goes on."""
ROUNDS = 2
WAITING = 12
KILLS = or_many(3, 4)
BETWEEN = 8
"""How many claims are acknowledged between two kills: enough to be in the middle of work again."""
MINUTES = (1, 20, 60) if KILLS < 20 else (1, 4, 12)
"""How far time goes on after a kill. All kills together lie before the night turns: who is on duty then nobody said."""


class Scene:
    """A database on PostgreSQL with few beds, and whoever calls."""

    def __init__(self, url: str, folder: Path, *, houses: int, referrals: int) -> None:
        self.url, self.folder = url, folder
        (folder / "clock").write_text(EVENING.isoformat())
        self.clock = ClockOnFile(folder / "clock")
        database = Database(url, self.clock, ring_in(folder))
        stage = set_stage(database, houses=houses, referrals=referrals)
        self.agencies = [stage.agency, *stage.houses.values()]
        staff = {
            name: key_headers(database, Role.FACILITY_STAFF, agency_id=agency) for name, agency in stage.houses.items()
        }
        asks = key_headers(database, Role.INTAKE_COORDINATOR, agency_id=stage.agency)
        self.matter = Matter(asks, staff, stage.referrals)
        database.close()

    @contextmanager
    def callers(self, site: Site) -> Iterator[list[Caller]]:
        """As many as there are, each with a file of its own for what was acknowledged."""
        with ExitStack() as stack:
            callers = []
            for n in range(CALLERS):
                note = noting(self.folder / f"notes-{n}")
                client = stack.enter_context(httpx2.Client(timeout=30))
                callers.append(Caller(site.bases, self.matter, client, Random(n), note))  # noqa: S311
            yield callers

    def look(self) -> int:
        """Everything is there, whole and once; how many claims were acknowledged."""
        said = acknowledged(self.folder.glob("notes-*"))
        with self.database() as database:
            nothing_is_double_or_half(database)
            the_cards_agree(database)
            with database.reading() as session:
                all_that_was_acknowledged_is_there(session, said)
        return sum("claimed" in row for row in said)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """A way into the database of our own."""
        database = Database(self.url, self.clock, ring_in(self.folder))
        yield database
        database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_sixteen_callers_of_four_servers(database_url: str, tmp_path: Path) -> None:
    scene = Scene(database_url, tmp_path, houses=3, referrals=WAITING)
    with running(database_url, tmp_path, servers=4) as site, scene.callers(site) as callers:
        for _ in range(ROUNDS):
            with ThreadPoolExecutor(CALLERS) as pool:
                list(pool.map(lambda caller: [caller.work() for _ in range(EACH)], callers))
            with scene.database() as database:
                nothing_is_double_or_half(database)
            scene.clock.move(timedelta(minutes=70))
        assert site.none_failed()
    made = scene.look()
    took = sorted(seconds for caller in callers for seconds in caller.took)
    kind = f"over HTTP, {CALLERS} callers of 4 servers on postgresql"
    seen = sum((caller.seen for caller in callers), Counter[str]())
    assert 0 < made == seen["claim: done"]
    saw(f"claims tried ({kind})", len(took))
    saw(f"claims acknowledged ({kind})", made)
    measured(f"p99 of a claim, ms ({kind})", took[int(len(took) * 0.99)] * 1000)


@pytest.fixture
def durable() -> Iterator[Cluster]:
    """A PostgreSQL server that writes through to the disk, to be killed."""
    binaries = find_binaries()
    if binaries is None:
        needs.unavailable("PostgreSQL")
    with Cluster(binaries, durable=True) as running_one:
        yield running_one


def test_killing_servers_the_worker_and_postgresql(durable: Cluster, tmp_path: Path) -> None:
    url = durable.create()
    upgrade(url)
    scene = Scene(url, tmp_path, houses=6, referrals=WAITING)
    killed: Counter[str] = Counter()
    with receiving() as receiver:
        _subscribe(scene, receiver)
        with running(url, tmp_path, servers=2) as site, scene.callers(site) as callers:
            enough, so_far = Event(), Acknowledged(tmp_path)
            with ThreadPoolExecutor(CALLERS) as pool:
                working = [pool.submit(_until, enough, caller) for caller in callers]
                try:
                    for kill in range(KILLS):
                        while so_far.claims() < BETWEEN * (kill + 1):
                            assert site.none_failed(), "a process ended by itself"
                            assert not any(caller.done() for caller in working), "a caller failed"
                            sleep(0.02)
                        killed[_kill_something(kill, site, durable)] += 1
                        scene.clock.move(timedelta(minutes=MINUTES[kill % 3]))
                except BaseException:
                    scene.matter.over.set()
                    raise
                finally:
                    enough.set()
            for caller in working:
                caller.result()
            site.wait()
            told = _all_is_told(scene, receiver)
    made = scene.look()
    again = sum(caller.seen["claim: no answer"] + caller.seen["claim: busy"] for caller in callers)
    saw("claims acknowledged over HTTP between kills", made)
    saw("claims sent again with the same key, since nobody answered", again)
    saw("events delivered to a receiver, between kills", told)
    for what, count in killed.items():
        saw(f"kill -9 of {what}, under load over HTTP", count)


def _until(enough: Event, caller: Caller) -> None:
    while not enough.is_set():
        caller.work()


def _kill_something(kill: int, site: Site, cluster: Cluster) -> str:
    """A server, the worker, the database and a server again, in turn."""
    if kill % 4 == 1:
        site.kill_worker()
        return "a worker"
    if kill % 4 == 2:
        cluster.kill()
        cluster.start()
        return "the whole PostgreSQL server"
    site.kill_server(kill % len(site.ports))
    return "a server"


def _subscribe(scene: Scene, receiver: Receiver) -> None:
    """Every agency is told of everything, by one receiver."""
    with scene.database() as database, database.writing() as session:
        for agency in scene.agencies:
            actor = Actor(
                agency_id=agency, kind=AgencyKind.RESIDENTIAL, role=Role.ADMINISTRATOR, person_id="pers_admin"
            )
            new = WebhookCreate.model_validate({"url": receiver.url})
            create_webhook(session, actor, new, scene.clock.now(), (LOOPBACK,))


def _all_is_told(scene: Scene, receiver: Receiver) -> int:
    """The worker that is at work now tells everything, what was cut off before included; how many events there were."""
    with scene.database() as database:
        for _ in range(1000):
            with database.reading() as session:
                due = OutboxEvent.due_at <= scene.clock.now()
                if not session.scalar(select(func.count()).where(due, OutboxEvent.delivered_at.is_(None))):
                    break
            # Past the claims of whoever was killed, and past the wait of what was not taken.
            scene.clock.move(timedelta(minutes=1))
            sleep(0.1)
        with database.reading() as session:
            lost = or_(OutboxEvent.delivered_at.is_(None), OutboxEvent.dead_at.is_not(None))
            assert not session.scalar(select(func.count()).where(due, lost)), "an event was not delivered"
            assert session.scalar(select(func.count(OutboxDelivery.id))) or 0 > 0
            events = set(session.scalars(select(OutboxEvent.id).where(due)))
    assert events <= set(receiver.ids), "an event is marked as delivered that nobody got"
    return len(events)
