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
from app.reports import floors, reading, whatifs
from app.reports.floors import FloorSent
from app.reports.schemas import QuarterRead, ReportRead
from app.reports.whatifs import WhatifsRead

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Reader = Annotated[Actor, require(Permission.GAPS_READ)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]


@router.get("/quarters")
def list_quarters(session: DbSession, actor: Reader, clock: Now) -> PageOf[QuarterRead]:
    """The quarters that there is something to read about, the newest first."""
    return whole(reading.quarters(session, actor, clock))


@router.get("/quarters/{quarter}")
def read_quarter(session: DbSession, actor: Reader, clock: Now, quarter: Ref) -> ReportRead:
    """The gap audit of a quarter: whom the own funds turned away, by which rules, and what they left unspent."""
    return reading.report(session, actor, clock, quarter)


@router.get("/quarters/{quarter}/whatifs")
def read_whatifs(session: DbSession, actor: Reader, clock: Now, quarter: Ref) -> WhatifsRead:
    """What changes of a fixed grid would have done: ages, counties and stay caps of the own funds, as published."""
    return whatifs.read(session, actor, clock, quarter)


@router.get("/floor")
def read_floor(session: DbSession, actor: Reader) -> FloorSent:
    """Which counts are small, and so not shown."""
    return floors.read(session)


@router.put("/floor")
def put_floor(session: DbSession, actor: Administrator, clock: Now, sent: FloorSent) -> FloorSent:
    """Say which counts are small, from the next quarter on. For the lead's administrators; below 10 with a reason."""
    return floors.put(session, actor, sent, clock.now())
