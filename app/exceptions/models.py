"""The table of exceptions: who let a rule be waived, in what role, why and until when, and the second person."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.sealing.column import SealedText


class Party(StrEnum):
    """Whose rule it is to waive."""

    FACILITY = "facility"
    AGENCY = "agency"
    FUNDER = "funder"
    YOUNG_PERSON = "young_person"


class RuleException(Base):
    """One rule waived for one referral at one house. The engine's answer stays what it was."""

    __tablename__ = "exceptions"
    __table_args__ = (
        Index(None, "referral_id", "facility_id"),
        CheckConstraint("(second_at IS NULL) = (second_by IS NULL)", name="second_whole"),
        CheckConstraint("second_by <> recorded_by", name="second_is_another"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"))
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    rule: Mapped[str]
    party: Mapped[Party]
    role: Mapped[str]
    sealed_reason: Mapped[bytes] = mapped_column("reason", SealedText)
    until: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    second_due_at: Mapped[datetime]
    """Without a second person by then it counts no more."""
    second_at: Mapped[datetime | None]
    second_by: Mapped[str | None]
