"""Moving whoever stays, by forms on the stay's page: nights away and back, another bed of the house, more nights."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.beds.ledger import NIGHT, NOBODY, Payer, nights
from app.clock import Now
from app.codes import Ref
from app.idempotency import OnePress
from app.referrals.pages import Sent
from app.stays import absences, movements
from app.stays.pages import pressed
from app.stays.rooms import Rooms
from app.stays.schemas import AbsenceCreate, CorrectionCreate, ExtensionCreate, ReturnCreate, TransferCreate
from app.web import answers
from app.web.answers import Form, Unreadable, chosen
from app.web.translation import gettext

router = APIRouter(prefix="/stays/{stay_id}", include_in_schema=False)

Writer = Annotated[Actor, require(Permission.STAY_WRITE)]

Supervisor = Annotated[Actor, require(Permission.PAYER_CORRECT)]

NOBODY_PAID = "nobody"
BEDS = {"paid": (True, True), "kept": (True, False), "given": (False, False)}
"""What becomes of the bed: whether it is kept, and whether its payers pay it meanwhile."""


@router.post("/away")
def away(request: Request, actor: Writer, clock: Now, stay_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Nights slept elsewhere, from tonight on where no first night is said."""
    now, tonight = clock.now(), clock.tonight()
    wrong: dict[str, str] = {}
    first, until = _night(sent, "first", wrong) or tonight, _night(sent, "back_on", wrong)
    if until is None and not wrong:
        wrong["back_on"] = gettext("Write from which night on the young person is back")
    elif until is not None and until <= first and not wrong:
        wrong["back_on"] = gettext("The night of the return comes after the first night away")
    keep, paid = BEDS.get(sent.one("press"), (None, None))
    note = sent.one("note") or None
    said = {
        "first": first,
        "until": until,
        "note": note,
        "keep_bed": keep,
        "paid": paid,
        "version": sent.whole("version"),
    }
    return pressed(
        request, actor, clock, stay_id, sent, once, wrong,
        lambda session: absences.away(session, actor, stay_id, chosen(AbsenceCreate, said), now, tonight),
        dates={"/first": "first", "/until": "back_on", "/note": "note"},
    )  # fmt: skip


@router.post("/back")
def back(request: Request, actor: Writer, clock: Now, stay_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Back sooner: tonight, or on the night that is said."""
    now, tonight = clock.now(), clock.tonight()
    wrong: dict[str, str] = {}
    said = {"on": _night(sent, "on", wrong), "version": sent.whole("version")}
    return pressed(
        request, actor, clock, stay_id, sent, once, wrong,
        lambda session: absences.back(session, actor, stay_id, chosen(ReturnCreate, said), now, tonight),
        dates={"/on": "on"},
    )  # fmt: skip


@router.post("/bed")
def bed(
    request: Request, actor: Writer, clock: Now, stay_id: Ref, sent: Sent, once: OnePress, rooms: Rooms
) -> Response:
    """Another bed of the house; the way back for who gave one up."""
    now, tonight = clock.now(), clock.tonight()
    said = {"bed": sent.one("bed") or None, "version": sent.whole("version")}
    return pressed(
        request, actor, clock, stay_id, sent, once, {},
        lambda session: movements.move_to_bed(
            session, actor, stay_id, chosen(TransferCreate, said), now, tonight, rooms=rooms
        ),
    )  # fmt: skip


@router.post("/longer")
def longer(
    request: Request, actor: Writer, clock: Now, stay_id: Ref, sent: Sent, once: OnePress, rooms: Rooms
) -> Response:
    """More nights in the same bed that nobody pays yet."""
    now, tonight = clock.now(), clock.tonight()
    wrong: dict[str, str] = {}
    until = _night(sent, "until", wrong)
    if until is None and not wrong:
        wrong["until"] = gettext("Write the day of leaving: the first night that is not needed")
    said = {"until": until, "reason": sent.one("why") or None, "version": sent.whole("version")}
    return pressed(
        request, actor, clock, stay_id, sent, once, wrong,
        lambda session: movements.extend(
            session, actor, stay_id, chosen(ExtensionCreate, said), now, tonight, rooms=rooms
        ),
        dates={"/until": "until"},
    )  # fmt: skip


@router.post("/payers")
def correct(request: Request, actor: Supervisor, clock: Now, stay_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Who really paid nights that are over, and how that is known."""
    now, tonight = clock.now(), clock.tonight()
    wrong: dict[str, str] = {}
    first, last = _night(sent, "paid_from", wrong), _night(sent, "paid_through", wrong)
    for name, night in (("paid_from", first), ("paid_through", last)):
        if night is None and name not in wrong:
            wrong[name] = gettext("Write the night")
    if not wrong and first is not None and last is not None and last < first:
        wrong["paid_through"] = gettext("The last night comes after the first")
    fund, why = sent.one("fund"), sent.one("because")
    if not fund:
        wrong["fund"] = gettext("Choose who paid, or nobody")
    if not why:
        wrong["because"] = gettext("Write how that is known")
    until = None if last is None else last + NIGHT
    said = {"first": first, "until": until, "fund": None if fund == NOBODY_PAID else fund, "reason": why}

    def act(session: Session) -> object:
        body = chosen(CorrectionCreate, said | {"version": sent.whole("version")})
        payers = dict.fromkeys(nights(body.first, body.until), NOBODY if body.fund is None else Payer(body.fund))
        return movements.correct(session, actor, stay_id, payers, body.reason, now, tonight, version=body.version)

    reach = {"/from": "paid_from", "/first": "paid_from", "/until": "paid_through"}
    return pressed(request, actor, clock, stay_id, sent, once, wrong, act, dates=reach)


def _night(sent: Form, name: str, wrong: dict[str, str]) -> date | None:
    """The night of a field; None where nothing is written, or what is cannot be read, which is said."""
    try:
        return answers.night(sent.one(name)) if sent.one(name) else None
    except Unreadable as error:
        wrong[name] = str(error)
        return None
