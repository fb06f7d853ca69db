"""Pages around two records: who somebody is, possible duplicates, what is linked, and who asks to be in contact."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref
from app.db import DbSession
from app.idempotency import Once, OnePress
from app.minors import contacts, duplicates, identity, linking
from app.minors.identity import IdentityChange, IdentityField
from app.minors.record_schemas import ContactAnswered, LinkSent
from app.minors.records import own_record
from app.record.link_view import contacts_view, duplicates_view
from app.referrals import identity_pages
from app.referrals.pages import Sent
from app.web.answers import chosen
from app.web.pages import page

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, require(Permission.MINOR_READ)]
Writer = Annotated[Actor, require(Permission.MINOR_WRITE)]
Knows = Annotated[Actor, require(Permission.IDENTITY_READ)]
Names = Annotated[Actor, require(Permission.IDENTITY_WRITE)]
Asker = Annotated[Actor, require(Permission.MINOR_SEARCH)]


@router.get("/minors/contacts")
def list_contacts(request: Request, session: DbSession, actor: Reader, clock: Now) -> Response:
    """Who asks to be in contact about records of the own agency."""
    view = contacts_view(contacts.list_contacts(session, actor), actor, clock)
    return page(request, "record/contacts.html", {"view": view}, actor=actor, here="minors", exit_link=True)


@router.post("/minors/contacts/{contact_id}")
def answer_contact(
    request: Request, actor: Writer, clock: Now, contact_id: Ref, sent: Sent, once: OnePress
) -> Response:
    """Note what the own agency makes of it."""

    def act(session: Session) -> str:
        said = chosen(ContactAnswered, {"answer": sent.one("answer")})
        return contacts.answer(session, actor, contact_id, said.answer, clock.now())[0].id

    return _then(request, actor, once, act, "/minors/contacts")


@router.post("/minor-links")
def link(request: Request, actor: Writer, clock: Now, sent: Sent, once: OnePress) -> Response:
    """Say of a record of one's own and another one that they are of the same young person, or not."""
    minor_id = sent.one("minor")

    def act(session: Session) -> str:
        body = chosen(LinkSent, {"other": sent.one("other"), "verdict": sent.one("verdict")})
        return linking.say(session, actor, minor_id, body.other, body.verdict, clock.now()).id

    back = "duplicates" if sent.one("from") == "duplicates" else ""
    return _then(request, actor, once, act, f"/minors/{minor_id}/{back}".rstrip("/"))


@router.post("/minors/{minor_id}/links/{link_id}/undo")
def undo(request: Request, actor: Writer, clock: Now, minor_id: Ref, link_id: Ref, once: OnePress) -> Response:
    """Take back what was said of two records."""

    def act(session: Session) -> str:
        return linking.undo(session, actor, minor_id, link_id, clock.now()).id

    return _then(request, actor, once, act, f"/minors/{minor_id}")


@router.post("/minors/{minor_id}/contact-asks")
def ask(request: Request, actor: Asker, clock: Now, minor_id: Ref, once: OnePress) -> Response:
    """Ask whoever else has a record to be in contact."""

    def act(session: Session) -> str:
        return contacts.ask(session, actor, minor_id, clock.now()).id

    return _then(request, actor, once, act, f"/minors/{minor_id}?asked=1")


@router.get("/minors/{minor_id}/duplicates")
def list_duplicates(request: Request, session: DbSession, actor: Knows, clock: Now, minor_id: Ref) -> Response:
    """Other records of the own agency that may be of the same young person."""
    found = duplicates.candidates(session, actor, minor_id, clock.now(), clock.today())
    fields = [field for field in IdentityField if field not in {IdentityField.CONTACT, IdentityField.WORDS}]
    known: dict[str, Any] = {
        one: identity.reveal(session, actor, one, fields) for one in (minor_id, *(like.id for like in found))
    }
    view = duplicates_view(minor_id, found, known, actor)
    return page(request, "record/duplicates.html", {"view": view}, actor=actor, here="minors", exit_link=True)


@router.get("/minors/{minor_id}/identity")
def show_identity(request: Request, session: DbSession, actor: Knows, clock: Now, minor_id: Ref) -> Response:
    """Who the young person of a record is."""
    own_record(session, actor, minor_id, clock.now(), "identity.read")
    found = identity.reveal(session, actor, minor_id, list(IdentityField))
    return identity_pages.shown(request, actor, f"/minors/{minor_id}", found)


@router.post("/minors/{minor_id}/identity")
def change_identity(request: Request, actor: Names, clock: Now, minor_id: Ref, sent: Sent, once: OnePress) -> Response:
    """Keep what was typed."""

    def write(session: Session, new: IdentityChange) -> object:
        own_record(session, actor, minor_id, clock.now(), "identity.change")
        return identity.write(session, actor, minor_id, new, None, clock.now())

    return identity_pages.kept(request, actor, f"/minors/{minor_id}", sent, once, write)


def _then(request: Request, actor: Actor, once: Once, act: Callable[[Session], str], to: str) -> Response:
    once.within(request.app.state.database, actor.id, act, request_id=request.scope.get("request_id"))
    return RedirectResponse(to, status_code=303)
