"""`/v1/minors/{minor_id}/links` and what leads to them: duplicates of the own agency, and asking to be in contact."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.idempotency import Idempotent
from app.minors import contacts, duplicates, identity, linking
from app.minors.identity import IdentityChange, IdentityField, IdentityHeld, IdentityRead
from app.minors.likeness import WEIGHTS
from app.minors.linking_models import Contact, ContactAsk, RecordLink
from app.minors.record_schemas import (
    ContactAnswered,
    ContactAskRead,
    ContactRead,
    LikelyRead,
    LinkRead,
    LinkSent,
)
from app.minors.records import own_record, record_code
from app.paging import PageOf, whole
from app.record import service
from app.versions import IfMatch

router = APIRouter(prefix="/v1/minors", tags=["record"])

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]
Knows = Annotated[Actor, require(Permission.IDENTITY_READ)]
Names = Annotated[Actor, require(Permission.IDENTITY_WRITE)]
Asker = Annotated[Actor, require(Permission.MINOR_SEARCH)]


@router.get("/contacts")
def list_contacts(session: DbSession, actor: Reader) -> PageOf[ContactRead]:
    """Agencies that ask to be in contact about records of yours, the newest first."""
    return whole([contact_read(row, asker) for row, asker in contacts.list_contacts(session, actor)])


@router.put("/contacts/{contact_id}")
def answer_contact(
    session: DbSession, actor: Writer, clock: Now, contact_id: Ref, body: ContactAnswered
) -> ContactRead:
    """Note for your own people what you make of it. Whoever asked is not told: call them, or share by a release."""
    return contact_read(*contacts.answer(session, actor, contact_id, body.answer, clock.now()))


@router.get("/{minor_id}/identity")
def read_identity(session: DbSession, actor: Knows, clock: Now, minor_id: Ref) -> IdentityRead:
    """Who the young person of a record of your agency is; each look is on record."""
    own_record(session, actor, minor_id, clock.now(), "identity.read")
    return identity.reveal(session, actor, minor_id, list(IdentityField))


@router.put("/{minor_id}/identity")
def write_identity(
    session: DbSession, actor: Names, clock: Now, minor_id: Ref, body: IdentityChange, if_match: IfMatch = None
) -> IdentityHeld:
    """Enter or replace who she or he is. The answer repeats none of it."""
    own_record(session, actor, minor_id, clock.now(), "identity.change")
    return identity.write(session, actor, minor_id, body, if_match, clock.now())


@router.get("/{minor_id}/duplicates")
def list_duplicates(session: DbSession, actor: Knows, clock: Now, minor_id: Ref) -> PageOf[LikelyRead]:
    """Other records of your agency that may be of the same young person, the most alike first. A person decides."""
    return whole(
        [
            LikelyRead(id=one.id, code=record_code(one.id), score=round(one.score, 3),
                       parts={name: round(value, 3) for name, value in one.parts.items()}, weights=dict(WEIGHTS))
            for one in duplicates.candidates(session, actor, minor_id, clock.now(), clock.today())
        ]
    )  # fmt: skip


@router.post("/{minor_id}/links", status_code=status.HTTP_201_CREATED)
def link(
    response: Response, session: DbSession, actor: Writer, clock: Now, minor_id: Ref, body: LinkSent, once: Idempotent
) -> LinkRead:
    """Say of a record of yours and another one, your own or shared with you, that they are of one young person."""
    now = clock.now()

    def shown(row: RecordLink) -> LinkRead:
        return service.link_read(session, actor, row, minor_id, now)

    made = once.make(
        response,
        session,
        actor.id,
        act=lambda: shown(linking.say(session, actor, minor_id, body.other, body.verdict, now)),
        again=lambda earlier: shown(_link(session, earlier)),
    )
    response.headers["Location"] = address("minors", minor_id)
    return made


@router.post("/{minor_id}/links/{link_id}/undo")
def undo(
    response: Response, session: DbSession, actor: Writer, clock: Now, minor_id: Ref, link_id: Ref, once: Idempotent
) -> LinkRead:
    """Take back what was said of two records: nothing was moved, so nothing is lost."""
    now = clock.now()

    def shown(row: RecordLink) -> LinkRead:
        return service.link_read(session, actor, row, minor_id, now)

    return once.make(
        response,
        session,
        actor.id,
        act=lambda: shown(linking.undo(session, actor, minor_id, link_id, now)),
        again=lambda earlier: shown(_link(session, earlier)),
    )


@router.post("/{minor_id}/contact-asks", status_code=status.HTTP_202_ACCEPTED)
def ask(
    response: Response, session: DbSession, actor: Asker, clock: Now, minor_id: Ref, once: Idempotent
) -> ContactAskRead:
    """Ask whoever else has a record of this young person to be in contact. You are never told whether anybody has."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: ask_read(contacts.ask(session, actor, minor_id, clock.now())),
        again=lambda earlier: ask_read(session.get_one(ContactAsk, earlier)),
    )


def ask_read(row: ContactAsk) -> ContactAskRead:
    """That it was asked, and when."""
    return ContactAskRead(id=row.id, asked_at=row.asked_at)


def contact_read(row: Contact, asker: str) -> ContactRead:
    """Who asks about which record."""
    return ContactRead(
        id=row.id, minor_id=row.minor_id, code=record_code(row.minor_id), asker=asker, found_at=row.found_at,
        answered_at=row.answered_at, answer=row.answer,
    )  # fmt: skip


def _link(session: Session, link_id: str) -> RecordLink:
    return session.get_one(RecordLink, link_id)
