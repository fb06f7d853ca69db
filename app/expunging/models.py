"""The table of expungements. One that was agreed to is the tombstone: when and why, and nothing of whom."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ExpungeReason(StrEnum):
    """Why a record is to be expunged."""

    COURT_ORDER = "court_order"
    YOUNG_PERSON_ASKS = "young_person_asks"
    KEPT_LONG_ENOUGH = "kept_long_enough"
    ENTERED_BY_MISTAKE = "entered_by_mistake"


class Expungement(Base):
    """What one person asked for, and another agreed to or refused."""

    __tablename__ = "expungements"
    __table_args__ = (CheckConstraint("NOT agreed OR decided_by <> asked_by", name="takes_two"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    reason: Mapped[ExpungeReason]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    agreed: Mapped[bool | None]
