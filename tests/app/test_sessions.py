"""Sessions while they last: proved again, warned of their end, ended by their own holder, and a shift's device."""

import re
from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access import policy, service
from app.access.actor import Actor
from app.access.guard import require
from app.access.models import SignIn
from app.access.policy import AgencyKind, Permission, Role
from app.access.tokens import form_token, sha256
from app.audit.models import AuditEvent
from app.clock import MovableClock, SystemClock
from app.db import Database
from tests.actors import SAME_SITE, sign_in
from tests.entering import PAGE, Member, enrolled, quick
from tests.factories import house, load, network, new_agency

pytestmark = pytest.mark.one_kind

__all__ = ["quick"]


@pytest.fixture
def member(client: TestClient, database: Database, quick: None) -> Member:
    """A supervisor with a password and an app, signed in."""
    return enrolled(client, database, Role.SUPERVISOR)


@pytest.fixture(autouse=True)
def probe(app: FastAPI) -> None:
    """A page that needs a fresh proof."""

    @app.get("/probe")
    def whole(actor: Annotated[Actor, require(Permission.FINDINGS_WHOLE)]) -> str:
        return actor.id


def post(client: TestClient, path: str, **sent: str) -> int:
    token = form_token(client.cookies["bednight"])
    return client.post(path, data={"form_token": token, **sent}, headers=SAME_SITE | PAGE).status_code


def prove(member: Member, **other: str) -> int:
    sent = {"password": "seven quiet herons at dusk", "code": member.code(), **other}
    return post(member.client, "/prove", **sent)


def test_what_reaches_far_is_done_within_five_minutes_of_a_proof(member: Member, clock: MovableClock) -> None:
    client = member.client
    clock.move(timedelta(minutes=5))
    assert client.get("/probe").status_code == 200
    clock.move(timedelta(microseconds=1))
    refused = client.get("/probe")
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_needed")
    assert 'href="/prove?to=/probe"' in client.get("/probe", headers=PAGE).text
    assert 'value="/probe"' in client.get("/prove?to=/probe", headers=PAGE).text
    assert prove(member, to="/probe") == 303
    assert client.get("/probe").status_code == 200
    with member.database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [(row.action, row.reason) for row in rows if row.action in {"prove", "findings_whole"}] == [
        ("findings_whole", "proof_too_old"),
        ("findings_whole", "proof_too_old"),
        ("prove", None),
    ]


def test_every_permission_that_needs_it_is_one_that_no_key_holds() -> None:
    assert policy.FRESH <= policy.CLOSED_TO_KEYS
    assert {Permission.PEOPLE_WRITE, Permission.FINDINGS_WHOLE, Permission.EXCEPTION_SECOND} <= policy.FRESH


def test_a_proof_changes_the_cookie_and_leaves_forms_of_open_pages_alone(member: Member) -> None:
    before = member.client.cookies["bednight"]
    token = form_token(before)
    assert prove(member) == 303
    after = member.client.cookies["bednight"]
    assert sha256(before) != sha256(after)
    sent = {"form_token": token, "press": "none"}
    assert member.client.post("/security/sessions", data=sent, headers=SAME_SITE).status_code == 303
    member.client.cookies.clear()
    member.client.cookies.set("bednight", before)
    assert member.client.get("/security").status_code == 401


@pytest.mark.parametrize("wrong", [{"password": "wrong heron"}, {"code": "000000"}])
def test_a_wrong_proof_changes_nothing(member: Member, clock: MovableClock, wrong: dict[str, str]) -> None:
    clock.move(timedelta(minutes=6))
    before = member.client.cookies["bednight"]
    assert prove(member, **wrong) == 403
    assert member.client.cookies["bednight"] == before
    assert member.client.get("/probe").status_code == 403


def test_a_colleagues_proof_is_none(member: Member, app: FastAPI, clock: MovableClock) -> None:
    other = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.2", 1), follow_redirects=False)
    colleague = enrolled(other, member.database)
    clock.move(timedelta(minutes=6))
    assert prove(member, code=colleague.code()) == 403


def test_proofs_are_guessed_as_seldom_as_at_the_door(member: Member) -> None:
    assert [prove(member, code="000000") for _ in range(6)] == [403] * 5 + [429]


def test_seconds_left_and_asking_for_them_keeps_nobody_awake(member: Member, clock: MovableClock) -> None:
    assert member.client.get("/session").json() == {"seconds": 900}
    clock.move(timedelta(minutes=14))
    assert member.client.get("/session").json() == {"seconds": 60}
    assert post(member.client, "/stay") == 200
    assert member.client.get("/session").json() == {"seconds": 900}
    clock.move(timedelta(minutes=15))
    assert member.client.get("/session").status_code == 401


