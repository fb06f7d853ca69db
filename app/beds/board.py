"""A house's bed board: reading it whole, and a house's own system saying the whole of it in one call."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.beds import confirming, service
from app.beds.capacity import capacity_of, house_tonight
from app.beds.ledger import NIGHT, in_force
from app.beds.models import BedChange, BedNight
from app.beds.schemas import BedStatusChange, BedTonight, BoardBed, BoardBedPut, BoardPut, BoardRead, ConfirmationCreate
from app.db import NOW
from app.errors import FieldError, Problem, invalid, stale_update
from app.facilities.models import Bed, BedStatus, BedUnavailable
from app.facilities.rooms import UNAVAILABLE_ORDER, bed_facts
from app.facilities.stamps import stamp
from app.versions import must_be_current

_NEWEST = select(func.max(BedChange.version)).where(BedChange.bed_id == Bed.id).correlate(Bed).scalar_subquery()
_BEDS = (
    select(Bed, BedChange, BedUnavailable)
    .outerjoin(BedChange, (BedChange.bed_id == Bed.id) & (BedChange.version == _NEWEST))
    .outerjoin(BedUnavailable, BedUnavailable.bed_id == Bed.id)
    .where(Bed.facility_id == bindparam("house"))
    .order_by(Bed.id, *UNAVAILABLE_ORDER)
)
_NIGHTS = (
    select(BedNight.bed_id, BedNight.night, BedNight.stay_id, BedNight.hold_id, BedNight.resident_id, BedNight.fund_id)
    .where(BedNight.facility_id == bindparam("house"), BedNight.night >= bindparam("tonight"), in_force(NOW))
    .order_by(BedNight.bed_id, BedNight.night)
)


def read_board(
    session: Session, actor: Actor, facility_id: str, now: datetime, tonight: date, action: str = "board.read"
) -> BoardRead:
    """A house tonight, for those who work there."""
    house = house_tonight(session, actor, facility_id, action, tonight)
    nights = _nights(session, facility_id, now, tonight)
    beds = _beds(session, facility_id, nights, now, tonight)
    taken = [row for row in nights if row.night == tonight]
    capacity = capacity_of(session, house, len(beds), taken, now, tonight)
    return BoardRead(
        facility_id=house.row.id,
        version=house.changes + 1,
        alias=house.row.alias,
        tonight=tonight,
        licensed=capacity.licensed,
        staffed=capacity.staffed,
        funded=capacity.funded,
        occupied=capacity.occupied,
        held=capacity.held,
        awake_staff_tonight=house.awake_staff,
        beds=beds,
    )


def put_board(
    session: Session, actor: Actor, facility_id: str, said: BoardPut, if_match: str | None, now: datetime, tonight: date
) -> BoardRead:
    """Every bed of a house as it stands: what differs is changed, what does not is confirmed; all of it, or none."""
    current = read_board(session, actor, facility_id, now, tonight, "board.put")
    must_be_current(current, said.version, if_match)
    if not stamp(session, facility_id, current.version - 1):
        raise stale_update()
    beds = {bed.id: bed for bed in session.scalars(select(Bed).where(Bed.facility_id == facility_id))}
    _once_each(said.beds, beds)
    for at, wanted in enumerate(said.beds):
        bed = beds[wanted.id]
        if _differs(bed, wanted):
            _put(session, actor, bed, wanted, at, now, tonight)
    new = ConfirmationCreate(awake_staff_tonight=said.awake_staff_tonight)
    confirming.confirm(session, actor, facility_id, new, now, tonight)
    session.expire_all()
    return read_board(session, actor, facility_id, now, tonight)


def _once_each(said: Sequence[BoardBedPut], beds: dict[str, Bed]) -> None:
    seen: set[str] = set()
    errors: list[FieldError] = []
    for at, wanted in enumerate(said):
        if wanted.id not in beds or wanted.id in seen:
            errors.append(FieldError(f"/beds/{at}/id", "unknown", "Expected each bed of this house once."))
        seen.add(wanted.id)
    if beds.keys() - seen:
        errors.append(FieldError("/beds", "incomplete", "Expected every bed of this house."))
    if errors:
        raise invalid(errors)


def _differs(bed: Bed, wanted: BoardBedPut) -> bool:
    """Whether something is said that the card does not say. A house's own system need not know of our holds."""
    if bed.status is BedStatus.HELD:
        return wanted.status not in (BedStatus.HELD, BedStatus.OPEN)
    details = (wanted.reason, wanted.offline_until) == (bed.reason, bed.offline_until)
    return wanted.status is not bed.status or not details or wanted.occupant is not None


