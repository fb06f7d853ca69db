"""Emergency access: opened on a reason, given back, reviewed, and counted.

One act, with a permission of its own and a fresh proof: never a field of another request. It opens the case as one who
was let in reads it: no name, and no address, which hangs on the placement alone. The supervisors of the person's agency
and the agency whose record it is are told by the transaction that opens it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied, hidden
from app.access.models import Agency, Person
from app.access.policy import Permission
from app.access.service import called
from app.audit.models import AuditEvent, Outcome
from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.emergency.models import EmergencyAccess
from app.emergency.schemas import EmergencyAsked, EmergencyCount, EmergencyOpened, EmergencyRead
from app.errors import Problem
from app.outbox.service import emit
from app.paging import Place, page
from app.referrals.models import Referral
from app.sealing.words import seal_words, words_at
from app.sharing.models import Grant, Relation
from app.sharing.service import grant, visible_minors

LASTS = timedelta(minutes=60)
REVIEWED_WITHIN = timedelta(hours=72)
MISSES = 5
"""Codes of nobody within an hour, after which somebody is refused: codes are not to be tried one after another."""
PER = timedelta(hours=1)
SUSPENDED = "Your right to emergency access is suspended until a supervisor has reviewed how it was used. Call yours."
OPEN_ALREADY = "You have emergency access to a record now. Give it back first: it is for one record at a time."
NOT_NEEDED = "You may see this record already."


def open_record(session: Session, actor: Actor, asked: EmergencyAsked, now: datetime) -> EmergencyOpened:
    """Let one person see one record for an hour, and tell those who must know. Every refusal is on record."""
    person = session.get_one(Person, actor.id, with_for_update=True, populate_existing=True)
    if suspended(session, person.id, now):
        raise Denied(actor, "emergency.open", "suspended", detail=SUSPENDED)
    if person.emergency_until is not None and person.emergency_until > now:
        raise Problem("not_now", OPEN_ALREADY)
    if _misses(session, person.id, now) >= MISSES:
        raise Problem("too_many", headers={"Retry-After": str(int(PER.total_seconds()))})
    referral = session.scalar(select(Referral).where(Referral.code == asked.code))
    if referral is None:
        raise hidden(actor, "emergency.open", "referral", "")
    seen = select(Referral.id).where(Referral.id == referral.id, Referral.minor_id.in_(visible_minors(actor, now)))
    if session.scalar(seen) is not None:
        raise Problem("not_now", NOT_NEEDED)
    let_in = grant(session, referral.minor_id, actor.agency_id, Relation.EMERGENCY, now, now + LASTS,
                   person_id=person.id)  # fmt: skip
    session.flush()
    access_id = new_id("emg")
    row = EmergencyAccess(
        id=access_id,
        referral_id=referral.id,
        person_id=person.id,
        agency_id=actor.agency_id,
        owner_id=referral.agency_id,
        grant_id=let_in.id,
        reason=asked.reason,
        sealed_words=seal_words(session, referral.minor_id, EmergencyAccess, "words", access_id, asked.words),
        opened_at=now,
        until=now + LASTS,
        review_due_at=now + REVIEWED_WITHIN,
    )
    session.add(row)
    person.emergency_until = row.until
    session.flush()
    emit(session, "emergency.opened", agency_id=row.agency_id, subject_kind="emergency", subject_id=row.id)
    emit(session, "emergency.told", agency_id=row.owner_id, subject_kind="referral", subject_id=trail_id(referral.id))
    record(session, actor, "emergency.open", "referral", trail_id(referral.id), reason=f"emergency.{row.reason}")
    return opened(row)


def opened(row: EmergencyAccess) -> EmergencyOpened:
    """What is open, for the one for whom it is."""
    return EmergencyOpened(
        id=row.id, referral_id=row.referral_id, until=row.ended_at or row.until, review_due_at=row.review_due_at
    )


def own(session: Session, actor: Actor, access_id: str, action: str) -> EmergencyAccess:
    """An access of one's own."""
    row = session.get(EmergencyAccess, access_id)
    if row is None or row.person_id != actor.id:
        raise hidden(actor, action, "emergency", trail_id(access_id))
    return row


def give_back(session: Session, actor: Actor, now: datetime) -> EmergencyAccess | None:
    """End what one has open, before its hour is over; None where nothing is."""
    going_on = (EmergencyAccess.person_id == actor.id, EmergencyAccess.until > now, EmergencyAccess.ended_at.is_(None))
    row = session.scalar(select(EmergencyAccess).where(*going_on).with_for_update())
    if row is None:
        return None
    row.ended_at = now
    session.get_one(Grant, row.grant_id).valid_until = now
    session.get_one(Person, row.person_id).emergency_until = None
    session.flush()
    record(session, actor, "emergency.end", "referral", trail_id(row.referral_id))
    return row


