"""What people prove themselves with, and what holds back those who guess. Secrets stand as hashes where one will do."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.sealing.column import SealedText


class Enrolment(Base):
    """A link with which somebody sets up their sign-in, once, and within the hour. Alone it lets nobody in."""

    __tablename__ = "enrolments"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    sealed_secret: Mapped[bytes] = mapped_column("totp_secret", SealedText)
    """What the authenticator app is to be given; of no use to anybody until its first code was sent back."""
    anew: Mapped[bool]
    """Whether a new authenticator takes the place of the one there is; else that one's code is asked for."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """By the clocks of machines: the link may be made by another program than the one that answers it."""
    used_at: Mapped[datetime | None]


class Password(Base):
    """Somebody's password, as Argon2id keeps it. It opens nothing without a second factor."""

    __tablename__ = "passwords"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    argon2: Mapped[str]
    set_at: Mapped[datetime]


class Authenticator(Base):
    """An app that shows a new code every 30 seconds. Both sides compute it, so its secret is sealed, not hashed."""

    __tablename__ = "authenticators"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column("secret", SealedText)
    last_step: Mapped[int]
    """The 30 seconds of the last code that was taken: no code is taken twice, nor one before it."""
    added_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code that stands in for the authenticator, once: 120 random bits, so a plain hash suffices."""

    __tablename__ = "recovery_codes"

    code_sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A key on somebody's device; here is the public half alone, which opens nothing."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    """How often it says that it has signed: one that goes back was copied. Many never count."""
    name: Mapped[str]
    """One of our own words for the browser in which it was made."""
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Challenge(Base):
    """What somebody was asked to sign, until the answer comes or five minutes are over."""

    __tablename__ = "challenges"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    """Who was asked to make a passkey; none where anybody may prove who they are."""
    expires_at: Mapped[datetime]
    """By the clocks of machines."""


class Device(Base):
    """A browser in which somebody has signed in. It proves nothing; it is known again, and guesses apart."""

    __tablename__ = "devices"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    label: Mapped[str]
    """One of our own words for what kind of browser it is."""
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class GuessQuota(Base):
    """How far an account, an address or a device has used up its guesses; shared by every server process."""

    __tablename__ = "guess_quotas"

    of: Mapped[str] = mapped_column(primary_key=True)
    """A hash: what was typed may be anything."""
    free_at: Mapped[float]
    """When all guesses are free again, in seconds since 1970; what lies in the past is as good as no row."""
