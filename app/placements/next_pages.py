"""Planning the next placement from a stay's page: the same answer, from the first night that is not arranged."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.errors import Problem
from app.idempotency import OnePress
from app.placements import next_placement
from app.referrals.pages import Sent
from app.stays.pages import Refused, stay_page
from app.stays.schemas import NextCreate
from app.web import answers
from app.web.answers import Form, Unreadable
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)

Asker = Annotated[Actor, require(Permission.NEXT_ASK)]


@router.post("/stays/{stay_id}/next")
def plan(request: Request, actor: Asker, clock: Now, stay_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Refer on and rank, with the nights that are used counted; what cannot be read is said on the stay's page."""
    said, wrong = _read(sent, clock)
    database, request_id = request.app.state.database, request.scope.get("request_id")
    refused: Problem | None = None
    if said is not None:
        try:
            asked = next_placement.ask(database, actor, stay_id, said, once=once, request_id=request_id)
        except Problem as problem:
            if isinstance(problem, Denied):
                raise
            refused = problem
        else:
            answer = f"/referrals/{asked.referral_id}/rankings/{asked.run_id}"
            seen = actor.may(Permission.RANKING_READ)
            return RedirectResponse(answer if seen else f"/stays/{stay_id}#next", status_code=303)
    if refused is not None and any(error.pointer == "/needed_from" for error in refused.errors):
        refused, wrong = None, {"needed_from": gettext("Write the first night, tonight at the earliest")}
    with database.reading() as session:
        session.info["request_id"] = request_id
        return stay_page(request, session, actor, clock, stay_id, Refused(refused, sent, wrong))


def _read(sent: Form, clock: Clock) -> tuple[NextCreate | None, dict[str, str]]:
    wrong: dict[str, str] = {}
    first: date | None = None
    nights: int | None = None
    try:
        first = answers.night(sent.one("needed_from")) if sent.one("needed_from") else None
    except Unreadable as error:
        wrong["needed_from"] = str(error)
    if first is not None and first < clock.tonight():
        wrong["needed_from"] = gettext("The first night cannot lie in the past")
    try:
        nights = answers.number(sent.one("nights_needed"), 1, 3650)
    except Unreadable as error:
        wrong["nights_needed"] = str(error)
    return (None, wrong) if wrong else (NextCreate(needed_from=first, nights_needed=nights), {})
