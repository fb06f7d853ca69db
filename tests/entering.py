"""People who have set up their sign-in, as a browser without scripts does it."""

import html
import re
from dataclasses import dataclass, field

import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select, update

from app.access import enrolment, passwords
from app.access.factor_models import Authenticator
from app.access.models import Agency, Person
from app.access.policy import Role
from app.clock import machine_time
from app.db import Database
from tests.actors import SAME_SITE, add_person

PASSWORD = "seven quiet herons at dusk"
PAGE = {"accept": "text/html"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys.cache_clear()


@dataclass
class Member:
    """Somebody with a password and an authenticator."""

    client: TestClient
    database: Database
    person: Person
    secret: str
    codes: list[str] = field(default_factory=list)

    def code(self) -> str:
        """A code that was not used before: it is forgotten which one was the last."""
        with self.database.writing() as session:
            mine = Authenticator.person_id == self.person.id
            session.execute(update(Authenticator).where(mine).values(last_step=0))
        return pyotp.TOTP(self.secret).at(machine_time())

    def sign_in(self, client: TestClient | None = None, /, **other: str) -> Response:
        """Send the three answers; `other` in place of some."""
        sent = {"email": self.person.email, "password": PASSWORD, "code": self.code(), **other}
        return (client or self.client).post("/sign-in", data=sent, headers=SAME_SITE | PAGE)


def link_for(database: Database, person: Person, *, anew: bool = False) -> str:
    with database.writing() as session:
        return enrolment.issue(session, None, person.id, database.clock.now(), anew=anew)


def somebody(database: Database, role: Role = Role.INTAKE_COORDINATOR, agency_id: str | None = None) -> Person:
    with database.writing() as session:
        agency = None if agency_id is None else session.get_one(Agency, agency_id)
        return add_person(session, database.clock, role, agency)


def secret_on(page: Response) -> str:
    found = re.search(r"<code>([A-Z2-7 ]{39})</code>", page.text)
    assert found is not None, page.text
    return found[1].replace(" ", "")


def set_up(client: TestClient, link: str, secret: str, **other: str) -> Response:
    sent = {"password": PASSWORD, "again": PASSWORD, "code": pyotp.TOTP(secret).at(machine_time()), **other}
    return client.post(link, data=sent, headers=SAME_SITE | PAGE)


def enrolled(
    client: TestClient, database: Database, role: Role = Role.INTAKE_COORDINATOR, agency_id: str | None = None
) -> Member:
    """Somebody who has just followed their link, and so is signed in in this client."""
    person = somebody(database, role, agency_id)
    link = link_for(database, person)
    secret = secret_on(client.get(link, headers=PAGE))
    done = set_up(client, link, secret)
    assert done.status_code == 200, done.text
    return Member(client, database, person, secret, re.findall(r"<code>([A-Z2-7-]{27})</code>", done.text))


def said(page: Response) -> str:
    """What a page says is wrong."""
    found = re.search(r'role="alert"[^>]*>(.*?)</p>', page.text, re.DOTALL)
    return "" if found is None else html.unescape(re.sub(r"<[^>]*>", "", found[1]))


def lasts(database: Database) -> list[int]:
    """The last steps that were taken."""
    with database.reading() as session:
        return list(session.scalars(select(Authenticator.last_step)))
