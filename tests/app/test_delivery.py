"""Delivery: in order, at least once, each receiver by itself, with growing waits, and given up in the end."""

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import MovableClock
from app.db import Database
from app.outbox import emit
from app.outbox.channels import Parcel, Undelivered
from app.outbox.delivery import CLAIM_LASTS, FIRST_WAIT, LONGEST_WAIT, MOST_TRIES, deliver_due, wait_after
from app.outbox.models import OutboxDelivery, OutboxEvent


class Killed(BaseException):
    """The process ends here: nothing after it runs."""


class Recorder:
    """A channel to the receivers it is given; `answer` says how each sending goes."""

    name = "recorder"

    def __init__(self, *targets: str, answer: Callable[[Parcel], None] = lambda _: None) -> None:
        self.targets = targets
        self.answer = answer
        self.noted: list[str] = []
        self.sent: list[tuple[str, str]] = []

    def hand_on(self, session: Session, event: OutboxEvent) -> Iterable[str]:
        assert session.in_transaction()
        self.noted.append(event.subject_id)
        return self.targets

    def send(self, database: Database, parcel: Parcel) -> None:
        self.sent.append((parcel.target, parcel.event.subject_id))
        self.answer(parcel)


def told(database: Database, *subjects: str, after: timedelta = timedelta(0)) -> None:
    with database.writing() as session:
        for subject in subjects:
            due = database.clock.now() + after
            emit(session, "hold.made", agency_id="a", subject_kind="hold", subject_id=subject, due_at=due)


def events(database: Database) -> list[OutboxEvent]:
    with database.reading() as session:
        return list(session.scalars(select(OutboxEvent).order_by(OutboxEvent.seq)))


def deliveries(database: Database) -> list[OutboxDelivery]:
    with database.reading() as session:
        return list(session.scalars(select(OutboxDelivery).order_by(OutboxDelivery.event_seq, OutboxDelivery.target)))


def refuse(parcel: Parcel) -> None:
    raise Undelivered("status_500")


def test_what_is_due_goes_in_order_and_the_rest_waits(database: Database, clock: MovableClock) -> None:
    channel = Recorder("t")
    told(database, "hold_late", after=timedelta(hours=2))
    told(database, *(f"hold_{n}" for n in range(250)), after=timedelta(hours=1))
    assert deliver_due(database, [channel]) == 0
    clock.move(timedelta(hours=1))
    assert deliver_due(database, [channel]) == 250
    assert channel.sent == [("t", f"hold_{n}") for n in range(250)]
    clock.move(timedelta(hours=1))
    assert deliver_due(database, [channel]) == 1
    assert channel.sent[-1] == ("t", "hold_late")
    assert deliver_due(database, [channel]) == 0
    assert len(channel.sent) == len(channel.noted) == 251
    assert all(event.delivered_at and not event.dead_at for event in events(database))


def test_an_event_that_nobody_asked_for_is_done(database: Database) -> None:
    told(database, "hold_1")
    deliver_due(database, [Recorder()])
    assert [(event.delivered_at, event.handed_on_at) for event in events(database)] == [(database.clock.now(),) * 2]
    assert deliveries(database) == []


def test_a_broken_receiver_repeats_nothing_for_the_others(database: Database, clock: MovableClock) -> None:
    down = True

    def answer(parcel: Parcel) -> None:
        if down and parcel.target == "broken":
            raise Undelivered("status_500")

    channel = Recorder("broken", "sound", answer=answer)
    told(database, "hold_1", "hold_2", "hold_3")
    deliver_due(database, [channel])
    # It is tried once a round, whatever waits for it; the sound one has everything.
    assert channel.sent == [("broken", "hold_1")] + [("sound", f"hold_{n}") for n in (1, 2, 3)]
    assert [event.delivered_at for event in events(database)] == [None] * 3
    down = False
    clock.move(FIRST_WAIT)
    deliver_due(database, [channel])
    assert sorted(channel.sent[4:]) == [("broken", f"hold_{n}") for n in (1, 2, 3)]
    assert all(event.delivered_at == clock.now() for event in events(database))
    assert {(row.target, row.attempts, row.last_failure) for row in deliveries(database)} == {
        ("broken", 2, None),
        ("broken", 1, None),
        ("sound", 1, None),
    }


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    for attempts in range(1, 60):
        full = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempts - 1, 30)))
        waits = [wait_after(attempts) for _ in range(50)]
        assert all(full / 2 <= wait <= full for wait in waits)
        assert len(set(waits)) > 1


def test_a_failed_delivery_is_not_tried_before_its_time(database: Database, clock: MovableClock) -> None:
    channel = Recorder("t", answer=refuse)
    told(database, "hold_1")
    for tries in range(1, 6):
        deliver_due(database, [channel])
        (row,) = deliveries(database)
        assert (row.attempts, row.last_failure, len(channel.sent)) == (tries, "status_500", tries)
        clock.set(row.next_try_at - timedelta(microseconds=1))
        deliver_due(database, [channel])
        assert len(channel.sent) == tries
        clock.set(row.next_try_at)


def test_it_is_given_up_after_the_last_try(database: Database, clock: MovableClock) -> None:
    channel = Recorder("t", answer=refuse)
    told(database, "hold_1")
    for _ in range(MOST_TRIES + 5):
        deliver_due(database, [channel])
        clock.move(LONGEST_WAIT)
    (row,), (event,) = deliveries(database), events(database)
    assert (len(channel.sent), row.attempts) == (MOST_TRIES, MOST_TRIES)
    assert row.dead_at == event.dead_at is not None
    assert (row.delivered_at, event.delivered_at) == (None, None)


