"""What time brings to the beds: confirmations that grow old, and beds that come back into use by themselves."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.beds import cards
from app.beds.cards import Card, turn
from app.beds.models import BedNight
from app.clock import Clock
from app.codes import trail_id
from app.config import Settings
from app.db import Database
from app.facilities.models import Bed, BedStatus, Facility
from app.facilities.stamps import stamp
from app.outbox.models import OutboxEvent
from app.outbox.service import emit

OLD_AFTER = timedelta(hours=4)
"""From then on a confirmation counts less: what it says may have changed with the shift."""
REMIND_AFTER = timedelta(hours=3, minutes=30)


def remind(database: Database, settings: Settings | None = None) -> int:
    """Tell each house once whose confirmation is about to grow old; at a change of shifts where those are set."""
    shifts = (settings or Settings.from_env()).shift_changes
    now = database.clock.now()
    with database.reading() as session:
        due = {
            f"confirm_soon.{trail_id(house)}.{confirmed:%Y%m%dT%H%M%S}": (house, agency)
            for house, agency, confirmed in _confirmed(session)
            if remind_at(confirmed, shifts, database.clock) <= now
        }
        told = set(session.scalars(select(OutboxEvent.once).where(OutboxEvent.once.in_(due))))
    new = {once: due[once] for once in due.keys() - told}
    if new:
        with database.writing() as session:
            for once, (house, agency) in sorted(new.items()):
                own = trail_id(house)
                emit(session, "confirmation.due", agency_id=agency, facility_id=own, subject_kind="facility",
                     subject_id=own, once=once)  # fmt: skip
    return len(new)


def remind_at(confirmed: datetime, shifts: Iterable[time], clock: Clock) -> datetime:
    """When to remind of a confirmation: at the last change of shifts before it grows old, else at the next one."""
    local = confirmed.astimezone(clock.zone)
    days = [local.date() + timedelta(days=n) for n in range(3)]
    changes = sorted(datetime.combine(day, at, clock.zone) for day in days for at in shifts)
    later = [change for change in changes if change > confirmed]
    if not later:
        return confirmed + REMIND_AFTER
    return max((change for change in later if change < confirmed + OLD_AFTER), default=later[0])


def reopen(database: Database, settings: Settings | None = None) -> int:
    """Beds that were cleaned long enough, or offline until today, are open; nobody has confirmed that, and it shows."""
    cleaned = (settings or Settings.from_env()).cleaning_lasts
    now, tonight = database.clock.now(), database.clock.tonight()
    with database.reading() as session:
        candidates = session.scalars(
            select(Bed).where(
                (Bed.status == BedStatus.CLEANING) | (Bed.offline_until.is_not(None) & (Bed.offline_until <= tonight))
            )
        ).all()
        changes = cards.latest(session, [bed.id for bed in candidates])
        # Since when a bed of a network's own file is cleaned is not known: nobody opens it but a person.
        since = {bed_id: kept[0].at for bed_id, kept in changes.items()}
    return sum(
        _open(database, bed.facility_id, bed.id, bed.version)
        for bed in sorted(candidates, key=lambda bed: bed.id)
        if bed.status is BedStatus.OFFLINE or ((began := since.get(bed.id)) is not None and began + cleaned <= now)
    )


def _open(database: Database, facility_id: str, bed_id: str, version: int) -> bool:
    """Open one bed if its card is still the one that was looked at, and nobody has it tonight."""
    with database.writing() as session:
        stamp(session, facility_id)
        bed = session.get_one(Bed, bed_id)
        tonight = select(BedNight.bed_id).where(BedNight.bed_id == bed_id, BedNight.night == database.clock.tonight())
        if bed.version != version or session.scalar(tonight) is not None:
            return False
        turn(session, bed, Card(status=BedStatus.OPEN))
        return True


def _confirmed(session: Session) -> list[tuple[str, str, datetime]]:
    """Each house that an agency runs, and the oldest confirmation of its beds."""
    query = (
        select(Facility.id, Facility.agency_id, func.min(Bed.confirmed_at))
        .join(Bed, Bed.facility_id == Facility.id)
        .where(Facility.agency_id.is_not(None), Bed.confirmed_at.is_not(None))
        .group_by(Facility.id, Facility.agency_id)
    )
    rows: Any = session.execute(query)
    return [tuple(row) for row in rows]
