"""The bed board on a phone: every press is saved at once, and a refusal stands on the board itself."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.access.guard import require
from app.access.policy import Permission
from app.beds import confirming
from app.beds import service as beds
from app.beds.ledger import Taken
from app.beds.schemas import MOST_STAFF, BedStatusChange, ConfirmationCreate
from app.board.view import board_view, lost_race, status_words
from app.clock import Clock, Now
from app.codes import Ref
from app.db import DbSession
from app.errors import FieldError, Problem, invalid
from app.facilities.models import Bed, BedStatus, Facility
from app.idempotency import Once, OnePress
from app.placements import offers
from app.placements.offer_pages import said_at_the_door
from app.placements.walk_in import walk_in
from app.placements.workflow import Answer
from app.referrals.pages import Sent
from app.stays import service as stays
from app.stays.schemas import DischargeCreate, WalkInCreate
from app.web.answers import OLDEST, YOUNGEST, Form, Unreadable, chosen, number, told
from app.web.pages import page
from app.web.translation import gettext

router = APIRouter(prefix="/board", include_in_schema=False)

Worker = Annotated[Actor, require(Permission.BED_STATUS_WRITE, on_shift=True)]
House = Annotated[Actor, require(Permission.OFFER_ANSWER)]
Mover = Annotated[Actor, require(Permission.STAY_WRITE)]

# The undo of a status is a press like the others.
UNDO = "undo"
BEDS_ALONE = "beds_alone"
AWAKE = "/awake_staff_tonight"


@router.get("")
def houses(request: Request, session: DbSession, actor: Worker) -> Response:
    """The actor's houses; one house straight away."""
    own = Facility.agency_id == actor.agency_id
    if actor.leads and actor.may(Permission.DIRECTORY_WRITE):
        own = or_(own, Facility.id.is_not(None))
    query = select(Facility).where(own).order_by(Facility.alias, Facility.id)
    if actor.facility_ids is not None:
        query = query.where(Facility.id.in_(actor.facility_ids))
    rows = session.scalars(query).all()
    if len(rows) == 1:
        return _see(rows[0].id)
    listed = [{"href": _path(row.id), "name": row.alias, "region": row.region} for row in rows]
    return page(request, "board/boards.html", {"houses": listed}, actor=actor, here="board")


@router.get("/{facility_id}")
def show(request: Request, session: DbSession, actor: Worker, clock: Now, facility_id: Ref) -> Response:
    """One house tonight."""
    return _board(request, session, actor, clock, facility_id)


