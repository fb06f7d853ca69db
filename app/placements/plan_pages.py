"""`/plans`: the plans for a coalition's meeting, and the press that makes one."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers.plan_view import plan_view
from app.answers.plans import newest, read_plan
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.idempotency import OnePress
from app.placements import plans
from app.web import words
from app.web.pages import page

router = APIRouter(prefix="/plans", include_in_schema=False)

Planner = Annotated[Actor, require(Permission.PLAN_RUN)]
Reader = Annotated[Actor, require(Permission.PLAN_READ)]


@router.get("")
def show_all(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """The newest plans that the own agency made or has referrals in; whoever leads the coalition may make one."""
    rows = [
        {
            "href": f"/plans/{row.id}",
            "day": words.day(row.tonight, clock.tonight()),
            "ago": words.ago(row.decided_at, clock.now()),
        }
        for row in newest(session, actor, clock.now())
    ]
    context = {"rows": rows, "may_plan": actor.leads and actor.may(Permission.PLAN_RUN)}
    return page(request, "placements/plans.html", context, actor=actor, here="home")


@router.post("")
def make(request: Request, actor: Planner, once: OnePress) -> Response:
    """Plan for everyone who waits, and show it; the same press again shows the same plan."""
    database, request_id = request.app.state.database, request.scope.get("request_id")
    made = once.around(
        database, actor.id, lambda: str(plans.make(database, actor, request_id=request_id, once=once)[0]["id"])
    )
    return RedirectResponse(f"/plans/{made}", status_code=303)


@router.get("/{plan_id}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, plan_id: Ref) -> Response:
    """One plan, line by line, as far as the own agency may see it now."""
    plan = read_plan(session, actor, plan_id, clock.now())
    context = {"view": plan_view(session, actor, plan, clock, plans.since(session, plan, clock.now()))}
    return page(request, "placements/plan.html", context, actor=actor, here="home", exit_link=True)
