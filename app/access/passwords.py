"""Passwords: how they are hashed, and the few that are refused.

Used beside a second factor only, so 8 characters are the least (NIST SP 800-63B-4, 3.1.1.2: 15 where nothing else is
asked); nothing is asked about kinds of characters, and nothing runs out.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from app.codes import storable
from app.errors import FieldError, Problem, invalid

SHORTEST, ADVISED, LONGEST = 8, 15, 256
# OWASP's first choice of parameters; two at once take 38 MiB and both cores for a tenth of a second.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_WORK = BoundedSemaphore(2)
_WAITING = BoundedSemaphore(8)
_PATIENCE = 5.0


@contextmanager
def _in_turn() -> Iterator[None]:
    """Two at once, a few in line; more are sent away, since hashing is a lever for whoever wants us to stand still."""
    if not _WAITING.acquire(blocking=False):
        raise _busy()
    try:
        if not _AT_WORK.acquire(timeout=_PATIENCE):
            raise _busy()
        try:
            yield
        finally:
            _AT_WORK.release()
    finally:
        _WAITING.release()


def _busy() -> Problem:
    return Problem("busy", headers={"Retry-After": "2"})


def _bytes(password: str) -> bytes:
    """The same password from every keyboard: one letter may be typed as two characters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def hashed(password: str) -> str:
    """What is stored."""
    with _in_turn():
        return _HASHER.hash(_bytes(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password. Where there is none, as much work is done, and the answer is no."""
    with _in_turn():
        try:
            found = _HASHER.verify(kept or _nobodys(), _bytes(password[: LONGEST + 1]))
        except VerificationError:
            return False
    return found and kept is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash("")


def check(password: str, again: str, *own: str) -> None:
    """Refuse a password that many people use, or that is `own`: a name or an address of whoever sets it."""
    said = None
    plain = unicodedata.normalize("NFKC", password).casefold()
    if len(unicodedata.normalize("NFKC", password)) < SHORTEST:
        said = ("too_short", f"Expected {SHORTEST} characters or more; {ADVISED} are advised.")
    elif len(password) > LONGEST or not storable(password):
        said = ("too_long", f"Expected {LONGEST} characters at most.")
    elif plain in _own(own) or plain in _common():
        said = ("common", "This password is among the first that are tried. Choose another one.")
    elif password != again:
        said = ("different", "The two are not the same. Type the password twice.")
    if said is not None:
        raise invalid([FieldError("/password", *said)])


def _own(texts: tuple[str, ...]) -> set[str]:
    parts = {"bednight", *(text.casefold() for text in texts), *(text.casefold().split("@")[0] for text in texts)}
    return parts | {part + part for part in parts} | {part.replace(" ", "") for part in parts}


@cache
def _common() -> frozenset[str]:
    """The 30,000 commonest passwords of leaks, as zxcvbn lists them. Read late: it takes a third of a second."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # it states no types

    return frozenset(FREQUENCY_LISTS["passwords"])
