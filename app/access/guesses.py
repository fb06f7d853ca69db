"""How often somebody may guess: five at once, then one every three minutes, so ten at most in any 15 minutes.

One row per account, address and device, moved on by one statement, so that no number of servers or of requests at once
gives more. Nothing is locked: it is free again by itself, and who signs in from a device that is known, or with a
passkey, does not stand in the line that an outsider can fill.
"""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address, ip_network
from math import ceil

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from app.access.factor_models import GuessQuota
from app.access.tokens import sha256
from app.db import insert_into
from app.errors import Problem

AT_ONCE = 5
EVERY = 180.0
"""Seconds after which one more is free."""
_KEPT = 86_400


def of_account(email: str) -> str:
    """The line of those who name this account, whether or not there is one."""
    return sha256(f"account {email}")


def of_device(device: str, person_id: str) -> str:
    """The line of one person on a device where they have signed in before. `device`: the hash of its token."""
    return sha256(f"device {device} {person_id}")


def of_address(host: str) -> str:
    """The line of whoever calls from there; of IPv6 the network, since one caller has all its addresses."""
    return sha256(f"address {_caller(host)}")


def of_going(host: str) -> str:
    """The line of whoever asks from there to be sent to an agency's sign-in, for which we ask that one first."""
    return sha256(f"going {_caller(host)}")


def _caller(host: str) -> str:
    try:
        if ip_address(host).version == 6:
            return str(ip_network(f"{host}/64", strict=False))
    except ValueError:
        pass  # a socket that has no address
    return host


def take(session: Session, lines: Iterable[str], at: datetime) -> None:
    """Take one guess of each line, or refuse with 429; the caller rolls back what was taken of the others."""
    now = at.timestamp()
    full = now + (AT_ONCE - 1) * EVERY
    for line in sorted(lines):
        insert = insert_into(session, GuessQuota).values(of=line, free_at=now + EVERY)
        later = case((GuessQuota.free_at > now, GuessQuota.free_at), else_=now) + EVERY
        taken = insert.on_conflict_do_update(
            index_elements=["of"], set_={"free_at": later}, where=GuessQuota.free_at <= full
        ).returning(GuessQuota.free_at)
        if session.execute(taken).first() is None:
            free_at = session.scalars(select(GuessQuota.free_at).where(GuessQuota.of == line)).one()
            raise Problem("too_many", headers={"Retry-After": str(max(1, ceil(free_at - full)))})


def give_back(session: Session, lines: Iterable[str], at: datetime) -> None:
    """What was no guess uses none up; rows of days ago go with it."""
    for line in sorted(lines):
        session.execute(update(GuessQuota).where(GuessQuota.of == line).values(free_at=GuessQuota.free_at - EVERY))
    session.execute(delete(GuessQuota).where(GuessQuota.free_at < at.timestamp() - _KEPT))
