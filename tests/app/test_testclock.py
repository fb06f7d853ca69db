"""The demo's clock: forward alone, an hour at a time, what is on the way done in order; elsewhere it is not there."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app import testclock
from app.access.models import ApiKey
from app.access.policy import Role
from app.access.tokens import form_token
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.main import create_app
from app.outbox import emit
from app.outbox.models import OutboxEvent
from tests.actors import SAME_SITE, key_headers, sign_in
from tests.conftest import EVENING
from tests.factories import Caller, made, refused

pytestmark = pytest.mark.one_kind

ADVANCE = "/v1/test-clock/advance"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is."""
    monkeypatch.setattr(testclock, "LONGEST", 600)


@pytest.fixture
def caller(client: TestClient, database: Database) -> Caller:
    """A coordinator's key."""
    return Caller(client, database, Role.INTAKE_COORDINATOR)


def due(database: Database, agency_id: str, after: timedelta) -> None:
    with database.writing() as session:
        at = database.clock.now() + after
        emit(session, "stay.cap_warning", agency_id=agency_id, subject_kind="stay", subject_id="stay_1", due_at=at)


@pytest.mark.parametrize(
    ("body", "span"),
    [
        ({"days": 2}, timedelta(days=2)),
        ({"hours": 5, "minutes": 20}, timedelta(hours=5, minutes=20)),
        ({"to": "2026-11-22T04:00:00-05:00"}, timedelta(hours=5, minutes=46)),
    ],
)
def test_it_goes_forward_and_says_where_it_is(caller: Caller, clock: MovableClock, body: Any, span: timedelta) -> None:
    said = made(caller.post(ADVANCE, body))
    assert clock.now() == EVENING + span
    assert datetime.fromisoformat(said["now"]) == datetime.fromisoformat(said["to"]) == clock.now()
    assert said["tonight"] == clock.tonight().isoformat()
    assert (said["reached"], said["became_due"]) == (True, 0)


def test_everything_on_the_way_is_done_in_its_hour(
    app: FastAPI, caller: Caller, database: Database, clock: MovableClock
) -> None:
    stops: list[datetime] = []

    def note(found: Database) -> int:
        stops.append(found.clock.now())
        return 1 if found.clock.now().hour == 6 else 0

    app.state.worker.due = (note,)
    for hours in (30, 2, 400):
        due(database, caller.agency_id, timedelta(hours=hours))
    said = made(caller.post(ADVANCE, {"days": 2}))
    # The first step is to the full hour, and no step is longer than one.
    assert stops[0] == EVENING + timedelta(minutes=46)
    assert {later - earlier for earlier, later in pairwise(stops[:-1])} == {timedelta(hours=1)}
    assert (stops[-1], said["became_due"]) == (EVENING + timedelta(days=2), 2 + 2)
    with database.reading() as session:
        told = session.scalars(select(OutboxEvent.handed_on_at).order_by(OutboxEvent.due_at)).all()
    assert told[2] is None
    for at, hours in zip(told[:2], (2, 30), strict=True):
        assert at is not None
        assert timedelta(0) <= at - (EVENING + timedelta(hours=hours)) < timedelta(hours=1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "own_words"),
        ({"days": 0}, "own_words"),
        ({"days": 1, "to": "2026-12-22T04:00:00-05:00"}, "own_words"),
        ({"days": -1}, "greater_than_equal"),
        ({"days": "1"}, "int_type"),
        ({"days": 367}, "too_far"),
        ({"days": 366, "minutes": 1}, "too_far"),
        ({"hours": 1_000_000}, "too_far"),
        ({"to": "2027-12-22T04:00:00-05:00"}, "too_far"),
        ({"to": "2026-11-21T22:14:00-05:00"}, "not_forward"),
        ({"to": "2020-01-01T00:00:00Z"}, "not_forward"),
        ({"to": "2026-11-22T04:00:00"}, "datetime_parsing"),
        ({"to": "tomorrow"}, "datetime_parsing"),
    ],
)
def test_backward_too_far_or_both_ways_is_refused(caller: Caller, clock: MovableClock, body: Any, code: str) -> None:
    problem = refused(caller.post(ADVANCE, body), 422, "invalid")
    assert [error["code"] for error in problem["errors"]] == [code]
    assert clock.now() == EVENING


