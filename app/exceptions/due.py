"""What time brings to exceptions: a second look that did not come in time, and one that nobody needs any more."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.clock import Clock
from app.exceptions.models import RuleException
from app.exceptions.service import awaits_second
from app.outbox.models import OutboxEvent
from app.outbox.service import emit
from app.tasks.models import Task, TaskKind, TaskOutcome
from app.tasks.service import settle

_LATE = "second_late:"
_OPEN = select(Task.subject_id).where(Task.kind == TaskKind.SECOND_PERSON, Task.done_at.is_(None))


def unseen(session: Session, clock: Clock) -> Sequence[str]:
    """Exceptions that no second person looked at in time, and of which the supervisors were not told."""
    told = select(OutboxEvent.once).where(OutboxEvent.once == _LATE + RuleException.id)
    return session.scalars(
        select(RuleException.id)
        .where(
            RuleException.id.in_(_OPEN),
            RuleException.second_due_at <= clock.now(),
            ~told.exists(),
        )
        .order_by(RuleException.second_due_at, RuleException.id)
    ).all()


def tell(session: Session, clock: Clock, exception_id: str) -> bool:
    """Tell the supervisors of the agency that recorded it."""
    row = session.get_one(RuleException, exception_id, with_for_update=True)
    if row.second_at is not None:
        return False
    emit(session, "exception.unseen", agency_id=row.agency_id, subject_kind="exception", subject_id=row.id,
         once=_LATE + row.id)  # fmt: skip
    return True


def over(session: Session, clock: Clock) -> Sequence[str]:
    """Exceptions that have ended, with nobody in the house by them, while a second person is still asked for."""
    rows = session.scalars(
        select(RuleException)
        .where(RuleException.id.in_(_OPEN), RuleException.until <= clock.now())
        .order_by(RuleException.until, RuleException.id)
    )
    return [row.id for row in rows if not awaits_second(session, row, clock.now())]


def close(session: Session, clock: Clock, exception_id: str) -> bool:
    """There is nothing to agree to any more: the task ends, and nobody agreed."""
    row = session.get_one(RuleException, exception_id, with_for_update=True)
    if row.second_at is not None or awaits_second(session, row, clock.now()):
        return False
    settle(session, TaskKind.SECOND_PERSON, ("exception", row.id), TaskOutcome.NOT_AGREED, "clock", clock.now())
    record(session, None, "exception.over", "exception", row.id)
    return True
