"""Tables of who pays: funders, funds, and the dated limits of a fund with their clocks.

A limit that is null or an empty list is no rule. Lists of places and codes are columns of the row, since a limit
is always read and replaced whole.
"""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned


class ClockUnit(StrEnum):
    """What a stay cap counts."""

    NIGHT = "night"
    DAY = "day"
    BUSINESS_DAY = "business_day"


class ClockWindow(StrEnum):
    """Over which nights a stay cap counts."""

    STAY = "stay"
    CHAIN = "chain"
    TRAILING = "trailing"
    FISCAL_YEAR = "fiscal_year"
    LIFETIME = "lifetime"


class ClockScope(StrEnum):
    """Whether a cap counts the fund's nights everywhere, or in one facility."""

    FUND = "fund"
    FACILITY = "facility"


class Absence(StrEnum):
    """What nights away from the bed do to a cap."""

    PAUSES = "pauses"
    COUNTS = "counts"


class Funder(Base):
    """Who runs a fund; `agency_id` says whose people may change its limits."""

    __tablename__ = "funders"

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str | None] = mapped_column(ForeignKey("agencies.id"), index=True)
    name: Mapped[str] = mapped_column(unique=True)


class Fund(Versioned, Base):
    """One grant, contract or entitlement that pays nights."""

    __tablename__ = "funds"

    id: Mapped[str] = mapped_column(primary_key=True)
    funder_id: Mapped[str | None] = mapped_column(ForeignKey("funders.id"), index=True)
    program: Mapped[str | None]
    last_resort: Mapped[bool]


class FundLimit(Versioned, Base):
    """A fund's conditions from `valid_from` until before `valid_until`."""

    __tablename__ = "fund_limits"
    __table_args__ = (
        UniqueConstraint("fund_id", "position"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="dates_run_forward"),
        CheckConstraint("min_age BETWEEN 0 AND 150", name="min_age_range"),
        CheckConstraint("max_age BETWEEN 0 AND 150", name="max_age_range"),
        CheckConstraint("leaves_at_age BETWEEN 0 AND 150", name="leaves_at_age_range"),
        CheckConstraint("beds_per_night >= 0 AND nights_granted >= 0 AND rate_cents >= 0", name="counts_not_negative"),
        CheckConstraint(
            "residence_basis IS NOT NULL OR"
            " (residence_counties IS NULL AND residence_places IS NULL AND residence_states IS NULL)",
            name="residence_has_basis",
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    fund_id: Mapped[str] = mapped_column(ForeignKey("funds.id"), index=True)
    position: Mapped[int]
    """Of rows with one `valid_from`, the first listed governs."""
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    citation: Mapped[str | None]
    min_age: Mapped[int | None]
    max_age: Mapped[int | None]
    leaves_at_age: Mapped[int | None]
    residence_basis: Mapped[list[str] | None]
    residence_counties: Mapped[list[str] | None]
    residence_places: Mapped[list[str] | None]
    residence_states: Mapped[list[str] | None]
    custody_allow: Mapped[list[str] | None]
    custody_deny: Mapped[list[str] | None]
    trafficking: Mapped[list[str] | None]
    genders: Mapped[list[str] | None]
    facility_kinds: Mapped[list[str] | None]
    excluded_facility_kinds: Mapped[list[str] | None]
    requires: Mapped[list[str] | None]
    beds_per_night: Mapped[int | None]
    nights_granted: Mapped[int | None]
    """How many nights it may pay in all; what the ledger has not paid or committed of them is left."""
    rate_cents: Mapped[int | None]


class FundClock(Base):
    """One stay cap of a limit, and the extension that an approval adds to it."""

    __tablename__ = "fund_clocks"
    __table_args__ = (
        CheckConstraint('"limit" >= 0 AND gap_days >= 0', name="counts_not_negative"),
        CheckConstraint("window_days >= 1", name="window_days_positive"),
        CheckConstraint("window_months >= 1", name="window_months_positive"),
        CheckConstraint("unit = 'night' OR \"window\" IN ('stay', 'chain')", name="days_within_a_stay"),
        CheckConstraint(
            "\"window\" <> 'trailing' OR (window_days IS NULL) <> (window_months IS NULL)",
            name="trailing_has_one_length",
        ),
        CheckConstraint("\"window\" <> 'fiscal_year' OR fiscal_year_start IS NOT NULL", name="fiscal_year_has_start"),
        CheckConstraint(
            "fiscal_year_start LIKE '__-__' AND fiscal_year_start <> '02-29'", name="fiscal_year_start_shape"
        ),
        CheckConstraint(
            "(extension_approval IS NULL) = (extension_by IS NULL)"
            " AND (extension_approval IS NULL) = (extension_times IS NULL)",
            name="extension_whole",
        ),
    )

    limit_id: Mapped[str] = mapped_column(ForeignKey("fund_limits.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    limit: Mapped[int]
    unit: Mapped[ClockUnit]
    window: Mapped[ClockWindow]
    window_days: Mapped[int | None]
    window_months: Mapped[int | None]
    scope: Mapped[ClockScope]
    gap_days: Mapped[int]
    absence: Mapped[Absence]
    fiscal_year_start: Mapped[str | None]
    extension_by: Mapped[int | None]
    extension_times: Mapped[int | None]
    extension_approval: Mapped[str | None]
