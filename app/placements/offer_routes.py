"""Holding a bed, asking a house, its answer, and taking the question back."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.bodies import Sent
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.errors import Problem
from app.idempotency import REPLAYED, Idempotent
from app.paging import PageOf, whole
from app.placements import house_offers, offers
from app.placements.holding import Asked, ask
from app.placements.workflow import Answer, HouseOffer, OfferCreate, OfferRead

router = APIRouter(prefix="/v1", tags=["offers"])

Holder = Annotated[Actor, require(Permission.HOLD_WRITE)]
Reader = Annotated[Actor, require(Permission.OFFER_READ)]
House = Annotated[Actor, require(Permission.OFFER_ANSWER)]


class Withdrawal(Sent):
    """Taking a question back."""

    undo: bool = False


@router.post("/referrals/{referral_id}/holds", status_code=status.HTTP_201_CREATED)
def hold(
    request: Request,
    response: Response,
    actor: Holder,
    referral_id: Ref,
    new: OfferCreate,
    once: Idempotent,
    clock: Now,
) -> OfferRead:
    """Keep the bed of an option for two hours, and ask the house. 409 `bed_taken` carries what is still to be had."""
    return _asked(request, response, actor, Asked(referral_id, new, keep_bed=True), once)


@router.post("/referrals/{referral_id}/offers", status_code=status.HTTP_201_CREATED)
def offer(
    request: Request,
    response: Response,
    actor: Holder,
    referral_id: Ref,
    new: OfferCreate,
    once: Idempotent,
    clock: Now,
) -> OfferRead:
    """Ask a house without keeping a bed; two at most beside the one that is held."""
    return _asked(request, response, actor, Asked(referral_id, new, keep_bed=False), once)


def _asked(request: Request, response: Response, actor: Actor, asked: Asked, once: Idempotent) -> OfferRead:
    database = request.app.state.database
    made = ask(database, actor, asked, once=once, request_id=request.scope.get("request_id"))
    response.headers["Location"] = address("referrals", asked.referral_id, "offers", made.offer_id)
    if made.read is not None:
        return made.read
    response.headers[REPLAYED] = "true"
    with database.reading() as session:
        return offers.read_offer(session, actor, asked.referral_id, made.offer_id, database.clock.now())


@router.get("/referrals/{referral_id}/offers")
def list_offers(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> PageOf[OfferRead]:
    """Which houses were asked, and what they said; the newest first."""
    return whole(offers.list_offers(session, actor, referral_id, clock.now()))


@router.get("/referrals/{referral_id}/offers/{offer_id}")
def read_offer(session: DbSession, actor: Reader, clock: Now, referral_id: Ref, offer_id: Ref) -> OfferRead:
    """One question to a house."""
    return offers.read_offer(session, actor, referral_id, offer_id, clock.now())


@router.post("/referrals/{referral_id}/offers/{offer_id}/withdrawal")
def withdraw(
    response: Response,
    session: DbSession,
    actor: Holder,
    clock: Now,
    referral_id: Ref,
    offer_id: Ref,
    body: Withdrawal,
    once: Idempotent,
) -> OfferRead:
    """Take the question back and free the bed: nobody's decline. `undo` within ten minutes leaves it as undone."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: offers.withdraw(session, actor, referral_id, offer_id, clock.now(), undo=body.undo),
        again=lambda made: offers.read_offer(session, actor, referral_id, made, clock.now()),
    )


@router.get("/facilities/{facility_id}/offers")
def house_list(session: DbSession, actor: House, clock: Now, facility_id: Ref) -> PageOf[HouseOffer]:
    """The questions that wait for this house's answer."""
    return whole(house_offers.waiting(session, actor, facility_id, clock.now()))


@router.post("/facilities/{facility_id}/offers/{offer_id}/answer")
def answer(
    request: Request,
    response: Response,
    actor: House,
    facility_id: Ref,
    offer_id: Ref,
    said: Answer,
    once: Idempotent,
) -> HouseOffer:
    """Yes, or no with a reason. A yes ends every other question about this young person."""
    database, request_id = request.app.state.database, request.scope.get("request_id")
    made, replayed = offers.answer_once(database, actor, facility_id, offer_id, said, once, request_id=request_id)
    if replayed:
        response.headers[REPLAYED] = "true"
    with database.reading() as session:
        found = house_offers.shown(session, [made])
    if not found:
        raise Problem("not_found")
    return found[0]
