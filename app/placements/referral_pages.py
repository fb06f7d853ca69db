"""What is said of a referral on its form or to the question on top: written, and ranked in the same press."""

import re
from collections.abc import Callable, Collection
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers import answering
from app.clock import Clock, Now
from app.codes import Ref
from app.errors import Problem, stale_update
from app.idempotency import Once, OnePress
from app.minors.records import own_record
from app.minors.schemas import MinorRead
from app.minors.service import read_minors
from app.placements import service
from app.placements.again import refer_again
from app.placements.pages import answer_page, answer_view
from app.referrals import form as reading
from app.referrals import service as referrals
from app.referrals.fitting import fitted, refused
from app.referrals.form import Read
from app.referrals.pages import (
    Sent,
    anew,
    changing,
    form_page,
    minors_by_code,
    not_on_the_form,
    once_more,
    recorded,
)
from app.referrals.schemas import ReferralAgain, ReferralChange, ReferralCreate, ReferralRead
from app.referrals.through import Through, by_record, by_referral
from app.stays import past
from app.web.answers import Form
from app.web.translation import gettext

router = APIRouter(include_in_schema=False)

Writer = Annotated[Actor, require(Permission.REFERRAL_WRITE)]
Runner = Annotated[Actor, require(Permission.RANKING_RUN)]

PAST_TEXTS = {
    "fund": "Choose a payer from the list",
    "not_over": "These nights end after tonight: only earlier stays belong here",
    "overlap": "These nights overlap another stay: nobody sleeps in two beds",
}


Show = Callable[[Session, dict[str, str], int], Response]
"""The page that was sent, with every answer, what is wrong by field, and the status."""
KEPT = frozenset({409, 422, 428})
"""Refusals that cost nobody an answer; what is hidden or forbidden shows nothing."""


class _AskedAgain(Exception):
    """Nothing is written: the form is shown again, with what is wrong in it or with one more line."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__()
        self.errors = errors


@router.post("/referrals")
def create(request: Request, actor: Writer, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Enter a referral and rank it: one press."""

    def act(session: Session) -> str:
        found = _read(session, actor, clock, sent, None)
        new = fitted(found, ReferralCreate, {"minor": found.minor | {"approvals": []}, **found.referral})
        if new is None or sent.one("press") == "more_past":
            raise _AskedAgain(_pressed(sent, found))
        referral = referrals.create_referral(session, actor, new, clock.now(), clock.tonight())
        past.add(session, actor, referral.minor.id, found.past)
        return referral.id

    def show(session: Session, wrong: dict[str, str], status: int) -> Response:
        return form_page(request, session, actor, sent, wrong, anew(), status=status)

    return _written(request, actor, once, act, show)


