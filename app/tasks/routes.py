"""`/v1/tasks`: what the own agency has to do, until when, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.paging import PageOf, Place, link_next
from app.tasks import service
from app.tasks.models import TaskKind
from app.tasks.schemas import TaskRead

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

Reader = Annotated[Actor, require(Permission.TASK_READ)]


@router.get("")
def list_tasks(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Reader,
    clock: Now,
    place: Annotated[Place, Depends()],
    kind: TaskKind | None = None,
    done: bool = False,
) -> PageOf[TaskRead]:
    """What is to be done, the nearest deadline first; with `done`, what has been."""
    rows, cursor = service.list_tasks(session, actor, place, kind, done, clock.now())
    link_next(request, response, cursor)
    return PageOf(data=rows, next_cursor=cursor, has_more=cursor is not None)


@router.get("/{task_id}")
def read_task(session: DbSession, actor: Reader, clock: Now, task_id: Ref) -> TaskRead:
    """One thing to do."""
    return service.read_task(session, actor, task_id, clock.now())
