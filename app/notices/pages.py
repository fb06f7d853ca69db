"""`/events`: server-sent events for the pages of someone signed in. Every page works without them, by reload."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.access.actor import Actor
from app.access.guard import cookie_name, require
from app.access.policy import Permission
from app.notices.live import Live, Stream

router = APIRouter(include_in_schema=False)

_RETRY = 5000  # milliseconds after which a page asks again


async def _opened(
    request: Request,
    actor: Annotated[Actor, require(Permission.SELF, keeps_awake=False, on_shift=True)],
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[Stream]:
    """A stream for as long as the page is open. An id that is none of ours is no id."""
    live: Live = request.app.state.live
    known = last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal()
    last_seq = int(last_event_id) if known and last_event_id is not None and len(last_event_id) < 16 else None
    stream = await live.open(request.cookies[cookie_name(request)], actor, last_seq)
    try:
        yield stream
    finally:
        live.close(stream)


@router.get("/events", response_class=EventSourceResponse)
async def events(stream: Annotated[Stream, Depends(_opened)]) -> AsyncIterator[ServerSentEvent]:
    """Say that something changed, until the session ends or the page is closed."""
    yield ServerSentEvent(comment="open", retry=_RETRY)
    while (signal := await stream.waiting.get()) is not None:
        said = {"kind": signal.kind, "facility_id": signal.facility_id}
        seq = None if signal.seq is None else str(signal.seq)
        yield ServerSentEvent(id=seq, event="changed", data=said)
