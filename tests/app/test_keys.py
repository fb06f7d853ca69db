"""API keys: shown once, kept as a hash, one agency, one role or less, ended in 90 days."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.access import keys
from app.access.actor import Actor
from app.access.guard import require
from app.access.models import Agency, ApiKey
from app.access.policy import Permission, Role
from app.audit.models import AuditEvent
from app.clock import Clock, MovableClock
from app.config import Settings
from app.db import Database
from app.errors import Problem
from app.main import create_app
from tests.actors import add_agency, key_headers


@pytest.fixture(autouse=True)
def probe(app: FastAPI) -> None:
    """A route that tells who asks."""

    @app.get("/v1/probe")
    def who(actor: Annotated[Actor, require(Permission.REFERRAL_READ)]) -> dict[str, str | None]:
        return {"agency": actor.agency_id, "key": actor.api_key_id, "person": actor.person_id, "role": actor.role}


def issue(session: Session, clock: Clock, **more: object) -> tuple[ApiKey, str]:
    given = {"name": "intake", "role": Role.SUPERVISOR, "now": clock.now(), "live": False, **more}
    if "agency_id" not in given:
        given["agency_id"] = add_agency(session, clock).id
    return keys.issue(session, None, **given)  # type: ignore[arg-type]


def refusals(database: Database) -> list[tuple[str, str | None, str | None]]:
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.outcome == "denied").order_by(AuditEvent.seq))
        return [(row.action, row.actor_id, row.reason) for row in rows]


def test_a_key_is_random_and_stored_as_a_hash_only(session: Session, clock: Clock) -> None:
    agency = add_agency(session, clock)
    made = [issue(session, clock, agency_id=agency.id) for _ in range(3)]
    secrets = [secret for _, secret in made]
    assert len(set(secrets)) == 3
    assert all(re.fullmatch(r"bn_test_[0-9a-f]{40}", secret) for secret in secrets)
    session.flush()
    stored = str(session.execute(text("SELECT * FROM api_keys")).all())
    assert not any(secret in stored or secret[12:] in stored for secret in secrets)
    assert all(secret.startswith(key.hint) for key, secret in made)


def test_a_key_opens_what_its_role_may(client: TestClient, database: Database) -> None:
    answer = client.get("/v1/probe", headers=key_headers(database, Role.SUPERVISOR))
    assert answer.status_code == 200
    assert answer.json()["role"] == "supervisor"
    assert answer.json()["key"].startswith("key_")
    assert answer.json()["person"] is None


def test_a_role_without_the_permission_is_refused_and_audited(client: TestClient, database: Database) -> None:
    answer = client.get("/v1/probe", headers=key_headers(database, Role.AUDITOR))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    with database.reading() as session:
        key_id = session.scalars(select(ApiKey.id)).one()
    assert refusals(database) == [("referral_read", key_id, "role")]


def test_a_scope_narrows(client: TestClient, database: Database) -> None:
    narrow = key_headers(database, Role.SUPERVISOR, permissions=[Permission.FUND_READ])
    assert client.get("/v1/probe", headers=narrow).status_code == 403
    exact = key_headers(database, Role.SUPERVISOR, permissions=[Permission.REFERRAL_READ])
    assert client.get("/v1/probe", headers=exact).status_code == 200


@pytest.mark.one_kind
@pytest.mark.parametrize("permission", [Permission.AUDIT_READ, Permission.FINDINGS_WHOLE])
def test_a_scope_beyond_the_role_or_closed_to_keys_is_refused(
    session: Session, clock: Clock, permission: Permission
) -> None:
    with pytest.raises(Problem) as caught:
        issue(session, clock, permissions=[permission])
    assert caught.value.errors[0].code == "beyond_role"


@pytest.mark.one_kind
@pytest.mark.parametrize(("days", "allowed"), [(0, False), (1, True), (90, True), (91, False)])
def test_a_key_lasts_90_days_at_most(session: Session, clock: Clock, days: int, allowed: bool) -> None:
    if allowed:
        key, _ = issue(session, clock, lasts=timedelta(days=days))
        assert key.expires_at == clock.now() + timedelta(days=days)
        return
    with pytest.raises(Problem) as caught:
        issue(session, clock, lasts=timedelta(days=days))
    assert caught.value.errors[0].code == "out_of_range"


def test_an_ended_key_is_refused_at_its_instant(client: TestClient, database: Database, clock: MovableClock) -> None:
    headers = key_headers(database, Role.SUPERVISOR, lasts=timedelta(days=1))
    clock.move(timedelta(days=1, microseconds=-1))
    assert client.get("/v1/probe", headers=headers).status_code == 200
    clock.move(timedelta(microseconds=1))
    answer = client.get("/v1/probe", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert [reason for _, _, reason in refusals(database)] == ["key_expired"]


def test_a_revoked_key_is_refused_from_the_next_request(client: TestClient, database: Database, clock: Clock) -> None:
    headers = key_headers(database, Role.SUPERVISOR)
    with database.writing() as session:
        key_id = session.scalars(select(ApiKey.id)).one()
        keys.revoke(session, None, key_id, clock.now())
    assert client.get("/v1/probe", headers=headers).status_code == 401
    assert refusals(database) == [("sign_in", key_id, "key_revoked")]


def test_a_closed_agency_is_shut_out(client: TestClient, database: Database, clock: Clock) -> None:
    headers = key_headers(database, Role.SUPERVISOR)
    with database.writing() as session:
        session.scalars(select(Agency)).one().closed_at = clock.now()
    assert client.get("/v1/probe", headers=headers).status_code == 401


@pytest.mark.one_kind
@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer bn_test_",
        "Bearer bn_test_0000000000000000000000000000000000000000",
        "Basic {secret}",
        "{secret}",
        "Bearer {live}",
        "Bearer {secret}0",
    ],
)
def test_nothing_but_the_key_in_the_header_opens(client: TestClient, database: Database, header: str | None) -> None:
    secret = key_headers(database, Role.SUPERVISOR)["Authorization"].removeprefix("Bearer ")
    filled = None if header is None else header.format(secret=secret, live=secret.replace("test", "live"))
    answer = client.get("/v1/probe", headers={} if filled is None else {"Authorization": filled})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get(f"/v1/probe?key={secret}&access_token={secret}").status_code == 401
    client.cookies.set("bednight", secret)
    assert client.get("/v1/probe").status_code == 401


def test_a_test_key_never_opens_live_data(client: TestClient, database: Database, settings: Settings) -> None:
    headers = key_headers(database, Role.SUPERVISOR)
    live = create_app(replace(settings, live=True), clock=database.clock)
    live.routes.extend(route for route in client.app.routes if getattr(route, "path", "") == "/v1/probe")  # type: ignore[attr-defined]
    assert TestClient(live).get("/v1/probe", headers=headers).status_code == 401
    with database.writing() as session:
        _, secret = issue(session, database.clock, live=True)
    assert secret.startswith("bn_live_")
    assert TestClient(live).get("/v1/probe", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert client.get("/v1/probe", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    live.state.database.close()


def test_the_last_use_is_kept_to_the_minute(client: TestClient, database: Database, clock: MovableClock) -> None:
    def last_used() -> object:
        with database.reading() as session:
            return session.scalars(select(ApiKey.last_used_at)).one()

    headers = key_headers(database, Role.SUPERVISOR)
    assert last_used() is None
    client.get("/v1/probe", headers=headers)
    first = clock.now()
    assert last_used() == first
    clock.move(timedelta(seconds=59))
    client.get("/v1/probe", headers=headers)
    assert last_used() == first
    clock.move(timedelta(seconds=1))
    client.get("/v1/probe", headers=headers)
    assert last_used() == clock.now()


def test_two_keys_overlap_for_rotation(client: TestClient, database: Database, clock: Clock) -> None:
    with database.writing() as session:
        agency_id = add_agency(session, clock).id
    old, new = (key_headers(database, Role.SUPERVISOR, agency_id=agency_id) for _ in range(2))
    assert client.get("/v1/probe", headers=old).status_code == 200
    assert client.get("/v1/probe", headers=new).status_code == 200


def test_an_unknown_agency_or_key_is_not_found(session: Session, clock: Clock) -> None:
    with pytest.raises(Problem, match="not_found"):
        issue(session, clock, agency_id="agency_none")
    with pytest.raises(Problem, match="not_found"):
        keys.revoke(session, None, "key_none", clock.now())
