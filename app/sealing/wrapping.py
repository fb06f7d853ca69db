"""The key-encryption key, which wraps data keys: here in a file; a key management service fits the same methods."""

import base64
import binascii
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from app.config import SettingsError
from app.sealing.box import Broken

_BYTES = 32
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it is stored, and which key wrapped it."""

    by: str
    secret: bytes = field(repr=False)


class Wrapping(Protocol):
    """Wraps and unwraps data keys. `about` names the data key: what was wrapped for one does not open as another."""

    def current(self) -> str:
        """The id of the key that wraps now."""
        ...

    def wrap(self, secret: bytes, about: bytes) -> Wrapped:
        """Wrap by the current key."""
        ...

    def unwrap(self, wrapped: Wrapped, about: bytes) -> bytes:
        """The data key; raises Broken where no key at hand opens it."""
        ...


class KeyFile:
    """Key-encryption keys in a file, one a line, the current one last: its id, a space, 256 bits in base64.

    The file is read again for each new data key, and wherever a key is asked for that it did not hold before: a server
    that runs follows a rotation by itself.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._keys = read(file)

    def current(self) -> str:
        self._keys = read(self.file)
        return list(self._keys)[-1]

    def wrap(self, secret: bytes, about: bytes) -> Wrapped:
        by, nonce = self.current(), os.urandom(_NONCE)
        return Wrapped(by, nonce + AESGCMSIV(self._keys[by]).encrypt(nonce, secret, about))

    def unwrap(self, wrapped: Wrapped, about: bytes) -> bytes:
        if wrapped.by not in self._keys:
            self._keys = read(self.file)
        key = self._keys.get(wrapped.by)
        if key is None:
            raise Broken("the key that wrapped this is not in the file of keys")
        try:
            return AESGCMSIV(key).decrypt(wrapped.secret[:_NONCE], wrapped.secret[_NONCE:], about)
        except (InvalidTag, ValueError):
            raise Broken("this data key was changed, or wrapped by another key of the same name") from None


def read(file: Path) -> dict[str, bytes]:
    """The keys of a file, in its order; raises SettingsError, which names the file and no key."""
    try:
        lines = [line.split() for line in file.read_text().splitlines() if line.strip()]
        keys = {name: base64.b64decode(text, validate=True) for name, text in lines}
    except (OSError, ValueError, binascii.Error):
        keys = {}
    if not keys or any(len(key) != _BYTES for key in keys.values()):
        raise SettingsError(f"{file} holds no key-encryption keys; make one with: bednight sealing init")
    return keys


def add(file: Path) -> str:
    """Put a new key behind the others, from now on the current one, and give its id; the file is made if need be."""
    with _alone(file):
        keys = read(file) if file.exists() else {}
        name = f"kek_{secrets.token_hex(8)}"
        _write(file, keys | {name: secrets.token_bytes(_BYTES)})
    return name


def drop(file: Path, names: set[str]) -> None:
    """Take keys out that wrap nothing any more."""
    with _alone(file):
        _write(file, {name: key for name, key in read(file).items() if name not in names})


def _write(file: Path, keys: dict[str, bytes]) -> None:
    """Replace the file as a whole, once the new one is on the disk: whoever reads it meanwhile reads the old one."""
    new = file.with_suffix(".new")
    target = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(target, "w") as out:
        out.writelines(f"{name} {base64.b64encode(key).decode()}\n" for name, key in keys.items())
        out.flush()
        os.fsync(out.fileno())
    os.replace(new, file)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """While nobody else changes the file."""
    target = os.open(file.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(target, fcntl.LOCK_EX)
        yield
    finally:
        os.close(target)
