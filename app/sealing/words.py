"""What somebody wrote about a young person beside the codes: sealed under her or his key, wherever it is kept."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.db import Base
from app.sealing.box import Place, key_id, opened
from app.sealing.keyring import keyring_of


def seal_words(session: Session, whose: str, rows: type[Base], column: str, row: str, words: str) -> bytes:
    """The words as a row of this id stores them; raises Expunged where the young person's key was destroyed."""
    return keyring_of(session).seal(whose, Place(rows.__tablename__, column, row), words)


def words_at(session: Session, rows: type[Base], column: str, sealed: Mapping[str, bytes | None]) -> dict[str, str]:
    """The words of each row, with one question for all their keys; those that were expunged, or none, are left out."""
    there = {row: value for row, value in sealed.items() if value is not None}
    if not there:
        return {}
    keys = keyring_of(session).keys_by_id({key_id(value) for value in there.values()})
    return {
        row: opened(keys[key_id(value)], Place(rows.__tablename__, column, row), value).decode()
        for row, value in there.items()
        if key_id(value) in keys
    }
