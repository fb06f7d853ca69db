"""`/v1/plans`: everyone who waits, planned at once, for the meeting of a coalition."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, status
from fastapi.responses import JSONResponse

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers.plan_schemas import PlanAsked, PlanListed, PlanRead
from app.answers.plans import newest, read_plan
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import REPLAYED, Idempotent
from app.paging import PageOf, whole
from app.placements import plans

router = APIRouter(prefix="/v1/plans", tags=["plans"])

Planner = Annotated[Actor, require(Permission.PLAN_RUN)]
Reader = Annotated[Actor, require(Permission.PLAN_READ)]

AS_USUAL = PlanAsked()


@router.post("", status_code=status.HTTP_201_CREATED, response_model=PlanRead)
def make(request: Request, actor: Planner, once: Idempotent, asked: PlanAsked = AS_USUAL) -> Any:
    """Plan for everyone who waits tonight, as things stand now, and store it whole. For the coalition's lead."""
    database, request_id = request.app.state.database, request.scope.get("request_id")
    made, replayed = plans.make(database, actor, seconds=asked.seconds, request_id=request_id, once=once)
    headers = {"Location": address("plans", made["id"])} | ({REPLAYED: "true"} if replayed else {})
    return JSONResponse(made, status.HTTP_201_CREATED, headers)


@router.get("")
def list_newest(session: DbSession, actor: Reader, clock: Now) -> PageOf[PlanListed]:
    """Of the newest plans those that your agency made or has referrals in, the last on top."""
    rows = newest(session, actor, clock.now())
    return whole([PlanListed(id=row.id, decided_at=row.decided_at, tonight=row.tonight) for row in rows])


@router.get("/{plan_id}", response_model=PlanRead)
def read(session: DbSession, actor: Reader, clock: Now, plan_id: Ref) -> Any:
    """A plan as it was made, with what your agency may see of it now."""
    return JSONResponse(read_plan(session, actor, plan_id, clock.now()))
