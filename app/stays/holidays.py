"""The days that are no business days in a State: some caps count business days alone."""

from datetime import date

from pydantic import Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, Day
from app.facilities import stamps
from app.facilities.models import Facility
from app.stays.models import Holiday


class HolidaysChange(Sent):
    """Every holiday of the State that is known; what is left out is a business day."""

    days: list[Day] = Field(max_length=2_000)


class HolidaysRead(ApiModel):
    """The holidays of a State, the first on top."""

    state: str
    days: list[date]


def list_holidays(session: Session, state: str) -> HolidaysRead:
    """What is known of a State; a State of which nothing was entered has none."""
    days = session.scalars(select(Holiday.day).where(Holiday.state == state).order_by(Holiday.day))
    return HolidaysRead(state=state, days=list(days))


def put_holidays(session: Session, actor: Actor, state: str, change: HolidaysChange) -> HolidaysRead:
    """Put the whole list: for the coalition's lead, since it moves the caps of everyone.

    Caps count by the days of the house's State, so whatever was decided about its houses is judged again.
    """
    if not actor.leads:
        raise Denied(actor, "holidays.put", "not_lead", subject_kind="state", subject_id=state)
    houses = session.scalars(select(Facility.id).where(Facility.state == state).order_by(Facility.id)).all()
    stamps.lock(session, houses)
    for house in houses:
        stamps.stamp(session, house)
    session.execute(delete(Holiday).where(Holiday.state == state))
    session.add_all(Holiday(state=state, day=day) for day in sorted(set(change.days)))
    session.flush()
    record(session, actor, "holidays.put", "state", state)
    return list_holidays(session, state)