def test_pages_warn_two_minutes_before_where_time_runs(member: Member, app: FastAPI) -> None:
    assert "data-idle" not in member.client.get("/security", headers=PAGE).text
    settings = app.state.settings
    app.state.clock = SystemClock(settings.time_zone, settings.night_turns_at)
    member.database.clock = app.state.clock
    member.sign_in()
    page = member.client.get("/security", headers=PAGE).text
    assert 'data-idle="780"' in page
    assert 'action="/stay"' in page


def test_one_sees_where_one_is_signed_in_and_ends_it(member: Member, app: FastAPI) -> None:
    other = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.2", 1), follow_redirects=False)
    other.headers["user-agent"] = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"
    assert member.sign_in(other).status_code == 303
    page = member.client.get("/security", headers=PAGE).text
    assert "Firefox, Windows" in page
    assert "10 left" in page
    found = re.search(r'name="press" value="(sign_[a-z0-9]+)"', page)
    assert found is not None
    elsewhere = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 3), follow_redirects=False)
    stranger = sign_in(elsewhere, member.database, Role.AUDITOR)
    assert post(member.client, "/security/sessions", press=found[1]) == 303
    assert other.get("/security").status_code == 401
    assert member.client.get("/security").status_code == 200
    with member.database.reading() as session:
        rows = session.scalars(select(SignIn).where(SignIn.ended_at.is_(None))).all()
        assert {row.person_id for row in rows} == {member.person.id, stranger.id}


def test_one_is_told_of_a_new_device(member: Member, app: FastAPI, clock: MovableClock) -> None:
    other = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.2", 1), follow_redirects=False)
    clock.move(timedelta(minutes=1))
    leads = [member.sign_in(client).headers["location"] for client in (other, member.client, member.client, other)]
    assert leads == ["/", "/security?new=1", "/", "/"]
    assert "a browser that was new" in member.client.get("/security?new=1", headers=PAGE).text


def test_one_signs_out_everywhere_else(member: Member, app: FastAPI) -> None:
    others = [TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", n)) for n in (2, 3)]
    for other in others:
        member.sign_in(other)
    assert post(member.client, "/security/sessions", press="others") == 303
    assert [other.get("/security").status_code for other in others] == [401, 401]
    assert member.client.get("/security").status_code == 200


def test_another_app_takes_a_fresh_proof(member: Member, clock: MovableClock) -> None:
    clock.move(timedelta(minutes=6))
    assert post(member.client, "/security/anew") == 403
    assert prove(member) == 303
    token = form_token(member.client.cookies["bednight"])
    answer = member.client.post("/security/anew", data={"form_token": token}, headers=SAME_SITE)
    assert re.fullmatch(r"/enrol/[0-9a-f]{40}", answer.headers["location"])
    assert "<code>" in member.client.get(answer.headers["location"]).text


def test_devices_are_forgotten(member: Member, app: FastAPI) -> None:
    other = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.2", 1))
    member.sign_in(other)
    post(member.client, "/security/sessions", press="others")
    assert post(member.client, "/security/devices") == 303
    assert member.client.get("/security", headers=PAGE).text.count("first ") == 1


@pytest.fixture
def shift(client: TestClient, database: Database, quick: None) -> Member:
    """Somebody who works in a house, on its own device."""
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    load(database, network(house("fac_a")), operators={"fac_a": agency})
    member = enrolled(client, database, Role.FACILITY_STAFF, agency)
    assert member.sign_in(shift="1").status_code == 303
    return member


def test_a_shifts_device_keeps_its_board_alone(shift: Member, clock: MovableClock) -> None:
    client = shift.client
    clock.move(timedelta(hours=3))
    board = client.get("/board/fac_a", headers=PAGE)
    assert board.status_code == 200
    assert "Prove that it is you" in board.text
    assert post(client, "/board/fac_a/confirmation", awake="2") == 303
    for path in ("/tasks", "/security", "/referrals/ref_1", "/"):
        answer = client.get(path, headers=PAGE)
        assert (answer.status_code, "Prove" in answer.text) == (403, True), path
    assert post(client, "/board/fac_a/walk-ins", press="verified") == 403
    # What is pressed on the board wakes nothing but the board.
    assert client.get("/tasks").status_code == 403
    assert prove(shift) == 303
    assert client.get("/tasks").status_code == 200
    clock.move(timedelta(hours=9))
    assert client.get("/board/fac_a").status_code == 401


def test_no_other_role_has_a_shifts_device(member: Member, clock: MovableClock) -> None:
    assert member.sign_in(shift="1").status_code == 303
    clock.move(timedelta(minutes=15))
    assert member.client.get("/security").status_code == 401


def test_a_shifts_device_ends_with_its_person(shift: Member, clock: MovableClock) -> None:
    clock.move(timedelta(hours=1))
    with shift.database.writing() as session:
        service.disable_person(session, None, shift.person.id, clock.now())
    assert shift.client.get("/board/fac_a").status_code == 401
