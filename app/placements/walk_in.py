"""A young person who is already in the house: the bed first, the judgement after.

What the house says is all that is known; the rest is null. Nobody pays the night until somebody decides who does. A
rule that stands against the house changes nothing tonight: its supervisor is told, and the decision is on record.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import Role
from app.audit.service import record
from app.beds import ledger
from app.beds.cards import Card, turn
from app.codes import trail_id
from app.db import Database, new_id
from app.errors import Problem
from app.facilities.models import BedStatus, Facility
from app.facilities.rooms import find_bed
from app.facilities.service import find_to_change
from app.idempotency import NO_KEY, Once
from app.minors.schemas import MinorFacts
from app.outbox.service import emit
from app.placements import service
from app.referrals import service as referrals
from app.referrals.models import Referral, ReferralStatus
from app.referrals.schemas import ReferralCreate
from app.stays import parties
from app.stays.models import Admission, Stay
from app.stays.schemas import WalkInCreate, WalkInRead

Json = dict[str, Any]

SENT_AGAIN_WITHIN = timedelta(minutes=5)
"""How long whoever recorded a walk-in has to send a request again that was cut off."""


@dataclass(frozen=True, slots=True)
class _Entered:
    referral_id: str
    stay_id: str


def walk_in(
    database: Database,
    actor: Actor,
    facility_id: str,
    body: WalkInCreate,
    *,
    once: Once = NO_KEY,
    request_id: str | None = None,
) -> tuple[WalkInRead, bool]:
    """Record a walk-in and judge it; raises Taken where somebody has the bed. Also whether it was recorded before.

    A crash in between leaves a stay whose referral is still open: the same request, sent again, has it judged, or else
    the worker does.
    """
    now, tonight = database.clock.now(), database.clock.tonight()
    with database.writing() as session:
        session.info["request_id"] = request_id
        earlier = once.earlier(session, actor.id)
        if earlier is None:
            entered = _enter(session, actor, facility_id, body, now, tonight)
            once.remember(session, actor.id, entered.stay_id)
        elif (unjudged := _unjudged(session, earlier)) is not None:
            entered = _Entered(unjudged, earlier)
        else:
            return _read(session, earlier), True
    _judge(database, actor, entered.referral_id, facility_id, request_id)
    with database.reading() as session:
        return _read(session, entered.stay_id), earlier is not None


def _judge(database: Database, actor: Actor, referral_id: str, facility_id: str, request_id: str | None) -> None:
    decided = service.rank_for(database, actor, referral_id, actor.agency_id, request_id=request_id)
    with database.writing() as session:
        session.info["request_id"] = request_id
        referral = session.get_one(Referral, referral_id)
        referral.status = ReferralStatus.PLACED
        if _stands_against(decided.answer, facility_id):
            emit(session, "walk_in.against_a_rule", agency_id=actor.agency_id, facility_id=trail_id(facility_id),
                 subject_kind="ranking_run", subject_id=decided.run_id)  # fmt: skip


def judge_cut_off(database: Database) -> int:
    """Judge the walk-ins whose own request was cut off before it did, and was not sent again; how many."""
    before = database.clock.now() - SENT_AGAIN_WITHIN
    query = (
        select(Stay.id, Facility.id, Agency.id, Agency.kind)
        .join(Facility, Facility.id == Stay.facility_id)
        .join(Agency, Agency.id == Facility.agency_id)
        .join(Referral, (Referral.minor_id == Stay.minor_id) & (Referral.agency_id == Agency.id))
        .outerjoin(Admission, Admission.stay_id == Stay.id)
        .where(Admission.stay_id.is_(None), Stay.in_house)
        .where(Referral.status == ReferralStatus.OPEN, Referral.created_at <= before)
        .order_by(Stay.id)
    )
    with database.reading() as session:
        found = [(_unjudged(session, row[0]), row[1], row[2], row[3]) for row in session.execute(query)]
    judged = 0
    for referral_id, facility_id, agency_id, kind in found:
        if referral_id is not None:
            actor = Actor(agency_id=agency_id, kind=kind, role=Role.FACILITY_STAFF)
            _judge(database, actor, referral_id, facility_id, None)
            judged += 1
    return judged


def _enter(
    session: Session, actor: Actor, facility_id: str, body: WalkInCreate, now: datetime, tonight: date
) -> _Entered:
    find_to_change(session, actor, facility_id, "stay.walk_in")
    bed = find_bed(session, actor, facility_id, body.bed, "stay.walk_in")
    if bed.status not in (BedStatus.OPEN, BedStatus.CLEANING):
        raise Problem("not_now", "This bed is neither open nor being cleaned. Choose another, or say what it is first.")
    age = None if body.age is None else (body.age, body.age)
    facts = MinorFacts(trafficking=body.trafficking, gender=body.gender, age_range=age)
    new = ReferralCreate(minor=facts, needed_from=None, urgency=1)
    referral = referrals.create_referral(session, actor, new, now, tonight)
    stay = Stay(
        id=new_id("stay"),
        minor_id=referral.minor.id,
        facility_id=bed.facility_id,
        bed_id=bed.id,
        admitted_on=tonight,
        expected_until=tonight + ledger.NIGHT,
        in_house=True,
    )
    session.add(stay)
    session.flush()
    ledger.claim(
        session,
        facility_id=bed.facility_id,
        bed_id=bed.id,
        minor_id=stay.minor_id,
        first=tonight,
        until=tonight + ledger.NIGHT,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
    )
    turn(session, bed, Card(status=BedStatus.OCCUPIED), actor.id, confirmed=(now, actor.id))
    record(session, actor, "stay.walk_in", "stay", stay.id)
    parties.tell(session, "stay.arrived", stay)
    return _Entered(referral.id, stay.id)


def _unjudged(session: Session, stay_id: str) -> str | None:
    """The referral of a walk-in that was recorded, and cut off before it was judged."""
    first = _made_for(session, stay_id)
    return first.id if first.status is ReferralStatus.OPEN else None


def _made_for(session: Session, stay_id: str) -> Referral:
    """The referral that was made with a walk-in: of the young person's the first."""
    query = select(Referral).join(Stay, Stay.minor_id == Referral.minor_id).where(Stay.id == stay_id)
    return session.scalars(query.order_by(Referral.created_at, Referral.id).limit(1)).one()


def _stands_against(answer: Json, facility_id: str) -> bool:
    """Whether some rule fails for this house. What is not known yet is asked, and is nobody's task."""
    return facility_id in {entry["facility"] for entry in answer["excluded"]}


def _read(session: Session, stay_id: str) -> WalkInRead:
    stay = session.get_one(Stay, stay_id)
    return WalkInRead(
        id=stay.id,
        code=_made_for(session, stay_id).code,
        facility_id=stay.facility_id or "",
        bed_id=stay.bed_id,
        admitted_on=stay.admitted_on,
    )
