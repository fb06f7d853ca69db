"""Signing in, proving it and setting up a sign-in at one's own agency: there, and back.

Between our form and their page stands one of ours, since a form of ours may lead to no other site. Coming back is a
GET, as the protocol has it; it changes something for whoever went there in this very browser, and once.
"""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access import agency_sign_in, enrolment, guesses, signin
from app.access.agency_issuer import Untrue
from app.access.agency_models import AgencySignIn, Purpose
from app.access.agency_sign_in import Returned
from app.access.guard import cookie_name, from_this_site
from app.audit.service import Stranger, record, record_denied
from app.clock import Clock, Now, machine_time
from app.entry.cookies import back, come_back, give_session, let_in, send_away, take_away
from app.entry.security_pages import Myself, fresh_or_refused
from app.entry.sign_in_pages import Anyone, Typed, refusal_of
from app.errors import Problem, conflict
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)
ANSWER = "/sign-in/agency/answer"
_LONGEST = 8_000
"""Letters of a token that are read."""


def _own_page(request: Request) -> None:
    if not from_this_site(request):
        raise Problem("cross_site")


def returns_to(request: Request) -> str:
    """Where an agency's sign-in sends people back to: one address for all, which each of them lists."""
    origin = request.app.state.settings.url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{origin}{ANSWER}"


@router.post("/sign-in/agency", dependencies=[Depends(_own_page)])
def sign_in(request: Request, word: Typed = "", to: Typed = "/", shift: Typed = "") -> Response:
    """Go there. A word that is nobody's is answered like one whose sign-in cannot be reached."""
    database, at = request.app.state.database, machine_time()
    try:
        with database.writing() as session:
            guesses.take(session, _lines(request), at)
    except Problem as problem:
        answer = _failed(request, refusal_of(problem), problem.status)
        answer.headers.update(problem.headers)
        return answer
    with database.reading() as session:
        row = agency_sign_in.of_word(session, word.strip().lower())
    if row is None:
        return _unreached(request)
    return _go(request, row, Purpose.SIGN_IN, back_to=back(to), shift=bool(shift))


@router.post("/prove/agency")
def prove(request: Request, actor: Anyone, to: Typed = "/") -> Response:
    """Go there to prove it anew."""
    return _go(request, _own(request, actor.agency_id), Purpose.PROVE, person_id=actor.person_id, back_to=back(to))


@router.post("/security/agency")
def bind(request: Request, actor: Myself, clock: Now, press: Typed = "") -> Response:
    """Bind one's account there, or undo it."""
    fresh_or_refused(actor, clock, "agency_identity.bind")
    if press != "unbind":
        row = _own(request, actor.agency_id)
        return _go(request, row, Purpose.BIND, person_id=actor.person_id, back_to="/security")
    with _writing(request) as session:
        agency_sign_in.unbind(session, actor.person_id or "")
        record(session, actor, "agency_identity.unbind", "person", actor.person_id or "")
    return RedirectResponse("/security", status_code=303)


@router.post("/enrol/{token}/agency", dependencies=[Depends(_own_page)])
def enrol(request: Request, token: str) -> Response:
    """Set up a sign-in by binding one's account there."""
    with request.app.state.database.reading() as session:
        begun = enrolment.begun(session, token)
    if begun is None or begun.secret is None:
        raise Problem("not_found")
    row = _own(request, begun.agency_id)
    return _go(request, row, Purpose.BIND, person_id=begun.person_id, enrolment_id=begun.id)


@router.get(ANSWER)
def answered(request: Request, clock: Now, code: str = "", state: str = "", iss: str | None = None) -> Response:
    """Come back: let in, go on freshly proved, or be bound. Whatever was wrong, the page says one thing."""
    database, settings = request.app.state.database, request.app.state.settings
    try:
        came = agency_sign_in.arrive(
            database, come_back(request), state, code, iss, returns_to(request), settings.sign_in_hosts
        )
        answer = _ARRIVALS[came.departure.purpose](request, came, clock)
    except Untrue as untrue:
        record_denied(
            database, Stranger(), "sign_in", "agency_sign_in", "", reason=untrue.code,
            request_id=request.scope.get("request_id"),
        )  # fmt: skip
        answer = _refused(request)
    take_away(request, answer)
    return answer


