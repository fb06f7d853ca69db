"""The writes of the bed board: what a bed is, and that it is still true."""

from typing import Annotated

from fastapi import APIRouter, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.beds import board, confirming, service
from app.beds.schemas import BedStatusChange, BoardPut, BoardRead, ConfirmationCreate, ConfirmationRead, StatusUndo
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.facilities.rooms import read_bed
from app.facilities.schemas import BedChange, BedRead
from app.idempotency import Idempotent
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1/facilities/{facility_id}", tags=["beds"])

Reader = Annotated[Actor, require(Permission.BED_STATUS_READ)]
Writer = Annotated[Actor, require(Permission.BED_STATUS_WRITE)]
Administrator = Annotated[Actor, require(Permission.DIRECTORY_WRITE)]


@router.get("/board")
def read_board(response: Response, session: DbSession, actor: Reader, clock: Now, facility_id: Ref) -> BoardRead:
    """The house tonight: every bed, and how many are licensed, staffed, funded and taken."""
    found = board.read_board(session, actor, facility_id, clock.now(), clock.tonight())
    tag(response, found)
    return found


@router.put("/board")
def put_board(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    body: BoardPut,
    if_match: IfMatch = None,
) -> BoardRead:
    """A house's own system says every bed at once. What differs is changed, the rest confirmed; all of it, or none."""
    found = board.put_board(session, actor, facility_id, body, if_match, clock.now(), clock.tonight())
    tag(response, found)
    return found


@router.put("/beds/{bed_id}")
def replace_bed(
    response: Response,
    session: DbSession,
    actor: Administrator,
    clock: Now,
    facility_id: Ref,
    bed_id: Ref,
    change: BedChange,
    if_match: IfMatch = None,
) -> BedRead:
    """Put a bed's name and the nights on which it cannot be slept in. 409 where somebody has it on one of them."""
    bed = service.replace(session, actor, facility_id, bed_id, change, if_match, clock.now(), clock.tonight())
    tag(response, bed)
    return bed


@router.put("/beds/{bed_id}/status")
def put_status(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    bed_id: Ref,
    change: BedStatusChange,
    if_match: IfMatch = None,
) -> BedRead:
    """Set a bed open, occupied, cleaning or offline. 409 where someone changed it since you read it."""
    bed = service.set_status(session, actor, facility_id, bed_id, change, if_match, clock.now(), clock.tonight())
    tag(response, bed)
    return bed


@router.post("/beds/{bed_id}/status/undo")
def undo_status(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    bed_id: Ref,
    body: StatusUndo,
    once: Idempotent,
    if_match: IfMatch = None,
) -> BedRead:
    """Take back the last change of a bed's status, within ten minutes: everything is as it was before."""
    bed = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.undo(session, actor, facility_id, bed_id, body.version, if_match, clock.now()),
        again=lambda made: read_bed(session, actor, facility_id, made),
    )
    tag(response, bed)
    return bed


@router.post("/confirmations", status_code=status.HTTP_201_CREATED)
def confirm(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    facility_id: Ref,
    new: ConfirmationCreate,
    once: Idempotent,
) -> ConfirmationRead:
    """Nothing changed: every bed of the house is confirmed as of now."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: confirming.confirm(session, actor, facility_id, new, clock.now(), clock.tonight()),
        again=lambda made: confirming.read_confirmation(session, actor, facility_id, made, clock),
    )
