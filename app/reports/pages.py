"""`/reports`: the gap audit on a page, to be printed for a board, and its table."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.reports import reading
from app.reports.sheet import as_csv
from app.reports.view import view
from app.web.pages import page

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.GAPS_READ)]


@router.get("/reports")
def latest(request: Request, session: DbSession, actor: Reader, clock: Now, fund: str = "") -> Response:
    """The newest quarter that there is; who has just signed in sees it at once."""
    found = reading.quarters(session, actor, clock)
    if not found:
        return page(request, "reports/none.html", {}, actor=actor, here="reports")
    return show(request, session, actor, clock, found[0].quarter, fund)


@router.get("/reports/{quarter}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, quarter: Ref, fund: str = "") -> Response:
    """One quarter, and one fund of it; `fund` says which."""
    report = reading.report(session, actor, clock, quarter)
    others = [one.quarter for one in reading.quarters(session, actor, clock)]
    context = {"view": view(report, fund, others)}
    return page(request, "reports/quarter.html", context, actor=actor, here="reports")


@router.get("/reports/{quarter}/figures.csv")
def sheet(session: DbSession, actor: Reader, clock: Now, quarter: Ref) -> Response:
    """The same counts as a table: of every fund that the page has."""
    report = reading.report(session, actor, clock, quarter)
    name = f"bednight-{report.quarter}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(as_csv(report), media_type="text/csv; charset=utf-8", headers=headers)
