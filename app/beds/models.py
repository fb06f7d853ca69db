"""Tables of who is in the beds and who last said so: the bed-night ledger, holds, residents as the house lists them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import Gender, ResidentTrafficking
from app.db import Base, Versioned
from app.facilities.models import BedStatus
from app.sealing.column import SealedText


class HoldEnd(StrEnum):
    """How a hold ended."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    RELEASED = "released"
    RAN_OUT = "ran_out"
    STOOD_DOWN = "stood_down"
    UNDONE = "undone"


class Movement(StrEnum):
    """Why a row of the ledger was taken out or changed."""

    DISCHARGED = "discharged"
    TRANSFERRED = "transferred"
    SHORTENED = "shortened"
    AWAY = "away"
    NOT_ARRIVED = "not_arrived"
    REPAID = "repaid"
    CORRECTED = "corrected"
    CLOSED = "closed"
    UNDONE = "undone"


class Hold(Versioned, Base):
    """A bed kept for one referral on `[first_night, until_night)`, until an hour or until it is accepted."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        UniqueConstraint("id", "minor_id"),
        Index(None, "facility_id", "bed_id"),
        CheckConstraint("until_night > first_night", name="dates_run_forward"),
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="end_whole"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"))
    bed_id: Mapped[str]
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    first_night: Mapped[date]
    until_night: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[HoldEnd | None]


class BedNight(Base):
    """One bed on one night, and who has it: by a hold, by a stay, or as somebody the house lists.

    The keys make it impossible that two people have one bed, or that one minor is in two, whatever the code does.
    `fund_id` is who pays the night and `limit_id` the limit that governs it; null: nobody. `expires_at` is a hold's
    hour: past it the row counts for nothing, and the next claim on the bed or the minor clears it.
    """

    __tablename__ = "bed_nights"
    __table_args__ = (
        UniqueConstraint("minor_id", "night"),
        ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        ForeignKeyConstraint(["hold_id", "minor_id"], ["holds.id", "holds.minor_id"]),
        ForeignKeyConstraint(["stay_id", "minor_id"], ["stays.id", "stays.minor_id"]),
        CheckConstraint(
            "(hold_id IS NOT NULL AND stay_id IS NULL AND resident_id IS NULL AND minor_id IS NOT NULL)"
            " OR (hold_id IS NULL AND stay_id IS NOT NULL AND resident_id IS NULL AND minor_id IS NOT NULL)"
            " OR (hold_id IS NULL AND stay_id IS NULL AND resident_id IS NOT NULL)",
            name="one_holder",
        ),
        CheckConstraint("(hold_id IS NULL) = (expires_at IS NULL)", name="holds_expire"),
        CheckConstraint("limit_id IS NULL OR fund_id IS NOT NULL", name="limit_of_a_fund"),
        Index(None, "facility_id", "night"),
        Index(None, "facility_id", "bed_id"),
        Index(None, "hold_id", "minor_id"),
        Index(None, "stay_id", "minor_id"),
        Index(None, "resident_id"),
        Index(None, "fund_id", "night"),
        Index(None, "limit_id"),
    )

    bed_id: Mapped[str] = mapped_column(primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    facility_id: Mapped[str]
    minor_id: Mapped[str | None] = mapped_column(ForeignKey("minors.id"))
    hold_id: Mapped[str | None]
    stay_id: Mapped[str | None]
    resident_id: Mapped[str | None] = mapped_column(ForeignKey("residents.id"))
    fund_id: Mapped[str | None] = mapped_column(ForeignKey("funds.id"))
    limit_id: Mapped[str | None] = mapped_column(ForeignKey("fund_limits.id"))
    expires_at: Mapped[datetime | None]


class FormerBedNight(Base):
    """A row of the ledger as it was before a movement took it out or changed it: nothing of the past is lost."""

    __tablename__ = "former_bed_nights"

    id: Mapped[str] = mapped_column(primary_key=True)
    bed_id: Mapped[str] = mapped_column(ForeignKey("beds.id"), index=True)
    night: Mapped[date]
    minor_id: Mapped[str | None] = mapped_column(index=True)
    stay_id: Mapped[str | None] = mapped_column(index=True)
    resident_id: Mapped[str | None]
    fund_id: Mapped[str | None]
    limit_id: Mapped[str | None]
    movement: Mapped[Movement]
    reason: Mapped[str | None]
    """A code, where one was given."""
    sealed_words: Mapped[bytes | None] = mapped_column("words", SealedText)
    """Why somebody put right what was, where they said so."""
    moved_at: Mapped[datetime]
    moved_by: Mapped[str]


class BedChange(Base):
    """What a bed's card said before it was turned, what it says since, and who turned it. Rows are never changed.

    `by` null: nobody's act; the hour brought it. `version` is the bed's after the change.
    """

    __tablename__ = "bed_changes"
    __table_args__ = (UniqueConstraint("bed_id", "version"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    bed_id: Mapped[str] = mapped_column(ForeignKey("beds.id"))
    version: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str | None]
    said: Mapped[bool]
    """Somebody said so on the board; false: it followed from a hold, a stay, the hour, or an undo."""
    status: Mapped[BedStatus]
    was_status: Mapped[BedStatus]
    was_reason: Mapped[str | None]
    was_held_for: Mapped[str | None]
    was_offline_until: Mapped[date | None]
    was_confirmed_at: Mapped[datetime | None]
    was_confirmed_by: Mapped[str | None]
    left: Mapped[list[dict[str, Any]]]
    """Whom the house no longer lists in this bed: the id, and until when it was listed."""
    listed: Mapped[str | None] = mapped_column(ForeignKey("residents.id"), index=True)
    """Whom the house lists since."""
    undoes: Mapped[str | None] = mapped_column(ForeignKey("bed_changes.id"), index=True)


class Resident(Base):
    """Somebody the house lists who is in no stay on record, `[present_from, present_until)`.

    `minor_id` null: a person the house does not name. `present_from` null: already here; `present_until` null: no date
    known. Age, gender and trafficking are what the house says; null is not known.
    """

    __tablename__ = "residents"
    __table_args__ = (
        ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        Index(None, "facility_id", "bed_id"),
        CheckConstraint("present_until >= present_from", name="dates_run_forward"),
        CheckConstraint("age BETWEEN 0 AND 150", name="age_range"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"))
    bed_id: Mapped[str | None]
    minor_id: Mapped[str | None] = mapped_column(ForeignKey("minors.id"), index=True)
    trafficking: Mapped[ResidentTrafficking | None]
    age: Mapped[int | None]
    gender: Mapped[Gender | None]
    present_from: Mapped[date | None]
    present_until: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    """When someone said that this is no longer so; a row that was closed is history, and no ranking looks at it."""


class Confirmation(Base):
    """A person saying that what a house's beds show is true now."""

    __tablename__ = "confirmations"

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"), index=True)
    confirmed_at: Mapped[datetime]
    confirmed_by: Mapped[str]
    beds: Mapped[int]
