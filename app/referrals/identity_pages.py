"""`/referrals/{referral_id}/identity`: who the young person is, on a page of its own that asks for a fresh proof."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.errors import Problem
from app.idempotency import Once, OnePress
from app.minors.identity import IdentityChange, IdentityRead
from app.referrals import identity
from app.referrals.pages import Sent
from app.web.answers import Form
from app.web.pages import next_step, page
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.IDENTITY_READ)]
Writer = Annotated[Actor, require(Permission.IDENTITY_WRITE)]

WRONG = {
    "given_names": marked("Write the names in 200 letters at most"),
    "family_name": marked("Write the name in 200 letters at most"),
    "called": marked("Write the name in 200 letters at most"),
    "aliases": marked("Write one name on each line, 20 at most, each in 200 letters at most"),
    "contact": marked("Write it in 500 letters at most"),
    "words": marked("Write it in 500 letters at most"),
}


@router.get("/referrals/{referral_id}/identity")
def show(request: Request, session: DbSession, actor: Reader, clock: Now, referral_id: Ref) -> Response:
    """What is known, in the form that changes it."""
    return shown(request, actor, _here(referral_id), identity.read(session, actor, referral_id, clock.now()))


@router.post("/referrals/{referral_id}/identity")
def change(request: Request, actor: Writer, clock: Now, referral_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Keep what was typed, as a whole."""
    now = clock.now()

    def write(session: Session, new: IdentityChange) -> object:
        return identity.write(session, actor, referral_id, new, None, now)

    return kept(request, actor, _here(referral_id), sent, once, write)


def shown(request: Request, actor: Actor, here: str, found: IdentityRead) -> Response:
    """The form with what is known, at the address of the record."""
    return _page(request, actor, here, _typed(found))


def kept(
    request: Request,
    actor: Actor,
    here: str,
    sent: Form,
    once: Once,
    write: Callable[[Session, IdentityChange], object],
) -> Response:
    """Write what was sent and load the page again, or say what is wrong with what was typed kept."""
    try:
        new = IdentityChange.model_validate(_said(sent))
    except ValidationError as error:
        wrong = {str(e["loc"][0]): gettext(WRONG[str(e["loc"][0])]) for e in error.errors() if e["loc"][0] in WRONG}
        return _page(request, actor, here, dict(sent_fields(sent)), wrong=wrong, status=422)
    try:
        once.within(
            request.app.state.database,
            actor.id,
            lambda session: (write(session, new), here.rpartition("/")[2])[1],
            request_id=request.scope.get("request_id"),
        )
    except Problem as problem:
        if isinstance(problem, Denied) or problem.status not in {409, 428}:
            raise
        said = {"": next_step("stale_update", problem.fix)}
        return _page(request, actor, here, dict(sent_fields(sent)), wrong=said, status=problem.status)
    return RedirectResponse(f"{here}/identity", status_code=303)


def _here(referral_id: str) -> str:
    return f"/referrals/{quote(referral_id, safe='')}"


def sent_fields(sent: Form) -> dict[str, str]:
    """What was typed, to be shown again."""
    return {name: sent.one(name) for name in (*WRONG, "version")}


def _said(sent: Form) -> dict[str, Any]:
    """The form as a body: an empty field is not known, and each line of the aliases is one."""
    typed = {name: sent.one(name) for name in WRONG}
    lines = [line.strip() for line in typed.pop("aliases").splitlines()]
    said: dict[str, Any] = {name: text.replace("\r\n", "\n").strip() or None for name, text in typed.items()}
    said |= {"aliases": [line for line in lines if line]}
    return said | {"version": sent.whole("version")}


def _typed(found: IdentityRead) -> dict[str, str]:
    known = found.model_dump()
    typed = {name: known[name] or "" for name in WRONG if name != "aliases"}
    return typed | {"aliases": "\n".join(found.aliases), "version": str(found.version or "")}


def _page(
    request: Request,
    actor: Actor,
    here: str,
    typed: dict[str, str],
    *,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    context = {"back": here, "typed": typed, "wrong": wrong or {}}
    return page(request, "referrals/identity.html", context, actor=actor, here="home", status=status, exit_link=True)
