"""Nobody looks for a bed any more: a referral ends without a placement, and the questions about it with it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.beds import holds
from app.beds.models import HoldEnd
from app.codes import trail_id
from app.errors import Problem
from app.placements.accepting import close
from app.placements.holding import lock_referral, tell_house
from app.referrals import service as referrals
from app.referrals.models import Referral, ReferralStatus
from app.stays.codes import OfferStatus
from app.stays.models import Offer


def end_referral(session: Session, actor: Actor, referral_id: str, how: ReferralStatus, now: datetime) -> Referral:
    """Withdrawn by the agency that asked, or closed since the young person is safe elsewhere."""
    if how not in (ReferralStatus.WITHDRAWN, ReferralStatus.CLOSED):
        raise ValueError("a referral ends withdrawn or closed")
    referral = referrals.find_own(session, actor, referral_id, now, "referral.end")
    lock_referral(session, referral)
    if referral.status is not ReferralStatus.OPEN:
        raise Problem("referral_closed")
    asked = select(Offer).where(Offer.referral_id == referral_id, Offer.status == OfferStatus.OPEN)
    for offer in session.scalars(asked.order_by(Offer.facility_id, Offer.id)).all():
        close(session, offer, OfferStatus.WITHDRAWN, HoldEnd.RELEASED, actor.id, now)
        tell_house(session, "offer.withdrawn", offer)
    holds.let_go(session, referral_id)
    referral.status = how
    session.flush()
    record(session, actor, "referral.end", "referral", trail_id(referral_id), reason=f"referral.{how.value}")
    return referral
