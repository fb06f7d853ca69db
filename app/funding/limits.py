"""Which of a fund's dated limits governs."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.funding.models import FundLimit


def limits_on(session: Session, fund_ids: Iterable[str], day: date) -> dict[str, str]:
    """The limit of each fund that governs a stay from `day`: of those in force the latest, then the first listed."""
    query = (
        select(FundLimit.fund_id, FundLimit.id)
        .where(
            FundLimit.fund_id.in_(list(fund_ids)),
            FundLimit.valid_from <= day,
            or_(FundLimit.valid_until.is_(None), FundLimit.valid_until > day),
        )
        .order_by(FundLimit.fund_id, FundLimit.valid_from, FundLimit.position.desc())
    )
    return dict(session.execute(query).all())
