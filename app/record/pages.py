"""`/minors`: whom the agency has flagged, one record with its timeline, and the forms that add to it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import Problem
from app.idempotency import Once, OnePress
from app.minors import activities, flags
from app.minors.record_schemas import ActivitySent, FlagEnding, FlagReview, FlagSent, MinorSent
from app.minors.records import own_record
from app.record import forms, service
from app.record.view import Pressed, flag_view, list_view, record_view, told_view
from app.referrals.pages import Sent
from app.tasks import service as tasks
from app.tasks.schemas import TaskDone
from app.web.answers import chosen
from app.web.pages import page

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]


@router.get("/minors")
def list_records(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """Whom the own agency has flagged, and what others share with it."""
    view = list_view(service.list_records(session, actor, clock), told_view(session, actor, clock), actor, clock)
    return page(request, "record/list.html", {"view": view}, actor=actor, here="minors", exit_link=True)


@router.get("/minors/new")
def new(request: Request, session: DbSession, actor: Writer) -> Response:
    """An empty flag."""
    return _flag_page(request, session, actor, Pressed(forms.BLANK))


@router.post("/minors")
def begin(request: Request, actor: Writer, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Flag somebody of whom the own agency has no record yet."""
    try:
        body = MinorSent(flag=chosen(FlagSent, forms.flag_said(sent, clock)))
        made = _within(request, actor, once, lambda session: flags.begin(session, actor, body, clock))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        with request.app.state.database.reading() as session:
            return _flag_page(request, session, actor, Pressed(sent, problem), problem.status)
    return RedirectResponse(f"/minors/{made}", status_code=303)


@router.get("/minors/{minor_id}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, minor_id: Ref) -> Response:
    """One record, as far as the reader may see it."""
    return _record_page(request, session, actor, clock, minor_id, None)


@router.post("/minors/{minor_id}/flags")
def flag(request: Request, actor: Writer, clock: Now, minor_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Flag the young person of a record."""

    def act(session: Session) -> Any:
        return flags.add(session, actor, minor_id, chosen(FlagSent, forms.flag_said(sent, clock)), clock)

    return _pressed(request, actor, clock, minor_id, Pressed(sent, of="flag"), once, act)


@router.post("/minors/{minor_id}/flags/{flag_id}/review")
def review(
    request: Request, actor: Writer, clock: Now, minor_id: Ref, flag_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """A flag holds on."""

    def act(session: Session) -> Any:
        said = {"review_by": forms.last_day(sent, clock), "version": sent.whole("version")}
        return flags.review(session, actor, minor_id, flag_id, chosen(FlagReview, said), clock)

    return _pressed(request, actor, clock, minor_id, Pressed(sent, of=flag_id), once, act)


@router.post("/minors/{minor_id}/flags/{flag_id}/end")
def end(
    request: Request, actor: Writer, clock: Now, minor_id: Ref, flag_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """A flag holds no more."""

    def act(session: Session) -> Any:
        said = {"reason": sent.one("reason"), "version": sent.whole("version")}
        return flags.end(session, actor, minor_id, flag_id, chosen(FlagEnding, said), clock)

    return _pressed(request, actor, clock, minor_id, Pressed(sent, of=flag_id), once, act)


@router.post("/minors/{minor_id}/activities")
def add_activity(request: Request, actor: Writer, clock: Now, minor_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Enter what was done, or what happened."""

    def act(session: Session) -> Any:
        body = chosen(ActivitySent, forms.activity_said(sent))
        return activities.add(session, actor, minor_id, body, clock)

    return _pressed(request, actor, clock, minor_id, Pressed(sent, of="activity"), once, act)


@router.post("/minors/{minor_id}/activities/{activity_id}/withdrawal")
def withdraw(
    request: Request, actor: Writer, clock: Now, minor_id: Ref, activity_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Entered by mistake."""

    def act(session: Session) -> Any:
        return activities.withdraw(session, actor, minor_id, activity_id, clock)

    return _pressed(request, actor, clock, minor_id, Pressed(sent, of="activity"), once, act)


@router.post("/minors/{minor_id}/tasks/{task_id}")
def report(
    request: Request, actor: Writer, clock: Now, minor_id: Ref, task_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """What came of a report that is owed of a missing young person."""

    def act(session: Session) -> Any:
        own_record(session, actor, minor_id, clock.now(), "task.done")
        done = chosen(TaskDone, {"outcome": sent.one("outcome"), "version": sent.whole("version")})
        return tasks.finish_about(session, actor, task_id, ("minor", minor_id), done, clock.now())

    return _pressed(request, actor, clock, minor_id, Pressed(sent, of="task"), once, act)


def _within(request: Request, actor: Actor, once: Once, act: Callable[[Session], str]) -> str:
    return once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))


def _pressed(
    request: Request, actor: Actor, clock: Clock, minor_id: str, pressed: Pressed, once: Once,
    act: Callable[[Session], Any],
) -> Response:  # fmt: skip
    """Do it and load the record again; a refusal is said above the form that was sent, with its answers kept."""
    try:
        _within(request, actor, once, lambda session: str(act(session).id))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        with request.app.state.database.reading() as session:
            session.info["request_id"] = request.scope.get("request_id")
            again = Pressed(pressed.sent, problem, pressed.of)
            return _record_page(request, session, actor, clock, minor_id, again, problem.status)
    return RedirectResponse(f"/minors/{minor_id}", status_code=303)


def _record_page(
    request: Request, session: Session, actor: Actor, clock: Clock, minor_id: str, pressed: Pressed | None,
    status: int = 200,
) -> Response:  # fmt: skip
    view = record_view(session, actor, clock, minor_id, pressed, request.query_params)
    return page(
        request, "record/record.html", {"view": view}, actor=actor, here="minors", status=status, exit_link=True
    )


def _flag_page(request: Request, session: Session, actor: Actor, pressed: Pressed, status: int = 200) -> Response:
    view = flag_view(session, pressed)
    return page(request, "record/flag.html", {"view": view}, actor=actor, here="minors", status=status, exit_link=True)
