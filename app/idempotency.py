"""A POST that is sent twice acts once: its Idempotency-Key is stored in the transaction of the act itself."""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel
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


def first_result(session: Session, actor_id: str, key: str | None, request_sha256: str, now: datetime) -> str | None:
    """The row that the same request made before; None where this is the first time."""
    if key is None:
        return None
    own = IdempotentRequest.actor_id == actor_id
    session.execute(delete(IdempotentRequest).where(own, IdempotentRequest.created_at <= now - KEPT))
    row = session.scalar(select(IdempotentRequest).where(own, IdempotentRequest.key == key))
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise Problem("idempotency_mismatch")
    return row.subject_id


def remember(
    session: Session, actor_id: str, key: str | None, request_sha256: str, subject_id: str, now: datetime
) -> None:
    """Store what the key made. Where the same key is at work in another transaction, it is refused until that ends."""
    if key is None:
        return
    session.add(
        IdempotentRequest(
            actor_id=actor_id, key=key, request_sha256=request_sha256, subject_id=subject_id, created_at=now
        )
    )
    try:
        session.flush()
    except IntegrityError:
        raise conflict("conflict", "The same request is being worked on. Send it again in a moment.") from None


def request_hash(action: str, body: BaseModel) -> str:
    """What tells one request from another: what is asked, and the body as it was understood."""
    plain: Any = body.model_dump_json(exclude_unset=True)
    return hashlib.sha256(f"{action}\n{plain}".encode()).hexdigest()
