"""Which of a fund's dated limits governs."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.funding.models import Fund, FundLimit

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


def in_force_on(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Limits whose dates hold this day."""
    return (FundLimit.valid_from <= day) & or_(FundLimit.valid_until.is_(None), FundLimit.valid_until > day)


_GOVERNING = (
    select(FundLimit.fund_id, FundLimit.id)
    .where(FundLimit.fund_id.in_(bindparam("funds", expanding=True)), in_force_on(bindparam("day")))
    .order_by(*ORDER)
)
