"""`/v1/test-clock`: moving the time of a demo forward, so that the year ahead can be watched. Nowhere else is it there.

The clock goes in steps of an hour at most, and at each step everything that has become due is done and told, in the
order in which it would have happened.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import Field, model_validator

from app.access.actor import Actor
from app.access.carrying import carry
from app.access.guard import require
from app.access.policy import Permission
from app.audit.service import record
from app.bodies import Sent
from app.clock import MovableClock
from app.codes import ApiModel, Instant, wrong
from app.errors import FieldError, conflict, invalid
from app.worker import Worker

router = APIRouter(prefix="/v1/test-clock", tags=["test clock"])

FURTHEST = timedelta(days=366)
STEP = timedelta(hours=1)
LONGEST = 30.0
"""Seconds that one request may work; it says how far it came."""
_moving = Lock()

Span = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class ClockAdvance(Sent):
    """How far, or until when."""

    days: Span = 0
    hours: Span = 0
    minutes: Span = 0
    to: Instant | None = Field(default=None, description="Instead of a span")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        span = self.days or self.hours or self.minutes
        if bool(span) == (self.to is not None):
            raise wrong("Say either how far, in days, hours and minutes, or until when, as to.", "to")
        return self


class ClockRead(ApiModel):
    """Where the clock stands."""

    now: datetime
    tonight: date = Field(description="The night it is: until it turns in the morning, the evening before")
    became_due: int = Field(description="How many things became due and were done or told on the way")
    reached: bool = Field(description="False where there was not time enough: send the same `to` again")
    to: datetime


@router.post("/advance")
def advance(
    request: Request, actor: Annotated[Actor, require(Permission.TEST_CLOCK)], change: ClockAdvance
) -> ClockRead:
    """Move the demo's clock forward. Sessions, links and keys move along: nobody was away."""
    state = request.app.state
    clock: MovableClock = state.clock
    with _one_at_a_time():
        start = clock.now()
        target = _target(start, change)
        with state.database.writing() as session:
            session.info["request_id"] = request.scope["request_id"]
            record(session, actor, "test_clock.advance", "clock", "")
            carry(session, target - start)
        became_due = _go(clock, state.worker, target)
        if clock.now() < target:
            with state.database.writing() as session:
                carry(session, clock.now() - target)
    return ClockRead(
        now=clock.now().astimezone(clock.zone),
        tonight=clock.tonight(),
        became_due=became_due,
        reached=clock.now() >= target,
        to=target.astimezone(clock.zone),
    )


def _go(clock: MovableClock, worker: Worker, target: datetime) -> int:
    """Step by step; how many things became due."""
    began, became_due = monotonic(), 0
    while clock.now() < target and monotonic() - began < LONGEST and not worker.stopped:
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        clock.set(min(target, hour + STEP))
        became_due += worker.round()
    return became_due


def _target(start: datetime, change: ClockAdvance) -> datetime:
    span = timedelta(days=change.days, hours=change.hours, minutes=change.minutes)
    if change.to is not None:
        span = change.to - start
    if span <= timedelta(0):
        raise invalid([FieldError("/to", "not_forward", "The clock goes forward only.")])
    if span > FURTHEST:
        where = "/days" if change.to is None else "/to"
        raise invalid([FieldError(where, "too_far", f"The clock goes {FURTHEST.days} days at once at most.")])
    return start + span


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _moving.acquire(blocking=False):
        raise conflict("conflict", "The clock is being moved. Try again in a moment.")
    try:
        yield
    finally:
        _moving.release()
