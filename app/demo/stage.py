"""The invented state, or somebody's own snapshot, as rows with agencies, people and ways to sign in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.access import keys, signin
from app.access.models import Agency, Person
from app.access.policy import AgencyKind, Role
from app.audit.service import record
from app.db import Database, new_id
from app.demo.directory import AGENCIES, FACILITY_CARDS, HOUSE_STAFF, INTAKE, PEOPLE, AgencyCard, PersonCard
from app.demo.funds import CARDS
from app.demo.record import flag_some
from app.demo.state import Demo
from app.facilities.models import Bed, Facility, Unit
from app.placements.load import load_network

Json = dict[str, Any]
LINKS_LAST = timedelta(hours=12)
OWN_NETWORK = AgencyCard(INTAKE.key, "Your network", AgencyKind.COALITION_LEAD)


@dataclass(frozen=True, slots=True)
class Entrance:
    """A way in: who it is for, and the path of a link that works once."""

    what: str
    role: str
    path: str


@dataclass(frozen=True, slots=True)
class Doors:
    """Every way into a staged database, and a key for programs."""

    entrances: tuple[Entrance, ...]
    key: str


def stage_demo(database: Database, demo: Demo) -> Doors:
    """Load the invented state with its agencies, names and codes."""
    now = database.clock.now()
    with database.writing() as session:
        agencies = found_agencies(session, AGENCIES, now)
        load_state(session, demo.document, agencies, demo.referral_codes)
        employ(session, agencies, (*PEOPLE, *HOUSE_STAFF), now)
        flag_some(session)
        return open_doors(session, agencies, PEOPLE, now)


def stage_doors(session: Session, now: datetime) -> Doors:
    """Ways into a database that holds the invented state already."""
    ids = dict(session.execute(select(Agency.name, Agency.id)).all())
    flag_some(session)
    return open_doors(session, {card.key: ids[card.name] for card in AGENCIES}, PEOPLE, now)


def stage_network(database: Database, document: Json) -> Doors:
    """Load somebody's own snapshot for one agency that sees all of it. Raises SnapshotError where it is none."""
    now = database.clock.now()
    with database.writing() as session:
        agencies = found_agencies(session, (OWN_NETWORK,), now)
        load_network(session, document, agency_id=agencies[OWN_NETWORK.key])
        # Who works at a house of the invented state has no place in somebody else's network.
        cards = [card for card in PEOPLE if card.agency in agencies]
        employ(session, agencies, cards, now)
        return open_doors(session, agencies, cards, now)


def load_state(session: Session, document: Json, agencies: Mapping[str, str], codes: Mapping[str, str]) -> None:
    """The places, funds and people of a file of the invented state, with the agencies that run and fund them."""
    load_network(
        session,
        document,
        agency_id=agencies[INTAKE.key],
        operators={house: agencies[card.key] for card in AGENCIES for house in card.houses},
        funder_agencies={name: agencies["metro"] for name in {card.funder for card in CARDS} if "Metro" in name},
        referral_codes=codes,
    )
    _name_places(session, document["facilities"])


def found_agencies(session: Session, cards: Iterable[AgencyCard], now: datetime) -> dict[str, str]:
    """Enter agencies; their ids by key."""
    rows = {
        card.key: Agency(id=new_id("agency"), name=card.name, kind=AgencyKind(card.kind), created_at=now)
        for card in cards
    }
    session.add_all(rows.values())
    session.flush()
    for row in rows.values():
        record(session, None, "agency.add", "agency", row.id)
    return {key: row.id for key, row in rows.items()}


def _name_places(session: Session, facilities: Iterable[Json]) -> None:
    """What a snapshot has no place for: aliases, regions, telephone numbers, and beds numbered through the house."""
    houses, units, beds = [], [], []
    for facility in facilities:
        card = FACILITY_CARDS[facility["id"]]
        houses.append({"of": facility["id"], "alias": card.alias, "region": card.region, "phone": card.duty_phone})
        number = 0
        for unit in facility["units"]:
            units.append({"of": unit["id"], "name": f"Unit {unit['id'][-1].upper()}"})
            for bed in unit["beds"]:
                number += 1
                beds.append({"of": bed["id"], "name": f"Bed {number}"})
    connection = session.connection()
    house = update(Facility).where(Facility.id == bindparam("of"))
    connection.execute(
        house.values(alias=bindparam("alias"), region=bindparam("region"), duty_phone=bindparam("phone")), houses
    )
    connection.execute(update(Unit).where(Unit.id == bindparam("of")).values(name=bindparam("name")), units)
    connection.execute(update(Bed).where(Bed.id == bindparam("of")).values(name=bindparam("name")), beds)


def employ(session: Session, agencies: Mapping[str, str], cards: Iterable[PersonCard], now: datetime) -> None:
    """Enter the people who work for these agencies."""
    for card in cards:
        person = Person(
            id=new_id("person"),
            agency_id=agencies[card.agency],
            name=card.name,
            email=card.email,
            role=Role(card.role),
            created_at=now,
        )
        session.add(person)
        session.flush()
        record(session, None, "person.add", "person", person.id)


def open_doors(session: Session, agencies: Mapping[str, str], cards: Iterable[PersonCard], now: datetime) -> Doors:
    """A link for each of these people, and a key for programs of the agency that takes the calls."""
    ids = dict(session.execute(select(Person.email, Person.id)).all())
    entrances = []
    for card in cards:
        path = signin.issue_link(session, ids[card.email], now, LINKS_LAST)
        entrances.append(Entrance(card.what, card.role, path))
    _, key = keys.issue(
        session,
        None,
        agency_id=agencies[INTAKE.key],
        name="demo",
        role=Role.INTAKE_COORDINATOR,
        now=now,
        live=False,
    )
    return Doors(tuple(entrances), key)
