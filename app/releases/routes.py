"""`/v1/referrals/{id}/releases` and `…/legal-bases`: consent and law, the end of them, and what they tell whom."""

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
from app.releases import laws, service, telling
from app.releases.schemas import LegalBasisCreate, LegalBasisRead, ReleaseCreate, ReleaseRead, SharedRead, Told

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


laws_router = APIRouter(prefix="/v1/referrals/{referral_id}/legal-bases", tags=["releases"])


@laws_router.post("", status_code=status.HTTP_201_CREATED)
def add_law(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    body: LegalBasisCreate,
    once: Idempotent,
) -> LegalBasisRead:
    """Put on record by which law or order an agency may see something without consent. It is no release."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: laws.add(session, actor, referral_id, body, clock.now()),
        again=lambda earlier: laws.read(session, actor, referral_id, earlier, clock.now()),
    )
    response.headers["Location"] = address("referrals", referral_id, "legal-bases", made.id)
    return made


@laws_router.get("")
def list_laws(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> PageOf[LegalBasisRead]:
    """Every law or order on record for the young person, the newest first."""
    return whole(laws.list_bases(session, actor, referral_id, clock.now()))


@laws_router.get("/{basis_id}")
def read_law(session: DbSession, actor: Reader, clock: Now, referral_id: Ref, basis_id: Ref) -> LegalBasisRead:
    """One of them."""
    return laws.read(session, actor, referral_id, basis_id, clock.now())


@laws_router.post("/{basis_id}/end")
def end_law(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    basis_id: Ref,
    once: Idempotent,
) -> LegalBasisRead:
    """It holds no more. From the next look on nobody sees anything by it."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: laws.end(session, actor, referral_id, basis_id, clock.now()),
        again=lambda made: laws.read(session, actor, referral_id, made, clock.now()),
    )


told_router = APIRouter(prefix="/v1", tags=["releases"])
Knower = Annotated[Actor, require(Permission.IDENTITY_READ)]
House = Annotated[Actor, require(Permission.IDENTITY_TOLD)]
Recipient = Annotated[Actor, require(Permission.MINOR_READ)]


@told_router.get("/stays/{stay_id}/identity")
def identity(session: DbSession, actor: House, clock: Now, stay_id: Ref) -> Told:
    """What a release or a law lets the house that said yes know of who comes, until the stay or the window ends."""
    return telling.told_of_stay(session, actor, stay_id, clock)


@told_router.get("/shared")
def list_shared(session: DbSession, actor: Recipient, clock: Now) -> PageOf[SharedRead]:
    """By which releases and laws your agency may see something now."""
    return whole(telling.list_shared(session, actor, clock.now()))


@told_router.get("/shared/{source_id}")
def shared(session: DbSession, actor: Knower, clock: Now, source_id: Ref) -> Told:
    """What one of them tells an agency that runs no house; the whole case, where it names it, is read as a referral."""
    return telling.told_by(session, actor, source_id, clock.now())
