"""`/v1/referrals/{id}/rankings`: who could take this young person tonight, and why nobody else."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response, status
from pydantic_core import to_json

from app.access.actor import Actor, hidden
from app.access.guard import require
from app.access.policy import Permission
from app.answers import outlooks, runs
from app.answers.outlook_schemas import OutlookRead
from app.answers.schemas import DecisionRead
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import REPLAYED, Idempotent
from app.placements import service
from app.sharing.projection import AGENCY, project

router = APIRouter(prefix="/v1/referrals/{referral_id}/rankings", tags=["rankings"])

Runner = Annotated[Actor, require(Permission.RANKING_RUN)]
Reader = Annotated[Actor, require(Permission.RANKING_READ)]
Findings = Annotated[Literal["failed", "all"], Query(description="all: those that are met too")]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=DecisionRead)
def rank(request: Request, actor: Runner, referral_id: Ref, once: Idempotent, findings: Findings = "failed") -> Any:
    """Rank every house for a referral as things stand now, and store the decision whole."""
    decided = service.rank(
        request.app.state.database, actor, referral_id, request_id=request.scope.get("request_id"), once=once
    )
    headers = {"Location": address("referrals", referral_id, "rankings", decided.run_id)}
    if decided.replayed:
        headers[REPLAYED] = "true"
    told = decided.told if findings == "failed" else project(decided.answer, viewer=AGENCY, findings=findings)
    return _sent(told, status.HTTP_201_CREATED, headers)


@router.get("/{run_id}", response_model=DecisionRead)
def read_run(
    session: DbSession,
    actor: Reader,
    clock: Now,
    referral_id: Ref,
    run_id: Ref,
    findings: Findings = "failed",
) -> Any:
    """A stored decision, as it was made."""
    _, answer = runs.read_run(session, actor, referral_id, run_id, clock.now())
    return _sent(project(answer, viewer=AGENCY, findings=findings))


@router.get("/{run_id}/outlook", response_model=OutlookRead)
def read_outlook(session: DbSession, actor: Reader, clock: Now, referral_id: Ref, run_id: Ref) -> Any:
    """What comes after each option of a stored decision that ends before the need does: a plan, and nothing is kept."""
    _, answer = runs.read_run(session, actor, referral_id, run_id, clock.now())
    found = outlooks.shown(session, run_id, project(answer, viewer=AGENCY))
    if found is None:
        raise hidden(actor, "ranking.read", "outlook_run", run_id)
    return _sent(found)


def _sent(document: Any, status_code: int = status.HTTP_200_OK, headers: Mapping[str, str] | None = None) -> Response:
    """Sent as it was projected: to build it again from the published form would cost more than to rank."""
    return Response(to_json(document), status_code, headers, media_type="application/json")
