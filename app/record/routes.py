"""`/v1/minors`: flags, services and activities, and the record that is drawn from them."""

from typing import Annotated

from fastapi import APIRouter, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.minors import activities, flags
from app.minors.record_schemas import (
    ActivityRead,
    ActivitySent,
    FlagEnding,
    FlagRead,
    FlagReview,
    FlagSent,
    MinorSent,
    RecordLine,
    RecordRead,
)
from app.paging import PageOf, whole
from app.record import service

router = APIRouter(prefix="/v1/minors", tags=["record"])

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]


@router.get("")
def list_records(session: DbSession, actor: Reader, clock: Now) -> PageOf[RecordLine]:
    """Your agency's flagged young people, and the records of others of which you may see something now."""
    return whole(service.list_records(session, actor, clock))


@router.post("", status_code=status.HTTP_201_CREATED)
def begin(
    response: Response, session: DbSession, actor: Writer, clock: Now, body: MinorSent, once: Idempotent
) -> RecordRead:
    """Begin a record with a flag, of somebody whom nobody asks a bed for yet. Who it is, is entered apart."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.begin(session, actor, body, clock),
        again=lambda earlier: service.read(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("minors", made.id)
    return made


@router.get("/{minor_id}")
def read(session: DbSession, actor: Reader, clock: Now, minor_id: Ref) -> RecordRead:
    """Flags and timeline, as far as you may see them: of your own agency's record, or what a release or law names."""
    return service.read(session, actor, minor_id, clock)


@router.post("/{minor_id}/flags", status_code=status.HTTP_201_CREATED)
def flag(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    minor_id: Ref,
    body: FlagSent,
    once: Idempotent,
) -> FlagRead:
    """Flag a young person: at risk or verified, on what basis. It ends by itself, and decides nothing about a bed."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: flags.add(session, actor, minor_id, body, clock),
        again=lambda earlier: flags.read_flag(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("minors", minor_id)
    return made


@router.post("/{minor_id}/flags/{flag_id}/review")
def review(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    minor_id: Ref,
    flag_id: Ref,
    body: FlagReview,
    once: Idempotent,
) -> FlagRead:
    """Look at a flag again: it holds on until another day."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: flags.review(session, actor, minor_id, flag_id, body, clock),
        again=lambda earlier: flags.read_flag(session, actor, earlier, clock),
    )


@router.post("/{minor_id}/flags/{flag_id}/end")
def end(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    minor_id: Ref,
    flag_id: Ref,
    body: FlagEnding,
    once: Idempotent,
) -> FlagRead:
    """End a flag before its time, with the reason."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: flags.end(session, actor, minor_id, flag_id, body, clock),
        again=lambda earlier: flags.read_flag(session, actor, earlier, clock),
    )


@router.post("/{minor_id}/activities", status_code=status.HTTP_201_CREATED)
def add_activity(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    minor_id: Ref,
    body: ActivitySent,
    once: Idempotent,
) -> ActivityRead:
    """Enter a service that was given, or something that happened."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: activities.add(session, actor, minor_id, body, clock),
        again=lambda earlier: activities.read_activity(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("minors", minor_id)
    return made


@router.post("/{minor_id}/activities/{activity_id}/withdrawal")
def withdraw_activity(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    minor_id: Ref,
    activity_id: Ref,
    once: Idempotent,
) -> ActivityRead:
    """Take an entry back that was a mistake."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: activities.withdraw(session, actor, minor_id, activity_id, clock),
        again=lambda earlier: activities.read_activity(session, actor, earlier, clock),
    )
