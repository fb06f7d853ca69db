"""`/beds`: the houses of all regions tonight, for those who place young people."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.board.regional import AGES, Wanted, regional_view
from app.clock import Now
from app.db import DbSession
from app.web import words
from app.web.pages import page

router = APIRouter(include_in_schema=False)

# Who places, and nobody else: when a bed frees is no matter of other houses.
Placer = Annotated[Actor, require(Permission.RANKING_READ)]


@router.get("/beds")
def beds(
    request: Request, session: DbSession, actor: Placer, clock: Now, region: str = "", age: str = "", gender: str = ""
) -> Response:
    """What is open tonight; a choice that is none of the page's own is any."""
    wanted = Wanted(
        region=region or None,
        age=int(age) if age in {str(n) for n in AGES} else None,
        gender=gender if gender in words.GENDERS else None,
    )
    context = {"view": regional_view(session, actor, wanted, clock)}
    return page(request, "board/regional.html", context, actor=actor, here="beds")