@router.post("/referrals/{referral_id}")
def change(request: Request, actor: Writer, clock: Now, referral_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Correct a referral and rank it again. Only what was changed on the form is changed."""

    def read(session: Session) -> ReferralRead:
        return referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())

    def act(session: Session) -> str:
        current = read(session)
        version = _version(sent)
        found = _read(session, actor, clock, sent, current.minor.id)
        changed = answering.difference(found, current, clock.tonight())
        change = fitted(found, ReferralChange, changed | {"version": version})
        if change is None or sent.one("press") == "more_past":
            raise _AskedAgain(_pressed(sent, found))
        referrals.change_referral(session, actor, referral_id, change, None, clock.now(), clock.tonight())
        past.add(session, actor, current.minor.id, found.past)
        return referral_id

    def show(session: Session, wrong: dict[str, str], status: int) -> Response:
        return form_page(
            request, session, actor, sent, wrong, changing(read(session), sent.one("version")), status=status
        )

    return _written(request, actor, once, act, show)


@router.post("/referrals/{referral_id}/again")
def again(request: Request, actor: Writer, clock: Now, referral_id: Ref, sent: Sent, once: OnePress) -> Response:
    """A new referral for the same young person; what was changed on the form corrects the record."""

    def read(session: Session) -> ReferralRead:
        return referrals.read_referral(session, actor, referral_id, clock.now(), clock.tonight())

    def act(session: Session) -> str:
        before = read(session)
        return _refer(session, actor, clock, sent, by_referral(referral_id), before.minor)

    def show(session: Session, wrong: dict[str, str], status: int) -> Response:
        return form_page(request, session, actor, sent, wrong, once_more(read(session)), status=status)

    return _written(request, actor, once, act, show)


@router.post("/minors/{minor_id}/referral")
def of_record(request: Request, actor: Writer, clock: Now, minor_id: Ref, sent: Sent, once: OnePress) -> Response:
    """A referral of the young person of a record; what was typed corrects it."""

    def act(session: Session) -> str:
        row = own_record(session, actor, minor_id, clock.now(), "referral.again")
        return _refer(session, actor, clock, sent, by_record(minor_id), read_minors(session, [row])[minor_id])

    def show(session: Session, wrong: dict[str, str], status: int) -> Response:
        own_record(session, actor, minor_id, clock.now(), "referral.again")
        return form_page(request, session, actor, sent, wrong, recorded(minor_id), status=status)

    return _written(request, actor, once, act, show)


def _refer(session: Session, actor: Actor, clock: Clock, sent: Form, through: Through, known: MinorRead) -> str:
    """A referral of somebody who is known; its id."""
    found = _read(session, actor, clock, sent, known.id)
    minor = answering.minor_difference(found, known, clock.tonight())
    if known.approvals is None:
        minor["approvals"] = []
    new = fitted(found, ReferralAgain, {"minor": minor, **found.referral})
    if new is None or sent.one("press") == "more_past":
        raise _AskedAgain(_pressed(sent, found))
    referral = refer_again(session, actor, through, new, clock.now(), clock.tonight())
    past.add(session, actor, referral.minor.id, found.past)
    return referral.id


@router.post("/referrals/{referral_id}/rankings")
def rank(request: Request, actor: Runner, referral_id: Ref, once: OnePress) -> Response:
    """Rank again, as things stand now."""
    return _ranked(request, actor, referral_id, once)


@router.post("/referrals/{referral_id}/rankings/{run_id}/answers")
def answer(
    request: Request, actor: Runner, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Answer the question on top and rank again; what cannot be read is asked again, in the same place."""
    minor, wrong = answering.answered(sent.one("fact"), sent.one("answer"), clock.tonight())
    if minor is None and wrong is None:
        return _see(f"/referrals/{referral_id}/rankings/{run_id}")

    def act(session: Session) -> str:
        if wrong is not None:
            raise _AskedAgain({"": wrong})
        said = ReferralChange.model_validate({"minor": minor, "version": _version(sent)})
        now, tonight = clock.now(), clock.tonight()
        return referrals.change_referral(session, actor, referral_id, said, None, now, tonight).id

    def show(session: Session, wrong: dict[str, str], status: int) -> Response:
        view = answer_view(session, actor, clock, referral_id, run_id)
        if view["ask"] is not None:
            view["ask"] |= {"wrong": " ".join(wrong.values()), "typed": sent.one("answer")}
        return answer_page(request, actor, view, status=status)

    # What was changed meanwhile may have answered this question: then another page is needed, not this box again.
    return _written(request, actor, once, act, show, KEPT - {409, 428})


def _written(
    request: Request,
    actor: Actor,
    once: Once,
    act: Callable[[Session], str],
    show: Show,
    kept: Collection[int] = KEPT,
) -> Response:
    """Write what was said of a referral, whose id the act gives, and rank it; or show what was sent, and ask again."""
    request_id = request.scope.get("request_id")
    database = request.app.state.database
    try:
        made = once.within(database, actor.id, act, request_id=request_id)
    except _AskedAgain as again:
        wrong, status = again.errors, 422 if again.errors else 200
    except Problem as problem:
        if problem.status not in kept:
            raise
        wrong, status = refused(problem), problem.status
    else:
        return _ranked(request, actor, made, once.then("rank"))
    with database.reading() as session:
        session.info["request_id"] = request_id
        return show(session, wrong, status)


def _ranked(request: Request, actor: Actor, referral_id: str, once: Once) -> Response:
    """Decide once, store, and lead to the answer; who may refer but not rank is led home."""
    if not actor.may(Permission.RANKING_RUN):
        return _see("/")
    request_id = request.scope.get("request_id")
    run_id = service.rank_pressed(request.app.state.database, actor, referral_id, once, request_id=request_id)
    return _see(f"/referrals/{referral_id}/rankings/{run_id}")


def _see(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _version(sent: Form) -> int | None:
    """The version that the page was made from. One that no page of ours ever carried is as stale as an old one."""
    said = sent.one("version")
    if said and not re.fullmatch(r"[1-9][0-9]{0,8}", said):
        raise stale_update()
    return int(said) if said else None


def _read(session: Session, actor: Actor, clock: Clock, sent: Form, minor_id: str | None) -> Read:
    """The form, and whether its earlier stays can have been."""
    found = reading.read(sent, clock.tonight(), minors_by_code(session, actor, clock))
    found.errors |= not_on_the_form(session, sent)
    if not found.errors:
        for at, code in past.problems(session, minor_id, found.past, clock.tonight()).items():
            part = "fund" if code == "fund" else "from"
            found.errors[f"past_{part}_{found.past[at]['row']}"] = gettext(PAST_TEXTS[code])
    return found


def _pressed(sent: Form, found: Read) -> dict[str, str]:
    """Asking for one more line is no time to complain about the others."""
    return {} if sent.one("press") == "more_past" else found.errors
