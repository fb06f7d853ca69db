"""`/v1/referrals/{id}/releases`: consent as it was signed, and the end of it."""

from typing import Annotated

from fastapi import APIRouter, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.paging import PageOf, whole
from app.releases import service
from app.releases.schemas import ReleaseCreate, ReleaseRead

router = APIRouter(prefix="/v1/referrals/{referral_id}/releases", tags=["releases"])

Reader = Annotated[Actor, require(Permission.RELEASE_READ)]
Writer = Annotated[Actor, require(Permission.RELEASE_WRITE)]


@router.post("", status_code=status.HTTP_201_CREATED)
def add(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    body: ReleaseCreate,
    once: Idempotent,
) -> ReleaseRead:
    """Put a signed release on record. 409 `release_void` where the signatures make none. No service depends on it."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.add(session, actor, referral_id, body, clock.now()),
        again=lambda earlier: service.read(session, actor, referral_id, earlier, clock.now()),
    )
    response.headers["Location"] = address("referrals", referral_id, "releases", made.id)
    return made


@router.get("")
def list_releases(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> PageOf[ReleaseRead]:
    """Every release of the young person, the newest first; those that hold no more too."""
    return whole(service.list_releases(session, actor, referral_id, clock.now()))


@router.get("/{release_id}")
def read(session: DbSession, actor: Reader, clock: Now, referral_id: Ref, release_id: Ref) -> ReleaseRead:
    """One release."""
    return service.read(session, actor, referral_id, release_id, clock.now())


@router.post("/{release_id}/withdrawal")
def withdraw(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    release_id: Ref,
    once: Idempotent,
) -> ReleaseRead:
    """Take a release back. From the next look on nobody sees anything by it."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: service.withdraw(session, actor, referral_id, release_id, clock.now()),
        again=lambda made: service.read(session, actor, referral_id, made, clock.now()),
    )
