"""A person saying that what a whole house shows is true now, its staff on tonight included."""

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.beds.models import Confirmation
from app.beds.schemas import ConfirmationCreate, ConfirmationRead
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.facilities.models import Bed, NightStaffing
from app.facilities.service import find_own, find_to_change


def confirm(
    session: Session, actor: Actor, facility_id: str, new: ConfirmationCreate, now: datetime, tonight: date
) -> ConfirmationRead:
    """One call confirms every bed of a house, and the staff awake tonight where it is given.

    Versions stay: a colleague who is just changing a bed has not read anything that is no longer true.
    """
    find_to_change(session, actor, facility_id, "facility.confirm")
    beds = session.scalars(
        update(Bed)
        .where(Bed.facility_id == facility_id)
        .values(confirmed_at=now, confirmed_by=actor.id)
        .returning(Bed.id)
        .execution_options(synchronize_session=False)
    ).all()
    row = Confirmation(
        id=new_id("conf"), facility_id=facility_id, confirmed_at=now, confirmed_by=actor.id, beds=len(beds)
    )
    session.add(row)
    staff = _staff(session, actor, facility_id, new.awake_staff_tonight, now, tonight)
    record(session, actor, "facility.confirm", "facility", trail_id(facility_id))
    return ConfirmationRead(
        id=row.id, facility_id=facility_id, confirmed_at=now, beds=row.beds, awake_staff_tonight=staff
    )


def read_confirmation(
    session: Session, actor: Actor, facility_id: str, confirmation_id: str, clock: Clock
) -> ConfirmationRead:
    """One confirmation, found through its house, with what is known of the staff of its night."""
    find_own(session, actor, facility_id, "facility.confirm")
    query = select(Confirmation).where(Confirmation.facility_id == facility_id, Confirmation.id == confirmation_id)
    row = session.scalar(query)
    if row is None:
        raise hidden(actor, "facility.confirm", "confirmation", confirmation_id)
    night = session.get(NightStaffing, (facility_id, clock.night_of(row.confirmed_at)))
    return ConfirmationRead(
        id=row.id,
        facility_id=facility_id,
        confirmed_at=row.confirmed_at,
        beds=row.beds,
        awake_staff_tonight=None if night is None else night.awake_staff,
    )


def staff_said(session: Session, facility_id: str, tonight: date) -> bool:
    """Whether somebody has said who is awake tonight."""
    return session.get(NightStaffing, (facility_id, tonight)) is not None


def said_before(session: Session, facility_id: str, tonight: date) -> int | None:
    """Workers awake on the latest night before tonight for which anybody said so; None where nobody ever did."""
    return session.scalar(
        select(NightStaffing.awake_staff)
        .where(NightStaffing.facility_id == facility_id, NightStaffing.night < tonight)
        .order_by(NightStaffing.night.desc())
        .limit(1)
    )


def _staff(
    session: Session, actor: Actor, facility_id: str, awake: int | None, now: datetime, tonight: date
) -> int | None:
    """Write who is awake tonight where it was said, and give what is known."""
    found = session.get(NightStaffing, (facility_id, tonight))
    if awake is None:
        return None if found is None else found.awake_staff
    said = {"awake_staff": awake, "stated_at": now, "stated_by": actor.id}
    session.merge(NightStaffing(facility_id=facility_id, night=tonight, **said))
    session.flush()
    return awake
