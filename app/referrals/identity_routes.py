"""`/v1/referrals/{referral_id}/identity`: who the young person is. Reading it takes a person and a fresh proof."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.minors.identity import IdentityChange, IdentityHeld, IdentityRead
from app.referrals import identity
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1/referrals", tags=["referrals"])

Reader = Annotated[Actor, require(Permission.IDENTITY_READ)]
Writer = Annotated[Actor, require(Permission.IDENTITY_WRITE)]


@router.get("/{referral_id}/identity")
def read_identity(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> IdentityRead:
    """Who the young person is, for the agency whose record it is. Each look is on record."""
    return identity.read(session, actor, referral_id, clock.now())


@router.put("/{referral_id}/identity")
def write_identity(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    change: IdentityChange,
    if_match: IfMatch = None,
) -> IdentityHeld:
    """Enter who the young person is, or replace it as a whole. The answer says what is held, and repeats none of it."""
    held = identity.write(session, actor, referral_id, change, if_match, clock.now())
    tag(response, held)
    return held
