"""The database: one base class for tables, one way to make an engine, one session per request."""

import base64
import enum
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Any, ClassVar, Protocol

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import Depends, Request
from sqlalchemy import (
    JSON,
    BindParameter,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    Table,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    SessionTransaction,
    declared_attr,
    mapped_column,
    sessionmaker,
)

from app.clock import Clock

# PostgreSQL gives up rather than letting a request wait: a child is waiting too.
_POSTGRES_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=2s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
    # The matcher, the worker and the command line look at everybody; without this word nobody is seen at all.
    " -c bednight.reach=network"
)
PREPARED_AFTER = 5
"""How often PostgreSQL is asked the same before it is prepared."""
_SQLITE_WAITS = 5
_SQLITE_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={_SQLITE_WAITS * 1000}", "synchronous=FULL")


_LOST_AGAINST_ANOTHER = {"40001", "40P01"}


def may_be_tried_again(error: BaseException) -> bool:
    """Whether a transaction ended because of another one that was faster: nothing of it happened."""
    origin = getattr(error, "orig", None)
    return getattr(origin, "sqlstate", None) in _LOST_AGAINST_ANOTHER or "SQLITE_BUSY" in str(
        getattr(origin, "sqlite_errorname", "")
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refused without an offset, stored in UTC, always given back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs an offset")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _check_name(constraint: CheckConstraint, _table: Table) -> str:
    """Name an enum's CHECK after its column: one enum may stand twice in a table."""
    return constraint.columns[0].name if constraint._type_bound else str(constraint.name)


NAMING: dict[str, Any] = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(check_constraint_name)s",
    "check_constraint_name": _check_name,
}

_JSON = JSON(none_as_null=True)


def _values(enumeration: type[enum.Enum]) -> list[str]:
    return [member.value for member in enumeration]


class Base(DeclarativeBase):
    """What every table inherits: names of constraints, and how Python types are stored."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        enum.Enum: Enum(enum.Enum, values_callable=_values, native_enum=False, create_constraint=True, length=40),
        dict[str, Any]: _JSON,
        list[str]: _JSON,
        list[Any]: _JSON,
        list[dict[str, Any]]: _JSON,
    }


def table_of(model: type[Base]) -> Table:
    """The table beneath a model, for statements that go past the mapper."""
    table: Any = model.__table__
    return table  # type: ignore[no-any-return]


NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())
"""The hour, in statements that are built once: building one costs as much as asking it."""


class Versioned:
    """A row that counts its changes; a change to a stale version raises StaleDataError, which answers 409."""

    version: Mapped[int] = mapped_column()

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


_chance: ContextVar[Callable[[int], bytes]] = ContextVar("chance", default=secrets.token_bytes)


def new_id(prefix: str) -> str:
    """A fresh id such as `ref_5p3k…`: the prefix and 100 random bits, never sequential."""
    return f"{prefix}_{base64.b32encode(_chance.get()(13)).decode().lower()[:20]}"


@contextmanager
def ids_from(source: Callable[[int], bytes]) -> Iterator[None]:
    """Within it ids are made of these bytes instead of chance: for invented data that comes out the same each time."""
    token = _chance.set(source)
    try:
        yield
    finally:
        _chance.reset(token)


_DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}


def make_engine(url: str, read_only: bool = False) -> Engine:
    """An engine for SQLite or PostgreSQL; a read-only one refuses every write. ArgumentError for any other kind."""
    # Providers write `postgres://`, which SQLAlchemy does not know.
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    if parsed.drivername not in _DRIVERS:
        raise ArgumentError("a database of another kind")
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, hide_parameters=True)
        _prepare_sqlite(engine, read_only)
        return engine
    # What is asked again and again is planned once, unless `?prepared=off` says that a pooler in between forgets it.
    prepare = None if parsed.query.get("prepared") == "off" else PREPARED_AFTER
    engine = create_engine(
        parsed.difference_update_query(["prepared"]),
        hide_parameters=True,
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        connect_args={"options": _POSTGRES_OPTIONS, "prepare_threshold": prepare},
    )
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def _prepare_sqlite(engine: Engine, read_only: bool) -> None:
    """Take BEGIN into our own hands: a write that starts as a read is refused as locked in spite of the timeout."""
    pragmas = (*_SQLITE_PRAGMAS, "query_only=ON") if read_only else _SQLITE_PRAGMAS
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    turn = Lock()

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        # The writers of one process stand in line: SQLite's own wait looks again now and then, and starves some.
        # A turn that never comes leaves the decision to the database.
        connection.info["turn"] = not read_only and turn.acquire(timeout=_SQLITE_WAITS)
        try:
            connection.exec_driver_sql(begin)
        except BaseException:
            give_up_turn(connection)
            raise

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def give_up_turn(connection: Any) -> None:
        if connection.info.pop("turn", False):
            turn.release()


def insert_into(session: Session, rows: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what becomes of a row that is there already: each database has its own."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(rows)


_NARROW = text("SELECT set_config('bednight.reach', :agency, true), set_config('bednight.at', :at, true)")


def narrow(session: Session, agency_id: str, now: datetime) -> None:
    """To its end a transaction sees of young people what this agency may. PostgreSQL holds to it; SQLite cannot."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_NARROW, {"agency": agency_id, "at": now.isoformat()})


