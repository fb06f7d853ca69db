"""Signed checkpoints of the trail, in a file outside the database: who rewrites the whole chain cannot rewrite them.

The file is to lie where whoever runs the database cannot change what is written: another host's share, or a disk that
takes each byte once. One line of JSON each; a line that was cut off by a crash is passed over. The key signs (Ed25519),
its public half is all that a check needs.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.audit.tree import Tree
from app.config import SettingsError
from app.db import Database

EVERY = timedelta(hours=1)
_DOMAIN = b"bednight.audit.checkpoint.v1\x00"
_FIRST = "0" * 64


class KeyRefused(SettingsError):
    """A file that holds no Ed25519 key in PEM; its text says which file."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How long the trail was at an instant, and the hash of its tree."""

    at: str
    size: int
    root: str
    """Of the tree over the first `size` rows (hex)."""
    peaks: tuple[str, ...]
    """Of that tree: the next checkpoint goes on from them."""
    previous: str
    """The SHA-256 of the line before, so that none can be taken out."""
    signature: str = ""

    def signed(self, key: Ed25519PrivateKey) -> Self:
        """The same with its signature (hex)."""
        return type(self)(**(asdict(self) | {"signature": key.sign(self._covered()).hex()}))

    def holds(self, keys: Sequence[Ed25519PublicKey]) -> bool:
        """Whether one of the keys has signed this."""
        return any(self._by(key) for key in keys)

    def line(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    def _by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(bytes.fromhex(self.signature), self._covered())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _covered(self) -> bytes:
        said = {name: value for name, value in asdict(self).items() if name != "signature"}
        return _DOMAIN + json.dumps(said, separators=(",", ":"), sort_keys=True).encode()


def read(file: Path) -> list[Checkpoint]:
    """The checkpoints of a file, in its order; none where there is no file. What is no whole line is passed over."""
    if not file.exists():
        return []
    return [found for line in file.read_bytes().split(b"\n") if (found := _parsed(line)) is not None]


class Checkpoints:
    """Writes the next one, at most one an hour whichever process asks: a round of the worker's."""

    def __init__(self, file: Path, key: Ed25519PrivateKey) -> None:
        self.file = file
        self._key = key

    def __call__(self, database: Database) -> int:
        """Write one where the last is an hour old; how many were written."""
        return self.write(database, since=EVERY)

    def write(self, database: Database, since: timedelta = timedelta(0)) -> int:
        """Append a checkpoint and see it on the disk, unless the last one is younger than `since`."""
        now = database.clock.now()
        with _alone(self.file) as target:
            before = read(self.file)
            last = before[-1] if before else None
            if last is not None and timedelta(0) <= now - datetime.fromisoformat(last.at) < since:
                return 0
            ours = last is not None and last.holds([self._key.public_key()])
            tree = Tree(last.size, last.peaks) if last is not None and ours else Tree()
            with database.reading() as session:
                rows = select(AuditEvent.hash).where(AuditEvent.seq > tree.size).order_by(AuditEvent.seq)
                for row_hash in session.scalars(rows.execution_options(yield_per=1000)):
                    tree.add(row_hash)
            previous = _FIRST if last is None else line_hash(last)
            new = Checkpoint(now.isoformat(), tree.size, tree.root(), tuple(tree.peaks), previous).signed(self._key)
            # What a crash has cut off ends here, and this begins a line of its own.
            os.write(target, ("\n" + new.line() + "\n").encode())
            os.fsync(target)
        return 1


def line_hash(checkpoint: Checkpoint) -> str:
    """What the next checkpoint names as the one before it."""
    return hashlib.sha256(checkpoint.line().encode()).hexdigest()


def first_line(checkpoint: Checkpoint) -> bool:
    """Whether this one says that none was before it."""
    return checkpoint.previous == _FIRST


def make_key(file: Path) -> str:
    """Write a new private key to a file that is not there yet, readable by its owner alone; its public half (PEM)."""
    key = Ed25519PrivateKey.generate()
    target = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(target, "wb") as out:
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signing_key(file: Path) -> Ed25519PrivateKey:
    """The private key in a file; raises KeyRefused."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(f"{file} holds no private Ed25519 key in PEM; make one with: bednight audit key FILE")
    return key


def checking_key(file: Path) -> Ed25519PublicKey:
    """The public key in a file; raises KeyRefused."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyRefused(f"{file} holds no public Ed25519 key in PEM")
    return key


def _parsed(line: bytes) -> Checkpoint | None:
    try:
        said: dict[str, Any] = json.loads(line)
        return Checkpoint(**(said | {"peaks": tuple(said["peaks"])}))
    except (ValueError, TypeError, KeyError):
        return None


@contextmanager
def _alone(file: Path) -> Iterator[int]:
    """The file, open for appending, while nobody else writes to it."""
    import fcntl

    target = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(target, fcntl.LOCK_EX)
        yield target
    finally:
        os.close(target)
