"""Opening tasks with the act that causes them, telling of them, and closing them."""

from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.policy import Permission
from app.audit.service import record
from app.codes import trail_id
from app.db import Database, insert_into, new_id
from app.errors import FieldError, Problem, invalid, stale_update
from app.outbox.service import emit
from app.paging import Place, page
from app.tasks.models import OUTCOMES, Duty, Task, TaskKind, TaskOutcome
from app.tasks.schemas import TaskDone, TaskRead

FOR_SUPERVISORS = frozenset({TaskKind.CLASH})
_TOLD_AS = {TaskKind.FOLLOW_UP: "follow_up.due", TaskKind.CLASH: "task.supervisor"}
DONE_ELSEWHERE = {
    TaskKind.ARRIVAL: "Record on the stay itself that the young person arrived, or that nobody came.",
    TaskKind.SECOND_PERSON: "A second person answers on the exception itself.",
}
"""What another act does, and its task ends with it; each with the next step."""
_BATCH = 100


def open_task(
    session: Session,
    kind: TaskKind,
    *,
    agency_id: str,
    subject: tuple[str, str],
    now: datetime,
    due_at: datetime,
    opens_at: datetime | None = None,
    facility_id: str | None = None,
    once: str | None = None,
) -> str | None:
    """Give an agency something to do, about a (kind, id); its id, or None where a task of the same `once` was made."""
    opens = opens_at or now
    row = insert_into(session, Task).values(
        id=new_id("task"),
        version=1,
        kind=kind,
        subject_kind=subject[0],
        subject_id=subject[1],
        agency_id=agency_id,
        facility_id=facility_id,
        made_at=now,
        opens_at=opens,
        due_at=due_at,
        told_at=now if opens <= now else None,
        once=once,
    )
    task_id = session.scalar(row.on_conflict_do_nothing(index_elements=["once"]).returning(Task.id))
    if task_id is not None and opens <= now:
        _tell(session, kind, task_id, agency_id, facility_id)
    return task_id


def hours_of(session: Session, kind: TaskKind, state: str | None, facility_kind: str | None) -> timedelta | None:
    """Within what time something must be done there: the row that says most of the place wins; None is no duty."""
    rows = session.scalars(
        select(Duty)
        .where(
            Duty.kind == kind,
            or_(Duty.state.is_(None), Duty.state == state),
            or_(Duty.facility_kind.is_(None), Duty.facility_kind == facility_kind),
        )
        .order_by(Duty.id)
    ).all()
    if not rows:
        return None
    # Of rows that say equally much the strictest counts.
    best = min(rows, key=lambda row: (-2 * (row.state is not None) - (row.facility_kind is not None), row.hours))
    return timedelta(hours=best.hours)


def settle(
    session: Session, kind: TaskKind, subject: tuple[str, str], outcome: TaskOutcome, by: str, now: datetime
) -> None:
    """Close what another act has done: an arrival on record is no question any more."""
    session.execute(
        update(Task)
        .where(
            Task.kind == kind,
            Task.subject_kind == subject[0],
            Task.subject_id == subject[1],
            Task.done_at.is_(None),
        )
        .values(done_at=now, done_by=by, outcome=outcome, version=Task.version + 1)
        .execution_options(synchronize_session=False)
    )


def tell_due(database: Database) -> int:
    """Tell of the tasks whose time has come; how many. Each is told once, whoever else is telling."""
    now = database.clock.now()
    waiting = (
        select(Task)
        .where(Task.told_at.is_(None), Task.done_at.is_(None), Task.opens_at <= now)
        .order_by(Task.opens_at, Task.id)
        .limit(_BATCH)
    )
    told = 0
    while True:
        with database.reading() as session:
            if session.scalars(waiting.limit(1)).first() is None:
                return told
        with database.writing() as session:
            rows = session.scalars(waiting.with_for_update(skip_locked=True)).all()
            for row in rows:
                row.told_at = now
                _tell(session, row.kind, row.id, row.agency_id, row.facility_id)
        if not rows:
            return told
        told += len(rows)


def list_tasks(
    session: Session, actor: Actor, place: Place, kind: TaskKind | None, done: bool, now: datetime
) -> tuple[list[TaskRead], str | None]:
    """One page of what the actor's agency has to do, or has done, the nearest deadline first."""
    query = _readable(actor).where(Task.opens_at <= now, Task.done_at.is_not(None) if done else Task.done_at.is_(None))
    if kind is not None:
        query = query.where(Task.kind == kind)
    rows, cursor = page(session, query, [Task.due_at, Task.id], place)
    record(session, actor, "task.list", "agency", actor.agency_id)
    return [shown(row, now) for row in rows], cursor


