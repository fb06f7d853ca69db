"""The plan for after a stay, on the stay's page: a line more or less with one press."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Clock, Now
from app.codes import Ref
from app.idempotency import OnePress
from app.referrals.pages import Sent
from app.stays import aftercare
from app.stays.aftercare_schemas import AftercareChange, AftercareItemForm
from app.stays.pages import pressed
from app.web import answers
from app.web.answers import Form, Unreadable
from app.web.translation import gettext, marked

router = APIRouter(include_in_schema=False)

Writer = Annotated[Actor, require(Permission.STAY_WRITE)]

WRONG = {
    "kind": marked("Choose what it is"),
    "with_whom": marked("Write with whom, in 200 letters at most: an organisation or a role"),
}


@router.post("/stays/{stay_id}/aftercare")
def change(request: Request, actor: Writer, clock: Now, stay_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Add a line to the plan, or take one out."""
    press, _, place = sent.one("press").partition(":")
    new, wrong = (None, {}) if press == "remove" else _line(sent)
    return pressed(
        request, actor, clock, stay_id, sent, once, wrong,
        lambda session: _change(session, actor, clock, stay_id, sent, new or place), then="#after",
    )  # fmt: skip


def _change(
    session: Session, actor: Actor, clock: Clock, stay_id: str, sent: Form, line: AftercareItemForm | str
) -> None:
    """Write the plan anew, with one line more, or without the one at a place."""
    items = aftercare.read(session, actor, stay_id, clock.now()).items
    items = [item for n, item in enumerate(items) if str(n) != line] if isinstance(line, str) else [*items, line]
    said = AftercareChange(items=items, version=sent.whole("version") or None)
    aftercare.change(session, actor, stay_id, said, None, clock.now())


def _line(sent: Form) -> tuple[AftercareItemForm | None, dict[str, str]]:
    wrong: dict[str, str] = {}
    starts_on: date | None = None
    try:
        starts_on = answers.night(sent.one("starts_on")) if sent.one("starts_on") else None
    except Unreadable as error:
        wrong["starts_on"] = str(error)
    said = {"kind": sent.one("kind"), "with_whom": sent.one("with_whom"), "starts_on": starts_on}
    try:
        line = AftercareItemForm.model_validate(said, strict=False)
    except ValidationError as error:
        wrong |= {str(e["loc"][0]): gettext(WRONG[str(e["loc"][0])]) for e in error.errors() if e["loc"][0] in WRONG}
        return None, wrong
    return (None, wrong) if wrong else (line, {})
