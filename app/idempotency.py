"""A POST that is sent twice acts once: its key is stored in the transaction of the act itself.

A program sends an Idempotency-Key of its own, kept for two days. A page's form carries one that was made with the page,
kept for minutes: a press on a page that was left open for longer, or gone back to, is meant, and is judged anew.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, Database
from app.errors import Problem, conflict

KEPT = timedelta(hours=48)
PRESS_KEPT = timedelta(minutes=10)
"""Of a page's form: as long as a slow line, and a thumb that taps again, may take."""
REPLAYED = "Idempotent-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of yours; the same key and body again answer with the first result",
    ),
]


class IdempotentRequest(Base):
    """What one key of one actor was used for, and the row that it made."""

    __tablename__ = "idempotent_requests"

    actor_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    subject_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


Made = TypeVar("Made", bound="_Made")


class _Made(Protocol):
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Once:
    """One POST and the key it came with: acts the first time, and reads again what it made every other time."""

    key: str | None
    request_sha256: str
    kept: timedelta = KEPT
    """For how long after the act."""

    def make(
        self,
        response: Response,
        session: Session,
        actor_id: str,
        act: Callable[[], Made],
        again: Callable[[str], Made],
    ) -> Made:
        """What the act makes; where the same request made it before, that as it stands now, flagged as replayed."""
        earlier = self.earlier(session, actor_id)
        if earlier is not None:
            response.headers[REPLAYED] = "true"
            return again(earlier)
        made = act()
        self.remember(session, actor_id, made.id)
        return made

    def within(
        self, database: Database, actor_id: str, act: Callable[[Session], str], *, request_id: str | None
    ) -> str:
        """The id of what the act makes or moves in a transaction of its own, or of what the first such request did."""

        def whole() -> str:
            with database.writing() as session:
                session.info["request_id"] = request_id
                made = self.earlier(session, actor_id)
                if made is None:
                    made = act(session)
                    self.remember(session, actor_id, made)
                return made

        return self.around(database, actor_id, whole)

    def around(self, database: Database, actor_id: str, act: Callable[[], str]) -> str:
        """The same for an act that takes the key itself.

        Where it is refused it is looked up once more: the first of two requests may have ended while this one waited.
        """
        try:
            return act()
        except Exception:
            with database.reading() as session:
                made = self.earlier(session, actor_id)
            if made is None:
                raise
            return made

    def then(self, step: str) -> "Once":
        """The key of something that follows from the act in a transaction of its own."""
        return replace(self, key=None if self.key is None else f"{self.key}-{step}")

    def earlier(self, session: Session, actor_id: str) -> str | None:
        """The row that the same request made before; None where this is the first time."""
        if self.key is None:
            return None
        row = session.scalar(
            select(IdempotentRequest).where(
                IdempotentRequest.actor_id == actor_id,
                IdempotentRequest.key == self.key,
                IdempotentRequest.created_at > _now(session) - self.kept,
            )
        )
        if row is None:
            return None
        if row.request_sha256 != self.request_sha256:
            raise Problem("idempotency_mismatch")
        return row.subject_id

    def remember(self, session: Session, actor_id: str, subject_id: str) -> None:
        """Store what the key made. Where the key is at work in another transaction, it is refused until that ends."""
        if self.key is None:
            return
        now = _now(session)
        own = IdempotentRequest.actor_id == actor_id
        over = IdempotentRequest.created_at <= now - KEPT
        over |= (IdempotentRequest.key == self.key) & (IdempotentRequest.created_at <= now - self.kept)
        session.execute(delete(IdempotentRequest).where(own, over))
        row = IdempotentRequest(actor_id=actor_id, key=self.key, subject_id=subject_id, created_at=now)
        row.request_sha256 = self.request_sha256
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise conflict("conflict", "The same request is being worked on. Send it again in a moment.") from None


async def _once(request: Request, idempotency_key: IdempotencyKey = None) -> Once:
    """The key, and what tells one request from another: the address, and the body as it was sent."""
    if idempotency_key is None:
        return NO_KEY
    body = await request.body()
    try:
        plain = json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        plain = body
    head = f"{request.method} {request.url.path}\n".encode()
    return Once(idempotency_key, hashlib.sha256(head + plain).hexdigest())


Idempotent = Annotated[Once, Depends(_once)]
"""On every route that creates something; the test over all routes looks for its header."""

NO_KEY = Once(None, "")


async def _pressed(request: Request) -> Once:
    """The key of a page's form. The same press twice, on a phone with a slow line, acts once.

    Another button, another answer in a field or another form of the page is another request.
    """
    form = await request.form()
    sent = sorted((name, str(value)) for name, value in form.multi_items() if name != "form_token")
    digest = hashlib.sha256(f"{request.url.path}\n{sent!r}".encode()).hexdigest()
    return Once(f"form-{digest}" if form.get(FORM_KEY) else None, digest, PRESS_KEPT)


FORM_KEY = "once"
"""The hidden field of every form that acts."""
OnePress = Annotated[Once, Depends(_pressed)]
"""On every page's route that acts; the test over all routes looks for it."""


def _now(session: Session) -> datetime:
    now: datetime = session.info["clock"].now()
    return now
