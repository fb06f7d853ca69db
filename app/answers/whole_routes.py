"""The whole decision, by the API and on a page. The reason comes in the body: nothing typed stands in an address."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.answers import whole
from app.answers.models import WholeReason
from app.answers.schemas import DecisionRead
from app.answers.whole import WholeAsked
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.referrals.pages import Sent
from app.web import words
from app.web.answers import Form
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(tags=["rankings"])

Supervisor = Annotated[Actor, require(Permission.FINDINGS_WHOLE)]


@router.post("/v1/referrals/{referral_id}/rankings/{run_id}/whole-views", response_model=DecisionRead)
def view(session: DbSession, actor: Supervisor, clock: Now, referral_id: Ref, run_id: Ref, asked: WholeAsked) -> Any:
    """The decision with the findings about other people: for a supervisor who is signed in, each view on record."""
    return JSONResponse(whole.view(session, actor, referral_id, run_id, asked, clock.now()))


@router.get("/referrals/{referral_id}/rankings/{run_id}/whole", include_in_schema=False)
def ask(request: Request, session: DbSession, actor: Supervisor, clock: Now, referral_id: Ref, run_id: Ref) -> Response:
    """Why? Nothing is shown before it is said."""
    code = whole.find(session, actor, referral_id, run_id, clock.now())
    return _page(request, actor, code, Form([]), {})


@router.post("/referrals/{referral_id}/rankings/{run_id}/whole", include_in_schema=False)
def show(
    request: Request, session: DbSession, actor: Supervisor, clock: Now, referral_id: Ref, run_id: Ref, sent: Sent
) -> Response:
    """The whole decision, once and for this reason."""
    code = whole.find(session, actor, referral_id, run_id, clock.now())
    try:
        asked = WholeAsked.model_validate({"reason": sent.one("reason"), "words": sent.one("words")})
    except ValidationError as error:
        texts = {
            "reason": gettext("Choose one of the reasons"),
            "words": gettext("Write at least 20 characters, on one or more lines"),
        }
        wrong = {str(found["loc"][0]) for found in error.errors()}
        return _page(request, actor, code, sent, {name: text for name, text in texts.items() if name in wrong})
    decision = whole.view(session, actor, referral_id, run_id, asked, clock.now())
    return _page(request, actor, code, sent, {}, whole.as_lists(session, decision))


def _page(
    request: Request, actor: Actor, code: str, form: Form, errors: dict[str, str], lists: list[Any] | None = None
) -> Response:
    context = {
        "code": code,
        "form": form,
        "errors": errors,
        "lists": lists,
        "action": request.url.path,
        "reasons": [(reason.value, words.said(words.WHOLE_REASONS, reason)) for reason in WholeReason],
    }
    status = 422 if errors else 200
    return page(request, "answers/whole.html", context, actor=actor, here="home", status=status, exit_link=True)
