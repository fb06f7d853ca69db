"""What a bed is tonight, and a person saying that it is still true."""

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.beds.models import Confirmation, Resident
from app.beds.schemas import BedStatusChange, ConfirmationCreate, ConfirmationRead, Occupant
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.errors import conflict
from app.facilities.models import Bed, BedStatus, NightStaffing
from app.facilities.rooms import find_bed, show_beds
from app.facilities.schemas import BedRead
from app.facilities.service import find_own
from app.versions import must_be_current


def set_status(
    session: Session,
    actor: Actor,
    facility_id: str,
    bed_id: str,
    change: BedStatusChange,
    if_match: str | None,
    now: datetime,
    tonight: date,
) -> BedRead:
    """Say what a bed is; who says it confirms it. The person the house listed there without a name leaves with it."""
    bed = find_bed(session, actor, facility_id, bed_id, "bed.status")
    must_be_current(show_beds(session, [bed])[0], change.version, if_match)
    if bed.status is BedStatus.HELD and bed.held_for is not None:
        raise conflict("conflict", "This bed is held for a referral. Release the hold first.")
    bed.status, bed.reason, bed.held_for = change.status, change.reason, None
    bed.confirmed_at, bed.confirmed_by = now, actor.id
    _close_unnamed(session, bed, now, tonight)
    if change.occupant is not None:
        session.add(_occupant(bed, change.occupant, tonight))
    session.flush()
    record(session, actor, "bed.status", "bed", trail_id(bed_id), reason=f"bed.{change.status.value}")
    return show_beds(session, [bed])[0]


def confirm(
    session: Session, actor: Actor, facility_id: str, new: ConfirmationCreate, now: datetime, tonight: date
) -> ConfirmationRead:
    """One call confirms every bed of a house, and the staff awake tonight where it is given.

    Versions stay: a colleague who is just changing a bed has not read anything that is no longer true.
    """
    find_own(session, actor, facility_id, "facility.confirm")
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


def _close_unnamed(session: Session, bed: Bed, now: datetime, tonight: date) -> None:
    """Whoever is listed in this bed without a name and has begun is gone from tonight on."""
    here = select(Resident).where(
        Resident.bed_id == bed.id,
        Resident.minor_id.is_(None),
        Resident.closed_at.is_(None),
        (Resident.present_from.is_(None)) | (Resident.present_from <= tonight),
    )
    for resident in session.scalars(here):
        resident.closed_at = now
        if resident.present_until is None or resident.present_until > tonight:
            resident.present_until = tonight


def _occupant(bed: Bed, occupant: Occupant, tonight: date) -> Resident:
    until = occupant.until
    return Resident(
        id=new_id("res"),
        facility_id=bed.facility_id,
        bed_id=bed.id,
        minor_id=None,
        trafficking=occupant.trafficking,
        age=occupant.age,
        present_from=tonight if until is None else min(tonight, until),
        present_until=until,
    )
