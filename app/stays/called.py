"""What people call a stay: the code of the referral that led to it, or that was made for who walked in."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.facilities.models import Facility
from app.referrals.models import Referral
from app.stays.models import Admission, Offer, Stay


def stay_codes(session: Session, stay_ids: Iterable[str]) -> dict[str, str]:
    """The code of each stay's referral."""
    ids = list(stay_ids)
    asked = (
        select(Admission.stay_id, Referral.code)
        .join(Offer, Offer.id == Admission.offer_id)
        .join(Referral, Referral.id == Offer.referral_id)
        .where(Admission.stay_id.in_(ids))
    )
    came = (
        select(Stay.id, Referral.code)
        .join(Referral, Referral.minor_id == Stay.minor_id)
        .outerjoin(Admission, Admission.stay_id == Stay.id)
        .join(Facility, (Facility.id == Stay.facility_id) & (Facility.agency_id == Referral.agency_id))
        .where(Stay.id.in_(ids), Admission.stay_id.is_(None))
    )
    return dict(session.execute(came).all()) | dict(session.execute(asked).all())
