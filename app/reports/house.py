"""A house's own year: its beds night by night, open while somebody waited, and its noes though every rule was met.

For the house itself and who leads the coalition; never published. A night says that somebody waited in the network,
and nothing about whom.
"""

from datetime import date, timedelta

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit.service import record
from app.beds.models import BedNight
from app.clock import Clock
from app.codes import ApiModel
from app.facilities.models import Bed
from app.facilities.service import find_own
from app.gaps.models import DeclineReason, Gap, GapKind, GapSource
from app.stays.codes import DecidedBy, OfferStatus
from app.stays.models import Offer

WEEKS = 52


class HouseNight(ApiModel):
    """One night of a house."""

    night: date
    slept: int = Field(description="Beds that somebody slept in")
    unpaid: int = Field(description="Of these: beds that nobody paid")
    open: int = Field(description="Beds that nobody slept in; as many beds as there are today")
    waited: bool = Field(description="Somebody in the network waited through it without a bed")


class HouseNo(ApiModel):
    """How often the house said no, for one reason, where the decision had found every written rule met."""

    reason: DeclineReason
    count: int


class HouseYear(ApiModel):
    """The nights of a house over the last year, from the first on record, the oldest first."""

    facility: str
    alias: str
    beds: int
    nights: list[HouseNight]
    refused_though_met: list[HouseNo]


def year_of(session: Session, actor: Actor, clock: Clock, facility_id: str) -> HouseYear:
    """The last 52 weeks of an own house, from its first night on record; any other is hidden like an absent one."""
    house = find_own(session, actor, facility_id, "house_year.read")
    record(session, actor, "house_year.read", "facility", house.id)
    until = clock.tonight()
    first = max(until - timedelta(weeks=WEEKS), _first_on_record(session, house.id) or date.min)
    beds = session.scalar(select(func.count()).where(Bed.facility_id == house.id)) or 0
    slept = _slept(session, house.id, first, until)
    waited = _waited(session, first, until)
    nights = [first + timedelta(days=at) for at in range((until - first).days)]
    return HouseYear(
        facility=house.id,
        alias=house.alias,
        beds=beds,
        nights=[
            HouseNight(
                night=night,
                slept=(taken := slept.get(night, (0, 0)))[0],
                unpaid=taken[1],
                open=max(0, beds - taken[0]),
                waited=night in waited,
            )
            for night in nights
        ],
        refused_though_met=_noes(session, house.id, first, until),
    )


def _first_on_record(session: Session, facility_id: str) -> date | None:
    query = select(func.min(BedNight.night)).join(Bed, Bed.id == BedNight.bed_id)
    return session.scalar(query.where(Bed.facility_id == facility_id))


def _slept(session: Session, facility_id: str, first: date, until: date) -> dict[date, tuple[int, int]]:
    """By night, in how many beds somebody slept, and how many of these nobody paid."""
    query = (
        select(BedNight.night, func.count(), func.count().filter(BedNight.fund_id.is_(None)))
        .join(Bed, Bed.id == BedNight.bed_id)
        .where(Bed.facility_id == facility_id, BedNight.stay_id.is_not(None))
        .where(BedNight.night >= first, BedNight.night < until)
        .group_by(BedNight.night)
    )
    return {night: (taken, unpaid) for night, taken, unpaid in session.execute(query)}


def _waited(session: Session, first: date, until: date) -> set[date]:
    noticed = (Gap.source == GapSource.NIGHT, Gap.kind != GapKind.UNFUNDED_TONIGHT)
    return set(session.scalars(select(Gap.night).where(*noticed, Gap.night >= first, Gap.night < until).distinct()))


def _noes(session: Session, facility_id: str, first: date, until: date) -> list[HouseNo]:
    query = (
        select(Offer.reason, func.count())
        .where(Offer.facility_id == facility_id, Offer.first_night >= first, Offer.first_night < until)
        .where(Offer.status == OfferStatus.DECLINED, Offer.decided_by == DecidedBy.FACILITY)
        .where(Offer.rank.is_not(None), Offer.reason.is_not(None))
        .group_by(Offer.reason)
    )
    found = [HouseNo(reason=reason, count=count) for reason, count in session.execute(query) if reason is not None]
    return sorted(found, key=lambda row: (-row.count, row.reason))
