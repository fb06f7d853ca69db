"""`/v1/referrals/{id}/end` and `…/again`, `/v1/minors/{id}/referrals`: who is known is looked for no more, or again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.bodies import Sent
from app.clock import Clock, Now
from app.codes import Ref, address
from app.db import DbSession
from app.errors import FieldError, invalid
from app.idempotency import Idempotent, OnePress
from app.placements.again import refer_again
from app.placements.ending import end_referral
from app.referrals import service as referrals
from app.referrals.models import ReferralStatus
from app.referrals.pages import Sent as Form
from app.referrals.schemas import ReferralAgain, ReferralRead
from app.referrals.through import Through, by_record, by_referral
from app.versions import tag

router = APIRouter(prefix="/v1", tags=["referrals"])
pages = APIRouter(include_in_schema=False)

Writer = Annotated[Actor, require(Permission.REFERRAL_WRITE)]
How = Literal["withdrawn", "closed"]


class ReferralEnd(Sent):
    """Withdrawn: nobody asks any more. Closed: the young person is safe elsewhere."""

    how: How


@router.post("/referrals/{referral_id}/end")
def end(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    body: ReferralEnd,
    once: Idempotent,
) -> ReferralRead:
    """End a referral without a placement: its questions to houses are taken back, and a held bed is free."""

    def act() -> ReferralRead:
        end_referral(session, actor, referral_id, ReferralStatus(body.how), clock.now())
        return referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())

    def again(made: str) -> ReferralRead:
        return referrals.read_referral(session, actor, made, clock.now(), clock.tonight())

    return once.make(response, session, actor.id, act=act, again=again)


@router.post("/referrals/{referral_id}/again", status_code=status.HTTP_201_CREATED)
def again(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    new: ReferralAgain,
    once: Idempotent,
) -> ReferralRead:
    """Refer the young person of an earlier referral again. 409 where a stay goes on or a bed is being looked for."""
    return _again(response, session, actor, clock, by_referral(referral_id), new, once)


@router.post("/minors/{minor_id}/referrals", status_code=status.HTTP_201_CREATED)
def refer(
    response: Response, session: DbSession, actor: Writer, clock: Now, minor_id: Ref, new: ReferralAgain,
    once: Idempotent,
) -> ReferralRead:  # fmt: skip
    """Ask for a bed for the young person of a record. A flag answers nothing here: say what is known of trafficking."""
    return _again(response, session, actor, clock, by_record(minor_id), new, once)


def _again(
    response: Response, session: Session, actor: Actor, clock: Clock, through: Through, new: ReferralAgain,
    once: Idempotent,
) -> ReferralRead:  # fmt: skip
    now, tonight = clock.now(), clock.tonight()
    referral = once.make(
        response,
        session,
        actor.id,
        act=lambda: refer_again(session, actor, through, new, now, tonight),
        again=lambda made: referrals.read_referral(session, actor, made, now, tonight),
    )
    response.headers["Location"] = address("referrals", referral.id)
    tag(response, referral)
    return referral


@pages.post("/referrals/{referral_id}/end")
def end_here(request: Request, actor: Writer, clock: Now, referral_id: Ref, sent: Form, once: OnePress) -> Response:
    """The same by a press; then home."""
    how = sent.one("how")
    if how not in (ReferralStatus.WITHDRAWN, ReferralStatus.CLOSED):
        raise invalid([FieldError("/how", "enum", "Expected one of withdrawn, closed.")])
    once.within(
        request.app.state.database,
        actor.id,
        lambda session: end_referral(session, actor, referral_id, ReferralStatus(how), clock.now()).id,
        request_id=request.scope.get("request_id"),
    )
    return RedirectResponse("/", status_code=303)
