"""What can still be done at a house of an answer: an exception, a second person's look, a no on the phone."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import Problem
from app.exceptions import service as exceptions
from app.exceptions.schemas import ExceptionCreate
from app.facilities.models import Facility
from app.gaps import calls
from app.gaps.schemas import CallCreate
from app.idempotency import OnePress
from app.placements import service
from app.placements.house_view import DAYS, Pressed, exception_rows, house_view, refusal
from app.referrals import service as referrals
from app.referrals.pages import Sent
from app.web.answers import Form, chosen
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.RANKING_READ)]
Holder = Annotated[Actor, require(Permission.HOLD_WRITE)]
Second = Annotated[Actor, require(Permission.EXCEPTION_SECOND)]

WRONG = {
    "role": marked("Write the role of the person who decided, and no name"),
    "reason": marked("Write why, in words that name nobody"),
}


@router.get("/referrals/{referral_id}/rankings/{run_id}/house")
def show(
    request: Request, session: DbSession, actor: Reader, clock: Now, referral_id: Ref, run_id: Ref, facility: Ref
) -> Response:
    """One house: the rules against it, whose they are, and the next step."""
    return house_page(request, session, actor, clock, (referral_id, run_id, facility))


@router.post("/referrals/{referral_id}/rankings/{run_id}/exceptions")
def waive(
    request: Request, actor: Holder, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Put on record that the party whose rule it is waives it."""
    place = (referral_id, run_id, sent.one("facility"))
    body, wrong = _exception(run_id, sent, clock)
    if body is None:
        return _again(request, actor, clock, place, Pressed(sent, None, wrong))
    try:
        once.within(
            request.app.state.database,
            actor.id,
            lambda session: exceptions.add(session, actor, referral_id, body, clock.now()).id,
            request_id=request.scope.get("request_id"),
        )
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        return _again(request, actor, clock, place, Pressed(sent, problem))
    return RedirectResponse(_path(place), status_code=303)


@router.post("/referrals/{referral_id}/rankings/{run_id}/calls")
def said_no(
    request: Request, actor: Holder, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """The house was called and said no: on record, and ranked again without its word on its beds."""
    place = (referral_id, run_id, sent.one("facility"))
    database, request_id = request.app.state.database, request.scope.get("request_id")
    try:
        body = chosen(CallCreate, {"referral": referral_id, "reason": sent.one("press") or None})
        once.within(
            database,
            actor.id,
            lambda session: calls.told_no(session, actor, place[2], body, clock.now(), clock.tonight()).id,
            request_id=request_id,
        )
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        return _again(request, actor, clock, place, Pressed(sent, problem))
    again = service.rank_pressed(database, actor, referral_id, once.then("rank"), request_id=request_id)
    return RedirectResponse(f"/referrals/{referral_id}/rankings/{again}?note=said_no", status_code=303)


@router.get("/referrals/{referral_id}/exceptions")
def listed(request: Request, session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> Response:
    """Every exception of a referral, for the second person's look."""
    return _list(request, session, actor, clock, referral_id)


@router.post("/referrals/{referral_id}/exceptions/{exception_id}/second")
def second(
    request: Request, actor: Second, clock: Now, referral_id: Ref, exception_id: Ref, once: OnePress
) -> Response:
    """A second person agrees."""
    database = request.app.state.database
    try:
        once.within(
            database,
            actor.id,
            lambda session: exceptions.second(session, actor, referral_id, exception_id, clock.now()).id,
            request_id=request.scope.get("request_id"),
        )
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        with database.reading() as session:
            session.info["request_id"] = request.scope.get("request_id")
            return _list(request, session, actor, clock, referral_id, problem)
    return RedirectResponse(f"/referrals/{referral_id}/exceptions", status_code=303)


def house_page(
    request: Request, session: Session, actor: Actor, clock: Clock, place: tuple[str, str, str],
    pressed: Pressed | None = None,
) -> Response:  # fmt: skip
    """The page of a house in an answer; a press on it that was refused is said on it."""
    view = house_view(session, actor, clock, *place, pressed)
    status = 200
    if pressed is not None:
        status = 422 if pressed.problem is None else pressed.problem.status
    return page(
        request, "placements/house.html", {"view": view}, actor=actor, here="home", status=status, exit_link=True
    )


def _again(request: Request, actor: Actor, clock: Clock, place: tuple[str, str, str], pressed: Pressed) -> Response:
    with request.app.state.database.reading() as session:
        session.info["request_id"] = request.scope.get("request_id")
        return house_page(request, session, actor, clock, place, pressed)


def _list(
    request: Request, session: Session, actor: Actor, clock: Clock, referral_id: str, refused: Problem | None = None
) -> Response:
    rows = exceptions.list_exceptions(session, actor, referral_id, clock.now())
    referral = referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    shown = exception_rows(session, actor, rows, clock)
    for row in shown:
        row["house"] = session.get_one(Facility, row["facility"]).alias
    view = {
        "title": gettext("%(code)s: exceptions") % {"code": referral.code},
        "rows": shown,
        "back": f"/referrals/{referral_id}",
        "here": f"/referrals/{referral_id}/exceptions",
        "refused": None if refused is None else refusal(refused),
    }
    status = 200 if refused is None else refused.status
    return page(
        request, "placements/exceptions.html", {"view": view}, actor=actor, here="home", status=status, exit_link=True
    )


def _exception(run_id: str, sent: Form, clock: Clock) -> tuple[ExceptionCreate | None, dict[str, str]]:
    """The exception as the form put it; or what is wrong at which field."""
    wrong: dict[str, str] = {}
    days = sent.one("days")
    if days not in {str(n) for n, _ in DAYS}:
        wrong["days"] = gettext("Choose until when")
        days = "1"
    said = {
        "run": run_id,
        "facility": sent.one("facility"),
        "rule": sent.one("rule"),
        "party": sent.one("party"),
        "role": sent.one("role"),
        "reason": sent.one("reason"),
        "until": clock.now() + timedelta(days=int(days)),
    }
    try:
        body = ExceptionCreate.model_validate(said, strict=False)
    except ValidationError as error:
        names = [str(e["loc"][0]) for e in error.errors() if e["loc"]]
        wrong |= {name: gettext(WRONG[name]) for name in names if name in WRONG}
        return None, wrong or {"role": gettext(WRONG["role"])}
    return (None, wrong) if wrong else (body, {})


def _path(place: tuple[str, str, str]) -> str:
    return f"/referrals/{place[0]}/rankings/{place[1]}/house?facility={quote(place[2], safe='')}"
