"""Services and activities: entered by the agency that gave them, taken back where that was a mistake."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.service import called
from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, invalid
from app.minors import alerts
from app.minors.alerts import Turn
from app.minors.linking import together
from app.minors.record_models import Activity, ActivityKind
from app.minors.record_schemas import ActivityRead, ActivitySent
from app.minors.records import own_record
from app.sealing.box import Place
from app.sealing.keyring import keyring_of

EARLIEST = date(2000, 1, 1)


def add(session: Session, actor: Actor, minor_id: str, body: ActivitySent, clock: Clock) -> ActivityRead:
    """Enter what was done or happened on the own agency's record."""
    now, today = clock.now(), clock.today()
    own_record(session, actor, minor_id, now, "activity.add")
    on = body.on or today
    if not EARLIEST <= on <= today:
        raise invalid([FieldError("/on", "out_of_range", "Expected a day that has come, of this century.")])
    row = Activity(
        id=new_id("act"), minor_id=minor_id, agency_id=actor.agency_id, kind=body.kind, happened_on=on, entered_at=now,
        entered_by=actor.id,
    )  # fmt: skip
    if body.words is not None:
        row.words = keyring_of(session).seal(minor_id, place_of(row.id), body.words)
    session.add(row)
    session.flush()
    if row.kind is ActivityKind.MISSING:
        alerts.owe_reports(session, minor_id, actor.agency_id, row.id, now)
        alerts.tell(session, minor_id, Turn.MISSING, now, today)
    if row.kind is ActivityKind.RETURNED:
        own, _ = together(session, actor.agency_id, minor_id)
        alerts.settle_reports(session, own, actor.id, now)
        alerts.tell(session, minor_id, Turn.FOUND, now, today)
    record(session, actor, "activity.add", "minor", trail_id(minor_id), reason=row.kind.value)
    return _shown(session, actor, row)


def withdraw(session: Session, actor: Actor, minor_id: str, activity_id: str, clock: Clock) -> ActivityRead:
    """Entered by mistake: nobody is shown it any more. Taken back twice is taken back."""
    own_record(session, actor, minor_id, clock.now(), "activity.withdraw")
    row = session.scalar(
        select(Activity).where(Activity.id == activity_id, Activity.minor_id == minor_id).with_for_update()
    )
    if row is None:
        raise hidden(actor, "activity.withdraw", "activity", trail_id(activity_id))
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by = clock.now(), actor.id
        session.flush()
        record(session, actor, "activity.withdraw", "minor", trail_id(minor_id))
    return _shown(session, actor, row)


def read_activity(session: Session, actor: Actor, activity_id: str, clock: Clock) -> ActivityRead:
    """One entry of the own agency, as it stands now."""
    row = session.get_one(Activity, activity_id)
    own_record(session, actor, row.minor_id, clock.now(), "activity.read")
    return _shown(session, actor, row)


def of_records(session: Session, minor_ids: Iterable[str]) -> list[Activity]:
    """What stands on these records, and was not taken back."""
    query = select(Activity).where(Activity.minor_id.in_(list(minor_ids)), Activity.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(Activity.happened_on, Activity.id)))


def words_of(session: Session, row: Activity) -> str | None:
    """The line of an entry."""
    return None if row.words is None else keyring_of(session).open(place_of(row.id), row.words)


def place_of(activity_id: str) -> Place:
    """Where the line of an entry stands."""
    return Place(Activity.__tablename__, "words", activity_id)


def _shown(session: Session, actor: Actor, row: Activity) -> ActivityRead:
    return ActivityRead(
        id=row.id,
        kind=row.kind,
        on=row.happened_on,
        words=words_of(session, row),
        entered_at=row.entered_at,
        entered_by=called(session, actor, [row.entered_by]).get(row.entered_by),
        withdrawn_at=row.withdrawn_at,
    )
