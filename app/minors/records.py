"""One agency's record of a young person: who may see which kinds of information of it, and its code."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.codes import trail_id
from app.minors.models import Minor
from app.sharing.codes import Item
from app.sharing.service import record_items

_LETTERS = "234679CDFGHJKMNPQRTVWXYZ"


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see of one record: each item, with the release or law by which; the owner needs none."""

    minor_id: str
    agency_id: str
    own: bool
    items: Mapping[Item, str | None]

    @property
    def sources(self) -> list[str | None]:
        """Each release or law by which something is seen, for the trail."""
        return sorted(set(self.items.values()), key=str)


def sight(session: Session, actor: Actor, minor_id: str, now: datetime, action: str = "record.read") -> Sight:
    """What the actor may see of a record, or the same 404 as for one that is not there."""
    found = glimpse(session, actor, minor_id, now)
    if found is None:
        raise hidden(actor, action, "minor", trail_id(minor_id))
    return found


def glimpse(session: Session, actor: Actor, minor_id: str, now: datetime) -> Sight | None:
    """The same, and None where nothing may be seen."""
    row = session.get(Minor, minor_id)
    items = {} if row is None else record_items(session, actor, minor_id, row.agency_id, now)
    if row is None or not items:
        return None
    return Sight(minor_id, row.agency_id, row.agency_id == actor.agency_id, items)


def own_record(
    session: Session, actor: Actor, minor_id: str, now: datetime, action: str, *, lock: bool = False
) -> Minor:
    """A record of the actor's own agency: others are let in to read, and keep a record of their own."""
    found = sight(session, actor, minor_id, now, action)
    if not found.own:
        raise hidden(actor, action, "minor", trail_id(minor_id))
    return session.get_one(Minor, minor_id, with_for_update=lock, populate_existing=lock)


def record_code(minor_id: str) -> str:
    """The short code by which people speak of a record; it follows from the id."""
    number = int.from_bytes(hashlib.sha256(minor_id.encode()).digest())
    letters = []
    for _ in range(6):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return f"M-{''.join(letters)}"
