"""The store of data keys: a small database of its own, so that no copy of the main one holds what opens it.

A row says whose the key is, and holds it wrapped. Where it was destroyed the row stays, empty: nobody gets a second key
under the same name. What is destroyed is overwritten, and leaves SQLite's log of writes as well.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    bindparam,
    event,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.db import NAMING, UtcDateTime, make_engine
from app.sealing.wrapping import Wrapped

METADATA = MetaData(naming_convention=NAMING)
KEYS = Table(
    "data_keys",
    METADATA,
    Column("id", String, primary_key=True),
    Column("of", String, nullable=False, unique=True),
    Column("wrapped_by", String, index=True),
    Column("wrapped", LargeBinary),
    Column("made_at", UtcDateTime, nullable=False),
    Column("destroyed_at", UtcDateTime),
)
_KEPT = select(KEYS.c.id, KEYS.c.of, KEYS.c.wrapped_by, KEYS.c.wrapped)
_OF = _KEPT.where(KEYS.c.of.in_(bindparam("values", expanding=True)))
_BY_ID = _KEPT.where(KEYS.c.id.in_(bindparam("values", expanding=True)))
_AT_ONCE = 500
"""Of values in one question: SQLite takes some 32,000, and nobody waits for a list of that length."""


class Kept(NamedTuple):
    """A data key as it is kept; without its wrapped form where it was destroyed."""

    id: str
    of: str
    wrapped: Wrapped | None


class KeyStore:
    """Reads and writes data keys, wrapped as they are."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._reader = make_engine(url, read_only=True)
        self._sqlite = self._engine.dialect.name == "sqlite"
        if self._sqlite:
            event.listen(self._engine, "connect", _overwrite_what_is_deleted)

    def create(self) -> None:
        """Make the table where it is not there yet."""
        METADATA.create_all(self._engine)

    def is_there(self) -> bool:
        """Whether the table is."""
        return inspect(self._reader).has_table(KEYS.name)

    def of(self, names: Collection[str]) -> dict[str, Kept]:
        """The keys of these, by whose they are."""
        return {kept.of: kept for kept in self._found(_OF, names)}

    def by_id(self, ids: Collection[str]) -> dict[str, Kept]:
        """The keys of these ids."""
        return {kept.id: kept for kept in self._found(_BY_ID, ids)}

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep new keys. Whose key is there already, be it destroyed, keeps that one."""
        insert = sqlite.insert if self._sqlite else postgresql.insert
        with self._engine.begin() as connection:
            connection.execute(insert(KEYS).on_conflict_do_nothing(), rows)

    def destroy(self, of: str, at: datetime) -> bool:
        """Forget somebody's key for good; whether there was one."""
        gone = {"wrapped": None, "wrapped_by": None, "destroyed_at": at}
        with self._engine.begin() as connection:
            found = connection.execute(
                update(KEYS).where(KEYS.c.of == of, KEYS.c.wrapped.is_not(None)).values(gone)
            ).rowcount
        self._leave_nothing_behind()
        return found == 1

    def never(self, key_id: str, of: str, at: datetime) -> None:
        """Keep that somebody has no key and gets none: expunged before anything was sealed."""
        self.add([{"id": key_id, "of": of, "made_at": at, "destroyed_at": at}])

    def replace(self, of: str, key_id: str, wrapped: Wrapped, at: datetime) -> None:
        """Put another key in somebody's place, wrapped as theirs; the one before is forgotten for good, at once."""
        gone = {"of": KEYS.c.of + "." + KEYS.c.id, "wrapped": None, "wrapped_by": None, "destroyed_at": at}
        with self._engine.begin() as connection:
            connection.execute(update(KEYS).where(KEYS.c.of == of, KEYS.c.id != key_id).values(gone))
            now = {"of": of, "wrapped": wrapped.secret, "wrapped_by": wrapped.by}
            connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(now))
        self._leave_nothing_behind()

    def under_others(self, current: str, most: int) -> list[Kept]:
        """Some of the keys that another key than the current one wraps."""
        query = select(KEYS).where(KEYS.c.wrapped_by != current).order_by(KEYS.c.id).limit(most)
        with self._reader.begin() as connection:
            return [_kept(row) for row in connection.execute(query)]

    def rewrap(self, old: Sequence[Kept], new: Sequence[Wrapped]) -> int:
        """Put keys that are wrapped anew in the place of the old ones, except where one was destroyed meanwhile."""
        done = 0
        with self._engine.begin() as connection:
            for kept, wrapped in zip(old, new, strict=True):
                done += connection.execute(
                    update(KEYS)
                    .where(KEYS.c.id == kept.id, KEYS.c.wrapped_by == (kept.wrapped and kept.wrapped.by))
                    .values(wrapped=wrapped.secret, wrapped_by=wrapped.by)
                ).rowcount
        return done

    def counts(self) -> dict[str | None, int]:
        """How many keys stand under each key-encryption key; under None those that were destroyed."""
        query = select(KEYS.c.wrapped_by, func.count()).group_by(KEYS.c.wrapped_by)
        with self._reader.begin() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()
        self._reader.dispose()

    def _found(self, query: Select[Any], values: Collection[str]) -> Iterator[Kept]:
        with self._reader.begin() as connection:
            for some in _batches(values):
                yield from map(_kept, connection.execute(query, {"values": some}))

    def _leave_nothing_behind(self) -> None:
        """Take the old row out of the file's log (SQLite), or out of the table's dead rows (PostgreSQL)."""
        clean = "PRAGMA wal_checkpoint(TRUNCATE)" if self._sqlite else f"VACUUM {KEYS.name}"
        raw = self._engine.raw_connection()
        try:
            driver: Any = raw.driver_connection
            if not self._sqlite:
                driver.autocommit = True
            driver.execute(clean)
        finally:
            raw.invalidate()


def _overwrite_what_is_deleted(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA secure_delete=ON")


def _kept(row: Row[Any]) -> Kept:
    return Kept(row.id, row.of, None if row.wrapped is None else Wrapped(row.wrapped_by, row.wrapped))


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    rest = list(values)
    for start in range(0, len(rest), _AT_ONCE):
        yield rest[start : start + _AT_ONCE]
