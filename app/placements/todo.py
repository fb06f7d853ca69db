"""What is to be done, with its deadlines, and what was told: the page of both."""

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.clock import Clock
from app.notices.service import Shown, list_notices
from app.paging import Place
from app.placements.leads import Lead, leads
from app.tasks import service as tasks
from app.tasks.models import TaskKind, TaskOutcome
from app.tasks.schemas import TaskRead
from app.web import words
from app.web.translation import gettext, marked, ngettext

Json = dict[str, Any]

MOST = 50
TASKS: dict[TaskKind, str] = {
    TaskKind.ARRIVAL: marked("Did the young person arrive?"),
    TaskKind.PARENT_CONTACT: marked("Tell a parent or guardian, where that is safe"),
    TaskKind.REPORT_POLICE: marked("Report the missing young person to the police"),
    TaskKind.REPORT_NCMEC: marked("Report the missing young person to NCMEC"),
    TaskKind.SECOND_PERSON: marked("Look at a colleague's exception"),
    TaskKind.CLASH: marked("Two records contradict each other"),
    TaskKind.WALK_IN: marked("Judge who is in a house against a rule"),
    TaskKind.AUTHORITY: marked("Renew the authority to place, or end the stay"),
    TaskKind.FOLLOW_UP: marked("Ask how the young person is"),
}
OUTCOMES: dict[TaskOutcome, str] = {
    TaskOutcome.ARRIVED: marked("Arrived"),
    TaskOutcome.NOT_ARRIVED: marked("Did not come"),
    TaskOutcome.REACHED: marked("Reached"),
    TaskOutcome.NOT_REACHED: marked("Not reached"),
    TaskOutcome.UNSAFE_TO_CONTACT: marked("Not safe to contact"),
    TaskOutcome.REPORTED: marked("Reported"),
    TaskOutcome.FOUND_BEFORE: marked("Found before"),
    TaskOutcome.AGREED: marked("Agreed"),
    TaskOutcome.NOT_AGREED: marked("Not agreed"),
    TaskOutcome.SETTLED: marked("Settled"),
    TaskOutcome.SAME_PERSON_TWICE: marked("The same person, entered twice"),
    TaskOutcome.FITS: marked("The house fits"),
    TaskOutcome.DOES_NOT_FIT: marked("The house does not fit"),
    TaskOutcome.RENEWED: marked("Renewed"),
    TaskOutcome.ENDED: marked("The stay has ended"),
    TaskOutcome.SAFE: marked("Safe"),
    TaskOutcome.NEEDS_HELP: marked("Needs help"),
    TaskOutcome.MISSING: marked("Missing"),
    TaskOutcome.NOT_NEEDED: marked("Not needed"),
}


def todo_view(session: Session, actor: Actor, clock: Clock) -> Json:
    """Everything that the page shows."""
    may = actor.may(Permission.TASK_READ)
    place = Place(limit=MOST, cursor=None)
    rows, more = tasks.list_tasks(session, actor, place, None, False, clock.now()) if may else ([], None)
    told = list_notices(session, actor, limit=MOST)
    subjects = {(row.subject_kind, row.subject_id) for row in rows}
    subjects |= {(row.subject_kind, row.subject_id) for row in told}
    found = leads(session, actor, subjects, clock)
    here = {row.id for row in rows}
    return {
        "title": _title(len(rows), sum(row.overdue for row in rows), bool(more)),
        "tasks": [_task(row, found.get((row.subject_kind, row.subject_id)), actor, clock) for row in rows],
        "notices": [_notice(row, found, here, clock) for row in told],
        "unread": sum(row.seen_at is None for row in told),
        "newest": told[0].id if told else None,
    }


def todo_line(session: Session, actor: Actor, clock: Clock) -> str | None:
    """How much there is to do, for another page; None where there is nothing."""
    waiting, overdue = tasks.count(session, actor, clock.now()) if actor.may(Permission.TASK_READ) else (0, 0)
    return _title(waiting, overdue, more=False) if waiting else None


def _title(count: int, overdue: int, more: bool) -> str:
    if not count:
        return gettext("Nothing to do")
    said = gettext("More than %(n)s tasks") % {"n": count} if more else ngettext("%(n)s task", "%(n)s tasks", count)
    return gettext("%(tasks)s, %(n)s overdue") % {"tasks": said, "n": overdue} if overdue else said


def _task(row: TaskRead, lead: Lead | None, actor: Actor, clock: Clock) -> Json:
    due = words.clock_time(row.due_at, clock.zone, clock.tonight())
    text = gettext(TASKS[row.kind])
    outcomes = [] if row.kind in tasks.DONE_ELSEWHERE or not actor.may(Permission.TASK_WRITE) else row.outcomes
    return {
        "id": row.id,
        "version": row.version,
        "title": f"{lead.code}: {text}" if lead is not None and lead.code else text,
        "due": (gettext("Overdue since %(due)s") if row.overdue else gettext("By %(due)s")) % {"due": due},
        "overdue": row.overdue,
        "href": None if lead is None else lead.href,
        "renews": TaskOutcome.RENEWED in outcomes,
        "outcomes": [(outcome.value, gettext(OUTCOMES[outcome])) for outcome in outcomes],
    }


def _notice(row: Shown, found: dict[tuple[str, str], Lead], tasks_here: set[str], clock: Clock) -> Json:
    lead = found.get((row.subject_kind, row.subject_id))
    if row.subject_kind == "task" and row.subject_id in tasks_here:
        lead = Lead(f"#{row.subject_id}", None)
    return {
        "id": row.id,
        "text": f"{lead.code}: {row.text}" if lead is not None and lead.code else row.text,
        "href": None if lead is None else lead.href,
        "at": words.ago(row.created_at, clock.now()),
        "unread": row.seen_at is None,
    }
