"""Tables of stays and of what was decided: stays with payers and nights away, policies, ranking runs stored whole."""

import zlib
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    TypeDecorator,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import shaped
from app.db import Base, Versioned


class Packed(TypeDecorator[str]):
    """A long text, stored compressed: an answer with every finding is repetitive and big."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else zlib.compress(value.encode(), level=1)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else zlib.decompress(value).decode()


class Stay(Versioned, Base):
    """Nights slept or planned, `[admitted_on, left_on)`, in a facility of the network or outside it."""

    __tablename__ = "stays"
    __table_args__ = (
        ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
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


class StayPayer(Base):
    """A fund that pays the nights `[paid_from, paid_until)` of a stay; null goes on."""

    __tablename__ = "stay_payers"
    __table_args__ = (CheckConstraint("paid_until >= paid_from", name="dates_run_forward"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)
    fund_id: Mapped[str] = mapped_column(ForeignKey("funds.id"), index=True)
    paid_from: Mapped[date]
    paid_until: Mapped[date | None]


class StayAbsence(Base):
    """Nights of a stay that were slept elsewhere, `[away_from, away_until)`."""

    __tablename__ = "stay_absences"
    __table_args__ = (CheckConstraint("away_until >= away_from", name="dates_run_forward"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)
    away_from: Mapped[date]
    away_until: Mapped[date]


class Holiday(Base):
    """A day that is no business day in one State."""

    __tablename__ = "holidays"
    __table_args__ = (shaped("state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),)

    state: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class Policy(Base):
    """One version of the order of terms. The one that came into force last applies."""

    __tablename__ = "policies"

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    in_force_from: Mapped[datetime]


class PolicyTerm(Base):
    """One term of an order: what is counted, in what unit, what each costs, and at most how many count."""

    __tablename__ = "policy_terms"
    __table_args__ = (
        ForeignKeyConstraint(["policy_id", "policy_version"], ["policies.id", "policies.version"]),
        CheckConstraint("weight >= 0 AND most >= 0", name="not_negative"),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    policy_version: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    unit: Mapped[str]
    weight: Mapped[int]
    most: Mapped[int]


class RankingRun(Base):
    """One decision, whole: what it looked at, what it answered, by which rules and engine. Rows never change."""

    __tablename__ = "ranking_runs"

    id: Mapped[str] = mapped_column(primary_key=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)
    decided_at: Mapped[datetime]
    tonight: Mapped[date]
    decided_by: Mapped[str]
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    policy_id: Mapped[str]
    policy_version: Mapped[int]
    rules_version: Mapped[str]
    engine_version: Mapped[str]
    snapshot_sha256: Mapped[str]
    snapshot: Mapped[str] = mapped_column(Packed)
    answer: Mapped[str] = mapped_column(Packed)
