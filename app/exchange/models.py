"""Programs outside that an agency wants told."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Versioned
from app.sealing.box import Place
from app.sealing.column import SealedText
from app.sealing.keyring import SYSTEM, Keyring


class Purpose(StrEnum):
    """What a receiver is: a program that reads events, or a gateway that sends people a text message."""

    EVENTS = "events"
    MESSAGES = "messages"


class WebhookEndpoint(Versioned, Base):
    """One receiver of an agency. A signature needs its secrets, so they are sealed, not hashed."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous_whole"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    url: Mapped[str]
    purpose: Mapped[Purpose]
    kinds: Mapped[list[str] | None]
    """Which kinds of events it wants; null: all of them."""
    sealed_secret: Mapped[bytes] = mapped_column("secret", SealedText)
    sealed_previous: Mapped[bytes | None] = mapped_column("previous_secret", SealedText)
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    disabled_at: Mapped[datetime | None]

    def secret(self, keyring: Keyring) -> str:
        """What signs."""
        return keyring.open(self._place("secret"), self.sealed_secret)

    def previous(self, keyring: Keyring) -> str | None:
        """What signed before, while it is being replaced."""
        sealed = self.sealed_previous
        return None if sealed is None else keyring.open(self._place("previous_secret"), sealed)

    def set_secret(self, keyring: Keyring, secret: str) -> None:
        """Let another one sign; what signed until now is the previous one."""
        if self.sealed_secret is not None:
            former = keyring.seal(SYSTEM, self._place("previous_secret"), self.secret(keyring))
            self.sealed_previous = former
        self.sealed_secret = keyring.seal(SYSTEM, self._place("secret"), secret)

    def _place(self, column: str) -> Place:
        return Place(self.__tablename__, column, self.id)
