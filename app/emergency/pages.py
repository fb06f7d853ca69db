"""`/emergency`: the page that opens one record for an hour, the press that gives it back, and the supervisor's page."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.emergency import service
from app.emergency.models import EmergencyReason
from app.emergency.schemas import EmergencyAsked, EmergencyRead
from app.errors import Problem
from app.idempotency import OnePress
from app.paging import Place
from app.referrals.pages import Sent
from app.web import words
from app.web.answers import Form
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Actor, require(Permission.SELF)]
Taker = Annotated[Actor, require(Permission.EMERGENCY_ACCESS)]
Reviewer = Annotated[Actor, require(Permission.EMERGENCY_REVIEW)]

MOST = 100
REASONS = {
    EmergencyReason.LIFE_IN_DANGER: marked("A life is in danger"),
    EmergencyReason.MEDICAL: marked("Medical care cannot wait"),
    EmergencyReason.MISSING: marked("The young person is missing"),
    EmergencyReason.THREAT: marked("Somebody threatens the young person"),
}
WRONG = {
    "code": marked("Write the code as R-1042"),
    "reason": marked("Choose one of the reasons"),
    "words": marked("Write at least 20 characters, without a name"),
}


@router.get("/emergency")
def ask(request: Request, actor: Taker) -> Response:
    """Whose, and why? Nothing is shown before it is said."""
    return _form(request, actor, Form([]), {})


@router.post("/emergency")
def take(request: Request, actor: Taker, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Open the record for an hour."""
    try:
        asked = EmergencyAsked.model_validate({name: sent.one(name) for name in WRONG}, strict=False)
    except ValidationError as error:
        wrong = {str(found["loc"][0]) for found in error.errors()}
        return _form(request, actor, sent, {name: gettext(text) for name, text in WRONG.items() if name in wrong})
    database = request.app.state.database

    def act(session: Session) -> str:
        return service.open_record(session, actor, asked, clock.now()).id

    try:
        made = once.within(database, actor.id, act, request_id=request.scope.get("request_id"))
    except Denied:
        raise
    except Problem as problem:
        return _form(request, actor, sent, {}, problem.detail or f"{problem.title}.", problem.status)
    with database.reading() as session:
        where = service.own(session, actor, made, "emergency.open").referral_id
    return RedirectResponse(f"/referrals/{where}", status_code=303)


@router.post("/emergency/end")
def give_back(session: DbSession, actor: Anyone, clock: Now) -> Response:
    """Give back what is open: it needs no proof to see less."""
    service.give_back(session, actor, clock.now())
    return RedirectResponse("/", status_code=303)


@router.get("/emergency/reviews")
def reviews(request: Request, session: DbSession, actor: Reviewer, clock: Now) -> Response:
    """What was taken, by whom, why, and how often."""
    return _reviews(request, session, actor, clock)


@router.post("/emergency/reviews/{access_id}")
def review(request: Request, actor: Reviewer, clock: Now, access_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Justified, or not."""
    database, said = request.app.state.database, sent.one("press")

    def act(session: Session) -> str:
        return service.review(session, actor, access_id, clock.now(), justified=said == "justified").id

    if said in ("justified", "not_justified"):
        once.within(database, actor.id, act, request_id=request.scope.get("request_id"))
    return RedirectResponse("/emergency/reviews", status_code=303)


def _form(
    request: Request, actor: Actor, form: Form, errors: dict[str, str], refused: str | None = None, status: int = 200
) -> Response:
    context = {
        "form": form,
        "errors": errors,
        "refused": refused,
        "reasons": [(reason.value, gettext(text)) for reason, text in REASONS.items()],
    }
    status = 422 if errors else status
    return page(request, "emergency/ask.html", context, actor=actor, here="home", status=status, exit_link=True)


def _reviews(request: Request, session: Session, actor: Actor, clock: Clock) -> Response:
    rows, more = service.list_accesses(session, actor, Place(limit=MOST, cursor=None))
    context = {
        "rows": [_row(row, clock) for row in rows],
        "more": more is not None,
        "counts": service.counts(session, actor, clock),
    }
    return page(request, "emergency/reviews.html", context, actor=actor, here="tasks", exit_link=True)


def _row(row: EmergencyRead, clock: Clock) -> dict[str, Any]:
    now, tonight = clock.now(), clock.tonight()
    due = words.clock_time(row.review_due_at, clock.zone, tonight)
    next_ = None
    if row.justified is not None:
        stands, colour = (gettext("Justified"), "ok") if row.justified else (gettext("Not justified"), "bad")
    elif row.review_due_at <= now:
        stands, colour = gettext("Late"), "bad"
        next_ = gettext("Nobody reviewed it by %(due)s: the right is suspended until somebody does.") % {"due": due}
    else:
        stands, colour, next_ = gettext("To review"), "ask", gettext("Review it by %(due)s.") % {"due": due}
    return {
        "id": row.id,
        "code": row.code,
        "by": row.by if row.by == row.agency else f"{row.by}, {row.agency}",
        "why": gettext(REASONS[row.reason]),
        "words": row.words,
        "first": words.clock_time(row.opened_at, clock.zone, tonight),
        "until": words.clock_time(row.ended_at or row.until, clock.zone, tonight),
        "stands": stands,
        "next": next_,
        "colour": colour,
        "may_review": row.may_review,
    }
