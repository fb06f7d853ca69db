"""The houses of the invented state as its clock goes on: each shift says that its beds are so, and who is awake."""

from datetime import date, timedelta

from sqlalchemy import func, select

from app.access.actor import Actor
from app.access.models import Agency, Person
from app.access.policy import Role
from app.beds.confirming import confirm, said_before
from app.beds.models import Confirmation
from app.beds.schemas import ConfirmationCreate
from app.db import Database
from app.facilities.models import Facility, NightStaffing
from app.worker import Worker

SHIFT = timedelta(hours=12)
"""Two shifts a day: the first one confirms when the night has turned."""


def keep_shifts(worker: Worker, after: date) -> None:
    """Have every round of a worker change the shifts first, on the nights after one."""

    def shifts(database: Database) -> int:
        return change_shifts(database, after)

    worker.due = (shifts, *worker.due)


def change_shifts(database: Database, after: date) -> int:
    """Confirm each house once a shift by its own staff, on the nights after one, with as many awake as were before.

    As the people of a house would, through the service they use; where nobody works there, or it was never said who
    is awake, the house stays as it is. Gives how many houses confirmed.
    """
    now, tonight = database.clock.now(), database.clock.tonight()
    if tonight <= after:
        return 0
    latest = select(func.max(Confirmation.confirmed_at)).where(Confirmation.facility_id == Facility.id)
    with database.reading() as session:
        houses = session.execute(select(Facility.id, Facility.agency_id, latest.scalar_subquery())).all()
        staff = {
            agency.id: Actor(agency_id=agency.id, kind=agency.kind, role=person.role, person_id=person.id)
            for person, agency in session.execute(select(Person, Agency).join(Agency, Agency.id == Person.agency_id))
            if person.role is Role.FACILITY_STAFF
        }
    due = [
        (house, staff[agency])
        for house, agency, last in houses
        if agency in staff and (last is None or last + SHIFT <= now)
    ]
    for house, actor in due:
        with database.writing() as session:
            said = session.get(NightStaffing, (house, tonight))
            awake = said_before(session, house, tonight) if said is None else said.awake_staff
            confirm(session, actor, house, ConfirmationCreate(awake_staff_tonight=awake), now, tonight)
    return len(due)
