"""The table of referrals: requests to place one minor. What was not asked is null."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned


class ReferralStatus(StrEnum):
    """Whether a referral still waits."""

    OPEN = "open"
    PLACED = "placed"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Referral(Versioned, Base):
    """A request for a bed. `code` is what people read aloud; it says nothing about the young person."""

    __tablename__ = "referrals"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "status"),
        CheckConstraint("urgency BETWEEN 1 AND 4", name="urgency_range"),
        CheckConstraint("nights_needed >= 1", name="nights_needed_positive"),
        CheckConstraint("(home_latitude IS NULL) = (home_longitude IS NULL)", name="home_point_whole"),
        CheckConstraint(
            "home_latitude BETWEEN -90 AND 90 AND home_longitude BETWEEN -180 AND 180", name="home_point_range"
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    status: Mapped[ReferralStatus]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    opened_at: Mapped[datetime | None]
    urgency: Mapped[int | None]
    """As stated; null follows from `needed_from`."""
    needed_from: Mapped[date | None]
    nights_needed: Mapped[int | None]
    home_latitude: Mapped[float | None]
    home_longitude: Mapped[float | None]
