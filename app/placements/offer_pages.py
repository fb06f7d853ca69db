"""Holding a bed from the ranking page, waiting for the house's answer, bringing the young person there."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.audit.service import record
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import FieldError, Problem, invalid
from app.idempotency import Once, OnePress
from app.placements import at_the_door, offers, service
from app.placements.arrival import directions
from app.placements.holding import Asked, ask
from app.placements.house_pages import house_page
from app.placements.house_view import Pressed, tried
from app.placements.offer_view import offer_view
from app.placements.pages import answer_page, answer_view
from app.placements.workflow import OfferCreate
from app.referrals import service as referrals
from app.referrals.pages import Sent
from app.stays import service as stays
from app.stays.schemas import ArrivalCreate
from app.web.answers import Form, Unreadable, chosen, moment
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Holder = Annotated[Actor, require(Permission.HOLD_WRITE)]
Reader = Annotated[Actor, require(Permission.OFFER_READ)]
Mover = Annotated[Actor, require(Permission.STAY_WRITE)]

# These lead to a fresh answer with a line that says why; any other refusal is a page of its own.
RANK_AGAIN = {"bed_taken", "not_an_option", "not_available", "money_held", "conflict"}
SAY_WHY = {"held_already", "asked_already", "offers_full"}
# What is said at the field itself, with the other choices kept.
AT_THE_FIELD = {
    "authority": marked("Choose by what right the young person is placed"),
    "authority_until": marked("Write a moment to come: until when this right lasts"),
    "choice_reason": marked("This is not the first: choose why it is taken"),
    "unfunded_reason": marked("Write why the bed is taken though nobody pays"),
    "called": marked("Nobody confirmed this bed lately: call first, then mark it here"),
}


@router.post("/referrals/{referral_id}/rankings/{run_id}/holds")
def hold(
    request: Request, actor: Holder, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Keep the bed and ask the house. Where somebody was faster, a fresh answer says what there is now."""
    return _asked(request, actor, clock, referral_id, run_id, sent, once, keep_bed=True)


