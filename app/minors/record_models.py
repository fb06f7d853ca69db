"""Tables of the shared record: flags, services and activities, each of one agency's own record of a young person."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned
from app.sealing.column import Sealed
from app.sharing.codes import Item


class FlagLevel(StrEnum):
    """At risk of being exploited, or known to have been; never a score."""

    AT_RISK = "at_risk"
    VERIFIED = "verified"


class FlagBasis(StrEnum):
    """What a flag rests on."""

    DISCLOSURE = "disclosure"
    """The young person said so."""
    SCREENING = "screening"
    OBSERVATION = "observation"
    COURT_FINDING = "court_finding"


class Indicator(StrEnum):
    """What somebody saw or was told, in a code."""

    MISSING_OFTEN = "missing_often"
    CONTROLLED = "controlled"
    OLDER_COMPANION = "older_companion"
    GIFTS = "gifts"
    TRADED = "traded"
    ADVERTISED = "advertised"
    MARKED = "marked"
    SEVERAL_PHONES = "several_phones"
    HOTELS = "hotels"
    INJURIES = "injuries"
    PAPERS_KEPT = "papers_kept"
    DEBT = "debt"
    AFRAID = "afraid"
    SCHOOL_LEFT = "school_left"


class ScreenLevel(StrEnum):
    """What a screening tool came to, in the words that tools share."""

    NO_CONCERN = "no_concern"
    POSSIBLE_CONCERN = "possible_concern"
    CLEAR_CONCERN = "clear_concern"


class FlagEnd(StrEnum):
    """Why a flag was taken back before its time."""

    NOT_CONFIRMED = "not_confirmed"
    SAFE_NOW = "safe_now"
    MISTAKE = "mistake"


class Flag(Versioned, Base):
    """One agency's flag, with its basis and its end: after `review_by` it holds no more, unless somebody reviews it."""

    __tablename__ = "flags"
    __table_args__ = (
        CheckConstraint(
            "(basis = 'screening') = (tool IS NOT NULL) AND (tool IS NULL) = (tool_version IS NULL)"
            " AND (tool IS NULL) = (screened_on IS NULL) AND (tool IS NULL) = (screen_level IS NULL)",
            name="screening_whole",
        ),
        CheckConstraint("level <> 'verified' OR basis <> 'screening'", name="no_score_verifies"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_whole"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    level: Mapped[FlagLevel]
    basis: Mapped[FlagBasis]
    indicators: Mapped[list[str]]
    """Of `Indicator`."""
    tool: Mapped[str | None]
    tool_version: Mapped[str | None]
    screened_on: Mapped[date | None]
    screen_level: Mapped[ScreenLevel | None]
    words: Mapped[bytes | None] = mapped_column(Sealed)
    flagged_at: Mapped[datetime]
    flagged_by: Mapped[str]
    review_by: Mapped[date]
    """The last day on which it holds."""
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_reason: Mapped[FlagEnd | None]


class ActivityKind(StrEnum):
    """What was done for a young person, or happened."""

    OUTREACH_CONTACT = "outreach_contact"
    DROP_IN_VISIT = "drop_in_visit"
    SHELTER_NIGHT = "shelter_night"
    MEDICAL = "medical"
    COUNSELING = "counseling"
    FORENSIC_INTERVIEW = "forensic_interview"
    LEGAL = "legal"
    COURT_DATE = "court_date"
    SCHOOL = "school"
    MENTORING = "mentoring"
    SUPPORT_GROUP = "support_group"
    CASE_MANAGEMENT = "case_management"
    SAFETY_PLAN = "safety_plan"
    MISSING = "missing"
    RETURNED = "returned"


K = ActivityKind
ITEM_OF: Mapping[ActivityKind, Item] = {
    kind: item
    for item, kinds in {
        Item.OUTREACH: (K.OUTREACH_CONTACT, K.DROP_IN_VISIT, K.SHELTER_NIGHT),
        Item.HEALTH: (K.MEDICAL, K.COUNSELING),
        Item.LEGAL: (K.FORENSIC_INTERVIEW, K.LEGAL, K.COURT_DATE),
        Item.SCHOOL: (K.SCHOOL,),
        Item.SUPPORT: (K.MENTORING, K.SUPPORT_GROUP, K.CASE_MANAGEMENT, K.SAFETY_PLAN),
        Item.MISSING: (K.MISSING, K.RETURNED),
    }.items()
    for kind in kinds
}
"""Under which kind of information each is shared."""


class Activity(Base):
    """One service or activity, as the agency that gave it entered it."""

    __tablename__ = "activities"
    __table_args__ = (
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),
        Index(None, "minor_id", "happened_on", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"))
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    kind: Mapped[ActivityKind]
    happened_on: Mapped[date]
    words: Mapped[bytes | None] = mapped_column(Sealed)
    entered_at: Mapped[datetime]
    entered_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    """Entered by mistake: nobody is shown it any more."""
    withdrawn_by: Mapped[str | None]


class ReportingLine(Base):
    """Whom a State has people call who must report abuse; no State is every other one."""

    __tablename__ = "reporting_lines"

    state: Mapped[str] = mapped_column(primary_key=True)
    """The two letters, or `US`."""
    name: Mapped[str]
    phone: Mapped[str]
    citation: Mapped[str]
