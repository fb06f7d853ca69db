"""A database whose every transaction is a part of one, which ends when the day does: a year has too many to sync."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Closes, Database

_FAST = ("synchronous=OFF", "cache_size=-65536", "temp_store=MEMORY")
"""A file that is cut off while it is prepared is thrown away, so nothing need outlast a power cut."""


class OneCommit(Database):
    """For one thread alone. A part that fails is undone as it would be, and nothing of what came before it."""

    def __init__(self, url: str, clock: Clock, keyring: Closes | None = None) -> None:
        super().__init__(url, clock, keyring)
        event.listen(self.engine, "connect", _be_fast)
        self.now = self.session()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A part that is kept with the day, or undone alone."""
        with self.now.begin_nested():
            yield self.now

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """The day as it stands."""
        yield self.now

    def commit(self) -> None:
        """Keep the day, and forget what was read for it."""
        self.now.commit()
        self.now.expunge_all()

    def close(self) -> None:
        """Undo what no commit kept, and give every connection back."""
        self.now.close()
        super().close()


def _be_fast(connection: Any, _record: Any) -> None:
    for pragma in _FAST:
        connection.execute(f"PRAGMA {pragma}")
