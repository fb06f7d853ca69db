"""`/v1/stays`: arriving, leaving, another bed, more nights, nights away, and corrections of the past."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.beds.ledger import NOBODY, Payer, nights
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.idempotency import Idempotent
from app.paging import PageOf, whole
from app.stays import absences, aftercare, movements
from app.stays import service as stays
from app.stays.aftercare_schemas import AftercareChange, AftercareRead
from app.stays.rooms import Rooms
from app.stays.schemas import (
    AbsenceCreate,
    CapWarningRead,
    CorrectionCreate,
    DischargeCreate,
    ExtensionCreate,
    ReturnCreate,
    StayRead,
    TransferCreate,
)
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1", tags=["stays"])

Reader = Annotated[Actor, require(Permission.STAY_READ)]
Writer = Annotated[Actor, require(Permission.STAY_WRITE)]
Supervisor = Annotated[Actor, require(Permission.PAYER_CORRECT)]


@dataclass(frozen=True, slots=True)
class _Move:
    """Who moves somebody, and the key it came with: sent twice it moves once, and the stay is read as it stands."""

    response: Response
    session: DbSession
    actor: Writer
    clock: Now
    once: Idempotent

    def __call__(self, act: Callable[..., StayRead], stay_id: str, *said: Any) -> StayRead:
        """Do it, or read what it made."""
        now, tonight = self.clock.now(), self.clock.tonight()
        return self.once.make(
            self.response,
            self.session,
            self.actor.id,
            act=lambda: act(self.session, self.actor, stay_id, *said, now, tonight),
            again=lambda made: stays.read_stay(self.session, self.actor, made, now),
        )


Move = Annotated[_Move, Depends()]


@router.get("/facilities/{facility_id}/stays")
def list_stays(session: DbSession, actor: Reader, clock: Now, facility_id: Ref) -> PageOf[StayRead]:
    """Who lives in a house tonight or will, by codes, for those who work there."""
    return whole(stays.list_stays(session, actor, facility_id, clock.now(), clock.tonight()))


@router.get("/stays/{stay_id}")
def read_stay(session: DbSession, actor: Reader, clock: Now, stay_id: Ref) -> StayRead:
    """One stay."""
    return stays.read_stay(session, actor, stay_id, clock.now())


@router.get("/stays/{stay_id}/warnings")
def list_warnings(session: DbSession, actor: Reader, clock: Now, stay_id: Ref) -> PageOf[CapWarningRead]:
    """The warnings that were given before nights that nobody pays, the newest first."""
    return whole(stays.list_warnings(session, actor, stay_id, clock.now()))


@router.post("/stays/{stay_id}/no-arrival")
def not_arrived(move: Move, stay_id: Ref) -> StayRead:
    """The young person did not come: the bed is free and the referral waits again."""
    return move(stays.not_arrived, stay_id)


@router.post("/stays/{stay_id}/discharge")
def discharge(move: Move, stay_id: Ref, body: DischargeCreate) -> StayRead:
    """The young person leaves; the bed goes through cleaning."""
    return move(stays.discharge, stay_id, body)


@router.post("/stays/{stay_id}/transfer")
def transfer(move: Move, stay_id: Ref, body: TransferCreate, rooms: Rooms) -> StayRead:
    """Another bed of the same house, from tonight on, in a room that suits beside whoever sleeps there."""
    return move(partial(movements.move_to_bed, rooms=rooms), stay_id, body)


@router.post("/stays/{stay_id}/extension")
def extend(move: Move, stay_id: Ref, body: ExtensionCreate, rooms: Rooms) -> StayRead:
    """More nights in the same bed, beside whoever is to come to that room."""
    return move(partial(movements.extend, rooms=rooms), stay_id, body)


@router.get("/stays/{stay_id}/aftercare")
def read_aftercare(response: Response, session: DbSession, actor: Reader, clock: Now, stay_id: Ref) -> AftercareRead:
    """The plan for after a stay, and its follow-ups, for the agency that placed."""
    plan = aftercare.read(session, actor, stay_id, clock.now())
    tag(response, plan)
    return plan


@router.put("/stays/{stay_id}/aftercare")
def write_aftercare(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    stay_id: Ref,
    body: AftercareChange,
    if_match: IfMatch = None,
) -> AftercareRead:
    """Write the plan anew: what, with whom, from when."""
    plan = aftercare.change(session, actor, stay_id, body, if_match, clock.now())
    tag(response, plan)
    return plan


@router.post("/stays/{stay_id}/absences")
def away(move: Move, stay_id: Ref, body: AbsenceCreate) -> StayRead:
    """Nights slept elsewhere, and what becomes of the bed."""
    return move(absences.away, stay_id, body)


@router.post("/stays/{stay_id}/return")
def back(move: Move, stay_id: Ref, body: ReturnCreate) -> StayRead:
    """Back before the nights away were to end: a bed that was kept is paid again from then on."""
    return move(absences.back, stay_id, body)


@router.post("/stays/{stay_id}/corrections")
def correct(move: Move, _: Supervisor, stay_id: Ref, body: CorrectionCreate) -> StayRead:
    """Put right who paid past nights: a supervisor of who placed or of the house, signed in. The history stays."""
    payer = NOBODY if body.fund is None else Payer(body.fund)
    wanted = dict.fromkeys(nights(body.first, body.until), payer)
    return move(partial(movements.correct, version=body.version), stay_id, wanted, body.reason)
