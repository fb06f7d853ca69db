"""`/v1/referrals`: asking for a bed, and answering what was not known."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.paging import PageOf, Place, link_next
from app.referrals import service
from app.referrals.models import ReferralStatus
from app.referrals.schemas import ReferralChange, ReferralCreate, ReferralRead
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1/referrals", tags=["referrals"])

Reader = Annotated[Actor, require(Permission.REFERRAL_READ)]
Writer = Annotated[Actor, require(Permission.REFERRAL_WRITE)]


@router.post("", status_code=status.HTTP_201_CREATED)
def create_referral(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    new: ReferralCreate,
    once: Idempotent,
) -> ReferralRead:
    """Refer a minor: the need profile and the request in one. What is left out or null is not known."""
    now, tonight = clock.now(), clock.tonight()
    referral = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.create_referral(session, actor, new, now, tonight),
        again=lambda made: service.read_referral(session, actor, made, now, tonight),
    )
    response.headers["Location"] = address("referrals", referral.id)
    tag(response, referral)
    return referral


@router.get("")
def list_referrals(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Reader,
    clock: Now,
    place: Annotated[Place, Depends()],
    status: ReferralStatus | None = None,
) -> PageOf[ReferralRead]:
    """The referrals that you may see, the newest first."""
    referrals, cursor = service.list_referrals(session, actor, place, status, clock.now(), clock.tonight())
    link_next(request, response, cursor)
    return PageOf(data=referrals, next_cursor=cursor, has_more=cursor is not None)


@router.get("/{referral_id}")
def read_referral(response: Response, session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> ReferralRead:
    """One referral."""
    referral = service.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    tag(response, referral)
    return referral


@router.patch("/{referral_id}")
def change_referral(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    change: ReferralChange,
    if_match: IfMatch = None,
) -> ReferralRead:
    """Answer or correct facts; what is absent stays."""
    referral = service.change_referral(session, actor, referral_id, change, if_match, clock.now(), clock.tonight())
    tag(response, referral)
    return referral
