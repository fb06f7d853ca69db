"""What a bed's card says: the one place that turns it, and what it said before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.beds.models import BedChange
from app.db import new_id
from app.facilities.models import Bed, BedStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The face of a bed's card."""

    status: BedStatus
    reason: str | None = None
    held_for: str | None = None
    offline_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupants:
    """Whom a change took off the house's list, each with the end that was said before, and whom it put there."""

    left: list[dict[str, Any]] = field(default_factory=list)
    listed: str | None = None


def turn(
    session: Session,
    bed: Bed,
    card: Card,
    by: str | None = None,
    *,
    said: bool = False,
    confirmed: tuple[datetime | None, str | None] | None = None,
    occupants: Occupants | None = None,
    undoes: str | None = None,
) -> None:
    """Write a bed's card and keep what stood there.

    `said`: somebody said so on the board, and may take it back. `confirmed`: since when, by whom, it is known to be so.
    """
    change = BedChange(
        id=new_id("turn"),
        bed_id=bed.id,
        at=session.info["clock"].now(),
        by=by,
        said=said,
        status=card.status,
        was_status=bed.status,
        was_reason=bed.reason,
        was_held_for=bed.held_for,
        was_offline_until=bed.offline_until,
        was_confirmed_at=bed.confirmed_at,
        was_confirmed_by=bed.confirmed_by,
        left=[] if occupants is None else occupants.left,
        listed=None if occupants is None else occupants.listed,
        undoes=undoes,
    )
    bed.status, bed.reason, bed.held_for = card.status, card.reason, card.held_for
    bed.offline_until = card.offline_until
    if confirmed is not None:
        bed.confirmed_at, bed.confirmed_by = confirmed
    bed.version += 1
    change.version = bed.version
    session.add(change)
    session.flush()


def last_change(session: Session, bed_id: str) -> BedChange | None:
    """The change that made a card what it is."""
    query = select(BedChange).where(BedChange.bed_id == bed_id).order_by(BedChange.version.desc()).limit(1)
    return session.scalar(query)


def latest(session: Session, bed_ids: Iterable[str], each: int = 1) -> dict[str, list[BedChange]]:
    """The latest changes of each bed, the newest first."""
    place = func.row_number().over(partition_by=BedChange.bed_id, order_by=BedChange.version.desc())
    ranked = select(BedChange.id, place.label("n")).where(BedChange.bed_id.in_(list(bed_ids))).subquery()
    query = select(BedChange).join(ranked, ranked.c.id == BedChange.id).where(ranked.c.n <= each)
    found: dict[str, list[BedChange]] = {}
    for change in session.scalars(query.order_by(BedChange.version.desc())):
        found.setdefault(change.bed_id, []).append(change)
    return found
