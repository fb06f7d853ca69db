"""The coordinator's pages: home, "Find beds", and the answer with every reason. They call services, as the API does."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers import outlooks, runs
from app.answers.names import names_in
from app.answers.text import as_text
from app.answers.view import About, Tried, ranking_view
from app.beds import holds
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.exceptions import service as exceptions
from app.gaps import on_record as gaps
from app.placements import home
from app.placements.again import against
from app.placements.holding import bed_of_her_own, houses_asked
from app.placements.rights import rights
from app.placements.snapshot import HORIZON_NIGHTS
from app.referrals import service as referrals
from app.referrals.models import ReferralStatus
from app.referrals.schemas import ReferralRead
from app.referrals.summary import summary
from app.sharing.projection import AGENCY, TERRITORY, project
from app.stays import moves
from app.web import words
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Actor, require(Permission.SELF)]
Reader = Annotated[Actor, require(Permission.RANKING_READ)]

# Why a press on a bed led to a fresh answer instead.
NOTES = {
    "bed_taken": marked("Someone has just taken that bed. This is what there is now."),
    "not_an_option": marked("That house no longer fits as things stand. This is what there is now."),
    "not_available": marked("That house is not available now. This is what there is now."),
    "money_held": marked(
        "That payer's last nights are kept for somebody else just now. Choose a house that another payer pays."
    ),
    "conflict": marked("That could not be done as things stand. This is what there is now."),
    "held_already": marked("A bed is held for this referral already. Take it back first."),
    "said_no": marked("Their no is on record. Until the house confirms its beds, call before you hold one."),
    "asked_already": marked("This house is asked already. Wait for its answer, or take the question back."),
    "offers_full": marked("Two houses are asked already. Hold a bed, wait for an answer, or take one back."),
}
CHANGED_SINCE = marked("What was answered about this young person was changed since.")
SHUT = marked(
    "More places to avoid were asked about today than one day has answers for. Houses that may be near one are shown as"
    " not available: call them, and ask whether they are."
)
RANK_AGAIN = marked("This is an answer on earlier facts, kept as it was. Rank again before you call.")
GROWS_OLD = timedelta(minutes=30)


@router.get("/")
def start(request: Request, session: DbSession, actor: Anyone, clock: Now) -> Response:
    """What waits, and the button for a new referral; house staff are led to their board, a funder to counts."""
    if actor.may(Permission.OFFER_ANSWER):
        return _see("/board")
    if actor.may(Permission.GAPS_READ) and not actor.may(Permission.DIRECTORY_READ):
        return _see("/reports")
    if actor.may(Permission.REFERRAL_READ):
        context = home.overview(session, actor, clock)
    else:
        context = {"groups": None, **home.told(session, actor, clock.now())}
    return page(request, "placements/home.html", context, actor=actor, here="home", exit_link=True)


@router.get("/referrals/{referral_id}")
def latest(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> Response:
    """The newest answer of a referral, or home where it was never ranked."""
    referrals.find(session, actor, referral_id, clock.now())
    runs = home.latest_runs(session, [referral_id])
    return _see(f"/referrals/{referral_id}/rankings/{runs[referral_id].id}" if runs else "/")


@router.get("/referrals/{referral_id}/rankings/{run_id}")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, referral_id: Ref, run_id: Ref) -> Response:
    """One answer; `note` says why a press on a bed led to it."""
    view = answer_view(session, actor, clock, referral_id, run_id)
    said = request.query_params.get("note", "")
    view["note"] = gettext(NOTES[said]) if said in NOTES else None
    return answer_page(request, actor, view)


@router.get("/referrals/{referral_id}/rankings/{run_id}/text")
def show_text(session: DbSession, actor: Reader, clock: Now, referral_id: Ref, run_id: Ref) -> Response:
    """One answer as plain text to copy: codes, never names of people."""
    return PlainTextResponse(as_text(answer_view(session, actor, clock, referral_id, run_id)))


def _see(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def answer_view(
    session: Session, actor: Actor, clock: Clock, referral_id: str, run_id: str, tried: Tried | None = None
) -> dict[str, Any]:
    """Everything that the page of an answer shows; `tried`: a press on one of its beds that was refused."""
    run, stored = runs.read_run(session, actor, referral_id, run_id, clock.now())
    referral = referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
    decision = project(stored, viewer=AGENCY, findings="all")
    holds_true = runs.stands_on(session, run_id, referral.version)
    waits = referral.status is ReferralStatus.OPEN and run.tonight == clock.tonight() and holds_true
    about = About(
        code=referral.code,
        summary=summary(referral, run.tonight) if holds_true else gettext(CHANGED_SINCE),
        tonight=run.tonight,
        now=clock.now(),
        decided_at_local=_local(run.decided_at, clock),
        run_id=run_id,
        version=referral.version,
        needed_nights=min(referral.nights_needed or HORIZON_NIGHTS, HORIZON_NIGHTS),
        siblings=bool(referral.minor.together_with),
        stale=_stale(run.decided_at, clock) if holds_true else gettext(RANK_AGAIN),
        may_rank=actor.may(Permission.RANKING_RUN),
        may_hold=actor.may(Permission.HOLD_WRITE) and waits,
        gender=referral.minor.gender,
        custody=referral.minor.custody,
        links=_links(referral_id, run_id, whole=actor.may(Permission.FINDINGS_WHOLE)),
        tried=tried,
        asks_only=_asks_only(session, referral_id, decision, clock),
        rights=rights(clock),
        asked=houses_asked(session, referral_id, clock.now()),
        outlook=outlooks.shown(session, run_id, decision),
    )
    view = ranking_view(decision, names_in(session, decision), about)
    some = exceptions.any_of(session, referral_id)
    return view | {
        "shut": gettext(SHUT) if holds_true and _shut(stored, referral) else None,
        "gaps": gaps.said(session, referral_id, clock.tonight()),
        "exceptions": f"/referrals/{referral_id}/exceptions" if some else None,
        "again": _again(session, actor, referral, clock),
        "may_end": referral.status is ReferralStatus.OPEN and actor.may(Permission.REFERRAL_WRITE),
    }


def _shut(stored: dict[str, Any], referral: ReferralRead) -> bool:
    """Whether the decision avoided houses that nobody named: see `areas`."""
    named = set(referral.minor.avoid.facilities)
    return any(
        finding["rule"] == TERRITORY and finding["have"] == "this house" and entry["facility"] not in named
        for entry in stored["excluded"]
        for finding in entry["findings"]
    )


def _again(session: Session, actor: Actor, referral: ReferralRead, clock: Clock) -> str | None:
    """Where the same young person is referred once more, if nobody looks for a bed and none is there."""
    if referral.status is ReferralStatus.OPEN or not actor.may(Permission.REFERRAL_WRITE):
        return None
    own = referral.agency_id == actor.agency_id
    free = own and against(session, referral.minor.id, clock.tonight()) is None
    return f"/referrals/{referral.id}/again" if free else None


def _asks_only(session: Session, referral_id: str, decision: dict[str, Any], clock: Clock) -> frozenset[str]:
    """Where nothing can be kept meanwhile: everywhere beside a hold, and where the present stay has a bed."""
    entries = [*decision["options"], *(entry for entry in decision["later"] if entry["bed"])]
    if holds.of_referral(session, referral_id, clock.now()) is not None:
        return frozenset(entry["facility"] for entry in entries)
    stay = moves.present(session, referral_id)
    if stay is None:
        return frozenset()
    return frozenset(entry["facility"] for entry in entries if bed_of_her_own(session, stay, entry))


def answer_page(request: Request, actor: Actor, view: dict[str, Any], status: int = 200) -> Response:
    """The page of an answer."""
    context = {"view": view}
    return page(request, "answers/ranking.html", context, actor=actor, here="home", status=status, exit_link=True)


def _links(referral_id: str, run_id: str, *, whole: bool) -> dict[str, str]:
    referral = f"/referrals/{referral_id}"
    run = f"{referral}/rankings/{run_id}"
    return {
        "change": f"{referral}/change",
        "rank": f"{referral}/rankings",
        "text": f"{run}/text",
        "answer": f"{run}/answers",
        "hold": f"{run}/holds",
        "house": f"{run}/house",
        "end": f"{referral}/end",
        "ask": f"{run}/offers",
    } | ({"whole": f"{run}/whole"} if whole else {})


def _local(at: datetime, clock: Clock) -> str:
    there = at.astimezone(clock.zone)
    return f"{words.day(there.date(), clock.tonight())}, {there:%H:%M}"


def _stale(decided_at: datetime, clock: Clock) -> str | None:
    """Beds change: an old answer says so before anything else."""
    age = clock.now() - decided_at
    if age < GROWS_OLD:
        return None
    return gettext("This answer was given %(ago)s. Beds change: rank again before you call.") % {
        "ago": words.ago(decided_at, clock.now())
    }