@router.post("/{facility_id}/confirmation")
def confirm(request: Request, actor: Worker, clock: Now, facility_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Nothing changed: every bed is confirmed, and the staff awake tonight; the beds alone only where that is said."""
    typed, beds_alone = sent.one("awake"), sent.one("press") == BEDS_ALONE

    def act(session: Session) -> str:
        awake = None if beds_alone else _awake(typed)
        if awake is None and not beds_alone and not confirming.staff_said(session, facility_id, clock.tonight()):
            raise invalid([FieldError(AWAKE, "needed", gettext("Say how many workers are awake tonight"))])
        new = ConfirmationCreate(awake_staff_tonight=awake)
        return confirming.confirm(session, actor, facility_id, new, clock.now(), clock.tonight()).id

    return _done(request, actor, clock, facility_id, once, act, typed=typed)


@router.post("/{facility_id}/beds/{bed_id}")
def change(
    request: Request, actor: Worker, clock: Now, facility_id: Ref, bed_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """One bed: what it is now, or as it was before."""
    press, version = sent.one("press"), sent.whole("version")

    def act(session: Session) -> str:
        if press == UNDO:
            return beds.undo(session, actor, facility_id, bed_id, version, None, clock.now()).id
        said = _status(press, sent, clock) | {"version": version}
        new = chosen(BedStatusChange, said)
        return beds.set_status(session, actor, facility_id, bed_id, new, None, clock.now(), clock.tonight()).id

    return _done(request, actor, clock, facility_id, once, act, bed_id=bed_id, pressed=press)


@router.post("/{facility_id}/offers/{offer_id}")
def answer(
    request: Request, actor: House, clock: Now, facility_id: Ref, offer_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Yes, or no with one reason and whose no it is."""
    press, _, who = sent.one("press").partition(":")
    yes = press == "accept"
    said = {"accept": yes, "reason": None if yes else press or None, "decided_by": None if yes else who or None}

    database, request_id = request.app.state.database, request.scope.get("request_id")

    def act() -> str:
        new = chosen(Answer, said)
        return offers.answer_once(database, actor, facility_id, offer_id, new, once, request_id=request_id)[0].id

    return _tried(request, actor, clock, facility_id, lambda: once.around(database, actor.id, act))


@router.post("/{facility_id}/stays/{stay_id}")
def move(
    request: Request, actor: Mover, clock: Now, facility_id: Ref, stay_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """The young person is there, maybe since an earlier night; did not come, or leaves."""
    press = sent.one("press")

    def act(session: Session) -> str:
        if press.partition(":")[0] in ("arrived", "not_arrived"):
            return said_at_the_door(session, actor, stay_id, press, clock)
        said = {
            "reason": sent.one("reason") or None,
            "destination": press or None,
            "left_on": sent.one("left_on") or None,
        }
        left = chosen(DischargeCreate, said)
        return stays.discharge(session, actor, stay_id, left, clock.now(), clock.tonight()).id

    return _done(request, actor, clock, facility_id, once, act)


@router.post("/{facility_id}/walk-ins")
def came(request: Request, actor: Mover, clock: Now, facility_id: Ref, sent: Sent, once: OnePress) -> Response:
    """A young person is in the house already."""
    trafficking = sent.one("press")
    database, request_id = request.app.state.database, request.scope.get("request_id")

    def act() -> str:
        said = {
            "bed": sent.one("bed"),
            "trafficking": None if trafficking == "unknown" else trafficking or None,
            "gender": sent.one("gender") or None,
            "age": _age(sent),
        }
        new = chosen(WalkInCreate, said)
        return walk_in(database, actor, facility_id, new, once=once, request_id=request_id)[0].id

    return _tried(request, actor, clock, facility_id, lambda: once.around(database, actor.id, act))


def _awake(typed: str) -> int | None:
    """The workers awake tonight, or nothing said."""
    try:
        return number(typed, 0, MOST_STAFF)
    except Unreadable as error:
        raise invalid([FieldError(AWAKE, "awake", str(error))]) from None


def _age(sent: Form) -> int | None:
    """The age as the house knows it, or not at all."""
    try:
        return number(sent.one("age"), YOUNGEST, OLDEST)
    except Unreadable as error:
        raise invalid([FieldError("/age", "age", str(error))]) from None


def _status(press: str, sent: Form, clock: Clock) -> dict[str, Any]:
    """What a button of a card says of its bed."""
    status, _, who = press.partition(":")
    if status == BedStatus.OCCUPIED:
        return {"status": status, "occupant": {"trafficking": None if who == "unknown" else who or None}}
    if status == BedStatus.OFFLINE:
        days = sent.whole("days") or 0
        until = clock.tonight() + timedelta(days=min(days, 366)) if days else None
        return {"status": status, "reason": sent.one("why") or None, "offline_until": until}
    return {"status": status or None}


def _done(
    request: Request, actor: Actor, clock: Clock, facility_id: str, once: Once, act: Callable[[Session], str],
    *, bed_id: str | None = None, pressed: str = "", typed: str = "",
) -> Response:  # fmt: skip
    """Do it in a transaction, and show the board again."""
    database, request_id = request.app.state.database, request.scope.get("request_id")

    def whole() -> str:
        return once.within(database, actor.id, act, request_id=request_id)

    return _tried(request, actor, clock, facility_id, whole, bed_id=bed_id, pressed=pressed, typed=typed)


def _tried(
    request: Request, actor: Actor, clock: Clock, facility_id: str, act: Callable[[], object],
    *, bed_id: str | None = None, pressed: str = "", typed: str = "",
) -> Response:  # fmt: skip
    """Do it; what the state of things refuses is said on the board, as it stands now."""
    try:
        act()
    except Taken:
        refused = Problem("bed_taken")
    except Problem as problem:
        if isinstance(problem, Denied) or problem.status not in (409, 422):
            raise
        refused = problem
    else:
        return _see(facility_id, bed_id)
    beside = next((error.message for error in refused.errors if error.pointer == AWAKE), None)
    with request.app.state.database.reading() as session:
        if beside is not None:
            awake = {"typed": typed, "wrong": beside}
            return _board(request, session, actor, clock, facility_id, awake=awake, status=refused.status)
        if refused.code == "stale_update" and bed_id is not None and session.get(Bed, bed_id) is not None:
            said = lost_race(session, actor, bed_id, _pressed(pressed), clock)
        else:
            said = told(refused)
        bed = None if bed_id is None else session.get(Bed, bed_id)
        held = bed is not None and bed.status is BedStatus.HELD
        return _board(request, session, actor, clock, facility_id, refused=said, held=held, status=refused.status)


def _pressed(press: str) -> str:
    status = press.partition(":")[0]
    return status_words(BedStatus(status)) if status in set(BedStatus) else gettext("Undo")


def _board(
    request: Request, session: Session, actor: Actor, clock: Clock, facility_id: str,
    *, refused: str | None = None, held: bool = False, awake: Mapping[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """The page; `held`: a question stands in the way. `awake`: what was typed as the staff, and what is wrong."""
    view = board_view(session, actor, facility_id, clock)
    view |= {"refused": refused, "held": held, "awake": {**view["awake"], **(awake or {})}}
    context = {"view": view}
    return page(request, "board/board.html", context, actor=actor, here="board", status=status, exit_link=True)


def _path(facility_id: str) -> str:
    return f"/board/{quote(facility_id, safe='')}"


def _see(facility_id: str, bed_id: str | None = None) -> Response:
    mark = "" if bed_id is None else f"#{quote(bed_id, safe='')}"
    return RedirectResponse(_path(facility_id) + mark, status_code=303)
