"""An agency's own sign-in: where it stands, who is who there, and who is on the way to it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.sealing.column import SealedText


class Purpose(StrEnum):
    """What somebody went to their agency's own sign-in for."""

    SIGN_IN = "sign_in"
    PROVE = "prove"
    BIND = "bind"


_IN_USE = text("ended_at IS NULL")


class AgencySignIn(Base):
    """Where the people of an agency sign in with it (OpenID Connect). One at a time; another issuer is another row."""

    __tablename__ = "agency_sign_ins"
    __table_args__ = (
        Index("ix_agency_sign_ins_one", "agency_id", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
        Index("ix_agency_sign_ins_word", "word", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    word: Mapped[str]
    """What its people type to be sent there: nothing lists which agencies there are."""
    issuer: Mapped[str]
    client_id: Mapped[str]
    sealed_secret: Mapped[bytes] = mapped_column("client_secret", SealedText)
    acr: Mapped[str | None]
    """How somebody must have proved who they are there, in its own words; none: the agency sees to that."""
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AgencyIdentity(Base):
    """Who somebody is at their agency's sign-in: bound by their own link or session, never by an address."""

    __tablename__ = "agency_identities"
    __table_args__ = (UniqueConstraint("sign_in_id", "person_id"),)

    sign_in_id: Mapped[str] = mapped_column(ForeignKey("agency_sign_ins.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    """What the issuer calls them, which it gives to nobody else."""
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    bound_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Departure(Base):
    """Somebody who is on the way to their agency's sign-in, for ten minutes by the clocks of machines.

    What proves that it is the same browser that comes back stands in that browser's cookie alone.
    """

    __tablename__ = "departures"

    state_sha256: Mapped[str] = mapped_column(primary_key=True)
    sign_in_id: Mapped[str] = mapped_column(ForeignKey("agency_sign_ins.id"), index=True)
    purpose: Mapped[Purpose]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    """Who proves, or binds; none where anybody may sign in."""
    enrolment_id: Mapped[str | None] = mapped_column(ForeignKey("enrolments.id"), index=True)
    """The link by which they bind; none where they are signed in."""
    back_to: Mapped[str]
    shift: Mapped[bool]
    expires_at: Mapped[datetime]
