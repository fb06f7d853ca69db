"""Two records of the same young person: said by a person, taken back by one, with nothing moved and nothing lost.

Inside an agency this is how duplicates become one; across agencies an agency links its own record with one that a
release or a law shares with it. What is drawn together from links is asked for anew at each look.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.codes import trail_id
from app.db import new_id
from app.errors import FieldError, conflict, invalid
from app.minors.linking_models import RecordLink, Verdict
from app.minors.models import Minor
from app.minors.records import glimpse, own_record


def say(session: Session, actor: Actor, minor_id: str, other_id: str, verdict: Verdict, now: datetime) -> RecordLink:
    """Say of an own record and another one that they are of the same young person, or not. Said twice is said once."""
    own_record(session, actor, minor_id, now, "link.make")
    other = None if other_id == minor_id else glimpse(session, actor, other_id, now)
    if other is None:
        raise invalid([FieldError("/other", "unknown", "There is no such other record.")])
    first, second = sorted((minor_id, other_id)) if other.own else (minor_id, other_id)
    # Whoever says something of the same two waits here, in whichever order they are named.
    mine = select(Minor.id).where(Minor.id.in_((first, second)), Minor.agency_id == actor.agency_id)
    session.scalars(mine.order_by(Minor.id).with_for_update()).all()
    stands = RecordLink.agency_id == actor.agency_id, RecordLink.undone_at.is_(None)
    row = session.scalar(select(RecordLink).where(*stands, RecordLink.minor_id == first, RecordLink.other_id == second))
    if row is not None and row.verdict is not verdict:
        raise conflict("conflict", "The opposite is on record. Take that back first.")
    if row is None:
        row = RecordLink(
            id=new_id("link"), agency_id=actor.agency_id, minor_id=first, other_id=second, verdict=verdict,
            made_at=now, made_by=actor.id,
        )  # fmt: skip
        session.add(row)
        session.flush()
        for one in (first, second) if other.own else (first,):
            record(session, actor, "link.make", "minor", trail_id(one), reason=verdict.value)
    return row


def undo(session: Session, actor: Actor, minor_id: str, link_id: str, now: datetime) -> RecordLink:
    """Take back what was said: both records stand as they did before. Taken back twice is taken back."""
    own_record(session, actor, minor_id, now, "link.undo")
    of_it = or_(RecordLink.minor_id == minor_id, RecordLink.other_id == minor_id)
    mine = RecordLink.id == link_id, RecordLink.agency_id == actor.agency_id
    row = session.scalar(select(RecordLink).where(*mine, of_it).with_for_update())
    if row is None:
        raise hidden(actor, "link.undo", "link", trail_id(link_id))
    if row.undone_at is None:
        row.undone_at, row.undone_by = now, actor.id
        session.flush()
        record(session, actor, "link.undo", "minor", trail_id(minor_id), reason=row.verdict.value)
    return row


def said_of(session: Session, agency_id: str, minor_ids: Iterable[str]) -> list[RecordLink]:
    """What an agency says of these records and others, as it stands."""
    ids = list(minor_ids)
    query = select(RecordLink).where(
        RecordLink.agency_id == agency_id,
        RecordLink.undone_at.is_(None),
        or_(RecordLink.minor_id.in_(ids), RecordLink.other_id.in_(ids)),
    )
    return list(session.scalars(query.order_by(RecordLink.made_at, RecordLink.id)))


def together(session: Session, agency_id: str, minor_id: str) -> tuple[list[str], list[str]]:
    """The agency's own records of the same young person, this one first; and those of others linked with them."""
    own, new = [minor_id], {minor_id}
    others: list[str] = []
    while new:
        same = [link for link in said_of(session, agency_id, new) if link.verdict is Verdict.SAME]
        ends = {one for link in same for one in (link.minor_id, link.other_id)} - {*own, *others}
        mine = set(session.scalars(select(Minor.id).where(Minor.id.in_(ends), Minor.agency_id == agency_id)))
        own += sorted(mine)
        others += sorted(ends - mine)
        new = mine
    return own, others
