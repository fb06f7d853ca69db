"""The ground every test stands on: a fresh database of each kind, a clock that stands still, a client."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Dialect
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.sealing import opening
from app.serving import look_for_circles_seldom
from migrations.run import upgrade
from tests import memory, needs
from tests.postgres import Cluster, find_binaries

EVENING = datetime.fromisoformat("2026-11-21T22:14:00-05:00")


if memory.FOLDER is not None:
    # pytest asks this when the first `tmp_path` is made, so the SQLite databases lie there too.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory.FOLDER))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL server for the whole run."""
    binaries = find_binaries()
    if binaries is None:
        needs.unavailable("PostgreSQL")
    with Cluster(binaries) as running:
        yield running


@pytest.fixture(scope="session")
def migrated_postgresql(cluster: Cluster) -> str:
    """A PostgreSQL database at head, to be copied."""
    url = cluster.create()
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database at head, to be copied."""
    path = tmp_path_factory.mktemp("template") / "head.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.create()
    yield url
    cluster.drop(url)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A SQLite database of its own for each test, migrated and empty."""
    path = tmp_path / "bednight.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same, once on each kind of database. A module in which the kind is of no matter overrides it."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    template: str = request.getfixturevalue("migrated_postgresql")
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.create(template)
    yield url
    cluster.drop(url)


@pytest.fixture(scope="session")
def made_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of keys that seal, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "keys"
    opening.init(Settings(), folder)
    return folder


@pytest.fixture
def keys(made_keys: Path, tmp_path: Path) -> Path:
    """Keys of its own for each test; nothing is sealed under them yet."""
    return Path(shutil.copytree(made_keys, tmp_path / "keys"))


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """The defaults, with one-time links answered, and keys."""
    return Settings(database_url=database_url, login_links=True, keys=keys)


@pytest.fixture
def clock(settings: Settings) -> MovableClock:
    """A clock that stands at 22:14 on 21 November 2026 in New York until a test moves it."""
    return MovableClock(settings.time_zone, settings.night_turns_at, EVENING)


@pytest.fixture
def app(settings: Settings, clock: MovableClock) -> Iterator[FastAPI]:
    """The whole application on the test's database and clock."""
    from app.main import create_app  # here, so that tests of the matcher do without

    application = create_app(settings, clock=clock)
    _share_routers(application)
    _share_statements(application.state.database)
    yield application
    application.state.database.close()


_routers: dict[int, BaseRoute] = {}


def _share_routers(app: FastAPI) -> None:
    """The framework reads every signature anew for each application; ours are all alike, so one reading serves."""
    for place, route in enumerate(app.router.routes):
        if (router := getattr(route, "original_router", None)) is not None:
            app.router.routes[place] = _routers.setdefault(id(router), route)


_statements: dict[tuple[str, bool], tuple[Dialect, dict[Any, Any]]] = {}


def _share_statements(database: Database) -> None:
    """Each engine puts every statement into words anew, a fifth of a test's time; databases of one kind share them."""
    for engine in (database.engine, database.reader):
        key = engine.name, engine is database.reader
        if key not in _statements:
            engine.connect().close()  # the dialect asks the server what it is
            _statements[key] = engine.dialect, {}
        engine.dialect, words = _statements[key]
        engine.update_execution_options(compiled_cache=words)


@pytest.fixture
def database(app: FastAPI) -> Database:
    """The application's database."""
    found: Database = app.state.database
    return found


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session, rolled back at the end unless the test commits it."""
    with database.session() as opened:
        yield opened


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A browser on this computer, not signed in."""
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What says that one kind of database is enough is not tried on the second."""
    items[:] = [item for item in items if not (item.get_closest_marker("one_kind") and _on_postgresql(item))]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is read meanwhile stays, so it is never looked through for garbage; then that is done as in a server."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        look_for_circles_seldom()


def _on_postgresql(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "postgresql" in callspec.params.values()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where several processes share the tests, hand what this one lacked to the one that reports."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing"] = sorted(needs.missing)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what another process lacked; one that crashed says nothing."""
    needs.missing.update(getattr(node, "workeroutput", {}).get("missing", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what this run could not try, and how to get it."""
    for what in sorted(needs.missing):
        terminalreporter.write_line(
            f"Not tried, since {what} is missing here. Get it with: {needs.APT[what]}", red=True
        )


def pytest_report_header() -> str:
    """Say whether a missing program fails the run."""
    strict = os.environ.get("BEDNIGHT_NO_SKIPS") == "1"
    return f"missing programs: {'fail' if strict else 'skip'} the tests that need them"
