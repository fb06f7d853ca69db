"""Earlier stays as a coordinator tells them: which payer, from which night, how many nights. Caps count them."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.codes import storable
from app.db import new_id
from app.funding.models import Fund
from app.stays.models import Stay, StayPayer

Json = dict[str, Any]

ELSEWHERE = "told_by_referrer"
"""Where an earlier stay was is not asked: which payer paid, and when, is all that a cap needs."""


def problems(session: Session, minor_id: str | None, rows: list[Json], tonight: date) -> dict[int, str]:
    """Which rows cannot be recorded, by their place: a code of what is wrong. One minor is in one bed a night."""
    wrong: dict[int, str] = {}
    funds = set(
        session.scalars(select(Fund.id).where(Fund.id.in_([row["fund"] for row in rows if storable(row["fund"])])))
    )
    taken = [] if minor_id is None else nights_taken(session, minor_id, tonight)
    for at, row in enumerate(rows):
        first, end = row["first"], _end(row)
        if row["fund"] not in funds:
            wrong[at] = "fund"
        elif end > tonight:
            wrong[at] = "not_over"
        elif any(first < other_end and start < end for start, other_end in taken):
            wrong[at] = "overlap"
        taken.append((first, end))
    return wrong


def add(session: Session, actor: Actor, minor_id: str, rows: list[Json]) -> None:
    """Record rows that have no problems."""
    for row in rows:
        stay = Stay(
            id=new_id("stay"),
            minor_id=minor_id,
            outside_facility=ELSEWHERE,
            admitted_on=row["first"],
            left_on=_end(row),
            in_house=False,
        )
        session.add(stay)
        session.flush()
        payer = StayPayer(id=new_id("pay"), stay_id=stay.id, fund_id=row["fund"], paid_from=row["first"])
        payer.paid_until = stay.left_on
        session.add(payer)
        record(session, actor, "stay.add_past", "stay", stay.id)


def _end(row: Json) -> date:
    end: date = row["first"] + timedelta(days=row["nights"])
    return end


def nights_taken(session: Session, minor_id: str, tonight: date) -> list[tuple[date, date]]:
    """The nights of a minor that are on record already, slept or planned."""
    stays = session.execute(
        select(Stay.admitted_on, Stay.left_on).where(
            Stay.minor_id == minor_id, or_(Stay.left_on.is_(None), Stay.left_on > Stay.admitted_on)
        )
    )
    return [(start, end or max(tonight, start) + timedelta(days=1)) for start, end in stays]
