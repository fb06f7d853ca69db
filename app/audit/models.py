"""The audit trail and the head of its chain. Triggers forbid changing or removing a row."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ColumnElement, Index, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

ALERT = "ranking.probing"
"""The one act of which supervisors are told."""
_IS_ALERT = text(f"action = '{ALERT}'")


class Outcome(StrEnum):
    """How the act ended."""

    OK = "ok"
    DENIED = "denied"


class AuditEvent(Base):
    """One act. Codes and opaque ids only: no names, no free text, nothing that someone typed."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_alerts", "agency_id", "seq", sqlite_where=_IS_ALERT, postgresql_where=_IS_ALERT),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None] = mapped_column(index=True)
    agency_id: Mapped[str | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    """An opaque id, never a name; a pseudonym where the subject's own id must be forgettable."""
    outcome: Mapped[Outcome]
    reason: Mapped[str | None]
    release_id: Mapped[str | None]
    request_id: Mapped[str | None]
    previous_hash: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)

    @classmethod
    def is_alert(cls) -> ColumnElement[bool]:
        """The condition of the index over alerts, word by word: with a parameter it would not be used."""
        return cls.action == literal_column(f"'{ALERT}'")


class AuditHead(Base):
    """How long the chain is and how it ends: one row, locked by each append, never set back."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str]
