"""`/conferences`: case conferences, their agenda, decisions and tasks."""

from collections.abc import Callable
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
from app.idempotency import Once, OnePress
from app.minors import conferences
from app.minors.conference_schemas import CameSent, CaseSent, ConferenceSent, ConferenceTaskSent, DecisionSent
from app.record.conference_view import list_view, one_view
from app.record.view import Pressed
from app.referrals.pages import Sent
from app.web.answers import Form, Unreadable, chosen, day, moment
from app.web.pages import page

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]


@router.get("/conferences")
def list_conferences(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """Those to come, those that were, and what they gave the own agency to do."""
    return _list(request, session, actor, clock, Pressed(Form([])))


@router.post("/conferences")
def call(request: Request, actor: Writer, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Ask agencies to sit together."""

    def act(session: Session) -> str:
        said = {"name": sent.one("name"), "held_at": _moment(sent, clock), "agencies": sent.many("agency")}
        return conferences.call(session, actor, chosen(ConferenceSent, said), clock).id

    def again(session: Session, pressed: Pressed, status: int) -> Response:
        return _list(request, session, actor, clock, pressed, status)

    return _pressed(request, actor, once, act, again, Pressed(sent, of="call"))


@router.get("/conferences/{conference_id}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, conference_id: Ref) -> Response:
    """One, as far as the reader may see its agenda."""
    return _one(request, session, actor, clock, conference_id, Pressed(Form([])))


@router.post("/conferences/{conference_id}/attendance")
def note(request: Request, actor: Writer, clock: Now, conference_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Whether an agency came."""

    def act(session: Session) -> str:
        said = {"agency": sent.one("agency"), "came": {"yes": True, "no": False}.get(sent.one("came"))}
        return conferences.note(session, actor, conference_id, chosen(CameSent, said), clock).id

    return _at(request, actor, clock, conference_id, once, act, Pressed(sent, of="came"))


@router.post("/conferences/{conference_id}/cases")
def put(request: Request, actor: Writer, clock: Now, conference_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Put an own record on the agenda."""

    def act(session: Session) -> str:
        said = chosen(CaseSent, {"minor": sent.one("minor")})
        conferences.put(session, actor, conference_id, said.minor, clock)
        return conference_id

    return _at(request, actor, clock, conference_id, once, act, Pressed(sent, of="put"))


@router.post("/conferences/{conference_id}/cases/{case_id}")
def press(
    request: Request, actor: Writer, clock: Now, conference_id: Ref, case_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Write down what was decided, give a task, or take it off the agenda."""

    def act(session: Session) -> str:
        if sent.one("press") == "off":
            conferences.take_off(session, actor, conference_id, case_id, clock)
        elif sent.one("press") == "task":
            said = {"words": sent.one("words"), "agency": sent.one("agency"), "due_on": _day(sent)}
            conferences.give(session, actor, conference_id, case_id, chosen(ConferenceTaskSent, said), clock)
        else:
            decided = chosen(DecisionSent, {"words": sent.one("words").replace("\r\n", "\n")})
            conferences.decide(session, actor, conference_id, case_id, decided, clock)
        return conference_id

    return _at(request, actor, clock, conference_id, once, act, Pressed(sent, of=case_id))


@router.post("/conferences/{conference_id}/tasks/{todo_id}")
def done(
    request: Request, actor: Writer, clock: Now, conference_id: Ref, todo_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """A task is done, or is not after all."""

    def act(session: Session) -> str:
        is_done = sent.one("press") == "done"
        conferences.done(session, actor, conference_id, todo_id, clock, is_done=is_done)
        return conference_id

    return _at(request, actor, clock, conference_id, once, act, Pressed(sent, of=todo_id))


Again = Callable[[Session, Pressed, int], Response]


def _at(
    request: Request, actor: Actor, clock: Clock, conference_id: str, once: Once, act: Callable[[Session], str],
    pressed: Pressed,
) -> Response:  # fmt: skip
    def again(session: Session, pressed: Pressed, status: int) -> Response:
        return _one(request, session, actor, clock, conference_id, pressed, status)

    return _pressed(request, actor, once, act, again, pressed)


def _pressed(
    request: Request, actor: Actor, once: Once, act: Callable[[Session], str], again: Again, pressed: Pressed
) -> Response:
    """Do it and lead to the conference; a refusal is said above the form that was sent, with its answers kept."""
    database, request_id = request.app.state.database, request.scope.get("request_id")
    try:
        made = once.within(database, actor.id, act, request_id=request_id)
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        with database.reading() as session:
            session.info["request_id"] = request_id
            return again(session, Pressed(pressed.sent, problem, pressed.of), problem.status)
    return RedirectResponse(f"/conferences/{made}", status_code=303)


def _list(
    request: Request, session: Session, actor: Actor, clock: Clock, pressed: Pressed, status: int = 200
) -> Response:
    view = list_view(session, actor, clock, pressed)
    return page(
        request, "record/conferences.html", {"view": view}, actor=actor, here="minors", status=status, exit_link=True
    )


def _one(
    request: Request, session: Session, actor: Actor, clock: Clock, conference_id: str, pressed: Pressed,
    status: int = 200,
) -> Response:  # fmt: skip
    view = one_view(session, actor, clock, conference_id, pressed)
    return page(
        request, "record/conference.html", {"view": view}, actor=actor, here="minors", status=status, exit_link=True
    )


def _moment(sent: Form, clock: Clock) -> str | None:
    try:
        at = moment(sent.one("held_at"), clock.zone)
    except Unreadable as unreadable:
        raise invalid([FieldError("/held_at", "unreadable", str(unreadable))]) from None
    return None if at is None else at.isoformat()


def _day(sent: Form) -> str | None:
    try:
        return day(sent.one("due_on")).isoformat() if sent.one("due_on") else None
    except Unreadable as unreadable:
        raise invalid([FieldError("/due_on", "unreadable", str(unreadable))]) from None
