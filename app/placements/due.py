"""What time brings to placements.

Each thing is done in a short transaction of its own, and looked at again there under its lock: it may be tried twice,
by two workers at once, or be cut off anywhere.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.beds import holds, ledger
from app.beds.models import Hold, HoldEnd
from app.clock import Clock
from app.db import Database
from app.exceptions import due as exceptions
from app.facilities.models import Bed, BedStatus
from app.gaps import service as gaps
from app.placements.accepting import close
from app.placements.holding import lock_referral, tell_agency, tell_house
from app.referrals.models import Referral
from app.stays import authority, unpaid, warnings
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay
from app.stays.parties import parties
from app.stays.told_cards import out_of_step, tell_card
from app.tasks.models import Task, TaskKind
from app.tasks.service import open_task

BY_CLOCK = "clock"
"""Who ended it: nobody did."""
log = logging.getLogger("bednight")


@dataclass(frozen=True, slots=True)
class Job:
    """How to find what is due, cheaply and without a lock, and how to do one of it; False where it is due no more."""

    find: Callable[[Session, Clock], Sequence[str]]
    do: Callable[[Session, Clock, str], bool]


def run(database: Database) -> int:
    """Do whatever has become due; how much that was."""
    return sum(_done(database, job, found) for job in JOBS for found in _found(database, job))


def _found(database: Database, job: Job) -> Sequence[str]:
    with database.reading() as session:
        return job.find(session, database.clock)


def _done(database: Database, job: Job, found: str) -> bool:
    """One of it. One that fails keeps nobody else waiting, and is tried again in the next round."""
    try:
        with database.writing() as session:
            return job.do(session, database.clock, found)
    except Exception as failure:
        log.error("%s failed: %s", job.do.__name__, type(failure).__name__)
        return False


def _offers_run_out(session: Session, clock: Clock) -> Sequence[str]:
    where = (Offer.status == OfferStatus.OPEN, Offer.answer_by <= clock.now())
    return session.scalars(select(Offer.id).where(*where).order_by(Offer.answer_by, Offer.id)).all()


def end_offer(session: Session, clock: Clock, offer_id: str) -> bool:
    """The hour of a question has passed: the bed that it kept is free, and both sides are told."""
    offer, now = session.get_one(Offer, offer_id), clock.now()
    lock_referral(session, session.get_one(Referral, offer.referral_id))
    session.refresh(offer)
    if offer.status is not OfferStatus.OPEN or offer.answer_by > now:
        return False
    close(session, offer, OfferStatus.RAN_OUT, HoldEnd.RAN_OUT, BY_CLOCK, now)
    record(session, None, "offer.run_out", "offer", offer.id)
    kind = "offer.ran_out" if offer.hold_id is None else "hold.ran_out"
    tell_house(session, kind, offer)
    tell_agency(session, kind, offer)
    return True


def _holds_run_out(session: Session, clock: Clock) -> Sequence[str]:
    return holds.run_out(session, clock.now())


def end_hold(session: Session, clock: Clock, hold_id: str) -> bool:
    """The same for a hold that no question stands behind any more."""
    hold, now = session.get_one(Hold, hold_id), clock.now()
    lock_referral(session, session.get_one(Referral, hold.referral_id))
    session.refresh(hold)
    if hold.ended_at is not None or hold.expires_at > now:
        return False
    holds.end(session, hold, HoldEnd.RAN_OUT, now)
    record(session, None, "hold.run_out", "hold", hold.id)
    return True


def _not_here_by_morning(session: Session, clock: Clock) -> Sequence[str]:
    asked = select(Task.subject_id).where(Task.kind == TaskKind.ARRIVAL, Task.subject_kind == "stay")
    query = (
        select(Stay.id)
        .join(Admission, Admission.stay_id == Stay.id)
        .where(
            Admission.arrived_at.is_(None),
            Stay.left_on.is_(None),
            Stay.admitted_on < clock.tonight(),
            Stay.id.not_in(asked),
        )
    )
    return session.scalars(query.order_by(Stay.id)).all()


def ask_arrival(session: Session, clock: Clock, stay_id: str) -> bool:
    """A night was kept for somebody of whom nobody has said that she or he came: both sides are asked."""
    now = clock.now()
    session.execute(select(Stay.id).where(Stay.id == stay_id).with_for_update())
    stay, admission = session.get_one(Stay, stay_id), session.get_one(Admission, stay_id)
    if admission.arrived_at is not None or stay.left_on is not None or stay.admitted_on >= clock.tonight():
        return False
    who = parties(session, stay)
    made = False
    for agency in dict.fromkeys(found for found in who if found is not None):
        task = open_task(
            session,
            TaskKind.ARRIVAL,
            agency_id=agency,
            facility_id=stay.facility_id if agency == who.house_agency_id else None,
            subject=("stay", stay.id),
            now=now,
            due_at=now,
            once=f"arrival:{stay.id}:{agency}",
        )
        made = made or task is not None
    return made


def _cards_out_of_step(session: Session, clock: Clock) -> Sequence[str]:
    return out_of_step(session, clock.tonight())


def turn_card(session: Session, clock: Clock, bed_id: str) -> bool:
    """The night has come on which somebody has this bed: its card says so."""
    ledger.stamp(session, session.get_one(Bed, bed_id).facility_id)
    return tell_card(session, bed_id, None, BedStatus.OPEN)


JOBS = (
    Job(_offers_run_out, end_offer),
    Job(_holds_run_out, end_hold),
    Job(_cards_out_of_step, turn_card),
    Job(warnings.near_their_cliff, warnings.warn),
    Job(_not_here_by_morning, ask_arrival),
    Job(authority.about_to_end, authority.warn),
    Job(gaps.waited, gaps.write_waited),
    Job(unpaid.slept, unpaid.write_slept),
    Job(unpaid.not_looked, unpaid.looked),
    Job(exceptions.unseen, exceptions.tell),
    Job(exceptions.over, exceptions.close),
)
