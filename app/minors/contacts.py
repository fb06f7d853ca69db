"""An agency asks to be in contact about a young person; whoever else has a record is told, and the asker never is.

The answer to the asker is given before anybody looks: in words, in status, in what is asked of the database and in time
it is the same whether another agency has a record or not. Two exact facts make a contact, by the blind index of names
and the birth date; the owner of the record decides whether to call, and shares nothing by it.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.access.models import Agency
from app.access.policy import AgencyKind
from app.audit.service import record
from app.codes import trail_id
from app.db import Database, new_id
from app.errors import conflict
from app.minors.identity import known
from app.minors.identity_index import IdentityIndex, NameField, names_of
from app.minors.linking_models import Contact, ContactAnswer, ContactAsk
from app.minors.models import Minor
from app.minors.records import own_record
from app.outbox.service import emit
from app.sealing.keyring import blind, keyring_of

AGAIN_AFTER = timedelta(days=30)
"""Before that the same question is the same question."""
LEAST_FACTS = 2
BORN = "born_on"


def ask(session: Session, actor: Actor, minor_id: str, now: datetime) -> ContactAsk:
    """Ask, of an own record of which two exact facts are known."""
    minor = own_record(session, actor, minor_id, now, "contact.ask", lock=True)
    facts = {field for field, _ in names_of(known(session, minor_id))} | ({BORN} if minor.born_on else set())
    if len(facts) < LEAST_FACTS or facts == {BORN}:
        raise conflict("not_now", "Enter a name and a second fact first: a name, or the birth date.")
    recent = ContactAsk.minor_id == minor_id, ContactAsk.asked_at > now - AGAIN_AFTER
    row = session.scalar(select(ContactAsk).where(*recent).order_by(ContactAsk.asked_at.desc()).limit(1))
    if row is None:
        row = ContactAsk(
            id=new_id("ask"), minor_id=minor_id, agency_id=actor.agency_id, asked_at=now, asked_by=actor.id
        )
        session.add(row)
        session.flush()
        record(session, actor, "contact.ask", "minor", trail_id(minor_id))
    return row


def list_contacts(session: Session, actor: Actor) -> list[tuple[Contact, str]]:
    """Who asks to be in contact about records of the actor's agency, by name; the newest first."""
    query = select(Contact, Agency.name).join(Agency, Agency.id == Contact.asker_id)
    rows = session.execute(
        query.where(Contact.agency_id == actor.agency_id).order_by(Contact.found_at.desc(), Contact.id)
    )
    record(session, actor, "contact.list", "agency", actor.agency_id)
    return [(row[0], row[1]) for row in rows]


def answer(session: Session, actor: Actor, contact_id: str, said: ContactAnswer, now: datetime) -> tuple[Contact, str]:
    """What the owner makes of it: for its own people. The asker is told nothing of it here."""
    mine = Contact.id == contact_id, Contact.agency_id == actor.agency_id
    row = session.scalar(select(Contact).where(*mine).with_for_update())
    if row is None:
        raise hidden(actor, "contact.answer", "contact", trail_id(contact_id))
    row.answer, row.answered_at, row.answered_by = said, now, actor.id
    session.flush()
    record(session, actor, "contact.answer", "minor", trail_id(row.minor_id), reason=said.value)
    return row, session.get_one(Agency, row.asker_id).name


def look(database: Database) -> int:
    """Hold what was asked against the other agencies' records, and tell their owners; how many asks."""
    with database.reading() as session:
        waiting = session.scalars(select(ContactAsk.id).where(ContactAsk.looked_at.is_(None))).all()
    for ask_id in waiting:
        with database.writing() as session:
            row = session.get_one(ContactAsk, ask_id, with_for_update=True)
            if row.looked_at is None:
                row.looked_at = database.clock.now()
                _tell(session, row)
    return len(waiting)


def _tell(session: Session, asked: ContactAsk) -> None:
    for minor_id, owner in _found(session, asked).items():
        there = select(Contact.id).where(Contact.ask_id == asked.id, Contact.minor_id == minor_id)
        if session.scalar(there) is None:
            row = Contact(
                id=new_id("con"), ask_id=asked.id, asker_id=asked.agency_id, minor_id=minor_id, agency_id=owner,
                found_at=session.info["clock"].now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            emit(session, "contact.asked", agency_id=owner, subject_kind="contact", subject_id=row.id)
            record(session, None, "contact.asked", "minor", trail_id(minor_id))


def _found(session: Session, asked: ContactAsk) -> dict[str, str]:
    """Records of other agencies of which two exact facts are those of the one that was asked of, by owner."""
    names = set(names_of(known(session, asked.minor_id)))
    born_on = session.get_one(Minor, asked.minor_id).born_on
    others = session.scalars(
        select(Agency.id).where(
            Agency.id != asked.agency_id, Agency.closed_at.is_(None), Agency.kind != AgencyKind.FUNDER
        )
    ).all()
    keys = keyring_of(session).index_keys()
    sought = {
        (blind(key, field, agency, name), agency, field) for key in keys for agency in others for field, name in names
    }
    query = select(IdentityIndex.minor_id, IdentityIndex.agency_id, IdentityIndex.field, IdentityIndex.blind)
    by_record: dict[tuple[str, str], set[NameField]] = defaultdict(set)
    for row in session.execute(query.where(IdentityIndex.blind.in_({number for number, _, _ in sought}))):
        if (row.blind, row.agency_id, row.field) in sought:
            by_record[row.minor_id, row.agency_id].add(row.field)
    return {
        minor_id: owner
        for (minor_id, owner) in sorted(by_record)
        if _facts(session, minor_id, names, born_on) >= LEAST_FACTS
    }


def _facts(session: Session, minor_id: str, names: set[tuple[NameField, str]], born_on: object) -> int:
    """How many facts are really the same: two names may share a number of the index."""
    same = {field for field, _ in names & set(names_of(known(session, minor_id)))}
    there = session.get_one(Minor, minor_id).born_on
    return len(same) + (there is not None and there == born_on) if same else 0
