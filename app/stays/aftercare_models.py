"""Tables of what follows a stay: the plan, and what is in it. Follow-ups are tasks."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned


class Support(StrEnum):
    """What a young person may have after a stay."""

    SUPPORT_GROUP = "support_group"
    MENTORING = "mentoring"
    COUNSELING = "counseling"
    EDUCATION = "education"
    HEALTH = "health"
    LEGAL = "legal"
    FAMILY = "family"
    HOUSING = "housing"


class AftercarePlan(Versioned, Base):
    """The plan for after a stay; it exists from the discharge on, be it empty."""

    __tablename__ = "aftercare_plans"

    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class AftercareItem(Base):
    """One thing in a plan: what, with whom, from when."""

    __tablename__ = "aftercare_items"

    stay_id: Mapped[str] = mapped_column(ForeignKey("aftercare_plans.stay_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Support]
    with_whom: Mapped[str]
    """An organisation or a role, never a young person."""
    starts_on: Mapped[date | None]