def test_a_receiver_that_is_gone_is_given_up_at_once(database: Database, clock: MovableClock) -> None:
    def gone(parcel: Parcel) -> None:
        raise Undelivered("gone", final=True)

    channel = Recorder("t", answer=gone)
    told(database, "hold_1")
    deliver_due(database, [channel])
    clock.move(LONGEST_WAIT)
    deliver_due(database, [channel])
    assert (len(channel.sent), deliveries(database)[0].dead_at) == (1, events(database)[0].dead_at)
    assert events(database)[0].dead_at is not None


def test_a_crash_of_a_channel_is_a_failure_and_says_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(parcel: Parcel) -> None:
        raise RuntimeError("JANE DOE")

    told(database, "hold_1")
    deliver_due(database, [Recorder("t", answer=crash)])
    assert deliveries(database)[0].last_failure == "internal"
    assert "RuntimeError" in caplog.text
    assert "JANE" not in caplog.text


def test_an_event_that_cannot_be_handed_on_stops_no_other(
    database: Database, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Picky(Recorder):
        def hand_on(self, session: Session, event: OutboxEvent) -> Iterable[str]:
            if event.subject_id == "hold_1":
                told_by_session = OutboxEvent(id=event.id)  # breaks the unique id, and the savepoint with it
                session.add(told_by_session)
                session.flush()
            return super().hand_on(session, event)

    channel = Picky("t")
    told(database, "hold_1", "hold_2")
    assert deliver_due(database, [channel]) == 1
    first, second = events(database)
    assert (first.attempts, first.handed_on_at, second.delivered_at) == (1, None, clock.now())
    for _ in range(MOST_TRIES):
        clock.move(LONGEST_WAIT)
        deliver_due(database, [channel])
    assert (events(database)[0].attempts, channel.noted) == (MOST_TRIES, ["hold_2"])
    assert events(database)[0].dead_at is not None
    assert "IntegrityError" in caplog.text


def test_who_is_killed_while_sending_loses_nothing(database: Database, clock: MovableClock) -> None:
    def die(parcel: Parcel) -> None:
        if parcel.event.subject_id == "hold_2":
            raise Killed

    told(database, "hold_1", "hold_2", "hold_3")
    first = Recorder("t", answer=die)
    with pytest.raises(Killed):
        deliver_due(database, [first])
    second = Recorder("t")
    deliver_due(database, [second])
    assert second.sent == [("t", "hold_3")]  # the claim of the dead still stands
    clock.move(CLAIM_LASTS)
    deliver_due(database, [second])
    assert second.sent == [("t", "hold_3"), ("t", "hold_2")]
    assert all(event.delivered_at for event in events(database))


def test_whose_claim_has_ended_marks_nothing(database: Database, clock: MovableClock) -> None:
    other = Recorder("t", answer=refuse)

    def slow(parcel: Parcel) -> None:
        clock.move(CLAIM_LASTS)
        deliver_due(database, [other])

    told(database, "hold_1")
    deliver_due(database, [Recorder("t", answer=slow)])
    (row,) = deliveries(database)
    assert (row.attempts, row.last_failure, row.delivered_at) == (1, "status_500", None)
    assert len(other.sent) == 1


def test_nothing_is_sent_while_a_lock_is_held(database: Database) -> None:
    def write(parcel: Parcel) -> None:
        told(database, "hold_2") if parcel.event.subject_id == "hold_1" else None
        with database.writing() as session:
            session.scalars(select(OutboxEvent).with_for_update(nowait=True)).all()
            session.scalars(select(OutboxDelivery).with_for_update(nowait=True)).all()

    told(database, "hold_1")
    deliver_due(database, [Recorder("t", answer=write)])
    assert [row.last_failure for row in deliveries(database)] == [None]


def test_two_workers_never_send_one_delivery_at_once(database: Database) -> None:
    guard, under_way, twice = threading.Lock(), set(), []

    def answer(parcel: Parcel) -> None:
        with guard:
            twice.extend([parcel.event.subject_id] * (parcel.event.subject_id in under_way))
            under_way.add(parcel.event.subject_id)

    channels = [
        Recorder("t", "u", answer=lambda parcel: None if parcel.target == "u" else answer(parcel)) for _ in "abcd"
    ]
    told(database, *(f"hold_{n}" for n in range(60)))
    crashed: list[BaseException] = []

    def work(channel: Recorder) -> None:
        try:
            deliver_due(database, [channel])
        except BaseException as crash:
            crashed.append(crash)

    threads = [threading.Thread(target=work, args=(channel,)) for channel in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (crashed, twice) == ([], [])
    sent = sorted(one for channel in channels for one in channel.sent)
    assert sent == sorted((target, f"hold_{n}") for n in range(60) for target in "tu")
    assert sorted(one for channel in channels for one in channel.noted) == sorted(f"hold_{n}" for n in range(60))
    assert all(event.delivered_at for event in events(database))


def test_it_stops_between_two_deliveries_when_asked(database: Database) -> None:
    channel = Recorder("t")
    told(database, "hold_1", "hold_2", "hold_3")
    deliver_due(database, [channel], stopped=lambda: len(channel.sent) == 2)
    assert len(channel.sent) == 2
    deliver_due(database, [channel])
    assert len(channel.sent) == 3
