"""Agencies, their people, and what people and programs prove themselves with. Secrets are stored as hashes only."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.access.policy import AgencyKind, Role
from app.db import Base, Versioned


class Agency(Versioned, Base):
    """An organisation that works with young people, runs houses, or pays for beds."""

    __tablename__ = "agencies"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[AgencyKind]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Person(Versioned, Base):
    """Someone who works at an agency. A disabled person is refused at the next request."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    emergency_until: Mapped[datetime | None]
    """Until when this person has emergency access to a record of another agency, as each page says meanwhile."""


class PersonFacility(Base):
    """Narrows facility staff to these houses of their agency; without a row they work in all of them."""

    __tablename__ = "person_facilities"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    # No foreign key: facilities stand in a higher room, and a room never points up.
    facility_id: Mapped[str] = mapped_column(primary_key=True, index=True)


class ApiKey(Base):
    """A program's key: one agency, one role's permissions or fewer, for 90 days at most."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    name: Mapped[str]
    role: Mapped[Role]
    permissions: Mapped[list[str] | None]
    """Fewer than the role's; null means all that the role has and a key may hold."""
    hint: Mapped[str]
    """The first characters, to tell keys apart in a list."""
    key_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginLink(Base):
    """A sign-in link that works once, for a few minutes, from this computer only."""

    __tablename__ = "login_links"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """One browser's session. The cookie holds an opaque token, the row its hash."""

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    """When the person last proved who they are; acts that need a fresh proof look here."""
    ended_at: Mapped[datetime | None]
    device: Mapped[str | None]
    """The hash of the token by which its browser is known again."""
    shift: Mapped[bool] = mapped_column(default=False)
    """A device of a house: its board stays open for the shift, when nobody has pressed anything for a while."""


class RoleGrant(Base):
    """A role that one person asked for somebody, and another agreed to or refused."""

    __tablename__ = "role_grants"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[Role]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    agreed: Mapped[bool | None]
