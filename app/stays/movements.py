"""Movements of a stay that goes on: another bed, more nights, nights away, and who paid nights that are over."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from app.access.actor import Actor, Denied, hidden
from app.access.policy import Permission
from app.answers.models import RankingRun
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, Movement
from app.codes import trail_id
from app.errors import FieldError, Problem, invalid, stale_update
from app.facilities.models import Bed, BedStatus, Facility, FacilityFund
from app.funding.models import Fund
from app.gaps import service as gaps
from app.minors.service import count_change
from app.sealing.words import seal_words, words_at
from app.stays import unpaid
from app.stays.absences import in_a_bed_again, nights_lost, payers_of_before
from app.stays.models import UNFUNDED, Admission, Offer, Stay
from app.stays.money import limits_on, money_is_there
from app.stays.nights_ahead import must_be_in_use, must_suit
from app.stays.parties import parties
from app.stays.rolling import FARTHEST
from app.stays.rooms import SuitingRooms
from app.stays.schemas import (
    ExtensionCreate,
    StayRead,
    TransferCreate,
)
from app.stays.service import find, going_on, must_have_arrived, shown, vacated
from app.stays.stated import beside_the_ledger, restate
from app.stays.told_cards import tell_card

Json = dict[str, Any]


def move_to_bed(
    session: Session,
    actor: Actor,
    stay_id: str,
    body: TransferCreate,
    now: datetime,
    tonight: date,
    *,
    rooms: SuitingRooms,
) -> StayRead:
    """Another bed of the same house, from tonight on, in a room that suits; raises Taken where somebody has it.

    Whoever gave a bed up for nights away is back with it, and has the nights and the payers of before.
    """
    stay = going_on(session, actor, stay_id, now, "stay.transfer", body.version)
    if stay.admitted_on <= tonight:
        must_have_arrived(session, stay)
    first, until = nights_left(session, stay, tonight)
    payers, before = _payers_from(session, stay.id, first), stay.bed_id
    if before is None:
        payers = _back_again(session, stay, first, now)
    bed = _bed_that_suits(session, stay, body.bed, first, until, tonight, rooms)
    vacated(session, stay, first, None, Movement.TRANSFERRED, actor, now)
    stay.bed_id = bed.id
    ledger.claim(
        session,
        facility_id=bed.facility_id,
        bed_id=bed.id,
        minor_id=stay.minor_id,
        first=first,
        until=until,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
        payers=payers,
    )
    for changed in (before, bed.id):
        tell_card(session, changed, actor.id, BedStatus.CLEANING)
    stay.version += 1
    session.flush()
    record(session, actor, "stay.transfer", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def _back_again(session: Session, stay: Stay, first: date, now: datetime) -> dict[date, ledger.Payer]:
    in_a_bed_again(session, stay, first)
    return dict(payers_of_before(session, stay, first, now))


def nights_left(session: Session, stay: Stay, tonight: date) -> tuple[date, date]:
    """The nights `[first, until)` of a stay from tonight on; where it lost its bed, those that it lost."""
    first = max(stay.admitted_on, tonight)
    had = nights_lost(session, stay, first) if stay.bed_id is None else _payers_from(session, stay.id, first)
    until = max(had) + ledger.NIGHT if had else _end_unsaid(stay, first)
    return first, until if stay.left_on is None else min(until, stay.left_on)


def _end_unsaid(stay: Stay, first: date) -> date:
    """Until when a stay has a bed that has no night in the ledger: night by night where it is past its end."""
    if stay.expected_until is None:
        return first + ledger.REACH
    return max(stay.expected_until, first + ledger.NIGHT)


def _bed_that_suits(
    session: Session, stay: Stay, bed_id: str, first: date, until: date, tonight: date, rooms: SuitingRooms
) -> Bed:
    """A bed of the same house that is in use on these nights, in a room that suits, whoever sleeps there."""
    bed = session.scalar(select(Bed).where(Bed.id == bed_id, Bed.facility_id == stay.facility_id))
    if bed is None or bed.status is BedStatus.OFFLINE:
        raise invalid([FieldError("/bed", "unknown", "This house has no such bed in use.")])
    must_be_in_use(session, bed_id, first, until)
    if first <= tonight and bed.status is not BedStatus.OPEN:
        raise Problem("not_now", "That bed is not open tonight.")
    suits = rooms(session, stay, first, until).get(bed.unit_id)
    if suits is None:
        raise Problem("not_now", "That room is for another age or gender.")
    if not suits:
        # What more could be said would tell who sleeps there, or is to come.
        raise Problem("not_available", "That bed is not available on all of these nights.")
    return bed


def extend(
    session: Session,
    actor: Actor,
    stay_id: str,
    body: ExtensionCreate,
    now: datetime,
    tonight: date,
    *,
    rooms: SuitingRooms,
) -> StayRead:
    """More nights in the same bed that nobody pays yet; raises Taken where the bed is promised.

    They may be many: a bed that is kept is no gap, and the cliff warns of it. Each night that is slept unpaid is
    written as a gap once it is over (`unpaid`); a bed that was taken without a payer goes on one night at a time.
    Nights that a fund shall pay are a decision: the next placement is ranked, and may be in the very same bed.
    """
    stay = going_on(session, actor, stay_id, now, "stay.extend", body.version)
    must_have_arrived(session, stay)
    end = _last_night(session, stay.id)
    first = stay.admitted_on if end is None else end + ledger.NIGHT
    if stay.left_on is not None:
        raise Problem("not_now", "The next placement is arranged for the night on which this stay ends.")
    if not first < body.until <= tonight + FARTHEST or stay.facility_id is None or stay.bed_id is None:
        raise invalid([FieldError("/until", "out_of_range", "Expected a day after the stay's end, within reach.")])
    _one_night_at_a_time(session, actor, stay, first, body, now, tonight)
    must_be_in_use(session, stay.bed_id, first, body.until)
    _beside_who_comes(session, stay, first, body.until, rooms)
    ledger.claim(
        session,
        facility_id=stay.facility_id,
        bed_id=stay.bed_id,
        minor_id=stay.minor_id,
        first=first,
        until=body.until,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
    )
    must_suit(session, stay.facility_id, stay.minor_id, first, body.until, now, tonight)
    stay.expected_until = body.until
    stay.version += 1
    session.flush()
    record(session, actor, "stay.extend", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def _beside_who_comes(session: Session, stay: Stay, first: date, until: date, rooms: SuitingRooms) -> None:
    """Refuse nights on which somebody is to come to the room who may not sleep beside her or him.

    Whoever sleeps there by now is no reason against more nights: nobody is sent away for it.
    """
    unit = session.get_one(Bed, stay.bed_id).unit_id
    now_well = rooms(session, stay, first - ledger.NIGHT, first).get(unit)
    if now_well and rooms(session, stay, first, until).get(unit) is False:
        raise Problem("not_available", "That bed is not available on all of these nights.")


def _one_night_at_a_time(
    session: Session, actor: Actor, stay: Stay, first: date, body: ExtensionCreate, now: datetime, tonight: date
) -> None:
    """A bed that was taken without a payer goes on night by night, for who placed and why, each a gap on record."""
    found = session.execute(
        select(Offer, RankingRun)
        .options(load_only(RankingRun.referral_id, RankingRun.agency_id))
        .join(RankingRun, Offer.run_id == RankingRun.id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(unpaid.TAKEN_UNPAID),
        {"stay": stay.id},
    ).one_or_none()
    if found is None:
        return
    offer, run = found
    if actor.agency_id != offer.agency_id or not actor.may(Permission.HOLD_WRITE):
        raise Denied(actor, "stay.extend", "not_the_placing_agency", subject_kind="stay", subject_id=trail_id(stay.id))
    if body.until > first + ledger.NIGHT:
        raise Problem("not_now", "Nobody pays this bed: extend it by one night at a time.")
    if first > tonight + ledger.NIGHT:
        raise Problem("not_now", "Nobody pays this bed, and the coming night is kept already. Ask again tomorrow.")
    if body.reason is None:
        raise invalid([FieldError("/reason", "missing", "Say why the bed is kept although nobody pays.")])
    before = words_at(session, Offer, UNFUNDED, {offer.id: offer.sealed_unfunded_reason})
    line = f"{before[offer.id]}\n{first}: {body.reason}"
    offer.sealed_unfunded_reason = seal_words(session, offer.minor_id, Offer, UNFUNDED, offer.id, line)
    gaps.unfunded(session, run, first, None, now)


def correct(
    session: Session, actor: Actor, stay_id: str, payers: dict[date, ledger.Payer], reason: str, now: datetime,
    tonight: date, *, version: int | None = None,
) -> StayRead:  # fmt: skip
    """Who paid nights of the past, put right by a named person with a reason; what stood there stays in the history.

    Of nights before the ledger, and of earlier stays that somebody told of, what was told is put right.
    """
    stay = find(session, actor, stay_id, now, "stay.correct")
    if actor.agency_id not in parties(session, stay):
        raise hidden(actor, "stay.correct", "stay", trail_id(stay_id))
    over = tonight if stay.left_on is None else min(stay.left_on, tonight)
    if any(not stay.admitted_on <= night < over for night in payers):
        raise invalid([FieldError("/from", "out_of_range", "Only nights of this stay that are over can be corrected.")])
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    session.refresh(stay, with_for_update=True)
    if version is not None and version != stay.version:
        raise stale_update(shown(session, [stay])[0].model_dump(mode="json"))
    _taken_here(session, stay, {payer.fund_id for payer in payers.values() if payer.fund_id is not None})
    told = beside_the_ledger(session, stay, payers)
    # Under the limit that governs the stay: else the nights would not count among those that the fund has paid.
    limits = limits_on(session, {payer.fund_id for payer in payers.values() if payer.fund_id}, stay.admitted_on)
    payers = {night: ledger.Payer(payer.fund_id, limits.get(payer.fund_id or "")) for night, payer in payers.items()}
    kept = {night: payer for night, payer in payers.items() if night not in told}
    if not money_is_there(session, kept, stay.minor_id, now):
        raise Problem("money_held", "The fund has fewer nights left than these. Correct fewer nights, or name another.")
    if not told and not _has_a_bed_on(session, stay.id, kept):
        raise invalid([FieldError("/from", "out_of_range", "No bed was kept for this stay on any of these nights.")])
    ledger.repay(session, stay.id, kept, Movement.CORRECTED, actor.id, now, reason)
    restate(session, stay, told, actor.id, now, reason)
    count_change(session, stay.minor_id)
    gaps.paid_after_all(session, stay.minor_id, [night for night, payer in payers.items() if payer.fund_id is not None])
    session.flush()
    unpaid.write_between(session, stay.id, min(payers), max(payers) + ledger.NIGHT, now)
    stay.version += 1
    session.flush()
    record(session, actor, "stay.correct", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def _taken_here(session: Session, stay: Stay, funds: set[str]) -> None:
    """Refuse a fund that is not in the network, or that the house of a stay here neither accepts nor was paid by."""
    known = set(session.scalars(select(Fund.id).where(Fund.id.in_(funds))))
    if stay.facility_id is not None and stay.in_house and session.get_one(Facility, stay.facility_id).funds_known:
        accepted = select(FacilityFund.fund_id).where(FacilityFund.facility_id == stay.facility_id)
        paid = select(BedNight.fund_id).where(BedNight.stay_id == stay.id, BedNight.fund_id.is_not(None))
        known &= {*session.scalars(accepted), *session.scalars(paid)}
    if not funds <= known:
        raise invalid([FieldError("/fund", "unknown", "Expected a fund that this house accepts.")])


def _has_a_bed_on(session: Session, stay_id: str, nights: Iterable[date]) -> bool:
    own = select(BedNight.night).where(BedNight.stay_id == stay_id, BedNight.night.in_(list(nights)))
    return session.scalar(own.limit(1)) is not None


def _last_night(session: Session, stay_id: str) -> date | None:
    return session.scalar(
        select(BedNight.night).where(BedNight.stay_id == stay_id).order_by(BedNight.night.desc()).limit(1)
    )


def _payers_from(session: Session, stay_id: str, first: date) -> dict[date, ledger.Payer]:
    rows = session.execute(
        select(BedNight.night, BedNight.fund_id, BedNight.limit_id).where(
            BedNight.stay_id == stay_id, BedNight.night >= first
        )
    )
    return {night: ledger.Payer(fund_id, limit_id) for night, fund_id, limit_id in rows}
