"""A stay as a page: who pays which nights, when nobody does any more, and leaving."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.access.service import leads_who_place, may_place
from app.answers.names import fund_names
from app.beds.ledger import Taken
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import Problem
from app.facilities.models import Bed, Facility
from app.idempotency import Once, OnePress
from app.referrals.models import Referral, ReferralStatus
from app.referrals.pages import Sent
from app.sharing.service import visible_minors
from app.stays import aftercare
from app.stays import service as stays
from app.stays.aftercare_view import aftercare_view
from app.stays.called import stay_codes
from app.stays.models import Admission, NextPlacement, Offer, Stay
from app.stays.moving_view import correcting_view, morning, moving_view, without_bed
from app.stays.parties import places
from app.stays.rooms import suiting_rooms
from app.stays.schemas import DischargeCreate, StayRead
from app.stays.timeline import given_up_tonight, timeline
from app.stays.warnings import first_open_night
from app.tasks.models import Task, TaskKind
from app.web import words
from app.web.answers import Form, chosen, told
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.STAY_READ)]
Writer = Annotated[Actor, require(Permission.STAY_WRITE)]


NO_DATES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Refused:
    """A press on the page that could not be done: the refusal, or what is wrong in which field, as it was sent."""

    problem: Problem | None
    sent: Form
    wrong: dict[str, str] = field(default_factory=dict)


@router.get("/stays/{stay_id}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, stay_id: Ref) -> Response:
    """One stay."""
    return stay_page(request, session, actor, clock, stay_id)


@router.post("/stays/{stay_id}/discharge")
def discharge(request: Request, actor: Writer, clock: Now, stay_id: Ref, sent: Sent, once: OnePress) -> Response:
    """The young person leaves."""
    said = {name: sent.one(name) or None for name in ("reason", "destination", "left_on")}
    now, tonight = clock.now(), clock.tonight()
    return pressed(
        request, actor, clock, stay_id, sent, once, {},
        lambda session: stays.discharge(session, actor, stay_id, chosen(DischargeCreate, said), now, tonight),
    )  # fmt: skip


def pressed(
    request: Request, actor: Actor, clock: Clock, stay_id: str, sent: Form, once: Once, wrong: dict[str, str],
    act: Callable[[Session], object], *, then: str = "", dates: Mapping[str, str] = NO_DATES,
) -> Response:  # fmt: skip
    """Do what a form of the page asks, once; `wrong`: what could not be read in it, by field. What is refused is said.

    `then`: the place of the page to come back to. `dates`: the field of each pointer to a date.
    """
    database, request_id = request.app.state.database, request.scope.get("request_id")

    def whole(session: Session) -> str:
        act(session)
        return stay_id

    refused: Problem | None = None
    if not wrong:
        try:
            once.within(database, actor.id, whole, request_id=request_id)
        except Taken:
            refused = Problem("bed_taken", gettext("Somebody has this bed on one of these nights."))
        except Problem as problem:
            if isinstance(problem, Denied):
                raise
            refused = problem
            if problem.errors and all(error.pointer in dates for error in problem.errors):
                refused, wrong = None, {dates[error.pointer]: error.message for error in problem.errors}
        else:
            return RedirectResponse(f"/stays/{stay_id}{then}", status_code=303)
    with database.reading() as session:
        session.info["request_id"] = request_id
        return stay_page(request, session, actor, clock, stay_id, Refused(refused, sent, wrong))


def stay_page(
    request: Request, session: Session, actor: Actor, clock: Clock, stay_id: str, refused: Refused | None = None
) -> Response:
    """The page of a stay; a press on it that was refused is said on it."""
    stay = stays.read_stay(session, actor, stay_id, clock.now())
    view = _view(session, stay, actor, clock)
    plan = aftercare.plan_for(session, actor, stay_id, clock.now())
    sent, wrong = (Form(()), {}) if refused is None else (refused.sent, refused.wrong)
    view["aftercare"] = None if plan is None else aftercare_view(plan, view["may_move"], clock, sent, wrong)
    view["moves"] = moving_view(session, stay, actor, clock, sent, wrong, suiting_rooms(request))
    view["correct"] = correcting_view(session, stay, actor, clock, sent, wrong)
    view["next"] = _next(session, stay, actor, clock, sent, wrong)
    problem = None if refused is None else refused.problem
    view["refused"] = None
    if problem is not None:
        view["refused"] = told(problem)
    view["wrong"] = refused is not None
    status = 200 if refused is None else 422 if problem is None else problem.status
    return page(request, "stays/stay.html", {"view": view}, actor=actor, here="home", status=status, exit_link=True)


def _next(
    session: Session, stay: StayRead, actor: Actor, clock: Clock, sent: Form, wrong: dict[str, str]
) -> dict[str, Any] | None:
    """The next placement: the referral that looks for it, or what it takes to ask."""
    if not actor.may(Permission.NEXT_ASK) or stay.left_on is not None or not stay.arrived:
        return None
    seen = visible_minors(actor, clock.now())
    open_to = session.scalar(select(Stay).where(Stay.id == stay.id, Stay.minor_id.in_(seen)))
    if open_to is None or not places(session, actor, open_to):
        return None
    looking = session.execute(
        select(Referral.id, Referral.code)
        .join(NextPlacement, NextPlacement.referral_id == Referral.id)
        .where(NextPlacement.stay_id == stay.id, Referral.status == ReferralStatus.OPEN)
        .where(Referral.minor_id.in_(seen))
    ).first()
    first = first_open_night(session, stay.id, clock.tonight())
    return {
        "href": f"/referrals/{looking.id}" if looking and actor.may(Permission.RANKING_READ) else None,
        "code": None if looking is None else looking.code,
        "told": None if looking is None else _told(session, actor),
        "from": None if first is None else words.day(first, clock.tonight()),
        "typed": {name: sent.one(name) for name in ("needed_from", "nights_needed")},
        "wrong": wrong,
    }


def _told(session: Session, actor: Actor) -> str:
    """Who knows that a next placement is needed, where the reader places nobody."""
    if may_place(session, actor.agency_id):
        return gettext("Whoever places for your agency was told.")
    leads = words.listed([lead.name for lead in leads_who_place(session)])
    told = gettext("%(leads)s was told which house asks.") % {"leads": leads} if leads else gettext("Nobody was told.")
    return gettext("Nobody of your agency places young people. %(told)s Call as well, and give the code.") % {
        "told": told
    }


_TO_JUDGE = select(Task.id).where(
    Task.kind == TaskKind.WALK_IN,
    Task.subject_kind == "stay",
    Task.subject_id == bindparam("stay"),
    Task.done_at.is_(None),
)
"""What is open while nobody has judged an arrival against which a rule stands."""


def _view(session: Session, stay: StayRead, actor: Actor, clock: Clock) -> dict[str, Any]:
    tonight = clock.tonight()
    house = session.get(Facility, stay.facility_id) if stay.facility_id is not None else None
    code = stay_codes(session, [stay.id]).get(stay.id)
    bedless = bool(without_bed(session, [stay], clock))
    names = fund_names(session, [payer.fund for payer in stay.payers])
    line = timeline(stay, names, tonight)
    stays_at = gettext("stay at %(house)s") % {"house": house.alias if house is not None else gettext("another house")}
    if code is None:
        stays_at = stays_at[:1].upper() + stays_at[1:]
    return {
        "title": stays_at if code is None else f"{code}: {stays_at}",
        "tab": gettext("Stay") if code is None else gettext("%(code)s: stay") % {"code": code},
        "where": _where(session, stay, tonight, bedless=bedless),
        "bedless": bedless,
        "against": stay.left_on is None and session.scalar(_TO_JUDGE, {"stay": stay.id}) is not None,
        "line": line,
        "cliff": _cliff(stay, line["unpaid_from"], tonight),
        "goes_on": stay.left_on is None and stay.arrived,
        "may_move": actor.may(Permission.STAY_WRITE),
        "ended": None
        if stay.left_on is None or stay.reason is None or stay.destination is None
        else (
            gettext("Left on %(day)s: %(why)s. Went to: %(where)s.")
            if stay.left_on <= clock.today()
            else gettext("Leaves on %(day)s: %(why)s. Goes to: %(where)s.")
        )
        % {
            "day": words.day(stay.left_on, tonight),
            "why": words.said(words.STAY_ENDS, stay.reason).lower(),
            "where": words.said(words.DESTINATIONS, stay.destination).lower(),
        },
        "again": _again(session, stay, actor, tonight),
        "who": _who(session, stay, house, actor),
        "reasons": [(code, gettext(text)) for code, text in words.STAY_ENDS.items()],
        "destinations": [(code, gettext(text)) for code, text in words.DESTINATIONS.items()],
        "morning": morning(clock),
        "here": f"/stays/{stay.id}",
    }


def _who(session: Session, stay: StayRead, house: Facility | None, actor: Actor) -> str | None:
    """Where those of the house that said yes read what is shared of who comes."""
    if house is None or house.agency_id is None or not actor.works_in(house.id, house.agency_id):
        return None
    awaited = stay.left_on is None and session.get(Admission, stay.id) is not None
    return f"/stays/{stay.id}/identity" if awaited and actor.may(Permission.IDENTITY_TOLD) else None


def _again(session: Session, stay: StayRead, actor: Actor, tonight: date) -> str | None:
    """Where the agency that placed refers the same young person once more, after the end."""
    if stay.left_on is None or stay.left_on > tonight or not actor.may(Permission.REFERRAL_WRITE):
        return None
    led = (
        select(Offer.referral_id)
        .join(Admission, Admission.offer_id == Offer.id)
        .where(Admission.stay_id == stay.id, Offer.agency_id == actor.agency_id)
    )
    referral_id = session.scalar(led)
    return None if referral_id is None else f"/referrals/{referral_id}/again"


def _where(session: Session, stay: StayRead, tonight: date, *, bedless: bool) -> str:
    bed = None if stay.bed_id is None or bedless else session.scalar(select(Bed.name).where(Bed.id == stay.bed_id))
    since = words.day(stay.admitted_on, tonight)
    if stay.left_on is None and stay.admitted_on <= tonight and stay.arrived:
        n = (tonight - stay.admitted_on).days + 1
        return gettext("%(bed)s, since %(day)s. Tonight is night %(n)s.") % {
            "bed": bed or gettext("No bed of this house"),
            "day": since,
            "n": n,
        }
    return gettext("%(bed)s, from the night of %(day)s.") % {
        "bed": bed or gettext("No bed of this house"),
        "day": since,
    }


def _kept_while_away(stay: StayRead, night: date) -> bool:
    """Whether a night is one of those away after which somebody pays again: it is no end of the money."""
    ends = [out.until for out in stay.away if out.from_ <= night < out.until]
    return any(p.from_ <= end and (p.until is None or end < p.until) for end in ends for p in stay.payers)


def _cliff(stay: StayRead, unpaid_from: date | None, tonight: date) -> str | None:
    """When the money ends, and how soon that is."""
    if given_up_tonight(stay, tonight):
        return gettext("The bed was given up for the nights away: there is nothing to pay until a bed is chosen again.")
    if stay.left_on is not None or unpaid_from is None or _kept_while_away(stay, unpaid_from):
        return None
    left = (unpaid_from - tonight).days
    if left <= 0:
        return gettext("Nobody pays tonight. Plan the next placement now.")
    day = words.day(unpaid_from, tonight)
    last = words.day(unpaid_from - timedelta(days=1), tonight)
    return gettext("The last paid night is %(last)s: %(nights)s from tonight on. From %(day)s nobody pays.") % {
        "last": last,
        "nights": words.nights(left),
        "day": day,
    }
