"""What a demo plays on: an invented state or somebody's own snapshot, its clock, its database, its server."""

import json
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from app import serving
from app.clock import MovableClock
from app.config import Settings
from app.console import Refused
from app.db import Database, make_engine
from app.demo.shifts import keep_shifts
from app.demo.stage import Doors, stage_demo, stage_doors, stage_network
from app.demo.state import TONIGHT, ZONE, Demo, invent
from app.demo.year.figures import Year, year
from app.demo.year.keeping import KEYS
from app.sealing import opening
from matching.codec import SnapshotError, decode
from matching.facts import Snapshot
from migrations.run import upgrade

Json = dict[str, Any]
_SHOWN_PROBLEMS = 10
_NIGHT_TURNS_AT = time(9)
_ON_CALL = "555-0100"
"""The on-call supervisor of the invented state: a number that reaches nobody."""


@dataclass(frozen=True, slots=True)
class Play:
    """A snapshot and the settings under which its `tonight` is the night at its `as_of`; `demo` is None for a file."""

    document: Json
    snapshot: Snapshot
    settings: Settings
    demo: Demo | None = None

    @property
    def clock(self) -> MovableClock:
        """A clock that stands at the instant of the snapshot."""
        return MovableClock(self.settings.time_zone, self.settings.night_turns_at, self.snapshot.as_of)

    @property
    def counts(self) -> dict[str, int]:
        """How much there is of everything."""
        houses = self.snapshot.facilities
        return {
            "facilities": len(houses),
            "trafficking_only": sum(house.population == "trafficking_only" for house in houses),
            "beds": sum(len(unit.beds) for house in houses for unit in house.units),
            "funds": len(self.snapshot.funds),
            "minors": len(self.snapshot.minors),
            "stays": len(self.snapshot.stays),
            "waiting": len(self.snapshot.referrals),
        }


def invented(seed: int, tonight: date | None) -> Play:
    """The invented state of a seed."""
    demo = invent(seed, tonight or TONIGHT)
    own = _settings()
    on_call = own.on_call_phone or _ON_CALL
    settings = replace(own, time_zone=ZONE, night_turns_at=_NIGHT_TURNS_AT, on_call_phone=on_call)
    return Play(demo.document, decode(demo.document), settings, demo)


def read(path: Path) -> Play:
    """Somebody's own snapshot; refused with each pointer and what was expected there."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not JSON: it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Refused(f"{path} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}") from None
    try:
        snapshot = decode(document)
    except SnapshotError as error:
        raise Refused(_problems(path, error)) from None
    play = Play(document, snapshot, _settings())
    if play.clock.tonight() != snapshot.tonight:
        raise Refused(
            f"{path} is not a snapshot that can be played: /tonight: expected {play.clock.tonight()}, the night at its "
            f"as_of in {play.settings.time_zone} where the night turns at {play.settings.night_turns_at:%H:%M}; "
            "set BEDNIGHT_TIME_ZONE or BEDNIGHT_NIGHT_TURNS_AT"
        )
    return play


def _problems(path: Path, error: SnapshotError) -> str:
    """The first problems, one a line."""
    lines = [f"{path} is not a snapshot of the contract, version 1:"]
    lines += [f"  {pointer or '/'}: {message}" for pointer, message in error.problems[:_SHOWN_PROBLEMS]]
    if (more := len(error.problems) - _SHOWN_PROBLEMS) > 0:
        lines.append(f"  and {more} more")
    return "\n".join(lines)


def _settings() -> Settings:
    """The environment's settings, with sign-in by link; refused where real minors are in the database."""
    settings = Settings.from_env()
    if settings.live:
        raise Refused("BEDNIGHT_LIVE is set; the demo never touches a live network")
    # A receiver on this computer is how webhooks are tried; the environment may list others.
    hosts = settings.webhook_hosts or ("127.0.0.1", "localhost")
    return replace(settings, login_links=True, webhook_hosts=hosts, worker_inside=True)


@contextmanager
def database_for(play: Play, keep: Path | None, made: Callable[[], Path] | None = None) -> Iterator[Settings]:
    """Settings that name a migrated database: the one asked for, else SQLite in a folder removed at the end.

    It is empty, or a copy of a year that is prepared now, where it was not before.
    """
    given = os.environ.get("DATABASE_URL")
    if given and keep is not None:
        raise Refused("DATABASE_URL is set and --keep too; use one of them")
    with tempfile.TemporaryDirectory(prefix="bednight-demo-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "bednight.db").absolute()
        url = given or f"sqlite:///{file}"
        if not _is_empty(url):
            where = "the database that DATABASE_URL names" if given else str(folder / "bednight.db")
            raise Refused(f"{where} is not empty, and the demo only fills an empty one")
        # Keys of its own: they end with the database, or are kept beside it. A live network's are never touched.
        own = (folder / KEYS).absolute()
        settings = replace(play.settings, database_url=url, keys=own, data_keys=None)
        if made is None:
            opening.init(settings, own)
            upgrade(url)
        else:
            _copy(made(), file)
        yield settings


def _copy(year: Path, file: Path) -> None:
    try:
        shutil.copyfile(year, file)
        shutil.copytree(year.parent / KEYS, file.parent / KEYS, dirs_exist_ok=True)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}") from None


def holds_no_year() -> bool:
    """Whether the evening stands alone, since a prepared year is a file that only an own file can be copied from."""
    return bool(os.environ.get("DATABASE_URL"))


def _is_empty(url: str) -> bool:
    """Whether the database has no table at all."""
    engine = make_engine(url)
    try:
        return not inspect(engine).get_table_names()
    except SQLAlchemyError:
        raise Refused("the database cannot be opened") from None
    finally:
        engine.dispose()


def load(play: Play, settings: Settings) -> Doors:
    """Fill the database."""
    database = Database(settings.database_url, play.clock, opening.keyring(settings))
    try:
        if play.demo is not None:
            return stage_demo(database, play.demo)
        return stage_network(database, play.document)
    finally:
        database.close()


def enter(play: Play, settings: Settings, days: int) -> tuple[Doors, Year]:
    """Open the doors of a copied year, and count what it holds."""
    database = Database(settings.database_url, play.clock, opening.keyring(settings))
    try:
        with database.writing() as session:
            doors = stage_doors(session, play.clock.now())
        with database.reading() as session:
            return doors, year(session, days, play.snapshot.tonight)
    finally:
        database.close()


def port_is_free(host: str, port: int) -> None:
    """Refuse a port that something else answers on, before the work is done rather than after."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Refused(f"port {port} is taken; try --port {port + 1}") from None


def answer(play: Play, settings: Settings, host: str, port: int, ready: Callable[[], None]) -> None:
    """Answer requests until Ctrl-C, or until the process is asked to end; `ready` is called once they are answered."""
    from app.main import create_app

    # Ending as on Ctrl-C lets the temporary folder go.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = create_app(settings, clock=play.clock)
    if play.demo is not None:
        keep_shifts(app.state.worker, play.snapshot.tonight)
    serving.answer(app, host, port, ready)
