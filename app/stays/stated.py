"""Who paid nights that the ledger does not know: of earlier stays as they were told, and before the ledger began."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import Select, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.beds.ledger import NIGHT, Payer
from app.beds.models import BedNight, FormerBedNight
from app.db import new_id
from app.sealing.words import seal_words
from app.stays.models import FormerStayPayer, Stay, StayPayer


def beside_the_ledger(session: Session, stay: Stay, payers: Mapping[date, Payer]) -> dict[date, str | None]:
    """The fund of those nights that come before the stay's first in the ledger, ever: of all where it had none."""
    ever = union_all(
        select(BedNight.night).where(BedNight.stay_id == stay.id),
        select(FormerBedNight.night).where(FormerBedNight.stay_id == stay.id),
    ).subquery()
    first = session.scalar(select(func.min(ever.c.night)))
    return {night: payer.fund_id for night, payer in payers.items() if first is None or night < first}


def restate(
    session: Session, stay: Stay, funds: Mapping[date, str | None], by: str, now: datetime, reason: str
) -> None:
    """Write which fund paid these nights; null: none. What was said of them before stays in the history."""
    for first, until, fund_id in _runs(funds):
        was: dict[date, str | None] = dict.fromkeys(night for night in funds if first <= night < until)
        for row in session.scalars(_overlapping(stay.id, first, until)).all():
            was |= {night: row.fund_id for night in was if _covers(row, night)}
            _cut_out(session, stay, row, first, until)
        for start, end, former in _runs(was):
            was_id = new_id("was")
            kept = FormerStayPayer(id=was_id, stay_id=stay.id, first=start, until=end, fund_id=former)
            kept.sealed_reason = seal_words(session, stay.minor_id, FormerStayPayer, "reason", was_id, reason)
            kept.corrected_at, kept.corrected_by = now, by
            session.add(kept)
        if fund_id is not None:
            session.add(_said(stay.id, fund_id, first, until))
        session.flush()


def _runs(funds: Mapping[date, str | None]) -> Iterator[tuple[date, date, str | None]]:
    """Nights in a row of one fund, as `[first, until)`."""
    numbered = enumerate(sorted(funds))
    for (fund_id, _), run in groupby(numbered, key=lambda at: (funds[at[1]], at[1].toordinal() - at[0])):
        nights = [night for _, night in run]
        yield nights[0], nights[-1] + NIGHT, fund_id


def _overlapping(stay_id: str, first: date, until: date) -> Select[StayPayer]:
    return (
        select(StayPayer)
        .where(
            StayPayer.stay_id == stay_id,
            StayPayer.paid_from < until,
            or_(StayPayer.paid_until.is_(None), StayPayer.paid_until > first),
        )
        .order_by(StayPayer.paid_from, StayPayer.id)
    )


def _covers(row: StayPayer, night: date) -> bool:
    return row.paid_from <= night and (row.paid_until is None or night < row.paid_until)


def _cut_out(session: Session, stay: Stay, row: StayPayer, first: date, until: date) -> None:
    """Leave of what is said the nights before `first`, and those from `until` on."""
    ends = row.paid_until or stay.left_on
    if ends is None or until < ends:
        session.add(_said(stay.id, row.fund_id, until, row.paid_until))
    if row.paid_from < first:
        row.paid_until = first
    else:
        session.delete(row)


def _said(stay_id: str, fund_id: str, first: date, until: date | None) -> StayPayer:
    return StayPayer(id=new_id("pay"), stay_id=stay_id, fund_id=fund_id, paid_from=first, paid_until=until)
