"""The table of what was published: each table once, with what it showed and what it hid."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class TableKind(StrEnum):
    """What a table counts."""

    NETWORK = "network"
    """Young people for whom a bed was looked for, and who was placed."""
    TURNED_AWAY = "turned_away"
    """Young people whom one fund turned away, by rule and by rules together."""
    UNMET = "unmet"
    """Nights that somebody waited whom one fund had turned away, by what stood in the way."""
    NIGHTS = "nights"
    """Nights that one fund could pay, paid and left unspent."""
    BY_AGE = "by_age"
    BY_GENDER = "by_gender"
    BY_RESIDENCE = "by_residence"
    BY_FOUND = "by_found"
    BY_JURISDICTION = "by_jurisdiction"
    BY_URGENCY = "by_urgency"
    BY_HOUSE_KIND = "by_house_kind"
    BY_MONTH = "by_month"
    """Young people whom one fund turned away, by who they are, or by where and when it was first."""
    FAIR_AGE = "fair_age"
    FAIR_GENDER = "fair_gender"
    FAIR_RESIDENCE = "fair_residence"
    """Young people for whom a bed was looked for, those placed, and nights waited, by who they are."""
    WHATIF = "whatif"
    """What one change of one fund's limits would have done."""
    CAPS = "caps"
    """Young people for whom a stay cap of one fund was reached, and where they went then."""


class PublishedTable(Base):
    """One table of one quarter as it left, for good: rows never change, and another of the same is never made.

    `cells` holds name and count of each, in order; no count: hidden. `sums` holds which are sums of which. Both are
    what the attack looks at when something is published that speaks of the same numbers.
    """

    __tablename__ = "published_tables"
    __table_args__ = (
        CheckConstraint("until > first", name="dates_run_forward"),
        CheckConstraint("(kind = 'whatif') = (change IS NOT NULL)", name="change_of_a_whatif"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[TableKind]
    change: Mapped[str | None]
    """Of a what-if: which change of the grid, such as `max_age+1`."""
    fund_id: Mapped[str | None] = mapped_column(ForeignKey("funds.id"), index=True)
    """Whose nights it counts; null: the whole network."""
    first: Mapped[date] = mapped_column(index=True)
    until: Mapped[date]
    published_at: Mapped[datetime]
    most_small: Mapped[int]
    width: Mapped[int]
    floor_reason: Mapped[str | None]
    """Why the floor is below the default; null: it is not."""
    withheld: Mapped[bool]
    """Nothing of it could be shown: what was out already would have given a hidden count away."""
    cells: Mapped[list[dict[str, Any]]]
    sums: Mapped[list[dict[str, Any]]]
    once: Mapped[str] = mapped_column(unique=True)


class GapUnlock(Base):
    """The fewest changes that would have opened a bed for one decision that found none. Rows never change.

    `sets` holds every set of so few changes: of each change its kind, what it is a change of, of whom, and who can.
    """

    __tablename__ = "gap_unlocks"

    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), primary_key=True)
    night: Mapped[date] = mapped_column(index=True)
    known: Mapped[bool]
    """What the decision looked at could be read."""
    whole: Mapped[bool]
    """There are no other sets."""
    sets: Mapped[list[list[list[str]]]] = mapped_column(JSON)


class ReportFloor(Base):
    """Which counts are small, as it was set: the newest row counts, and every one stays."""

    __tablename__ = "report_floors"
    __table_args__ = (
        CheckConstraint("most_small BETWEEN 4 AND 50", name="most_small_range"),
        CheckConstraint("most_small >= 10 OR reason IS NOT NULL", name="reason_below_the_default"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    """Counts on, so that the newest is the highest."""
    most_small: Mapped[int]
    reason: Mapped[str | None]
    set_at: Mapped[datetime]
    set_by: Mapped[str]
