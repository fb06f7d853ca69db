"""What the year knows while it goes on: who waits, who stays until when, and who does what for which agency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency, Person
from app.clock import MovableClock
from app.demo.directory import AGENCIES, HOUSE_STAFF, INTAKE, PEOPLE, PersonCard
from app.demo.draw import Draw
from app.demo.year.asking import Case
from app.demo.year.one_commit import OneCommit
from app.demo.year.standing import Standing
from app.stays.codes import Destination, StayEnd


@dataclass(slots=True)
class Guest:
    """Somebody who stays, or is on the way: since when, until when, and how it will end."""

    stay_id: str
    facility_id: str
    bed_id: str
    admitted: date
    leaves_on: date
    reason: StayEnd = StayEnd.COMPLETED
    destination: Destination = Destination.NOT_KNOWN
    here: bool = False
    wants_until: date | None = None
    """How long a bed is wanted, where the money ends before it; None: nothing is to follow."""
    case: Case | None = None
    goes_on: bool = False
    """The next placement is arranged: another house takes over on the day of leaving."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who acts: the coordinator who asks, and whoever answers for each house."""

    coordinator: Actor
    supervisor: Actor
    by_house: Mapping[str, Actor]


@dataclass(slots=True)
class Book:
    """The year as it stands on one day."""

    database: OneCommit
    clock: MovableClock
    draw: Draw
    staff: Staff
    standing: Standing
    cases: dict[str, Case] = field(default_factory=dict)
    guests: dict[str, Guest] = field(default_factory=dict)
    bed_freed: bool = False

    @property
    def session(self) -> Session:
        """The day's one session."""
        return self.database.now

    @property
    def now(self) -> datetime:
        """The instant it is."""
        return self.clock.now()

    @property
    def tonight(self) -> date:
        """The night it is."""
        return self.clock.tonight()

    def turn_to(self, day: date, at: time) -> None:
        """Go on to an hour of a day; what comes before nine belongs to the night before."""
        if at < self.clock.night_turns_at:
            day += timedelta(days=1)
        self.clock.set(datetime.combine(day, at, self.clock.zone))


def staff_of(session: Session) -> Staff:
    """The people who were employed, as those who act."""
    agencies = {row.name: row for row in session.scalars(select(Agency))}
    people = {row.email: row for row in session.scalars(select(Person))}

    def actor(card: PersonCard) -> Actor:
        person = people[card.email]
        agency = next(agencies[one.name] for one in AGENCIES if one.key == card.agency)
        return Actor(agency_id=agency.id, kind=agency.kind, role=person.role, person_id=person.id)

    staff = {card.agency: actor(card) for card in (*PEOPLE, *HOUSE_STAFF) if card.role == "facility_staff"}
    callers = {card.role: actor(card) for card in PEOPLE if card.agency == INTAKE.key}
    by_house = {house: staff[card.key] for card in AGENCIES for house in card.houses}
    return Staff(callers["intake_coordinator"], callers["supervisor"], by_house)
