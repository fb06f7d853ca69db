"""Links to set up a sign-in: from anywhere, once, and for nothing else."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update

from app.access import enrolment, passwords, service
from app.access.factor_models import Enrolment, Password
from app.access.models import SignIn
from app.audit.models import AuditEvent
from app.clock import machine_time
from app.db import Database
from tests.actors import SAME_SITE
from tests.entering import PAGE, PASSWORD, Member, enrolled, link_for, quick, said, secret_on, set_up, somebody

__all__ = ["quick"]

pytestmark = [pytest.mark.one_kind, pytest.mark.usefixtures("quick")]  # the statements are those of test_entry.py


def test_a_link_enrols_from_anywhere_and_once(app: FastAPI, database: Database) -> None:
    elsewhere = TestClient(app, base_url="https://bednight.example.org", client=("203.0.113.9", 1))
    member = enrolled(elsewhere, database)
    assert elsewhere.cookies["__Host-bednight"]
    assert len(set(member.codes)) == 10
    assert elsewhere.get("/security", headers=PAGE).status_code in {200, 404}
    with database.reading() as session:
        stored = "".join(
            str(session.execute(text(f"SELECT * FROM {name}")).all())  # noqa: S608 - names of our own
            for name in ("enrolments", "passwords", "recovery_codes", "sign_ins", "devices")
        )
    assert PASSWORD not in stored
    assert not any(code.replace("-", "") in stored for code in member.codes)
    assert "$argon2id$" in stored


def test_following_a_link_uses_nothing_up(client: TestClient, database: Database) -> None:
    link = link_for(database, somebody(database))
    first, second = client.get(link), client.get(link)
    assert secret_on(first) == secret_on(second)
    assert "set-cookie" not in first.headers
    with database.reading() as session:
        assert session.scalars(select(Enrolment.used_at)).all() == [None]
        assert link.rpartition("/")[2] not in str(session.execute(text("SELECT * FROM enrolments")).all())


@pytest.mark.parametrize("code", ["", "000000", "12345", "é"])
def test_a_link_alone_lets_nobody_in(client: TestClient, database: Database, code: str) -> None:
    link = link_for(database, somebody(database))
    secret = secret_on(client.get(link))
    answer = set_up(client, link, secret, code=code)
    assert (answer.status_code, said(answer)) == (422, "Error: This is not the code that the app shows now.")
    assert "set-cookie" not in answer.headers
    assert set_up(client, link, secret).status_code == 200
    assert set_up(client, link, secret).status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("sevench", "sevench", "8 characters or more"),
        ("password123", "password123", "among the first that are tried"),
        ("Trustno1", "Trustno1", "among the first that are tried"),
        ("bednightbednight", "bednightbednight", "among the first that are tried"),
        ("R. DiazR. Diaz", "R. DiazR. Diaz", "among the first that are tried"),
        ("x" * 257, "x" * 257, "256 characters at most"),
        (PASSWORD, f"{PASSWORD}.", "not the same"),
    ],
)
def test_few_passwords_are_refused(
    client: TestClient, database: Database, password: str, again: str, words: str
) -> None:
    link = link_for(database, somebody(database))
    answer = set_up(client, link, secret_on(client.get(link)), password=password, again=again)
    assert answer.status_code == 422
    assert words in said(answer)
    assert password not in answer.text


@pytest.mark.parametrize("password", ["qzxkvbwp", "        ", "ñandú-größe", "0" * 200])
def test_nothing_is_asked_of_the_kinds_of_characters(password: str) -> None:
    passwords.check(password, password)


def test_the_same_letters_typed_otherwise_are_the_same_password() -> None:
    kept = passwords.hashed("n\u0303andu\u0301 ﬁsh")
    assert passwords.matches(kept, "ñandú fish")
    assert not passwords.matches(kept, "nandu fish")
    assert not passwords.matches(None, "")


def test_a_link_ends_within_the_hour_and_by_a_newer_one(client: TestClient, database: Database) -> None:
    person = somebody(database)
    older, newer = link_for(database, person), link_for(database, person)
    assert (client.get(older).status_code, client.get(newer).status_code) == (404, 200)
    with database.writing() as session:
        ends = session.scalars(select(Enrolment.expires_at).where(Enrolment.used_at.is_(None))).one()
        assert timedelta(minutes=59) < ends - machine_time() <= timedelta(hours=1)
        session.execute(update(Enrolment).values(expires_at=machine_time()))
    assert client.get(newer).status_code == 404
    assert set_up(client, newer, "A" * 32).status_code == 404


def test_a_link_of_who_may_not_act_is_dead(client: TestClient, database: Database) -> None:
    person = somebody(database)
    link = link_for(database, person)
    with database.writing() as session:
        service.disable_person(session, None, person.id, database.clock.now())
    assert client.get(link).status_code == 404


def test_another_site_cannot_use_a_link(client: TestClient, database: Database) -> None:
    link = link_for(database, somebody(database))
    assert client.post(link, data={"password": "x"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get(link).status_code == 200


@pytest.fixture
def member(client: TestClient, database: Database) -> Member:
    """Somebody enrolled and signed in."""
    return enrolled(client, database)


def test_a_new_password_asks_for_the_second_factor_there_is(member: Member) -> None:
    link = link_for(member.database, member.person)
    page = member.client.get(link)
    assert "Your app stays as it is" in page.text
    assert "<code>" not in page.text
    another = "another seven herons at dawn"
    wrong = set_up(member.client, link, member.secret, password=another, again=another, code="000000")
    assert wrong.status_code == 422
    assert member.sign_in().status_code == 303
    code = member.code()
    with member.database.reading() as session:
        before = session.scalars(select(SignIn.id).where(SignIn.ended_at.is_(None))).all()
    done = set_up(member.client, link, member.secret, password=another, again=another, code=code)
    assert (done.status_code, "Recovery codes" in done.text) == (200, False)
    with member.database.reading() as session:
        assert not set(before) & set(session.scalars(select(SignIn.id).where(SignIn.ended_at.is_(None))))
    assert member.sign_in().status_code == 401
    assert member.sign_in(password=another).status_code == 303


def test_codes_are_guessed_through_a_link_as_seldom_as_elsewhere(member: Member) -> None:
    link = link_for(member.database, member.person)
    answers = [set_up(member.client, link, member.secret, code="000000").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_what_was_lost_lets_nobody_in(member: Member) -> None:
    with member.database.writing() as session:
        link = enrolment.lost(session, None, member.person.id, member.database.clock.now())
    assert member.sign_in().status_code == 401
    assert member.sign_in(code=member.codes[0]).status_code == 401
    with member.database.reading() as session:
        assert session.scalars(select(SignIn.id).where(SignIn.ended_at.is_(None))).all() == []
        assert session.scalars(select(Password.person_id)).all() == []
    fresh = secret_on(member.client.get(link))
    assert fresh != member.secret
    assert set_up(member.client, link, fresh).status_code == 200


def test_it_is_on_record(member: Member) -> None:
    with member.database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [(row.action, row.actor_kind) for row in rows[2:]] == [
        ("enrolment.issue", "operator"),
        ("enrolment.finish", "person"),
        ("sign_in", "person"),
    ]


def test_the_page_works_with_the_picture_and_without(client: TestClient, database: Database) -> None:
    page = client.get(link_for(database, somebody(database)), headers=SAME_SITE | PAGE)
    assert "<svg" in page.text
    assert re.search(r'href="otpauth://totp/Bednight:[^"]*secret=', page.text)
    assert "style=" not in page.text
