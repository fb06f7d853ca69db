"""Who the young person of a referral is: entered and read by the agency whose record it is."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.codes import trail_id
from app.minors import identity, searching
from app.minors.identity import IdentityChange, IdentityField, IdentityHeld, IdentityRead
from app.minors.models import Minor
from app.minors.searching import PersonSought
from app.referrals.models import Referral
from app.referrals.service import find_own


def read(session: Session, actor: Actor, referral_id: str, now: datetime) -> IdentityRead:
    """All that is known; 404 for a referral of another agency."""
    referral = _own(session, actor, referral_id, now, "identity.read")
    return identity.reveal(session, actor, referral.minor_id, list(IdentityField))


def write(
    session: Session, actor: Actor, referral_id: str, change: IdentityChange, if_match: str | None, now: datetime
) -> IdentityHeld:
    """Enter or replace it; 404 for a referral of another agency."""
    referral = _own(session, actor, referral_id, now, "identity.change")
    return identity.write(session, actor, referral.minor_id, change, if_match, now)


def search(session: Session, actor: Actor, sought: PersonSought, now: datetime) -> str | None:
    """The newest referral of the one young person whom it all fits, or none."""
    minor_id = searching.search(session, actor, sought, now)
    own = select(Referral.id).where(Referral.minor_id == minor_id, Referral.agency_id == actor.agency_id)
    return session.scalar(own.order_by(Referral.created_at.desc(), Referral.id).limit(1))


def _own(session: Session, actor: Actor, referral_id: str, now: datetime, action: str) -> Referral:
    """A referral of the actor's agency, of a young person whose record is the agency's too."""
    referral = find_own(session, actor, referral_id, now, action)
    if session.get_one(Minor, referral.minor_id).agency_id != actor.agency_id:
        raise hidden(actor, action, "referral", trail_id(referral_id))
    return referral
