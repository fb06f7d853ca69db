"""Exceptions: recorded for the party whose rule it is, looked at by a second person within a day, and listed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.answers import runs
from app.audit.service import record
from app.beds.models import BedNight
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, Problem, invalid
from app.exceptions.models import RuleException
from app.exceptions.schemas import ExceptionCreate, ExceptionRead
from app.outbox.service import emit
from app.referrals import service as referrals
from app.referrals.models import Referral
from app.sealing.words import seal_words, words_at
from app.sharing.projection import AGENCY, project
from app.tasks.models import TaskKind, TaskOutcome
from app.tasks.service import open_task, settle

SECOND_WITHIN = timedelta(hours=24)


FARTHEST = timedelta(days=180)
_STAYS = (
    select(RuleException.id)
    .join(Referral, Referral.id == RuleException.referral_id)
    .join(
        BedNight,
        (BedNight.minor_id == Referral.minor_id)
        & (BedNight.facility_id == RuleException.facility_id)
        & BedNight.stay_id.is_not(None),
    )
)
"""Exceptions by which somebody sleeps in the house, or will."""


def add(session: Session, actor: Actor, referral_id: str, body: ExceptionCreate, now: datetime) -> ExceptionRead:
    """Put an exception on record, for a rule that the agency was shown and that somebody may waive."""
    referral = referrals.find_own(session, actor, referral_id, now, "exception.make")
    _, answer = runs.read_run(session, actor, referral_id, body.run, now)
    # What the agency was not shown cannot be waived either: else a refusal would tell what the page did not.
    out = next((e for e in project(answer, viewer=AGENCY)["excluded"] if e["facility"] == body.facility), None)
    if out is None:
        raise Problem("not_an_option")
    fix = next((row for row in out["fix"] if row["rule"] == body.rule), None)
    if fix is None:
        raise invalid([FieldError("/rule", "unknown", "This rule does not stand against the house.")])
    if not fix["waivable"]:
        raise Problem("safeguard_breach")
    if fix["who"].replace(" ", "_") != body.party:
        raise invalid([FieldError("/party", "not_theirs", "This rule is another party's to waive.")])
    if not now < body.until <= now + FARTHEST:
        raise invalid([FieldError("/until", "out_of_range", "Expected a moment to come, half a year ahead at most.")])
    exception_id = new_id("exc")
    row = RuleException(
        id=exception_id,
        referral_id=referral.id,
        facility_id=body.facility,
        agency_id=actor.agency_id,
        rule=body.rule,
        party=body.party,
        role=body.role,
        sealed_reason=seal_words(session, referral.minor_id, RuleException, "reason", exception_id, body.reason),
        until=body.until,
        recorded_at=now,
        recorded_by=actor.id,
        second_due_at=now + SECOND_WITHIN,
    )
    session.add(row)
    session.flush()
    open_task(
        session,
        TaskKind.SECOND_PERSON,
        agency_id=actor.agency_id,
        subject=("exception", row.id),
        now=now,
        due_at=row.second_due_at,
        once=f"second:{row.id}",
    )
    emit(session, "exception.made", agency_id=actor.agency_id, subject_kind="exception", subject_id=row.id)
    record(session, actor, "exception.make", "exception", row.id, reason=body.rule)
    return _shown(session, row, now)


def second(session: Session, actor: Actor, referral_id: str, exception_id: str, now: datetime) -> ExceptionRead:
    """Another person agrees, late if need be, and then it counts again; whoever recorded it cannot."""
    referrals.find_own(session, actor, referral_id, now, "exception.second")
    row = _find(session, actor, referral_id, exception_id, "exception.second")
    if row.recorded_by == actor.id:
        raise Problem("not_now", "A second person must look at it: somebody else than who recorded it.")
    if not awaits_second(session, row, now):
        raise Problem("not_now", "A second person has agreed, or what was waived is over.")
    late = "late" if row.second_due_at <= now else None
    row.second_at, row.second_by = now, actor.id
    session.flush()
    settle(session, TaskKind.SECOND_PERSON, ("exception", row.id), TaskOutcome.AGREED, actor.id, now)
    record(session, actor, "exception.second", "exception", row.id, reason=late)
    return _shown(session, row, now)


def list_exceptions(session: Session, actor: Actor, referral_id: str, now: datetime) -> list[ExceptionRead]:
    """Every exception of a referral, the newest first."""
    referrals.find_own(session, actor, referral_id, now, "exception.list")
    record(session, actor, "exception.list", "referral", trail_id(referral_id))
    rows = session.scalars(
        select(RuleException)
        .where(RuleException.referral_id == referral_id)
        .order_by(RuleException.recorded_at.desc(), RuleException.id)
    )
    return _all_shown(session, rows.all(), now)


def any_of(session: Session, referral_id: str) -> bool:
    """Whether a referral has exceptions on record."""
    return session.scalar(select(RuleException.id).where(RuleException.referral_id == referral_id).limit(1)) is not None


def read_exception(session: Session, actor: Actor, referral_id: str, exception_id: str, now: datetime) -> ExceptionRead:
    """One exception, found through its referral."""
    referrals.find_own(session, actor, referral_id, now, "exception.read")
    return _shown(session, _find(session, actor, referral_id, exception_id, "exception.read"), now)


def in_force(session: Session, referral_id: str, facility_id: str, now: datetime) -> dict[str, datetime]:
    """The rules that are waived for a referral at a house now, and until when."""
    rows = session.scalars(
        select(RuleException)
        .where(RuleException.referral_id == referral_id, RuleException.facility_id == facility_id, _in_force(now))
        .order_by(RuleException.until)
    )
    return {row.rule: row.until for row in rows}


def _in_force(now: datetime) -> ColumnElement[bool]:
    return (RuleException.until > now) & or_(RuleException.second_at.is_not(None), RuleException.second_due_at > now)


def _counts(row: RuleException, now: datetime) -> bool:
    return row.until > now and (row.second_at is not None or row.second_due_at > now)


def awaits_second(session: Session, row: RuleException, now: datetime) -> bool:
    """Whether a second person may still agree: while it would count, or somebody sleeps in the house by it."""
    if row.second_at is not None:
        return False
    clock: Clock = session.info["clock"]
    asleep = _STAYS.where(RuleException.id == row.id, BedNight.night >= clock.tonight())
    return row.until > now or session.scalar(asleep.limit(1)) is not None


def _find(session: Session, actor: Actor, referral_id: str, exception_id: str, action: str) -> RuleException:
    own = (RuleException.id == exception_id, RuleException.referral_id == referral_id)
    row = session.scalar(select(RuleException).where(*own).with_for_update())
    if row is None:
        raise hidden(actor, action, "exception", exception_id)
    return row


def _shown(session: Session, row: RuleException, now: datetime) -> ExceptionRead:
    return _all_shown(session, [row], now)[0]


def _all_shown(session: Session, rows: Sequence[RuleException], now: datetime) -> list[ExceptionRead]:
    names = (
        "id", "referral_id", "facility_id", "rule", "party", "role", "until", "recorded_at", "recorded_by",
        "second_due_at", "second_at",
    )  # fmt: skip
    said = words_at(session, RuleException, "reason", {row.id: row.sealed_reason for row in rows})
    return [
        ExceptionRead(
            **{name: getattr(row, name) for name in names},
            reason=said.get(row.id),
            in_force=_counts(row, now),
            awaits_second=awaits_second(session, row, now),
        )
        for row in rows
    ]
