"""Three numbers that people mean by "how many beds": licensed, staffed and funded; and how many are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.beds.ledger import in_force
from app.beds.models import BedNight
from app.db import NOW
from app.facilities.forms import licence_form
from app.facilities.models import Facility, FacilityFund, HouseStamp, Licence, LicenceStatus, NightStaffing
from app.facilities.service import find_own
from app.funding.limits import ORDER, in_force_on
from app.funding.models import FundLimit

_HOUSE = (
    select(Facility, HouseStamp.changes, NightStaffing.awake_staff, Licence)
    .outerjoin(HouseStamp, HouseStamp.facility_id == Facility.id)
    .outerjoin(
        NightStaffing, (NightStaffing.facility_id == Facility.id) & (NightStaffing.night == bindparam("tonight"))
    )
    .outerjoin(Licence, Licence.facility_id == Facility.id)
    .where(Facility.id == bindparam("house"))
)


def _nights(which: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).where(which, in_force(NOW)).correlate(FundLimit).scalar_subquery()


_ROOMS = (
    select(
        FundLimit.fund_id,
        FundLimit.beds_per_night,
        FundLimit.nights_granted,
        _nights(BedNight.limit_id == FundLimit.id),
        _nights((BedNight.fund_id == FundLimit.fund_id) & (BedNight.night == bindparam("tonight"))),
    )
    .join(FacilityFund, FacilityFund.fund_id == FundLimit.fund_id)
    .where(FacilityFund.facility_id == bindparam("house"), in_force_on(bindparam("tonight")))
    .order_by(*ORDER)
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """A house tonight; None is not known."""

    licensed: int | None
    staffed: int | None
    funded: int | None
    occupied: int
    held: int


@dataclass(frozen=True, slots=True)
class House:
    """What stands in the rows of a house tonight, fetched together."""

    row: Facility
    changes: int
    awake_staff: int | None
    licences: Sequence[Licence]


def house_tonight(session: Session, actor: Actor, facility_id: str, action: str, tonight: date) -> House:
    """A house that the actor works in or administers; any other is hidden like an absent one."""
    # Fetched before it is known whether the actor may: what belongs together takes one statement.
    found: Any = session.execute(_HOUSE, {"house": facility_id, "tonight": tonight}).all()
    row = find_own(session, actor, facility_id, action)
    _, changes, awake_staff, _ = found[0]
    return House(row, changes or 0, awake_staff, [licence for *_, licence in found if licence is not None])


def capacity_of(
    session: Session, house: House, beds: int, taken: Sequence[Any], now: datetime, tonight: date
) -> Capacity:
    """What a house may have, what it can look after, what somebody pays, and who is there tonight.

    `taken` are its rows of the ledger for tonight.
    """
    held = sum(row.hold_id is not None for row in taken)
    paid = sum(row.fund_id is not None for row in taken)
    return Capacity(
        licensed=licensed_by(licence_form(house.licences, tonight), tonight),
        staffed=staffed_by(house.row, house.awake_staff),
        funded=_funded(session, house.row, beds, paid, now, tonight),
        occupied=len(taken) - held,
        held=held,
    )


def licensed_by(form: Mapping[str, Any], tonight: date) -> int | None:
    """What a licence allows tonight; none where it is not in force."""
    first, end = form["valid_from"], form["expires_on"]
    ended = form["status"] not in (None, LicenceStatus.ACTIVE, LicenceStatus.PROVISIONAL)
    if ended or (first is not None and first > tonight) or (end is not None and end <= tonight):
        return 0
    capacity: int | None = form["capacity"]
    return capacity


def staffed_by(house: Facility, awake: int | None) -> int | None:
    """How many the workers who are awake tonight can look after."""
    return None if awake is None or house.night_ratio is None else house.night_ratio * awake


def _funded(session: Session, house: Facility, beds: int, paid: int, now: datetime, tonight: date) -> int | None:
    """Beds paid tonight, and as many more as the accepted funds have beds and nights for, up to the house's beds."""
    if not house.funds_known:
        return None
    room = _rooms(session, house.id, now, tonight)
    return beds if None in room else min(beds, paid + sum(left for left in room if left is not None))


def _rooms(session: Session, facility_id: str, now: datetime, tonight: date) -> list[int | None]:
    """How many more beds each accepted fund could pay tonight, wherever they are; None: as many as there are."""
    left = {
        fund: [
            granted - taken
            for granted, taken in ((beds_per_night, paid), (nights_granted, spent))
            if granted is not None
        ]
        for fund, beds_per_night, nights_granted, spent, paid in session.execute(
            _ROOMS, {"house": facility_id, "now": now, "tonight": tonight}
        )
    }
    return [max(0, min(each)) if each else None for each in left.values()]
