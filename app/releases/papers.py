"""What a release and a law that takes its place have in common: whose they are, and for how long they hold."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.codes import trail_id
from app.referrals.through import Through
from app.sharing.models import LegalBasis, Release

Paper = TypeVar("Paper", Release, LegalBasis)


def every(
    session: Session, actor: Actor, kind: type[Paper], through: Through, now: datetime, action: str
) -> list[Paper]:
    """Every one of a young person of the own agency, the newest first."""
    own = select(kind).where(kind.minor_id == through.minor_id(session, actor, now, action))
    return list(session.scalars(own.order_by(kind.created_at.desc(), kind.id)))


def find(
    session: Session, actor: Actor, kind: type[Paper], through: Through, paper_id: str, now: datetime, action: str, *,
    lock: bool = False,
) -> Paper:  # fmt: skip
    """One of them; locked where it is to be ended, since what only reads can lock nothing."""
    minor_id = through.minor_id(session, actor, now, action)
    query = select(kind).where(kind.id == paper_id, kind.minor_id == minor_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise hidden(actor, action, action.partition(".")[0], trail_id(paper_id))
    return row


def in_force(paper: Release, now: datetime) -> bool:
    """Whether it opens anything now, as `sharing.service` asks it of the database."""
    return paper.valid_from <= now < paper.valid_until and (paper.revoked_at is None or paper.revoked_at > now)
