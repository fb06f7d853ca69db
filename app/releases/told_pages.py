"""`/stays/{stay_id}/identity` and `/shared`: who somebody is, as far as a release or a law says it to the reader."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.releases import telling
from app.releases.schemas import Told, ToldFact
from app.releases.view import ITEMS, LAWS, PURPOSES
from app.sharing.codes import Item, Law
from app.stays.called import stay_codes
from app.web import words
from app.web.pages import page
from app.web.places import counties
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Knower = Annotated[Actor, require(Permission.IDENTITY_READ)]
House = Annotated[Actor, require(Permission.IDENTITY_TOLD)]
Recipient = Annotated[Actor, require(Permission.MINOR_READ)]

WORDS: Mapping[Item, dict[str, str]] = {
    Item.GENDER: words.GENDERS,
    Item.CUSTODY: words.CUSTODY,
    Item.LANGUAGES: words.LANGUAGES,
    Item.CONDITIONS: words.CONDITIONS,
    Item.SERVICES: {},
}
BASES = {
    "residence": marked("lives in"),
    "found": marked("found in"),
    "jurisdiction": marked("court of"),
}


@router.get("/shared")
def list_shared(request: Request, session: DbSession, actor: Recipient, clock: Now) -> Response:
    """By which releases and laws the agency may see something now."""
    rows = [
        {
            "href": f"/shared/{row.id}",
            "text": gettext(PURPOSES[row.purpose])
            if row.purpose is not None
            else gettext(LAWS[row.law or Law.COURT_ORDER]),
            "items": [gettext(ITEMS[item]) for item in row.items],
            "until": words.clock_time(row.valid_until, clock.zone, clock.tonight()),
        }
        for row in telling.list_shared(session, actor, clock.now())
    ]
    return page(request, "releases/shared.html", {"rows": rows}, actor=actor, here="home", exit_link=True)


@router.get("/shared/{source_id}")
def shared(request: Request, session: DbSession, actor: Knower, clock: Now, source_id: Ref) -> Response:
    """What one of them tells."""
    told = telling.told_by(session, actor, source_id, clock.now())
    return _told(request, actor, clock, told, gettext("Shared with your agency"), "/shared")


@router.get("/stays/{stay_id}/identity")
def identity(request: Request, session: DbSession, actor: House, clock: Now, stay_id: Ref) -> Response:
    """What a release or a law names, and nothing else."""
    told = telling.told_of_stay(session, actor, stay_id, clock)
    code = stay_codes(session, [stay_id]).get(stay_id)
    title = gettext("%(code)s: what is shared with this house") % {"code": code or gettext("Stay")}
    return _told(request, actor, clock, told, title, f"/stays/{stay_id}")


def _told(request: Request, actor: Actor, clock: Clock, told: Told, title: str, back: str) -> Response:
    facts = [{"item": gettext(ITEMS[fact.item]), "text": said(fact, clock)} for fact in told.facts]
    context = {"title": title, "facts": facts, "back": back}
    return page(request, "releases/told.html", context, actor=actor, here="board", exit_link=True)


def said(fact: ToldFact, clock: Clock) -> str:
    """A fact in words; what is not known is said to be so."""
    if fact.values is None:
        return gettext("Not known")
    if not fact.values:
        return gettext("None")
    return words.listed([_said(fact.item, value, clock) for value in fact.values])


def _said(item: Item, value: str, clock: Clock) -> str:
    if item in WORDS:
        return words.said(WORDS[item], value)
    if item is Item.BORN_ON:
        return words.day(value)
    if item is Item.COUNTIES:
        basis, _, where = value.partition(" ")
        county: Any = counties().get(where)
        return f"{gettext(BASES[basis])} {where if county is None else f'{county.label}, {county.state}'}"
    if item is Item.STAYS:
        first, _, last = value.partition("/")
        return f"{_day(first, clock)} \u2013 {_day(last, clock)}" if last else _day(first, clock)
    return value


def _day(value: str, clock: Clock) -> str:
    return words.day(date.fromisoformat(value), clock.tonight())
