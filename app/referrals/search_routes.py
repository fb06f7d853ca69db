"""`/v1/person-searches`: whether a young person's record is there already, for the agency whose it is."""

from typing import Annotated

from fastapi import APIRouter

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.db import DbSession
from app.minors.searching import PersonFound, PersonSought
from app.referrals import identity

router = APIRouter(prefix="/v1", tags=["referrals"])

Searcher = Annotated[Actor, require(Permission.MINOR_SEARCH)]


@router.post("/person-searches")
def search_person(session: DbSession, actor: Searcher, clock: Now, sought: PersonSought) -> PersonFound:
    """Find one young person of your agency by two exact facts; nobody and several answer the same. Twenty an hour."""
    return PersonFound(referral_id=identity.search(session, actor, sought, clock.now()))
