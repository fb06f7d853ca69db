"""`/v1/referrals/{referral_id}/expungement`: asking for it, and deciding, each by a person with a fresh proof."""

from typing import Annotated

from fastapi import APIRouter

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.expunging import service
from app.expunging.schemas import ExpungeAsked, ExpungeDecided, ExpungementRead

router = APIRouter(prefix="/v1/referrals", tags=["referrals"])

Asker = Annotated[Actor, require(Permission.MINOR_EXPUNGE_ASK)]
Decider = Annotated[Actor, require(Permission.MINOR_EXPUNGE_DECIDE)]


@router.get("/{referral_id}/expungement")
def read_expungement(session: DbSession, actor: Asker, clock: Now, referral_id: Ref) -> ExpungementRead:
    """How far the expunging of the young person's record is."""
    return service.read(session, actor, referral_id, clock.now())


@router.put("/{referral_id}/expungement")
def ask_to_expunge(
    session: DbSession, actor: Asker, clock: Now, referral_id: Ref, asked: ExpungeAsked
) -> ExpungementRead:
    """Ask that nobody be able to read who the young person is, ever again. A second person decides."""
    return service.ask(session, actor, referral_id, asked.reason, clock.now(), clock.tonight())


@router.put("/{referral_id}/expungement/decision")
def decide_to_expunge(
    session: DbSession, actor: Decider, clock: Now, referral_id: Ref, said: ExpungeDecided
) -> ExpungementRead:
    """Agree to what somebody else asked for, which is final, or refuse it."""
    return service.decide(session, actor, referral_id, clock.now(), clock.tonight(), agree=said.agree)
