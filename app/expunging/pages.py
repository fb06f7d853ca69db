"""`…/expungement` of a referral or a record: asking for it and deciding, on a page."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.db import DbSession
from app.entry.sign_in_pages import Typed
from app.errors import FieldError, Problem, invalid
from app.expunging import service
from app.expunging.models import ExpungeReason
from app.idempotency import OnePress
from app.referrals.through import Through, by_record, by_referral
from app.web import words
from app.web.pages import page
from app.web.translation import gettext, marked

Asker = Annotated[Actor, require(Permission.MINOR_EXPUNGE_ASK)]

REASONS = {
    ExpungeReason.COURT_ORDER: marked("A court orders it"),
    ExpungeReason.YOUNG_PERSON_ASKS: marked("The young person asks for it"),
    ExpungeReason.KEPT_LONG_ENOUGH: marked("It was kept as long as it had to be"),
    ExpungeReason.ENTERED_BY_MISTAKE: marked("It was entered by mistake"),
}


def _pages(at: str, through: Any) -> APIRouter:
    """Of the record of the young person whom `through` finds by what the address names."""
    router = APIRouter(include_in_schema=False)

    @router.get(at)
    def show(request: Request, session: DbSession, actor: Asker, clock: Now, of: Through = through) -> Response:
        """How far it is, and what may be done."""
        return _page(request, session, actor, clock, of)

    @router.post(at)
    def press(
        request: Request,
        actor: Asker,
        clock: Now,
        once: OnePress,
        press: Typed = "",
        reason: Typed = "",
        of: Through = through,
    ) -> Response:
        """Ask, agree or refuse."""
        database, refused = request.app.state.database, None

        def act(session: Session) -> str:
            now, tonight = clock.now(), clock.tonight()
            if press == "ask":
                service.ask(session, actor, of, _reason(reason), now, tonight)
            else:
                service.decide(session, actor, of, now, tonight, agree=press == "agree")
            return of.id

        try:
            once.within(database, actor.id, act, request_id=request.scope.get("request_id"))
        except Problem as problem:
            if isinstance(problem, Denied):
                raise
            refused = problem
        with database.reading() as session:
            session.info["request_id"] = request.scope.get("request_id")
            return _page(request, session, actor, clock, of, refused)

    return router


def _reason(text: str) -> ExpungeReason:
    try:
        return ExpungeReason(text)
    except ValueError:
        raise invalid([FieldError("/reason", "enum", gettext("Choose why."))]) from None


def _page(
    request: Request, session: Session, actor: Actor, clock: Clock, whose: Through, refused: Problem | None = None
) -> Response:
    now = clock.now()
    found = service.read(session, actor, whose, now)
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
        "here": whose.here,
    }
    status = 200 if refused is None else refused.status
    return page(request, "expunging/expunge.html", {"view": view}, actor=actor, here="home", status=status,
                exit_link=True)  # fmt: skip


routers = [
    _pages("/referrals/{referral_id}/expungement", Depends(by_referral)),
    _pages("/minors/{minor_id}/expungement", Depends(by_record)),
]
