"""Setting up a sign-in by a link that works once: a password, an authenticator app, and codes for when it is lost."""

from typing import Any

import segno
from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from app.access import agency_sign_in, enrolment, factors, passwords
from app.access.enrolment import Begun
from app.access.guard import from_this_site
from app.clock import Now
from app.db import DbSession
from app.entry.cookies import let_in
from app.entry.sign_in_pages import Typed, refusal_of
from app.errors import Problem
from app.web.pages import page

router = APIRouter(include_in_schema=False)


@router.get("/enrol/{token}")
def ask(request: Request, session: DbSession, token: str) -> Response:
    """What is to be set up. Following the link uses nothing up: browsers fetch links ahead of their reader."""
    begun = enrolment.begun(session, token)
    return _gone(request) if begun is None else _asked(request, begun)


@router.post("/enrol/{token}")
def finish(
    request: Request, clock: Now, token: str, password: Typed = "", again: Typed = "", code: Typed = ""
) -> Response:
    """Take password and code, sign in, and show the recovery codes this once."""
    if not from_this_site(request):
        raise Problem("cross_site")
    database = request.app.state.database
    with database.reading() as session:
        begun = enrolment.begun(session, token)
    if begun is None:
        return _gone(request)
    try:
        done = enrolment.finish(database, begun, password, again, code)
    except Problem as problem:
        return _gone(request) if problem.code == "not_found" else _asked(request, begun, problem)
    answer = page(request, "entry/enrolled.html", {"codes": done.codes})
    with database.writing() as session:
        let_in(request, session, done.person_id, clock.now(), answer)
    return answer


def _asked(request: Request, begun: Begun, refused: Problem | None = None) -> Response:
    wrong = {error.pointer: error.message for error in refused.errors} if refused else {}
    said = refusal_of(refused) if refused and not wrong else None
    with request.app.state.database.reading() as session:
        agency = agency_sign_in.of_agency(session, begun.agency_id) is not None
    shown: dict[str, Any] = {
        "agency": agency,
        "here": request.url.path,
        "name": begun.name,
        "email": begun.email,
        "new": None if begun.secret is None else _authenticator(begun.secret, begun.email),
        "least": passwords.SHORTEST,
        "advised": passwords.ADVISED,
        "wrong_password": wrong.get("/password"),
        "wrong_code": wrong.get("/code"),
        "said": said,
    }
    answer = page(request, "entry/enrol.html", shown, status=refused.status if refused else 200)
    answer.headers.update(refused.headers if refused else {})
    return answer


def _authenticator(secret: str, email: str) -> dict[str, Any]:
    """What an app reads off the page, types, or opens: the same secret three times."""
    address = factors.address_of(secret, email)
    picture = segno.make(address, error="m").svg_inline(scale=4, light="#fff", svgclass="qr", lineclass=None)
    grouped = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return {"picture": Markup(picture), "address": address, "secret": grouped}  # noqa: S704 - drawn by a library of black squares


def _gone(request: Request) -> Response:
    return page(request, "entry/gone.html", {}, status=404)
