"""`/v1/whatif`: what other limits of funds would have done, for administrators of the coalition's lead."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.db import DbSession
from app.whatif.best import best
from app.whatif.schemas import BestRead, WhatIf
from app.whatif.service import MOST, for_lead, whatif
from matching.few import Measure

router = APIRouter(prefix="/v1/whatif", tags=["whatif"])

Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]
Changes = Annotated[
    list[str] | None,
    Query(alias="set", max_length=20, description="A limit as it would have been: `FUND.LIMIT=VALUE`; may be repeated"),
]
First = Annotated[date | None, Query(alias="from", description="The first night; else that of the first decision")]
Until = Annotated[date | None, Query(description="The first night after it; else tonight")]


@router.get("")
def read_whatif(
    session: DbSession,
    actor: Administrator,
    clock: Now,
    said: Changes = None,
    first: First = None,
    until: Until = None,
) -> WhatIf:
    """Re-run the past under other limits of funds; counts alone, each by the rule alone or re-run with beds of then."""
    with for_lead(actor):
        return whatif(session, clock, said or (), first=first, until=until)


@router.get("/best")
def read_best(
    session: DbSession,
    actor: Administrator,
    clock: Now,
    most: Annotated[int, Query(ge=1, le=MOST, description="How many rules at most are put aside")] = 3,
    by: Annotated[Measure, Query(description="Most young people with a bed, or most bed-nights")] = "people",
    first: First = None,
    until: Until = None,
) -> BestRead:
    """Find the rules of funds that, put aside, would have done most: the best one, the best two, up to so many."""
    with for_lead(actor):
        return best(session, clock, most, by, first=first, until=until)
