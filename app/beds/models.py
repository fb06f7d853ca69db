"""Tables of who is in the beds and who last said so: residents as the house lists them, and confirmations."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import ResidentTrafficking
from app.db import Base


class Resident(Base):
    """Somebody the house lists who is in no stay on record, `[present_from, present_until)`.

    `minor_id` null: a person the house does not name. `present_from` null: already here; `present_until` null: no date
    known. Age and trafficking are what the house says; null is not known.
    """

    __tablename__ = "residents"
    __table_args__ = (
        ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
        Index(None, "facility_id", "bed_id"),
        CheckConstraint("present_until >= present_from", name="dates_run_forward"),
        CheckConstraint("age BETWEEN 0 AND 150", name="age_range"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"))
    bed_id: Mapped[str | None]
    minor_id: Mapped[str | None] = mapped_column(ForeignKey("minors.id"), index=True)
    trafficking: Mapped[ResidentTrafficking | None]
    age: Mapped[int | None]
    present_from: Mapped[date | None]
    present_until: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    """When someone said that this is no longer so; a row that was closed is history, and no ranking looks at it."""


class Confirmation(Base):
    """A person saying that what a house's beds show is true now."""

    __tablename__ = "confirmations"

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey("facilities.id"), index=True)
    confirmed_at: Mapped[datetime]
    confirmed_by: Mapped[str]
    beds: Mapped[int]
