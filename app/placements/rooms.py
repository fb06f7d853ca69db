"""Which rooms of a house suit somebody who stays there, by the same rules as for whoever comes.

Who sleeps where on which night is what the ledger says: stays, beds that are held, and people whom the house lists.
What is not known is for the house to see: it knows who lives there.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.models import BedNight
from app.beds.models import Resident as Listed
from app.facilities.forms import UNIT
from app.facilities.models import Bed as BedRow
from app.facilities.models import Facility as House
from app.facilities.models import Unit as Room
from app.minors.models import Minor as Person
from app.stays.models import Stay
from app.stays.residents import age_of
from matching.alike import alone
from matching.census import Census
from matching.facts import Bed, Facility, Minor, Resident, Snapshot, Unit
from matching.findings import NOT_MET
from matching.rules.fit import beside_outcome, unit_outcome


def suiting_rooms(session: Session, stay: Stay, first: date, until: date) -> Mapping[str, bool]:
    """As `SuitingRooms` says.

    Her or his own gender and age count on the first night, as they do for whoever comes; who sleeps there, and comes
    there, on each.
    """
    beside = list(_beside(session, stay, first, until))
    people = {person.id: _minor(person) for person, _ in beside if person is not None}
    own = _minor(session.get_one(Person, stay.minor_id))
    house = _house(session, stay, tuple(resident for _, resident in beside))
    now = session.info["clock"].now()
    minors = (own, *people.values())
    census = Census(Snapshot(as_of=now, tonight=first, horizon_nights=1, facilities=(house,), minors=minors))
    case = alone(census, own, house)
    nights = {first, *(resident.from_ for _, resident in beside if resident.from_ is not None)}
    return {
        unit.id: all(beside_outcome(case, unit, night) is not NOT_MET for night in nights)
        for unit in house.units
        if unit_outcome(case, unit, first, gap=False) is not NOT_MET
    }


def _beside(session: Session, stay: Stay, first: date, until: date) -> Iterator[tuple[Person | None, Resident]]:
    """Everybody else who has a bed of the house on one of the nights, with what is known of her or him."""
    query = (
        select(BedNight.bed_id, Person, Listed, func.min(BedNight.night), func.max(BedNight.night))
        .outerjoin(Person, Person.id == BedNight.minor_id)
        .outerjoin(Listed, Listed.id == BedNight.resident_id)
        .where(BedNight.facility_id == stay.facility_id, BedNight.night >= first, BedNight.night < until)
        .where(BedNight.minor_id.is_(None) | (BedNight.minor_id != stay.minor_id))
        .where(ledger.in_force(session.info["clock"].now()))
        .group_by(BedNight.bed_id, Person.id, Listed.id)
    )
    for bed, person, listed, begins, ends in session.execute(query):
        yield (
            person,
            Resident(
                minor=None if person is None else person.id,
                bed=bed,
                age=_age(person, listed, first),
                gender=None if listed is None else _word(listed.gender),
                from_=begins,
                until=ends + timedelta(days=1),
            ),
        )


def _age(person: Person | None, listed: Listed | None, on: date) -> int | None:
    """Of whom the house lists what it says, of everybody else what is on record."""
    if listed is not None:
        return listed.age
    return None if person is None else age_of(person, on)


def _house(session: Session, stay: Stay, residents: tuple[Resident, ...]) -> Facility:
    row = session.get_one(House, stay.facility_id)
    beds: dict[str, list[Bed]] = {}
    for bed, unit in session.execute(select(BedRow.id, BedRow.unit_id).where(BedRow.facility_id == row.id)):
        beds.setdefault(unit, []).append(Bed(bed, "open"))
    units = session.scalars(select(Room).where(Room.facility_id == row.id).order_by(Room.id))
    rooms = tuple(Unit(unit.id, beds=tuple(beds.get(unit.id, ())), **_limits(unit)) for unit in units)
    return Facility(row.id, _word(row.kind), row.state, units=rooms, residents=residents)


def _limits(unit: Room) -> dict[str, Any]:
    return {name: getattr(unit, name) for name in UNIT}


def _minor(person: Person) -> Minor:
    known = None if person.age_min is None or person.age_max is None else (person.age_min, person.age_max)
    return Minor(person.id, born_on=person.born_on, age_range=known, gender=_word(person.gender))


def _word(code: StrEnum | None) -> Any:
    return None if code is None else code.value
