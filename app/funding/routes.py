"""`/v1/funds`: what pays for nights, and under which dated conditions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.codes import Ref, address
from app.db import DbSession
from app.funding import service
from app.funding.schemas import FundChange, FundCreate, FundRead, LimitChange, LimitCreate, LimitRead
from app.idempotency import Idempotent
from app.paging import PageOf, Place, link_next, whole
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1/funds", tags=["funds"])

Reader = Annotated[Actor, require(Permission.FUND_READ)]
Writer = Annotated[Actor, require(Permission.FUND_WRITE)]


@router.get("")
def list_funds(
    request: Request, response: Response, session: DbSession, actor: Reader, place: Annotated[Place, Depends()]
) -> PageOf[FundRead]:
    """Every fund, in pages."""
    funds, cursor = service.list_funds(session, place)
    link_next(request, response, cursor)
    return PageOf(data=funds, next_cursor=cursor, has_more=cursor is not None)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_fund(response: Response, session: DbSession, actor: Writer, new: FundCreate, once: Idempotent) -> FundRead:
    """Add a fund. Administrators only."""
    fund = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.create_fund(session, actor, new),
        again=lambda made: service.read_fund(session, actor, made),
    )
    response.headers["Location"] = address("funds", fund.id)
    tag(response, fund)
    return fund


@router.get("/{fund_id}")
def read_fund(response: Response, session: DbSession, actor: Reader, fund_id: Ref) -> FundRead:
    """One fund."""
    fund = service.read_fund(session, actor, fund_id)
    tag(response, fund)
    return fund


@router.patch("/{fund_id}")
def change_fund(
    response: Response, session: DbSession, actor: Writer, fund_id: Ref, change: FundChange, if_match: IfMatch = None
) -> FundRead:
    """Change a fund; what is absent stays. Administrators only."""
    fund = service.change_fund(session, actor, fund_id, change, if_match)
    tag(response, fund)
    return fund


@router.get("/{fund_id}/limits")
def list_limits(session: DbSession, actor: Reader, fund_id: Ref) -> PageOf[LimitRead]:
    """The fund's dated conditions, the latest first."""
    return whole(service.list_limits(session, actor, fund_id))


@router.post("/{fund_id}/limits", status_code=status.HTTP_201_CREATED)
def add_limit(
    response: Response, session: DbSession, actor: Writer, fund_id: Ref, new: LimitCreate, once: Idempotent
) -> LimitRead:
    """Add conditions from a date. The funder's own people, or the coalition's lead."""
    limit = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.add_limit(session, actor, fund_id, new),
        again=lambda made: service.read_limit(session, actor, fund_id, made),
    )
    response.headers["Location"] = address("funds", fund_id, "limits", limit.id)
    tag(response, limit)
    return limit


@router.get("/{fund_id}/limits/{limit_id}")
def read_limit(response: Response, session: DbSession, actor: Reader, fund_id: Ref, limit_id: Ref) -> LimitRead:
    """One dated row of a fund's conditions."""
    limit = service.read_limit(session, actor, fund_id, limit_id)
    tag(response, limit)
    return limit


@router.put("/{fund_id}/limits/{limit_id}")
def replace_limit(
    response: Response,
    session: DbSession,
    actor: Writer,
    fund_id: Ref,
    limit_id: Ref,
    change: LimitChange,
    if_match: IfMatch = None,
) -> LimitRead:
    """Put the whole row. The funder's own people, or the coalition's lead."""
    limit = service.replace_limit(session, actor, fund_id, limit_id, change, if_match)
    tag(response, limit)
    return limit
