"""Passkeys on the pages: a script asks for options, the browser asks its holder, and a form sends the answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import devices, enrolment, passkeys, signin
from app.access.factor_models import Passkey
from app.access.guard import cookie_name, from_this_site
from app.access.models import Person
from app.access.passkeys import Site
from app.audit.service import Stranger, record
from app.clock import Now, machine_time
from app.db import DbSession
from app.entry.cookies import back, give_session, let_in
from app.entry.prove_pages import asked as ask_proof
from app.entry.security_pages import Myself, fresh_or_refused
from app.entry.sign_in_pages import Anyone, Typed
from app.entry.sign_in_pages import asked as ask_sign_in
from app.errors import Problem
from app.web.pages import page

router = APIRouter(include_in_schema=False)


def _site(request: Request) -> Site:
    """Where people reach us: as the deployment says, else as the request does. A browser signs for its own site."""
    origin: str = request.app.state.settings.url or f"{request.url.scheme}://{request.url.netloc}"
    return Site(origin.split("//")[1].partition(":")[0], origin)


ThisSite = Annotated[Site, Depends(_site)]


def _own_page(request: Request) -> None:
    if not from_this_site(request):
        raise Problem("cross_site")


@router.post("/sign-in/passkey/options", dependencies=[Depends(_own_page)])
def options(session: DbSession, site: ThisSite) -> Response:
    """What is to be signed, by whomever."""
    return _json(passkeys.proof_options(session, site))


@router.post("/sign-in/passkey", dependencies=[Depends(_own_page)])
def sign_in(
    request: Request,
    session: DbSession,
    clock: Now,
    site: ThisSite,
    answer: Typed = "",
    to: Typed = "/",
    shift: Typed = "",
) -> Response:
    """Let somebody in by their passkey."""
    person_id = passkeys.prove(session, site, answer, clock.now())
    leads = RedirectResponse(back(to), status_code=303)
    if person_id is not None and let_in(request, session, person_id, clock.now(), leads, shift=bool(shift)):
        return leads
    record(session, Stranger(), "sign_in", "person", person_id or "", outcome="denied", reason="wrong_passkey")
    return ask_sign_in(request, back(to), wrong=True)


@router.post("/prove/passkey")
def prove(
    request: Request, session: DbSession, actor: Anyone, clock: Now, site: ThisSite, answer: Typed = "", to: Typed = "/"
) -> Response:
    """The session goes on, freshly proved."""
    proved = passkeys.prove(session, site, answer, clock.now())
    token = None
    if proved is not None and proved == actor.person_id:
        token = signin.prove(session, actor, request.cookies[cookie_name(request)], clock.now())
    if token is None:
        record(session, actor, "prove", "person", actor.person_id or "", outcome="denied", reason="wrong_passkey")
        return ask_proof(request, actor, back(to), wrong=True)
    leads = RedirectResponse(back(to), status_code=303)
    give_session(request, leads, token)
    return leads


@router.post("/security/passkeys/options")
def new_options(session: DbSession, actor: Myself, clock: Now, site: ThisSite) -> Response:
    """What a passkey is to be made with."""
    fresh_or_refused(actor, clock, "passkey.add")
    return _json(passkeys.register_options(session, site, session.get_one(Person, actor.person_id)))


@router.post("/security/passkeys")
def add(
    request: Request, session: DbSession, actor: Myself, clock: Now, site: ThisSite, answer: Typed = ""
) -> Response:
    """Keep a passkey."""
    fresh_or_refused(actor, clock, "passkey.add")
    made = passkeys.register(session, site, actor.person_id or "", answer, _browser(request), clock.now())
    if made is None:
        raise Problem("bad_request")
    record(session, actor, "passkey.add", "passkey", made.id)
    return RedirectResponse("/security", status_code=303)


@router.post("/security/passkeys/removal")
def remove(session: DbSession, actor: Myself, clock: Now, press: Typed = "") -> Response:
    """A passkey that opens nothing any more."""
    fresh_or_refused(actor, clock, "passkey.remove")
    found = session.scalar(select(Passkey).where(Passkey.id == press, Passkey.person_id == actor.person_id))
    if found is not None:
        session.delete(found)
        record(session, actor, "passkey.remove", "passkey", found.id)
    return RedirectResponse("/security", status_code=303)


@router.post("/enrol/{token}/passkey/options", dependencies=[Depends(_own_page)])
def enrol_options(session: DbSession, site: ThisSite, token: str) -> Response:
    """What a first passkey is to be made with."""
    begun = _begun_new(session, token)
    return _json(passkeys.register_options(session, site, session.get_one(Person, begun.person_id)))


@router.post("/enrol/{token}/passkey", dependencies=[Depends(_own_page)])
def enrol(request: Request, session: DbSession, clock: Now, site: ThisSite, token: str, answer: Typed = "") -> Response:
    """Set up a sign-in by passkey alone; the link is spent."""
    begun = _begun_new(session, token)
    made = passkeys.register(session, site, begun.person_id, answer, _browser(request), clock.now())
    if made is None:
        raise Problem("bad_request")
    enrolment.spend_link(session, begun, machine_time())
    signin.end_sessions(session, begun.person_id, clock.now())
    shown = page(request, "entry/enrolled.html", {"codes": []})
    let_in(request, session, begun.person_id, clock.now(), shown)
    record(session, signin.actors(session, {begun.person_id})[begun.person_id], "passkey.add", "passkey", made.id)
    return shown


def _begun_new(session: Session, token: str) -> enrolment.Begun:
    """A link that may set up a new factor; one of who has a second factor sets a password alone."""
    begun = enrolment.begun(session, token)
    if begun is None or begun.secret is None:
        raise Problem("not_found")
    return begun


def _browser(request: Request) -> str:
    return devices.label_of(request.headers.get("user-agent", ""))


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
