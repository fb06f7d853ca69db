"""Stays: reading them, arriving, not arriving, leaving.

A stay may be moved by the house that has it and by the agency that owns the minor's record. Every movement changes the
ledger and keeps what stood there before.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied, hidden
from app.access.policy import Permission
from app.audit.service import record
from app.beds import ledger
from app.beds.models import BedNight, Movement
from app.codes import trail_id
from app.errors import FieldError, Problem, invalid, stale_update
from app.facilities import service as facilities
from app.facilities.models import BedStatus, Facility
from app.referrals.models import Referral, ReferralStatus
from app.sharing.service import former_nights, visible_minors
from app.stays import aftercare, duties, moves, warnings
from app.stays.codes import Destination, StayEnd
from app.stays.models import Admission, Discharge, Offer, Stay, StayAbsence, StayPayer
from app.stays.parties import parties, tell
from app.stays.payers import payers_of
from app.stays.schemas import (
    CapWarningRead,
    DischargeCreate,
    StayRead,
)
from app.stays.told_cards import tell_card

Json = dict[str, Any]


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
    """Who lives in a house tonight or will, for those who work there; another house is hidden like an absent one."""
    facilities.find_own(session, actor, facility_id, "stay.list")
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


def arrive(
    session: Session, actor: Actor, stay_id: str, now: datetime, tonight: date, *, on: date | None = None
) -> StayRead:
    """The young person is there since the night `on`; None: tonight. Nights kept before it were not slept.

    Nights from then on that were kept no more are taken, and nobody pays them; raises Taken where somebody has the bed.
    """
    stay, admission = _expected(session, actor, stay_id, now, "stay.arrive")
    if stay.admitted_on > tonight:
        raise Problem("not_now", "The bed is kept from a later night on. Ask for an earlier one instead.")
    first = on or tonight
    if not stay.admitted_on <= first <= tonight:
        raise invalid([FieldError("/on", "out_of_range", "Expected a night for which the bed was kept, or tonight.")])
    if stay.admitted_on < first:
        vacated(session, stay, stay.admitted_on, first, Movement.NOT_ARRIVED, actor, now)
        stay.admitted_on = first
    if stay.expected_until is not None:
        stay.expected_until = max(stay.expected_until, tonight + ledger.NIGHT)
    _every_night(session, stay, now, tonight)
    admission.arrived_at, admission.arrived_by = now, actor.id
    stay.version += 1
    session.flush()
    tell_card(session, stay.bed_id, actor.id, BedStatus.OPEN)
    moves.arrived(session, stay)
    duties.on_arrival(session, stay, actor.id, now)
    record(session, actor, "stay.arrive", "stay", stay.id)
    tell(session, "stay.arrived", stay)
    return shown(session, [stay])[0]


def _every_night(session: Session, stay: Stay, now: datetime, tonight: date) -> None:
    """Take what is missing of the nights since the arrival, tonight included."""
    last = session.scalar(select(func.max(BedNight.night)).where(BedNight.stay_id == stay.id))
    first = stay.admitted_on if last is None else last + ledger.NIGHT
    if stay.facility_id is None or stay.bed_id is None or first > tonight:
        return
    ledger.claim(
        session,
        facility_id=stay.facility_id,
        bed_id=stay.bed_id,
        minor_id=stay.minor_id,
        first=first,
        until=tonight + ledger.NIGHT,
        holder=ledger.Holder(stay_id=stay.id),
        now=now,
    )


def not_arrived(session: Session, actor: Actor, stay_id: str, now: datetime, tonight: date) -> StayRead:
    """The young person did not come: the bed is free, and the referral waits again."""
    moves.lock_both(session, stay_id)
    stay, admission = _expected(session, actor, stay_id, now, "stay.not_arrived")
    vacated(session, stay, stay.admitted_on, None, Movement.NOT_ARRIVED, actor, now)
    end(session, actor, stay, stay.admitted_on, StayEnd.NOT_ARRIVED, Destination.NOT_KNOWN, now)
    referral = session.get_one(Referral, session.get_one(Offer, admission.offer_id).referral_id)
    tell_card(session, stay.bed_id, actor.id, BedStatus.OPEN)
    if referral.status is ReferralStatus.PLACED:
        referral.status = ReferralStatus.OPEN
    session.flush()
    moves.stayed_behind(session, stay, now)
    duties.on_no_arrival(session, stay, actor.id, now)
    record(session, actor, "stay.not_arrived", "stay", stay.id)
    tell(session, "stay.not_arrived", stay)
    return shown(session, [stay])[0]


def discharge(
    session: Session, actor: Actor, stay_id: str, body: DischargeCreate, now: datetime, tonight: date
) -> StayRead:
    """The young person leaves: the bed goes through cleaning, and the nights to come are free.

    Whoever leaves in the morning, before the night turns, has slept it: left on the day that has begun.
    """
    stay = going_on(session, actor, stay_id, now, "stay.discharge", body.version)
    must_have_arrived(session, stay)
    left_on = body.left_on or tonight
    if not stay.admitted_on <= left_on <= max(tonight, session.info["clock"].today()):
        raise invalid([FieldError("/left_on", "out_of_range", "Expected a day of the stay, today at the latest.")])
    if left_on < tonight - ledger.NIGHT:
        corrects_the_past(actor, stay, "stay.discharge", body.note)
    vacated(session, stay, left_on, None, Movement.DISCHARGED, actor, now, body.reason, body.note)
    end(session, actor, stay, left_on, body.reason, body.destination, now)
    tell_card(session, stay.bed_id, actor.id, BedStatus.CLEANING)
    duties.on_discharge(session, stay, body.reason, now)
    aftercare.begin(session, stay, actor.id, now)
    record(session, actor, "stay.discharge", "stay", trail_id(stay.id), reason=f"end.{body.reason}")
    tell(session, "stay.discharged", stay)
    return shown(session, [stay])[0]


def corrects_the_past(actor: Actor, stay: Stay, action: str, note: str | None) -> None:
    """Nights before the last are no longer counted as slept by a named person, who says why."""
    if not actor.may(Permission.PAYER_CORRECT):
        raise Denied(
            actor,
            action,
            "nights_that_are_over",
            detail="Nights before the last one are over: a supervisor takes them back, signed in, and says why.",
            subject_kind="stay",
            subject_id=trail_id(stay.id),
        )
    if note is None:
        raise invalid([FieldError("/note", "missing", "Say why nights before the last one are taken back.")])


def _goes_on(session: Session) -> Any:
    """A house reads a stay to its end, or as many nights longer as the policy has: then it has no need to."""
    over = session.info["clock"].tonight() - ledger.NIGHT * former_nights(session)
    return or_(Stay.left_on.is_(None), Stay.left_on > over)


def _own_house(actor: Actor) -> Any:
    own = Facility.agency_id == actor.agency_id
    return own if actor.facility_ids is None else own & Facility.id.in_(actor.facility_ids)


def going_on(
    session: Session, actor: Actor, stay_id: str, now: datetime, action: str, version: int | None = None
) -> Stay:
    """A stay that has not ended, locked, under the lock of its house, and as the caller has read it.

    Others may be let in to read, never to act.
    """
    stay = find(session, actor, stay_id, now, action)
    if actor.agency_id not in parties(session, stay):
        raise hidden(actor, action, "stay", trail_id(stay_id))
    if stay.facility_id is not None:
        ledger.stamp(session, stay.facility_id)
    session.execute(select(Stay.id).where(Stay.id == stay.id).with_for_update())
    session.refresh(stay)
    # Whoever never came has ended a stay on its first night, which may be one to come.
    if stay.left_on is not None and stay.left_on <= max(stay.admitted_on, session.info["clock"].tonight()):
        raise Problem("not_now", "This stay has ended.")
    if version is not None and version != stay.version:
        raise stale_update(shown(session, [stay])[0].model_dump(mode="json"))
    return stay


def must_have_arrived(session: Session, stay: Stay) -> None:
    """Refuse what can only follow an arrival, while the young person is on the way."""
    admission = session.get(Admission, stay.id)
    if admission is not None and admission.arrived_at is None:
        raise Problem("not_now", "Nobody is on record as arrived. Record the arrival first, or that nobody came.")


def _expected(session: Session, actor: Actor, stay_id: str, now: datetime, action: str) -> tuple[Stay, Admission]:
    """A stay whose young person is still on the way."""
    stay = going_on(session, actor, stay_id, now, action)
    admission = session.get(Admission, stay.id)
    if admission is None or admission.arrived_at is not None:
        raise Problem("not_now", "Nobody is expected here any more: the arrival is on record.")
    return stay, admission


def vacated(
    session: Session, stay: Stay, first: date, until: date | None, movement: Movement, actor: Actor, now: datetime,
    reason: StayEnd | None = None, words: str | None = None,
) -> None:  # fmt: skip
    """Free the nights `[first, until)` of a stay; what stood there is kept with the movement, who made it and why."""
    ledger.vacate(
        session,
        stay_id=stay.id,
        first=first,
        until=until,
        movement=movement,
        by=actor.id,
        now=now,
        reason=None if reason is None else str(reason),
        words=words,
    )


def end(
    session: Session, actor: Actor, stay: Stay, left_on: date, reason: StayEnd, destination: Destination, now: datetime
) -> None:
    """Put on record that a stay has ended, why, and where the young person went."""
    stay.left_on = left_on
    stay.version += 1
    moves.nobody_slept_from(session, stay, left_on)
    # Where the next placement is arranged, an end is on record that is still to come.
    session.merge(
        Discharge(stay_id=stay.id, reason=reason, destination=destination, discharged_at=now, discharged_by=actor.id)
    )
    session.flush()


def shown(session: Session, rows: Sequence[Stay]) -> list[StayRead]:
    """Stays as those who may move them see them: codes, nights and payers, and no person."""
    ids = [row.id for row in rows]
    stated: dict[str, list[StayPayer]] = {}
    for payer in session.scalars(
        select(StayPayer).where(StayPayer.stay_id.in_(ids)).order_by(StayPayer.stay_id, StayPayer.paid_from)
    ):
        stated.setdefault(payer.stay_id, []).append(payer)
    paid = ledger.paid_runs(session, ledger.paid_query(select(Stay.id).where(Stay.id.in_(ids))))
    arrived = dict(
        session.execute(select(Admission.stay_id, Admission.arrived_at).where(Admission.stay_id.in_(ids))).all()
    )
    away: dict[str, list[Json]] = {}
    for out in session.scalars(
        select(StayAbsence).where(StayAbsence.stay_id.in_(ids)).order_by(StayAbsence.away_from, StayAbsence.id)
    ):
        away.setdefault(out.stay_id, []).append({"from": out.away_from, "until": out.away_until})
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
                "away": away.get(row.id, []),
                "reason": ends[row.id].reason if row.id in ends else None,
                "destination": ends[row.id].destination if row.id in ends else None,
            }
        )
        for row in rows
    ]