def count(session: Session, actor: Actor, now: datetime) -> tuple[int, int]:
    """How many tasks the actor's agency has open, and how many of them are overdue."""
    due = _readable(actor).where(Task.opens_at <= now, Task.done_at.is_(None)).subquery()
    late = func.count().filter(due.c.due_at <= now)
    waiting, overdue = session.execute(select(func.count(), late).select_from(due)).one()
    return waiting, overdue


def read_task(session: Session, actor: Actor, task_id: str, now: datetime) -> TaskRead:
    """One task."""
    row = _find(session, actor, task_id, "task.read")
    record(session, actor, "task.read", "task", row.id)
    return shown(row, now)


def tasks_about(session: Session, actor: Actor, subject: tuple[str, str], now: datetime) -> list[TaskRead]:
    """What the actor's agency still has to do about one subject, the nearest deadline first."""
    about = Task.subject_kind == subject[0], Task.subject_id == subject[1], Task.done_at.is_(None), Task.opens_at <= now
    rows = session.scalars(_readable(actor).where(*about).order_by(Task.due_at, Task.id)).all()
    return [shown(row, now) for row in rows]


def finish_about(
    session: Session, actor: Actor, task_id: str, subject: tuple[str, str], body: TaskDone, now: datetime
) -> TaskRead:
    """Say what came of a task that is about this subject, and 404 where it is about another."""
    row = _find(session, actor, task_id, "task.done")
    if (row.subject_kind, row.subject_id) != subject:
        raise hidden(actor, "task.done", "task", task_id)
    return finish(session, actor, task_id, body, now)


def finish(session: Session, actor: Actor, task_id: str, body: TaskDone, now: datetime) -> TaskRead:
    """Say what came of a task."""
    _find(session, actor, task_id, "task.done")
    row = session.get_one(Task, task_id, with_for_update=True, populate_existing=True)
    if body.version is not None and body.version != row.version:
        raise stale_update(shown(row, now).model_dump(mode="json"))
    if row.done_at is not None:
        raise Problem("not_now", "This task is done.")
    if row.kind in DONE_ELSEWHERE:
        raise Problem("not_now", DONE_ELSEWHERE[row.kind])
    if body.outcome not in OUTCOMES[row.kind]:
        allowed = ", ".join(OUTCOMES[row.kind])
        raise invalid([FieldError("/outcome", "not_of_this_kind", f"Expected one of {allowed}.")])
    _new_end(row, body, now)
    row.done_at, row.done_by, row.outcome = now, actor.id, body.outcome
    session.flush()
    record(session, actor, "task.done", "task", row.id, reason=f"{row.kind}.{body.outcome}")
    return shown(row, now)


def _new_end(row: Task, body: TaskDone, now: datetime) -> None:
    """What is renewed ends at a moment to come, later than it did; nothing else has one."""
    if body.outcome is not TaskOutcome.RENEWED:
        if body.until is not None:
            raise invalid([FieldError("/until", "not_of_this_kind", "Only what is renewed has a new end.")])
    elif body.until is None:
        raise invalid([FieldError("/until", "required", "Say when the renewed authority ends.")])
    elif body.until <= max(now, row.due_at):
        raise invalid([FieldError("/until", "out_of_range", "Expected a moment to come, after the end until now.")])


def _find(session: Session, actor: Actor, task_id: str, action: str) -> Task:
    row = session.scalar(_readable(actor).where(Task.id == task_id))
    if row is None:
        raise hidden(actor, action, "task", task_id)
    return row


def _readable(actor: Actor) -> Select[Task]:
    """Tasks of the actor's agency; of own houses alone for those who do no case work; some for supervisors alone."""
    query = select(Task).where(Task.agency_id == actor.agency_id)
    if not actor.may(Permission.OVERSEE):
        query = query.where(Task.kind.not_in(FOR_SUPERVISORS))
    if not actor.may(Permission.REFERRAL_WRITE):
        query = query.where(Task.facility_id.is_not(None))
    if actor.facility_ids is not None:
        query = query.where(Task.facility_id.in_(actor.facility_ids))
    return query


def _tell(session: Session, kind: TaskKind, task_id: str, agency_id: str, facility_id: str | None) -> None:
    house = None if facility_id is None else trail_id(facility_id)
    told_as = _TOLD_AS.get(kind, "task.due")
    emit(session, told_as, agency_id=agency_id, facility_id=house, subject_kind="task", subject_id=task_id)


def shown(row: Task, now: datetime) -> TaskRead:
    """A task as its agency sees it."""
    plain = ("id", "version", "kind", "subject_kind", "subject_id", "facility_id", "made_at", "due_at", "done_at")
    return TaskRead(
        **{name: getattr(row, name) for name in plain},
        outcome=row.outcome,
        overdue=row.done_at is None and row.due_at <= now,
        outcomes=list(OUTCOMES[row.kind]),
    )
