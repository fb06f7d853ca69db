"""The outbox: an event stands or falls with the act that it tells of, in order, in codes, and once where it must."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import MovableClock
from app.db import Database
from app.outbox import emit
from app.outbox.models import OutboxEvent


def tell(session: Session, kind: str = "hold.made", subject: str = "hold_1", **more: object) -> None:
    what = {"agency_id": "agency_1", "subject_kind": "hold", "subject_id": subject, **more}
    emit(session, kind, **what)  # type: ignore[arg-type]


def events(database: Database) -> list[OutboxEvent]:
    with database.reading() as session:
        return list(session.scalars(select(OutboxEvent).order_by(OutboxEvent.seq)))


def test_events_are_numbered_in_order_and_due_at_once_or_later(database: Database, clock: MovableClock) -> None:
    later = clock.now() + timedelta(days=7)
    with database.writing() as session:
        tell(session, facility_id="fac_1", version=3)
        tell(session, "stay.cap_warning", "stay_1", due_at=later)
    clock.move(timedelta(minutes=1))
    with database.writing() as session:
        tell(session, subject="hold_2")
    first, second, third = events(database)
    assert first.seq < second.seq < third.seq
    assert len({first.id, second.id, third.id}) == 3
    assert (first.kind, first.agency_id, first.facility_id, first.version) == ("hold.made", "agency_1", "fac_1", 3)
    assert (first.created_at, first.due_at) == (third.created_at - timedelta(minutes=1),) * 2
    assert (second.subject_id, second.due_at) == ("stay_1", later)
    assert {(event.attempts, event.delivered_at, event.dead_at) for event in events(database)} == {(0, None, None)}


def test_an_act_that_fails_tells_nothing(database: Database) -> None:
    def act() -> None:
        with database.writing() as session:
            tell(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert events(database) == []


def test_a_savepoint_takes_its_events_along(database: Database) -> None:
    with database.writing() as session:
        tell(session)
        savepoint = session.begin_nested()
        tell(session, subject="hold_2")
        savepoint.rollback()
        tell(session, subject="hold_3")
    assert [event.subject_id for event in events(database)] == ["hold_1", "hold_3"]


def test_what_may_happen_once_is_told_once(database: Database) -> None:
    for subject in ("stay_1", "stay_2"):
        with database.writing() as session:
            tell(session, "stay.cap_warning", subject, once="stay_1:7")
            tell(session, "stay.cap_warning", subject, once="stay_1:7")
            tell(session, "stay.cap_warning", subject, once=f"{subject}:3")
    assert [(event.subject_id, event.once) for event in events(database)] == [
        ("stay_1", "stay_1:7"),
        ("stay_1", "stay_1:3"),
        ("stay_2", "stay_2:3"),
    ]


def test_what_was_rolled_back_may_still_happen_once(database: Database, session: Session) -> None:
    tell(session, once="stay_1:7")
    session.rollback()
    tell(session, once="stay_1:7")
    session.commit()
    assert len(events(database)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "Hold made for Jane"},
        {"kind": "hold."},
        {"subject_kind": "the hold"},
        {"subject_id": "Jane Doe"},
        {"subject_id": ""},
        {"subject_id": "h" * 65},
        {"agency_id": "Open Door"},
        {"facility_id": "12 Elm Street"},
        {"once": "Jane Doe:7"},
    ],
)
def test_text_is_refused_and_not_repeated(session: Session, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the outbox takes") as refused:
        tell(session, **wrong)
    assert all(value not in str(refused.value) for value in wrong.values() if value)
