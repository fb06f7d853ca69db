"""Which of a fund's dated limits governs."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.funding.models import Fund, FundLimit


class Dated(Protocol):
    """What holds from a day until before another, or for good."""

    @property
    def valid_from(self) -> date:
        """The first day."""

    @property
    def valid_until(self) -> date | None:
        """The first day after it."""


ORDER = (FundLimit.fund_id, FundLimit.valid_from, FundLimit.position.desc())
"""Of the limits in force on a day, in this order, the last of each fund governs."""


CHANGES = (
    select(func.coalesce(func.sum(FundLimit.version), 0)).scalar_subquery()
    + select(func.coalesce(func.sum(Fund.version), 0)).scalar_subquery()
)
"""How often funds and their limits have changed, all together: none is ever removed, so it only grows."""


def limits_on(session: Session, fund_ids: Iterable[str], day: date) -> dict[str, str]:
    """The limit of each fund that governs a stay from `day`: of those in force the latest, then the first listed."""
    return dict(session.execute(_GOVERNING, {"funds": list(fund_ids), "day": day}).all())


def governing(limits: Sequence[Dated], day: date) -> int | None:
    """The same of limits in the order in which they are listed: the place of the one that governs, if any does."""
    valid = [
        (limit.valid_from, -at)
        for at, limit in enumerate(limits)
        if limit.valid_from <= day and (limit.valid_until is None or day < limit.valid_until)
    ]
    return -max(valid)[1] if valid else None


def in_force_on(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Limits whose dates hold this day."""
    return (FundLimit.valid_from <= day) & or_(FundLimit.valid_until.is_(None), FundLimit.valid_until > day)


_GOVERNING = (
    select(FundLimit.fund_id, FundLimit.id)
    .where(FundLimit.fund_id.in_(bindparam("funds", expanding=True)), in_force_on(bindparam("day")))
    .order_by(*ORDER)
)
