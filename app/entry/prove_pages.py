"""Proving again who one is, and staying signed in: what a session needs while it lasts."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.access import agency_sign_in, proving, signin
from app.access.actor import Actor
from app.access.guard import cookie_name, require
from app.access.models import Person
from app.access.policy import Permission
from app.clock import Now
from app.db import DbSession
from app.entry.cookies import back, give_session
from app.entry.sign_in_pages import Anyone, Typed, proof_of, refusal_of
from app.errors import Problem
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)

Watcher = Annotated[Actor, require(Permission.SELF, keeps_awake=False, on_shift=True)]


@router.get("/prove")
def ask(request: Request, actor: Anyone, to: str = "/") -> Response:
    """Password and code once more; `to`: where to go back to."""
    return asked(request, actor, back(to))


@router.post("/prove")
def prove(
    request: Request, actor: Anyone, clock: Now, password: Typed = "", code: Typed = "", to: Typed = "/"
) -> Response:
    """The session goes on under a new cookie, and may do for five minutes what needs a fresh proof."""
    database = request.app.state.database
    with database.reading() as session:
        email = session.get_one(Person, actor.person_id).email
    try:
        proved = proving.by_password(database, proof_of(request, email, password, code))
    except Problem as problem:
        return asked(request, actor, back(to), problem)
    if proved is None or proved != actor.person_id:
        return asked(request, actor, back(to), wrong=True)
    with database.writing() as session:
        session.info["request_id"] = request.scope.get("request_id")
        fresh = signin.prove(session, actor, request.cookies[cookie_name(request)], clock.now())
    if fresh is None:
        raise Problem("not_signed_in")
    answer = RedirectResponse(back(to), status_code=303)
    give_session(request, answer, fresh)
    return answer


@router.get("/session")
def left(request: Request, session: DbSession, clock: Now, _actor: Watcher) -> Response:
    """How many seconds are left if nobody presses anything: for the script that says so in time."""
    state = request.app.state
    rest = signin.left(session, request.cookies[cookie_name(request)], clock.now(), state.settings)
    return JSONResponse({"seconds": max(0, int(rest.total_seconds()))})


@router.post("/stay")
def stay(request: Request, actor: Anyone) -> Response:
    """Somebody is here: asking for this page says so."""
    return page(request, "entry/staying.html", {}, actor=actor)


def asked(request: Request, actor: Actor, to: str, refused: Problem | None = None, *, wrong: bool = False) -> Response:
    said = gettext("That does not prove it. Check both, and that the code is the one the app shows now.")
    with request.app.state.database.reading() as session:
        email = session.get_one(Person, actor.person_id).email
        agency = agency_sign_in.bound_at(session, actor.person_id or "") is not None
    shown = {
        "to": to,
        "email": email,
        "agency": agency,
        "said": refusal_of(refused) if refused else said if wrong else None,
    }
    status = refused.status if refused else 403 if wrong else 200
    answer = page(request, "entry/prove.html", shown, actor=actor, status=status)
    answer.headers.update(refused.headers if refused else {})
    return answer
