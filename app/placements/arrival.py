"""How whoever brings the young person finds the house: only after its yes, only until the arrival, as it chose."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.facilities.models import AddressShown, Facility, FacilityAddress
from app.placements.workflow import OfferRead
from app.stays.codes import OfferStatus
from app.stays.schemas import StayRead

WINDOW = timedelta(days=1)
"""After the night on which the bed was first kept, where nobody said whether the young person came."""


@dataclass(frozen=True, slots=True)
class Directions:
    """The address on screen, or the number that gives it."""

    lines: tuple[str, ...]
    phone: str | None


def directions(session: Session, offer: OfferRead, stay: StayRead | None, clock: Clock) -> Directions | None:
    """None before the yes, after the arrival, and once the window is over: whoever looks then has no need to."""
    if offer.status is not OfferStatus.ACCEPTED or stay is None or stay.arrived or stay.left_on is not None:
        return None
    if clock.tonight() > stay.admitted_on + WINDOW:
        return None
    address = session.get(FacilityAddress, offer.facility_id)
    phone = session.get_one(Facility, offer.facility_id).duty_phone
    shown = address is not None and address.shown is AddressShown.ON_SCREEN
    return Directions(tuple(address.lines) if address is not None and shown else (), phone)
