"""Stays: arriving, leaving, moving to another bed, staying longer, nights away, and corrections of the past.

A stay may be moved by the house that has it and by the agency that owns the minor's record. Every movement changes the
ledger and keeps what stood there before.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, load_only

from app.access.actor import Actor, hidden
from app.answers.models import RankingRun
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, Movement
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, Problem, invalid, stale_update
from app.facilities.models import Bed, BedStatus, BedUnavailable, Facility, Unit
from app.gaps import service as gaps
from app.minors.models import Minor
from app.referrals.models import Referral, ReferralStatus
from app.sharing.service import visible_minors
from app.stays import aftercare, duties, moves, warnings
from app.stays.codes import Destination, StayEnd
from app.stays.models import Admission, Discharge, Offer, Stay, StayAbsence, StayPayer
from app.stays.money import limits_on
from app.stays.parties import tell
from app.stays.payers import payers_of
from app.stays.schemas import (
    AbsenceCreate,
    CapWarningRead,
    DischargeCreate,
    ExtensionCreate,
    StayRead,
    TransferCreate,
)
from app.stays.told_cards import room_suits, tell_card

Json = dict[str, Any]

FARTHEST = timedelta(days=180)
"""How far ahead a stay can be moved: as far as plans look."""


def find(session: Session, actor: Actor, stay_id: str, now: datetime, action: str) -> Stay:
    """A stay in a house the actor works in, or of a minor whom the actor's agency may see; else the same 404."""
    row = session.scalar(
        select(Stay)
        .outerjoin(Facility, Facility.id == Stay.facility_id)
        .where(
            Stay.id == stay_id,
            or_(Stay.minor_id.in_(visible_minors(actor, now)), _own_house(actor) & _goes_on(session)),
        )
    )
    if row is None:
        raise hidden(actor, action, "stay", trail_id(stay_id))
    return row


def list_stays(session: Session, actor: Actor, facility_id: str, now: datetime, tonight: date) -> list[StayRead]:
    """Who lives in a house tonight or will, for those who work there."""
    query = (
        select(Stay)
        .join(Facility, Facility.id == Stay.facility_id)
        .where(
            Stay.facility_id == facility_id,
            Stay.in_house,
            _own_house(actor),
            or_(Stay.left_on.is_(None), Stay.left_on > tonight),
        )
        .order_by(Stay.admitted_on, Stay.id)
    )
    record(session, actor, "stay.list", "facility", trail_id(facility_id))
    return shown(session, session.scalars(query).all())


def read_stay(session: Session, actor: Actor, stay_id: str, now: datetime) -> StayRead:
    """One stay."""
    row = find(session, actor, stay_id, now, "stay.read")
    record(session, actor, "stay.read", "stay", trail_id(stay_id))
    return shown(session, [row])[0]


def list_warnings(session: Session, actor: Actor, stay_id: str, now: datetime) -> list[CapWarningRead]:
    """The warnings that a stay's people were given, the newest first."""
    find(session, actor, stay_id, now, "stay.read")
    record(session, actor, "stay.read", "stay", trail_id(stay_id))
    return warnings.given(session, stay_id)


def arrive(session: Session, actor: Actor, stay_id: str, now: datetime, tonight: date) -> StayRead:
    """The young person is there. Nights kept before this one were not slept."""
    stay, admission = _expected(session, actor, stay_id, now, "stay.arrive")
    if stay.admitted_on > tonight:
        raise Problem("not_now", "The bed is kept from a later night on. Ask for an earlier one instead.")
    if stay.admitted_on < tonight:
        _vacate(session, stay, stay.admitted_on, tonight, Movement.NOT_ARRIVED, actor, now)
        stay.admitted_on = tonight
    admission.arrived_at, admission.arrived_by = now, actor.id
    stay.version += 1
    session.flush()
    tell_card(session, stay.bed_id, actor.id, BedStatus.OPEN)
    moves.arrived(session, stay)
    duties.on_arrival(session, stay, actor.id, now)
    record(session, actor, "stay.arrive", "stay", stay.id)
    tell(session, "stay.arrived", stay)
    return shown(session, [stay])[0]


