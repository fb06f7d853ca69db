"""`/tasks`: what the own agency has to do and until when, and what it was told. Every press is saved at once."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import FieldError, Problem, invalid
from app.idempotency import OnePress
from app.notices import service as notices
from app.placements.todo import todo_view
from app.referrals.pages import Sent
from app.stays import authority
from app.tasks.models import TaskOutcome
from app.tasks.schemas import TaskDone
from app.web.answers import Unreadable, chosen, moment
from app.web.pages import page

router = APIRouter(prefix="/tasks", include_in_schema=False)

# Who keeps beds true or places: each is told what concerns their role.
Reader = Annotated[Actor, require(Permission.BED_STATUS_READ)]
Writer = Annotated[Actor, require(Permission.TASK_WRITE)]


@router.get("")
def show(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """Tasks, the nearest deadline first, and notices, the newest first."""
    return _page(request, session, actor, clock)


@router.post("/notices")
def read(session: DbSession, actor: Reader, clock: Now, sent: Sent) -> Response:
    """What was shown is read: one notice, or all up to the newest that stood there."""
    if newest := sent.one("newest"):
        notices.mark_all_seen(session, actor, newest, clock.now())
    else:
        notices.mark_seen(session, actor, sent.one("press"), clock.now())
    return RedirectResponse("/tasks#told", status_code=303)


@router.post("/{task_id}")
def finish(request: Request, actor: Writer, clock: Now, task_id: Ref, sent: Sent, once: OnePress) -> Response:
    """What came of a task; where a colleague was faster, the page says so."""
    database = request.app.state.database
    try:
        said: dict[str, object] = {"outcome": sent.one("press"), "version": sent.whole("version")}
        if said["outcome"] == TaskOutcome.RENEWED:
            said["until"] = _moment(sent.one("until"), clock)
        done = chosen(TaskDone, said)
        once.within(
            database,
            actor.id,
            lambda session: authority.finish(session, actor, task_id, done, clock.now()).id,
            request_id=request.scope.get("request_id"),
        )
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        with database.reading() as session:
            session.info["request_id"] = request.scope.get("request_id")
            return _page(request, session, actor, clock, problem)
    return RedirectResponse("/tasks", status_code=303)


def _moment(text: str, clock: Clock) -> datetime | None:
    try:
        return moment(text, clock.zone)
    except Unreadable as error:
        raise invalid([FieldError("/until", "unreadable", str(error))]) from None


def _page(request: Request, session: Session, actor: Actor, clock: Clock, refused: Problem | None = None) -> Response:
    view = todo_view(session, actor, clock) | {"refused": None}
    status = 200
    if refused is not None:
        status = refused.status
        said = [refused.detail or f"{refused.title}.", *(error.message for error in refused.errors)]
        view["refused"] = " ".join(said)
    return page(
        request, "placements/todo.html", {"view": view}, actor=actor, here="tasks", status=status, exit_link=True
    )
