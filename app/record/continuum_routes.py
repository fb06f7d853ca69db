"""`/v1/continuum` and `/continuum`: who offers what along the continuum of care, and whom to call."""

from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import County, Ref, address
from app.db import DbSession
from app.errors import FieldError, Problem, invalid
from app.facilities import continuum
from app.facilities.continuum import CareChange, CareRead, CareSent
from app.facilities.continuum_models import CareKind
from app.idempotency import Idempotent, Once, OnePress
from app.paging import PageOf, whole
from app.record.view import Pressed, refused
from app.referrals.pages import Sent
from app.web import answers, words, words_record
from app.web.answers import Form, Unreadable, chosen
from app.web.pages import page
from app.web.places import counties
from app.web.translation import gettext

router = APIRouter(prefix="/v1/continuum", tags=["directory"])
pages = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.CONTINUUM_READ)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]

CONFIRMED_FOR_DAYS = 180
"""After so many days without a word, what stands there is to be asked first."""


@router.get("")
def list_care(
    session: DbSession, actor: Reader, kind: CareKind | None = None, county: County | None = None
) -> PageOf[CareRead]:
    """What agencies offer, from prevention to aftercare; no address stands anywhere in it."""
    return whole(continuum.every(session, actor, kind, county))


@router.post("", status_code=status.HTTP_201_CREATED)
def add(
    response: Response, session: DbSession, actor: Administrator, clock: Now, body: CareSent, once: Idempotent
) -> CareRead:
    """Enter what your agency offers."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: continuum.add(session, actor, body, clock.now()),
        again=lambda earlier: continuum.read(session, earlier),
    )
    response.headers["Location"] = address("continuum", made.id)
    return made


@router.put("/{care_id}")
def change(session: DbSession, actor: Administrator, clock: Now, care_id: Ref, body: CareChange) -> CareRead:
    """Write it anew, which confirms it, or take it off the list."""
    return continuum.change(session, actor, care_id, body, clock.now())


@pages.get("/continuum")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, county: str = "") -> Response:
    """All of it, or what there is for one county."""
    return _page(request, session, actor, clock, Pressed(Form([])), county)


@pages.post("/continuum")
def add_here(request: Request, actor: Administrator, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Enter what the own agency offers."""

    def act(session: Session) -> str:
        return continuum.add(session, actor, chosen(CareSent, _said(sent)), clock.now()).id

    return _pressed(request, actor, clock, Pressed(sent, of="new"), once, act)


@pages.post("/continuum/{care_id}")
def change_here(
    request: Request, actor: Administrator, clock: Now, care_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Write it anew, or take it off the list."""

    def act(session: Session) -> str:
        more = {"listed": sent.one("press") != "off", "version": sent.whole("version")}
        return continuum.change(session, actor, care_id, chosen(CareChange, _said(sent) | more), clock.now()).id

    return _pressed(request, actor, clock, Pressed(sent, of=care_id), once, act)


def _said(sent: Form) -> dict[str, Any]:
    try:
        places = [answers.county(part) for part in answers.parts(sent.one("counties"))]
        ages = {name: answers.number(sent.one(name), 0, 150) for name in ("min_age", "max_age")}
    except Unreadable as unreadable:
        raise invalid([FieldError("/counties", "unreadable", str(unreadable))]) from None
    plain = {name: sent.one(name) for name in ("kind", "name", "contact", "phone", "hours")}
    return {**plain, **ages, "for_whom": sent.one("for_whom") or None, "counties": [one for one in places if one]}


def _pressed(
    request: Request, actor: Actor, clock: Clock, pressed: Pressed, once: Once, act: Callable[[Session], str]
) -> Response:
    try:
        once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied) or problem.status == 404:
            raise
        with request.app.state.database.reading() as session:
            return _page(request, session, actor, clock, Pressed(pressed.sent, problem, pressed.of), "", problem.status)
    return RedirectResponse("/continuum", status_code=303)


def _page(
    request: Request, session: Session, actor: Actor, clock: Clock, pressed: Pressed, county: str, status: int = 200
) -> Response:
    asked = None
    with suppress(Unreadable):
        asked = answers.county(county)
    rows = continuum.every(session, actor, None, asked)
    view = {
        "groups": [
            (gettext(words_record.CARE[kind]), [_row(one, actor, clock) for one in found])
            for kind, found in groupby(rows, key=lambda one: one.kind)
        ],
        "county": county,
        "unread": bool(county) and asked is None,
        "may_write": actor.may(Permission.DIRECTORY_WRITE),
        "kinds": [(code, gettext(text)) for code, text in words_record.CARE.items()],
        "form": pressed.sent,
        "of": pressed.of,
        "refused": refused(pressed),
    }
    return page(request, "record/continuum.html", {"view": view}, actor=actor, here="home", status=status)


def _row(one: CareRead, actor: Actor, clock: Clock) -> dict[str, Any]:
    named = [counties()[fips] for fips in one.counties if fips in counties()]
    known = {name: "" if value is None else str(value) for name, value in one.model_dump(exclude={"counties"}).items()}
    typed = {**known, "kind": one.kind.value, "counties": "; ".join(f"{row.short}, {row.state}" for row in named)}
    low, high = one.min_age, one.max_age
    ages = gettext("%(low)s to %(high)s") % {"low": low, "high": high} if low is not None and high is not None else None
    return {
        "id": one.id,
        "version": one.version,
        "agency": one.agency,
        "name": one.name,
        "for_whom": one.for_whom,
        "ages": ages,
        "counties": typed["counties"] or None,
        "contact": one.contact,
        "phone": one.phone,
        "hours": one.hours,
        "listed": one.listed,
        "confirmed": words.ago(one.confirmed_at, clock.now()),
        "old": (clock.now() - one.confirmed_at).days >= CONFIRMED_FOR_DAYS,
        "may": actor.administers(one.agency_id),
        "form": Form(list(typed.items())),
    }
