"""`…/expungement` of a referral or a record: asking for it, and deciding, each by a person with a fresh proof."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.db import DbSession
from app.expunging import service
from app.expunging.schemas import ExpungeAsked, ExpungeDecided, ExpungementRead
from app.referrals.through import Through, by_record, by_referral

Asker = Annotated[Actor, require(Permission.MINOR_EXPUNGE_ASK)]
Decider = Annotated[Actor, require(Permission.MINOR_EXPUNGE_DECIDE)]


def _routes(prefix: str, tag: str, through: Any) -> APIRouter:
    """Of the record of the young person whom `through` finds by what `prefix` names."""
    router = APIRouter(prefix=f"{prefix}/expungement", tags=[tag])

    @router.get("")
    def read_expungement(session: DbSession, actor: Asker, clock: Now, of: Through = through) -> ExpungementRead:
        """How far the expunging of the young person's record is."""
        return service.read(session, actor, of, clock.now())

    @router.put("")
    def ask_to_expunge(
        session: DbSession, actor: Asker, clock: Now, asked: ExpungeAsked, of: Through = through
    ) -> ExpungementRead:
        """Ask that nobody be able to read who the young person is, ever again. A second person decides."""
        return service.ask(session, actor, of, asked.reason, clock.now(), clock.tonight())

    @router.put("/decision")
    def decide_to_expunge(
        session: DbSession, actor: Decider, clock: Now, said: ExpungeDecided, of: Through = through
    ) -> ExpungementRead:
        """Agree to what somebody else asked for, which is final, or refuse it."""
        return service.decide(session, actor, of, clock.now(), clock.tonight(), agree=said.agree)

    return router


routers = [
    _routes("/v1/referrals/{referral_id}", "referrals", Depends(by_referral)),
    _routes("/v1/minors/{minor_id}", "record", Depends(by_record)),
]
