"""A stay as a page: who pays which nights, when nobody does any more, and leaving."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers.names import fund_names
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.facilities.models import Bed, Facility
from app.referrals.pages import Sent
from app.stays import service as stays
from app.stays.called import stay_codes
from app.stays.schemas import DischargeCreate, StayRead
from app.stays.timeline import timeline
from app.web import words
from app.web.answers import chosen
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.STAY_READ)]
Writer = Annotated[Actor, require(Permission.STAY_WRITE)]


@router.get("/stays/{stay_id}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, stay_id: Ref) -> Response:
    """One stay."""
    stay = stays.read_stay(session, actor, stay_id, clock.now())
    context = {"view": _view(session, stay, actor, clock)}
    return page(request, "stays/stay.html", context, actor=actor, here="home", exit_link=True)


@router.post("/stays/{stay_id}/discharge")
def discharge(session: DbSession, actor: Writer, clock: Now, stay_id: Ref, sent: Sent) -> Response:
    """The young person leaves."""
    said = {"reason": sent.one("reason") or None, "destination": sent.one("destination") or None}
    body = chosen(DischargeCreate, said)
    stays.discharge(session, actor, stay_id, body, clock.now(), clock.tonight())
    return RedirectResponse(f"/stays/{stay_id}", status_code=303)


def _view(session: Session, stay: StayRead, actor: Actor, clock: Clock) -> dict[str, Any]:
    tonight = clock.tonight()
    house = session.get(Facility, stay.facility_id) if stay.facility_id is not None else None
    code = stay_codes(session, [stay.id]).get(stay.id)
    names = fund_names(session, [payer.fund for payer in stay.payers])
    line = timeline(stay, names, tonight)
    return {
        "title": gettext("%(code)s: stay at %(house)s")
        % {"code": code or gettext("Stay"), "house": house.alias if house is not None else gettext("another house")},
        "tab": gettext("%(code)s: stay") % {"code": code or gettext("Stay")},
        "where": _where(session, stay, tonight),
        "line": line,
        "cliff": _cliff(stay, line["unpaid_from"], tonight),
        "goes_on": stay.left_on is None and stay.arrived,
        "may_move": actor.may(Permission.STAY_WRITE),
        "ended": None
        if stay.left_on is None or stay.reason is None or stay.destination is None
        else gettext("Left on %(day)s: %(why)s. Went to: %(where)s.")
        % {
            "day": words.day(stay.left_on, tonight),
            "why": words.said(words.STAY_ENDS, stay.reason).lower(),
            "where": words.said(words.DESTINATIONS, stay.destination).lower(),
        },
        "reasons": [(code, gettext(text)) for code, text in words.STAY_ENDS.items()],
        "destinations": [(code, gettext(text)) for code, text in words.DESTINATIONS.items()],
        "here": f"/stays/{stay.id}",
    }


def _where(session: Session, stay: StayRead, tonight: date) -> str:
    bed = None if stay.bed_id is None else session.scalar(select(Bed.name).where(Bed.id == stay.bed_id))
    since = words.day(stay.admitted_on, tonight)
    if stay.left_on is None and stay.admitted_on <= tonight and stay.arrived:
        n = (tonight - stay.admitted_on).days + 1
        return gettext("%(bed)s, since %(day)s. Tonight is night %(n)s.") % {
            "bed": bed or gettext("No bed of this house"),
            "day": since,
            "n": n,
        }
    return gettext("%(bed)s, from the night of %(day)s.") % {
        "bed": bed or gettext("No bed of this house"),
        "day": since,
    }


def _cliff(stay: StayRead, unpaid_from: date | None, tonight: date) -> str | None:
    """When the money ends, and how soon that is."""
    if stay.left_on is not None or unpaid_from is None:
        return None
    left = (unpaid_from - tonight).days
    if left <= 0:
        return gettext("Nobody pays tonight. Plan the next placement now.")
    day = words.day(unpaid_from, tonight)
    last = words.day(unpaid_from - timedelta(days=1), tonight)
    return gettext("The last paid night is %(last)s: %(nights)s from tonight on. From %(day)s nobody pays.") % {
        "last": last,
        "nights": words.nights(left),
        "day": day,
    }
