"""`/v1/tasks/{id}/done`: what came of a task, and what that changes of a stay."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.idempotency import Idempotent
from app.stays import authority
from app.tasks import service as tasks
from app.tasks.schemas import TaskDone, TaskRead

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

Writer = Annotated[Actor, require(Permission.TASK_WRITE)]


@router.post("/{task_id}/done")
def finish(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    task_id: Ref,
    body: TaskDone,
    once: Idempotent,
) -> TaskRead:
    """Say what came of it. 409 `not_now` where somebody has said so already."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: authority.finish(session, actor, task_id, body, clock.now()),
        again=lambda done: tasks.read_task(session, actor, done, clock.now()),
    )
