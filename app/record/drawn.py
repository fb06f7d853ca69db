"""What stands on a timeline without anybody entering it there: movements, follow-ups after a stay, conferences."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.minors import conferences
from app.minors.record_schemas import EntryRead
from app.minors.records import Sight
from app.sharing.codes import Item
from app.stays.models import Admission, Stay
from app.tasks.models import Task, TaskKind


def by_themselves(
    session: Session, by_id: Mapping[str, Sight], agencies: Mapping[str, str], clock: Clock
) -> list[tuple[Sight, Item, EntryRead]]:
    """Each with the record that it stands on, and the kind of information under which it is shared."""
    found = [
        *_movements(session, by_id, clock),
        *_follow_ups(session, by_id, clock),
        *_conferences(session, by_id, clock),
    ]
    lines = []
    for minor_id, item, kind, on in found:
        one = by_id[minor_id]
        entry = EntryRead(
            id=None, on=on, kind=kind, agency_id=one.agency_id, agency=agencies[one.agency_id], words=None, by=None,
            own=one.own,
        )  # fmt: skip
        lines.append((one, item, entry))
    return lines


_Drawn = Iterator[tuple[str, Item, str, date]]
"""The record, under which kind it is shared, what it is, and the day."""


def _movements(session: Session, by_id: Mapping[str, Sight], clock: Clock) -> _Drawn:
    """Arrivals and departures, without saying where; who never came never arrived."""
    came = select(Stay).join(Admission, Admission.stay_id == Stay.id, isouter=True)
    there = Stay.minor_id.in_(by_id), Stay.admitted_on <= clock.today()
    arrived = Admission.stay_id.is_(None) | Admission.arrived_at.is_not(None)
    for stay in session.scalars(came.where(*there, arrived)):
        for kind, on in (("arrived", stay.admitted_on), ("left", stay.left_on)):
            if on is not None and on <= clock.today():
                yield stay.minor_id, Item.STAYS, kind, on


def _follow_ups(session: Session, by_id: Mapping[str, Sight], clock: Clock) -> _Drawn:
    """How the young person was found to fare, 30, 90, 180 and 365 days after a stay."""
    query = select(Stay.minor_id, Task.done_at, Task.outcome).join(Stay, Stay.id == Task.subject_id)
    of_stays = Task.kind == TaskKind.FOLLOW_UP, Task.subject_kind == "stay", Task.done_at.is_not(None)
    for row in session.execute(query.where(*of_stays, Stay.minor_id.in_(by_id))):
        yield row.minor_id, Item.SUPPORT, f"follow_up_{row.outcome}", _day(row.done_at, clock)


def _conferences(session: Session, by_id: Mapping[str, Sight], clock: Clock) -> _Drawn:
    """Conferences that had the record on their agenda."""
    for minor_id, held_at in conferences.held_about(session, by_id, clock.now()):
        yield minor_id, conferences.DECIDED, "conference", _day(held_at, clock)


def _day(at: datetime, clock: Clock) -> date:
    return at.astimezone(clock.zone).date()
