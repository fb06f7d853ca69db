"""The server's own role of PostgreSQL: it does all the server's work, and cannot touch what is on record."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Executable, delete, text, update
from sqlalchemy.exc import ProgrammingError

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Base, Database
from app.main import create_app
from migrations.grants import MOVES_FORWARD, ON_RECORD, NoSuchRole, grant, rights
from tests.app.server_role import as_server
from tests.factories import EIGHT_ANSWERS, Caller, house, load, made, network, new_agency
from tests.postgres import Cluster


@pytest.fixture
def database_url(migrated_postgresql: str, cluster: Cluster) -> Iterator[str]:
    """PostgreSQL alone has roles."""
    url = cluster.create(migrated_postgresql)
    yield url
    cluster.drop(url)


@pytest.fixture
def server(database: Database, clock: MovableClock) -> Iterator[Database]:
    """The same database, as the server's own role sees it."""
    with as_server(database, clock) as found:
        yield found


def test_the_server_does_its_work_as_a_role_that_owns_nothing(
    database: Database, server: Database, settings: Settings, clock: MovableClock
) -> None:
    own = new_agency(database, AgencyKind.RESIDENTIAL)
    load(database, network(house()), operators={"fac_a": own})
    app = create_app(replace(settings, database_url=server.engine.url.render_as_string(False)), clock=clock)
    client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    asks = Caller(client, server, Role.INTAKE_COORDINATOR)
    staff = Caller(client, server, Role.FACILITY_STAFF, own)
    referral = made(asks.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    run = asks.post(f"/v1/referrals/{referral}/rankings").headers["Location"].rpartition("/")[2]
    question = {"run": run, "facility": "fac_a", "authority": "court_order", "called": True}
    offer = made(asks.post(f"/v1/referrals/{referral}/holds", question))["id"]
    stay = made(staff.post(f"/v1/facilities/fac_a/offers/{offer}/answer", {"accept": True}))["stay_id"]
    made(staff.post(f"/v1/stays/{stay}/arrival"))
    app.state.worker.round()
    app.state.database.close()


def refused(server: Database, statement: Executable) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), server.engine.begin() as connection:
        connection.execute(statement)


@pytest.mark.parametrize("table", sorted(ON_RECORD))
def test_it_cannot_touch_what_is_on_record(server: Database, table: str) -> None:
    rows = Base.metadata.tables[table]
    refused(server, delete(rows))
    refused(server, text(f"TRUNCATE {table}"))
    refused(server, text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
    refused(server, text(f"DROP TABLE {table}"))
    key = next(iter(rows.primary_key.columns))
    refused(server, update(rows).values({key: key}))


def test_nor_make_tables_of_its_own_or_lose_the_head_of_the_trail(server: Database) -> None:
    refused(server, text("CREATE TABLE mine (id int)"))
    refused(server, text("DELETE FROM audit_head"))
    refused(server, text("INSERT INTO audit_head VALUES (2, 0, '')"))
    refused(server, text("UPDATE alembic_version SET version_num = ''"))


def test_every_table_has_its_rights() -> None:
    assert set(Base.metadata.tables) >= ON_RECORD | MOVES_FORWARD
    assert {rights(table) for table in Base.metadata.tables} == {
        "SELECT, INSERT", "SELECT, UPDATE", "SELECT, INSERT, UPDATE, DELETE",
    }  # fmt: skip


def test_a_role_that_could_do_everything_is_refused(database: Database) -> None:
    with database.engine.connect() as connection:
        for role in ("nobody_such", str(database.engine.url.username)):
            with pytest.raises(NoSuchRole, match=role):
                grant(connection, role)
        connection.rollback()
        odd = f'odd "{uuid4().hex}'
        connection.execute(text("CREATE ROLE " + connection.dialect.identifier_preparer.quote(odd)))
        grant(connection, odd)
        connection.rollback()
