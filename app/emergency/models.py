"""The table of emergency accesses: who, to whose record, why, until when, and what a supervisor thought of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned
from app.sealing.column import SealedText


class EmergencyReason(StrEnum):
    """Why nobody could be asked first."""

    LIFE_IN_DANGER = "life_in_danger"
    MEDICAL = "medical"
    MISSING = "missing"
    THREAT = "threat"


class EmergencyAccess(Versioned, Base):
    """One person's look at a record of another agency, that nobody had let them see."""

    __tablename__ = "emergency_accesses"
    __table_args__ = (
        Index(None, "agency_id", "opened_at", "id"),
        Index(None, "owner_id", "opened_at", "id"),
        CheckConstraint("opened_at < until AND until < review_due_at", name="in_order"),
        CheckConstraint(
            "(reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (justified IS NULL)",
            name="reviewed_whole",
        ),
        CheckConstraint("reviewed_by <> person_id", name="reviewed_by_another"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)
    """The referral whose code was given; the young person behind it is the record."""
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    owner_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    """The agency whose record it is."""
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    reason: Mapped[EmergencyReason]
    sealed_words: Mapped[bytes] = mapped_column("words", SealedText)
    """For whoever reviews it alone."""
    opened_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """Given back before its hour was over."""
    review_due_at: Mapped[datetime] = mapped_column(index=True)
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    justified: Mapped[bool | None]
