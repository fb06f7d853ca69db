"""A house of the demo as the facility of a snapshot: licence, safeguards with evidence, units, beds."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.demo.draw import Draw
from app.demo.geography import county, point_near
from app.demo.houses import House, Unit

Json = dict[str, Any]
_IN_GOOD_ORDER: dict[str, object] = {
    "egress": "unlocked",
    "fire_clearance": True,
    "outside_contact": "open",
    "remote": False,
    "equal_activities": True,
    "awake_night_staff": True,
    "education": True,
    "grievance_contact": True,
}
_EVIDENCE_LASTS = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class BedPlace:
    """Where a bed is: its house and unit, its id, and how it stands tonight."""

    house: House
    unit: Unit
    bed: str
    status: str


def bed_id(house: House, unit: Unit, number: int) -> str:
    """The id of the n-th bed of a unit, from 1."""
    return f"bed_{house.key}_{unit.letter}{number}"


def bed_places(house: House) -> list[BedPlace]:
    """Every bed of a house."""
    return [
        BedPlace(house, unit, bed_id(house, unit, number), status)
        for unit in house.units
        for number, (status, _) in enumerate(unit.beds, start=1)
    ]


def facility_document(house: House, draw: Draw, as_of: datetime, tonight: date) -> Json:
    """The facility without its residents, who come from the history."""
    where = county(house.county)
    return {
        "id": house.facility,
        "kind": house.kind,
        "state": where.state,
        "county": where.fips,
        "place": None,
        "point": point_near(draw, where),
        "licence": _licence(house, draw, tonight),
        "population": house.population,
        "admits": None if house.admits is None else list(house.admits),
        "safeguards": _safeguards(house, draw, tonight),
        "staffing": {"night_ratio": house.ratio, "awake_staff_tonight": house.awake},
        "services": list(house.services),
        "languages": list(house.languages),
        "declines": list(house.declines),
        "funds": list(house.funds),
        "units": [_unit(house, unit, as_of) for unit in house.units],
        "residents": [],
    }


def _licence(house: House, draw: Draw, tonight: date) -> Json:
    """A licence that began within the last two years and runs past every plan."""
    begun = tonight - timedelta(days=draw.between(60, 700))
    return {
        "status": house.licence_status,
        "valid_from": begun.isoformat(),
        "expires_on": (begun + timedelta(days=3 * 365)).isoformat(),
        "capacity": sum(len(unit.beds) for unit in house.units),
        "min_age": house.ages[0],
        "max_age": house.ages[1],
        "genders": list(house.genders),
        "infants": house.infants,
    }


def _safeguards(house: House, draw: Draw, tonight: date) -> Json:
    """Each safeguard with the year in which its evidence counts; one nobody ever verified is left out."""
    found: Json = {}
    for name, usual in _IN_GOOD_ORDER.items():
        days_left = draw.between(45, 330)
        evidence = house.safeguards.get(name, (usual, days_left))
        if evidence is not None:
            value, left = evidence
            expires = tonight + timedelta(days=left)
            found[name] = {
                "value": value,
                "verified_on": (expires - _EVIDENCE_LASTS).isoformat(),
                "expires_on": expires.isoformat(),
            }
    return found


def _unit(house: House, unit: Unit, as_of: datetime) -> Json:
    """A unit and its beds, each with the hour at which someone last confirmed it."""
    return {
        "id": f"unit_{house.key}_{unit.letter}",
        "genders": None if unit.genders is None else list(unit.genders),
        "min_age": unit.ages[0],
        "max_age": unit.ages[1],
        "max_age_gap_years": unit.age_gap,
        "beds": [
            {
                "id": bed_id(house, unit, number),
                "status": status,
                "held_for": None,
                "confirmed_at": (as_of - timedelta(minutes=round(hours * 60))).isoformat(),
                "unavailable": [],
            }
            for number, (status, hours) in enumerate(unit.beds, start=1)
        ],
    }
