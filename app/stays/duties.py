"""What a stay obliges people to do, as tasks with their deadlines: opened by the movement that causes them."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.facilities.models import Facility
from app.minors.alerts import Turn, tell
from app.stays.codes import StayEnd
from app.stays.models import Stay
from app.stays.parties import parties
from app.tasks.models import TaskKind, TaskOutcome
from app.tasks.service import hours_of, open_task, settle


def on_arrival(session: Session, stay: Stay, by: str, now: datetime) -> None:
    """Whoever runs the house tells a parent in time, where that is safe; whether anybody arrived is asked no more."""
    settle(session, TaskKind.ARRIVAL, ("stay", stay.id), TaskOutcome.ARRIVED, by, now)
    _owed(session, TaskKind.PARENT_CONTACT, stay, now, by_house=True)


def on_no_arrival(session: Session, stay: Stay, by: str, now: datetime) -> None:
    """The question is answered."""
    settle(session, TaskKind.ARRIVAL, ("stay", stay.id), TaskOutcome.NOT_ARRIVED, by, now)


def on_discharge(session: Session, stay: Stay, reason: StayEnd, now: datetime) -> None:
    """Of a child who is missing, law enforcement and NCMEC are told by the agency that placed her or him.

    Where she or he is flagged, whoever may know of it is told, missing or not.
    """
    clock: Clock = session.info["clock"]
    turn = Turn.MISSING if reason is StayEnd.MISSING else Turn.LEFT
    tell(session, stay.minor_id, turn, now, clock.today())
    if reason is StayEnd.MISSING:
        for kind in (TaskKind.REPORT_POLICE, TaskKind.REPORT_NCMEC):
            _owed(session, kind, stay, now, by_house=False)


def _owed(session: Session, kind: TaskKind, stay: Stay, now: datetime, *, by_house: bool) -> None:
    house = session.get(Facility, stay.facility_id) if stay.facility_id is not None else None
    state, facility_kind = (None, None) if house is None else (house.state, house.kind)
    within = hours_of(session, kind, state, facility_kind)
    if within is None:
        return
    who = parties(session, stay)
    run_here = by_house and who.house_agency_id is not None
    open_task(
        session,
        kind,
        agency_id=who.house_agency_id if run_here and who.house_agency_id is not None else who.agency_id,
        facility_id=stay.facility_id if run_here else None,
        subject=("stay", stay.id),
        now=now,
        due_at=now + within,
        once=f"{kind}:{stay.id}",
    )
