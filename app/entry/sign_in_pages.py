"""Signing in by password and code, what to do when that fails, and signing out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from app.access import proving, signin
from app.access.actor import Actor
from app.access.guard import cookie_name, from_this_site, require
from app.access.policy import Permission
from app.clock import Now
from app.db import DbSession
from app.entry.cookies import back, device_of, let_in, take_session
from app.errors import Problem
from app.web.pages import page
from app.web.translation import gettext, ngettext

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form()]
Anyone = Annotated[Actor, require(Permission.SELF, on_shift=True)]


@router.get("/sign-in")
def ask(request: Request, to: str = "/", agency: str = "") -> Response:
    """The three questions; `to`: where to go on afterwards, `agency`: the word of the asker's own agency."""
    return asked(request, back(to), word=agency[:40])


@router.post("/sign-in")
def sign_in(
    request: Request,
    clock: Now,
    email: Typed = "",
    password: Typed = "",
    code: Typed = "",
    to: Typed = "/",
    shift: Typed = "",
) -> Response:
    """Let somebody in, or ask again: in the same words whatever was wrong, and whether or not they exist."""
    if not from_this_site(request):
        raise Problem("cross_site")
    try:
        person_id = proving.by_password(request.app.state.database, proof_of(request, email, password, code))
    except Problem as problem:
        return asked(request, back(to), email, problem)
    answer = RedirectResponse(back(to), status_code=303)
    if person_id is not None:
        with request.app.state.database.writing() as session:
            session.info["request_id"] = request.scope.get("request_id")
            if let_in(request, session, person_id, clock.now(), answer, shift=bool(shift)):
                return answer
    return asked(request, back(to), email, wrong=True)


@router.get("/recover")
def recover(request: Request) -> Response:
    """What helps who cannot sign in."""
    return page(request, "entry/recover.html", {})


@router.get("/signed-out")
def signed_out(request: Request) -> Response:
    """What to do without a session; nothing on it says who had one."""
    return page(request, "entry/signed_out.html", {"spent": False})


@router.post("/sign-out")
def sign_out(request: Request, session: DbSession, clock: Now, actor: Anyone) -> Response:
    """End the session here and in the database."""
    signin.close_session(session, actor, request.cookies[cookie_name(request)], clock.now())
    answer = RedirectResponse("/signed-out", status_code=303)
    take_session(request, answer)
    return answer


def proof_of(request: Request, email: str, password: str, code: str) -> proving.Proof:
    """What was typed, and whence it came."""
    return proving.Proof(
        email=email,
        password=password,
        code=code,
        host=request.client.host if request.client else "",
        device=device_of(request),
        request_id=request.scope.get("request_id"),
    )


def refusal_of(problem: Problem) -> str:
    """Why nothing was even looked at, and until when."""
    if problem.code != "too_many":
        raise problem
    minutes = -(-int(problem.headers["Retry-After"]) // 60)
    wait = ngettext(
        "Too many tries. Wait %(n)s minute, then try again.", "Too many tries. Wait %(n)s minutes.", minutes
    )
    return f"{wait} {gettext('Nothing is locked: where you signed in before, you can do it at once.')}"


def asked(
    request: Request,
    to: str,
    email: str = "",
    refused: Problem | None = None,
    *,
    wrong: bool = False,
    word: str = "",
) -> Response:
    """The page that asks, with what it says after a try."""
    said = gettext("That does not let you in. Check all three, and that the code is the one the app shows now.")
    shown = {"to": to, "email": email[:200], "said": refusal_of(refused) if refused else said if wrong else None}
    shown["word"] = word
    answer = page(request, "entry/sign_in.html", shown, status=refused.status if refused else 401 if wrong else 200)
    answer.headers.update(refused.headers if refused else {})
    return answer
