"""`/v1/referrals/{referral_id}/looks`: who looked at a record."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.looks.schemas import Look
from app.looks.service import looks_at, looks_at_record
from app.paging import PageOf, Place, link_next

router = APIRouter(prefix="/v1", tags=["referrals"])

Owner = Annotated[Actor, require(Permission.LOOKS_READ)]


@router.get("/referrals/{referral_id}/looks")
def who_looked(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Owner,
    clock: Now,
    referral_id: Ref,
    place: Annotated[Place, Depends()],
) -> PageOf[Look]:
    """Who looked at the young person's record or did something to it, refusals too; the newest first."""
    rows, cursor = looks_at(session, actor, referral_id, place, clock.now())
    link_next(request, response, cursor)
    return PageOf(data=rows, next_cursor=cursor, has_more=cursor is not None)


@router.get("/minors/{minor_id}/looks")
def who_looked_at_record(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Owner,
    clock: Now,
    minor_id: Ref,
    place: Annotated[Place, Depends()],
) -> PageOf[Look]:
    """Who looked at a record of yours, be there a referral or not; the newest first."""
    rows, cursor = looks_at_record(session, actor, minor_id, place, clock.now())
    link_next(request, response, cursor)
    return PageOf(data=rows, next_cursor=cursor, has_more=cursor is not None)
