"""`bednight worker`: does what the clock brings due, and tells those who are to be told, round after round."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated

import typer
from sqlalchemy import make_url

from app.audit.checkpoints import Checkpoints, signing_key
from app.beds import due as beds
from app.config import Settings
from app.console import connected, say
from app.db import Database
from app.emergency import due as emergency
from app.exchange.webhooks import Webhooks
from app.minors import contacts
from app.notices.channel import Notices
from app.outbox.channels import Channel
from app.outbox.delivery import deliver_due
from app.placements import due as placements
from app.placements.prices import learn_anew
from app.placements.walk_in import judge_cut_off
from app.reports.publishing import publish_due
from app.reports.unlocks import look_into_gaps
from app.sealing.opening import needed
from app.stays.rolling import roll
from app.tasks.service import tell_due

DUE: tuple[Callable[[Database], int], ...] = (
    placements.run,
    judge_cut_off,
    tell_due,
    roll,
    beds.reopen,
    beds.remind,
    learn_anew,
    emergency.run,
    contacts.look,
    publish_due,
    look_into_gaps,
)
"""What becomes due by the clock alone. Each does it, in transactions of its own, and says how much it was."""
EVERY = 1.0
"""Seconds between two rounds."""
log = logging.getLogger("bednight")


class Worker:
    """Rounds over one database: in a process of its own, beside the server in a thread, or asked for one at a time."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.channels: tuple[Channel, ...] = (Notices(), Webhooks(settings.webhook_hosts))
        self.due = (*DUE, *_checkpoints(settings))
        """What a round does; a demo adds what its invented people do."""
        self._database = database
        self._inside = settings.worker_inside
        self._file = _sqlite_file(settings.database_url)
        self._stop = Event()
        self._lock = Lock()

    def round(self) -> int:
        """Do and tell everything that is due by now; how many things became due."""
        with self._alone():
            became_due = sum(map(self._due, self.due))
            return became_due + deliver_due(self._database, self.channels, stopped=self._stop.is_set)

    def _due(self, due: Callable[[Database], int]) -> int:
        """What one of them did. One that fails keeps nobody from being told."""
        try:
            return due(self._database)
        except Exception as failure:
            log.error("%s failed: %s", due.__module__, type(failure).__name__)
            return 0

    def run(self) -> None:
        """Go round until stopped. A round that fails is told to the log, and the next one tries again."""
        while not self._stop.is_set():
            try:
                self.round()
            except Exception as failure:
                log.error("a round of the worker failed: %s", type(failure).__name__)
            self._stop.wait(EVERY)

    def stop(self) -> None:
        """End after the delivery that is under way."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    @contextmanager
    def beside_the_server(self) -> Iterator[None]:
        """A thread for as long as the server answers, where the settings or the kind of database want one."""
        if not (self._inside or (self._inside is None and self._file is not None)):
            yield
            return
        self._stop.clear()
        thread = Thread(target=self.run, name="bednight worker")
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """On SQLite one round at a time, whichever process it is in; on PostgreSQL each works beside the others."""
        with self._lock:
            if self._file is None:
                yield
                return
            import fcntl

            with self._file.open("a") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield


def worker(
    once: Annotated[bool, typer.Option("--once", help="One round, then stop.")] = False,
) -> None:
    """Deliver what is due until Ctrl-C or SIGTERM: notices, webhooks, and what the clock brings."""
    settings = Settings.from_env()
    needed(settings).close()
    with connected(settings) as database:
        working = Worker(database, settings)
        if once:
            typer.echo(f"{working.round()} became due.")
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            # The handler may interrupt whoever holds the lock of the event, so it does not wait for it itself.
            signal.signal(number, lambda *_: Thread(target=working.stop).start())
        say("Working. Stop with Ctrl-C.")
        working.run()
    say("Stopped.")


def _checkpoints(settings: Settings) -> tuple[Callable[[Database], int], ...]:
    """The hourly checkpoint of the audit trail, where a deployment says where to and by which key."""
    if settings.checkpoints is None or settings.checkpoint_key is None:
        return ()
    return (Checkpoints(settings.checkpoints, signing_key(settings.checkpoint_key)),)


def _sqlite_file(url: str) -> Path | None:
    """The file that says who is at work, beside the database's own."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(f"{parsed.database}-worker")
