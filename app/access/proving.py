"""Proving who one is by password and code. Whatever is wrong, and whoever it is about, the answer and its work are one.

A guess is taken off its lines before anything is looked at, so that requests sent at once are no more of them. Hashing
stands outside of every transaction: others do not wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.access import devices, factors, guesses, passwords, signin
from app.access.factor_models import Password
from app.access.models import Person
from app.audit.service import Stranger, record
from app.clock import machine_time
from app.codes import storable
from app.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What somebody typed, and from where."""

    email: str
    password: str
    code: str
    host: str
    device: str | None
    """The hash of the token of a browser that is known again."""
    request_id: str | None = None


def by_password(database: Database, proof: Proof) -> str | None:
    """Whose proof this is, and may act; None where anything about it is wrong. 429 where there were too many."""
    at = machine_time()
    email = proof.email.strip().lower()
    if not storable(email):
        email = ""
    lines = _taken(database, proof, email, at)
    with database.reading() as session:
        row = session.execute(
            select(Person.id, Password.argon2)
            .join(Password, Password.person_id == Person.id)
            .where(Person.email == email)
        ).one_or_none()
    right = passwords.matches(None if row is None else row.argon2, proof.password)
    claimed = "" if row is None else row.id
    with database.writing() as session:
        session.info["request_id"] = proof.request_id
        # A recovery code is not used up by somebody who does not know the password.
        second = factors.spend(session, claimed if right else "", proof.code, at)
        may_act = claimed in signin.actors(session, {claimed})
        if right and second and may_act:
            guesses.give_back(session, lines, at)
            return claimed
        record(session, Stranger(), "sign_in", "person", claimed, outcome="denied", reason="wrong_proof")
    return None


def _taken(database: Database, proof: Proof, email: str, at: datetime) -> Sequence[str]:
    """The lines in which this guess stands. On a device that is known it is the device's own, whatever others do."""
    with database.writing() as session:
        known = devices.knows(session, proof.device, email)
        if known is not None and proof.device is not None:
            lines = [guesses.of_device(proof.device, known)]
        else:
            lines = [guesses.of_account(email), guesses.of_address(proof.host)]
        guesses.take(session, lines, at)
    return lines