def not_arrived(session: Session, actor: Actor, stay_id: str, now: datetime, tonight: date) -> StayRead:
    """The young person did not come: the bed is free, and the referral waits again."""
    stay, admission = _expected(session, actor, stay_id, now, "stay.not_arrived")
    _vacate(session, stay, stay.admitted_on, None, Movement.NOT_ARRIVED, actor, now)
    _end(session, actor, stay, stay.admitted_on, StayEnd.NOT_ARRIVED, Destination.NOT_KNOWN, now)
    referral = session.get_one(Referral, session.get_one(Offer, admission.offer_id).referral_id)
    tell_card(session, stay.bed_id, actor.id, BedStatus.OPEN)
    if referral.status is ReferralStatus.PLACED:
        referral.status = ReferralStatus.OPEN
    session.flush()
    moves.stayed_behind(session, stay)
    duties.on_no_arrival(session, stay, actor.id, now)
    record(session, actor, "stay.not_arrived", "stay", stay.id)
    tell(session, "stay.not_arrived", stay)
    return shown(session, [stay])[0]


def discharge(
    session: Session, actor: Actor, stay_id: str, body: DischargeCreate, now: datetime, tonight: date
) -> StayRead:
    """The young person leaves: the bed goes through cleaning, and the nights to come are free."""
    stay = _going_on(session, actor, stay_id, now, "stay.discharge", body.version)
    left_on = body.left_on or tonight
    if not stay.admitted_on <= left_on <= tonight:
        raise invalid([FieldError("/left_on", "out_of_range", "Expected a day of the stay, today at the latest.")])
    _vacate(session, stay, left_on, None, Movement.DISCHARGED, actor, now, body.reason)
    _end(session, actor, stay, left_on, body.reason, body.destination, now)
    tell_card(session, stay.bed_id, actor.id, BedStatus.CLEANING)
    duties.on_discharge(session, stay, body.reason, now)
    aftercare.begin(session, stay, actor.id, now)
    record(session, actor, "stay.discharge", "stay", trail_id(stay.id), reason=f"end.{body.reason}")
    tell(session, "stay.discharged", stay)
    return shown(session, [stay])[0]


