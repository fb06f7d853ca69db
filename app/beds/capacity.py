"""Three numbers that people mean by "how many beds": licensed, staffed and funded; and how many are taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.beds.ledger import in_force
from app.beds.models import BedNight
from app.facilities.forms import licence_form
from app.facilities.models import Bed, Facility, FacilityFund, Licence, LicenceStatus, NightStaffing
from app.funding.limits import limits_on
from app.funding.models import FundLimit


@dataclass(frozen=True, slots=True)
class Capacity:
    """A house tonight; None is not known."""

    licensed: int | None
    staffed: int | None
    funded: int | None
    occupied: int
    held: int
    awake_staff: int | None


def capacity_of(session: Session, house: Facility, now: datetime, tonight: date) -> Capacity:
    """What a house may have, what it can look after, what somebody pays, and who is there tonight."""
    night = session.get(NightStaffing, (house.id, tonight))
    awake = None if night is None else night.awake_staff
    taken: Any = session.execute(
        select(func.count(BedNight.bed_id), func.count(BedNight.hold_id), func.count(BedNight.fund_id)).where(
            BedNight.facility_id == house.id, BedNight.night == tonight, in_force(now)
        )
    ).one()
    people, held, paid = taken
    return Capacity(
        licensed=_licensed(session, house.id, tonight),
        staffed=staffed_by(house, night),
        funded=_funded(session, house, paid, now, tonight),
        occupied=people - held,
        held=held,
        awake_staff=awake,
    )


def _licensed(session: Session, facility_id: str, tonight: date) -> int | None:
    rows = session.scalars(select(Licence).where(Licence.facility_id == facility_id)).all()
    return licensed_by(licence_form(rows, tonight), tonight)


def licensed_by(form: Mapping[str, Any], tonight: date) -> int | None:
    """What a licence allows tonight; none where it is not in force."""
    first, end = form["valid_from"], form["expires_on"]
    ended = form["status"] not in (None, LicenceStatus.ACTIVE, LicenceStatus.PROVISIONAL)
    if ended or (first is not None and first > tonight) or (end is not None and end <= tonight):
        return 0
    capacity: int | None = form["capacity"]
    return capacity


def staffed_by(house: Facility, night: NightStaffing | None) -> int | None:
    """How many the workers who are awake tonight can look after."""
    return None if night is None or house.night_ratio is None else house.night_ratio * night.awake_staff


def _funded(session: Session, house: Facility, paid: int, now: datetime, tonight: date) -> int | None:
    """Beds paid tonight, and as many more as the accepted funds have beds and nights for, up to the house's beds."""
    if not house.funds_known:
        return None
    beds = session.scalar(select(func.count()).where(Bed.facility_id == house.id)) or 0
    funds = session.scalars(select(FacilityFund.fund_id).where(FacilityFund.facility_id == house.id)).all()
    room = _rooms(session, limits_on(session, funds, tonight).values(), now, tonight)
    return beds if None in room else min(beds, paid + sum(left for left in room if left is not None))


def _rooms(session: Session, limit_ids: Iterable[str], now: datetime, tonight: date) -> list[int | None]:
    """How many more beds each limit could pay tonight, wherever they are; None: as many as there are."""
    limits = session.scalars(select(FundLimit).where(FundLimit.id.in_(list(limit_ids)))).all()
    used = dict(
        session.execute(
            select(BedNight.limit_id, func.count())
            .where(BedNight.limit_id.in_([limit.id for limit in limits]), in_force(now))
            .group_by(BedNight.limit_id)
        ).all()
    )
    paying = dict(
        session.execute(
            select(BedNight.fund_id, func.count())
            .where(BedNight.night == tonight, BedNight.fund_id.in_([limit.fund_id for limit in limits]), in_force(now))
            .group_by(BedNight.fund_id)
        ).all()
    )
    found: list[int | None] = []
    for limit in limits:
        left = [] if limit.beds_per_night is None else [limit.beds_per_night - paying.get(limit.fund_id, 0)]
        left += [] if limit.nights_granted is None else [limit.nights_granted - used.get(limit.id, 0)]
        found.append(max(0, min(left)) if left else None)
    return found
