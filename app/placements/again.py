"""Somebody who left, or was safe elsewhere, needs a bed again: the same young person, with every night that was slept.

The record stays the one that it was, so that caps count the earlier stays. Whoever has a place, or is expected in one,
goes on from there by the next placement; whoever is being looked for already is not looked for twice.
"""

from datetime import date, datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.errors import Problem
from app.minors.models import Minor
from app.referrals import service as referrals
from app.referrals.models import Referral, ReferralStatus
from app.referrals.schemas import ReferralAgain, ReferralRead
from app.referrals.through import Through
from app.sealing.keyring import Expunged, keyring_of
from app.stays.models import Stay
from app.stays.told_cards import gone


def refer_again(
    session: Session, actor: Actor, through: Through, new: ReferralAgain, now: datetime, tonight: date
) -> ReferralRead:
    """A new referral for the young person of an earlier one, or of a record; what it says of her or him corrects it."""
    minor_id = through.minor_id(session, actor, now, "referral.again")
    # One at a time: two who ask at once do not look for two beds.
    minor = session.get_one(Minor, minor_id, with_for_update=True)
    if keyring_of(session).destroyed([minor.id]):
        raise Expunged
    refusal = against(session, minor.id, tonight)
    if refusal is not None:
        raise refusal
    if "home_point" not in new.model_fields_set:
        own = select(Referral.home_latitude, Referral.home_longitude).where(
            Referral.minor_id == minor_id, Referral.agency_id == actor.agency_id
        )
        home = session.execute(own.order_by(Referral.created_at.desc(), Referral.id).limit(1)).first()
        if home is not None and home.home_latitude is not None:
            new = new.model_copy(update={"home_point": (home.home_latitude, home.home_longitude)})
    return referrals.create_referral(session, actor, new, now, tonight, minor=minor)


def against(session: Session, minor_id: str, tonight: date) -> Problem | None:
    """What stands against a new referral of a young person: one that is open, or a stay that goes on."""
    waits = exists().where(Referral.minor_id == minor_id, Referral.status == ReferralStatus.OPEN)
    place = (Stay.minor_id == minor_id, or_(Stay.left_on.is_(None), Stay.left_on > tonight))
    queries = (waits, exists().where(*place), exists().where(*place, gone(Stay.id)))
    waiting, staying, left = session.execute(select(*queries)).one()
    if waiting:
        return Problem("already_exists", "A bed is being looked for already: use the referral that is open.")
    if left:
        return Problem(
            "not_now", "This night is on record as slept. Wait until it turns, or correct the day of leaving."
        )
    if staying:
        return Problem("not_now", "This young person has a place. Plan the next placement from there.")
    return None
