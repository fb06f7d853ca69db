"""Tables of tasks, and of the duties whose hours a State or a programme sets."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import FacilityKind, shaped
from app.db import Base, Versioned


class TaskKind(StrEnum):
    """What is to be done."""

    ARRIVAL = "arrival"
    """Say whether the young person arrived."""
    PARENT_CONTACT = "parent_contact"
    REPORT_POLICE = "report_police"
    REPORT_NCMEC = "report_ncmec"
    SECOND_PERSON = "second_person"
    """Look at somebody else's exception."""
    CLASH = "clash"
    """Two records contradict each other: for a supervisor, and nothing is said to whoever asked."""
    WALK_IN = "walk_in"
    """Judge who is in a house against a rule: who came without having been placed, or when something had changed."""
    AUTHORITY = "authority"
    """Renew the authority to place, or end the stay."""
    FOLLOW_UP = "follow_up"


class TaskOutcome(StrEnum):
    """What came of it."""

    ARRIVED = "arrived"
    NOT_ARRIVED = "not_arrived"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    UNSAFE_TO_CONTACT = "unsafe_to_contact"
    REPORTED = "reported"
    FOUND_BEFORE = "found_before"
    AGREED = "agreed"
    NOT_AGREED = "not_agreed"
    SETTLED = "settled"
    SAME_PERSON_TWICE = "same_person_twice"
    FITS = "fits"
    DOES_NOT_FIT = "does_not_fit"
    RENEWED = "renewed"
    ENDED = "ended"
    SAFE = "safe"
    NEEDS_HELP = "needs_help"
    MISSING = "missing"
    NOT_NEEDED = "not_needed"


O = TaskOutcome  # noqa: E741
OUTCOMES: dict[TaskKind, tuple[TaskOutcome, ...]] = {
    TaskKind.ARRIVAL: (O.ARRIVED, O.NOT_ARRIVED),
    TaskKind.PARENT_CONTACT: (O.REACHED, O.NOT_REACHED, O.UNSAFE_TO_CONTACT, O.NOT_NEEDED),
    TaskKind.REPORT_POLICE: (O.REPORTED, O.FOUND_BEFORE),
    TaskKind.REPORT_NCMEC: (O.REPORTED, O.FOUND_BEFORE),
    TaskKind.SECOND_PERSON: (O.AGREED, O.NOT_AGREED),
    TaskKind.CLASH: (O.SETTLED, O.SAME_PERSON_TWICE),
    TaskKind.WALK_IN: (O.FITS, O.DOES_NOT_FIT, O.ENDED),
    TaskKind.AUTHORITY: (O.RENEWED, O.ENDED),
    TaskKind.FOLLOW_UP: (O.SAFE, O.NEEDS_HELP, O.NOT_REACHED, O.MISSING),
}
"""Of each kind, what may come of it."""


class Task(Versioned, Base):
    """One thing to do for an agency; with a facility, for those who work there too. No foreign key to the subject:
    those rooms stand above this one."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index(None, "agency_id", "due_at", "id"),
        Index(None, "subject_kind", "subject_id"),
        CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="done_whole"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[TaskKind]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    facility_id: Mapped[str | None] = mapped_column(ForeignKey("facilities.id"), index=True)
    made_at: Mapped[datetime]
    opens_at: Mapped[datetime]
    """Before this nobody is told of it."""
    due_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    outcome: Mapped[TaskOutcome | None]
    once: Mapped[str | None] = mapped_column(unique=True)
    """What is to be done only once ever is named here; a second task of the name is not made."""


class Duty(Base):
    """Within how many hours a law or a programme wants something done; null is any State, any kind of house."""

    __tablename__ = "duties"
    __table_args__ = (
        shaped("state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        CheckConstraint("hours >= 1", name="hours_positive"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[TaskKind]
    state: Mapped[str | None]
    facility_kind: Mapped[FacilityKind | None]
    hours: Mapped[int]
    citation: Mapped[str]
