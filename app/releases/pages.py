"""Papers by a referral or a record: what is shared with whom, another paper, and the end of one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref, place_of
from app.db import DbSession
from app.errors import Problem
from app.idempotency import Once, OnePress
from app.referrals.pages import Sent
from app.referrals.through import Through, by_record, by_referral
from app.releases import laws, service
from app.releases.schemas import LegalBasisCreate, ReleaseCreate
from app.releases.view import DAYS, PAPERS, Pressed, releases_view
from app.sharing.models import LoneConsent
from app.web.answers import Form
from app.web.pages import page
from app.web.translation import gettext, marked

Reader = Annotated[Actor, require(Permission.RELEASE_READ)]
Writer = Annotated[Actor, require(Permission.RELEASE_WRITE)]

WRONG = {
    "recipient": marked("Choose the agency"),
    "purpose": marked("Choose what it is needed for"),
    "items": marked("Choose at least one"),
    "law": marked("Choose by which law"),
    "reference": marked("Write the number of the order or file, and no name"),
    "agreement": marked("Choose the agreement, or a law or an order"),
    "minor": marked("Mark who signed: the young person signs in any case"),
    "signers": marked("Choose one of the answers"),
    "explained": marked("Explain it to the young person first"),
    "valid_until": marked("Choose for how long"),
    "given": marked("Choose one of the answers"),
}
FIELDS = {"items": "item", "valid_until": "days"}
"""What the form calls otherwise than the API: a template would take `items` for the method."""
SAID = {"yes": True, "no": False}


def _papers(papers: str, through: Any) -> APIRouter:
    """Signed papers of the young person whom `through` finds by what the address names."""
    router = APIRouter(include_in_schema=False)

    @router.get(papers)
    def show(request: Request, session: DbSession, actor: Reader, clock: Now, of: Through = through) -> Response:
        """Every release of the young person, and the form for another."""
        return _page(request, session, actor, clock, of)

    @router.post(papers)
    def add(request: Request, actor: Writer, clock: Now, sent: Sent, once: OnePress, of: Through = through) -> Response:
        """Put a signed paper on record."""
        with request.app.state.database.reading() as session:
            body, wrong = _read(session, sent, clock)
        if body is None:
            return _again(request, actor, clock, of, Pressed(sent, None, wrong))

        def act(session: Session) -> str:
            return service.add(session, actor, of, body, clock.now()).id

        return _pressed(request, actor, clock, of, sent, once, act)

    @router.post(f"{papers}/{{release_id}}/withdrawal")
    def withdraw(
        request: Request,
        actor: Writer,
        clock: Now,
        release_id: Ref,
        sent: Sent,
        once: OnePress,
        of: Through = through,
    ) -> Response:
        """Take one back: one press, at once."""

        def act(session: Session) -> str:
            return service.withdraw(session, actor, of, release_id, clock.now()).id

        return _pressed(request, actor, clock, of, sent, once, act)

    return router


def _laws(prefix: str, through: Any) -> APIRouter:
    """The same of laws and orders that take the place of a paper."""
    router = APIRouter(include_in_schema=False)

    @router.post(f"{prefix}/legal-bases")
    def add_law(
        request: Request, actor: Writer, clock: Now, sent: Sent, once: OnePress, of: Through = through
    ) -> Response:
        """Put on record by which law or order something is shared."""
        body, wrong = _read_law(sent, clock)
        if body is None:
            return _again(request, actor, clock, of, Pressed(sent, None, wrong))

        def act(session: Session) -> str:
            return laws.add(session, actor, of, body, clock.now()).id

        return _pressed(request, actor, clock, of, sent, once, act, "law_")

    @router.post(f"{prefix}/legal-bases/{{basis_id}}/end")
    def end_law(
        request: Request,
        actor: Writer,
        clock: Now,
        basis_id: Ref,
        sent: Sent,
        once: OnePress,
        of: Through = through,
    ) -> Response:
        """It holds no more: one press, at once."""

        def act(session: Session) -> str:
            return laws.end(session, actor, of, basis_id, clock.now()).id

        return _pressed(request, actor, clock, of, sent, once, act)

    return router


def _pressed(
    request: Request, actor: Actor, clock: Clock, whose: Through, sent: Form, once: Once,
    act: Callable[[Session], str], of: str = "",
) -> Response:  # fmt: skip
    """Do it and load the page again; `of`: what the fields of this form begin with."""
    try:
        once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    except Problem as problem:
        if isinstance(problem, Denied):
            raise
        wrong = {_field(error.pointer.strip("/").split("/")[0], of): error.message for error in problem.errors}
        said = None if wrong else problem
        return _again(request, actor, clock, whose, Pressed(sent, said, wrong), problem.status)
    return RedirectResponse(f"{whose.here}/{PAPERS[whose.kind]}", status_code=303)


def _again(
    request: Request, actor: Actor, clock: Clock, whose: Through, pressed: Pressed, status: int = 422
) -> Response:
    with request.app.state.database.reading() as session:
        session.info["request_id"] = request.scope.get("request_id")
        return _page(request, session, actor, clock, whose, pressed, status)


def _page(
    request: Request, session: Session, actor: Actor, clock: Clock, whose: Through,
    pressed: Pressed | None = None, status: int = 200,
) -> Response:  # fmt: skip
    view = releases_view(session, actor, clock, whose, pressed)
    return page(
        request, "releases/releases.html", {"view": view}, actor=actor, here="home", status=status, exit_link=True
    )


def _read(session: Session, sent: Form, clock: Clock) -> tuple[ReleaseCreate | None, dict[str, str]]:
    """The paper as the form put it; or what is wrong at which field."""
    law = session.get(LoneConsent, sent.one("alone")) if not sent.one("second") else None
    signers: list[dict[str, Any]] = [{"relation": "minor"}] if sent.one("minor") else []
    if sent.one("second"):
        signers.append({"relation": sent.one("second"), "abuser": SAID.get(sent.one("abuser"))})
    said = {
        "recipient": sent.one("recipient"),
        "purpose": sent.one("purpose"),
        "items": sent.many("item"),
        "signers": signers,
        "alone_service": None if law is None else law.service,
        "alone_state": None if law is None else law.state,
        "given": "written",
        "explained": bool(sent.one("explained")),
        "valid_until": _until(sent, clock),
    }
    missing = {name for name in ("explained", "minor") if not sent.one(name)}
    try:
        body = ReleaseCreate.model_validate(said, strict=False)
    except ValidationError as error:
        missing |= {str(found["loc"][0]) for found in error.errors() if found["loc"]}
    else:
        if not missing:
            return body, {}
    return None, _said_wrong(missing)


def _read_law(sent: Form, clock: Clock) -> tuple[LegalBasisCreate | None, dict[str, str]]:
    """The law or order as the form put it; or what is wrong at which field."""
    said = {
        "recipient": sent.one("recipient"),
        "law": sent.one("law"),
        "reference": sent.one("reference") or None,
        "agreement": sent.one("agreement") or None,
        "items": sent.many("item"),
        "valid_until": _until(sent, clock),
    }
    try:
        return LegalBasisCreate.model_validate(said, strict=False), {}
    except ValidationError as error:
        missing = set() if said["reference"] or said["agreement"] else {"reference"}
        return None, _said_wrong(missing | {str(place_of(found)[0]) for found in error.errors()}, "law_")


def _until(sent: Form, clock: Clock) -> datetime | None:
    """The end of what is put on record; None where none of the choices was made."""
    days = sent.whole("days")
    return clock.now() + timedelta(days=days) if days in DAYS else None


def _said_wrong(names: set[str], of: str = "") -> dict[str, str]:
    """What is wrong, by the field of the form."""
    return {_field(name, of): gettext(text) for name, text in WRONG.items() if name in names}


def _field(name: str, of: str) -> str:
    return of + FIELDS.get(name, name)


routers = [
    _papers("/referrals/{referral_id}/releases", Depends(by_referral)),
    _laws("/referrals/{referral_id}", Depends(by_referral)),
    _papers("/minors/{minor_id}/papers", Depends(by_record)),
    _laws("/minors/{minor_id}", Depends(by_record)),
]
