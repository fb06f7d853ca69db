"""`/minors/{minor_id}/releases`: the grid, the press that takes back, and the print for the young person."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.idempotency import OnePress
from app.minors.records import record_code
from app.record import consent
from app.referrals.pages import Sent
from app.releases.view import ITEMS
from app.sharing.codes import Item
from app.web import words, words_paper
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

UNTIL = {
    "signed": marked("Until %(day)s"),
    "law": marked("By law, until %(day)s"),
    "agreement": marked("By an agreement, until %(day)s"),
}
Reader = Annotated[Actor, require(Permission.RELEASE_READ)]
Writer = Annotated[Actor, require(Permission.RELEASE_WRITE)]


@router.get("/minors/{minor_id}/releases")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, minor_id: Ref) -> Response:
    """Agencies by kinds of information: not shared, or until when."""
    columns = consent.grid(session, actor, minor_id, clock.now())
    view = {
        "title": gettext("%(code)s: what is shared with whom") % {"code": record_code(minor_id)},
        "here": f"/minors/{minor_id}",
        "add": f"/minors/{minor_id}/papers",
        "may_take_back": actor.may(Permission.RELEASE_WRITE),
        "languages": words_paper.LANGUAGES,
        "columns": [
            {
                "id": column.agency_id,
                "name": column.agency,
                "signed": column.signed,
            }
            for column in columns
        ],
        "rows": [(gettext(ITEMS[item]), [_cell(column.cells.get(item), clock) for column in columns]) for item in Item],
    }
    return page(request, "record/releases.html", {"view": view}, actor=actor, here="minors", exit_link=True)


@router.post("/minors/{minor_id}/releases/withdrawal")
def take_back(request: Request, actor: Writer, clock: Now, minor_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Take back every paper for one agency: one press, at once."""

    def act(session: Session) -> str:
        consent.take_back(session, actor, minor_id, sent.one("agency"), clock.now())
        return minor_id

    once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    return RedirectResponse(f"/minors/{minor_id}/releases", status_code=303)


@router.get("/minors/{minor_id}/releases/print")
def paper(
    request: Request, session: DbSession, actor: Reader, clock: Now, minor_id: Ref, language: str = "en"
) -> Response:
    """One page for the young person, in plain words; no name stands on it."""
    tongue = language if language in words_paper.LANGUAGES else "en"
    said = words_paper.PAPER[tongue]
    at = list(words_paper.LANGUAGES).index(tongue)
    columns = [
        {
            "name": column.agency,
            "lines": [
                {
                    "item": words_paper.SHARED[item][at],
                    "until": said["until"].format(day=_day(cell.until, tongue, clock)),
                    "why": said[cell.by],
                }
                for item in Item
                if (cell := column.cells.get(item)) is not None
            ],
        }
        for column in consent.grid(session, actor, minor_id, clock.now())
    ]
    view: dict[str, Any] = {"language": tongue, "said": said, "columns": columns, "code": record_code(minor_id)}
    view["here"] = f"/minors/{minor_id}/releases"
    return page(request, "record/paper.html", {"view": view}, actor=actor, here="minors", exit_link=True)


def _cell(cell: consent.Cell | None, clock: Clock) -> str:
    if cell is None:
        return gettext("No")
    day = words.day(cell.until.astimezone(clock.zone).date(), clock.tonight())
    return gettext(UNTIL[cell.by]) % {"day": day}


def _day(at: datetime, language: str, clock: Clock) -> str:
    on = at.astimezone(clock.zone).date()
    return f"{on.day} de {words_paper.MONTHS_ES[on.month - 1]} de {on.year}" if language == "es" else words.day(on)