def _put(session: Session, actor: Actor, bed: Bed, wanted: BoardBedPut, at: int, now: datetime, tonight: date) -> None:
    try:
        change = BedStatusChange.model_validate(wanted.model_dump(exclude={"id"}, by_alias=True))
    except ValidationError:
        what = "Expected open, occupied, cleaning or offline, with what belongs to it; a hold alone makes a bed held."
        raise invalid([FieldError(f"/beds/{at}", "not_allowed", what)]) from None
    try:
        service.put(session, actor, bed, change, now, tonight)
    except Problem as problem:
        said = problem.errors or [FieldError("", problem.code, problem.detail or problem.title)]
        problem.errors = [FieldError(f"/beds/{at}{e.pointer}", e.code, e.message, e.fix) for e in said]
        raise


def _beds(session: Session, facility_id: str, nights: Sequence[Any], now: datetime, tonight: date) -> list[BoardBed]:
    """Every bed as its card says, who turned the card, and by what the ledger has it tonight."""
    found: dict[str, tuple[Bed, BedChange | None, list[BedUnavailable]]] = {}
    for bed, change, away in session.execute(_BEDS, {"house": facility_id}):
        *_, nights_away = found.setdefault(bed.id, (bed, change, []))
        if away is not None:
            nights_away.append(away)
    taken = _tonight(nights, tonight)
    return [
        BoardBed(
            **bed_facts(bed, away),
            since=None if change is None else change.at,
            changed_by=None if change is None else change.by,
            undo_until=change.at + service.UNDO_WITHIN if change and service.can_be_undone(change, now) else None,
            tonight=taken.get(bed.id),
        )
        for bed, change, away in found.values()
    ]


def _nights(session: Session, facility_id: str, now: datetime, tonight: date) -> Sequence[Any]:
    """The rows of a house from tonight on, bed by bed."""
    return session.execute(_NIGHTS, {"house": facility_id, "tonight": tonight, "now": now}).all()


def _tonight(rows: Sequence[Any], tonight: date) -> dict[str, BedTonight]:
    """By what each bed is taken tonight, from its unbroken nights in the ledger."""
    nights: dict[str, list[Any]] = {}
    for row in rows:
        nights.setdefault(row.bed_id, []).append(row)
    return {bed: _run(own) for bed, own in nights.items() if own[0].night == tonight}


def _run(rows: Sequence[Any]) -> BedTonight:
    first = rows[0]
    same = [row for row in rows if _holder(row) == _holder(first)]
    until = _end(same)
    paid = _end([row for row in same if row.fund_id is not None]) if first.fund_id is not None else None
    by: Literal["stay", "hold", "resident"] = (
        "stay" if first.stay_id is not None else "hold" if first.hold_id is not None else "resident"
    )
    return BedTonight(by=by, stay_id=first.stay_id, until=until, fund=first.fund_id, paid_until=paid)


def _holder(row: Any) -> tuple[Any, ...]:
    return row.stay_id, row.hold_id, row.resident_id


def _end(rows: Sequence[Any]) -> date:
    """The first night missing from a run that begins with the first row."""
    end: date = rows[0].night
    for row in rows:
        if row.night != end:
            break
        end += NIGHT
    return end
