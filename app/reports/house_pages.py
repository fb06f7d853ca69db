"""A house's own year: on a page, as a table, and over the API."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.reports.house import HouseYear, year_of
from app.reports.house_view import as_csv, view
from app.web.pages import page

pages = APIRouter(prefix="/board", include_in_schema=False)
router = APIRouter(prefix="/v1/facilities", tags=["reports"])

Worker = Annotated[Actor, require(Permission.BED_STATUS_WRITE)]


@router.get("/{facility_id}/year")
def read_year(session: DbSession, actor: Worker, clock: Now, facility_id: Ref) -> HouseYear:
    """The nights of an own house over the last year: slept, unpaid, open, and open while somebody waited."""
    return year_of(session, actor, clock, facility_id)


@pages.get("/{facility_id}/year")
def show(request: Request, session: DbSession, actor: Worker, clock: Now, facility_id: Ref) -> Response:
    """The same as a calendar."""
    context = {"view": view(year_of(session, actor, clock, facility_id))}
    return page(request, "reports/house.html", context, actor=actor, here="board")


@pages.get("/{facility_id}/year.csv")
def sheet(session: DbSession, actor: Worker, clock: Now, facility_id: Ref) -> Response:
    """The same, a row for each night."""
    text = as_csv(year_of(session, actor, clock, facility_id))
    headers = {"Content-Disposition": 'attachment; filename="bednight-nights.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
