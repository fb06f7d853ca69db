"""Who a young person is: names, aliases, how to reach, and words where no code will do.

It is the owner agency's to enter and to read, sealed under the young person's own key. What is matched on stands in
the profile, in clear: the birth date too, since rules count birthdays. Whoever else is let in reads by `reveal`, which
takes the fields that they may see, and leaves a look on record.
"""

import json
from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.access.actor import Actor
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, Words, trail_id
from app.db import Base, Versioned
from app.minors.identity_index import index
from app.minors.models import Minor
from app.sealing.box import Place, key_id, opened
from app.sealing.column import Sealed
from app.sealing.keyring import Expunged, keyring_of
from app.versions import Version, must_be_current

Json = dict[str, Any]

LONGEST = 500
Told = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=LONGEST,
        # Lines may end; what shows nothing, or turns the direction of what follows, may not stand in it.
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+$",
    ),
]


class IdentityField(StrEnum):
    """What may be known of who a young person is, item by item, as a release names it."""

    GIVEN_NAMES = "given_names"
    FAMILY_NAME = "family_name"
    CALLED = "called"
    ALIASES = "aliases"
    BORN_ON = "born_on"
    CONTACT = "contact"
    WORDS = "words"


class MinorIdentity(Versioned, Base):
    """Who one young person is, sealed as a whole. Without a row nobody has entered it."""

    __tablename__ = "minor_identities"

    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Sealed)
    written_at: Mapped[datetime]
    written_by: Mapped[str]


class Identity(ApiModel):
    """Who a young person is; null is not known. The birth date stands in the profile."""

    given_names: Words | None = None
    family_name: Words | None = None
    called: Words | None = Field(default=None, description="The name that the young person goes by")
    aliases: Annotated[list[Words], Field(max_length=20)] = Field(
        default_factory=list, description="Other names by which she or he is known"
    )
    contact: Told | None = Field(default=None, description="How to reach her or him safely")
    words: Told | None = Field(default=None, description="What no code says and who cares for her or him must know")


class IdentityChange(Sent, Identity):
    """The whole record as it shall be: what is left out is not known. The first one needs no version."""

    version: Version = None


class IdentityHeld(ApiModel):
    """What is on record, and nothing of what it says."""

    version: int
    held: list[IdentityField]
    written_at: datetime


class IdentityRead(ApiModel):
    """Who a young person is, as far as the reader may see."""

    version: int | None = Field(description="Null: nobody has entered it yet")
    given_names: str | None = None
    family_name: str | None = None
    called: str | None = None
    aliases: list[str] = Field(default_factory=list)
    born_on: date | None = None
    contact: str | None = None
    words: str | None = None


def write(
    session: Session, actor: Actor, minor_id: str, change: IdentityChange, if_match: str | None, now: datetime
) -> IdentityHeld:
    """Enter or replace it, for an actor of the agency that owns the record. The answer repeats none of it."""
    row = session.get(MinorIdentity, minor_id, with_for_update=True)
    if row is not None:
        must_be_current(_held(row, _opened(session, row)), change.version, if_match)
    said = change.model_dump(mode="json", exclude={"version"})
    sealed = keyring_of(session).seal(minor_id, _place(minor_id), json.dumps(said, ensure_ascii=False))
    if row is None:
        row = MinorIdentity(minor_id=minor_id)
        session.add(row)
    row.sealed, row.written_at, row.written_by = sealed, now, actor.id
    session.flush()
    index(session, session.get_one(Minor, minor_id), said)
    record(session, actor, "identity.change", "minor", trail_id(minor_id))
    return _held(row, said)


def reveal(
    session: Session, actor: Actor, minor_id: str, fields: Collection[IdentityField], *, release_id: str | None = None
) -> IdentityRead:
    """Those fields and no other, for an actor who was found to see them. Each look is on record, with its release.

    Raises Expunged where it was sealed and its key destroyed.
    """
    row = session.get(MinorIdentity, minor_id)
    known: Json = {} if row is None else _opened(session, row)
    known["born_on"] = session.get_one(Minor, minor_id).born_on
    record(session, actor, "identity.read", "minor", trail_id(minor_id), release_id=release_id)
    return IdentityRead(
        version=None if row is None else row.version,
        **{field.value: known[field] for field in fields if known.get(field) is not None},
    )


def known(session: Session, minor_id: str) -> Json:
    """What was entered, for the service's own use: nothing of it leaves but by `reveal`."""
    row = session.get(MinorIdentity, minor_id)
    return {} if row is None else _opened(session, row)


def index_anew(session: Session, minor_id: str) -> None:
    """Write the numbers of a young person's names under the key by which numbers are written now."""
    row = session.get(MinorIdentity, minor_id, with_for_update=True, populate_existing=True)
    try:
        said = {} if row is None else _opened(session, row)
    except Expunged:
        said = {}
    index(session, session.get_one(Minor, minor_id), said)


def known_of_agency(session: Session, agency_id: str) -> dict[str, Json]:
    """The same of every young person of an agency, by record; without those whose key was destroyed."""
    own = select(MinorIdentity).join(Minor, Minor.id == MinorIdentity.minor_id).where(Minor.agency_id == agency_id)
    rows = session.scalars(own).all()
    keys = keyring_of(session).keys_by_id({key_id(row.sealed) for row in rows})
    return {
        row.minor_id: json.loads(opened(keys[key_id(row.sealed)], _place(row.minor_id), row.sealed))
        for row in rows
        if key_id(row.sealed) in keys
    }


def _opened(session: Session, row: MinorIdentity) -> Json:
    said: Json = json.loads(keyring_of(session).open(_place(row.minor_id), row.sealed))
    return said


def _held(row: MinorIdentity, said: Json) -> IdentityHeld:
    return IdentityHeld(
        version=row.version, held=[field for field in IdentityField if said.get(field)], written_at=row.written_at
    )


def _place(minor_id: str) -> Place:
    return Place(MinorIdentity.__tablename__, "sealed", minor_id)
