"""What a bed is: saying so, and taking it back. The ledger knows who has it, and outweighs a hand."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.beds import occupants
from app.beds.cards import Card, Occupants, last_change, turn
from app.beds.ledger import in_force
from app.beds.models import BedChange, BedNight, Hold
from app.beds.schemas import BedStatusChange, Occupant
from app.codes import trail_id
from app.errors import FieldError, Problem, invalid
from app.facilities.models import Bed, BedStatus
from app.facilities.rooms import find_bed, out_of_use, replace_bed, show_beds
from app.facilities.schemas import BedChange as BedForm
from app.facilities.schemas import BedRead
from app.facilities.service import find_to_change
from app.versions import must_be_current

HELD = "This bed is held for a referral. Decline the question first, or have the hold released."
UNDO_WITHIN = timedelta(minutes=10)


def set_status(
    session: Session,
    actor: Actor,
    facility_id: str,
    bed_id: str,
    change: BedStatusChange,
    if_match: str | None,
    now: datetime,
    tonight: date,
) -> BedRead:
    """Say what a bed is; who says it confirms it. Whoever the house listed there leaves with the change."""
    find_to_change(session, actor, facility_id, "bed.status")
    bed = find_bed(session, actor, facility_id, bed_id, "bed.status")
    must_be_current(show_beds(session, [bed])[0], change.version, if_match)
    put(session, actor, bed, change, now, tonight)
    return show_beds(session, [bed])[0]


def put(session: Session, actor: Actor, bed: Bed, change: BedStatusChange, now: datetime, tonight: date) -> None:
    """The same for a bed that was found and is current, under the lock of its house."""
    if change.offline_until is not None and change.offline_until <= tonight:
        raise invalid([FieldError("/offline_until", "past", "Expected a day after tonight.")])
    _must_be_free(session, bed, change, now, tonight)
    if bed.status is BedStatus.HELD and bed.held_for is not None and not _ran_out(session, bed):
        raise Problem("not_now", HELD)
    left = occupants.close(session, bed, actor.id, now, tonight)
    listed = None
    if change.status is BedStatus.OCCUPIED:
        listed = occupants.enter(session, bed, change.occupant or Occupant(), now, tonight)
    card = Card(status=change.status, reason=change.reason, offline_until=change.offline_until)
    seen = Occupants(left=left, listed=listed)
    turn(session, bed, card, actor.id, said=True, confirmed=(now, actor.id), occupants=seen)
    record(session, actor, "bed.status", "bed", trail_id(bed.id), reason=f"bed.{change.status.value}")


def replace(
    session: Session,
    actor: Actor,
    facility_id: str,
    bed_id: str,
    change: BedForm,
    if_match: str | None,
    now: datetime,
    tonight: date,
) -> BedRead:
    """Put a bed's name and the nights on which it cannot be slept in: none more that the ledger has for somebody.

    It is looked at under the lock of the house that the change takes; a refusal takes the change back.
    """
    before = [(row.from_night, row.until_night) for row in out_of_use(session, bed_id)]
    read = replace_bed(session, actor, facility_id, bed_id, change, if_match)
    after = [(nights.from_, nights.until) for nights in read.unavailable]
    had = session.execute(
        select(BedNight.night, BedNight.stay_id)
        .where(BedNight.bed_id == bed_id, BedNight.resident_id.is_(None), BedNight.night >= tonight, in_force(now))
        .order_by(BedNight.night)
    )
    _nobody_has(
        next((row for row in had if _within(row.night, after) and not _within(row.night, before)), None), tonight
    )
    return read


def _within(night: date, ranges: list[tuple[date, date]]) -> bool:
    return any(first <= night < until for first, until in ranges)


def undo(
    session: Session,
    actor: Actor,
    facility_id: str,
    bed_id: str,
    version: int | None,
    if_match: str | None,
    now: datetime,
) -> BedRead:
    """Take back the last change of a bed's status: its card and whom the house listed are as before."""
    find_to_change(session, actor, facility_id, "bed.undo")
    bed = find_bed(session, actor, facility_id, bed_id, "bed.undo")
    must_be_current(show_beds(session, [bed])[0], version, if_match)
    change = last_change(session, bed.id)
    if change is None or not change.said:
        raise Problem("not_now", "The last change of this bed is none that can be undone.")
    if not can_be_undone(change, now):
        raise Problem("too_late", "Ten minutes have passed. Say what the bed is now.")
    if change.listed is not None:
        occupants.strike(session, change.listed, actor.id, now)
    occupants.bring_back(session, change, now)
    was = Card(
        status=change.was_status,
        reason=change.was_reason,
        held_for=change.was_held_for,
        offline_until=change.was_offline_until,
    )
    confirmed = (change.was_confirmed_at, change.was_confirmed_by)
    turn(session, bed, was, actor.id, confirmed=confirmed, undoes=change.id)
    record(session, actor, "bed.undo", "bed", trail_id(bed.id), reason=f"bed.{bed.status.value}")
    return show_beds(session, [bed])[0]


def can_be_undone(change: BedChange, now: datetime) -> bool:
    """Whether somebody said it on the board, and there is still time to take it back."""
    return change.said and now - change.at <= UNDO_WITHIN


def _must_be_free(session: Session, bed: Bed, change: BedStatusChange, now: datetime, tonight: date) -> None:
    """Refuse to write over whom the ledger has in a bed, with the step that comes first."""
    kept = select(BedNight.night, BedNight.stay_id).where(
        BedNight.bed_id == bed.id, BedNight.resident_id.is_(None), BedNight.night >= tonight, in_force(now)
    )
    if change.status is not BedStatus.OFFLINE:
        kept = kept.where(BedNight.night == tonight)
    elif change.offline_until is not None:
        kept = kept.where(BedNight.night < change.offline_until)
    _nobody_has(session.execute(kept.order_by(BedNight.night).limit(1)).one_or_none(), tonight)


def _nobody_has(first: Any, tonight: date) -> None:
    """Refuse the first night of a bed that the ledger has for somebody; None: it has none."""
    if first is None:
        return
    if first.stay_id is None:
        raise Problem("not_now", HELD)
    if first.night == tonight:
        raise Problem("not_now", "A young person has this bed tonight. Discharge, or record that nobody came, first.")
    raise Problem("not_now", "A young person is to come into this bed. Move the stay to another bed first.")


def _ran_out(session: Session, bed: Bed) -> bool:
    """Whether the hold that the card tells of is known here: then it is over, since the ledger has no night of it."""
    own = select(Hold.id).where(Hold.bed_id == bed.id, Hold.referral_id == bed.held_for)
    return session.scalar(own.limit(1)) is not None
