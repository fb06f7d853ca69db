"""The nights of those who stay on: each night, whoever has no date of leaving, or is past it, has one row more.

A stay without a date goes on being paid by whoever pays its last night, for as long as that money reaches; a night
past the expected end is paid by nobody, and shows so. Where somebody else has the night already, the row is not
written: a supervisor of the house is asked once who sleeps where.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.ledger import NIGHT, NOBODY, REACH, Holder, Payer, Taken
from app.beds.models import BedNight, Resident
from app.codes import trail_id
from app.db import Database
from app.facilities.models import Facility
from app.facilities.stamps import stamp
from app.stays.models import Admission, Stay
from app.stays.money import money_is_there
from app.tasks.models import Task, TaskKind
from app.tasks.service import open_task

DECIDE_WITHIN = timedelta(hours=4)
FARTHEST = timedelta(days=180)
"""How far ahead a stay can be moved: as far as plans look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Somebody whose nights in the ledger end too early: from `first` on, until before `until`."""

    kind: str
    id: str
    facility_id: str
    bed_id: str
    minor_id: str | None
    first: date
    until: date
    payer: Payer = NOBODY


def roll(database: Database) -> int:
    """Give everyone who stays on the nights that are missing; the number of nights."""
    now, tonight = database.clock.now(), database.clock.tonight()
    with database.reading() as session:
        tails = [*_stays(session, tonight), *_residents(session, tonight)]
        told = set(session.scalars(select(Task.once).where(Task.once.in_(map(_once, tails)))))
        free = [replace(tail, until=free_until(session, tail, now)) for tail in tails]
    contested = [tail for tail in free if tail.until == tail.first and _once(tail) not in told]
    if contested:
        with database.writing() as session:
            for tail in contested:
                ask(session, tail, now)
    return sum(_written(database, tail, now) for tail in free if tail.until > tail.first)


def _written(database: Database, tail: Tail, now: datetime) -> int:
    """The missing nights of one; where somebody takes one of them just now, the next round looks again."""
    try:
        with database.writing() as session:
            stamp(session, tail.facility_id)
            return 0 if _last(session, tail) >= tail.first else _claim(session, tail, now)
    except Taken:
        return 0


def free_until(session: Session, tail: Tail, now: datetime) -> date:
    """The first of the missing nights that is somebody else's, or on which the minor is elsewhere."""
    clash = BedNight.bed_id == tail.bed_id
    if tail.minor_id is not None:
        clash = or_(clash, BedNight.minor_id == tail.minor_id)
    query = select(func.min(BedNight.night)).where(
        clash, BedNight.night >= tail.first, BedNight.night < tail.until, ledger.in_force(now)
    )
    return session.scalar(query) or tail.until


def _claim(session: Session, tail: Tail, now: datetime) -> int:
    payers = {}
    if tail.payer is not NOBODY:
        payers = dict.fromkeys(ledger.nights(tail.first, tail.until), tail.payer)
        if not money_is_there(session, payers, tail.minor_id or "", now):
            payers = {}
    return ledger.claim(
        session,
        facility_id=tail.facility_id,
        bed_id=tail.bed_id,
        minor_id=tail.minor_id,
        first=tail.first,
        until=tail.until,
        holder=Holder(stay_id=tail.id) if tail.kind == "stay" else Holder(resident_id=tail.id),
        now=now,
        payers=payers,
    )


def _last_nights(column: Any) -> Any:
    return (
        select(column.label("of"), func.max(BedNight.night).label("night"))
        .where(column.is_not(None))
        .group_by(column)
        .subquery()
    )


def _stays(session: Session, tonight: date) -> list[Tail]:
    """Stays in a bed of the network without a date, or past it, whose rows end before they should."""
    last = _last_nights(BedNight.stay_id)
    query = (
        select(Stay, last.c.night)
        .outerjoin(last, last.c.of == Stay.id)
        .outerjoin(Admission, Admission.stay_id == Stay.id)
        .where(
            Stay.in_house,
            Stay.left_on.is_(None),
            Stay.bed_id.is_not(None),
            Stay.admitted_on <= tonight,
            or_(Admission.stay_id.is_(None), Admission.arrived_at.is_not(None)),
            _runs_short(Stay.expected_until, last.c.night, tonight),
        )
        .order_by(Stay.id)
    )
    found = []
    for stay, night in session.execute(query):
        endless = stay.expected_until is None
        found.append(
            Tail(
                kind="stay",
                id=stay.id,
                facility_id=stay.facility_id,
                bed_id=stay.bed_id,
                minor_id=stay.minor_id,
                first=max(tonight, stay.admitted_on) if night is None else max(night + NIGHT, tonight),
                until=tonight + (REACH if endless else NIGHT),
                payer=_tail_payer(session, stay.id, night) if endless else NOBODY,
            )
        )
    return found


def _residents(session: Session, tonight: date) -> list[Tail]:
    """People whom a house lists in a bed without a date. Past a date that was said the bed counts as free."""
    last = _last_nights(BedNight.resident_id)
    query = (
        select(Resident, last.c.night)
        .outerjoin(last, last.c.of == Resident.id)
        .where(
            Resident.closed_at.is_(None),
            Resident.bed_id.is_not(None),
            Resident.present_until.is_(None),
            or_(Resident.present_from.is_(None), Resident.present_from <= tonight),
            _short_of_reach(last.c.night, tonight),
        )
        .order_by(Resident.id)
    )
    return [
        Tail(
            kind="resident",
            id=row.id,
            facility_id=row.facility_id,
            bed_id=row.bed_id,
            minor_id=row.minor_id,
            first=tonight if night is None else max(night + NIGHT, tonight),
            until=tonight + REACH,
        )
        for row, night in session.execute(query)
    ]


def _runs_short(expected_until: Any, night: Any, tonight: date) -> Any:
    past = and_(expected_until <= tonight, or_(night.is_(None), night < tonight))
    return or_(and_(expected_until.is_(None), _short_of_reach(night, tonight)), past)


def _short_of_reach(night: Any, tonight: date) -> Any:
    return or_(night.is_(None), night < tonight + REACH - NIGHT)


def _tail_payer(session: Session, stay_id: str, night: date | None) -> Payer:
    own = (BedNight.stay_id == stay_id) & (BedNight.night == night)
    row = session.execute(select(BedNight.fund_id, BedNight.limit_id).where(own)).one_or_none()
    return NOBODY if row is None or row.fund_id is None else Payer(row.fund_id, row.limit_id)


def _last(session: Session, tail: Tail) -> date:
    own = BedNight.stay_id == tail.id if tail.kind == "stay" else BedNight.resident_id == tail.id
    return session.scalar(select(func.max(BedNight.night)).where(own)) or date.min


def _once(tail: Tail) -> str:
    return f"night.{trail_id(tail.id)}.{tail.first.isoformat()}"


def ask(session: Session, tail: Tail, now: datetime) -> None:
    """Have a supervisor of the house decide who sleeps where."""
    agency = session.scalar(select(Facility.agency_id).where(Facility.id == tail.facility_id))
    if agency is not None:
        open_task(
            session,
            TaskKind.CLASH,
            agency_id=agency,
            subject=(tail.kind, trail_id(tail.id)),
            now=now,
            due_at=now + DECIDE_WITHIN,
            facility_id=tail.facility_id,
            once=_once(tail),
        )