@router.post("/referrals/{referral_id}/rankings/{run_id}/offers")
def ask_only(
    request: Request, actor: Holder, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Ask the house and keep no bed: beside a hold, or for who has a bed until then."""
    return _asked(request, actor, clock, referral_id, run_id, sent, once, keep_bed=False)


def _asked(
    request: Request, actor: Actor, clock: Clock, referral_id: str, run_id: str, sent: Form, once: Once, *,
    keep_bed: bool,
) -> Response:  # fmt: skip
    database, request_id = request.app.state.database, request.scope.get("request_id")
    try:
        asked = Asked(referral_id, _offer_from(run_id, sent, clock), keep_bed=keep_bed)
        offer_id = once.around(
            database, actor.id, lambda: ask(database, actor, asked, once=once, request_id=request_id).offer_id
        )
    except Problem as problem:
        missing = [error.pointer[1:] for error in problem.errors]
        said = {name: gettext(AT_THE_FIELD[name]) for name in missing if name in AT_THE_FIELD}
        if sent.one("from") == "house" and not isinstance(problem, Denied):
            pressed = Pressed(sent, None if said else problem, said)
            with database.reading() as session:
                session.info["request_id"] = request_id
                place = (referral_id, run_id, sent.one("facility"))
                return house_page(request, session, actor, clock, place, pressed)
        if said:
            return _asked_again(request, actor, clock, referral_id, run_id, sent, said)
        if problem.code in SAY_WHY:
            return _see(f"/referrals/{referral_id}/rankings/{run_id}?note={problem.code}")
        if problem.code not in RANK_AGAIN:
            raise
        again = service.rank(database, actor, referral_id, request_id=request_id).run_id
        return _see(f"/referrals/{referral_id}/rankings/{again}?note={problem.code}")
    return _see(f"/referrals/{referral_id}/offers/{offer_id}")


@router.get("/referrals/{referral_id}/offers/{offer_id}")
def waiting(
    request: Request, session: DbSession, actor: Reader, clock: Now, referral_id: Ref, offer_id: Ref
) -> Response:
    """Where the question stands: waiting, yes and how to get there, or no and what next."""
    context = {"view": _view(session, actor, clock, referral_id, offer_id)}
    return page(request, "placements/offer.html", context, actor=actor, here="home", exit_link=True)


@router.post("/referrals/{referral_id}/offers/{offer_id}/withdrawal")
def withdraw(
    request: Request, actor: Holder, clock: Now, referral_id: Ref, offer_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Take the question back, or undo it."""

    def act(session: Session) -> str:
        undo = sent.one("press") == "undo"
        return offers.withdraw(session, actor, referral_id, offer_id, clock.now(), undo=undo).id

    once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    return _see(f"/referrals/{referral_id}")


@router.post("/referrals/{referral_id}/offers/{offer_id}/arrival")
def arrived(
    request: Request, actor: Mover, clock: Now, referral_id: Ref, offer_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """The young person is there, maybe since an earlier night; or did not come."""

    def act(session: Session) -> str:
        offer = offers.read_offer(session, actor, referral_id, offer_id, clock.now())
        if offer.stay_id is None:
            referrals.find_own(session, actor, referral_id, clock.now(), "stay.arrive")
            raise Problem("not_now", "The house has not said yes.")
        return said_at_the_door(session, actor, offer.stay_id, sent.one("press"), clock)

    once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    return _see(f"/referrals/{referral_id}/offers/{offer_id}")


def said_at_the_door(session: Session, actor: Actor, stay_id: str, press: str, clock: Clock) -> str:
    """Record what one press says: not arrived, or there, since the night that the press may name; the stay's id."""
    if press == "not_arrived":
        return stays.not_arrived(session, actor, stay_id, clock.now(), clock.tonight()).id
    on = chosen(ArrivalCreate, {"on": press.partition(":")[2] or None}).on
    return at_the_door.arrive(session, actor, stay_id, clock.now(), clock.tonight(), on=on).id


def _offer_from(run_id: str, sent: Form, clock: Clock) -> OfferCreate:
    """The question to a house as the form put it, or the refusal that names what is missing."""
    try:
        until = moment(sent.one("authority_until"), clock.zone)
    except Unreadable as error:
        raise invalid([FieldError("/authority_until", "unreadable", str(error))]) from None
    said = {
        "run": run_id,
        "facility": sent.one("facility"),
        "authority": sent.one("authority") or None,
        "authority_until": until,
        "choice_reason": sent.one("choice_reason") or None,
        "unfunded_reason": sent.one("unfunded_reason") if sent.one("press") == "unfunded" else None,
        "called": sent.one("facility") in sent.many("called"),
    }
    return chosen(OfferCreate, said)


def _asked_again(
    request: Request, actor: Actor, clock: Clock, referral_id: str, run_id: str, sent: Form, wrong: Mapping[str, str]
) -> Response:
    """The answer again, as it was, with what is missing said where it is missing."""
    with request.app.state.database.reading() as session:
        session.info["request_id"] = request.scope.get("request_id")
        view = answer_view(session, actor, clock, referral_id, run_id, tried(sent, wrong))
    return answer_page(request, actor, view, status=422)


def _view(session: Session, actor: Actor, clock: Clock, referral_id: str, offer_id: str) -> dict[str, Any]:
    offer = offers.read_offer(session, actor, referral_id, offer_id, clock.now())
    referral = referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    stay = stays.read_stay(session, actor, offer.stay_id, clock.now()) if offer.stay_id is not None else None
    way = directions(session, offer, stay, actor, clock)
    if way is not None and way.lines:
        record(session, actor, "address.read", "offer", offer_id)
    return offer_view(session, offer, referral, stay, way, actor, clock)


def _see(path: str) -> Response:
    return RedirectResponse(path, status_code=303)
