"""Who pays the nights of a hold or a stay, under which limit, and whether the money is still there.

The counts are taken under a lock on the limits, in the order of their ids, so that two claims cannot both be the last.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.beds.ledger import Payer, in_force, nights
from app.beds.models import BedNight
from app.funding.limits import limits_on as limits_on
from app.funding.models import FundLimit

Json = dict[str, Any]


def paid_nights(session: Session, payers: Iterable[Json], governs_on: date) -> dict[date, Payer]:
    """The payer of each night of an option, with the limit in force on the day that governs the stay."""
    rows = list(payers)
    limits = limits_on(session, {row["fund"] for row in rows}, governs_on)
    return {
        night: Payer(row["fund"], limits.get(row["fund"]))
        for row in rows
        for night in nights(date.fromisoformat(row["from"]), date.fromisoformat(row["until"]))
    }


def money_is_there(session: Session, payers: Mapping[date, Payer], own_minor: str, now: datetime) -> bool:
    """Whether each limit still has these nights, and a bed on each of them, beside what stays and holds have."""
    ids = sorted({payer.limit_id for payer in payers.values() if payer.limit_id is not None})
    if not ids:
        return True
    limits = session.scalars(
        select(FundLimit).where(FundLimit.id.in_(ids)).order_by(FundLimit.id).with_for_update(key_share=True)
    ).all()
    for limit in limits:
        wanted = [night for night, payer in payers.items() if payer.limit_id == limit.id]
        if limit.nights_granted is not None:
            used = session.scalar(
                select(func.count()).where(BedNight.limit_id == limit.id, in_force(now), BedNight.minor_id != own_minor)
            )
            own = session.scalar(
                select(func.count()).where(
                    BedNight.limit_id == limit.id,
                    BedNight.minor_id == own_minor,
                    BedNight.stay_id.is_not(None),
                    BedNight.night.not_in(wanted),
                )
            )
            if (used or 0) + (own or 0) + len(wanted) > limit.nights_granted:
                return False
        if limit.beds_per_night is not None and _fullest(session, limit.fund_id, wanted, own_minor, now) + 1 > (
            limit.beds_per_night
        ):
            return False
    return True


def _fullest(session: Session, fund_id: str, wanted: list[date], own_minor: str, now: datetime) -> int:
    """How many others the fund pays on the fullest of these nights."""
    per_night = (
        select(func.count().label("people"))
        .where(
            BedNight.fund_id == fund_id,
            BedNight.night >= min(wanted),
            BedNight.night <= max(wanted),
            BedNight.minor_id != own_minor,
            in_force(now),
        )
        .group_by(BedNight.night)
        .subquery()
    )
    return session.scalar(select(func.max(per_night.c.people))) or 0
