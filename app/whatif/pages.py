"""`/whatif`: a fund's limits as a sentence to edit, and what the edited ones would have done."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.db import DbSession
from app.errors import Problem
from app.reports.sheet import sheet_of
from app.web.pages import page
from app.whatif.best import best
from app.whatif.preview import best_lines, figures, funds_of, sentence_of
from app.whatif.schemas import WhatIf
from app.whatif.service import for_lead, lead_only, whatif
from app.whatif.sheet import BEST_HEAD, HEAD, best_rows, rows

router = APIRouter(prefix="/whatif", include_in_schema=False)

Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]
SHOWN_BEST = 4


@router.get("")
def show(request: Request, session: DbSession, actor: Administrator, clock: Now, fund: str = "") -> Response:
    """The sentence of a fund; where it was edited, what the edited limits would have done since the first decision."""
    lead_only(actor)
    context = _context(request, session, actor, clock, fund)
    return page(request, "whatif/preview.html", context, actor=actor, here="reports")


@router.get("/figures.csv")
def sheet(request: Request, session: DbSession, actor: Administrator, clock: Now, fund: str = "") -> Response:
    """The same figures as a table."""
    with for_lead(actor):
        sentence = sentence_of(session, fund, clock.tonight(), request.query_params)
        found = whatif(session, clock, sentence.changes if sentence else ())
    return _sheet(sheet_of(HEAD, rows(found)), "bednight-whatif.csv")


@router.get("/best")
def show_best(request: Request, session: DbSession, actor: Administrator, clock: Now) -> Response:
    """The best few rules to put aside since the first decision."""
    with for_lead(actor):
        lines = best_lines(best(session, clock, SHOWN_BEST))
    return page(request, "whatif/best.html", lines, actor=actor, here="reports")


@router.get("/best.csv")
def sheet_of_best(session: DbSession, actor: Administrator, clock: Now) -> Response:
    """The same curve as a table."""
    with for_lead(actor):
        found = best(session, clock, SHOWN_BEST)
    return _sheet(sheet_of(BEST_HEAD, best_rows(found)), "bednight-best.csv")


def _sheet(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _context(request: Request, session: DbSession, actor: Actor, clock: Now, fund: str) -> dict[str, Any]:
    sentence = sentence_of(session, fund, clock.tonight(), request.query_params)
    wrong: list[str] = []
    found: WhatIf | None = None
    if sentence is not None and sentence.changes:
        try:
            with for_lead(actor):
                found = whatif(session, clock, sentence.changes)
        except Problem as problem:
            if problem.code != "invalid":
                raise
            wrong = [error.message for error in problem.errors]
    return {
        "funds": funds_of(session, None if sentence is None else sentence.fund),
        "sentence": sentence,
        "wrong": wrong,
        "query": request.url.query,
        "asked": sentence is not None and sentence.edited,
        "found": None if found is None else figures(session, found, sentence),
    }
