"""The second factor beside a password: an authenticator's code, or a recovery code, each of which works once."""

import secrets
from base64 import b32encode
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, select, union_all, update
from sqlalchemy.orm import Session

from app.access.agency_models import AgencyIdentity
from app.access.factor_models import Authenticator, Passkey, Password, RecoveryCode
from app.access.tokens import sha256
from app.sealing.box import Place
from app.sealing.keyring import SYSTEM, keyring_of

CODES = 10
_GROUP = 6
DRIFT = 1
"""Codes before and after this one that are taken too: a phone's clock may be half a minute off."""


def new_secret() -> str:
    """160 random bits for an authenticator, as its apps read them."""
    return pyotp.random_base32()


def address_of(secret: str, email: str) -> str:
    """What a picture tells the app: whose codes, and by which secret."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Bednight")


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The 30 seconds whose code this is, around `at`; None where it is none of them."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=at, valid_window=DRIFT)
    except OTPVerificationError:
        return None


def plain(code: str) -> str:
    """A code as it was meant: blanks and dashes are for the eye, and a recovery code has no small letters."""
    return "".join(letter for letter in code if letter.isascii() and letter.isalnum()).upper()


def set_password(session: Session, person_id: str, argon2: str, now: datetime) -> None:
    """Keep a password in place of the one there was."""
    session.merge(Password(person_id=person_id, argon2=argon2, set_at=now))


def set_authenticator(session: Session, person_id: str, secret: str, step: int, now: datetime) -> list[str]:
    """Take this authenticator, whose code of `step` was sent, in place of another; new recovery codes, in clear."""
    sealed = keyring_of(session).seal(SYSTEM, _place(person_id), secret)
    session.merge(Authenticator(person_id=person_id, sealed_secret=sealed, last_step=step, added_at=now))
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    codes = [b32encode(secrets.token_bytes(15)).decode() for _ in range(CODES)]
    session.add_all(RecoveryCode(person_id=person_id, code_sha256=sha256(code)) for code in codes)
    return ["-".join(code[i : i + _GROUP] for i in range(0, len(code), _GROUP)) for code in codes]


def spend(session: Session, person_id: str, code: str, at: datetime) -> bool:
    """Take a code of this person and no second time. The same is asked of the database whoever it is about."""
    code = plain(code)
    sealed = session.scalar(select(Authenticator.sealed_secret).where(Authenticator.person_id == person_id))
    secret = _NOBODYS if sealed is None else keyring_of(session).open(_place(person_id), sealed)
    step = step_of(secret, code, at)
    newer = update(Authenticator).where(
        Authenticator.person_id == person_id, Authenticator.last_step < (0 if step is None else step)
    )
    unused = update(RecoveryCode).where(
        RecoveryCode.code_sha256 == sha256(code), RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    )
    by_app = session.execute(newer.values(last_step=step or 0).returning(Authenticator.person_id)).first()
    by_paper = session.execute(unused.values(used_at=at).returning(RecoveryCode.person_id)).first()
    return by_app is not None or by_paper is not None


_NOBODYS = pyotp.random_base32()


def _place(person_id: str) -> Place:
    return Place(Authenticator.__tablename__, "secret", person_id)


def has_second(session: Session, person_id: str) -> bool:
    """Whether they have something that a new password is no way around."""
    theirs = (
        select(Authenticator.person_id).where(Authenticator.person_id == person_id),
        select(Passkey.person_id).where(Passkey.person_id == person_id),
        select(AgencyIdentity.person_id).where(AgencyIdentity.person_id == person_id),
    )
    return session.scalar(union_all(*theirs)) is not None


def forget_all(session: Session, person_id: str) -> None:
    """Their phone is lost, or in other hands: nothing they had lets anybody in."""
    for table in (Password, Authenticator, RecoveryCode, Passkey, AgencyIdentity):
        session.execute(delete(table).where(table.person_id == person_id))
