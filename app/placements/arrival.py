"""How whoever brings the young person finds the house: after its yes, from a day before, until the arrival."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.clock import Clock
from app.facilities.models import AddressShown, Facility, FacilityAddress
from app.placements.workflow import OfferRead
from app.stays.codes import OfferStatus
from app.stays.models import Offer
from app.stays.schemas import StayRead

EVENING = time(18)
BEFORE = timedelta(hours=24)
WINDOW = timedelta(days=1)
"""After the night on which the bed was first kept, where nobody said whether the young person came."""


@dataclass(frozen=True, slots=True)
class Directions:
    """The address on screen, or the number that gives it."""

    lines: tuple[str, ...]
    phone: str | None
    prove: bool = False
    """The address is to be seen by who proves again that it is them."""


def opens_at(first_night: date, clock: Clock) -> datetime:
    """From when on the way may be shown: a day before the evening of the first night."""
    return datetime.combine(first_night, EVENING, clock.zone).astimezone(UTC) - BEFORE


def directions(
    session: Session, offer: OfferRead, stay: StayRead | None, actor: Actor, clock: Clock
) -> Directions | None:
    """None before the yes, outside the window and after the arrival: whoever looks then has no need to."""
    if offer.status is not OfferStatus.ACCEPTED or stay is None or stay.arrived or stay.left_on is not None:
        return None
    if session.get_one(Offer, offer.id).agency_id != actor.agency_id:
        return None  # whoever was let in to read, by a release or in an emergency, brings nobody there
    if clock.now() < opens_at(stay.admitted_on, clock) or clock.tonight() > stay.admitted_on + WINDOW:
        return None
    address = session.get(FacilityAddress, offer.facility_id)
    phone = session.get_one(Facility, offer.facility_id).duty_phone
    if address is None or address.shown is not AddressShown.ON_SCREEN or not actor.may(Permission.ADDRESS_READ):
        return Directions((), phone)
    if not actor.fresh(clock.now()):
        return Directions((), phone, prove=True)
    return Directions(tuple(address.lines), phone)
