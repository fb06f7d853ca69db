"""Passkeys: made by a link or beside another factor, asked whenever it matters, and bound to this site."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select, update

from app.access import enrolment, service
from app.access.factor_models import Challenge, Passkey
from app.access.policy import Role
from app.access.tokens import form_token
from app.audit.models import AuditEvent
from app.clock import MovableClock, machine_time
from app.db import Database
from tests.actors import SAME_SITE
from tests.authenticator import SoftPasskey
from tests.entering import PAGE, Member, enrolled, link_for, quick, somebody

__all__ = ["quick"]

pytestmark = [pytest.mark.one_kind, pytest.mark.usefixtures("quick")]


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    """A browser somewhere, over TLS."""
    return TestClient(app, base_url="https://bednight.example.org", client=("203.0.113.9", 1), follow_redirects=False)


def send(client: TestClient, path: str, **sent: str) -> Response:
    if (cookie := client.cookies.get("__Host-bednight")) is not None:
        sent = {"form_token": form_token(cookie), **sent}
    return client.post(path, data=sent, headers=SAME_SITE | PAGE)


def asked(client: TestClient, path: str) -> dict[str, Any]:
    answer = send(client, path)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


def by_link(client: TestClient, database: Database, passkey: SoftPasskey) -> str:
    """The id of somebody who has set up a passkey by their link, and is signed in."""
    person = somebody(database, Role.SUPERVISOR)
    link = link_for(database, person)
    answer = send(client, f"{link}/passkey", answer=passkey.create(asked(client, f"{link}/passkey/options")))
    assert answer.status_code == 200, answer.text
    assert client.get(link).status_code == 404
    return person.id


def sign_in(client: TestClient, passkey: SoftPasskey) -> Response:
    return send(client, "/sign-in/passkey", answer=passkey.get(asked(client, "/sign-in/passkey/options")))


def test_a_passkey_lets_in_without_a_name(browser: TestClient, database: Database) -> None:
    passkey = SoftPasskey()
    by_link(browser, database, passkey)
    browser.cookies.clear()
    assert browser.get("/security").status_code == 401
    assert sign_in(browser, passkey).status_code == 303
    page = browser.get("/security", headers=PAGE).text
    assert "Passkey: A browser" in page
    with database.reading() as session:
        assert [row.sign_count for row in session.scalars(select(Passkey))] == [1]
        assert session.scalars(select(Challenge)).all() == []


def test_its_holder_is_asked_for_every_time(browser: TestClient, database: Database) -> None:
    person = somebody(database)
    link = link_for(database, person)
    options = asked(browser, f"{link}/passkey/options")
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert asked(browser, "/sign-in/passkey/options")["userVerification"] == "required"
    careless = SoftPasskey()
    careless.verifies = False
    assert send(browser, f"{link}/passkey", answer=careless.create(options)).status_code == 400
    passkey = SoftPasskey()
    by_link(browser, database, passkey)
    passkey.verifies = False
    assert sign_in(browser, passkey).status_code == 401


def test_another_site_gets_nothing_that_is_of_use_here(browser: TestClient, database: Database) -> None:
    passkey = SoftPasskey()
    by_link(browser, database, passkey)
    passkey.origin = "https://bednight.example.net"
    assert sign_in(browser, passkey).status_code == 401
    passkey.origin, passkey.host = "https://bednight.example.org", "bednight.example.net"
    assert sign_in(browser, passkey).status_code == 401
    for path in ("/sign-in/passkey/options", "/sign-in/passkey"):
        assert browser.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_an_answer_is_taken_once_and_in_time(browser: TestClient, database: Database) -> None:
    passkey = SoftPasskey()
    by_link(browser, database, passkey)
    answer = passkey.get(asked(browser, "/sign-in/passkey/options"))
    assert [send(browser, "/sign-in/passkey", answer=answer).status_code for _ in range(2)] == [303, 401]
    late = passkey.get(asked(browser, "/sign-in/passkey/options"))
    with database.writing() as session:
        session.execute(update(Challenge).values(expires_at=machine_time()))
    assert send(browser, "/sign-in/passkey", answer=late).status_code == 401


def test_a_copy_that_counts_on_its_own_is_refused(browser: TestClient, database: Database) -> None:
    passkey = SoftPasskey()
    by_link(browser, database, passkey)
    assert sign_in(browser, passkey).status_code == 303
    passkey.count = 0
    assert sign_in(browser, passkey).status_code == 401


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "{}", "x" * 30_000, "[" * 10_000, '{"response": 1}', '{"response": {"clientDataJSON": "é"}}',
     '{"id": "x", "response": {"clientDataJSON": "W10"}}'],
)  # fmt: skip
def test_what_cannot_be_read_lets_nobody_in(browser: TestClient, answer: str) -> None:
    assert send(browser, "/sign-in/passkey", answer=answer).status_code == 401


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_what_was_changed_on_the_way_lets_nobody_in(browser: TestClient, database: Database, part: str) -> None:
    passkey = SoftPasskey()
    by_link(browser, database, passkey)
    for other in ("AAAA", "", None, 7, {"a": 1}):
        sent = json.loads(passkey.get(asked(browser, "/sign-in/passkey/options")))
        sent["response"][part] = other
        assert send(browser, "/sign-in/passkey", answer=json.dumps(sent)).status_code == 401


def test_a_stranger_s_passkey_and_a_disabled_person_s_let_nobody_in(browser: TestClient, database: Database) -> None:
    assert sign_in(browser, SoftPasskey()).status_code == 401
    passkey = SoftPasskey()
    person_id = by_link(browser, database, passkey)
    with database.writing() as session:
        service.disable_person(session, None, person_id, database.clock.now())
    assert sign_in(browser, passkey).status_code == 401


def test_it_proves_again_who_one_is(browser: TestClient, database: Database, clock: MovableClock) -> None:
    passkey, other = SoftPasskey(), SoftPasskey()
    by_link(browser, database, other)
    browser.cookies.clear()
    by_link(browser, database, passkey)
    clock.move(timedelta(minutes=6))
    assert send(browser, "/security/anew").status_code == 403
    wrong = send(browser, "/prove/passkey", answer=other.get(asked(browser, "/sign-in/passkey/options")))
    assert wrong.status_code == 403
    right = send(browser, "/prove/passkey", to="/beds", answer=passkey.get(asked(browser, "/sign-in/passkey/options")))
    assert (right.status_code, right.headers["location"]) == (303, "/beds")
    assert send(browser, "/security/anew").status_code == 303


@pytest.fixture
def member(browser: TestClient, database: Database) -> Member:
    """Somebody with a password and an app."""
    return enrolled(browser, database)


def test_one_is_added_and_removed_with_a_fresh_proof(member: Member, clock: MovableClock) -> None:
    client, passkey = member.client, SoftPasskey()
    made = passkey.create(asked(client, "/security/passkeys/options"))
    assert send(client, "/security/passkeys", answer=made).status_code == 303
    assert send(client, "/security/passkeys", answer=made).status_code == 400
    again = asked(client, "/security/passkeys/options")
    assert [one["id"] for one in again["excludeCredentials"]] == [json.loads(made)["id"]]
    assert sign_in(client, passkey).status_code == 303
    with member.database.reading() as session:
        key_id = session.scalars(select(Passkey.id)).one()
    clock.move(timedelta(minutes=6))
    for path in ("/security/passkeys/options", "/security/passkeys", "/security/passkeys/removal"):
        assert send(client, path, press=key_id).status_code == 403
    assert sign_in(client, passkey).status_code == 303
    assert send(client, "/security/passkeys/removal", press=key_id).status_code == 303
    assert sign_in(client, passkey).status_code == 401
    with member.database.reading() as session:
        actions = session.scalars(select(AuditEvent.action).where(AuditEvent.subject == key_id)).all()
    assert actions == ["passkey.add", "passkey.remove"]


def test_nobody_removes_anothers(member: Member, app: FastAPI) -> None:
    other = TestClient(app, base_url="https://bednight.example.org", client=("203.0.113.8", 1), follow_redirects=False)
    by_link(other, member.database, SoftPasskey())
    with member.database.reading() as session:
        key_id = session.scalars(select(Passkey.id)).one()
    send(member.client, "/security/passkeys/removal", press=key_id)
    with member.database.reading() as session:
        assert session.scalars(select(Passkey.id)).all() == [key_id]


def test_a_link_is_no_way_around_a_passkey(browser: TestClient, database: Database) -> None:
    passkey = SoftPasskey()
    person_id = by_link(browser, database, passkey)
    with database.writing() as session:
        link = enrolment.issue(session, None, person_id, database.clock.now())
    assert "<code>" not in browser.get(link).text
    assert send(browser, f"{link}/passkey/options").status_code == 404
    assert (
        send(browser, link, password="some other herons", again="some other herons", code="123456").status_code == 422
    )
    with database.writing() as session:
        fresh = enrolment.lost(session, None, person_id, database.clock.now())
    assert sign_in(browser, passkey).status_code == 401
    assert "<code>" in browser.get(fresh).text


def test_what_one_person_is_asked_another_cannot_answer(browser: TestClient, database: Database) -> None:
    links = [link_for(database, somebody(database)) for _ in range(2)]
    options = asked(browser, f"{links[0]}/passkey/options")
    assert send(browser, f"{links[1]}/passkey", answer=SoftPasskey().create(options)).status_code == 400
    signing = asked(browser, "/sign-in/passkey/options")
    assert send(browser, f"{links[0]}/passkey", answer=SoftPasskey().create(signing)).status_code == 400
