"""The ground under every table: instants, enums, versions, sessions that commit before the answer."""

import re
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint, event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.models import Agency, Person
from app.access.policy import AgencyKind, Role
from app.clock import Clock
from app.db import PREPARED_AFTER, Database, DbSession, make_engine, new_id
from app.models import Base
from tests.actors import add_agency, key_headers
from tests.postgres import Cluster

TABLES = sorted(Base.metadata.tables.values(), key=lambda table: table.name)


def test_ids_are_random_and_say_what_they_name() -> None:
    ids = {new_id("ref") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"ref_[a-z2-7]{20}", i) for i in ids)


def test_an_instant_comes_back_aware_in_utc(database: Database, clock: Clock) -> None:
    eastern = timezone(-timedelta(hours=5))
    at = datetime(2026, 11, 21, 22, 14, 7, 123456, tzinfo=eastern)
    with database.writing() as session:
        session.add(Agency(id="agency_1", name="A", kind=AgencyKind.SCHOOL, created_at=at))
    with database.reading() as session:
        stored = session.scalars(select(Agency.created_at)).one()
    assert stored == at
    assert stored.tzinfo is UTC


def test_an_instant_without_offset_is_refused(session: Session) -> None:
    naive = datetime(2026, 11, 21, 22, 14)  # noqa: DTZ001
    session.add(Agency(id="agency_1", name="A", kind=AgencyKind.SCHOOL, created_at=naive))
    with pytest.raises(StatementError, match="offset"):
        session.flush()


def test_an_enum_is_stored_by_value_and_checked_by_the_database(session: Session, clock: Clock) -> None:
    agency = add_agency(session, clock)
    assert session.execute(text("SELECT kind FROM agencies")).scalar_one() == "child_protection"
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE agencies SET kind = 'CHILD_PROTECTION' WHERE id = :id"), {"id": agency.id})


def test_foreign_keys_hold(session: Session, clock: Clock) -> None:
    session.add(
        Person(id="person_1", agency_id="no_such", name="R", email="r@x.org", role=Role.PARTNER, created_at=clock.now())
    )
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_foreign_key_leads_an_index(table: Table) -> None:
    leading = [tuple(column.name for column in index.columns) for index in table.indexes]
    leading += [tuple(column.name for column in table.primary_key.columns)]
    leading += [
        tuple(column.name for column in constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    for key in table.constraints:
        if isinstance(key, ForeignKeyConstraint):
            names = tuple(column.name for column in key.columns)
            assert any(set(index[: len(names)]) == set(names) for index in leading), f"no index on {names}"


@pytest.mark.parametrize("mapper", sorted(Base.registry.mappers, key=str), ids=str)
def test_every_relationship_refuses_to_load_by_itself(mapper: Mapper[Any]) -> None:
    for relationship in mapper.relationships:
        assert relationship.lazy == "raise", relationship


def test_a_stale_version_is_refused(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        agency_id = add_agency(session, clock).id
    with database.reading() as session:
        mine = session.get_one(Agency, agency_id)
    with database.writing() as session:
        session.get_one(Agency, agency_id).name = "changed first"
    mine.name = "changed second"
    with pytest.raises(StaleDataError), database.writing() as session:
        session.add(mine)


def test_a_reading_session_cannot_write(database: Database, clock: Clock) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), database.reading() as session:
        session.add(Agency(id="agency_1", name="A", kind=AgencyKind.SCHOOL, created_at=clock.now()))


def test_a_reading_session_sees_one_state(database: Database, clock: Clock) -> None:
    with database.reading() as reading:
        assert reading.scalars(select(Agency)).all() == []
        with database.writing() as session:
            add_agency(session, clock)
        assert reading.scalars(select(Agency)).all() == []


def test_two_writers_that_read_first_both_get_through(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        agency_id = add_agency(session, clock).id
    turn = threading.Barrier(2)

    def rename(mark: str) -> None:
        turn.wait()
        for _ in range(10):
            with database.writing() as session:
                agency = session.get_one(Agency, agency_id, with_for_update=True)
                agency.name += mark

    threads = [threading.Thread(target=rename, args=(mark,)) for mark in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.get_one(Agency, agency_id).version == 21


def test_an_error_does_not_show_its_parameters(session: Session, clock: Clock) -> None:
    insert = text("INSERT INTO people (id, name) VALUES (:id, :nothing)")
    with pytest.raises(DBAPIError, match="hidden due to hide_parameters"):
        session.execute(insert, {"id": "person_1", "nothing": None})


def test_the_answer_waits_for_the_commit(app: FastAPI, client: TestClient, database: Database, clock: Clock) -> None:
    @app.post("/v1/probe")
    def probe(session: DbSession) -> dict[str, str]:
        add_agency(session, clock)
        return {"done": "yes"}

    @event.listens_for(database.engine, "commit")
    def fail(_connection: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk full"))

    assert client.post("/v1/probe").status_code == 500


def test_a_violation_is_a_conflict(app: FastAPI, client: TestClient, clock: Clock) -> None:
    @app.post("/v1/probe")
    def probe(session: DbSession) -> None:
        for key in ("agency_1", "agency_2"):
            session.add(Agency(id=key, name="JANE DOE", kind=AgencyKind.SCHOOL, created_at=clock.now()))

    answer = client.post("/v1/probe")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "JANE" not in answer.text


def test_a_refusal_rolls_back(app: FastAPI, client: TestClient, database: Database, clock: Clock) -> None:
    @app.post("/v1/probe")
    def probe(session: DbSession) -> None:
        add_agency(session, clock)
        session.flush()
        raise RuntimeError

    assert client.post("/v1/probe").status_code == 500
    with database.reading() as session:
        assert session.scalars(select(Agency)).all() == []


def test_a_get_cannot_write(app: FastAPI, client: TestClient, database: Database, clock: Clock) -> None:
    @app.get("/v1/probe")
    def probe(session: DbSession) -> None:
        add_agency(session, clock)

    assert client.get("/v1/probe", headers=key_headers(database, Role.PARTNER)).status_code == 500


@pytest.mark.parametrize(("pooled", "prepared"), [("", True), ("&prepared=off", False)])
def test_statements_are_prepared_unless_a_pooler_forgets_them(cluster: Cluster, pooled: str, prepared: bool) -> None:
    engine = make_engine(cluster.url("postgres") + pooled)
    with engine.connect() as connection:
        for _ in range(PREPARED_AFTER + 2):
            connection.execute(text("SELECT 1"))
        kept = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    engine.dispose()
    assert (kept > 0) is prepared
