"""Tables of stays and of what was decided: stays with payers and nights away, policies, ranking runs stored whole."""

import zlib
from datetime import date, datetime
from enum import StrEnum
from typing import Any

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


class Destination(StrEnum):
    """Where a young person goes from a stay."""

    FAMILY = "family"
    NEXT_PLACEMENT = "next_placement"
    INDEPENDENT = "independent"
    OTHER_CARE = "other_care"
    NOT_KNOWN = "not_known"


class StayEnd(StrEnum):
    """Why a stay ended; the HMIS values stand in domain.md's export."""

    COMPLETED = "completed"
    MAXIMUM_TIME = "maximum_time"
    YOUNG_PERSON_LEFT = "young_person_left"
    MISSING = "missing"
    HOUSE_ENDED = "house_ended"
    NOT_ARRIVED = "not_arrived"
    OTHER = "other"


class OfferStatus(StrEnum):
    """What has become of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    STOOD_DOWN = "stood_down"
    RAN_OUT = "ran_out"


class DecidedBy(StrEnum):
    """Whose no it is."""

    FACILITY = "facility"
    YOUNG_PERSON = "young_person"


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


class ChoiceReason(StrEnum):
    """Why another option than the first was taken."""

    YOUNG_PERSON_WISH = "young_person_wish"
    FIRST_DID_NOT_ANSWER = "first_did_not_answer"
    CLOSER_TO_SUPPORT = "closer_to_support"
    SAFER_DISTANCE = "safer_distance"
    SIBLING_OR_FRIEND = "sibling_or_friend"
    CLINICAL_ADVICE = "clinical_advice"


class Authority(StrEnum):
    """By what right a minor is placed."""

    CONSENT_MINOR = "consent_minor"
    CONSENT_PARENT = "consent_parent"
    CONSENT_AGENCY = "consent_agency"
    PROTECTIVE_CUSTODY = "protective_custody"
    COURT_ORDER = "court_order"


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


class StayAbsence(Base):
    """Nights of a stay that were slept elsewhere, `[away_from, away_until)`."""

    __tablename__ = "stay_absences"
    __table_args__ = (CheckConstraint("away_until >= away_from", name="dates_run_forward"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    stay_id: Mapped[str] = mapped_column(ForeignKey("stays.id"), index=True)
    away_from: Mapped[date]
    away_until: Mapped[date]


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
    rank: Mapped[int | None]
    """The option's place in the decision; null where the engine named none."""
    choice_reason: Mapped[ChoiceReason | None]
    authority: Mapped[Authority]
    authority_until: Mapped[datetime | None]
    """When the right to place ends; null: no end."""
    unfunded: Mapped[bool]
    """Taken for tonight although nobody pays: one night at a time, with a reason."""
    unfunded_reason: Mapped[str | None]
    status: Mapped[OfferStatus]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]
    answer_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    decided_by: Mapped[DecidedBy | None]
    reason: Mapped[DeclineReason | None]
    second_reason: Mapped[DeclineReason | None]


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


class RunGround(Base):
    """What a decision stood on. A hold asks that neither the referral nor the house has changed since."""

    __tablename__ = "run_grounds"

    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), primary_key=True)
    referral_version: Mapped[int]
    house_stamps: Mapped[dict[str, Any]]
    """How often each house had changed; one that is missing never had."""


class WholeReason(StrEnum):
    """Why a supervisor looks at findings about other people."""

    SAFETY_CONCERN = "safety_concern"
    COMPLAINT = "complaint"
    COURT_ASKS = "court_asks"
    CASE_REVIEW = "case_review"


class WholeView(Base):
    """One look of a supervisor at a whole decision, and why. Rows never change; the words are for a reviewer alone."""

    __tablename__ = "whole_views"

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), index=True)
    viewed_at: Mapped[datetime]
    viewed_by: Mapped[str]
    reason: Mapped[WholeReason]
    words: Mapped[str]
