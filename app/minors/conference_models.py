"""Tables of case conferences: who sits together, about whom, what was decided, who does what until when."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.sealing.column import Sealed

_STANDS = text("taken_off_at IS NULL")


class Conference(Base):
    """A meeting of agencies about young people, called by one of them."""

    __tablename__ = "conferences"
    __table_args__ = (Index(None, "agency_id", "held_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    """Who calls it."""
    name: Mapped[str]
    held_at: Mapped[datetime]
    called_at: Mapped[datetime]
    called_by: Mapped[str]


class ConferenceSeat(Base):
    """One agency that is asked to come; whether it came is not known until somebody notes it."""

    __tablename__ = "conference_seats"
    __table_args__ = (CheckConstraint("(came IS NULL) = (noted_by IS NULL)", name="noted_whole"),)

    conference_id: Mapped[str] = mapped_column(ForeignKey("conferences.id"), primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), primary_key=True, index=True)
    came: Mapped[bool | None]
    noted_by: Mapped[str | None]


class ConferenceCase(Base):
    """One record on the agenda, put there by the agency whose record it is."""

    __tablename__ = "conference_cases"
    __table_args__ = (
        CheckConstraint("(taken_off_at IS NULL) = (taken_off_by IS NULL)", name="taken_off_whole"),
        Index(
            "ix_conference_cases_stands", "conference_id", "minor_id", unique=True, sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(primary_key=True)
    conference_id: Mapped[str] = mapped_column(ForeignKey("conferences.id"))
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    put_at: Mapped[datetime]
    put_by: Mapped[str]
    taken_off_at: Mapped[datetime | None]
    taken_off_by: Mapped[str | None]


class ConferenceDecision(Base):
    """What was decided about one of them, as the agency whose record it is wrote it down."""

    __tablename__ = "conference_decisions"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("conference_cases.id"), index=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    words: Mapped[bytes] = mapped_column(Sealed)
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]


class ConferenceTask(Base):
    """What one agency is to do about one of them, until a day."""

    __tablename__ = "conference_tasks"
    __table_args__ = (CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_whole"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("conference_cases.id"), index=True)
    minor_id: Mapped[str] = mapped_column(ForeignKey("minors.id"), index=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    """Whose record it is, and who gives the task."""
    doer_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    words: Mapped[bytes] = mapped_column(Sealed)
    due_on: Mapped[date]
    given_at: Mapped[datetime]
    given_by: Mapped[str]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
