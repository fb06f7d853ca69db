"""What an agency's people were told."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.outbox.models import SEQ


class Notice(Base):
    """One event as an agency's people see it. Codes and ids; the sentence is made when it is shown."""

    __tablename__ = "notices"
    __table_args__ = (Index(None, "agency_id", "seq"),)

    seq: Mapped[int] = mapped_column(SEQ, primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    facility_id: Mapped[str | None]
    """As the outbox has it: `trail_id` of a house."""
    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]
