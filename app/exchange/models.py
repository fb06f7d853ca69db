"""Programs outside that an agency wants told."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned


class Purpose(StrEnum):
    """What a receiver is: a program that reads events, or a gateway that sends people a text message."""

    EVENTS = "events"
    MESSAGES = "messages"


class WebhookEndpoint(Versioned, Base):
    """One receiver of an agency. Its secrets are kept as they are: a signature needs them."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous_whole"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    url: Mapped[str]
    purpose: Mapped[Purpose]
    kinds: Mapped[list[str] | None]
    """Which kinds of events it wants; null: all of them."""
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    disabled_at: Mapped[datetime | None]
