"""The audit trail: in the act's own transaction, in one chain, and every kind of tampering is found."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.models import Agency
from app.access.policy import AgencyKind, Role
from app.audit.chain import COVERED, GENESIS, link
from app.audit.models import AuditEvent, AuditHead
from app.audit.service import record, record_denied
from app.audit.verifying import Verdict, verify
from app.clock import MovableClock
from app.db import Database
from tests.actors import add_agency

ACTOR = Actor(agency_id="agency_1", kind=AgencyKind.SCHOOL, role=Role.PARTNER, person_id="person_1")
TRIGGERS = {
    "sqlite": (
        "DROP TRIGGER audit_events_no_update",
        "DROP TRIGGER audit_events_no_delete",
        "DROP TRIGGER audit_head_forward",
        "DROP TRIGGER audit_head_no_delete",
    ),
    "postgresql": (
        "ALTER TABLE audit_events DISABLE TRIGGER USER",
        "ALTER TABLE audit_head DISABLE TRIGGER USER",
    ),
}


def open_up(connection: Connection) -> None:
    """Take away what keeps the trail from being changed, as its owner can."""
    for statement in TRIGGERS[connection.dialect.name]:
        connection.execute(text(statement))


def verdict(database: Database) -> Verdict:
    with database.reading() as session:
        return verify(session)


def events(database: Database) -> list[AuditEvent]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


@pytest.fixture
def ten(database: Database, clock: MovableClock) -> None:
    """Ten acts in three transactions."""
    for acts in (range(4), range(4, 7), range(7, 10)):
        with database.writing() as session:
            for n in acts:
                record(session, ACTOR, "referral.open", "referral", f"ref_{n}", reason=None if n % 2 else "urgent")
        clock.move(timedelta(minutes=1))


@pytest.mark.usefixtures("ten")
def test_a_whole_chain_holds(database: Database, clock: MovableClock) -> None:
    assert verdict(database) == Verdict(10)
    rows = events(database)
    assert [row.seq for row in rows] == list(range(1, 11))
    assert rows[0].previous_hash == GENESIS
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert (rows[9].at - rows[0].at) == timedelta(minutes=2)
    assert (rows[3].actor_kind, rows[3].actor_id, rows[3].agency_id) == ("person", "person_1", "agency_1")


def test_an_empty_chain_holds(database: Database) -> None:
    assert verdict(database) == Verdict(0)


def rehash(connection: Connection, seq: int) -> None:
    """Make one row fit its own content again, as someone would who knows the recipe."""
    row = connection.execute(select(AuditEvent.__table__).where(AuditEvent.seq == seq)).mappings().one()
    fresh = link(row["previous_hash"], {name: row[name] for name in COVERED})
    connection.execute(update(AuditEvent).where(AuditEvent.seq == seq).values(hash=fresh))


def edit(connection: Connection) -> None:
    connection.execute(update(AuditEvent).where(AuditEvent.seq == 5).values(actor_id="person_2"))


def edit_and_rehash(connection: Connection) -> None:
    edit(connection)
    rehash(connection, 5)


def edit_link(connection: Connection) -> None:
    connection.execute(update(AuditEvent).where(AuditEvent.seq == 5).values(previous_hash=GENESIS))


def remove(connection: Connection) -> None:
    connection.execute(delete(AuditEvent).where(AuditEvent.seq == 5))


def remove_and_renumber(connection: Connection) -> None:
    remove(connection)
    for seq in range(6, 11):
        connection.execute(update(AuditEvent).where(AuditEvent.seq == seq).values(seq=seq - 1))


def put_in(connection: Connection) -> None:
    for seq in range(10, 4, -1):
        connection.execute(update(AuditEvent).where(AuditEvent.seq == seq).values(seq=seq + 1))
    before = connection.execute(select(AuditEvent.__table__).where(AuditEvent.seq == 4)).mappings().one()
    extra = {**before, "seq": 5, "actor_id": "person_2", "previous_hash": before["hash"]}
    extra["hash"] = link(before["hash"], {name: extra[name] for name in COVERED})
    connection.execute(insert(AuditEvent).values(**extra))


def reorder(connection: Connection) -> None:
    for old, new in ((5, 99), (6, 5), (99, 6)):
        connection.execute(update(AuditEvent).where(AuditEvent.seq == old).values(seq=new))


def swap(connection: Connection) -> None:
    """Exchange who did two acts, leaving rows and hashes where they are."""
    connection.execute(update(AuditEvent).where(AuditEvent.seq == 5).values(subject="ref_5"))
    connection.execute(update(AuditEvent).where(AuditEvent.seq == 6).values(subject="ref_4"))


def cut(connection: Connection) -> None:
    connection.execute(delete(AuditEvent).where(AuditEvent.seq > 7))


def cut_all(connection: Connection) -> None:
    connection.execute(delete(AuditEvent))


def append(connection: Connection) -> None:
    last = connection.execute(select(AuditEvent.__table__).where(AuditEvent.seq == 10)).mappings().one()
    extra = {**last, "seq": 11, "previous_hash": last["hash"]}
    extra["hash"] = link(last["hash"], {name: extra[name] for name in COVERED})
    connection.execute(insert(AuditEvent).values(**extra))


def lose_head(connection: Connection) -> None:
    connection.execute(delete(AuditHead))


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize(
    ("tamper", "broken_at", "why"),
    [
        (edit, 5, "the row was changed"),
        (edit_and_rehash, 6, "the row does not follow the one before it"),
        (edit_link, 5, "the row does not follow the one before it"),
        (remove, 5, "a row is missing"),
        (remove_and_renumber, 5, "the row does not follow the one before it"),
        (put_in, 6, "the row does not follow the one before it"),
        (reorder, 5, "the row does not follow the one before it"),
        (swap, 5, "the row was changed"),
        (cut, 8, "the end of the chain is missing or was changed"),
        (cut_all, 1, "the end of the chain is missing or was changed"),
        (append, 12, "the end of the chain is missing or was changed"),
        (lose_head, 11, "the end of the chain is missing or was changed"),
    ],
)
def test_tampering_is_found_at_its_place(
    database: Database, tamper: Callable[[Connection], None], broken_at: int, why: str
) -> None:
    with database.engine.begin() as connection:
        open_up(connection)
        tamper(connection)
    assert verdict(database) == Verdict(broken_at - 1, broken_at, why)


def test_the_hash_covers_all_that_says_what_happened() -> None:
    assert set(COVERED) == {column.name for column in AuditEvent.__table__.columns} - {"previous_hash", "hash"}


@pytest.mark.one_kind
@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("name", COVERED)
def test_every_field_is_covered(database: Database, name: str) -> None:
    row = events(database)[4]
    fields = {field: getattr(row, field) for field in COVERED}
    other = {"seq": 6, "at": row.at + timedelta(microseconds=1), "outcome": "denied"}.get(name, "other")
    assert link(row.previous_hash, fields) == row.hash
    assert link(row.previous_hash, {**fields, name: other}) != row.hash


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEvent).values(actor_id="person_2"),
        delete(AuditEvent),
        delete(AuditHead),
        update(AuditHead).values(seq=3),
        update(AuditHead).values(seq=10),
    ],
    ids=["edit", "delete", "delete head", "head back", "head in place"],
)
def test_the_database_itself_refuses(database: Database, statement: object) -> None:
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert verdict(database) == Verdict(10)


@pytest.mark.usefixtures("ten")
def test_postgresql_refuses_to_empty_the_table(database: Database) -> None:
    if database.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
            connection.execute(text("TRUNCATE audit_events"))
    assert verdict(database) == Verdict(10)


def test_an_act_that_fails_leaves_no_event(database: Database, clock: MovableClock) -> None:
    def act() -> None:
        with database.writing() as session:
            add_agency(session, clock)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert events(database) == []


def test_an_event_noted_before_the_first_statement_is_rolled_back_too(session: Session, database: Database) -> None:
    record(session, ACTOR, "referral.open", "referral", "ref_1")
    session.rollback()
    session.commit()
    assert events(database) == []


def test_a_savepoint_takes_its_events_along(session: Session, database: Database, clock: MovableClock) -> None:
    record(session, ACTOR, "referral.open", "referral", "ref_1")
    with session.begin_nested():
        record(session, ACTOR, "referral.open", "referral", "ref_2")
    # The chain's lock is taken last, so nothing is appended before the outermost commit.
    assert session.scalars(select(AuditEvent)).all() == []
    savepoint = session.begin_nested()
    record(session, ACTOR, "referral.open", "referral", "ref_3")
    inner = session.begin_nested()
    record(session, ACTOR, "referral.open", "referral", "ref_4")
    inner.commit()
    savepoint.rollback()
    record(session, ACTOR, "referral.open", "referral", "ref_5")
    session.commit()
    assert [row.subject for row in events(database)] == ["ref_1", "ref_2", "ref_5"]
    assert verdict(database) == Verdict(3)


def test_a_commit_that_fails_leaves_neither_act_nor_event(database: Database, clock: MovableClock) -> None:
    with database.writing() as session:
        add_agency(session, clock)
    twin = Agency(id="agency_1", name=name_of(database), kind=AgencyKind.SCHOOL, created_at=clock.now())
    with database.session() as session:
        session.add(twin)
        record(session, ACTOR, "agency.add", "agency", "agency_1")
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
        session.commit()
    assert len(events(database)) == 1


def name_of(database: Database) -> str:
    with database.reading() as session:
        return session.scalars(select(Agency.name)).one()


def test_writers_at_once_make_one_chain(database: Database) -> None:
    def act(n: int) -> None:
        for step in range(5):
            with database.writing() as session:
                record(session, ACTOR, "referral.open", "referral", f"ref_{n}_{step}")

    threads = [threading.Thread(target=act, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdict(database) == Verdict(20)


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("action", "kind", "subject", "reason"),
    [
        ("Opened for JANE DOE", "referral", "ref_1", None),
        ("referral.open", "Jane", "ref_1", None),
        ("referral.open", "referral", "JANE DOE", None),
        ("referral.open", "referral", "ref_1", "she asked for it"),
        ("referral.open", "referral", "x" * 65, None),
    ],
)
def test_text_is_refused(session: Session, action: str, kind: str, subject: str, reason: str | None) -> None:
    with pytest.raises(ValueError, match="audit trail takes"):
        record(session, ACTOR, action, kind, subject, reason=reason)


def test_a_typed_id_is_left_out_of_a_denial(database: Database) -> None:
    record_denied(database, ACTOR, "referral_read", "referral", "JANE DOE", reason="not_visible", request_id="req_1")
    record_denied(database, ACTOR, "referral_read", "referral", "ref_1", reason="not_visible")
    assert [(row.subject, row.outcome, row.request_id) for row in events(database)] == [
        ("", "denied", "req_1"),
        ("ref_1", "denied", None),
    ]


def test_a_sensitive_read_is_noted_apart(database: Database) -> None:
    with database.reading() as session:
        session.info["request_id"] = "req_1"
        record(session, ACTOR, "minor.reveal", "minor", "min_1", reason="call_back")
        assert events(database) == []
    assert [(row.action, row.reason) for row in events(database)] == [("minor.reveal", "call_back")]
    assert verdict(database) == Verdict(1)


def test_a_read_that_fails_is_no_read(database: Database) -> None:
    def look() -> None:
        with database.reading() as session:
            record(session, ACTOR, "minor.reveal", "minor", "min_1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        look()
    assert events(database) == []


def test_hidden_and_absent_answer_alike_and_are_noted(app: FastAPI, client: TestClient, database: Database) -> None:
    @app.get("/v1/probe/{referral_id}")
    def probe(referral_id: str) -> None:
        raise hidden(ACTOR, "referral_read", "referral", referral_id)

    hidden_one, absent = client.get("/v1/probe/ref_1").json(), client.get("/v1/nowhere").json()
    for body in (hidden_one, absent):
        del body["request_id"]
    assert hidden_one == absent
    assert [(row.subject, row.outcome, row.reason) for row in events(database)] == [("ref_1", "denied", "not_visible")]
