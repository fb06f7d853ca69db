"""`…/releases` and `…/legal-bases` of a referral or a record: consent and law, their end, and what they tell whom."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.paging import PageOf, whole
from app.referrals.through import Through, by_record, by_referral
from app.releases import laws, service, telling
from app.releases.schemas import LegalBasisCreate, LegalBasisRead, ReleaseCreate, ReleaseRead, SharedRead, Told

Reader = Annotated[Actor, require(Permission.RELEASE_READ)]
Writer = Annotated[Actor, require(Permission.RELEASE_WRITE)]


def _releases(prefix: str, through: Any) -> APIRouter:
    """Signed papers of the young person whom `through` finds by what `prefix` names."""
    router = APIRouter(prefix=f"{prefix}/releases", tags=["releases"])

    @router.post("", status_code=status.HTTP_201_CREATED)
    def add(
        response: Response,
        session: DbSession,
        actor: Writer,
        clock: Now,
        body: ReleaseCreate,
        once: Idempotent,
        of: Through = through,
    ) -> ReleaseRead:
        """Put a signed release on record. 409 `release_void` where signatures make none. No service depends on it."""
        made = once.make(
            response,
            session,
            actor.id,
            act=lambda: service.add(session, actor, of, body, clock.now()),
            again=lambda earlier: service.read(session, actor, of, earlier, clock.now()),
        )
        response.headers["Location"] = address(*of.steps, "releases", made.id)
        return made

    @router.get("")
    def list_releases(session: DbSession, actor: Reader, clock: Now, of: Through = through) -> PageOf[ReleaseRead]:
        """Every release of the young person, the newest first; those that hold no more too."""
        return whole(service.list_releases(session, actor, of, clock.now()))

    @router.get("/{release_id}")
    def read(session: DbSession, actor: Reader, clock: Now, release_id: Ref, of: Through = through) -> ReleaseRead:
        """One release."""
        return service.read(session, actor, of, release_id, clock.now())

    @router.post("/{release_id}/withdrawal")
    def withdraw(
        response: Response,
        session: DbSession,
        actor: Writer,
        clock: Now,
        release_id: Ref,
        once: Idempotent,
        of: Through = through,
    ) -> ReleaseRead:
        """Take a release back. From the next look on nobody sees anything by it."""
        return once.make(
            response,
            session,
            actor.id,
            act=lambda: service.withdraw(session, actor, of, release_id, clock.now()),
            again=lambda made: service.read(session, actor, of, made, clock.now()),
        )

    return router


def _laws(prefix: str, through: Any) -> APIRouter:
    """The same of laws and orders that take the place of a paper."""
    router = APIRouter(prefix=f"{prefix}/legal-bases", tags=["releases"])

    @router.post("", status_code=status.HTTP_201_CREATED)
    def add_law(
        response: Response,
        session: DbSession,
        actor: Writer,
        clock: Now,
        body: LegalBasisCreate,
        once: Idempotent,
        of: Through = through,
    ) -> LegalBasisRead:
        """Put on record by which law or order an agency may see something without consent. It is no release."""
        made = once.make(
            response,
            session,
            actor.id,
            act=lambda: laws.add(session, actor, of, body, clock.now()),
            again=lambda earlier: laws.read(session, actor, of, earlier, clock.now()),
        )
        response.headers["Location"] = address(*of.steps, "legal-bases", made.id)
        return made

    @router.get("")
    def list_laws(session: DbSession, actor: Reader, clock: Now, of: Through = through) -> PageOf[LegalBasisRead]:
        """Every law or order on record for the young person, the newest first."""
        return whole(laws.list_bases(session, actor, of, clock.now()))

    @router.get("/{basis_id}")
    def read_law(session: DbSession, actor: Reader, clock: Now, basis_id: Ref, of: Through = through) -> LegalBasisRead:
        """One of them."""
        return laws.read(session, actor, of, basis_id, clock.now())

    @router.post("/{basis_id}/end")
    def end_law(
        response: Response,
        session: DbSession,
        actor: Writer,
        clock: Now,
        basis_id: Ref,
        once: Idempotent,
        of: Through = through,
    ) -> LegalBasisRead:
        """It holds no more. From the next look on nobody sees anything by it."""
        return once.make(
            response,
            session,
            actor.id,
            act=lambda: laws.end(session, actor, of, basis_id, clock.now()),
            again=lambda made: laws.read(session, actor, of, made, clock.now()),
        )

    return router


WHOSE = (("/v1/referrals/{referral_id}", Depends(by_referral)), ("/v1/minors/{minor_id}", Depends(by_record)))
routers = [make(prefix, through) for prefix, through in WHOSE for make in (_releases, _laws)]

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
