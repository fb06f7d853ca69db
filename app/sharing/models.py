"""Releases of information, laws that take their place, and the one table that says which agency may see which minor."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import shaped
from app.db import Base, Versioned
from app.sealing.column import SealedText
from app.sharing.codes import Given, Law, Purpose


class Relation(StrEnum):
    """Why an agency may see a minor's record."""

    OWNER = "owner"
    REFERRED = "referred"
    OFFERED = "offered"
    PLACED = "placed"
    RELEASED = "released"
    LAWFUL = "lawful"
    EMERGENCY = "emergency"


class Release(Versioned, Base):
    """Written, time-limited consent to share named items with a named agency. It counts when data is read."""

    __tablename__ = "releases"
    __table_args__ = (
        CheckConstraint("valid_from < valid_until", name="in_order"),
        CheckConstraint("revoked_at IS NULL OR revoked_by IS NOT NULL", name="revoked_by_whom"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    # Minors stand in a higher room, so this and the grant name them without a foreign key.
    minor_id: Mapped[str] = mapped_column(index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    purpose: Mapped[Purpose]
    fields: Mapped[list[str]]
    """Which items, as `codes.Item` has them."""
    signers: Mapped[list[dict[str, Any]]]
    """Who signed: the relation to the minor, and whether it was asked that they are no abuser. No names."""
    alone_service: Mapped[str | None]
    """The service that the minor may have alone, where nobody else signed, and in which State."""
    alone_state: Mapped[str | None]
    given: Mapped[Given]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    created_at: Mapped[datetime]
    recorded_by: Mapped[str]


class LegalBasis(Versioned, Base):
    """What a law or a court lets an agency see without consent. It is no release, and nobody signs it."""

    __tablename__ = "legal_bases"
    __table_args__ = (
        CheckConstraint("valid_from < valid_until", name="in_order"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_whole"),
        CheckConstraint(
            "(law = 'coalition_agreement') = (agreement_id IS NOT NULL)"
            " AND (agreement_id IS NULL) = (sharer_id IS NULL)",
            name="by_which_agreement",
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    law: Mapped[Law]
    sealed_reference: Mapped[bytes] = mapped_column("reference", SealedText)
    """The number of the order or file, or the paragraph; no names."""
    fields: Mapped[list[str]]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    created_at: Mapped[datetime]
    recorded_by: Mapped[str]
    agreement_id: Mapped[str | None] = mapped_column(ForeignKey("agreements.id"), index=True)
    sharer_id: Mapped[str | None] = mapped_column(ForeignKey("agencies.id"), index=True)
    """By an agreement it holds only while both this agency, whose record it is, and the recipient stand by it."""


class Agreement(Base):
    """What agencies agree to share with one another, in which kinds, approved by counsel, for a time."""

    __tablename__ = "agreements"
    __table_args__ = (
        CheckConstraint("valid_from < valid_until", name="in_order"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_whole"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    approval: Mapped[str]
    """Whose counsel approved it, and when."""
    fields: Mapped[list[str]]
    """Which kinds of information of the shared record; never who somebody is, and never the whole case."""
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class AgreementSignature(Base):
    """One agency stands by an agreement. Whom VOCA, VAWA or FVPSA bind opens no record by it, and may yet read."""

    __tablename__ = "agreement_signatures"
    __table_args__ = (CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),)

    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreements.id"), primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), primary_key=True, index=True)
    shares: Mapped[bool]
    """Whether it may open records of its own by it; else it reads what others open."""
    signed_at: Mapped[datetime]
    signed_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


class LoneConsent(Base):
    """A service that a minor may have without anybody else's consent; no State is every State, no age is not known."""

    __tablename__ = "lone_consents"
    __table_args__ = (
        shaped("state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        CheckConstraint("from_age BETWEEN 0 AND 25", name="from_age_range"),
        Index(None, "service", "state", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    state: Mapped[str | None]
    from_age: Mapped[int | None]
    citation: Mapped[str]


class SharingPolicy(Base):
    """What a network's own counsel sets: one row."""

    __tablename__ = "sharing_policy"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("former_nights BETWEEN 0 AND 90", name="former_nights_range"),
        CheckConstraint("release_days BETWEEN 1 AND 366", name="release_days_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    former_nights: Mapped[int]
    """For how many nights after its end a house still reads a stay; 0: from the day of leaving on it does not."""
    release_days: Mapped[int]
    """For how long a release may last at most."""


class Grant(Base):
    """One agency, or one person of it, may see one minor, for one reason, from and until an instant."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="in_order"),
        CheckConstraint("relation <> 'released' OR release_id IS NOT NULL", name="released_by"),
        CheckConstraint("relation <> 'emergency' OR person_id IS NOT NULL", name="emergency_of_one"),
        CheckConstraint("relation <> 'lawful' OR basis_id IS NOT NULL", name="lawful_by"),
        Index(None, "agency_id", "minor_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    """The one person whom it lets in; null: everybody of the agency who does case work."""
    relation: Mapped[Relation]
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"), index=True)
    basis_id: Mapped[str | None] = mapped_column(ForeignKey("legal_bases.id"), index=True)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
