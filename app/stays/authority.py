"""The authority to place: when it ends, and when it is time to warn of that.

A day's authority is warned of four hours before. A longer one is warned of a day before, while courts are open: where
that day is no business day in the house's State, on the one before it.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.facilities.models import Facility
from app.outbox.service import emit
from app.stays.codes import Authority, OfferStatus
from app.stays.models import Admission, Holiday, NextPlacement, Offer, Stay
from app.tasks import service as tasks
from app.tasks.models import Task, TaskKind, TaskOutcome
from app.tasks.schemas import TaskDone, TaskRead
from app.tasks.service import open_task
from matching.dates import is_business_day

LASTS = {Authority.PROTECTIVE_CUSTODY: timedelta(hours=72)}
"""How long an authority lasts of which nobody says when it ends; the others have no end of their own."""
SHORT = timedelta(hours=24)
BEFORE_SHORT, BEFORE_LONG = timedelta(hours=4), timedelta(hours=24)
LONGEST_CLOSURE = timedelta(days=14)
"""No run of weekends and holidays is longer: how far ahead it is worth looking."""


def ends_at(right: Authority, said: datetime | None, now: datetime) -> datetime | None:
    """When an authority that is used now ends: as was said, else as its kind has it; None is no end."""
    return now + LASTS[right] if said is None and right in LASTS else said


def warn_at(given: datetime, until: datetime, holidays: Collection[date], zone: ZoneInfo) -> datetime:
    """When to warn of an authority that was given at one moment and ends at another."""
    if until - given <= SHORT:
        return until - BEFORE_SHORT
    at = (until - BEFORE_LONG).astimezone(zone)
    while at > given and not is_business_day(at.date(), holidays):
        at -= timedelta(days=1)
    return at


def about_to_end(session: Session, clock: Clock) -> Sequence[str]:
    """Offers, open or lived in, whose authority ends soon, or has ended, and is not warned of yet."""
    ahead = clock.now() + BEFORE_LONG + LONGEST_CLOSURE
    warned = select(Task.id).where(
        Task.kind == TaskKind.AUTHORITY, Task.subject_id == Offer.id, Task.due_at == Offer.authority_until
    )
    rows = session.scalars(
        select(Offer)
        .outerjoin(Admission, Admission.offer_id == Offer.id)
        # A yes by which a stay goes on in its own bed has no admission of its own.
        .outerjoin(NextPlacement, NextPlacement.referral_id == Offer.referral_id)
        .outerjoin(Stay, Stay.id == func.coalesce(Admission.stay_id, NextPlacement.stay_id))
        .where(
            Offer.authority_until <= ahead,
            ~warned.exists(),
            or_(
                Offer.status == OfferStatus.OPEN,
                (Offer.status == OfferStatus.ACCEPTED) & (Stay.left_on.is_(None) | (Stay.left_on > clock.tonight())),
            ),
        )
        .order_by(Offer.authority_until, Offer.id)
    )
    return [offer.id for offer in rows if _is_due(session, clock, offer)]


def warn(session: Session, clock: Clock, offer_id: str) -> bool:
    """Tell both sides, and give the agency that placed the task to renew it or to end the stay."""
    offer = session.get_one(Offer, offer_id, with_for_update=True)
    if offer.authority_until is None or not _is_due(session, clock, offer):
        return False
    task = open_task(
        session,
        TaskKind.AUTHORITY,
        agency_id=offer.agency_id,
        subject=("offer", offer.id),
        now=clock.now(),
        due_at=offer.authority_until,
        once=f"authority:{offer.id}:{int(offer.authority_until.timestamp())}",
    )
    if task is None:
        return False
    house = session.get_one(Facility, offer.facility_id)
    for agency in dict.fromkeys((offer.agency_id, house.agency_id)):
        if agency is not None:
            own = trail_id(house.id) if agency == house.agency_id else None
            emit(session, "authority.ending", agency_id=agency, facility_id=own, subject_kind="offer",
                 subject_id=offer.id)  # fmt: skip
    record(session, None, "authority.warn", "offer", offer.id)
    return True


def finish(session: Session, actor: Actor, task_id: str, body: TaskDone, now: datetime) -> TaskRead:
    """Say what came of a task; an authority that is renewed ends anew, and is warned of anew."""
    done = tasks.finish(session, actor, task_id, body, now)
    if done.kind is TaskKind.AUTHORITY and done.outcome is TaskOutcome.RENEWED:
        offer = session.get_one(Offer, done.subject_id, with_for_update=True)
        offer.authority_until = body.until
        session.flush()
        record(session, actor, "authority.renew", "offer", offer.id)
    return done


def _given(session: Session, offer: Offer) -> datetime:
    """When an authority was given, or last renewed."""
    renewed = select(func.max(Task.done_at)).where(
        Task.kind == TaskKind.AUTHORITY, Task.subject_id == offer.id, Task.outcome == TaskOutcome.RENEWED
    )
    return session.scalar(renewed) or offer.sent_at


def _is_due(session: Session, clock: Clock, offer: Offer) -> bool:
    if offer.authority_until is None:
        return False
    state = select(Facility.state).where(Facility.id == offer.facility_id).scalar_subquery()
    holidays = set(session.scalars(select(Holiday.day).where(Holiday.state == state)))
    return warn_at(_given(session, offer), offer.authority_until, holidays, clock.zone) <= clock.now()
