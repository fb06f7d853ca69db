"""Setting up a sign-in by a link that works once. It enrols, and lets nobody in who does not enrol.

Who has a second factor proves it here too: a forgotten password is no way around it. Only where that factor is lost,
which whoever makes the link has looked into, or by its own holder's wish, a new one takes its place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.access import factors, guesses, passwords, signin
from app.access.actor import Actor
from app.access.factor_models import Enrolment
from app.access.models import Agency, Person
from app.access.tokens import new_token, sha256
from app.audit.service import record
from app.clock import machine_time
from app.db import Database, new_id
from app.errors import FieldError, invalid, not_found
from app.sealing.box import Place
from app.sealing.keyring import SYSTEM, keyring_of

LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Begun:
    """A link that still works: whose, and what its page asks for."""

    id: str
    person_id: str
    name: str
    email: str
    agency_id: str
    secret: str | None
    """What a new authenticator is given; None where the code of the present one is asked for."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Somebody who may sign in from now on."""

    person_id: str
    codes: list[str]
    """New recovery codes, in clear this once; none where the authenticator stayed."""


def issue(session: Session, by: Actor | None, person_id: str, now: datetime, *, anew: bool = False) -> str:
    """Make a link for a person and return its path; earlier ones end. `anew`: with a new authenticator."""
    person = session.get(Person, person_id)
    if person is None or person.disabled_at is not None:
        raise not_found()
    at = machine_time()
    token = new_token()
    open_links = update(Enrolment).where(Enrolment.person_id == person_id, Enrolment.used_at.is_(None))
    session.execute(open_links.values(used_at=at))
    enrol_id = new_id("enrol")
    row = Enrolment(
        id=enrol_id,
        person_id=person_id,
        token_sha256=sha256(token),
        sealed_secret=keyring_of(session).seal(SYSTEM, _place(enrol_id), factors.new_secret()),
        anew=anew,
        created_at=now,
        expires_at=at + LASTS,
    )
    session.add(row)
    record(session, by, "enrolment.issue", "person", person_id)
    return f"/enrol/{token}"


def lost(session: Session, by: Actor | None, person_id: str, now: datetime) -> str:
    """Somebody's second factor is lost: forget all they had, end their sessions, and make a link for a new one."""
    path = issue(session, by, person_id, now, anew=True)
    factors.forget_all(session, person_id)
    signin.end_sessions(session, person_id, now)
    record(session, by, "factors.forget", "person", person_id)
    return path


def begun(session: Session, token: str) -> Begun | None:
    """What a link asks for; None where it is unknown, spent or too old, or its person may not act."""
    return _begun(session, Enrolment.token_sha256 == sha256(token))


def begun_before(session: Session, enrolment_id: str) -> Begun | None:
    """The same of a link whose holder has been elsewhere meanwhile."""
    return _begun(session, Enrolment.id == enrolment_id)


def _begun(session: Session, this: ColumnElement[bool]) -> Begun | None:
    found = session.execute(
        select(Enrolment, Person)
        .join(Person, Person.id == Enrolment.person_id)
        .join(Agency, Agency.id == Person.agency_id)
        .where(
            this,
            Enrolment.used_at.is_(None),
            Enrolment.expires_at > machine_time(),
            Person.disabled_at.is_(None),
            Agency.closed_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    row, person = found
    asks_present = not row.anew and factors.has_second(session, person.id)
    secret = None if asks_present else keyring_of(session).open(_place(row.id), row.sealed_secret)
    return Begun(row.id, person.id, person.name, person.email, person.agency_id, secret)


def finish(database: Database, begun: Begun, password: str, again: str, code: str) -> Enrolled:
    """Set the password, and the authenticator where it is new, by one of its codes; the link is spent.

    Refused with 422 where one will not do, 429 where codes are guessed, 404 where the link has been spent meanwhile.
    """
    passwords.check(password, again, begun.name, begun.email)
    at = machine_time()
    with database.writing() as session:
        guesses.take(session, [guesses.of_account(begun.id)], at)
    step = None
    if begun.secret is not None and (step := factors.step_of(begun.secret, factors.plain(code), at)) is None:
        raise _wrong_code()
    argon2 = passwords.hashed(password)
    now = database.clock.now()
    with database.writing() as session:
        spend_link(session, begun, at)
        if step is None and not factors.spend(session, begun.person_id, code, at):
            raise _wrong_code()
        factors.set_password(session, begun.person_id, argon2, now)
        codes = []
        if step is not None and begun.secret is not None:
            codes = factors.set_authenticator(session, begun.person_id, begun.secret, step, now)
        signin.end_sessions(session, begun.person_id, now)
        record(session, signin.actors(session, {begun.person_id})[begun.person_id], "enrolment.finish", "person",
               begun.person_id)  # fmt: skip
    return Enrolled(begun.person_id, codes)


def spend_link(session: Session, begun: Begun, at: datetime) -> None:
    """Use a link up; 404 where somebody was faster, or its person may no longer act."""
    unused = update(Enrolment).where(Enrolment.id == begun.id, Enrolment.used_at.is_(None)).values(used_at=at)
    if session.execute(unused.returning(Enrolment.id)).first() is None:
        raise not_found()
    if not signin.actors(session, {begun.person_id}):
        raise not_found()


def _place(enrol_id: str) -> Place:
    return Place(Enrolment.__tablename__, "totp_secret", enrol_id)


def _wrong_code() -> Exception:
    return invalid([FieldError("/code", "wrong", "This is not the code that the app shows now.")])
