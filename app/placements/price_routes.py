"""`/v1/prices`: what beds are worth to those still to come, and whether rankings count it."""

from typing import Annotated

from fastapi import APIRouter

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.db import DbSession
from app.placements import prices
from app.placements.prices import PricesChange, PricesRead

router = APIRouter(prefix="/v1/prices", tags=["prices"])

Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]


@router.get("")
def read_prices(session: DbSession, actor: Administrator) -> PricesRead:
    """What was learnt last, and whether it counts. Administrators of the coalition's lead only."""
    return prices.read(session, actor)


@router.put("")
def put_prices(session: DbSession, actor: Administrator, change: PricesChange) -> PricesRead:
    """Begin to count prices in rankings, or stop; for the lead's administrators, on ninety nights of history."""
    return prices.put(session, actor, change)
