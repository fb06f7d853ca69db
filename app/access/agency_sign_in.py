"""Signing in at one's own agency. Who somebody is there is bound once, by their own link or session, and never guessed
from an address: whoever is not bound to anybody here is let in by nothing that it says about them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access import agency_issuer, enrolment, signin
from app.access.actor import Actor
from app.access.agency_issuer import Client, Journey, Subject, Untrue
from app.access.agency_models import AgencyIdentity, AgencySignIn, Departure, Purpose
from app.access.models import Agency, Person
from app.access.tokens import new_token, sha256
from app.audit.service import record
from app.clock import machine_time
from app.codes import storable
from app.db import Database, new_id
from app.errors import FieldError, invalid
from app.outbox.posting import REFUSALS, Refused
from app.sealing.box import Place
from app.sealing.keyring import SYSTEM, keyring_of

LASTS = timedelta(minutes=10)
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{3,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an agency says of its own sign-in."""

    word: str
    issuer: str
    client_id: str
    secret: str
    acr: str


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who is back, and whom their agency's sign-in has named."""

    departure: Departure
    subject: Subject
    agency_id: str


def of_agency(session: Session, agency_id: str) -> AgencySignIn | None:
    """The sign-in that an agency has set up."""
    in_use = (AgencySignIn.agency_id == agency_id, AgencySignIn.ended_at.is_(None))
    return session.scalar(select(AgencySignIn).where(*in_use))


def of_word(session: Session, word: str) -> AgencySignIn | None:
    """The sign-in that is called so, of an agency that is open."""
    if not _WORD.fullmatch(word):
        return None
    open_ones = select(AgencySignIn).join(Agency, Agency.id == AgencySignIn.agency_id)
    return session.scalar(
        open_ones.where(AgencySignIn.word == word, AgencySignIn.ended_at.is_(None), Agency.closed_at.is_(None))
    )


def set_up(session: Session, actor: Actor, given: Given, hosts: Sequence[str], now: datetime) -> AgencySignIn:
    """Set the own agency's sign-in. Another issuer, or client there, names people anew: everybody binds again."""
    _check(given, hosts)
    word, acr = given.word.strip().lower(), given.acr.strip() or None
    before = of_agency(session, actor.agency_id)
    taken = of_word(session, word)
    if taken is not None and taken is not before:
        raise invalid([FieldError("/word", "taken", "Another agency has this word.")])
    stays = before is not None and (before.issuer, before.client_id) == (given.issuer, given.client_id)
    row_id = before.id if before is not None and stays else new_id("agsign")
    if not stays:
        end(session, actor, now)
    row = session.merge(
        AgencySignIn(
            id=row_id,
            agency_id=actor.agency_id,
            word=word,
            issuer=given.issuer,
            client_id=given.client_id,
            sealed_secret=keyring_of(session).seal(SYSTEM, _place(row_id), given.secret),
            acr=acr,
            set_at=now,
            ended_at=None,
        )
    )
    record(session, actor, "agency_sign_in.set", "agency_sign_in", row.id)
    return row


def end(session: Session, actor: Actor, now: datetime) -> None:
    """Nobody signs in there any more, and whoever was bound to it is bound to nothing."""
    row = of_agency(session, actor.agency_id)
    if row is None:
        return
    row.ended_at = now
    session.execute(delete(AgencyIdentity).where(AgencyIdentity.sign_in_id == row.id))
    session.flush()
    record(session, actor, "agency_sign_in.end", "agency_sign_in", row.id)


def depart(
    database: Database,
    row: AgencySignIn,
    redirect_uri: str,
    hosts: Sequence[str],
    purpose: Purpose,
    *,
    person_id: str | None = None,
    enrolment_id: str | None = None,
    back_to: str = "/",
    shift: bool = False,
) -> tuple[str, str]:
    """Where a browser goes, and what its cookie is to hold until it comes back. Raises Untrue."""
    with database.reading() as session:
        client = _client(session, row, redirect_uri)
    journey = Journey(new_token())
    place = agency_issuer.way_there(client, journey, hosts, again=purpose is not Purpose.SIGN_IN)
    at = machine_time()
    with database.writing() as session:
        session.execute(delete(Departure).where(Departure.expires_at <= at))
        departure = Departure(
            state_sha256=sha256(journey.state),
            sign_in_id=row.id,
            purpose=purpose,
            person_id=person_id,
            enrolment_id=enrolment_id,
            back_to=back_to,
            shift=shift,
            expires_at=at + LASTS,
        )
        session.add(departure)
    return place, journey.token


def arrive(
    database: Database, token: str, state: str, code: str, issuer: str | None, redirect_uri: str, hosts: Sequence[str]
) -> Returned:
    """Who has come back in the browser that went. Each answer counts once. Raises Untrue."""
    journey = Journey(token)
    if not token or not storable(state) or state != journey.state:
        raise Untrue("other_browser")
    at = machine_time()
    with database.writing() as session:
        mine = delete(Departure).where(Departure.state_sha256 == sha256(state), Departure.expires_at > at)
        departure = session.scalar(mine.returning(Departure))
        row = None if departure is None else session.get(AgencySignIn, departure.sign_in_id)
        if departure is None or row is None or row.ended_at is not None:
            raise Untrue("not_expected")
        session.expunge(departure)
        client = _client(session, row, redirect_uri)
    if not code or len(code) > 4000:
        raise Untrue("refused_there")
    if issuer is not None and issuer != client.issuer:
        raise Untrue("other_issuer")
    since = departure.expires_at - LASTS if departure.purpose is Purpose.PROVE else None
    subject = agency_issuer.subject_of(client, journey, code, hosts, machine_time(), proved_since=since)
    return Returned(departure, subject, row.agency_id)


