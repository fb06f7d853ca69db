"""From one placement into the next: asking for it, from the cliff on, and ranking from there.

Whoever owns the record asks. Of a walk-in that is the house's own agency: its staff say that a next place is needed,
and those of the agency who place are told. Where nobody there places, whoever leads the coalition is told which house
asks, and nothing about the young person: the record stays the house's own.
"""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.policy import Permission
from app.access.service import leads_who_place, may_place
from app.answers import runs
from app.audit.service import record
from app.codes import trail_id
from app.db import Database, new_id
from app.errors import FieldError, Problem, invalid
from app.idempotency import NO_KEY, Once
from app.outbox.service import emit
from app.placements import service
from app.referrals.codes import codes_for
from app.referrals.models import Referral, ReferralStatus
from app.sharing.service import visible_minors
from app.stays.models import Admission, NextPlacement, Offer, Stay
from app.stays.parties import places
from app.stays.schemas import NextCreate
from app.stays.service import must_have_arrived
from app.stays.warnings import first_open_night, need_until


class Asked(NamedTuple):
    """The referral for a next placement and its decision; `replayed` where the same request had made it before."""

    referral_id: str
    run_id: str
    replayed: bool


def ask(
    database: Database,
    actor: Actor,
    stay_id: str,
    body: NextCreate,
    *,
    once: Once = NO_KEY,
    request_id: str | None = None,
) -> Asked:
    """Refer the young person on, and rank: from the first night for which nothing is arranged, or from one named."""
    with database.writing() as session:
        session.info["request_id"] = request_id
        now, tonight = database.clock.now(), database.clock.tonight()
        _locked(session, actor, stay_id, now)
        # Under the lock: the same request, sent again while the first is at work, waits for what that made.
        made = once.earlier(session, actor.id)
        if made is None:
            referral_id = refer_on(session, actor, stay_id, body, now, tonight).id
            once.remember(session, actor.id, referral_id)
    if made is not None:
        with database.reading() as session:
            latest = runs.latest_run_id(session, made)
        if latest is not None:
            return Asked(made, latest, replayed=True)
        referral_id = made  # it was made, and cut off before it was ranked
    run = service.rank(database, actor, referral_id, request_id=request_id)
    return Asked(referral_id, run.run_id, replayed=made is not None)


def refer_on(session: Session, actor: Actor, stay_id: str, body: NextCreate, now: datetime, tonight: date) -> Referral:
    """The referral for what comes after a stay."""
    stay = _locked(session, actor, stay_id, now)
    if stay.left_on is not None:
        raise Problem("not_now", "This stay has ended, or the next placement is arranged.")
    # Whoever never comes is looked for again by the referral that is there: nobody is looked for twice.
    must_have_arrived(session, stay)
    if _open_next(session, stay.id) is not None:
        raise Problem("already_exists", "The next placement is being looked for already.")
    before = session.scalar(
        select(Referral)
        .join(Offer, Offer.referral_id == Referral.id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay.id)
    )
    first = body.needed_from or first_open_night(session, stay.id, tonight)
    if first is None or first < tonight:
        raise invalid([FieldError("/needed_from", "out_of_range", "Expected a night, tonight at the earliest.")])
    if first < stay.admitted_on:
        reason = "Expected a night on which the present stay has begun."
        raise invalid([FieldError("/needed_from", "out_of_range", reason)])
    need = need_until(session, stay, before)
    left = None if need is None or need <= first else (need - first).days
    referral_id = new_id("ref")
    referral = Referral(
        id=referral_id,
        code=codes_for(session, [referral_id])[referral_id],
        minor_id=stay.minor_id,
        agency_id=actor.agency_id,
        status=ReferralStatus.OPEN,
        created_at=now,
        created_by=actor.id,
        opened_at=now,
        needed_from=first,
        nights_needed=body.nights_needed or left,
        home_latitude=None if before is None else before.home_latitude,
        home_longitude=None if before is None else before.home_longitude,
    )
    session.add(referral)
    session.flush()
    session.add(NextPlacement(referral_id=referral.id, stay_id=stay.id))
    if not actor.may(Permission.HOLD_WRITE):
        emit(session, "stay.next_asked", agency_id=actor.agency_id, subject_kind="referral", subject_id=referral.id)
        if not may_place(session, actor.agency_id):
            house = trail_id(stay.facility_id or "")
            for lead in leads_who_place(session):
                emit(session, "stay.next_nobody", agency_id=lead.id, subject_kind="facility", subject_id=house)
    record(session, actor, "stay.next", "referral", referral.id)
    return referral


def _locked(session: Session, actor: Actor, stay_id: str, now: datetime) -> Stay:
    seen = (Stay.id == stay_id, Stay.minor_id.in_(visible_minors(actor, now)))
    stay = session.scalar(select(Stay).where(*seen).with_for_update())
    elsewhere = actor.facility_ids is not None and stay is not None and stay.facility_id not in actor.facility_ids
    if stay is None or elsewhere or not places(session, actor, stay):
        raise hidden(actor, "stay.next", "stay", trail_id(stay_id))
    return stay


def _open_next(session: Session, stay_id: str) -> str | None:
    return session.scalar(
        select(Referral.id)
        .join(NextPlacement, NextPlacement.referral_id == Referral.id)
        .where(NextPlacement.stay_id == stay_id, Referral.status == ReferralStatus.OPEN)
    )
