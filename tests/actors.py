"""People and keys for tests: any role, signed in or with a key."""

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.access import keys, service, signin
from app.access.actor import Actor
from app.access.models import Agency, Person
from app.access.policy import AgencyKind, Permission, Role
from app.clock import Clock
from app.db import Database, new_id

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


def add_agency(session: Session, clock: Clock, kind: AgencyKind = AgencyKind.CHILD_PROTECTION) -> Agency:
    """An agency with a name of its own."""
    return service.add_agency(session, None, name=new_id("Agency"), kind=kind, now=clock.now())


def add_person(session: Session, clock: Clock, role: Role, agency: Agency | None = None) -> Person:
    """Someone in a role, in an agency of their own unless one is given."""
    agency = agency or add_agency(session, clock)
    return service.add_person(
        session,
        None,
        agency_id=agency.id,
        name="R. Diaz",
        email=f"{new_id('mail')}@example.org",
        role=role,
        now=clock.now(),
    )


def actor_of(person: Person, agency: Agency) -> Actor:
    """The actor that a person is once signed in."""
    return Actor(agency_id=agency.id, kind=agency.kind, role=person.role, person_id=person.id)


def key_headers(
    database: Database,
    role: Role,
    *,
    agency_id: str | None = None,
    permissions: list[Permission] | None = None,
    lasts: timedelta = keys.LONGEST,
) -> dict[str, str]:
    """The header of a fresh test key."""
    with database.writing() as session:
        agency_id = agency_id or add_agency(session, database.clock).id
        _, secret = keys.issue(
            session,
            None,
            agency_id=agency_id,
            name="test",
            role=role,
            now=database.clock.now(),
            live=False,
            lasts=lasts,
            permissions=permissions,
        )
    return {"Authorization": f"Bearer {secret}"}


def sign_in(client: TestClient, database: Database, role: Role, agency_id: str | None = None) -> Person:
    """Sign a fresh person of a role in, in this client; of an agency of their own unless one is named."""
    with database.writing() as session:
        agency = None if agency_id is None else session.get_one(Agency, agency_id)
        person = add_person(session, database.clock, role, agency)
        link = signin.issue_link(session, person.id, database.clock.now())
    answer = client.post(link, headers=SAME_SITE)
    assert answer.status_code == 303, answer.text
    return person
