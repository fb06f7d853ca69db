"""One-time links, the sessions they open, and forms that must come from our own pages."""

from datetime import timedelta
from typing import Annotated

import pytest
from fastapi import FastAPI, Form, Request
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app.access import service, signin
from app.access.actor import Actor
from app.access.guard import csrf_token, require
from app.access.models import LoginLink, Person, SignIn
from app.access.policy import Permission, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.entry.link_pages import on_this_computer
from app.errors import Problem
from app.main import create_app
from tests.actors import SAME_SITE, add_person, sign_in

pytestmark = pytest.mark.one_kind

COOKIE = "bednight"


@pytest.fixture(autouse=True)
def probe(app: FastAPI) -> None:
    """A page that gives its form token, and what the form posts to."""

    @app.get("/probe")
    def page(request: Request, actor: Annotated[Actor, require(Permission.SELF)]) -> dict[str, str | None]:
        return {"person": actor.person_id, "form_token": csrf_token(request)}

    @app.post("/probe")
    def post(name: Annotated[str, Form()], actor: Annotated[Actor, require(Permission.SELF)]) -> str:
        return name

    @app.post("/v1/probe")
    def api(actor: Annotated[Actor, require(Permission.REFERRAL_WRITE)]) -> str:
        return "done"


@pytest.fixture
def link(database: Database) -> str:
    """A fresh link of a coordinator."""
    with database.writing() as session:
        person = add_person(session, database.clock, Role.INTAKE_COORDINATOR)
        return signin.issue_link(session, person.id, database.clock.now())


def token_of(client: TestClient) -> str:
    token: str = client.get("/probe").json()["form_token"]
    return token


def test_a_link_signs_in_once(client: TestClient, link: str) -> None:
    assert client.get("/probe").status_code == 401
    assert client.post(link, headers=SAME_SITE).status_code == 303
    assert client.get("/probe").status_code == 200
    client.cookies.clear()
    assert client.post(link, headers=SAME_SITE).status_code == 404
    assert client.get("/probe").status_code == 401


def test_fetching_a_link_ahead_spends_nothing(client: TestClient, link: str, database: Database) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert '<form method="post"' in page.text
    assert "set-cookie" not in page.headers
    with database.reading() as session:
        assert session.scalars(select(LoginLink.used_at)).all() == [None]
        assert session.scalars(select(SignIn)).all() == []


@pytest.mark.parametrize(("minutes", "status"), [(14, 303), (15, 404)])
def test_a_link_grows_old(client: TestClient, link: str, clock: MovableClock, minutes: int, status: int) -> None:
    clock.move(timedelta(minutes=minutes))
    assert client.post(link, headers=SAME_SITE).status_code == status


def test_tokens_are_stored_as_hashes_and_the_cookie_is_closed(
    client: TestClient, link: str, database: Database
) -> None:
    cookie = client.post(link, headers=SAME_SITE).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    token = client.cookies[COOKIE]
    with database.reading() as session:
        stored = str(session.execute(text("SELECT * FROM sign_ins")).all())
        stored += str(session.execute(text("SELECT * FROM login_links")).all())
    assert token not in stored
    assert link.rpartition("/")[2] not in stored


def test_over_tls_the_cookie_is_bound_to_the_host(app: FastAPI, link: str) -> None:
    secure = TestClient(app, base_url="https://127.0.0.1", client=("127.0.0.1", 1), follow_redirects=False)
    answer = secure.post(link, headers=SAME_SITE)
    assert answer.headers["set-cookie"].startswith("__Host-bednight=")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"]
    assert secure.get("/probe").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("base", "caller", "more"),
    [
        ("http://127.0.0.1", "203.0.113.9", {}),
        ("http://bednight.example.org", "127.0.0.1", {}),
        ("http://127.0.0.1.example.org", "127.0.0.1", {}),
        ("http://127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}),
        ("http://127.0.0.1", "127.0.0.1", {"Forwarded": "for=203.0.113.9"}),
        ("http://127.0.0.1", "127.0.0.1", {"Host": ""}),
        ("http://127.0.0.1", "127.0.0.1", {"Host": "localhost:80,bednight.example.org"}),
        ("http://127.0.0.1", "127.0.0.1", {"Host": "localhost:80 bednight.example.org"}),
        ("http://127.0.0.1", "127.0.0.1", {"Host": "bednight.example.org@localhost"}),
    ],
)
def test_links_are_answered_on_loopback_only(
    app: FastAPI, link: str, method: str, base: str, caller: str, more: dict[str, str]
) -> None:
    elsewhere = TestClient(app, base_url=base, client=(caller, 1))
    assert elsewhere.request(method, link, headers=SAME_SITE | more).status_code == 404


