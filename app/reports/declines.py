"""A house's own noes where the decision had found every written rule met: rules of its own, of which nobody is told."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.facilities.models import Facility
from app.gaps.models import DeclineReason
from app.reports.quarters import Quarter
from app.stays.codes import DecidedBy, OfferStatus
from app.stays.models import Offer


def refused_though_met(session: Session, quarter: Quarter) -> list[tuple[str, str, DeclineReason, int]]:
    """House, its alias, reason, and how many questions the house answered so that were put to it as an option.

    An option is a house where the decision found every written rule met.
    """
    within = (Offer.first_night >= quarter.first, Offer.first_night < quarter.until)
    query = (
        select(Offer.facility_id, Facility.alias, Offer.reason, func.count())
        .join(Facility, Facility.id == Offer.facility_id)
        .where(*within, Offer.status == OfferStatus.DECLINED, Offer.decided_by == DecidedBy.FACILITY)
        .where(Offer.rank.is_not(None), Offer.reason.is_not(None))
        .group_by(Offer.facility_id, Facility.alias, Offer.reason)
    )
    rows = [(house, alias, reason, count) for house, alias, reason, count in session.execute(query) if reason]
    return sorted(rows, key=lambda row: (-row[3], row[1], row[2]))
