"""The coordinator's pages: home, "Find beds", and the answer with every reason. They call services, as the API does."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers import answering, runs
from app.answers.names import names_in
from app.answers.text import as_text
from app.answers.view import About, Tried, ranking_view
from app.beds import holds
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import stale_update
from app.exceptions import service as exceptions
from app.gaps import on_record as gaps
from app.placements import home, service
from app.placements.holding import bed_of_her_own, houses_asked
from app.placements.rights import rights
from app.placements.snapshot import HORIZON_NIGHTS
from app.referrals import form as reading
from app.referrals import service as referrals
from app.referrals.fitting import fitted
from app.referrals.form import Read
from app.referrals.models import ReferralStatus
from app.referrals.pages import Sent, form_page, minors_by_code, not_on_the_form, once_of
from app.referrals.schemas import ReferralChange, ReferralCreate, ReferralRead
from app.referrals.summary import summary
from app.sharing.projection import AGENCY, project
from app.stays import moves, past
from app.web import words
from app.web.answers import Form
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Actor, require(Permission.SELF)]
Writer = Annotated[Actor, require(Permission.REFERRAL_WRITE)]
Runner = Annotated[Actor, require(Permission.RANKING_RUN)]
Reader = Annotated[Actor, require(Permission.RANKING_READ)]

# Why a press on a bed led to a fresh answer instead.
NOTES = {
    "bed_taken": marked("Someone has just taken that bed. This is what there is now."),
    "not_an_option": marked("That house no longer fits as things stand. This is what there is now."),
    "not_available": marked("That house is not available now. This is what there is now."),
    "money_held": marked("The last nights of that payer are taken. This is what there is now."),
    "conflict": marked("That could not be done as things stand. This is what there is now."),
    "held_already": marked("A bed is held for this referral already. Take it back first."),
    "said_no": marked("Their no is on record. Until the house confirms its beds, call before you hold one."),
    "asked_already": marked("This house is asked already. Wait for its answer, or take the question back."),
    "offers_full": marked("Three houses are asked already. Wait for an answer, or take one back."),
}
CHANGED_SINCE = marked("What was answered about this young person was changed since.")
RANK_AGAIN = marked("This is an answer on earlier facts, kept as it was. Rank again before you call.")
GROWS_OLD = timedelta(minutes=30)
PAST_TEXTS = {
    "fund": "Choose a payer from the list",
    "not_over": "These nights end after tonight: only earlier stays belong here",
    "overlap": "These nights overlap another stay: nobody sleeps in two beds",
}


@router.get("/")
def start(request: Request, session: DbSession, actor: Anyone, clock: Now) -> Response:
    """What waits, and the button for a new referral; whoever keeps the beds of a house true is led to its board."""
    if actor.may(Permission.OFFER_ANSWER):
        return _see("/board")
    context = home.overview(session, actor, clock) if actor.may(Permission.REFERRAL_READ) else {"groups": None}
    return page(request, "placements/home.html", context, actor=actor, here="home", exit_link=True)


@router.post("/referrals")
def create(request: Request, actor: Writer, clock: Now, sent: Sent) -> Response:
    """Enter a referral and rank it: one press."""
    database = request.app.state.database
    with database.writing() as session:
        session.info["request_id"] = request.scope.get("request_id")
        found = _read(session, actor, clock, sent, None)
        once = once_of(sent)
        if (made := once.earlier(session, actor.id)) is not None:
            return _see(f"/referrals/{made}")
        new = fitted(found, ReferralCreate, {"minor": found.minor | {"approvals": []}, **found.referral})
        if new is None or sent.one("press") == "more_past":
            return form_page(request, session, actor, sent, _pressed(sent, found), None)
        referral = referrals.create_referral(session, actor, new, clock.now(), clock.tonight())
        past.add(session, actor, referral.minor.id, found.past)
        once.remember(session, actor.id, referral.id)
    return _ranked(request, actor, referral.id)


@router.post("/referrals/{referral_id}")
def change(request: Request, actor: Writer, clock: Now, referral_id: Ref, sent: Sent) -> Response:
    """Correct a referral and rank it again. Only what was changed on the form is changed."""
    database = request.app.state.database
    with database.writing() as session:
        session.info["request_id"] = request.scope.get("request_id")
        current = referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())
        version = _version(sent)
        found = _read(session, actor, clock, sent, current)
        changed = answering.difference(found, current, clock.tonight())
        change = fitted(found, ReferralChange, changed | {"version": version})
        if change is None or sent.one("press") == "more_past":
            return form_page(request, session, actor, sent, _pressed(sent, found), current, version)
        referrals.change_referral(session, actor, referral_id, change, None, clock.now(), clock.tonight())
        past.add(session, actor, current.minor.id, found.past)
    return _ranked(request, actor, referral_id)


@router.get("/referrals/{referral_id}")
def latest(session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> Response:
    """The newest answer of a referral, or home where it was never ranked."""
    referrals.find(session, actor, referral_id, clock.now())
    runs = home.latest_runs(session, [referral_id])
    return _see(f"/referrals/{referral_id}/rankings/{runs[referral_id].id}" if runs else "/")


@router.post("/referrals/{referral_id}/rankings")
def rank(request: Request, actor: Runner, referral_id: Ref) -> Response:
    """Rank again, as things stand now."""
    return _ranked(request, actor, referral_id)


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


@router.post("/referrals/{referral_id}/rankings/{run_id}/answers")
def answer(request: Request, actor: Runner, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent) -> Response:
    """Answer the question on top and rank again; what cannot be read is asked again, in the same place."""
    database = request.app.state.database
    with database.writing() as session:
        session.info["request_id"] = request.scope.get("request_id")
        minor, wrong = answering.answered(sent.one("fact"), sent.one("answer"), clock.tonight())
        if minor is not None:
            change = ReferralChange.model_validate({"minor": minor, "version": _version(sent)})
            referrals.change_referral(session, actor, referral_id, change, None, clock.now(), clock.tonight())
    if minor is not None:
        return _ranked(request, actor, referral_id)
    if wrong is None:
        return _see(f"/referrals/{referral_id}/rankings/{run_id}")
    with database.reading() as session:
        session.info["request_id"] = request.scope.get("request_id")
        view = answer_view(session, actor, clock, referral_id, run_id)
    if view["ask"] is not None:
        view["ask"] |= {"wrong": wrong, "typed": sent.one("answer")}
    return answer_page(request, actor, view, status=422)


def _ranked(request: Request, actor: Actor, referral_id: str) -> Response:
    """Decide, store, and lead to the answer; who may refer but not rank is led home."""
    if not actor.may(Permission.RANKING_RUN):
        return _see("/")
    request_id = request.scope.get("request_id")
    decided = service.rank(request.app.state.database, actor, referral_id, request_id=request_id)
    return _see(f"/referrals/{referral_id}/rankings/{decided.run_id}")


def _see(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _version(sent: Form) -> int | None:
    """The version that the page was made from. One that no page of ours ever carried is as stale as an old one."""
    said = sent.one("version")
    if said and not re.fullmatch(r"[1-9][0-9]{0,8}", said):
        raise stale_update()
    return int(said) if said else None


def _read(session: Session, actor: Actor, clock: Clock, sent: Form, current: ReferralRead | None) -> Read:
    """The form, and whether its earlier stays can have been."""
    found = reading.read(sent, clock.tonight(), minors_by_code(session, actor, clock))
    found.errors |= not_on_the_form(session, sent)
    if not found.errors:
        minor_id = None if current is None else current.minor.id
        for at, code in past.problems(session, minor_id, found.past, clock.tonight()).items():
            found.errors[f"past_from_{found.past[at]['row']}"] = gettext(PAST_TEXTS[code])
    return found


def _pressed(sent: Form, found: Read) -> dict[str, str]:
    """Asking for one more line is no time to complain about the others."""
    return {} if sent.one("press") == "more_past" else found.errors


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
    )
    view = ranking_view(decision, names_in(session, decision), about)
    some = exceptions.any_of(session, referral_id)
    return view | {
        "gaps": gaps.said(session, referral_id, clock.tonight()),
        "exceptions": f"/referrals/{referral_id}/exceptions" if some else None,
        "may_end": referral.status is ReferralStatus.OPEN and actor.may(Permission.REFERRAL_WRITE),
    }


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
