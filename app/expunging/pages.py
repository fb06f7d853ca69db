"""`/referrals/{referral_id}/expungement`: asking for it and deciding, on a page."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.entry.sign_in_pages import Typed
from app.errors import FieldError, Problem, invalid
from app.expunging import service
from app.expunging.models import ExpungeReason
from app.idempotency import OnePress
from app.web import words
from app.web.pages import page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Asker = Annotated[Actor, require(Permission.MINOR_EXPUNGE_ASK)]

REASONS = {
    ExpungeReason.COURT_ORDER: marked("A court orders it"),
    ExpungeReason.YOUNG_PERSON_ASKS: marked("The young person asks for it"),
    ExpungeReason.KEPT_LONG_ENOUGH: marked("It was kept as long as it had to be"),
    ExpungeReason.ENTERED_BY_MISTAKE: marked("It was entered by mistake"),
}


@router.get("/referrals/{referral_id}/expungement")
def show(request: Request, session: DbSession, actor: Asker, clock: Now, referral_id: Ref) -> Response:
    """How far it is, and what may be done."""
    return _page(request, session, actor, clock, referral_id)


@router.post("/referrals/{referral_id}/expungement")
def press(
    request: Request, actor: Asker, clock: Now, once: OnePress, referral_id: Ref, press: Typed = "", reason: Typed = ""
) -> Response:
    """Ask, agree or refuse."""
    database, refused = request.app.state.database, None

    def act(session: Session) -> str:
        now, tonight = clock.now(), clock.tonight()
        if press == "ask":
            service.ask(session, actor, referral_id, _reason(reason), now, tonight)
        else:
            service.decide(session, actor, referral_id, now, tonight, agree=press == "agree")
        return referral_id

    try:
        once.within(database, actor.id, act, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        refused = problem
    with database.reading() as session:
        session.info["request_id"] = request.scope.get("request_id")
        return _page(request, session, actor, clock, referral_id, refused)


def _reason(text: str) -> ExpungeReason:
    try:
        return ExpungeReason(text)
    except ValueError:
        raise invalid([FieldError("/reason", "enum", gettext("Choose why."))]) from None


def _page(
    request: Request, session: Session, actor: Actor, clock: Clock, referral_id: str, refused: Problem | None = None
) -> Response:
    now = clock.now()
    found = service.read(session, actor, referral_id, now)
    said = [] if refused is None else [e.message for e in refused.errors] or [refused.detail or refused.title]
    view = {
        "state": found.state.value,
        "why": None if found.reason is None else gettext(REASONS[found.reason]),
        "asked": None if found.asked_at is None else words.ago(found.asked_at, now),
        "done": None if found.decided_at is None else words.ago(found.decided_at, now),
        "mine": found.asked_by_you,
        "may_decide": actor.may(Permission.MINOR_EXPUNGE_DECIDE),
        "reasons": [(reason.value, gettext(text)) for reason, text in REASONS.items()],
        "said": " ".join(said),
        "referral": referral_id,
    }
    status = 200 if refused is None else refused.status
    return page(request, "expunging/expunge.html", {"view": view}, actor=actor, here="home", status=status,
                exit_link=True)  # fmt: skip
