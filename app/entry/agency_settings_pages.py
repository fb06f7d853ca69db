"""`/agency-sign-in`: where the people of an agency sign in with it, set by who lets them in."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access import agency_sign_in
from app.access.actor import Actor
from app.access.agency_models import AgencyIdentity, AgencySignIn
from app.access.agency_sign_in import Given
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.db import DbSession
from app.entry.agency_pages import returns_to
from app.entry.sign_in_pages import Typed
from app.errors import Problem
from app.web import words
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(prefix="/agency-sign-in", include_in_schema=False)

Reader = Annotated[Actor, require(Permission.PEOPLE_READ)]
Writer = Annotated[Actor, require(Permission.PEOPLE_WRITE)]


@router.get("")
def show(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """What is set; never the secret."""
    return _page(request, session, actor, clock)


@router.post("")
def change(
    request: Request,
    actor: Writer,
    clock: Now,
    press: Typed = "",
    word: Typed = "",
    issuer: Typed = "",
    client_id: Typed = "",
    secret: Typed = "",
    acr: Typed = "",
) -> Response:
    """Set it, or end it. Setting the same twice leaves it as it is."""
    database, hosts = request.app.state.database, request.app.state.settings.sign_in_hosts
    given = Given(word=word, issuer=issuer.strip(), client_id=client_id.strip(), secret=secret, acr=acr)
    try:
        with database.writing() as session:
            session.info["request_id"] = request.scope.get("request_id")
            if press == "end":
                agency_sign_in.end(session, actor, clock.now())
            else:
                agency_sign_in.set_up(session, actor, given, hosts, clock.now())
    except Problem as problem:
        with database.reading() as session:
            return _page(request, session, actor, clock, given, problem)
    return RedirectResponse("/agency-sign-in", status_code=303)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    clock: Clock,
    given: Given | None = None,
    refused: Problem | None = None,
) -> Response:
    row = agency_sign_in.of_agency(session, actor.agency_id)
    view = {
        "said": None if refused is None else _said(refused),
        "now": None if row is None else _now(session, row, clock),
        "back": returns_to(request),
        "may_write": actor.may(Permission.PEOPLE_WRITE),
        "fields": _fields(given, row),
    }
    status = 200 if refused is None else refused.status
    return page(request, "entry/agency.html", {"view": view}, actor=actor, here="people", status=status)


def _now(session: Session, row: AgencySignIn, clock: Clock) -> dict[str, Any]:
    bound = select(func.count()).where(AgencyIdentity.sign_in_id == row.id)
    return {
        "word": row.word,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "acr": row.acr,
        "set": words.ago(row.set_at, clock.now()),
        "bound": session.scalar(bound),
    }


def _said(refused: Problem) -> str:
    """Each error behind the name of its field."""
    labels = {f"/{name}": label for name, label, *_ in _fields(None, None)}
    lines = [" ".join(filter(None, (labels[e.pointer] + ":", e.message, e.fix))) for e in refused.errors]
    return " ".join(lines) or refused.detail or refused.title


def _fields(given: Given | None, row: AgencySignIn | None) -> list[tuple[str, str, str, str, str, bool]]:
    """Name, label, hint, what stands in it, its type, and whether something must. A secret is never shown again."""
    said = given or row
    at = {name: getattr(said, name, None) or "" for name in ("word", "issuer", "client_id", "acr")}
    return [
        ("word", gettext("Word"), gettext("Short, such as harbor-house: your people type it at sign-in."), at["word"],
         "text", True),
        ("issuer", gettext("Issuer"), gettext("An https address, exactly as your identity service states it."),
         at["issuer"], "url", True),
        ("client_id", gettext("Client"), gettext("What Bednight is called there."), at["client_id"], "text", True),
        ("secret", gettext("Client secret"), gettext("Kept sealed, and not shown again."), "", "password", True),
        ("acr", gettext("Proof asked for"),
         gettext("The word (acr) by which your service says that two factors were used. Empty: you see to that."),
         at["acr"], "text", False),
    ]  # fmt: skip
