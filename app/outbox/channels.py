"""What a channel is: notices on our own pages, webhooks, a text message to a duty phone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app.db import Database
from app.outbox.models import OutboxEvent


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event for one receiver, as a channel gets it to send, outside of any transaction."""

    event: OutboxEvent
    target: str


class Undelivered(Exception):
    """The receiver did not take it. `code` says why in a word of ours; `final` that another try is no use."""

    def __init__(self, code: str, *, final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.final = final


class Channel(Protocol):
    """A way to tell people or programs. Whoever brings another one (a pager, a mailbox) writes these two methods.

    What a channel keeps in our own database it writes in `hand_on` and is done. What must leave the house it names
    there, one target each, and sends in `send`: at least once, again after a failure, never while a lock is held.
    """

    name: str

    def hand_on(self, session: Session, event: OutboxEvent) -> Iterable[str]:
        """Note the event in the session's transaction; the targets to which it must be sent."""
        ...

    def send(self, database: Database, parcel: Parcel) -> None:
        """Send to one target; raises Undelivered where it was not taken."""
        ...
