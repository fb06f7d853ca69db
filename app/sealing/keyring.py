"""The keyring of a deployment: seals and opens by whose it is, and makes a young person's key when it is first needed.

Only the key that is nobody's is remembered: another process may destroy a young person's at any moment, and what it
sealed is unreadable from then on.
"""

import hmac
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from app.clock import machine_time
from app.db import new_id
from app.errors import Problem
from app.sealing.box import DataKey, Place, key_id, opened, seal
from app.sealing.store import Kept, KeyStore
from app.sealing.wrapping import Wrapping

SYSTEM = "system"
"""Whose key seals what is about no young person."""
INDEX, NEXT_INDEX = "index", "index.next"
"""The key of the blind index, which seals nothing; and the one that is taking its place."""
_AT_ONCE = 200


class Expunged(Problem):
    """What is asked for was sealed under a key that was destroyed: nobody can read it again."""

    def __init__(self) -> None:
        super().__init__("expunged")


class Keyring:
    """Seals, opens, wraps anew, destroys."""

    def __init__(self, store: KeyStore, wrapping: Wrapping) -> None:
        self.store = store
        self._wrapping = wrapping
        self._nobodys: dict[str, DataKey] = {}

    def seal(self, whose: str, place: Place, plain: str) -> bytes:
        """Seal a text of this young person, or the system's; raises Expunged where the key was destroyed."""
        return seal(self.keys_of([whose])[whose], place, plain.encode())

    def open(self, place: Place, sealed: bytes) -> str:
        """The text; raises Expunged, or Broken."""
        key = self.keys_by_id([key_id(sealed)]).get(key_id(sealed))
        if key is None:
            raise Expunged
        return opened(key, place, sealed).decode()

    def keys_of(self, whose: Collection[str], *, spare: bool = False) -> dict[str, DataKey]:
        """The keys by whose they are, made where they were never needed before.

        Raises Expunged where one was destroyed; with `spare` that one is left out.
        """
        known = {name: self._nobodys[name] for name in whose if name in self._nobodys}
        wanted = [name for name in whose if name not in known]
        found = self.store.of(wanted) if wanted else {}
        if missing := [name for name in wanted if name not in found]:
            self.store.add([self._new(name) for name in dict.fromkeys(missing)])
            found |= self.store.of(missing)
        left = [name for name in wanted if not spare or found[name].wrapped is not None]
        return known | {name: self._unwrapped(found[name]) for name in left}

    def keys_by_id(self, ids: Iterable[str]) -> dict[str, DataKey]:
        """The keys of these ids. One that was destroyed is left out; one that never was is not told from it."""
        known = {key.id: key for key in self._nobodys.values()}
        found = self.store.by_id([one for one in ids if one not in known])
        return known | {one: self._unwrapped(kept) for one, kept in found.items() if kept.wrapped is not None}

    def destroy(self, whose: str, at: datetime) -> None:
        """Destroy a young person's key for good; where there was none, there never will be one."""
        if whose in (SYSTEM, INDEX, NEXT_INDEX):
            raise ValueError("what is nobody's is not expunged")
        if not self.store.destroy(whose, at):
            self.store.never(new_id("dk"), whose, at)
            self.store.destroy(whose, at)  # one that was made in between

    def destroyed(self, whose: Collection[str]) -> set[str]:
        """Those of them whose key was destroyed."""
        return {name for name, kept in self.store.of(whose).items() if kept.wrapped is None}

    def never(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that no key has, nor any that was destroyed."""
        return set(ids) - self.store.by_id(ids).keys() - {key.id for key in self._nobodys.values()}

    def rewrap(self, most: int = _AT_ONCE) -> int:
        """Wrap some of the keys anew that stand under another than the current key-encryption key; how many."""
        old = self.store.under_others(self._wrapping.current(), most)
        new = [self._wrapping.wrap(self._unwrapped(kept).secret, _about(kept.id, kept.of)) for kept in old]
        return self.store.rewrap(old, new)

    def index_keys(self) -> list[DataKey]:
        """The keys of the blind index: what is written stands under the first, what is sought under any of them.

        They are asked for each time: another process may be putting one in the place of the other.
        """
        found = self.store.of([INDEX, NEXT_INDEX])
        if INDEX not in found:
            return [self.keys_of([INDEX])[INDEX]]
        return [self._unwrapped(found[name]) for name in (NEXT_INDEX, INDEX) if name in found]

    def next_index(self) -> DataKey:
        """Begin to put another key in the place of the index's, or go on with the one that was begun."""
        self.index_keys()
        return self.keys_of([NEXT_INDEX])[NEXT_INDEX]

    def turn_index(self) -> None:
        """The next key of the index is the key of the index from here on; the one before is destroyed."""
        new = self.next_index()
        wrapped = self._wrapping.wrap(new.secret, _about(new.id, INDEX))
        self.store.replace(INDEX, new.id, wrapped, machine_time())

    def close(self) -> None:
        """Give the store's connections back."""
        self.store.close()

    def _new(self, whose: str) -> dict[str, Any]:
        name = new_id("dk")
        wrapped = self._wrapping.wrap(secrets.token_bytes(32), _about(name, whose))
        made: dict[str, Any] = {"id": name, "of": whose, "made_at": machine_time(), "destroyed_at": None}
        return made | {"wrapped": wrapped.secret, "wrapped_by": wrapped.by}

    def _unwrapped(self, kept: Kept) -> DataKey:
        if kept.wrapped is None:
            raise Expunged
        key = DataKey(kept.id, self._wrapping.unwrap(kept.wrapped, _about(kept.id, kept.of)))
        if kept.of == SYSTEM:
            self._nobodys[kept.of] = key
        return key


def blind(key: DataKey, field: str, agency_id: str, text: str) -> int:
    """What stands in an index in place of a text: 32 bits under a key of the index, by field and agency."""
    said = "\x00".join(("bednight.index.v1", field, agency_id, text)).encode()
    return int.from_bytes(hmac.new(key.secret, said, sha256).digest()[:4])


def _about(key: str, whose: str) -> bytes:
    return f"bednight.wrapped.v1\x00{key}\x00{whose}".encode()


def keyring_of(session: Session) -> Keyring:
    """The keyring of the database that a session is of; refused where the deployment has none."""
    found: Keyring | None = session.info.get("keyring")
    if found is None:
        raise Problem("no_keys", "No keys are set up; they are made with: bednight sealing init")
    return found
