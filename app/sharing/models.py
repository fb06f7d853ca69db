"""Releases of information, and the one table that says which agency may see which minor."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned


class Relation(StrEnum):
    """Why an agency may see a minor's record."""

    OWNER = "owner"
    REFERRED = "referred"
    OFFERED = "offered"
    PLACED = "placed"
    RELEASED = "released"
    EMERGENCY = "emergency"


class Release(Versioned, Base):
    """Written, time-limited consent to share named items with a named agency. It counts when data is read."""

    __tablename__ = "releases"
    __table_args__ = (CheckConstraint("valid_from < valid_until", name="in_order"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    # Minors stand in a higher room, so this and the grant name them without a foreign key.
    minor_id: Mapped[str] = mapped_column(index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    purpose: Mapped[str]
    fields: Mapped[list[str]]
    signers: Mapped[list[dict[str, Any]]]
    """Who signed, in which relation to the minor: codes and ids."""
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Grant(Base):
    """One agency may see one minor, for one reason, from and until an instant."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="in_order"),
        CheckConstraint("relation <> 'released' OR release_id IS NOT NULL", name="released_by"),
        Index(None, "agency_id", "minor_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    relation: Mapped[Relation]
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"), index=True)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
