"""`/v1/reporting-lines` and `/reporting-lines`: whom each State has people call who must report abuse."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.codes import State
from app.db import DbSession
from app.errors import FieldError, Problem, invalid
from app.idempotency import OnePress
from app.paging import PageOf, whole
from app.record import reporting
from app.record.reporting import LineRead, LineSent
from app.referrals.pages import Sent
from app.web.answers import Form, chosen, told
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(prefix="/v1/reporting-lines", tags=["record"])
pages = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.DIRECTORY_READ)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]


@router.get("")
def list_lines(session: DbSession, actor: Reader) -> PageOf[LineRead]:
    """The lines that stand beside flags; `US` is every State without one."""
    return whole(reporting.lines(session))


@router.put("/{state}")
def put_line(session: DbSession, actor: Administrator, state: State, body: LineSent) -> LineRead:
    """Enter the line of a State, or correct it; for the lead's administrators."""
    return reporting.put_line(session, actor, state, body)


@pages.get("/reporting-lines")
def show(request: Request, session: DbSession, actor: Reader) -> Response:
    """All of them, and the form for the lead."""
    return _page(request, session, actor, Form([]))


@pages.post("/reporting-lines")
def put_here(request: Request, actor: Administrator, sent: Sent, once: OnePress) -> Response:
    """Enter one, or correct it."""

    def act(session: Session) -> str:
        state = sent.one("state").strip().upper()
        if len(state) != 2 or not state.isascii() or not state.isalpha():
            raise invalid([FieldError("/state", "state", gettext("Write the State in two letters, such as GA"))])
        said = {name: sent.one(name) for name in ("name", "phone", "citation")}
        return reporting.put_line(session, actor, state, chosen(LineSent, said)).state

    try:
        once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        with request.app.state.database.reading() as session:
            return _page(request, session, actor, sent, problem)
    return RedirectResponse("/reporting-lines", status_code=303)


def _page(request: Request, session: Session, actor: Actor, sent: Form, problem: Problem | None = None) -> Response:
    view = {
        "rows": reporting.lines(session),
        "may_write": actor.leads and actor.may(Permission.DIRECTORY_WRITE),
        "form": sent,
        "refused": None if problem is None else told(problem),
    }
    status = 200 if problem is None else problem.status
    return page(request, "record/reporting_lines.html", {"view": view}, actor=actor, here="home", status=status)