@pytest.mark.parametrize("named", [[], ["localhost", "bednight.example.org"]])
def test_a_link_needs_one_host(app: FastAPI, named: list[str]) -> None:
    headers = [(b"host", name.encode()) for name in named]
    scope = {"type": "http", "app": app, "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    with pytest.raises(Problem, match="not_found"):
        on_this_computer(Request({**scope, "scheme": "http", "path": "/login/x", "query_string": b""}))


@pytest.mark.parametrize("base", ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_loopback_has_three_names(app: FastAPI, link: str, base: str) -> None:
    caller = "::1" if "::1" in base else "127.0.0.1"
    here = TestClient(app, base_url=base, client=(caller, 1), follow_redirects=False)
    assert here.post(link, headers=SAME_SITE).status_code == 303


def test_links_are_off_unless_the_deployment_says_so(settings: Settings, link: str, clock: MovableClock) -> None:
    plain = create_app(Settings(database_url=settings.database_url), clock=clock)
    off = TestClient(plain, base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    assert off.get(link).status_code == 404
    assert off.post(link, headers=SAME_SITE).status_code == 404
    plain.state.database.close()


def test_a_link_posted_from_another_site_is_refused_and_not_spent(client: TestClient, link: str) -> None:
    assert client.post(link, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(link).status_code == 403
    assert client.post(link, headers={"Origin": "http://127.0.0.1"}).status_code == 303


def idle(client: TestClient, clock: MovableClock, minutes: int) -> int:
    clock.move(timedelta(minutes=minutes))
    return client.get("/probe").status_code


def test_a_session_ends_after_15_idle_minutes(client: TestClient, database: Database, clock: MovableClock) -> None:
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    assert [idle(client, clock, minutes) for minutes in (14, 14, 14)] == [200, 200, 200]
    assert idle(client, clock, 15) == 401


def test_a_session_ends_after_12_hours_however_busy(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    assert {idle(client, clock, 10) for _ in range(71)} == {200}
    assert idle(client, clock, 10) == 401


def test_a_disabled_person_is_out_at_the_next_request(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    person = sign_in(client, database, Role.INTAKE_COORDINATOR)
    with database.writing() as session:
        unused = signin.issue_link(session, person.id, clock.now())
        service.disable_person(session, None, person.id, clock.now())
    assert client.get("/probe").status_code == 401
    assert client.post(unused, headers=SAME_SITE).status_code == 404


def test_signing_out_ends_the_session_in_the_database(client: TestClient, database: Database) -> None:
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    token = client.cookies[COOKIE]
    answer = client.post("/sign-out", data={"form_token": token_of(client)}, headers=SAME_SITE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert client.get("/signed-out").status_code == 200
    client.cookies.set(COOKIE, token)
    assert client.get("/probe").status_code == 401


def test_what_happened_is_on_record(client: TestClient, database: Database) -> None:
    person = sign_in(client, database, Role.INTAKE_COORDINATOR)
    client.post("/sign-out", data={"form_token": token_of(client)}, headers=SAME_SITE)
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [row.action for row in rows] == ["agency.add", "person.add", "login_link.issue", "sign_in", "sign_out"]
    assert [row.actor_id for row in rows] == [None, None, None, person.id, person.id]
    assert rows[-1].request_id is not None


@pytest.fixture
def signed_in(client: TestClient, database: Database) -> Person:
    """A coordinator, signed in."""
    return sign_in(client, database, Role.INTAKE_COORDINATOR)


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        # With no-referrer a browser sends `Origin: null` even to the site the form came from.
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 403),
    ],
)
def test_a_form_must_come_from_our_own_page(client: TestClient, headers: dict[str, str], status: int) -> None:
    sent = {"name": "x", "form_token": token_of(client)}
    assert client.post("/probe", data=sent, headers=headers).status_code == status


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
def test_a_form_must_carry_the_token_of_its_session(client: TestClient, token: str | None) -> None:
    sent = {"name": "x"} if token is None else {"name": "x", "form_token": token}
    answer = client.post("/probe", data=sent, headers=SAME_SITE)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_the_token_of_another_session_does_not_fit(client: TestClient, app: FastAPI, database: Database) -> None:
    other = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 2), follow_redirects=False)
    sign_in(other, database, Role.INTAKE_COORDINATOR)
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    sent = {"name": "x", "form_token": token_of(other)}
    assert client.post("/probe", data=sent, headers=SAME_SITE).status_code == 403


@pytest.mark.usefixtures("signed_in")
def test_a_script_sends_the_token_in_a_header(client: TestClient) -> None:
    token = token_of(client)
    assert client.post("/v1/probe", headers=SAME_SITE).status_code == 403
    assert client.post("/v1/probe", headers=SAME_SITE | {"X-Form-Token": token}).status_code == 200


@pytest.mark.usefixtures("signed_in")
def test_a_refused_form_is_on_record(client: TestClient, database: Database, signed_in: Person) -> None:
    client.post("/probe", data={"name": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    with database.reading() as session:
        row = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc())).first()
    assert row is not None
    assert (row.action, row.actor_id, row.outcome, row.reason) == ("form_post", signed_in.id, "denied", "cross_site")