def suspended(session: Session, person_id: str, now: datetime) -> bool:
    """Whether somebody may take none now: one was not reviewed in time, or found not to have been justified."""
    late = EmergencyAccess.reviewed_at.is_(None) & (EmergencyAccess.review_due_at <= now)
    wrong = EmergencyAccess.justified.is_(False)
    own = select(EmergencyAccess.id).where(EmergencyAccess.person_id == person_id, or_(late, wrong))
    return session.scalar(own.limit(1)) is not None


def review(session: Session, actor: Actor, access_id: str, now: datetime, *, justified: bool) -> EmergencyRead:
    """Say whether it was justified, late if need be; said again, the last word counts and every one is on record."""
    query = select(EmergencyAccess).where(EmergencyAccess.id == access_id, EmergencyAccess.agency_id == actor.agency_id)
    row = session.scalar(query.with_for_update())
    if row is None:
        raise hidden(actor, "emergency.review", "emergency", trail_id(access_id))
    if row.person_id == actor.id:
        raise Problem("not_now", "Somebody else reviews it: whoever took it cannot.")
    row.reviewed_at, row.reviewed_by, row.justified = now, actor.id, justified
    session.flush()
    said = "justified" if justified else "not_justified"
    record(session, actor, "emergency.review", "referral", trail_id(row.referral_id), reason=said)
    return shown(session, actor, [row])[0]


def list_accesses(session: Session, actor: Actor, place: Place) -> tuple[list[EmergencyRead], str | None]:
    """One page of what the own agency's people took, and of what was taken of its records; the newest first."""
    rows, cursor = page(
        session, _of_agency(actor), [EmergencyAccess.opened_at, EmergencyAccess.id], place, newest_first=True
    )
    record(session, actor, "emergency.list", "agency", actor.agency_id)
    return shown(session, actor, rows), cursor


def read_access(session: Session, actor: Actor, access_id: str) -> EmergencyRead:
    """One of these."""
    row = session.scalar(_of_agency(actor).where(EmergencyAccess.id == access_id))
    if row is None:
        raise hidden(actor, "emergency.read", "emergency", trail_id(access_id))
    record(session, actor, "emergency.read", "referral", trail_id(row.referral_id))
    return shown(session, actor, [row])[0]


def counts(session: Session, actor: Actor, clock: Clock) -> list[EmergencyCount]:
    """How often the own agency's people took it, by month, the newest first."""
    rows = session.execute(
        select(EmergencyAccess.opened_at, EmergencyAccess.justified).where(EmergencyAccess.agency_id == actor.agency_id)
    ).all()
    record(session, actor, "emergency.list", "agency", actor.agency_id)
    months: dict[str, list[bool | None]] = {}
    for at, justified in rows:
        months.setdefault(f"{at.astimezone(clock.zone):%Y-%m}", []).append(justified)
    return [
        EmergencyCount(
            month=month,
            opened=len(found),
            justified=found.count(True),
            not_justified=found.count(False),
            not_reviewed=found.count(None),
        )
        for month, found in sorted(months.items(), reverse=True)
    ]


def shown(session: Session, actor: Actor, rows: Sequence[EmergencyAccess]) -> list[EmergencyRead]:
    """Accesses for who reviews them; the agency whose record it was reads which agency it was, and why in a code."""
    people = called(session, actor, {row.person_id for row in rows})
    mine = {row.id: row.sealed_words for row in rows if row.agency_id == actor.agency_id}
    said = words_at(session, EmergencyAccess, "words", mine)
    return [
        EmergencyRead(
            id=row.id,
            code=session.get_one(Referral, row.referral_id).code,
            agency=session.get_one(Agency, row.agency_id).name,
            by=people[row.person_id],
            reason=row.reason,
            words=said.get(row.id),
            opened_at=row.opened_at,
            until=row.until,
            ended_at=row.ended_at,
            review_due_at=row.review_due_at,
            reviewed_at=row.reviewed_at,
            justified=row.justified,
            may_review=row.agency_id == actor.agency_id
            and row.person_id != actor.id
            and actor.may(Permission.EMERGENCY_REVIEW),
        )
        for row in rows
    ]


def _of_agency(actor: Actor) -> Select[EmergencyAccess]:
    either = or_(EmergencyAccess.agency_id == actor.agency_id, EmergencyAccess.owner_id == actor.agency_id)
    return select(EmergencyAccess).where(either)


def _misses(session: Session, person_id: str, now: datetime) -> int:
    missed = select(func.count()).where(
        AuditEvent.actor_id == person_id,
        AuditEvent.action == "emergency.open",
        AuditEvent.outcome == Outcome.DENIED,
        AuditEvent.at > now - PER,
    )
    return session.scalar(missed) or 0
