"""`/v1/sharing-policy` and `/v1/lone-consents`: what a network's counsel sets, entered by the coalition's lead."""

from typing import Annotated

from fastapi import APIRouter

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.db import DbSession
from app.paging import PageOf, whole
from app.releases import policy
from app.releases.policy import LoneConsentRead, LoneConsentSent, SharingPolicySent

router = APIRouter(prefix="/v1", tags=["releases"])

Reader = Annotated[Actor, require(Permission.DIRECTORY_READ)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]


@router.get("/sharing-policy")
def read_policy(session: DbSession, actor: Reader) -> SharingPolicySent:
    """How long a house reads on after a stay, and how long a release lasts at most."""
    return policy.read(session)


@router.put("/sharing-policy")
def put_policy(session: DbSession, actor: Administrator, sent: SharingPolicySent) -> SharingPolicySent:
    """Set both, for the lead's administrators; it counts from the next look on."""
    return policy.put(session, actor, sent)


@router.get("/lone-consents")
def list_lone_consents(session: DbSession, actor: Reader) -> PageOf[LoneConsentRead]:
    """The services that a young person may have alone, from which age, in which State, by which law."""
    return whole(policy.lone_consents(session))


@router.put("/lone-consents")
def put_lone_consent(session: DbSession, actor: Administrator, sent: LoneConsentSent) -> LoneConsentRead:
    """Enter what a law says of a service in a State, or correct it; for the lead's administrators."""
    return policy.put_lone_consent(session, actor, sent)