@dataclass(slots=True)
class Writer:
    """For which agency a request writes; None until it is known who asks, and for the program's own work."""

    agency_id: str | None = None


writer: ContextVar[Writer | None] = ContextVar("writer", default=None)
"""Of the request that is answered: one object, which threads share that answer parts of it."""
_WRITES = text("SELECT set_config('bednight.writes', :agency, true), set_config('bednight.at', :at, true)")


@event.listens_for(Session, "after_begin")
def _say_who_writes(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """What a request writes about young people is about those its agency may see. PostgreSQL holds to it."""
    asking = writer.get()
    if asking is None or asking.agency_id is None or transaction.nested or "reader_of" in session.info:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_WRITES, {"agency": asking.agency_id, "at": session.info["clock"].now().isoformat()})


_REACH = text("SELECT current_setting('bednight.reach', true)")
_REACHES = text("SELECT set_config('bednight.reach', :reach, true)")


@contextmanager
def whole_network(session: Session) -> Iterator[None]:
    """Within it a transaction sees everybody, whoever asks: for counts alone, of which no row leaves."""
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    reach = session.scalar(_REACH)
    session.execute(_REACHES, {"reach": "network"})
    yield
    session.execute(_REACHES, {"reach": reach})


class Closes(Protocol):
    """What is given back together with the database."""

    def close(self) -> None: ...


class Database:
    """The two ways into one database. `with database.writing() as session:` commits at the end, or rolls back."""

    def __init__(self, url: str, clock: Clock, keyring: Closes | None = None) -> None:
        self.clock = clock
        self.engine = make_engine(url)
        self.reader = make_engine(url, read_only=True)
        self.keyring = keyring
        # The audit trail dates what a session did by this clock; what is sealed is opened by this keyring. What was put
        # together from rows is kept by whoever did, for as long as she or he reads the same rows.
        info: dict[str, Any] = {"clock": clock, "keyring": keyring, "kept": {}}
        self._write = sessionmaker(self.engine, expire_on_commit=False, info=info)
        # What was looked at is noted by the trail through the database, since such a session cannot write.
        self._read = sessionmaker(self.reader, expire_on_commit=False, info=info | {"reader_of": self})

    def writing(self) -> AbstractContextManager[Session]:
        """A session that may write; on SQLite it holds the one write lock from its first statement."""
        return self._write.begin()

    def reading(self) -> AbstractContextManager[Session]:
        """A session that sees one consistent state and cannot write."""
        return self._read.begin()

    def session(self) -> Session:
        """A session that may write, for a caller that decides itself when to commit."""
        return self._write()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()
        self.reader.dispose()
        if self.keyring is not None:
            self.keyring.close()


@asynccontextmanager
async def _ending(way: AbstractContextManager[Session], request: Request) -> AsyncIterator[Session]:
    """A session that begins here, without a thread, since it asks nothing yet, and ends in one."""
    session = way.__enter__()
    session.info["request_id"] = request.scope.get("request_id")
    # A thread of its own kind: those that wait for a connection must not keep anybody from giving one back.
    apart = CapacityLimiter(1)
    try:
        yield session
    except BaseException as error:
        with CancelScope(shield=True):
            await to_thread.run_sync(way.__exit__, type(error), error, error.__traceback__, limiter=apart)
        raise
    with CancelScope(shield=True):
        await to_thread.run_sync(way.__exit__, None, None, None, limiter=apart)


async def get_reading(request: Request) -> AsyncIterator[Session | None]:
    """The read-only session of a GET or HEAD, in which it is also looked up who asks; None of any other request."""
    if request.method not in {"GET", "HEAD"}:
        yield None
        return
    async with _ending(request.app.state.database.reading(), request) as session:
        yield session


# scope="function" commits before the answer leaves; the default would answer 200 and then fail.
Reading = Annotated[Session | None, Depends(get_reading, scope="function")]


async def get_session(request: Request, reading: Reading) -> AsyncIterator[Session]:
    """The request's session: read-only for GET and HEAD, committed before the answer is sent, rolled back on error."""
    if reading is not None:
        yield reading
        return
    async with _ending(request.app.state.database.writing(), request) as session:
        yield session


DbSession = Annotated[Session, Depends(get_session, scope="function")]
