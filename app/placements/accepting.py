"""What a house's yes does: judged again where something has changed, the stay, the other questions standing down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.answers import runs
from app.audit.service import record
from app.beds import holds, ledger
from app.beds.models import BedNight, Hold, HoldEnd
from app.db import new_id
from app.errors import Problem
from app.facilities.models import Bed, BedStatus
from app.gaps import service as gaps
from app.placements import waived
from app.placements.holding import (
    Outdated,
    first_night,
    governed_from,
    take,
    tell_agency,
    tell_house,
    wanted_bed,
)
from app.placements.workflow import Answer
from app.referrals.models import Referral, ReferralStatus
from app.stays import absences, moves
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay

Json = dict[str, Any]

NO_RIGHT = "The right to place has ended: it places nobody. Call the agency that asked, which may renew it."
ANOTHER_NIGHT = "The night that was asked for is to be had no more. Call the agency that asked, which may ask again."


def accept(
    session: Session, actor: Actor, offer: Offer, referral: Referral, run_id: str, now: datetime, tonight: date
) -> None:
    """The stay, the other offers standing down, and the referral placed: all of it, or none.

    Raises Outdated where the decision must be made anew first, Taken where somebody has the bed by now.
    """
    if offer.authority_until is not None and offer.authority_until <= now:
        raise Problem("not_now", NO_RIGHT)
    others, before = _others(session, offer), moves.present(session, referral.id)
    houses = [offer.facility_id, *(other.facility_id for other in others if other.hold_id is not None)]
    if before is not None and before.facility_id is not None:
        houses.append(before.facility_id)
    houses += [bed.facility_id for bed in holds.cards_for(session, referral.id)]
    # In one order: two houses that each free a bed of the other would else wait for each other.
    ledger.lock(session, houses)
    hold = None if offer.hold_id is None else session.get_one(Hold, offer.hold_id)
    _must_stand(session, actor, offer, referral, run_id, tonight)
    kept: Hold | holds.Wanted
    if hold is not None and run_id == offer.run_id:
        if offer.rank is None:
            # Nothing has changed that the decision looked at; an exception may have run out meanwhile.
            _entry_now(session, offer, referral, run_id, now)
        kept = hold
    else:
        kept = _wanted_now(session, offer, hold, referral, run_id, now, tonight)
    _stand_down(session, others, actor.id, now)
    if before is not None and before.facility_id == offer.facility_id:
        nights = _nights_of(session, kept)
        if hold is not None:
            holds.end(session, hold, HoldEnd.ACCEPTED, now)
        if before.bed_id is None:
            before.bed_id = nights.bed_id
            absences.in_a_bed_again(session, before, nights.first)
        moves.go_on(session, actor, before, nights.first, nights.until, nights.payers, now)
        offer.first_night = nights.first
    else:
        if before is not None:
            first = kept.first_night if isinstance(kept, Hold) else kept.first
            moves.make_way(session, actor, before, first, now, tonight)
        if isinstance(kept, holds.Wanted):
            kept = _held_anew(session, offer, hold, kept, actor, now, tonight)
        _admit(session, offer, kept, now)
        holds.let_go(session, referral.id, but=kept.bed_id)
    offer.status, offer.answered_at, offer.answered_by = OfferStatus.ACCEPTED, now, actor.id
    referral.status = ReferralStatus.PLACED
    session.flush()
    record(session, actor, "offer.accept", "offer", offer.id)
    tell_agency(session, "offer.accepted", offer)


class _Nights(NamedTuple):
    """The bed, the nights `[first, until)` and the payers that a stay goes on with."""

    bed_id: str
    first: date
    until: date
    payers: Mapping[date, ledger.Payer]


def _nights_of(session: Session, kept: Hold | holds.Wanted) -> _Nights:
    if isinstance(kept, holds.Wanted):
        return _Nights(kept.bed_id, kept.first, kept.until, kept.payers)
    rows = session.execute(
        select(BedNight.night, BedNight.fund_id, BedNight.limit_id).where(BedNight.hold_id == kept.id)
    )
    payers = {night: ledger.Payer(fund_id, limit_id) for night, fund_id, limit_id in rows}
    return _Nights(kept.bed_id, kept.first_night, kept.until_night, payers)


def _admit(session: Session, offer: Offer, hold: Hold, now: datetime) -> None:
    """The hold becomes the stay that it was for."""
    offer.first_night = hold.first_night
    stay = Stay(
        id=new_id("stay"),
        minor_id=offer.minor_id,
        facility_id=offer.facility_id,
        bed_id=hold.bed_id,
        admitted_on=hold.first_night,
        expected_until=hold.until_night,
        in_house=True,
    )
    session.add(stay)
    session.flush()
    if not holds.accept(session, hold, stay.id, now):
        raise Problem("hold_ran_out")
    session.add(Admission(stay_id=stay.id, offer_id=offer.id))
    if offer.unfunded and _paid_by_now(session, hold):
        offer.unfunded = False
    if offer.unfunded:
        run, whole = runs.stored_run(session, offer.run_id)
        failed: list[str] = next((e["failed"] for e in whole["excluded"] if e["facility"] == offer.facility_id), [])
        gaps.unfunded(session, run, hold.first_night, failed[0] if failed else None, now)


def _paid_by_now(session: Session, hold: Hold) -> bool:
    """Whether somebody pays the first night after all: since the question was put a payer was found."""
    return session.get_one(BedNight, (hold.bed_id, hold.first_night), populate_existing=True).fund_id is not None


def _must_stand(session: Session, actor: Actor, offer: Offer, referral: Referral, run_id: str, tonight: date) -> None:
    """Raise Outdated where something that a decision looked at has changed, but for the hold that was made on it."""
    ground = runs.ground_of(session, actor, referral.id, run_id)
    stamps = ground.stamps(tonight)
    if stamps is None:
        raise Outdated
    own = 1 if offer.hold_id is not None and run_id == offer.run_id else 0
    if not ledger.stamp(session, offer.facility_id, stamps.get(offer.facility_id, 0) + own):
        raise Outdated


def _wanted_now(
    session: Session, offer: Offer, hold: Hold | None, referral: Referral, run_id: str, now: datetime, tonight: date
) -> Hold | holds.Wanted:
    """The bed, on a decision that still holds; the hold as it is where the house has room even earlier than that."""
    entry = _entry_now(session, offer, referral, run_id, now)
    asked = max(offer.first_night, tonight)
    if hold is not None and first_night(entry) < asked:
        return hold
    if first_night(entry) != asked:
        raise Problem("not_now", ANOTHER_NIGHT)
    governs = governed_from(session, referral.minor_id, offer.facility_id, first_night(entry))
    return wanted_bed(session, referral, entry, offer.facility_id, now, governs)


def _entry_now(session: Session, offer: Offer, referral: Referral, run_id: str, now: datetime) -> Json:
    """What a decision gives for the house, or what the exceptions that are in force at this hour let it give."""
    run, whole = runs.stored_run(session, run_id)
    entry = _named(whole, offer.facility_id)
    if entry is None:
        try:
            entry = waived.entry(session, referral, run, whole, offer.facility_id, now, unfunded=offer.unfunded)
        except Problem:
            entry = None  # what stands against it is for the agency that asks, not for the house
    if entry is None:
        raise Problem("not_now", "As things stand now no bed of this house fits. Call the agency that asked.")
    return entry


def _held_anew(
    session: Session, offer: Offer, held: Hold | None, wanted: holds.Wanted, actor: Actor, now: datetime, tonight: date
) -> Hold:
    """Keep the bed by the newest decision: the one that was held, where another of its room would do as well."""
    if held is not None:
        bed, other = session.get_one(Bed, held.bed_id), session.get_one(Bed, wanted.bed_id)
        if bed.unit_id == other.unit_id and bed.status is not BedStatus.OFFLINE and wanted.first == held.first_night:
            until = min(wanted.until, held.until_night)
            payers = {night: payer for night, payer in wanted.payers.items() if night < until}
            wanted = replace(wanted, bed_id=bed.id, until=until, payers=payers)
        holds.end(session, held, HoldEnd.RELEASED, now)
    hold = take(session, wanted, actor, now, tonight)
    offer.hold_id = hold.id
    return hold


def _named(whole: Json, facility_id: str) -> Json | None:
    """The option, or the later one with a date, that a decision gives for a house."""
    dated = (entry for entry in whole["later"] if entry["from"] is not None)
    return next((entry for entry in (*whole["options"], *dated) if entry["facility"] == facility_id), None)


def _others(session: Session, accepted: Offer) -> Sequence[Offer]:
    """The other questions about the same referral that are still open."""
    return session.scalars(
        select(Offer)
        .where(Offer.referral_id == accepted.referral_id, Offer.status == OfferStatus.OPEN, Offer.id != accepted.id)
        .order_by(Offer.facility_id, Offer.id)
    ).all()


def _stand_down(session: Session, others: Iterable[Offer], by: str, now: datetime) -> None:
    for other in others:
        close(session, other, OfferStatus.STOOD_DOWN, HoldEnd.STOOD_DOWN, by, now)
        tell_house(session, "offer.stood_down", other)


def close(
    session: Session,
    offer: Offer,
    status: OfferStatus,
    how: HoldEnd,
    by: str,
    now: datetime,
    said: Answer | None = None,
) -> None:
    """End an open offer, and the hold that it has."""
    if offer.hold_id is not None:
        holds.end(session, session.get_one(Hold, offer.hold_id), how, now)
    offer.status, offer.answered_at, offer.answered_by = status, now, by
    if said is not None:
        offer.decided_by, offer.reason, offer.second_reason = said.decided_by, said.reason, said.second_reason
    session.flush()
