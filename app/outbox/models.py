"""Events that wait to be told. Codes and opaque ids only: nothing here says who a young person is."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

# SQLite counts up by itself in an INTEGER alone.
SEQ = BigInteger().with_variant(Integer(), "sqlite")
_TO_HAND_ON = text("handed_on_at IS NULL AND dead_at IS NULL")
_TO_SEND = text("delivered_at IS NULL AND dead_at IS NULL")


class OutboxEvent(Base):
    """One thing that happened, and one agency to tell. No foreign keys: those rooms stand above this one."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index("ix_outbox_events_waiting", "due_at", "seq", sqlite_where=_TO_HAND_ON, postgresql_where=_TO_HAND_ON),
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
    """How often handing it on to the channels failed."""
    next_try_at: Mapped[datetime | None]
    handed_on_at: Mapped[datetime | None]
    """When each channel had noted it, or named those to whom it must be sent."""
    delivered_at: Mapped[datetime | None]
    """When the last of them had it."""
    dead_at: Mapped[datetime | None]
    """When it, or the last of its deliveries, was given up."""


class OutboxDelivery(Base):
    """One event on its way to one receiver outside."""

    __tablename__ = "outbox_deliveries"
    __table_args__ = (
        UniqueConstraint("event_seq", "channel", "target"),
        Index("ix_outbox_deliveries_target", "target", "created_at", "id"),
        Index("ix_outbox_deliveries_waiting", "next_try_at", sqlite_where=_TO_SEND, postgresql_where=_TO_SEND),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    event_seq: Mapped[int] = mapped_column(SEQ, ForeignKey("outbox_events.seq"))
    channel: Mapped[str]
    target: Mapped[str]
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    claim: Mapped[str | None]
    """Who is sending it now, until `claimed_until`; whoever died with it loses it then."""
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int]
    last_failure: Mapped[str | None]
    """A code such as `status_500`, never what the receiver said."""
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