@router.post("/sign-in/agency/out")
def signed_out_there(request: Request, clock: Now, logout_token: Typed = "") -> Response:
    """Be told by an agency's sign-in that somebody signed out there. What it signed is the proof; no browser is it."""
    state, at = request.app.state, machine_time()
    with state.database.writing() as session:
        guesses.take(session, _lines(request), at)
    try:
        agency_sign_in.sign_out(state.database, logout_token[:_LONGEST], state.settings.sign_in_hosts, clock.now())
    except Untrue as untrue:
        record_denied(
            state.database, Stranger(), "sign_out", "agency_sign_in", "", reason=untrue.code,
            request_id=request.scope.get("request_id"),
        )  # fmt: skip
        raise Problem("bad_request") from None
    with _writing(request) as session:
        guesses.give_back(session, _lines(request), at)
    return Response(status_code=200)


def _signed_in(request: Request, came: Returned, clock: Clock) -> Response:
    answer = RedirectResponse(came.departure.back_to, status_code=303)
    with _writing(request) as session:
        person_id = agency_sign_in.known(session, came, clock.now())
        if person_id is None:
            raise Untrue("not_bound")
        if not _let_in(request, session, person_id, came, clock, answer):
            raise Untrue("may_not_act")
        guesses.give_back(session, _lines(request), machine_time())
    return answer


def _proved(request: Request, came: Returned, clock: Clock) -> Response:
    cookie = request.cookies.get(cookie_name(request), "")
    state = request.app.state
    actor = signin.authenticate(state.database, cookie, clock.now(), state.settings)
    with _writing(request) as session:
        person_id = agency_sign_in.known(session, came, clock.now())
        if actor is None or person_id is None or not actor.person_id == person_id == came.departure.person_id:
            raise Untrue("other_person")
        fresh = signin.prove(session, actor, cookie, clock.now())
    if fresh is None:
        raise Untrue("session_ended")
    answer = RedirectResponse(came.departure.back_to, status_code=303)
    give_session(request, answer, fresh)
    return answer


def _bound(request: Request, came: Returned, clock: Clock) -> Response:
    if came.departure.enrolment_id is not None:
        shown: Response = page(request, "entry/enrolled.html", {"codes": []})
        with _writing(request) as session:
            agency_sign_in.bind(session, came, clock.now())
            _let_in(request, session, came.departure.person_id or "", came, clock, shown)
        return shown
    state = request.app.state
    actor = signin.authenticate(state.database, request.cookies.get(cookie_name(request)), clock.now(), state.settings)
    if actor is None or actor.person_id != came.departure.person_id:
        raise Untrue("other_person")
    with _writing(request) as session:
        agency_sign_in.bind(session, came, clock.now())
    return RedirectResponse("/security", status_code=303)


_ARRIVALS = {Purpose.SIGN_IN: _signed_in, Purpose.PROVE: _proved, Purpose.BIND: _bound}


def _let_in(request: Request, session: Session, person_id: str, came: Returned, clock: Clock, answer: Response) -> bool:
    """Open a session, as old in its proof as what was proved there: what asks for a fresh one looks at that."""
    proved, now = came.subject.proved_at, clock.now()
    since = signin.LONG_AGO if proved is None else machine_time() - proved
    return let_in(request, session, person_id, now, answer, shift=came.departure.shift, proved_at=now - since)


def _go(request: Request, row: AgencySignIn, purpose: Purpose, **about: Any) -> Response:
    """A page that leads there by itself, and by a link where it does not."""
    state = request.app.state
    hosts = state.settings.sign_in_hosts
    try:
        place, token = agency_sign_in.depart(state.database, row, returns_to(request), hosts, purpose, **about)
    except Untrue as untrue:
        record_denied(
            state.database, Stranger(), "sign_in", "agency_sign_in", row.id, reason=untrue.code,
            request_id=request.scope.get("request_id"),
        )  # fmt: skip
        return _unreached(request)
    answer = page(request, "entry/going.html", {"place": place, "host": urlsplit(place).netloc})
    answer.headers["Refresh"] = f"0; url={place}"
    send_away(request, answer, token, agency_sign_in.LASTS)
    return answer


def _own(request: Request, agency_id: str) -> AgencySignIn:
    with request.app.state.database.reading() as session:
        row = agency_sign_in.of_agency(session, agency_id)
    if row is None:
        raise conflict("not_now", "Your agency has no sign-in of its own here.")
    return row


def _writing(request: Request) -> Any:
    return request.app.state.database.writing()


def _lines(request: Request) -> list[str]:
    return [guesses.of_going(request.client.host if request.client else "")]


def _unreached(request: Request) -> Response:
    return _failed(
        request,
        gettext("It cannot be reached, or there is none of this word. Check the word, or try again later."),
        503,
    )


def _refused(request: Request) -> Response:
    said = gettext("Nothing was opened here. Try once more; if it goes on, tell whoever looks after sign-in.")
    return _failed(request, said, 401)


def _failed(request: Request, said: str, status: int) -> Response:
    return page(request, "entry/agency_failed.html", {"said": said}, status=status)
