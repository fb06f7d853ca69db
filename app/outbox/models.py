"""Events that wait to be told. Codes and opaque ids only: nothing here says who a young person is."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

# SQLite counts up by itself in an INTEGER alone.
SEQ = BigInteger().with_variant(Integer(), "sqlite")
_WAITING = text("delivered_at IS NULL AND dead_at IS NULL")


class OutboxEvent(Base):
    """One thing that happened, and one agency to tell. No foreign keys: those rooms stand above this one."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index("ix_outbox_events_waiting", "due_at", "seq", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    seq: Mapped[int] = mapped_column(SEQ, primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    agency_id: Mapped[str] = mapped_column(index=True)
    facility_id: Mapped[str | None]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    version: Mapped[int | None]
    once: Mapped[str | None] = mapped_column(unique=True)
    """What may happen only once ever is named here; a second event of the name is not written."""
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    next_try_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    """When it was given up."""
