"""From one placement into the next: asking for it from the cliff on, and what its acceptance does to the present stay.

Nobody is in two places. In another house the present stay is shortened in the transaction that makes the next one; in
the same house the stay itself goes on, in its own bed, with the payers of the new decision.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, FormerBedNight, Movement
from app.codes import trail_id
from app.errors import Problem
from app.facilities.models import BedStatus
from app.gaps import service as gaps
from app.stays.codes import Destination, StayEnd
from app.stays.models import Admission, Discharge, NextPlacement, Offer, Stay
from app.stays.money import money_is_there
from app.stays.nights_ahead import must_be_in_use, must_suit
from app.stays.parties import tell
from app.stays.rolling import Tail, ask, free_until
from app.stays.told_cards import gone, tell_card

TAKE_THE_BED = (Movement.AWAY, Movement.SHORTENED)
"""The movements after which a stay that goes on may be without a bed."""
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
    _not_before_it_begins(stay, first)
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    night = session.get(BedNight, (stay.bed_id, first)) if stay.bed_id is not None else None
    unpaid = night is None or night.fund_id is None
    ledger.vacate(session, stay_id=stay.id, first=first, movement=Movement.SHORTENED, by=actor.id, now=now)
    stay.left_on = first
    nobody_slept_from(session, stay, first)
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


def nobody_slept_from(session: Session, stay: Stay, first: date) -> None:
    """No night is on record as slept without a payer after the stay has ended."""
    unfunded = (
        select(Offer.referral_id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay.id, Offer.unfunded)
    )
    referral_id = session.scalar(unfunded)
    if referral_id is not None:
        gaps.not_slept(session, referral_id, first)


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
    _not_before_it_begins(stay, first)
    if not money_is_there(session, payers, stay.minor_id, now):
        raise Problem("money_held")
    must_be_in_use(session, stay.bed_id, first, until)
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
    tonight = session.info["clock"].tonight()
    must_suit(session, stay.facility_id, stay.minor_id, first, until, now, tonight)
    stay.expected_until = max(until, stay.expected_until or until)
    session.flush()
    tell_card(session, stay.bed_id, actor.id, BedStatus.OPEN)
    record(session, actor, "stay.extend", "stay", trail_id(stay.id))


def arrived(session: Session, stay: Stay) -> None:
    """Whoever has arrived here has left the bed of the stay before."""
    before = _before(session, stay)
    if before is not None:
        _empty(session, before)


def lock_both(session: Session, stay_id: str) -> None:
    """Hold the locks of this house and of the one before, in one order, where somebody goes on from there."""
    stay = session.get(Stay, stay_id)
    before = None if stay is None else _before(session, stay)
    if stay is not None and before is not None:
        ledger.lock(session, [house for house in (stay.facility_id, before.facility_id) if house is not None])


def stayed_behind(session: Session, stay: Stay, now: datetime) -> None:
    """Whoever never came here is still in the stay before, with the nights and the payers that it had."""
    before = _before(session, stay)
    if before is None or before.left_on != stay.admitted_on or session.scalar(select(gone(before.id))):
        return  # of nobody, or of somebody who had left that house, as was said there, before the night came
    shortened = session.get_one(Discharge, before.id)
    had = former_payers(session, before.id, Movement.SHORTENED, at=shortened.discharged_at)
    before.left_on = None
    before.version += 1
    session.delete(shortened)
    session.flush()
    if had:
        _put_back(session, before, had, now)


def former_payers(
    session: Session, stay_id: str, *movements: Movement, at: datetime | None, first: date = date.min
) -> dict[date, ledger.Payer]:
    """Who paid the nights from `first` on that a movement of an instant took from a stay; none without one."""
    query = select(FormerBedNight.night, FormerBedNight.fund_id, FormerBedNight.limit_id).where(
        FormerBedNight.stay_id == stay_id,
        FormerBedNight.movement.in_(movements),
        FormerBedNight.moved_at == at,
        FormerBedNight.night >= first,
    )
    rows = session.execute(query.order_by(FormerBedNight.night))
    return {night: ledger.Payer(fund_id, limit_id) for night, fund_id, limit_id in rows}


def _put_back(session: Session, stay: Stay, had: Mapping[date, ledger.Payer], now: datetime) -> None:
    """The nights that the stay had, until somebody else has the bed: who sleeps where from then on is for people.

    Where that is so from tonight on, whoever is back has no bed: both sides are told, and the board says so.
    """
    if stay.facility_id is None or stay.bed_id is None:
        return
    ledger.stamp(session, stay.facility_id)
    tail = Tail(
        kind="stay",
        id=stay.id,
        facility_id=stay.facility_id,
        bed_id=stay.bed_id,
        minor_id=stay.minor_id,
        first=min(had),
        until=max(had) + ledger.NIGHT,
    )
    until = free_until(session, tail, now)
    payers = {night: payer for night, payer in had.items() if night < until}
    ledger.claim(
        session,
        facility_id=tail.facility_id,
        bed_id=tail.bed_id,
        minor_id=tail.minor_id,
        first=tail.first,
        until=until,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
        payers=payers if money_is_there(session, payers, stay.minor_id, now) else {},
    )
    tell_card(session, stay.bed_id, None, BedStatus.CLEANING)
    if until == tail.until:
        return
    ask(session, replace(tail, first=until), now)
    if until <= session.info["clock"].tonight():
        stay.bed_id = None
        tell(session, "stay.no_bed", stay)


def _not_before_it_begins(stay: Stay, first: date) -> None:
    if first < stay.admitted_on:
        raise Problem("not_now", "The next placement would begin before the present stay. Ask for a later night.")


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
