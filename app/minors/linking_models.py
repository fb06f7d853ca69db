"""Tables of what is said of two records: of the same young person or not; and who asks to be in contact about one.

Nothing is moved from one record to another: whatever was said is taken back by saying so.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

_STANDS = text("undone_at IS NULL")


class Verdict(StrEnum):
    """What somebody found two records to be."""

    SAME = "same"
    DIFFERENT = "different"


class RecordLink(Base):
    """What one agency says of two records: two of its own, or one of its own and one that is shared with it.

    It is the agency's own word: whose record the other is learns nothing of it.
    """

    __tablename__ = "record_links"
    __table_args__ = (
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_whole"),
        Index(
            "ix_record_links_stands", "agency_id", "minor_id", "other_id", unique=True, sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    """A record of the agency's own; of two of its own the one whose id comes first."""
    other_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    verdict: Mapped[Verdict]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class ContactAsk(Base):
    """An agency asks to be in contact with whoever else has a record of a young person. It is never told whether."""

    __tablename__ = "contact_asks"

    id: Mapped[str] = mapped_column(primary_key=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    looked_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it was held against the index of the other agencies: long after the answer to whoever asked."""


class ContactAnswer(StrEnum):
    """What the owner makes of it."""

    IN_CONTACT = "in_contact"
    NOT_THE_SAME = "not_the_same"


class Contact(Base):
    """What the owner of a record is told: which agency asks to be in contact about it."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("ask_id", "minor_id"),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered_whole"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    ask_id: Mapped[str] = mapped_column(ForeignKey("contact_asks.id"))
    asker_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    """The owner's record."""
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    """The owner."""
    found_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answer: Mapped[ContactAnswer | None]