def move_to_bed(
    session: Session, actor: Actor, stay_id: str, body: TransferCreate, now: datetime, tonight: date
) -> StayRead:
    """Another bed of the same house, from tonight on, in a room that suits; raises Taken where somebody has it."""
    stay = _going_on(session, actor, stay_id, now, "stay.transfer", body.version)
    first = max(stay.admitted_on, tonight)
    bed = _bed_that_suits(session, stay, body.bed, first, tonight)
    payers, before = _payers_from(session, stay.id, first), stay.bed_id
    _vacate(session, stay, first, None, Movement.TRANSFERRED, actor, now)
    stay.bed_id = bed.id
    ledger.claim(
        session,
        facility_id=bed.facility_id,
        bed_id=bed.id,
        minor_id=stay.minor_id,
        first=first,
        until=max(payers) + ledger.NIGHT if payers else first + ledger.REACH,
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


def _bed_that_suits(session: Session, stay: Stay, bed_id: str, first: date, tonight: date) -> Bed:
    """A bed of the same house that is in use, in a room whose rule the young person meets on that night."""
    bed = session.scalar(select(Bed).where(Bed.id == bed_id, Bed.facility_id == stay.facility_id))
    away = select(BedUnavailable.id).where(BedUnavailable.bed_id == bed_id, BedUnavailable.until_night > first)
    if bed is None or bed.status is BedStatus.OFFLINE or session.scalar(away) is not None:
        raise invalid([FieldError("/bed", "unknown", "This house has no such bed in use.")])
    if first <= tonight and bed.status is not BedStatus.OPEN:
        raise Problem("not_now", "That bed is not open tonight.")
    unit, minor = session.get_one(Unit, bed.unit_id), session.get_one(Minor, stay.minor_id)
    if not room_suits(unit, minor, first):
        raise Problem("not_now", "That room is for another age or gender.")
    return bed


def extend(
    session: Session, actor: Actor, stay_id: str, body: ExtensionCreate, now: datetime, tonight: date
) -> StayRead:
    """More nights in the same bed that nobody pays yet; raises Taken where the bed is promised.

    Nights that a fund shall pay are a decision: the next placement is ranked, and may be in the very same bed.
    """
    stay = _going_on(session, actor, stay_id, now, "stay.extend", body.version)
    end = _last_night(session, stay.id)
    first = stay.admitted_on if end is None else end + ledger.NIGHT
    if stay.left_on is not None:
        raise Problem("not_now", "The next placement is arranged for the night on which this stay ends.")
    if not first < body.until <= tonight + FARTHEST or stay.facility_id is None or stay.bed_id is None:
        raise invalid([FieldError("/until", "out_of_range", "Expected a day after the stay's end, within reach.")])
    _one_night_at_a_time(session, stay, first, body.until, now)
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
    stay.expected_until = body.until
    stay.version += 1
    session.flush()
    record(session, actor, "stay.extend", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def _one_night_at_a_time(session: Session, stay: Stay, first: date, until: date, now: datetime) -> None:
    """A bed that was taken without a payer goes on night by night, each of them a gap on record."""
    run = session.scalar(
        select(RankingRun)
        .options(load_only(RankingRun.referral_id, RankingRun.agency_id))
        .join(Offer, Offer.run_id == RankingRun.id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay.id, Offer.unfunded)
    )
    if run is None:
        return
    if until > first + ledger.NIGHT:
        raise Problem("not_now", "Nobody pays this bed: extend it by one night at a time.")
    gaps.unfunded(session, run, first, None, now)


def away(session: Session, actor: Actor, stay_id: str, body: AbsenceCreate, now: datetime, tonight: date) -> StayRead:
    """Nights slept elsewhere: the bed is kept with its payer as the fund's rule says, or given up from then on."""
    stay = _going_on(session, actor, stay_id, now, "stay.away", body.version)
    if not stay.admitted_on <= body.first < body.until <= tonight + FARTHEST:
        raise invalid([FieldError("/first", "out_of_range", "Expected nights of the stay, in order and within reach.")])
    if not body.keep_bed and body.first > tonight:
        raise Problem("not_now", "A bed is given up on the day itself, not before.")
    other = select(StayAbsence.id).where(
        StayAbsence.stay_id == stay.id, StayAbsence.away_from < body.until, StayAbsence.away_until > body.first
    )
    if session.scalar(other) is not None:
        raise Problem("not_now", "Some of these nights are on record as nights away already.")
    session.add(StayAbsence(id=new_id("out"), stay_id=stay.id, away_from=body.first, away_until=body.until))
    if not body.keep_bed:
        left = stay.bed_id
        _vacate(session, stay, max(body.first, tonight), None, Movement.AWAY, actor, now)
        stay.bed_id = None
        tell_card(session, left, actor.id, BedStatus.CLEANING)
    elif not body.paid:
        session.flush()
        ledger.repay(
            session,
            stay.id,
            dict.fromkeys(ledger.nights(body.first, body.until), ledger.NOBODY),
            Movement.AWAY,
            actor.id,
            now,
        )
    stay.version += 1
    session.flush()
    record(session, actor, "stay.away", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def correct(
    session: Session, actor: Actor, stay_id: str, payers: dict[date, ledger.Payer], reason: str, now: datetime,
    tonight: date,
) -> StayRead:  # fmt: skip
    """Who paid nights of the past, put right by a named person with a reason; what stood there stays in the history."""
    stay = find(session, actor, stay_id, now, "stay.correct")
    if any(not stay.admitted_on <= night < tonight for night in payers):
        raise invalid([FieldError("/from", "out_of_range", "Only nights of this stay that are over can be corrected.")])
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    # Under the limit that governs the stay: else the nights would not count among those that the fund has paid.
    limits = limits_on(session, {payer.fund_id for payer in payers.values() if payer.fund_id}, stay.admitted_on)
    payers = {night: ledger.Payer(payer.fund_id, limits.get(payer.fund_id or "")) for night, payer in payers.items()}
    ledger.repay(session, stay.id, payers, Movement.CORRECTED, actor.id, now, reason)
    stay.version += 1
    session.flush()
    record(session, actor, "stay.correct", "stay", trail_id(stay.id))
    return shown(session, [stay])[0]


def _goes_on(session: Session) -> Any:
    """A house reads a stay until the night after its end: then it has no need to."""
    return or_(Stay.left_on.is_(None), Stay.left_on >= session.info["clock"].tonight())


def _own_house(actor: Actor) -> Any:
    own = Facility.agency_id == actor.agency_id
    return own if actor.facility_ids is None else own & Facility.id.in_(actor.facility_ids)


def _going_on(
    session: Session, actor: Actor, stay_id: str, now: datetime, action: str, version: int | None = None
) -> Stay:
    """A stay that has not ended, locked, under the lock of its house, and as the caller has read it."""
    stay = find(session, actor, stay_id, now, action)
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    session.execute(select(Stay.id).where(Stay.id == stay.id).with_for_update())
    session.refresh(stay)
    if stay.left_on is not None and stay.left_on <= session.info["clock"].tonight():
        raise Problem("not_now", "This stay has ended.")
    if version is not None and version != stay.version:
        raise stale_update(shown(session, [stay])[0].model_dump(mode="json"))
    return stay


def _expected(session: Session, actor: Actor, stay_id: str, now: datetime, action: str) -> tuple[Stay, Admission]:
    """A stay whose young person is still on the way."""
    stay = _going_on(session, actor, stay_id, now, action)
    admission = session.get(Admission, stay.id)
    if admission is None or admission.arrived_at is not None:
        raise Problem("not_now", "Nobody is expected here any more: the arrival is on record.")
    return stay, admission


def _vacate(
    session: Session, stay: Stay, first: date, until: date | None, movement: Movement, actor: Actor, now: datetime,
    reason: str | None = None,
) -> None:  # fmt: skip
    ledger.vacate(
        session,
        stay_id=stay.id,
        first=first,
        until=until,
        movement=movement,
        by=actor.id,
        now=now,
        reason=None if reason is None else str(reason),
    )


def _end(
    session: Session, actor: Actor, stay: Stay, left_on: date, reason: StayEnd, destination: Destination, now: datetime
) -> None:
    stay.left_on = left_on
    stay.version += 1
    # Where the next placement is arranged, an end is on record that is still to come.
    session.merge(
        Discharge(stay_id=stay.id, reason=reason, destination=destination, discharged_at=now, discharged_by=actor.id)
    )
    session.flush()


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


def shown(session: Session, rows: Sequence[Stay]) -> list[StayRead]:
    """Stays as those who may move them see them: codes, nights and payers, and no person."""
    ids = [row.id for row in rows]
    stated: dict[str, list[StayPayer]] = {}
    for payer in session.scalars(
        select(StayPayer).where(StayPayer.stay_id.in_(ids)).order_by(StayPayer.stay_id, StayPayer.paid_from)
    ):
        stated.setdefault(payer.stay_id, []).append(payer)
    paid = ledger.paid_runs(session, select(Stay.id).where(Stay.id.in_(ids)))
    arrived = dict(
        session.execute(select(Admission.stay_id, Admission.arrived_at).where(Admission.stay_id.in_(ids))).all()
    )
    ends = {row.stay_id: row for row in session.scalars(select(Discharge).where(Discharge.stay_id.in_(ids)))}
    return [
        StayRead.model_validate(
            {
                "id": row.id,
                "version": row.version,
                "facility_id": row.facility_id,
                "bed_id": row.bed_id,
                "admitted_on": row.admitted_on,
                "left_on": row.left_on,
                "expected_until": row.expected_until,
                "arrived": row.id not in arrived or arrived[row.id] is not None,
                "payers": payers_of(row, stated.get(row.id, ()), paid.get(row.id, ())),
                "reason": ends[row.id].reason if row.id in ends else None,
                "destination": ends[row.id].destination if row.id in ends else None,
            }
        )
        for row in rows
    ]
