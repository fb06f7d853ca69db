"""Letting people in, changing their role, shutting them out: within reach, freshly proved, and for some by two."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from app.access.factor_models import Enrolment, Password
from app.access.models import Agency, Person, RoleGrant, SignIn
from app.access.policy import AgencyKind, Role
from app.access.tokens import form_token
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database, new_id
from tests.actors import SAME_SITE, add_person, sign_in
from tests.entering import PAGE, enrolled, quick, said
from tests.factories import new_agency

pytestmark = pytest.mark.one_kind

__all__ = ["quick"]


class Keeper:
    """A security administrator in a browser of their own."""

    def __init__(self, app: FastAPI, database: Database, agency_id: str, role: Role = Role.SECURITY_ADMINISTRATOR):
        self.client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
        self.person = sign_in(self.client, database, role, agency_id)

    def press(self, person_id: str, press: str, role: str = "") -> Response:
        return self.send(f"/people/{person_id}", press=press, role=role)

    def send(self, path: str, **sent: str) -> Response:
        token = form_token(self.client.cookies["bednight"])
        data = {"form_token": token, "once": new_id("form"), **sent}
        return self.client.post(path, data=data, headers=SAME_SITE | PAGE)


@pytest.fixture
def agency(database: Database) -> str:
    return new_agency(database, AgencyKind.SHELTER)


@pytest.fixture
def keeper(app: FastAPI, database: Database, agency: str) -> Keeper:
    return Keeper(app, database, agency)


@pytest.fixture
def person(database: Database, agency: str) -> Person:
    """A colleague to be looked after."""
    with database.writing() as session:
        return add_person(session, database.clock, Role.FACILITY_STAFF, session.get_one(Agency, agency))


def role_of(database: Database, person: Person) -> Role:
    with database.reading() as session:
        return session.get_one(Person, person.id).role


NEW = {"name": "A. Wren", "email": "Wren@Example.org", "role": "facility_staff"}


def test_somebody_new_gets_a_link_that_works(keeper: Keeper, database: Database) -> None:
    page = keeper.send("/people", **NEW)
    assert page.status_code == 200
    link = re.search(r"<code>http://127\.0\.0\.1(/enrol/[0-9a-f]{40})</code>", page.text)
    assert link is not None
    assert keeper.client.get(link[1]).status_code == 200
    assert link[1] not in keeper.client.get("/people", headers=PAGE).text
    with database.reading() as session:
        found = session.scalars(select(Person).where(Person.email == "wren@example.org")).one()
        assert (found.agency_id, found.role) == (keeper.person.agency_id, Role.FACILITY_STAFF)
        by = session.scalars(select(AuditEvent.actor_id).where(AuditEvent.action == "person.add")).all()
    assert by[-1] == keeper.person.id


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"name": ""}, 422, "plain letters"),
        ({"email": "nobody"}, 422, "has an @"),
        ({"email": "a\x00@b"}, 422, "has an @"),
        ({"role": "king"}, 422, "Choose a role"),
        ({"role": "administrator"}, 422, "Two people make an administrator"),
        ({"role": "security_administrator"}, 422, "Two people make an administrator"),
    ],
)
def test_who_cannot_be_added_is_said(keeper: Keeper, wrong: dict[str, str], status: int, words: str) -> None:
    answer = keeper.send("/people", **{**NEW, **wrong})
    assert answer.status_code == status
    assert words in said(answer)


def test_the_same_address_twice_is_refused_and_the_same_press_acts_once(keeper: Keeper, database: Database) -> None:
    once = new_id("form")
    first, again = (keeper.send("/people", **{**NEW, "once": once}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert "/enrol/" not in again.text
    assert keeper.send("/people", **NEW).status_code == 409
    with database.reading() as session:
        assert len(session.scalars(select(Enrolment)).all()) == 1


def test_it_takes_a_fresh_proof(keeper: Keeper, person: Person, clock: MovableClock) -> None:
    clock.move(timedelta(minutes=6))
    assert keeper.press(person.id, "disable").status_code == 403
    assert keeper.client.get("/people").status_code == 200


def test_another_agencys_people_are_like_nobody(keeper: Keeper, app: FastAPI, database: Database) -> None:
    with database.writing() as session:
        stranger = add_person(session, database.clock, Role.PARTNER)
    bodies = []
    for person_id in (stranger.id, "person_none"):
        answer = keeper.press(person_id, "disable")
        assert answer.status_code == 404
        bodies.append(re.sub(r"req_\w+", "", answer.text))
    assert bodies[0] == bodies[1]
    assert stranger.email not in keeper.client.get("/people", headers=PAGE).text
    lead = Keeper(app, database, new_agency(database, AgencyKind.COALITION_LEAD))
    assert stranger.email in lead.client.get("/people", headers=PAGE).text
    assert lead.press(stranger.id, "disable").status_code == 200


def test_nobody_changes_themselves(keeper: Keeper, database: Database) -> None:
    for press in ("disable", "link", "lost", "role", "agree"):
        assert keeper.press(keeper.person.id, press, "supervisor").status_code == 403
    assert role_of(database, keeper.person) is Role.SECURITY_ADMINISTRATOR


def test_a_role_changes_at_once_and_ends_what_was_open(keeper: Keeper, app: FastAPI, database: Database) -> None:
    other = Keeper(app, database, keeper.person.agency_id, Role.FACILITY_STAFF)
    assert keeper.press(other.person.id, "role", "partner").status_code == 200
    assert role_of(database, other.person) is Role.PARTNER
    assert other.client.get("/board").status_code == 401


def test_two_people_make_an_administrator(keeper: Keeper, app: FastAPI, database: Database, person: Person) -> None:
    assert keeper.press(person.id, "role", "administrator").status_code == 200
    assert role_of(database, person) is Role.FACILITY_STAFF
    assert keeper.press(person.id, "agree").status_code == 403
    assert keeper.press(person.id, "role", "administrator").status_code == 409
    assert role_of(database, person) is Role.FACILITY_STAFF
    second = Keeper(app, database, keeper.person.agency_id)
    assert "It takes a second person" in second.client.get("/people", headers=PAGE).text
    assert second.press(person.id, "agree").status_code == 200
    assert role_of(database, person) is Role.ADMINISTRATOR
    with database.reading() as session:
        grant = session.scalars(select(RoleGrant)).one()
        assert (grant.asked_by, grant.decided_by, grant.agreed) == (keeper.person.id, second.person.id, True)
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.subject == person.id)).all()
    assert acts[-2:] == ["role.ask", "role.change"]


def test_what_was_asked_is_refused_or_runs_out(
    keeper: Keeper, app: FastAPI, database: Database, person: Person, clock: MovableClock
) -> None:
    keeper.press(person.id, "role", "administrator")
    assert keeper.press(person.id, "refuse").status_code == 200
    assert keeper.press(person.id, "agree").status_code == 409
    keeper.press(person.id, "role", "administrator")
    clock.move(timedelta(days=7))
    second = Keeper(app, database, keeper.person.agency_id)
    assert second.press(person.id, "agree").status_code == 409
    assert role_of(database, person) is Role.FACILITY_STAFF


def test_who_is_shut_out_is_out_everywhere(keeper: Keeper, app: FastAPI, database: Database) -> None:
    other = Keeper(app, database, keeper.person.agency_id, Role.FACILITY_STAFF)
    assert keeper.press(other.person.id, "disable").status_code == 200
    assert other.client.get("/board").status_code == 401
    with database.reading() as session:
        mine = SignIn.person_id == other.person.id
        assert session.scalars(select(SignIn.id).where(mine, SignIn.ended_at.is_(None))).all() == []


@pytest.mark.usefixtures("quick")
def test_a_lost_phone_is_forgotten_and_a_new_password_is_not_a_new_phone(
    keeper: Keeper, client: TestClient, database: Database
) -> None:
    member = enrolled(client, database, Role.FACILITY_STAFF, keeper.person.agency_id)
    page = keeper.press(member.person.id, "link")
    link = re.search(r"(/enrol/[0-9a-f]{40})", page.text)
    assert link is not None
    assert "Your app stays as it is" in client.get(link[1]).text
    assert keeper.press(member.person.id, "lost").status_code == 200
    assert member.sign_in().status_code == 401
    with database.reading() as session:
        assert session.scalars(select(Password)).all() == []


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR])
def test_others_who_may_look_change_nothing(app: FastAPI, database: Database, agency: str, role: Role) -> None:
    looks = Keeper(app, database, agency, role)
    page = looks.client.get("/people", headers=PAGE)
    assert page.status_code == 200
    assert "Add somebody" not in page.text
    assert looks.send("/people", **NEW).status_code == 403
