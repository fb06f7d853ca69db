"""Agencies and the people in them."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency, ApiKey, Person, PersonFacility
from app.access.policy import POLICY, AgencyKind, Permission, Role
from app.audit.service import record
from app.codes import Words
from app.db import new_id
from app.errors import FieldError, Problem, invalid, not_found

_WORDS = TypeAdapter(Words)


def named(name: str) -> str:
    """The name of an agency, a person or a key, as people can read it; refused where it says nothing."""
    try:
        return _WORDS.validate_python(name)
    except ValidationError:
        message = "Expected a name in plain letters, 200 at most."
        raise invalid([FieldError("/name", "name", message)]) from None


def _is_words(text: str) -> bool:
    try:
        _WORDS.validate_python(text)
    except ValidationError:
        return False
    return True


def add_agency(session: Session, by: Actor | None, *, name: str, kind: AgencyKind, now: datetime) -> Agency:
    """Enter an agency; its name is unique."""
    name = named(name)
    if session.scalar(select(Agency.id).where(Agency.name == name)) is not None:
        raise Problem("already_exists", "An agency of this name exists.")
    agency = Agency(id=new_id("agency"), name=name, kind=kind, created_at=now)
    session.add(agency)
    session.flush()
    record(session, by, "agency.add", "agency", agency.id)
    return agency


def agency_behind(session: Session, actor: Actor, named: str | None, pointer: str) -> str | None:
    """Whose a new house or fund is: whichever agency the coalition's lead names; another agency's is its own."""
    if not actor.leads:
        if named not in (None, actor.agency_id):
            raise invalid([FieldError(pointer, "not_own", "Expected your own agency, or nothing.")])
        return actor.agency_id
    if named is not None and session.get(Agency, named) is None:
        raise invalid([FieldError(pointer, "unknown", "There is no such agency.")])
    return named


def agencies() -> Select[Agency]:
    """Every agency by name."""
    return select(Agency).order_by(Agency.name)


def may_place(session: Session, agency_id: str) -> bool:
    """Whether anybody who works at an agency now may hold a bed for a young person."""
    placers = [role for role, may in POLICY.items() if Permission.HOLD_WRITE in may]
    works = (Person.agency_id == agency_id, Person.disabled_at.is_(None), Person.role.in_(placers))
    return session.scalar(select(Person.id).where(*works).limit(1)) is not None


def leads_who_place(session: Session) -> list[Agency]:
    """The agencies that lead the coalition and have somebody who may hold a bed, by name."""
    rows = session.scalars(agencies().where(Agency.kind == AgencyKind.COALITION_LEAD))
    return [row for row in rows if may_place(session, row.id)]


def add_person(
    session: Session,
    by: Actor | None,
    *,
    agency_id: str,
    name: str,
    email: str,
    role: Role,
    now: datetime,
    facility_ids: Iterable[str] = (),
) -> Person:
    """Enter someone who works at an agency. They get no password: a sign-in link or their own proof lets them in."""
    name = named(name)
    if session.get(Agency, agency_id) is None:
        raise not_found()
    if "@" not in email or not _is_words(email):
        raise invalid([FieldError("/email", "email", "An email address has an @.")])
    email = email.strip().lower()
    if session.scalar(select(Person.id).where(Person.email == email)) is not None:
        raise Problem("already_exists", "Someone with this email address exists.")
    person = Person(id=new_id("person"), agency_id=agency_id, name=name, email=email, role=role, created_at=now)
    session.add(person)
    session.flush()
    session.add_all(PersonFacility(person_id=person.id, facility_id=facility) for facility in facility_ids)
    record(session, by, "person.add", "person", person.id)
    return person


def people(agency_id: str | None = None) -> Select[Person]:
    """Everyone by name; of one agency where one is named."""
    query = select(Person).order_by(Person.name, Person.id)
    return query if agency_id is None else query.where(Person.agency_id == agency_id)


def disable_person(session: Session, by: Actor | None, person_id: str, now: datetime) -> Person:
    """Shut someone out. Their sessions are refused at the next request."""
    person = session.get(Person, person_id)
    if person is None:
        raise not_found()
    if person.disabled_at is None:
        person.disabled_at = now
        record(session, by, "person.disable", "person", person.id)
    return person


def called(session: Session, actor: Actor, ids: Iterable[str]) -> dict[str, str]:
    """What to call those who did something: colleagues and own keys by name, others by their agency's."""
    wanted = list(ids)
    people = session.execute(
        select(Person.id, Person.name, Agency.id, Agency.name)
        .join(Agency, Agency.id == Person.agency_id)
        .where(Person.id.in_(wanted))
    )
    keys = session.execute(
        select(ApiKey.id, ApiKey.name, Agency.id, Agency.name)
        .join(Agency, Agency.id == ApiKey.agency_id)
        .where(ApiKey.id.in_(wanted))
    )
    return {one: name if of == actor.agency_id else agency for rows in (people, keys) for one, name, of, agency in rows}
