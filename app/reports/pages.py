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
from app.errors import Problem
from app.reports import reading, whatifs, whatifs_view
from app.reports.paper import LINKS, Language, can_print, paper
from app.reports.schemas import ReportRead
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
    context = {"view": view(report, fund, others), "papers": _papers(report)}
    return page(request, "reports/quarter.html", context, actor=actor, here="reports")


@router.get("/reports/{quarter}/figures.csv")
def sheet(session: DbSession, actor: Reader, clock: Now, quarter: Ref) -> Response:
    """The same counts as a table: of every fund that the page has."""
    report = reading.report(session, actor, clock, quarter)
    return _sheet(as_csv(report), f"bednight-{report.quarter}.csv")


@router.get("/reports/{quarter}/board.pdf")
def show_paper(
    session: DbSession, actor: Reader, clock: Now, quarter: Ref, fund: str = "", language: Language = Language.EN
) -> Response:
    """One page for a board, of one fund: nothing but what is published, whoever asks."""
    if not can_print():
        raise Problem("not_found", "This deployment makes no PDF: it lacks the extra `paper`. The page itself prints.")
    report = reading.published(session, actor, clock, quarter)
    name = f"bednight-{report.quarter}-{language}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(paper(report, fund, language, clock.now()), media_type="application/pdf", headers=headers)


@router.get("/reports/{quarter}/whatifs")
def show_whatifs(
    request: Request, session: DbSession, actor: Reader, clock: Now, quarter: Ref, fund: str = ""
) -> Response:
    """What each change of the grid would have done, of one fund, in sentences; `fund` says which."""
    context = {"view": whatifs_view.view(whatifs.read(session, actor, clock, quarter), fund)}
    return page(request, "reports/whatifs.html", context, actor=actor, here="reports")


@router.get("/reports/{quarter}/whatifs.csv")
def sheet_of_whatifs(session: DbSession, actor: Reader, clock: Now, quarter: Ref) -> Response:
    """The same numbers as a table: of every fund that the page has."""
    found = whatifs.read(session, actor, clock, quarter)
    return _sheet(whatifs.as_csv(found), f"bednight-{found.quarter}-whatifs.csv")


def _papers(report: ReportRead) -> list[dict[str, str]]:
    """In which languages there is a page for a board."""
    if not can_print() or report.most_small is None:
        return []
    return [{"language": one.value, "text": LINKS[one]} for one in Language]


def _sheet(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
