"""`/v1/gaps` and a house's calls: what could not be had."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.gaps import calls
from app.gaps import service as gaps
from app.gaps.schemas import CallCreate, CallRead, GapRead
from app.idempotency import Idempotent
from app.paging import PageOf, Place, link_next

router = APIRouter(prefix="/v1", tags=["gaps"])

Caller = Annotated[Actor, require(Permission.HOLD_WRITE)]
Supervisor = Annotated[Actor, require(Permission.OVERSEE)]


@router.post("/facilities/{facility_id}/calls", status_code=status.HTTP_201_CREATED)
def told_no(
    response: Response,
    session: DbSession,
    actor: Caller,
    clock: Now,
    facility_id: Ref,
    body: CallCreate,
    once: Idempotent,
) -> CallRead:
    """The house was called and said no: its beds are to be called for until it confirms them. It bars nobody."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: calls.told_no(session, actor, facility_id, body, clock.now(), clock.tonight()),
        again=lambda made: calls.read_call(session, actor, facility_id, made),
    )


@router.get("/gaps")
def list_gaps(
    request: Request, response: Response, session: DbSession, actor: Supervisor, place: Annotated[Place, Depends()]
) -> PageOf[GapRead]:
    """What was missing for the own agency's referrals, night by night, the newest first."""
    rows, cursor = gaps.list_gaps(session, actor, place)
    link_next(request, response, cursor)
    return PageOf(data=rows, next_cursor=cursor, has_more=cursor is not None)
