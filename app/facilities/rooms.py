"""Units and beds: the rooms of a house and their admission rules. What a bed is tonight is said in `app/beds`."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, conflict, invalid
from app.facilities.forms import UNIT
from app.facilities.models import Bed, BedStatus, BedUnavailable, Unit
from app.facilities.schemas import (
    BedChange,
    BedCreate,
    BedForm,
    BedRead,
    Nights,
    UnitChange,
    UnitCreate,
    UnitRead,
)
from app.facilities.service import find, find_own, find_to_change
from app.versions import must_be_current

UNAVAILABLE_ORDER = (BedUnavailable.from_night, BedUnavailable.id)
_SHOWN = (
    "id", "version", "unit_id", "name", "status", "reason", "held_for", "offline_until", "confirmed_at",
    "confirmed_by",
)  # fmt: skip


def list_units(session: Session, actor: Actor, facility_id: str) -> list[UnitRead]:
    """The units of a house."""
    find(session, actor, facility_id)
    rows = session.scalars(select(Unit).where(Unit.facility_id == facility_id).order_by(Unit.id))
    return [_unit(row) for row in rows]


def read_unit(session: Session, actor: Actor, facility_id: str, unit_id: str) -> UnitRead:
    """One unit, found through its house."""
    return _unit(_find_unit(session, actor, facility_id, unit_id))


def add_unit(session: Session, actor: Actor, facility_id: str, new: UnitCreate) -> UnitRead:
    """Add a unit; it has no beds yet."""
    find_to_change(session, actor, facility_id, "unit.create")
    _own_name(session, Unit, facility_id, new.name)
    row = Unit(id=new_id("unit"), facility_id=facility_id, **new.model_dump())
    session.add(row)
    session.flush()
    record(session, actor, "unit.create", "unit", row.id)
    return _unit(row)


def replace_unit(
    session: Session, actor: Actor, facility_id: str, unit_id: str, change: UnitChange, if_match: str | None
) -> UnitRead:
    """Put the whole unit as it shall be."""
    find_to_change(session, actor, facility_id, "unit.change")
    row = _find_unit(session, actor, facility_id, unit_id)
    must_be_current(_unit(row), change.version, if_match)
    if change.name != row.name:
        _own_name(session, Unit, facility_id, change.name, row)
    for name, value in change.model_dump(exclude={"version"}).items():
        setattr(row, name, value)
    row.version += 1
    session.flush()
    record(session, actor, "unit.change", "unit", trail_id(unit_id))
    return _unit(row)


def list_beds(session: Session, actor: Actor, facility_id: str) -> list[BedRead]:
    """The beds of a house, for those who work there: others read how many are open, in bands."""
    find_own(session, actor, facility_id, "bed.list")
    return show_beds(session, session.scalars(select(Bed).where(Bed.facility_id == facility_id).order_by(Bed.id)))


def read_bed(session: Session, actor: Actor, facility_id: str, bed_id: str) -> BedRead:
    """One bed, found through its house."""
    return show_beds(session, [find_bed(session, actor, facility_id, bed_id, "bed.read")])[0]


def add_bed(session: Session, actor: Actor, facility_id: str, new: BedCreate) -> BedRead:
    """Add a bed. It is offline until a person says what it is."""
    find_to_change(session, actor, facility_id, "bed.create")
    unit = session.scalar(select(Unit.id).where(Unit.facility_id == facility_id, Unit.id == new.unit_id))
    if unit is None:
        raise invalid([FieldError("/unit_id", "unknown", "This house has no such unit.")])
    _own_name(session, Bed, facility_id, new.name)
    row = Bed(id=new_id("bed"), facility_id=facility_id, unit_id=unit, name=new.name, status=BedStatus.OFFLINE)
    session.add(row)
    session.flush()
    _write_unavailable(session, row.id, new)
    record(session, actor, "bed.create", "bed", row.id)
    return show_beds(session, [row])[0]


def replace_bed(
    session: Session, actor: Actor, facility_id: str, bed_id: str, change: BedChange, if_match: str | None
) -> BedRead:
    """Put a bed's name and the nights on which it cannot be slept in."""
    find_to_change(session, actor, facility_id, "bed.change")
    row = find_bed(session, actor, facility_id, bed_id, "bed.change")
    must_be_current(show_beds(session, [row])[0], change.version, if_match)
    if change.name != row.name:
        _own_name(session, Bed, facility_id, change.name, row)
    row.name = change.name
    row.version += 1
    session.execute(delete(BedUnavailable).where(BedUnavailable.bed_id == bed_id))
    _write_unavailable(session, bed_id, change)
    record(session, actor, "bed.change", "bed", trail_id(bed_id))
    return show_beds(session, [row])[0]


def find_bed(session: Session, actor: Actor, facility_id: str, bed_id: str, action: str) -> Bed:
    """A bed of a house the actor works in."""
    find_own(session, actor, facility_id, action)
    row = session.scalar(select(Bed).where(Bed.facility_id == facility_id, Bed.id == bed_id))
    if row is None:
        raise hidden(actor, action, "bed", bed_id)
    return row


def show_beds(session: Session, rows: Iterable[Bed]) -> list[BedRead]:
    """Beds with the nights on which they cannot be slept in."""
    rows = list(rows)
    away: dict[str, list[BedUnavailable]] = {row.id: [] for row in rows}
    query = select(BedUnavailable).where(BedUnavailable.bed_id.in_(away))
    for nights in session.scalars(query.order_by(*UNAVAILABLE_ORDER)):
        away[nights.bed_id].append(nights)
    return [BedRead(**bed_facts(row, away[row.id])) for row in rows]


def out_of_use(session: Session, bed_id: str) -> Sequence[BedUnavailable]:
    """The nights on which a bed cannot be slept in."""
    return session.scalars(select(BedUnavailable).where(BedUnavailable.bed_id == bed_id)).all()


def bed_facts(row: Bed, away: Iterable[BedUnavailable]) -> dict[str, Any]:
    """What is shown of a bed wherever it is shown."""
    return {name: getattr(row, name) for name in _SHOWN} | {
        "unavailable": [
            Nights.model_validate({"from": nights.from_night, "until": nights.until_night, "reason": nights.reason})
            for nights in away
        ]
    }


def _own_name(
    session: Session, kind: type[Unit] | type[Bed], facility_id: str, name: str, but: Unit | Bed | None = None
) -> None:
    """Refuse a name that another unit or bed of the house has: on a call a bed is asked for by its name.

    Asked under the house's lock, so that two at once do not both find it free.
    """
    rows = session.execute(select(kind.id, kind.name).where(kind.facility_id == facility_id))
    if any(_plain(other) == _plain(name) for one, other in rows if but is None or one != but.id):
        what = "unit" if kind is Unit else "bed"
        raise conflict("already_exists", f"Another {what} of this house has this name.")


def _plain(name: str) -> str:
    """A name as one hears it."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _write_unavailable(session: Session, bed_id: str, form: BedForm) -> None:
    session.add_all(
        BedUnavailable(id=new_id("away"), bed_id=bed_id, from_night=row.from_, until_night=row.until, reason=row.reason)
        for row in form.unavailable
    )
    session.flush()


def _find_unit(session: Session, actor: Actor, facility_id: str, unit_id: str) -> Unit:
    row = session.scalar(select(Unit).where(Unit.facility_id == facility_id, Unit.id == unit_id))
    if row is None:
        raise hidden(actor, "unit.read", "unit", unit_id)
    return row


def _unit(row: Unit) -> UnitRead:
    return UnitRead(id=row.id, version=row.version, name=row.name, **{name: getattr(row, name) for name in UNIT})
