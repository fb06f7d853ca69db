"""The blind index of names: a number of 32 bits under a key of its own, by field and agency.

Without the key it says nothing, and exact names alone are found by it. Birth dates and places have too few values to be
hidden so: they stand in no such index.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, delete, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base
from app.minors.models import Minor
from app.sealing.keyring import blind, keyring_of

MOST = 20
"""Who share one number: more are not looked at."""


class NameField(StrEnum):
    """Which names are looked up."""

    GIVEN_NAMES = "given_names"
    FAMILY_NAME = "family_name"
    ALSO_CALLED = "also_called"
    """What she or he goes by, and every other name."""


class IdentityIndex(Base):
    """One name of one young person, as a number."""

    __tablename__ = "identity_index"
    __table_args__ = (Index(None, "agency_id", "field", "blind"),)

    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), primary_key=True)
    field: Mapped[NameField] = mapped_column(primary_key=True)
    blind: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    key_id: Mapped[str | None]
    """The key under which it stands; null: the one before this was noted."""


def index(session: Session, minor: Minor, said: dict[str, Any]) -> None:
    """Write the numbers of a young person's names anew."""
    session.execute(delete(IdentityIndex).where(IdentityIndex.minor_id == minor.id))
    key, agency = keyring_of(session).index_keys()[0], minor.agency_id
    rows = {(field, blind(key, field, agency, name)) for field, name in names_of(said)}
    if rows:
        own = {"minor_id": minor.id, "agency_id": agency, "key_id": key.id}
        session.execute(
            insert(IdentityIndex), [own | {"field": field, "blind": number} for field, number in sorted(rows)]
        )


def names_of(said: dict[str, Any]) -> Iterator[tuple[NameField, str]]:
    """Every name of an identity record, as it is compared, by its field."""
    for field in (NameField.GIVEN_NAMES, NameField.FAMILY_NAME):
        if said.get(field):
            yield field, plain(said[field])
    for name in (said.get("called"), *(said.get("aliases") or ())):
        if name:
            yield NameField.ALSO_CALLED, plain(name)


def plain(name: str) -> str:
    """A name without what is written one way or another: accents, capitals, hyphens, more than one blank."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", bare))


def candidates(
    session: Session, agency_id: str, names: Iterable[tuple[NameField, str]], born_on: date | None
) -> list[str]:
    """Ids of an agency's young people whose numbers are those of all the names; two names may share a number."""
    query = select(Minor.id).where(Minor.agency_id == agency_id)
    if born_on is not None:
        query = query.where(Minor.born_on == born_on)
    keys = keyring_of(session).index_keys()
    for field, name in names:
        numbers = [blind(key, field, agency_id, name) for key in keys]
        same = IdentityIndex.agency_id == agency_id, IdentityIndex.field == field, IdentityIndex.blind.in_(numbers)
        query = query.where(Minor.id.in_(select(IdentityIndex.minor_id).where(*same)))
    return list(session.scalars(query.order_by(Minor.id).limit(MOST)))


def under_others(session: Session, key_id: str, most: int) -> list[str]:
    """Some of the young people of whom a number stands under another key than this one."""
    other = or_(IdentityIndex.key_id.is_(None), IdentityIndex.key_id != key_id)
    query = select(IdentityIndex.minor_id).where(other).distinct().order_by(IdentityIndex.minor_id)
    return list(session.scalars(query.limit(most)))
