"""Tables of what could not be had: gaps, and calls that were answered with no."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import FacilityKind
from app.db import Base


class DeclineReason(StrEnum):
    """Why not: the codes of the field, kept beside any export. Some are the house's to say, one the young person's."""

    NO_BED = "no_bed"
    NO_STAFFED_BED = "no_staffed_bed"
    AGE = "age"
    CUSTODY = "custody"
    RESIDENCE = "residence"
    CAP_EXHAUSTED = "cap_exhausted"
    PAYER = "payer"
    MINOR_DECLINED = "minor_declined"
    FACILITY_OTHER = "facility_other"
    SEX_OR_GENDER_LICENCE = "sex_or_gender_licence"
    ACUITY_MEDICAL = "acuity_medical"
    ACUITY_PSYCH = "acuity_psych"
    DETOX_NEEDED = "detox_needed"
    AGGRESSION = "aggression"
    ARSON = "arson"
    SEXUAL_BEHAVIOUR = "sexual_behaviour"
    GANG_OR_RECRUITER_CONFLICT = "gang_or_recruiter_conflict"
    RUN_RISK = "run_risk"
    DISTANCE = "distance"
    LANGUAGE = "language"
    PARENTING = "parenting"
    DISABILITY_ACCESS = "disability_access"
    SAFEGUARD_FAIL = "safeguard_fail"
    NO_RESPONSE = "no_response"


class GapKind(StrEnum):
    """What was missing."""

    INELIGIBLE = "ineligible"
    NO_BED = "no_bed"
    UNFUNDED_TONIGHT = "unfunded_tonight"
    NEEDS_INFO = "needs_info"


class GapSource(StrEnum):
    """By what it was noticed."""

    RANKING = "ranking"
    NIGHT = "night"
    CALL = "call"
    OFFER = "offer"


class Gap(Base):
    """One night on which something was missing for one referral; `rule` is the one that stood in the way, if any."""

    __tablename__ = "gaps"
    __table_args__ = (Index(None, "agency_id", "made_at", "id"), Index(None, "referral_id", "night"))

    id: Mapped[str] = mapped_column(primary_key=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"))
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("ranking_runs.id"), index=True)
    night: Mapped[date]
    kind: Mapped[GapKind]
    source: Mapped[GapSource]
    rule: Mapped[str | None]
    reason: Mapped[DeclineReason | None]
    """Of a call: what the house said."""
    made_at: Mapped[datetime]
    once: Mapped[str] = mapped_column(unique=True)


class Call(Base):
    """A house was called for a referral, and said no. It bars nobody: until the house confirms its beds again, they
    count as not confirmed."""

    __tablename__ = "calls"
    __table_args__ = (Index(None, "facility_id", "made_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"))
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    reason: Mapped[DeclineReason]


class GapLook(Base):
    """The night up to which nights slept unpaid were looked for: one row, which the next look replaces."""

    __tablename__ = "gap_looks"

    night: Mapped[date] = mapped_column(primary_key=True)


class DecisionCounted(Base):
    """A decision whose findings by fund are kept beside it, so that a count is a query. Rows never change."""

    __tablename__ = "decisions_counted"

    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), primary_key=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)
    night: Mapped[date] = mapped_column(index=True)


class FundRefusal(Base):
    """A rule by which one decision found that a fund pays for this young person nowhere. Rows never change.

    The rules are those of the house where the fewest stood in the way: there is a row for each fund that refused,
    even where another fund paid.
    """

    __tablename__ = "fund_refusals"
    __table_args__ = (Index(None, "fund_id", "night"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("decisions_counted.run_id"), primary_key=True)
    fund_id: Mapped[str] = mapped_column(ForeignKey("funds.id"), primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    night: Mapped[date]
    facility_kind: Mapped[FacilityKind]
    """Of the house where the fewest rules stood in the way."""
    alone: Mapped[bool]
    """No other rule of this fund stood in the way there."""
    decisive: Mapped[bool]
    """Nothing else at all stood in the way of some house, and there was no other house, now or later."""
