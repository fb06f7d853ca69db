"""The table of the continuum of care: what agencies offer, from prevention to aftercare. It has no address."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned


class CareKind(StrEnum):
    """Where along the continuum."""

    PREVENTION = "prevention"
    OUTREACH = "outreach"
    DROP_IN = "drop_in"
    EMERGENCY_SHELTER = "emergency_shelter"
    RESIDENTIAL = "residential"
    HEALTH = "health"
    COUNSELING = "counseling"
    LEGAL = "legal"
    EDUCATION = "education"
    AFTERCARE = "aftercare"


class CareService(Versioned, Base):
    """One thing that an agency offers, whom to call for it, and when somebody answers."""

    __tablename__ = "care_services"
    __table_args__ = (CheckConstraint("min_age <= max_age", name="ages_in_order"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    kind: Mapped[CareKind]
    name: Mapped[str]
    for_whom: Mapped[str | None]
    min_age: Mapped[int | None]
    max_age: Mapped[int | None]
    counties: Mapped[list[str]]
    """Empty: not bound to counties."""
    contact: Mapped[str]
    """A role, never a person's name."""
    phone: Mapped[str]
    hours: Mapped[str]
    listed: Mapped[bool]
    confirmed_at: Mapped[datetime]
    confirmed_by: Mapped[str]
