"""`/v1/referrals/{id}/exceptions`: a rule waived by its own party, and the second person."""

from typing import Annotated

from fastapi import APIRouter, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.exceptions import service as exceptions
from app.exceptions.schemas import ExceptionCreate, ExceptionRead
from app.idempotency import Idempotent
from app.paging import PageOf, whole

router = APIRouter(prefix="/v1/referrals/{referral_id}/exceptions", tags=["exceptions"])

Reader = Annotated[Actor, require(Permission.RANKING_READ)]
Writer = Annotated[Actor, require(Permission.HOLD_WRITE)]
Second = Annotated[Actor, require(Permission.EXCEPTION_SECOND)]


@router.post("", status_code=status.HTTP_201_CREATED)
def add(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    body: ExceptionCreate,
    once: Idempotent,
) -> ExceptionRead:
    """Record that the party whose rule it is waives it. 409 `safeguard_breach` where nobody may."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: exceptions.add(session, actor, referral_id, body, clock.now()),
        again=lambda made: exceptions.read_exception(session, actor, referral_id, made, clock.now()),
    )


@router.get("")
def list_exceptions(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> PageOf[ExceptionRead]:
    """Every exception of a referral, the newest first."""
    return whole(exceptions.list_exceptions(session, actor, referral_id, clock.now()))


@router.post("/{exception_id}/second")
def second(
    response: Response,
    session: DbSession,
    actor: Second,
    clock: Now,
    referral_id: Ref,
    exception_id: Ref,
    once: Idempotent,
) -> ExceptionRead:
    """A second person agrees, within a day or late while it matters: not the one who recorded it, and never a key."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: exceptions.second(session, actor, referral_id, exception_id, clock.now()),
        again=lambda made: exceptions.read_exception(session, actor, referral_id, made, clock.now()),
    )
