"""Who pays the nights of a hold or a stay, under which limit, and whether the money is still there.

The counts are taken under a lock on the limits, in the order of their ids, so that two claims cannot both be the last.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.beds.ledger import Payer, in_force, nights
from app.beds.models import BedNight
from app.db import NOW
from app.funding.limits import limits_on as limits_on
from app.funding.models import FundLimit

Json = dict[str, Any]

_LIMITS = (
    select(FundLimit.id, FundLimit.fund_id, FundLimit.nights_granted, FundLimit.beds_per_night)
    .where(FundLimit.id.in_(bindparam("limits", expanding=True)))
    .order_by(FundLimit.id)
    .with_for_update(key_share=True)
)
_OTHERS = in_force(NOW) & (BedNight.minor_id != bindparam("own"))
_OWN = (
    (BedNight.minor_id == bindparam("own"))
    & BedNight.stay_id.is_not(None)
    & BedNight.night.not_in(bindparam("wanted", expanding=True))
)
_USED = select(func.count()).where(BedNight.limit_id == bindparam("limit"), or_(_OTHERS, _OWN))
"""Nights that a limit pays: of others, by stays and holds in force, and of the own stay, but those that are wanted."""


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
    for limit in session.execute(_LIMITS, {"limits": ids}).all():
        wanted = [night for night, payer in payers.items() if payer.limit_id == limit.id]
        if limit.nights_granted is not None:
            which = {"limit": limit.id, "own": own_minor, "wanted": wanted, "now": now}
            if session.execute(_USED, which).scalar_one() + len(wanted) > limit.nights_granted:
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
