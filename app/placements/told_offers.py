"""Offers as the agency that asks sees them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.beds.models import Hold
from app.facilities.models import Bed, Facility
from app.placements.workflow import HoldRead, OfferRead
from app.stays.models import Admission, Offer

UNDO_WITHIN = timedelta(minutes=10)
_BESIDE = (
    select(Offer.id, Facility.alias, Hold, Bed.name, Admission.stay_id)
    .join(Facility, Facility.id == Offer.facility_id)
    .outerjoin(Hold, Hold.id == Offer.hold_id)
    .outerjoin(Bed, Bed.id == Hold.bed_id)
    .outerjoin(Admission, Admission.offer_id == Offer.id)
    .where(Offer.id.in_(bindparam("offers", expanding=True)))
)


def shown(session: Session, rows: Sequence[Offer]) -> list[OfferRead]:
    """Offers as the agency sees them."""
    beside = {
        offer_id: (house, _hold(hold, bed), stay_id)
        for offer_id, house, hold, bed, stay_id in session.execute(_BESIDE, {"offers": [row.id for row in rows]})
    }
    plain = (
        "id", "version", "referral_id", "facility_id", "run_id", "rank", "choice_reason", "authority",
        "authority_until", "unfunded", "status", "sent_at", "answer_by", "answered_at", "decided_by", "reason",
        "second_reason",
    )  # fmt: skip
    return [
        OfferRead(
            **{name: getattr(row, name) for name in plain},
            facility=house,
            hold=hold,
            stay_id=stay_id,
        )
        for row, (house, hold, stay_id) in ((row, beside[row.id]) for row in rows)
    ]


def _hold(hold: Hold | None, bed: str | None) -> HoldRead | None:
    if hold is None or bed is None:
        return None
    return HoldRead(
        id=hold.id,
        bed_id=hold.bed_id,
        bed=bed,
        first_night=hold.first_night,
        until_night=hold.until_night,
        expires_at=hold.expires_at,
        ended_at=hold.ended_at,
        ended_how=hold.ended_how,
        undo_until=hold.made_at + UNDO_WITHIN,
    )
