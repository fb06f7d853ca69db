"""Decisions as they are stored: each young person's part sealed under her or his own key, the rest under the system's.

One sealed blob for each of them, however many facts it holds: a decision looks at some hundred people, and the time it
takes counts. What was decided about one referral is sealed as a whole under the key of who it is about.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import from_json, to_json

from app.sealing.box import Broken, Place, key_id, opened, seal
from app.sealing.keyring import SYSTEM, Expunged, Keyring

Json = dict[str, Any]
Path = tuple[str | int, ...]
Parts = dict[str, list[tuple[Path, Json]]]

WHOSE = {"minors": "id", "referrals": "minor", "stays": "minor", "interstate_approvals": "minor"}
"""The lists of a snapshot that are about young people, and how each row names whom."""
_LENGTH = 4


def seal_answer(ring: Keyring, table: str, row: str, whose: str, text: str) -> bytes:
    """An answer of the engine as it is stored."""
    return seal(ring.keys_of([whose])[whose], Place(table, "answer", row), _packed(text))


def answers(ring: Keyring, table: str, sealed: Mapping[str, bytes]) -> dict[str, str]:
    """Stored answers by row, with one question for all their keys; those that were expunged are left out."""
    ids = {row: key_id(value) for row, value in sealed.items()}
    keys = ring.keys_by_id(set(ids.values()))
    return {
        row: _unpacked(opened(keys[ids[row]], Place(table, "answer", row), value))
        for row, value in sealed.items()
        if ids[row] in keys
    }


def answer(ring: Keyring, table: str, row: str, sealed: bytes) -> str:
    """One stored answer; raises Expunged."""
    found = answers(ring, table, {row: sealed})
    if not found:
        raise Expunged
    return found[row]


def seal_snapshot(ring: Keyring, table: str, row: str, text: str) -> bytes:
    """What a decision looked at, as it is stored: the rest first, then a part for each young person.

    Of somebody who was expunged nothing is kept.
    """
    rest, parts = apart(from_json(text))
    keys = ring.keys_of([SYSTEM, *parts], spare=True)
    place = Place(table, "snapshot", row)
    boxes = [seal(keys[SYSTEM], place, _packed(_dumped([len(parts), rest])))]
    boxes += [seal(keys[who], place, _packed(_dumped(rows))) for who, rows in parts.items() if who in keys]
    return b"".join(len(box).to_bytes(_LENGTH) + box for box in boxes)


def snapshot(ring: Keyring, table: str, row: str, stored: bytes) -> str:
    """What a decision looked at; raises Expunged where a part of it can no longer be read."""
    boxes, place = list(_boxes(stored)), Place(table, "snapshot", row)
    if not boxes:
        raise Broken("nothing is stored here")
    ids = [key_id(box) for box in boxes]
    keys = ring.keys_by_id(set(ids))
    if any(one not in keys for one in ids):
        raise Expunged
    plain = [from_json(_unpacked(opened(keys[one], place, box))) for one, box in zip(ids, boxes, strict=True)]
    count, document = plain[0]
    if count != len(plain) - 1:
        raise Expunged
    for path, value in (row for part in plain[1:] for row in part):
        place_of_it: Any = document
        for step in path[:-1]:
            place_of_it = place_of_it[step]
        place_of_it[path[-1]] = value
    return _dumped(document)


def keys_named(answer: bytes, snapshot: bytes) -> set[str]:
    """The ids of all keys that a stored decision names; raises Broken."""
    return {key_id(box) for box in (answer, *_boxes(snapshot))}


def apart(document: Json) -> tuple[Json, Parts]:
    """A snapshot without the rows about young people, and those rows by whom they are about and where they stood."""
    parts: Parts = defaultdict(list)
    for path, rows, whose in _lists(document):
        for at, row in enumerate(rows):
            if row.get(whose) is not None:  # whom a house does not name, nobody's key seals
                parts[row[whose]].append(((*path, at), row))
                rows[at] = None
    return document, parts


def _lists(document: Json) -> Iterator[tuple[Path, list[Any], str]]:
    """Where such lists stand; what is null or empty may be left out of a snapshot."""
    yield from (((name,), document.get(name) or [], whose) for name, whose in WHOSE.items())
    for at, facility in enumerate(document["facilities"]):
        yield ("facilities", at, "residents"), facility.get("residents") or [], "minor"


def _boxes(stored: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(stored):
        end = at + _LENGTH + int.from_bytes(stored[at : at + _LENGTH])
        if end > len(stored):
            raise Broken("this was cut off")
        yield stored[at + _LENGTH : end]
        at = end


def _dumped(document: Any) -> str:
    return to_json(document).decode()


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), level=1)


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()
