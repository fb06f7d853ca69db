"""Signing in by password and code: once each, in one answer for all that is wrong, and with guesses counted."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Event, Lock

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, event, select

from app.access import guesses, passwords, service
from app.access.factor_models import Device, GuessQuota, RecoveryCode
from app.access.models import SignIn
from app.access.policy import Role
from app.access.tokens import sha256
from app.audit.models import AuditEvent
from app.clock import machine_time
from app.db import Database
from app.entry.cookies import back
from app.errors import Problem
from tests.actors import SAME_SITE, key_headers
from tests.entering import PAGE, PASSWORD, Member, enrolled, quick, said
from tests.factories import EIGHT_ANSWERS

__all__ = ["quick"]

NOT_IN = "That does not let you in. Check all three, and that the code is the one the app shows now."


@pytest.fixture
def member(client: TestClient, database: Database, quick: None) -> Member:
    """Somebody enrolled, in a browser that has forgotten them."""
    found = enrolled(client, database)
    client.cookies.clear()
    return found


def from_afar(app: FastAPI, host: str = "203.0.113.9") -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1", client=(host, 1), follow_redirects=False)


def free(database: Database) -> None:
    with database.writing() as session:
        session.execute(delete(GuessQuota))


def test_the_hash_is_the_one_that_was_chosen() -> None:
    assert passwords.hashed("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_two_are_hashed_at_once_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    go, lock, at_work, most = Event(), Lock(), 0, 0

    class Slow:
        def hash(self, _: bytes) -> str:
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            go.wait(4)
            with lock:
                at_work -= 1
            return "hash"

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(passwords.hashed, "x") for _ in range(12)]
        refused = list(islice((one.exception() for one in as_completed(asked)), 4))
        go.set()
    assert [problem.code for problem in refused if isinstance(problem, Problem)] == ["busy"] * 4
    assert sum(one.exception() is None for one in asked) == 8
    assert most == 2


def test_password_and_code_let_in(member: Member) -> None:
    answer = member.sign_in(to="/beds")
    assert (answer.status_code, answer.headers["location"]) == (303, "/beds")
    assert member.client.get("/", headers=PAGE).status_code == 200
    with member.database.reading() as session:
        stored = session.scalars(select(SignIn.token_sha256).where(SignIn.ended_at.is_(None))).all()
    assert sha256(member.client.cookies["bednight"]) in stored


def test_another_session_of_the_browser_ends(member: Member) -> None:
    member.sign_in()
    before = member.client.cookies["bednight"]
    member.sign_in()
    assert member.client.cookies["bednight"] != before
    member.client.cookies.clear()
    member.client.cookies.set("bednight", before)
    assert member.client.get("/", headers=PAGE).status_code == 401


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/referrals/ref_1/rankings/run_2?note=x", "/referrals/ref_1/rankings/run_2?note=x"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/sign-out", "/"),
        ("/a\nb", "/"),
        ("", "/"),
    ],
)
def test_one_goes_on_to_a_page_of_ours_alone(path: str, leads: str) -> None:
    assert back(path) == leads


def test_whatever_is_wrong_the_answer_is_one(member: Member) -> None:
    wrongs: list[dict[str, str]] = [
        {"password": "another seven herons"},
        {"password": ""},
        {"code": "000000"},
        {"code": ""},
        {"email": "nobody@example.org"},
        {"email": "a\x00b@example.org"},
        {"email": ""},
    ]
    pages = []
    for wrong in wrongs:
        free(member.database)
        answer = member.sign_in(**wrong)
        assert (answer.status_code, said(answer)) == (401, NOT_IN)
        assert "set-cookie" not in answer.headers
        pages.append(answer.text.replace(wrong.get("email", member.person.email), "").replace("\x00", ""))
    assert len(set(pages[:4])) == 1
    assert pages[4] == pages[0]


def test_whoever_it_is_about_the_work_is_one(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = passwords._HASHER
    seen: list[list[str]] = []
    hashes: list[int] = []

    class Counting:
        def verify(self, kept: str, password: bytes) -> bool:
            hashes[-1] += 1
            return hasher.verify(kept, password)

        def hash(self, password: bytes) -> str:
            return hasher.hash(password)

    passwords._nobodys()
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    engines = (member.database.engine, member.database.reader)

    def note(*context: object) -> None:
        seen[-1].append(str(context[2]))

    code = member.code()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    for wrong in ({"code": "000000"}, {"password": "another heron"}, {"email": "nobody@example.org"}):
        seen.append([])
        free(member.database)
        seen[-1].clear()
        hashes.append(0)
        sent = {"email": member.person.email, "password": PASSWORD, "code": code, **wrong}
        assert member.client.post("/sign-in", data=sent, headers=SAME_SITE).status_code == 401
    assert hashes == [1, 1, 1]
    assert seen[0] == seen[1] == seen[2]


def test_a_code_is_taken_once_and_none_before_it(member: Member) -> None:
    code = member.code()
    earlier = pyotp.TOTP(member.secret).at(machine_time() - timedelta(seconds=30))
    sent = {"email": member.person.email, "password": PASSWORD}
    answers = [
        member.client.post("/sign-in", data={**sent, "code": one}, headers=SAME_SITE).status_code
        for one in (code, code, earlier)
    ]
    assert answers == [303, 401, 401]


def test_a_recovery_code_is_taken_once_and_by_nobody_without_the_password(member: Member) -> None:
    code = member.codes[3]
    assert member.sign_in(code=code, password="another heron").status_code == 401
    assert member.sign_in(code=code.lower().replace("-", " ")).status_code == 303
    assert member.sign_in(code=code).status_code == 401
    with member.database.reading() as session:
        assert len(session.scalars(select(RecoveryCode).where(RecoveryCode.used_at.is_(None))).all()) == 9


def test_a_disabled_person_is_not_let_in(member: Member) -> None:
    with member.database.writing() as session:
        service.disable_person(session, None, member.person.id, member.database.clock.now())
    answer = member.sign_in()
    assert (answer.status_code, said(answer)) == (401, NOT_IN)


def test_another_site_cannot_sign_anybody_in(member: Member) -> None:
    sent = {"email": member.person.email, "password": PASSWORD, "code": member.code()}
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert member.client.post("/sign-in", data=sent, headers=headers).status_code == 403


def test_guesses_run_out_for_those_who_are_there_and_those_who_are_not(app: FastAPI, member: Member) -> None:
    for email in (member.person.email, "nobody@example.org"):
        free(member.database)
        # From many addresses: it is the account's line that is used up.
        callers = [from_afar(app, f"203.0.113.{n}") for n in range(7)]
        answers = [member.sign_in(caller, email=email, password="wrong heron") for caller in callers]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
        assert 0 < int(answers[-1].headers["retry-after"]) <= 180
        assert said(answers[-1]).startswith("Too many tries. Wait 3 minutes.")


def test_an_address_runs_out_whoever_is_named(app: FastAPI, member: Member) -> None:
    caller = from_afar(app)
    answers = [member.sign_in(caller, email=f"n{n}@example.org", password="wrong").status_code for n in range(6)]
    assert answers == [401] * 5 + [429]
    assert member.sign_in(caller).status_code == 429
    assert member.sign_in(from_afar(app, "203.0.113.77")).status_code == 303


def test_an_outsider_locks_nobody_out(app: FastAPI, client: TestClient, database: Database, quick: None) -> None:
    """On their own device, which the outsider does not have, and at the API, which no guess of a password reaches."""
    member = enrolled(client, database)
    key = key_headers(database, Role.INTAKE_COORDINATOR)
    for _ in range(6):
        member.sign_in(from_afar(app, "127.0.0.1"), password="wrong heron")
    assert member.sign_in(from_afar(app)).status_code == 429
    assert member.sign_in().status_code == 303
    assert client.get("/", headers=PAGE).status_code == 200
    assert client.post("/v1/referrals", json=EIGHT_ANSWERS, headers=key).status_code == 201


def test_a_device_has_a_line_of_its_own_and_no_more_of_it(client: TestClient, database: Database, quick: None) -> None:
    member = enrolled(client, database)
    answers = [member.sign_in(password="wrong heron").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


def test_who_gets_in_has_guessed_nothing(member: Member) -> None:
    for _ in range(7):
        assert member.sign_in().status_code == 303


def test_ten_at_most_in_any_fifteen_minutes(database: Database) -> None:
    start, taken = datetime(2026, 11, 21, tzinfo=UTC), []
    with database.writing() as session:
        for seconds in range(0, 7200, 20):
            at = start + timedelta(seconds=seconds)
            try:
                guesses.take(session, ["line"], at)
            except Problem:
                continue
            taken.append(at)
    most = max(sum(one <= other <= one + timedelta(minutes=15) for other in taken) for one in taken)
    assert most == 10


def test_requests_at_once_are_no_more_guesses(database: Database) -> None:
    at = machine_time()

    def guess(_: int) -> bool:
        try:
            with database.writing() as session:
                guesses.take(session, ["a", "b"], at)
        except Problem:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(24))) == guesses.AT_ONCE


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.9", "203.0.113.10", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_network_of_version_6_is_one_caller(one: str, other: str, same: bool) -> None:
    assert (guesses.of_address(one) == guesses.of_address(other)) is same


def test_every_try_is_on_record_and_nothing_that_was_typed(member: Member) -> None:
    member.sign_in(password="wrong heron")
    member.sign_in(email="nobody@example.org")
    with member.database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(2)).all()
    assert [(row.action, row.actor_kind, row.actor_id, row.outcome, row.reason) for row in rows] == [
        ("sign_in", "nobody", None, "denied", "wrong_proof")
    ] * 2
    assert [row.subject for row in rows] == ["", member.person.id]


def test_a_device_is_known_again(client: TestClient, database: Database, quick: None) -> None:
    member = enrolled(client, database)
    member.sign_in()
    with database.reading() as session:
        assert [row.person_id for row in session.scalars(select(Device))] == [member.person.id]
    client.cookies.clear()
    member.sign_in()
    with database.reading() as session:
        assert len(session.scalars(select(Device)).all()) == 2
