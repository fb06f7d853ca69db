"""Those of whom the evening's file tells: when each moves in and out, so that the year fits around them."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.demo.calendar import age_on
from app.demo.draw import Draw
from app.demo.houses import HOUSES
from app.demo.state import Demo
from app.minors.models import Minor
from app.placements.network_people import add_minors, add_stays
from app.placements.network_rows import Network
from matching.codec import decode

Json = dict[str, Any]
_SETTLED = timedelta(days=14)
"""The file's year begins within two weeks, bed by bed: who lives in a house then opens the year."""
_EMPTY = (1, 4)
"""Days for which a bed that stands open in the evening has been empty."""
_NEW = ("id", "minor_id")


@dataclass(frozen=True, slots=True)
class Standing:
    """Stays of the evening's file in the seven houses, by the day on which each begins."""

    opening: date
    begins: dict[date, list[Json]]
    free_until: dict[str, list[date]] = field(default_factory=dict)
    """The days on which each bed must be free again."""

    def next_in(self, bed_id: str, after: date) -> date:
        """The first day after this one on which somebody else needs the bed; the day itself where that day has come."""
        return next((day for day in self.free_until[bed_id] if day > after), after)


def standing(demo: Demo, days: int, draw: Draw) -> Standing:
    """Who opens the year, who is there in the evening, and who waits then and has been there before."""
    opening = demo.tonight - timedelta(days=days)
    settled = min(opening + _SETTLED, demo.tonight)
    waiting = {referral["minor"] for referral in demo.document["referrals"]}
    beds = [bed["id"] for house in houses(demo.document) for unit in house["units"] for bed in unit["beds"]]
    begins: dict[date, list[Json]] = {}
    for stay in demo.document["stays"]:
        admitted, left = _dates(stay)
        over, planned = left is not None and left <= opening, admitted > demo.tonight
        if stay["bed"] not in beds or over or planned:
            continue
        opens = admitted <= settled and (left is None or left > settled)
        if left is None or opens or stay["minor"] in waiting:
            begins.setdefault(max(admitted, opening), []).append(stay)
    free_until: dict[str, list[date]] = {bed: [demo.tonight - timedelta(days=draw.between(*_EMPTY))] for bed in beds}
    for day, stays in begins.items():
        for stay in stays:
            free_until[stay["bed"]].append(day)
    # In a bed that somebody has in the evening nobody else comes after that.
    return Standing(opening, begins, {bed: sorted(found) for bed, found in free_until.items()})


def houses(document: Json) -> list[Json]:
    """The seven houses of a file."""
    own = {house.facility for house in HOUSES}
    return [facility for facility in document["facilities"] if facility["id"] in own]


def document_of(demo: Demo, stays: list[Json], day: date, as_of: str, facilities: list[Json]) -> Json:
    """A file of the State on a day, in which these stays go on; each ends when somebody says so."""
    minors = {minor["id"]: minor for minor in demo.document["minors"]}
    residents: dict[str, list[Json]] = {}
    for stay in stays:
        minor = minors[stay["minor"]]
        residents.setdefault(stay["facility"], []).append(
            {
                "minor": minor["id"],
                "bed": stay["bed"],
                "trafficking": minor["trafficking"],
                "age": age_on(date.fromisoformat(minor["born_on"]), day),
                "from": None,
                "until": stay["left_on"] or _until(demo, stay),
            }
        )
    return demo.document | {
        "as_of": as_of,
        "tonight": day.isoformat(),
        "facilities": [facility | {"residents": residents.get(facility["id"], [])} for facility in facilities],
        "minors": [minors[stay["minor"]] for stay in {stay["minor"]: stay for stay in stays}.values()],
        "stays": [stay | {"left_on": None} for stay in stays],
        "referrals": [],
        "interstate_approvals": [],
    }


def move_in(session: Session, document: Json, agency_id: str) -> None:
    """Seat those whose stays begin on the day of this file."""
    network = Network(decode(document), agency_id)
    add_minors(network)
    add_stays(network)
    enter(session, network)


def enter(session: Session, network: Network) -> None:
    """Insert what was gathered; a profile that is on record already stays as it is."""
    known = set(session.scalars(select(Minor.id)))
    profiles = True
    for table, rows in network.rows.items():
        profiles &= table.__name__ != "Resident"
        new = [row for row in rows if not profiles or row.get("minor_id", row.get("id")) not in known]
        if new:
            session.execute(insert(table.__table__), new)


def _until(demo: Demo, stay: Json) -> str | None:
    """The day on which somebody who is there in the evening is to leave, where it is known."""
    for facility in houses(demo.document):
        for entry in facility["residents"]:
            if entry["minor"] == stay["minor"] and entry["from"] is None:
                until: str | None = entry["until"]
                return until
    return None


def _dates(stay: Json) -> tuple[date, date | None]:
    left = stay["left_on"]
    return date.fromisoformat(stay["admitted_on"]), None if left is None else date.fromisoformat(left)
