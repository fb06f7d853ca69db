"""`/v1/reports`: what was counted, quarter by quarter."""

from typing import Annotated

from fastapi import APIRouter

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.paging import PageOf, whole
from app.reports import reading
from app.reports.schemas import QuarterRead, ReportRead

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Reader = Annotated[Actor, require(Permission.GAPS_READ)]


@router.get("/quarters")
def list_quarters(session: DbSession, actor: Reader, clock: Now) -> PageOf[QuarterRead]:
    """The quarters that there is something to read about, the newest first."""
    return whole(reading.quarters(session, actor, clock))


@router.get("/quarters/{quarter}")
def read_quarter(session: DbSession, actor: Reader, clock: Now, quarter: Ref) -> ReportRead:
    """The gap audit of a quarter: whom the own funds turned away, by which rules, and what they left unspent."""
    return reading.report(session, actor, clock, quarter)
