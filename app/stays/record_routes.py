"""What a decision counts and nobody else enters: a young person's earlier stays, and a State's holidays."""

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.paging import PageOf, whole
from app.stays import holidays, past_stays
from app.stays.holidays import HolidaysChange, HolidaysRead
from app.stays.past_stays import PastStayCreate, PastStayRead

router = APIRouter(prefix="/v1", tags=["records"])

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]
FundReader = Annotated[Actor, require(Permission.FUND_READ)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]
StateCode = Annotated[str, Path(pattern=r"^[A-Z]{2}$", description="2-letter postal code of a State")]


@router.get("/referrals/{referral_id}/past-stays")
def list_past(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> PageOf[PastStayRead]:
    """Where the young person stayed before, outside every house's own list; the latest first."""
    return whole(past_stays.list_past(session, actor, referral_id, clock.now()))


@router.post("/referrals/{referral_id}/past-stays", status_code=status.HTTP_201_CREATED)
def add_past(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    referral_id: Ref,
    new: PastStayCreate,
    once: Idempotent,
) -> PastStayRead:
    """Enter an earlier stay: caps count its nights. 409 where it overlaps another."""
    now, tonight = clock.now(), clock.tonight()
    stay = once.make(
        response,
        session,
        actor.id,
        act=lambda: past_stays.add_past(session, actor, referral_id, new, now, tonight),
        again=lambda made: past_stays.read_past(session, actor, referral_id, made, now),
    )
    response.headers["Location"] = address("referrals", referral_id, "past-stays", stay.id)
    return stay


@router.get("/referrals/{referral_id}/past-stays/{past_stay_id}")
def read_past(session: DbSession, actor: Reader, clock: Now, referral_id: Ref, past_stay_id: Ref) -> PastStayRead:
    """One earlier stay."""
    return past_stays.read_past(session, actor, referral_id, past_stay_id, clock.now())


@router.get("/states/{state}/holidays")
def list_holidays(session: DbSession, actor: FundReader, state: StateCode) -> HolidaysRead:
    """The days that are no business days in a State, as far as somebody entered them."""
    return holidays.list_holidays(session, state)


@router.put("/states/{state}/holidays")
def put_holidays(session: DbSession, actor: Administrator, state: StateCode, change: HolidaysChange) -> HolidaysRead:
    """Put the whole list. Administrators of the coalition's lead only."""
    return holidays.put_holidays(session, actor, state, change)