def known(session: Session, back: Returned, now: datetime) -> str | None:
    """Whom the agency's sign-in has named, where somebody of that agency is bound to it."""
    found = session.execute(
        select(AgencyIdentity, Person)
        .join(Person, Person.id == AgencyIdentity.person_id)
        .where(
            AgencyIdentity.sign_in_id == back.departure.sign_in_id,
            AgencyIdentity.subject == back.subject.name,
            Person.agency_id == back.agency_id,
        )
    ).one_or_none()
    if found is None:
        return None
    identity, person = found
    identity.last_used_at = now
    return person.id


def sign_out(database: Database, token: str, hosts: Sequence[str], now: datetime) -> None:
    """End every session of whoever has signed out at their agency, as its message says. Raises Untrue.

    Nothing tells whether anybody was bound, or was signed in here: to whoever runs it both are the same.
    """
    issuer, clients = agency_issuer.said_in(token)
    with database.reading() as session:
        there = select(AgencySignIn).join(Agency, Agency.id == AgencySignIn.agency_id)
        ours = AgencySignIn.issuer == issuer, AgencySignIn.client_id.in_(clients), AgencySignIn.ended_at.is_(None)
        row = session.scalars(there.where(*ours, Agency.closed_at.is_(None)).order_by(AgencySignIn.id)).first()
        if row is None:
            raise Untrue("not_expected")
        client = _client(session, row, "")
    subject = agency_issuer.gone_of(client, token, hosts, machine_time())
    with database.writing() as session:
        named = (AgencyIdentity.sign_in_id == row.id, AgencyIdentity.subject == subject)
        person_id = session.scalar(select(AgencyIdentity.person_id).where(*named))
        if person_id is not None:
            signin.end_sessions(session, person_id, now)
            record(session, signin.actors(session, {person_id}).get(person_id), "sign_out", "person", person_id,
                   reason="agency")  # fmt: skip


def bind(session: Session, back: Returned, now: datetime) -> None:
    """Bind who went to whom they were named. Their link is spent by it; raises Untrue where it cannot be."""
    person_id = back.departure.person_id or ""
    if back.departure.enrolment_id is not None:
        begun = enrolment.begun_before(session, back.departure.enrolment_id)
        if begun is None or begun.secret is None:
            raise Untrue("link_spent")
        enrolment.spend_link(session, begun, machine_time())
        signin.end_sessions(session, person_id, now)
    actor = signin.actors(session, {person_id}).get(person_id)
    if actor is None or actor.agency_id != back.agency_id:
        raise Untrue("not_of_agency")
    there = (back.departure.sign_in_id, back.subject.name)
    other = session.get(AgencyIdentity, there)
    if other is not None and other.person_id != person_id:
        raise Untrue("bound_to_other")
    unbind(session, person_id)
    row = AgencyIdentity(sign_in_id=there[0], subject=there[1], person_id=person_id, bound_at=now, last_used_at=None)
    session.add(row)
    record(session, actor, "agency_identity.bind", "person", person_id)


def unbind(session: Session, person_id: str) -> None:
    """Their agency's sign-in lets them in no more."""
    session.execute(delete(AgencyIdentity).where(AgencyIdentity.person_id == person_id))


def bound_at(session: Session, person_id: str) -> datetime | None:
    """Since when somebody is bound; None where they are not."""
    return session.scalar(select(AgencyIdentity.bound_at).where(AgencyIdentity.person_id == person_id))


def _check(given: Given, hosts: Sequence[str]) -> None:
    errors = []
    if not _WORD.fullmatch(given.word.strip().lower()):
        errors.append(FieldError("/word", "word", "Expected 4 to 40 small letters, digits and dashes."))
    try:
        agency_issuer.check_issuer(given.issuer, hosts)
    except Refused as refused:
        fix = "Ask the operator to add it to BEDNIGHT_SIGN_IN_HOSTS." if refused.code != "malformed" else None
        errors.append(FieldError("/issuer", refused.code, REFUSALS[refused.code], fix))
    for pointer, text in (("/client_id", given.client_id), ("/secret", given.secret)):
        if not 0 < len(text) <= 500 or not text.isascii() or not text.isprintable():
            errors.append(FieldError(pointer, "text", "Expected what the agency's sign-in calls it."))
    if len(given.acr) > 200 or not given.acr.isascii() or not (given.acr or " ").isprintable():
        errors.append(FieldError("/acr", "text", "Expected a word of the agency's sign-in, or nothing."))
    if errors:
        raise invalid(errors)


def _client(session: Session, row: AgencySignIn, redirect_uri: str) -> Client:
    secret = keyring_of(session).open(_place(row.id), row.sealed_secret)
    return Client(row.issuer, row.client_id, secret, row.acr, redirect_uri)


def _place(row_id: str) -> Place:
    return Place(AgencySignIn.__tablename__, "client_secret", row_id)
