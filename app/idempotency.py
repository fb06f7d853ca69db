"""A POST that is sent twice acts once: its Idempotency-Key is stored in the transaction of the act itself."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base
from app.errors import Problem, conflict

KEPT = timedelta(hours=48)
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

    def earlier(self, session: Session, actor_id: str) -> str | None:
        """The row that the same request made before; None where this is the first time."""
        if self.key is None:
            return None
        row = session.scalar(
            select(IdempotentRequest).where(
                IdempotentRequest.actor_id == actor_id,
                IdempotentRequest.key == self.key,
                IdempotentRequest.created_at > _now(session) - KEPT,
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
        session.execute(delete(IdempotentRequest).where(own, IdempotentRequest.created_at <= now - KEPT))
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


def _now(session: Session) -> datetime:
    now: datetime = session.info["clock"].now()
    return now
