"""Tables from the question to a house to the last night: offers, stays, who paid, nights away, how they end."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import shaped
from app.db import Base, Versioned
from app.gaps.models import DeclineReason
from app.sealing.column import SealedText
from app.stays.codes import Authority, ChoiceReason, DecidedBy, Destination, OfferStatus, StayEnd

UNFUNDED = "unfunded_reason"


class Offer(Versioned, Base):
    """The question put to a house for one referral: which option was chosen and why, by what right, and the answer."""

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("(status = 'declined') = (decided_by IS NOT NULL)", name="decline_has_a_decider"),
        CheckConstraint("status <> 'declined' OR reason IS NOT NULL", name="decline_has_a_reason"),
        CheckConstraint("(status = 'open') = (answered_at IS NULL)", name="answer_whole"),
        Index(None, "facility_id", "status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"))
    hold_id: Mapped[str | None] = mapped_column(ForeignKey("holds.id"), unique=True)
    """Null: an offer that keeps no bed."""
    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), index=True)
    first_night: Mapped[date]
    """The first night that the house was asked for, with a hold or without; after a yes, the one it said yes to."""
    rank: Mapped[int | None]
    """The option's place in the decision; null where the engine named none."""
    choice_reason: Mapped[ChoiceReason | None]
    authority: Mapped[Authority]
    authority_until: Mapped[datetime | None]
    """When the right to place ends; null: no end."""
    unfunded: Mapped[bool]
    """Taken for tonight although nobody pays: one night at a time, with a reason."""
    sealed_unfunded_reason: Mapped[bytes | None] = mapped_column("unfunded_reason", SealedText)
    """Why nobody pays; for each night more a line, with its date."""
    status: Mapped[OfferStatus]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]
    answer_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    decided_by: Mapped[DecidedBy | None]
    reason: Mapped[DeclineReason | None]
    second_reason: Mapped[DeclineReason | None]


class Stay(Versioned, Base):
    """Nights slept or planned, `[admitted_on, left_on)`, in a facility of the network or outside it."""

    __tablename__ = "stays"
    __table_args__ = (
        ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        Index(None, "id", "minor_id", unique=True),
        Index(None, "facility_id", "bed_id"),
        CheckConstraint("(facility_id IS NULL) <> (outside_facility IS NULL)", name="one_facility"),
        CheckConstraint("left_on >= admitted_on", name="dates_run_forward"),
        CheckConstraint("expected_until >= admitted_on", name="expected_runs_forward"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    facility_id: Mapped[str | None] = mapped_column(ForeignKey("facilities.id"))
    outside_facility: Mapped[str | None]
    bed_id: Mapped[str | None]
    outside_bed: Mapped[str | None]
    admitted_on: Mapped[date]
    left_on: Mapped[date | None]
    """Null: still there."""
    expected_until: Mapped[date | None]
    """The first night expected to be gone; null: no date known."""
    in_house: Mapped[bool]
    """The house lists this person; false for a stay that only a record of the past tells of."""


class Admission(Base):
    """The accepted offer behind a stay, and when the young person was there; null: still on the way."""

    __tablename__ = "admissions"

    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), primary_key=True)
    offer_id: Mapped[str] = mapped_column(ForeignKey("offers.id"), unique=True)
    arrived_at: Mapped[datetime | None]
    arrived_by: Mapped[str | None]


class Discharge(Base):
    """How a stay ended, and where the young person went."""

    __tablename__ = "discharges"

    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), primary_key=True)
    reason: Mapped[StayEnd]
    destination: Mapped[Destination]
    discharged_at: Mapped[datetime]
    discharged_by: Mapped[str]


class NextPlacement(Base):
    """A referral that goes on from a stay: the same young person, from the night on which that stay must end."""

    __tablename__ = "next_placements"

    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)


class StayPayer(Base):
    """A fund said to have paid the nights `[paid_from, paid_until)` of a stay, beside the ledger; null goes on.

    Nights that the ledger holds say themselves who pays them; this is for nights before it, or outside the network.
    """

    __tablename__ = "stay_payers"
    __table_args__ = (CheckConstraint("paid_until >= paid_from", name="dates_run_forward"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)
    fund_id: Mapped[str] = mapped_column(ForeignKey("funds.id"), index=True)
    paid_from: Mapped[date]
    paid_until: Mapped[date | None]


class FormerStayPayer(Base):
    """What was said of who paid the nights `[first, until)` of a stay before somebody put it right; null: nobody."""

    __tablename__ = "former_stay_payers"

    id: Mapped[str] = mapped_column(primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)
    first: Mapped[date]
    until: Mapped[date]
    fund_id: Mapped[str | None]
    sealed_reason: Mapped[bytes] = mapped_column("reason", SealedText)
    corrected_at: Mapped[datetime]
    corrected_by: Mapped[str]


class StayAbsence(Base):
    """Nights of a stay that were slept elsewhere, `[away_from, away_until)`."""

    __tablename__ = "stay_absences"
    __table_args__ = (CheckConstraint("away_until >= away_from", name="dates_run_forward"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)
    away_from: Mapped[date]
    away_until: Mapped[date]
    sealed_note: Mapped[bytes | None] = mapped_column("note", SealedText)
    """How a supervisor knows of nights that were long over."""


class CapWarning(Base):
    """A warning that so many nights are left before the first that nobody pays, or on which the bed ends too early.

    `fund_id` is who pays until then, and `approval` what would let it go on paying, where that is known. Where the
    cliff moves, its warnings are new ones.
    """

    __tablename__ = "cap_warnings"
    __table_args__ = (CheckConstraint("nights >= 1", name="nights_positive"),)

    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), primary_key=True)
    cliff: Mapped[date] = mapped_column(primary_key=True)
    nights: Mapped[int] = mapped_column(primary_key=True)
    """Which warning it is: of 7, 3 or 1 nights."""
    made_at: Mapped[datetime]
    fund_id: Mapped[str | None] = mapped_column(ForeignKey("funds.id"), index=True)
    approval: Mapped[str | None]


class Holiday(Base):
    """A day that is no business day in one State."""

    __tablename__ = "holidays"
    __table_args__ = (shaped("state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),)

    state: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
