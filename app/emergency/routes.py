"""`/v1/emergency-accesses`: taken by a person who has just proved who they are, given back, reviewed, counted."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.emergency import service
from app.emergency.schemas import EmergencyAsked, EmergencyCount, EmergencyOpened, EmergencyRead, ReviewSent
from app.idempotency import Idempotent
from app.paging import PageOf, Place, link_next, whole

router = APIRouter(prefix="/v1/emergency-accesses", tags=["emergency access"])

Taker = Annotated[Actor, require(Permission.EMERGENCY_ACCESS)]
Reviewer = Annotated[Actor, require(Permission.EMERGENCY_REVIEW)]


@router.post("", status_code=status.HTTP_201_CREATED)
def take(
    response: Response, session: DbSession, actor: Taker, clock: Now, asked: EmergencyAsked, once: Idempotent
) -> EmergencyOpened:
    """See one record of another agency for 60 minutes. Your supervisors and that agency are told at once."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: service.open_record(session, actor, asked, clock.now()),
        again=lambda made: service.opened(service.own(session, actor, made, "emergency.open")),
    )


@router.get("")
def list_accesses(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Reviewer,
    place: Annotated[Place, Depends()],
) -> PageOf[EmergencyRead]:
    """What your agency's people took, and what was taken of your agency's records; the newest first."""
    rows, cursor = service.list_accesses(session, actor, place)
    link_next(request, response, cursor)
    return PageOf(data=rows, next_cursor=cursor, has_more=cursor is not None)


@router.get("/counts")
def counts(session: DbSession, actor: Reviewer, clock: Now) -> PageOf[EmergencyCount]:
    """How often your agency's people took it, by month."""
    return whole(service.counts(session, actor, clock))


@router.post("/{access_id}/review")
def review(
    response: Response,
    session: DbSession,
    actor: Reviewer,
    clock: Now,
    access_id: Ref,
    said: ReviewSent,
    once: Idempotent,
) -> EmergencyRead:
    """Say whether it was justified: within 72 hours, or that person's right is suspended until you do."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: service.review(session, actor, access_id, clock.now(), justified=said.justified),
        again=lambda made: service.read_access(session, actor, made),
    )
