"""Telling what is due: each event is handed on to the channels once, then sent to each receiver at least once.

An event is handed on in one short transaction. A delivery is claimed in a second one, sent in none, and marked in a
third: whoever is killed in between loses the claim after `CLAIM_LASTS`, and the next worker sends it again. The claim
outlasts the longest possible sending, so two workers never send one delivery at the same time.
"""

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session

from app.db import Database, new_id
from app.outbox.channels import Channel, Parcel, Undelivered
from app.outbox.models import OutboxDelivery, OutboxEvent

CLAIM_LASTS = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=6)
MOST_TRIES = 14
"""Some 18 hours of trying, then it is given up and can be replayed by hand."""
_BATCH = 100
log = logging.getLogger("bednight")


def deliver_due(database: Database, channels: Iterable[Channel], stopped: Callable[[], bool] = lambda: False) -> int:
    """Hand on every event that is due, in order, and send what is due; how many events were handed on.

    A receiver that fails is left alone for the rest of the round, so that it keeps nobody else waiting.
    """
    by_name = {channel.name: channel for channel in channels}
    handed_on = 0
    while not stopped() and (count := _hand_on(database, by_name)):
        handed_on += count
    failing: set[tuple[str, str]] = set()
    while not stopped() and (delivery := _claim(database, by_name, failing)) is not None:
        failure = _sent(database, by_name[delivery.channel], delivery)
        if failure is not None:
            failing.add((delivery.channel, delivery.target))
        _mark(database, delivery, failure)
    return handed_on


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failures: twice as long each time, up to a limit, and never all at one moment."""
    wait = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempts - 1, 30)))
    spread = random.uniform(0.5, 1)  # noqa: S311 (spreads load, guards nothing)
    return wait * spread


def _hand_on(database: Database, channels: Mapping[str, Channel]) -> int:
    """Hand on one batch; how many. Events that another worker is handing on are left to it."""
    now = database.clock.now()
    due = (
        select(OutboxEvent)
        .where(
            OutboxEvent.handed_on_at.is_(None),
            OutboxEvent.dead_at.is_(None),
            OutboxEvent.due_at <= now,
            or_(OutboxEvent.next_try_at.is_(None), OutboxEvent.next_try_at <= now),
        )
        .order_by(OutboxEvent.due_at, OutboxEvent.seq)
        .limit(_BATCH)
    )
    if not _any(database, due):
        return 0
    with database.writing() as session:
        return sum(
            _hand_on_one(session, channels, event, now)
            for event in session.scalars(due.with_for_update(skip_locked=True))
        )


def _any(database: Database, query: Select[Any]) -> bool:
    """Whether there is anything at all: an idle worker must not take SQLite's one write lock every second."""
    with database.reading() as session:
        return session.execute(query.limit(1)).first() is not None


def _hand_on_one(session: Session, channels: Mapping[str, Channel], event: OutboxEvent, now: datetime) -> bool:
    """Hand one event on to every channel, or to none where one of them fails."""
    try:
        with session.begin_nested():
            targets = [
                (name, target) for name, channel in channels.items() for target in channel.hand_on(session, event)
            ]
            session.add_all(_delivery(event, name, target, now) for name, target in targets)
    except Exception as failure:
        log.error("event %s could not be handed on: %s", event.id, type(failure).__name__)
        event.attempts += 1
        event.next_try_at = now + wait_after(event.attempts)
        event.dead_at = now if event.attempts >= MOST_TRIES else None
        return False
    event.handed_on_at = now
    event.delivered_at = None if targets else now
    return True


def _delivery(event: OutboxEvent, channel: str, target: str, now: datetime) -> OutboxDelivery:
    return OutboxDelivery(
        id=new_id("dlv"),
        event_seq=event.seq,
        channel=channel,
        target=target,
        created_at=now,
        next_try_at=now,
        attempts=0,
    )


def _claim(database: Database, channels: Iterable[str], failing: set[tuple[str, str]]) -> OutboxDelivery | None:
    """Take the delivery that has waited longest, so that nobody else sends it; None where there is none."""
    now = database.clock.now()
    open_to_all = or_(OutboxDelivery.claimed_until.is_(None), OutboxDelivery.claimed_until <= now)
    due = (
        select(OutboxDelivery)
        .where(
            OutboxDelivery.delivered_at.is_(None),
            OutboxDelivery.dead_at.is_(None),
            OutboxDelivery.next_try_at <= now,
            OutboxDelivery.channel.in_(list(channels)),
            open_to_all,
            tuple_(OutboxDelivery.channel, OutboxDelivery.target).not_in(list(failing)),
        )
        .order_by(OutboxDelivery.next_try_at, OutboxDelivery.event_seq)
        .limit(1)
    )
    if not _any(database, due):
        return None
    with database.writing() as session:
        delivery = session.scalars(due.with_for_update(skip_locked=True)).one_or_none()
        if delivery is not None:
            delivery.claim, delivery.claimed_until = new_id("claim"), now + CLAIM_LASTS
        return delivery


def _sent(database: Database, channel: Channel, delivery: OutboxDelivery) -> Undelivered | None:
    """Send a claimed delivery, holding no transaction; why it failed, None where it was taken."""
    with database.reading() as session:
        event = session.get_one(OutboxEvent, delivery.event_seq)
    try:
        channel.send(database, Parcel(event, delivery.target))
    except Undelivered as failure:
        return failure
    except Exception as crash:
        log.error("delivery %s failed: %s", delivery.id, type(crash).__name__)
        return Undelivered("internal")
    return None


def _mark(database: Database, claimed: OutboxDelivery, failure: Undelivered | None) -> None:
    """Write down how it went, unless the claim has ended meanwhile and somebody else has it."""
    now = database.clock.now()
    with database.writing() as session:
        # The event is locked first: of two workers that end its last deliveries, the later one sees both.
        event = session.get_one(OutboxEvent, claimed.event_seq, with_for_update=True)
        delivery = session.get_one(OutboxDelivery, claimed.id, with_for_update=True)
        if delivery.claim != claimed.claim:
            return
        delivery.claim = delivery.claimed_until = None
        delivery.attempts += 1
        delivery.last_failure = None if failure is None else failure.code
        if failure is None:
            delivery.delivered_at = now
        elif failure.final or delivery.attempts >= MOST_TRIES:
            delivery.dead_at = now
        else:
            delivery.next_try_at = now + wait_after(delivery.attempts)
        session.flush()
        _settle(session, event, now)


def _settle(session: Session, event: OutboxEvent, now: datetime) -> None:
    """An event is delivered once all of its deliveries are, and dead once the last of them has ended otherwise."""
    ends = session.execute(
        select(OutboxDelivery.delivered_at, OutboxDelivery.dead_at).where(OutboxDelivery.event_seq == event.seq)
    ).all()
    if all(end.delivered_at is not None for end in ends):
        event.delivered_at, event.dead_at = now, None
    elif all(end.delivered_at is not None or end.dead_at is not None for end in ends):
        event.dead_at = now
