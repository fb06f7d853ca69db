"""Tables of what was decided: ranking runs stored whole, what they stood on, and the orders of terms that they name."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, LargeBinary, event
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from app.answers import sealed
from app.db import Base
from app.sealing.column import Sealed, SealedText
from app.sealing.keyring import Keyring, keyring_of


class Keeps:
    """Rows that keep what the engine said, sealed; the session that reads one opens it by its keyring."""

    _ring: Keyring | None = None

    def _keyring(self) -> Keyring:
        """Of the session that read it, else of the one in which it was made."""
        return self._ring or keyring_of(object_session(self) or Session())


@event.listens_for(Keeps, "load", propagate=True)
@event.listens_for(Keeps, "refresh", propagate=True)
def _by_the_keyring(row: Keeps, context: Any, *_: Any) -> None:
    row._ring = context.session.info.get("keyring")


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


class LearntPrices(Base):
    """What beds are worth to those still to come, as it was learnt on one day, and from how much of the past.

    `units` holds one list by unit: what a night is worth where one of its beds is free, where two are, and so on.
    """

    __tablename__ = "learnt_prices"
    __table_args__ = (CheckConstraint("nights >= 0 AND referrals >= 0", name="not_negative"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    learnt_at: Mapped[datetime] = mapped_column(index=True)
    learnt_on: Mapped[date]
    nights: Mapped[int]
    referrals: Mapped[int]
    history_sha256: Mapped[str]
    units: Mapped[dict[str, Any]]


class StoredWhole(Keeps):
    """What the engine looked at, what it answered, by which rules and engine. Rows never change."""

    id: Mapped[str] = mapped_column(primary_key=True)
    decided_at: Mapped[datetime]
    tonight: Mapped[date]
    decided_by: Mapped[str]
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    policy_id: Mapped[str]
    policy_version: Mapped[int]
    rules_version: Mapped[str]
    engine_version: Mapped[str]
    snapshot_sha256: Mapped[str]
    sealed_snapshot: Mapped[bytes] = mapped_column("snapshot", LargeBinary)
    sealed_answer: Mapped[bytes] = mapped_column("answer", Sealed)

    @property
    def snapshot(self) -> str:
        """What the engine looked at; raises Expunged where a part of it can no longer be read."""
        return sealed.snapshot(self._keyring(), _table(self), self.id, self.sealed_snapshot)

    @property
    def answer(self) -> str:
        """What it answered; raises Expunged."""
        return sealed.answer(self._keyring(), _table(self), self.id, self.sealed_answer)


def _table(row: Any) -> str:
    return str(row.__tablename__)


class RankingRun(StoredWhole, Base):
    """One decision about a referral, whole."""

    __tablename__ = "ranking_runs"

    referral_id: Mapped[str] = mapped_column(ForeignKey("referrals.id"), index=True)


class PlanRun(StoredWhole, Base):
    """One joint plan for everybody who waited, whole."""

    __tablename__ = "plan_runs"


class OutlookRun(Keeps, Base):
    """What comes after the options of a decision, whole: derived from the decision and what it looked at."""

    __tablename__ = "outlook_runs"

    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), primary_key=True)
    sealed_answer: Mapped[bytes] = mapped_column("answer", Sealed)

    @property
    def answer(self) -> str:
        """In the words of the engine; raises Expunged."""
        return sealed.answer(self._keyring(), _table(self), self.run_id, self.sealed_answer)


class RunGround(Base):
    """What a decision stood on. A hold asks that neither the referral nor the house has changed since."""

    __tablename__ = "run_grounds"

    run_id: Mapped[str] = mapped_column(ForeignKey("ranking_runs.id"), primary_key=True)
    referral_version: Mapped[int]
    house_stamps: Mapped[dict[str, Any]]
    """How often each house had changed; one that is missing never had."""
    fund_changes: Mapped[int | None]
    """How often funds and their limits had changed, all together; None: not on record, and so out of date."""


class AreaKind(StrEnum):
    """How a place to avoid is counted: a county, a long list of them as one, or a circle."""

    COUNTY = "county"
    LIST = "list"
    CIRCLE = "circle"


class AreaAsked(Base):
    """When an agency last had an answer about a place to avoid; `place` is a hash, and tells of no young person."""

    __tablename__ = "areas_asked"

    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), primary_key=True)
    kind: Mapped[AreaKind] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]


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
    sealed_words: Mapped[bytes] = mapped_column("words", SealedText)
