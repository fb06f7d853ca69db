"""From one placement into the next: asking for it from the cliff on, and what its acceptance does to the present stay.

Nobody is in two places. In another house the present stay is shortened in the transaction that makes the next one; in
the same house the stay itself goes on, in its own bed, with the payers of the new decision.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, Movement
from app.codes import trail_id
from app.errors import Problem
from app.facilities.models import BedStatus
from app.stays.codes import Destination, StayEnd
from app.stays.models import Admission, Discharge, NextPlacement, Offer, Stay
from app.stays.money import money_is_there
from app.stays.told_cards import tell_card

PRESENT = (
    select(Stay)
    .join(NextPlacement, NextPlacement.stay_id == Stay.id)
    .where(NextPlacement.referral_id == bindparam("referral"), Stay.left_on.is_(None))
)


def present(session: Session, referral_id: str) -> Stay | None:
    """The stay that a referral goes on from, while it lasts; None of any other referral."""
    return session.scalar(PRESENT, {"referral": referral_id})


def has_a_bed(session: Session, stay: Stay, first: date) -> bool:
    """Whether the present stay has a bed on that night: the next one cannot be kept beside it."""
    night = select(BedNight.night).where(BedNight.stay_id == stay.id, BedNight.night >= first)
    return session.scalar(night.limit(1)) is not None


def make_way(session: Session, actor: Actor, stay: Stay, first: date, now: datetime, tonight: date) -> None:
    """End the present stay on the night on which the next begins, before that night is claimed."""
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    night = session.get(BedNight, (stay.bed_id, first)) if stay.bed_id is not None else None
    unpaid = night is None or night.fund_id is None
    ledger.vacate(session, stay_id=stay.id, first=first, movement=Movement.SHORTENED, by=actor.id, now=now)
    stay.left_on = first
    end = Discharge(
        stay_id=stay.id,
        reason=StayEnd.MAXIMUM_TIME if unpaid else StayEnd.COMPLETED,
        destination=Destination.NEXT_PLACEMENT,
        discharged_at=now,
        discharged_by=actor.id,
    )
    session.add(end)
    if first <= tonight:
        _empty(session, stay)
    session.flush()
    record(session, actor, "stay.shorten", "stay", trail_id(stay.id))


def go_on(
    session: Session,
    actor: Actor,
    stay: Stay,
    first: date,
    until: date,
    payers: Mapping[date, ledger.Payer],
    now: datetime,
) -> None:
    """Let the stay go on in its own bed, with these payers; raises Taken where the bed is promised by then."""
    if stay.facility_id is None or stay.bed_id is None:
        raise Problem("not_now", "This stay has no bed to go on in.")
    if not money_is_there(session, payers, stay.minor_id, now):
        raise Problem("money_held")
    own = set(session.scalars(select(BedNight.night).where(BedNight.stay_id == stay.id, BedNight.night >= first)))
    paid = {night: payers.get(night, ledger.NOBODY) for night in ledger.nights(first, until)}
    ledger.repay(session, stay.id, {n: p for n, p in paid.items() if n in own}, Movement.REPAID, actor.id, now)
    ledger.claim(
        session,
        facility_id=stay.facility_id,
        bed_id=stay.bed_id,
        minor_id=stay.minor_id,
        first=max(own, default=first - ledger.NIGHT) + ledger.NIGHT,
        until=until,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
        payers=paid,
    )
    stay.expected_until = max(until, stay.expected_until or until)
    session.flush()
    record(session, actor, "stay.extend", "stay", trail_id(stay.id))


def arrived(session: Session, stay: Stay) -> None:
    """Whoever has arrived here has left the bed of the stay before."""
    before = _before(session, stay)
    if before is not None:
        _empty(session, before)


def stayed_behind(session: Session, stay: Stay) -> None:
    """Whoever never came here is still in the stay before, whose bed may have to be asked for again."""
    before = _before(session, stay)
    if before is not None:
        before.left_on = None
        session.delete(session.get_one(Discharge, before.id))
        session.flush()


def _before(session: Session, stay: Stay) -> Stay | None:
    return session.scalar(
        select(Stay)
        .join(NextPlacement, NextPlacement.stay_id == Stay.id)
        .join(Offer, Offer.referral_id == NextPlacement.referral_id)
        .join(Admission, Admission.offer_id == Offer.id)
        .join(Discharge, Discharge.stay_id == Stay.id)
        .where(Admission.stay_id == stay.id, Discharge.destination == Destination.NEXT_PLACEMENT)
    )


def _empty(session: Session, stay: Stay) -> None:
    tell_card(session, stay.bed_id, None, BedStatus.CLEANING)
