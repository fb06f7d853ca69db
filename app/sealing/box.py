"""One sealed value: AES-256-GCM-SIV under a data key, bound to the column and the row in which it stands.

A value that is moved to another row, column or table does not open there. The id of the key stands in front of it, so
that it says by itself what opens it.
"""

import json
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

_VERSION = b"\x01"
_DOMAIN = "bednight.sealed.v1"
_NONCE = 12
_LEAST = len(_VERSION) + 1 + _NONCE + 16


class Broken(Exception):
    """What stands here was not sealed here, or was changed since; the text repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands. The id of its row must be known before it is written."""

    table: str
    column: str
    row: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """What seals and opens. The secret is shown nowhere, not even where a program crashes."""

    id: str
    secret: bytes = field(repr=False)


def seal(key: DataKey, place: Place, plain: bytes) -> bytes:
    """The value as it is stored: version, id of the key, nonce, ciphertext."""
    name, nonce = key.id.encode(), os.urandom(_NONCE)
    inside = AESGCMSIV(key.secret).encrypt(nonce, plain, _bound(place, key.id))
    return b"".join((_VERSION, bytes([len(name)]), name, nonce, inside))


def key_id(sealed: bytes) -> str:
    """The id of the key that opens a value; raises Broken where it is none."""
    if not is_sealed(sealed):
        raise Broken("this was never sealed")
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def opened(key: DataKey, place: Place, sealed: bytes) -> bytes:
    """What was sealed; raises Broken where anything about it is not as it was."""
    if key_id(sealed) != key.id:
        raise Broken("another key sealed this")
    start = 2 + sealed[1]
    nonce, inside = sealed[start : start + _NONCE], sealed[start + _NONCE :]
    try:
        return AESGCMSIV(key.secret).decrypt(nonce, inside, _bound(place, key.id))
    except InvalidTag:
        raise Broken("this was sealed elsewhere, or changed since") from None


def is_sealed(value: bytes) -> bool:
    """Whether a value has the form of a sealed one."""
    return value[:1] == _VERSION and len(value) >= _LEAST and len(value) >= _LEAST + value[1]


def _bound(place: Place, key: str) -> bytes:
    """What the ciphertext holds for only together with these names."""
    return json.dumps([_DOMAIN, place.table, place.column, place.row, key]).encode()
