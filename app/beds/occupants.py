"""Whom a house lists in a bed without a stay on record: entering, closing with history, and taking either back."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.ledger import Holder, Payer, Taken
from app.beds.models import BedChange, BedNight, FormerBedNight, Movement, Resident
from app.beds.schemas import Occupant
from app.db import new_id
from app.errors import FieldError, Problem, invalid
from app.facilities.models import Bed

Json = dict[str, Any]

LONGEST = timedelta(days=366)
"""How far ahead the end of somebody's time in a bed can be said."""


def enter(session: Session, bed: Bed, occupant: Occupant, now: datetime, tonight: date) -> str:
    """List somebody in a bed from tonight on, in the ledger too; the new row's id."""
    if occupant.until is not None and not tonight < occupant.until <= tonight + LONGEST:
        where = "/occupant/until"
        raise invalid([FieldError(where, "out_of_range", "Expected a day after tonight, within a year.")])
    resident = Resident(
        id=new_id("res"),
        facility_id=bed.facility_id,
        bed_id=bed.id,
        minor_id=None,
        trafficking=occupant.trafficking,
        age=occupant.age,
        gender=occupant.gender,
        present_from=tonight,
        present_until=occupant.until,
    )
    session.add(resident)
    session.flush()
    # Somebody who is there is there: without a date the nights end where another's begin, and people sort it out then.
    until = occupant.until or _next_taken(session, bed.id, tonight, now) or tonight + ledger.REACH
    _claim(session, resident, tonight, until, now)
    return resident.id


def close(session: Session, bed: Bed, by: str, now: datetime, tonight: date) -> list[Json]:
    """Everyone whom the house lists in a bed and who has begun is gone from tonight on; whom, and their former ends."""
    here = select(Resident).where(
        Resident.bed_id == bed.id,
        Resident.closed_at.is_(None),
        or_(Resident.present_from.is_(None), Resident.present_from <= tonight),
    )
    left: list[Json] = []
    for resident in session.scalars(here.order_by(Resident.id)).all():
        until = resident.present_until
        left.append({"id": resident.id, "until": None if until is None else until.isoformat()})
        resident.closed_at = now
        if until is None or until > tonight:
            resident.present_until = tonight
        session.flush()
        ledger.vacate(session, resident_id=resident.id, first=tonight, movement=Movement.CLOSED, by=by, now=now)
    return left


def strike(session: Session, resident_id: str, by: str, now: datetime) -> None:
    """Undo an entry: nobody was there."""
    resident = session.get_one(Resident, resident_id)
    first = resident.present_from or date.min
    ledger.vacate(session, resident_id=resident_id, first=first, movement=Movement.UNDONE, by=by, now=now)
    resident.closed_at, resident.present_until = now, first
    session.flush()


def bring_back(session: Session, change: BedChange, now: datetime) -> None:
    """Undo a closing: whoever left is listed as before, with the nights that the history has."""
    for gone in change.left:
        resident = session.get_one(Resident, gone["id"])
        resident.closed_at = None
        resident.present_until = None if gone["until"] is None else date.fromisoformat(gone["until"])
        session.flush()
        query = select(FormerBedNight).where(
            FormerBedNight.resident_id == resident.id,
            FormerBedNight.movement == Movement.CLOSED,
            FormerBedNight.moved_at == change.at,
        )
        former: Sequence[FormerBedNight] = session.scalars(query.order_by(FormerBedNight.night)).all()
        if former:
            paid = {row.night: Payer(row.fund_id, row.limit_id) for row in former}
            _claim(session, resident, former[0].night, former[-1].night + ledger.NIGHT, now, paid)


def _claim(
    session: Session, resident: Resident, first: date, until: date, now: datetime, paid: dict[date, Payer] | None = None
) -> None:
    try:
        ledger.claim(
            session,
            facility_id=resident.facility_id,
            bed_id=resident.bed_id or "",
            minor_id=resident.minor_id,
            first=first,
            until=until,
            holder=Holder(resident_id=resident.id),
            now=now,
            payers=paid,
        )
    except Taken:
        raise Problem("not_now", "Somebody else is to come into this bed before then. Say an earlier day.") from None


def _next_taken(session: Session, bed_id: str, tonight: date, now: datetime) -> date | None:
    """The first night within reach on which somebody else has the bed."""
    query = select(BedNight.night).where(
        BedNight.bed_id == bed_id,
        BedNight.night > tonight,
        BedNight.night < tonight + ledger.REACH,
        ledger.in_force(now),
    )
    return session.scalar(query.order_by(BedNight.night).limit(1))
