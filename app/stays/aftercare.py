"""After a stay: a plan that is there from the discharge on, and follow-ups for a year, for the agency that placed."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.codes import trail_id
from app.db import insert_into
from app.sharing.service import visible_minors
from app.stays.aftercare_models import AftercareItem, AftercarePlan
from app.stays.aftercare_schemas import AftercareChange, AftercareItemForm, AftercareRead, FollowUp
from app.stays.models import Stay
from app.stays.parties import parties, places
from app.tasks.models import Task, TaskKind
from app.tasks.service import open_task
from app.versions import must_be_current

FOLLOW_UP_DAYS = (30, 90, 180, 365)
OPENS_BEFORE = timedelta(days=7)


def begin(session: Session, stay: Stay, by: str, now: datetime) -> None:
    """At a discharge: the plan exists, be it empty, and each follow-up has its day."""
    _make(session, stay, by, now)
    for days in FOLLOW_UP_DAYS:
        due_at = now + timedelta(days=days)
        open_task(
            session,
            TaskKind.FOLLOW_UP,
            agency_id=parties(session, stay).agency_id,
            subject=("stay", stay.id),
            now=now,
            opens_at=due_at - OPENS_BEFORE,
            due_at=due_at,
            once=f"follow_up:{stay.id}:{days}",
        )


def read(session: Session, actor: Actor, stay_id: str, now: datetime) -> AftercareRead:
    """The plan of a stay; before the discharge it may be empty and without follow-ups."""
    _find(session, actor, stay_id, now, "aftercare.read")
    record(session, actor, "aftercare.read", "stay", trail_id(stay_id))
    return _shown(session, stay_id)


def plan_for(session: Session, actor: Actor, stay_id: str, now: datetime) -> AftercareRead | None:
    """The plan beside a stay that was just read; None for whom it is no matter of."""
    if _placed_by(session, actor, stay_id, now) is None:
        return None
    record(session, actor, "aftercare.read", "stay", trail_id(stay_id))
    return _shown(session, stay_id)


def change(
    session: Session, actor: Actor, stay_id: str, body: AftercareChange, if_match: str | None, now: datetime
) -> AftercareRead:
    """Write the plan anew; follow-ups stay."""
    stay = _find(session, actor, stay_id, now, "aftercare.change")
    must_be_current(_shown(session, stay_id), body.version, if_match)
    _make(session, stay, actor.id, now)
    plan = session.get_one(AftercarePlan, stay_id)
    plan.version += 1
    session.flush()
    session.execute(delete(AftercareItem).where(AftercareItem.stay_id == stay_id))
    rows = [{"stay_id": stay_id, "position": at, **item.model_dump()} for at, item in enumerate(body.items)]
    if rows:
        session.execute(insert(AftercareItem), rows)
    record(session, actor, "aftercare.change", "stay", trail_id(stay_id))
    return _shown(session, stay_id)


def _make(session: Session, stay: Stay, by: str, now: datetime) -> None:
    agency_id = parties(session, stay).agency_id
    row = insert_into(session, AftercarePlan).values(
        stay_id=stay.id, agency_id=agency_id, made_at=now, made_by=by, version=1
    )
    session.execute(row.on_conflict_do_nothing())


def _find(session: Session, actor: Actor, stay_id: str, now: datetime, action: str) -> Stay:
    """A stay that the actor's agency has placed, else the same 404 as for one that is not there."""
    stay = _placed_by(session, actor, stay_id, now)
    if stay is None:
        raise hidden(actor, action, "stay", trail_id(stay_id))
    return stay


def _placed_by(session: Session, actor: Actor, stay_id: str, now: datetime) -> Stay | None:
    """A stay that the actor's agency has placed: what follows it is no matter of the house any more."""
    stay = session.scalar(select(Stay).where(Stay.id == stay_id, Stay.minor_id.in_(visible_minors(actor, now))))
    return stay if stay is not None and places(session, actor, stay) else None


def _shown(session: Session, stay_id: str) -> AftercareRead:
    plan = session.get(AftercarePlan, stay_id)
    items = session.scalars(
        select(AftercareItem).where(AftercareItem.stay_id == stay_id).order_by(AftercareItem.position)
    )
    tasks = session.scalars(
        select(Task)
        .where(Task.kind == TaskKind.FOLLOW_UP, Task.subject_kind == "stay", Task.subject_id == stay_id)
        .order_by(Task.due_at)
    )
    return AftercareRead(
        stay_id=stay_id,
        version=1 if plan is None else plan.version,
        items=[AftercareItemForm(kind=row.kind, with_whom=row.with_whom, starts_on=row.starts_on) for row in items],
        follow_ups=[
            FollowUp(task_id=row.id, due_at=row.due_at, done_at=row.done_at, outcome=row.outcome) for row in tasks
        ],
    )
