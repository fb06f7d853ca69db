"""`/v1/conferences`: who sits together about whom, what was decided, and who does what until when."""

from typing import Annotated

from fastapi import APIRouter, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.minors import conferences
from app.minors.conference_schemas import (
    CameSent,
    CaseRead,
    CaseSent,
    ConferenceRead,
    ConferenceSent,
    ConferenceTaskRead,
    ConferenceTaskSent,
    DecisionSent,
    DoneSent,
)
from app.paging import PageOf, whole

router = APIRouter(prefix="/v1/conferences", tags=["record"])

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]


@router.get("")
def list_conferences(session: DbSession, actor: Reader, clock: Now) -> PageOf[ConferenceRead]:
    """Conferences to which your agency is asked, the latest first; of each agenda what you may see."""
    return whole(conferences.every(session, actor, clock))


@router.post("", status_code=status.HTTP_201_CREATED)
def call(
    response: Response, session: DbSession, actor: Writer, clock: Now, body: ConferenceSent, once: Idempotent
) -> ConferenceRead:
    """Ask agencies to sit together. Each is told, by ids alone."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: conferences.call(session, actor, body, clock),
        again=lambda earlier: conferences.read(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("conferences", made.id)
    return made


@router.get("/tasks")
def list_tasks(session: DbSession, actor: Reader, clock: Now) -> PageOf[ConferenceTaskRead]:
    """What conferences gave your agency to do, the nearest day first."""
    return whole(conferences.to_do(session, actor, clock))


@router.get("/{conference_id}")
def read(session: DbSession, actor: Reader, clock: Now, conference_id: Ref) -> ConferenceRead:
    """One of them."""
    return conferences.read(session, actor, conference_id, clock)


@router.put("/{conference_id}/attendance")
def note(session: DbSession, actor: Writer, clock: Now, conference_id: Ref, body: CameSent) -> ConferenceRead:
    """Note whether an agency came; whoever called the conference does."""
    return conferences.note(session, actor, conference_id, body, clock)


@router.post("/{conference_id}/cases", status_code=status.HTTP_201_CREATED)
def put(
    response: Response, session: DbSession, actor: Writer, clock: Now, conference_id: Ref, body: CaseSent,
    once: Idempotent,
) -> CaseRead:  # fmt: skip
    """Put a record of your own on the agenda."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: conferences.put(session, actor, conference_id, body.minor, clock),
        again=lambda earlier: conferences.read_case(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("conferences", conference_id)
    return made


@router.put("/{conference_id}/cases/{case_id}/withdrawal")
def take_off(session: DbSession, actor: Writer, clock: Now, conference_id: Ref, case_id: Ref) -> CaseRead:
    """Take it off the agenda again."""
    return conferences.take_off(session, actor, conference_id, case_id, clock)


@router.post("/{conference_id}/cases/{case_id}/decisions", status_code=status.HTTP_201_CREATED)
def decide(
    response: Response, session: DbSession, actor: Writer, clock: Now, conference_id: Ref, case_id: Ref,
    body: DecisionSent, once: Idempotent,
) -> CaseRead:  # fmt: skip
    """Write down what was decided about a record of your own. Who may see its plans reads it."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: conferences.decide(session, actor, conference_id, case_id, body, clock),
        again=lambda earlier: conferences.read_case(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("conferences", conference_id)
    return made


@router.post("/{conference_id}/cases/{case_id}/tasks", status_code=status.HTTP_201_CREATED)
def give(
    response: Response, session: DbSession, actor: Writer, clock: Now, conference_id: Ref, case_id: Ref,
    body: ConferenceTaskSent, once: Idempotent,
) -> CaseRead:  # fmt: skip
    """Give an agency something to do about a record of your own, whose plans are shared with it."""
    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: conferences.give(session, actor, conference_id, case_id, body, clock),
        again=lambda earlier: conferences.read_case(session, actor, earlier, clock),
    )
    response.headers["Location"] = address("conferences", conference_id)
    return made


@router.put("/{conference_id}/tasks/{todo_id}")
def done(
    session: DbSession, actor: Writer, clock: Now, conference_id: Ref, todo_id: Ref, body: DoneSent
) -> ConferenceTaskRead:
    """Say that a task is done, or is not after all."""
    return conferences.done(session, actor, conference_id, todo_id, clock, is_done=body.done)
