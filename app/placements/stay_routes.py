"""Where a stay meets the matcher: a young person who walked in, and the next placement."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.codes import Ref, address
from app.idempotency import REPLAYED, Idempotent
from app.placements import at_the_door, next_placement
from app.placements.walk_in import walk_in
from app.stays.routes import Move
from app.stays.schemas import ArrivalCreate, NextCreate, NextRead, StayRead, WalkInCreate, WalkInRead

router = APIRouter(prefix="/v1", tags=["stays"])

Writer = Annotated[Actor, require(Permission.STAY_WRITE)]
_TONIGHT = ArrivalCreate()
Asker = Annotated[Actor, require(Permission.NEXT_ASK)]


@router.post("/facilities/{facility_id}/walk-ins", status_code=status.HTTP_201_CREATED)
def record_walk_in(
    request: Request, response: Response, actor: Writer, facility_id: Ref, new: WalkInCreate, once: Idempotent
) -> WalkInRead:
    """A young person who is in the house already: a bed tonight that nobody pays yet, judged after."""
    database, request_id = request.app.state.database, request.scope.get("request_id")
    made, replayed = walk_in(database, actor, facility_id, new, once=once, request_id=request_id)
    if replayed:
        response.headers[REPLAYED] = "true"
    response.headers["Location"] = address("stays", made.id)
    return made


@router.post("/stays/{stay_id}/arrival")
def arrive(move: Move, stay_id: Ref, body: ArrivalCreate = _TONIGHT) -> StayRead:
    """The young person is there. Where a rule stands against the house by now, its people and the agency's are told."""
    return move(partial(at_the_door.arrive, on=body.on), stay_id)


@router.post("/stays/{stay_id}/next", status_code=status.HTTP_201_CREATED)
def ask_next(
    request: Request,
    response: Response,
    actor: Asker,
    stay_id: Ref,
    body: NextCreate,
    once: Idempotent,
) -> NextRead:
    """Refer on, and rank: from the first night that is not arranged, or tonight. A house does so for its walk-ins."""
    asked = next_placement.ask(
        request.app.state.database, actor, stay_id, body, once=once, request_id=request.scope.get("request_id")
    )
    if asked.replayed:
        response.headers[REPLAYED] = "true"
    response.headers["Location"] = address("referrals", asked.referral_id)
    return NextRead(referral_id=asked.referral_id, run_id=asked.run_id)