def test_a_year_goes_at_once(caller: Caller, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testclock, "STEP", timedelta(days=30))
    assert made(caller.post(ADVANCE, {"days": 366}))["reached"] is True
    assert clock.now() == EVENING + timedelta(days=366)


def test_where_the_time_is_up_it_says_how_far_it_came(
    caller: Caller, database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(1000))
    monkeypatch.setattr(testclock, "LONGEST", 20)
    monkeypatch.setattr("app.testclock.monotonic", lambda: next(seconds))
    with database.reading() as session:
        (ends,) = session.scalars(select(ApiKey.expires_at))
    target = EVENING + timedelta(days=3)
    said = made(caller.post(ADVANCE, {"to": target.isoformat()}))
    came = clock.now() - EVENING
    assert (said["reached"], datetime.fromisoformat(said["to"])) == (False, target)
    assert timedelta(hours=18) < came < timedelta(hours=20)
    with database.reading() as session:
        assert list(session.scalars(select(ApiKey.expires_at))) == [ends + came]
    assert made(caller.post(ADVANCE, {"to": target.isoformat()}))["reached"] is False


def test_nobody_was_away_meanwhile(
    client: TestClient, database: Database, clock: MovableClock, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, database, Role.SUPERVISOR)
    headers = SAME_SITE | {"X-Form-Token": form_token(client.cookies["bednight"])}
    clock.move(timedelta(minutes=14))
    monkeypatch.setattr(testclock, "STEP", timedelta(days=10))
    assert client.post(ADVANCE, json={"days": 200}, headers=headers).is_success
    assert client.get("/").status_code == 200
    assert made(caller.get("/v1/referrals"))["data"] == []
    clock.move(timedelta(minutes=14))
    assert client.get("/").status_code == 200
    clock.move(timedelta(minutes=15))
    assert client.get("/").status_code == 401


def test_two_at_once_are_one_after_the_other(caller: Caller, clock: MovableClock) -> None:
    with testclock._one_at_a_time():
        refused(caller.post(ADVANCE, {"days": 1}), 409, "conflict")
    assert clock.now() == EVENING
    made(caller.post(ADVANCE, {"days": 1}))


def test_it_is_on_the_trail(caller: Caller, database: Database) -> None:
    made(caller.post(ADVANCE, {"minutes": 1}))
    with database.reading() as session:
        assert [row.action for row in session.scalars(select(AuditEvent))][-1] == "test_clock.advance"


@pytest.mark.parametrize("role", Role)
def test_who_may(client: TestClient, database: Database, role: Role) -> None:
    answer = client.post(ADVANCE, json={"minutes": 1}, headers=key_headers(database, role))
    may = role in {Role.INTAKE_COORDINATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}
    assert answer.status_code == (200 if may else 403)


def test_in_the_real_thing_it_is_an_unknown_address(settings: Settings, clock: MovableClock) -> None:
    for real in (create_app(settings), create_app(replace(settings, live=True), clock=clock)):
        with real.state.database.writing():
            pass
        there = TestClient(real, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
        headers = {} if real.state.settings.live else key_headers(real.state.database, Role.SUPERVISOR)
        for method in ("POST", "GET"):
            answers = [
                there.request(method, path, json={"days": 1}, headers=headers) for path in (ADVANCE, "/v1/nothing")
            ]
            bodies = [{**answer.json(), "request_id": None} for answer in answers]
            assert bodies[0] == bodies[1]
            assert [answer.status_code for answer in answers] == [404, 404]
        assert ADVANCE not in real.openapi()["paths"]
        assert isinstance(real, FastAPI)
        real.state.database.close()
