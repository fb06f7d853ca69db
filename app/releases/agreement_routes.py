"""`/v1/agreements` and `/agreements`: what agencies agree to share, who stands by it, and the end of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref, address
from app.db import DbSession
from app.errors import Problem
from app.idempotency import Idempotent, Once, OnePress
from app.paging import PageOf, whole
from app.referrals.pages import Sent
from app.releases import agreements
from app.releases.schemas import AgreementRead, AgreementSent, SignatureSent
from app.releases.view import ITEMS, Pressed
from app.sharing.codes import OF_RECORD, Item
from app.web import words
from app.web.answers import Form, chosen, told
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(prefix="/v1/agreements", tags=["releases"])
pages = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.DIRECTORY_READ)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]

DAYS = (90, 180, 365, 730)


@router.get("")
def list_agreements(session: DbSession, actor: Reader, clock: Now) -> PageOf[AgreementRead]:
    """Every agreement of the coalition's agencies, and who stands by it; those that hold first."""
    return whole(agreements.every(session, clock.now()))


@router.post("", status_code=status.HTTP_201_CREATED)
def add(
    response: Response, session: DbSession, actor: Administrator, clock: Now, body: AgreementSent, once: Idempotent
) -> AgreementRead:
    """Put one on record that counsel approved; for the lead's administrators. It opens nothing by itself."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: agreements.add(session, actor, body, clock.now()),
        again=lambda earlier: agreements.read(session, earlier, clock.now()),
    )
    response.headers["Location"] = address("agreements", made.id)
    return made


@router.put("/{agreement_id}/signature")
def sign(session: DbSession, actor: Administrator, clock: Now, agreement_id: Ref, body: SignatureSent) -> AgreementRead:
    """Sign for your own agency, or take it back: nothing is read by it any more, on either side."""
    return agreements.sign(session, actor, agreement_id, body, clock.now())


@router.put("/{agreement_id}/end")
def end(session: DbSession, actor: Administrator, clock: Now, agreement_id: Ref) -> AgreementRead:
    """It holds for nobody any more, from the next look on; for the lead's administrators."""
    return agreements.end(session, actor, agreement_id, clock.now())


@pages.get("/agreements")
def show(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """All of them, and the form for another."""
    return _page(request, session, actor, clock, Pressed(Form([("days", "365")])))


@pages.post("/agreements")
def add_here(request: Request, actor: Administrator, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Put one on record."""

    def act(session: Session) -> str:
        days = sent.whole("days")
        until = clock.now() + timedelta(days=days) if days in DAYS else None
        said = {
            "name": sent.one("name"),
            "approval": sent.one("approval"),
            "items": sent.many("item"),
            "valid_until": None if until is None else until.isoformat(),
        }
        return agreements.add(session, actor, chosen(AgreementSent, said), clock.now()).id

    return _pressed(request, actor, clock, sent, once, act)


@pages.post("/agreements/{agreement_id}")
def press(
    request: Request, actor: Administrator, clock: Now, agreement_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Sign it, take the signature back, or end it."""
    said = sent.one("press")

    def act(session: Session) -> str:
        if said == "end":
            return agreements.end(session, actor, agreement_id, clock.now()).id
        body = SignatureSent(signed=said in {"shares", "reads"}, shares=said == "shares")
        return agreements.sign(session, actor, agreement_id, body, clock.now()).id

    return _pressed(request, actor, clock, sent, once, act)


def _pressed(
    request: Request, actor: Actor, clock: Clock, sent: Form, once: Once, act: Callable[[Session], str]
) -> Response:
    try:
        once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied) or problem.status == 404:
            raise
        with request.app.state.database.reading() as session:
            return _page(request, session, actor, clock, Pressed(sent, problem), problem.status)
    return RedirectResponse("/agreements", status_code=303)


def _page(
    request: Request, session: Session, actor: Actor, clock: Clock, pressed: Pressed, status: int = 200
) -> Response:
    administers = actor.may(Permission.DIRECTORY_WRITE)
    view: dict[str, Any] = {
        "rows": [_row(one, actor, clock) for one in agreements.every(session, clock.now())],
        "may_sign": administers,
        "may_end": administers and actor.leads,
        "form": pressed.sent,
        "refused": None if pressed.problem is None else told(pressed.problem),
        "items": [(item.value, gettext(ITEMS[item])) for item in Item if item in OF_RECORD],
        "days": [(str(n), gettext("%(n)s days") % {"n": n}) for n in DAYS],
    }
    return page(request, "releases/agreements.html", {"view": view}, actor=actor, here="home", status=status)


def _row(one: AgreementRead, actor: Actor, clock: Clock) -> dict[str, Any]:
    own = next((name for name in one.signatures if name.agency_id == actor.agency_id), None)
    return {
        "id": one.id,
        "name": one.name,
        "approval": one.approval,
        "kinds": [gettext(ITEMS[item]) for item in one.items],
        "until": words.day(one.valid_until.astimezone(clock.zone).date(), clock.tonight()),
        "holds": one.in_force,
        "signed": own is not None,
        "who": [
            name.agency if name.shares else gettext("%(agency)s, which only reads") % {"agency": name.agency}
            for name in one.signatures
        ],
    }
