"""The young people of a quarter, by what tables group them by: one value each, whatever changed within the quarter.

Age and urgency are those of the night on which something was first decided in the quarter; gender and counties as they
are known when it is counted.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.codes import Basis
from app.db import whole_network
from app.gaps.models import DecisionCounted
from app.minors.models import Minor, MinorPlace
from app.referrals.models import Referral, ReferralStatus
from app.referrals.service import urgency_of
from app.reports.quarters import Quarter
from matching.dates import age_on

UNKNOWN = "unknown"
NO_PLACE = "none"
"""Somebody without a place of residence: that is known."""
BANDS = {"under_12": (0, 11), "12_14": (12, 14), "15_17": (15, 17), "18_over": (18, 150)}
"""Completed years, both ends included. Bands are few, so that their counts are large enough to be shown."""


class Person(NamedTuple):
    """One young person in one quarter, by the name of her or his group in each list."""

    age: str
    gender: str
    residence: str
    found: str
    jurisdiction: str
    urgency: str
    placed: bool


def of_quarter(session: Session, quarter: Quarter) -> dict[str, Person]:
    """Everybody about whom something was decided in a quarter, by the minor's id."""
    placed = set(session.scalars(_within(quarter).where(Referral.status == ReferralStatus.PLACED)))
    with whole_network(session):
        first, places = list(_first_decided(session, quarter)), _places(session, quarter)
    return {
        row.id: Person(
            age=band(row.born_on, row.age_min, row.age_max, on),
            gender=row.gender or UNKNOWN,
            **{basis.value: places.get((row.id, basis), UNKNOWN) for basis in Basis},
            urgency=str(urgency),
            placed=row.id in placed,
        )
        for row, on, urgency in first
    }


def band(born_on: date | None, least: int | None, most: int | None, on: date) -> str:
    """The band of an age on a night; unknown too where a range of ages lies in two bands."""
    if born_on is not None:
        least = most = age_on(born_on, on)
    if least is None or most is None:
        return UNKNOWN
    return next((name for name, (low, high) in BANDS.items() if low <= least and most <= high), UNKNOWN)


def _within(quarter: Quarter) -> Select[str]:
    query = select(Referral.minor_id).join(DecisionCounted, DecisionCounted.referral_id == Referral.id)
    return query.where(DecisionCounted.night >= quarter.first, DecisionCounted.night < quarter.until)


def _first_decided(session: Session, quarter: Quarter) -> Iterator[tuple[Any, date, int]]:
    """Each one's record, with the night and the urgency of the first decision."""
    query = (
        select(
            Minor.id, Minor.born_on, Minor.age_min, Minor.age_max, Minor.gender,
            DecisionCounted.night, Referral.urgency, Referral.needed_from,
        )
        .join(Referral, Referral.minor_id == Minor.id)
        .join(DecisionCounted, DecisionCounted.referral_id == Referral.id)
        .where(DecisionCounted.night >= quarter.first, DecisionCounted.night < quarter.until)
        .order_by(Minor.id, DecisionCounted.night, DecisionCounted.run_id)
    )  # fmt: skip
    for _, rows in groupby(session.execute(query), key=attrgetter("id")):
        row = next(rows)
        yield row, row.night, urgency_of(row.urgency, row.needed_from, row.night)


def _places(session: Session, quarter: Quarter) -> Mapping[tuple[str, Basis], str]:
    query = select(MinorPlace.minor_id, MinorPlace.basis, MinorPlace.county, MinorPlace.none)
    rows = session.execute(query.where(MinorPlace.minor_id.in_(_within(quarter))))
    named = {(row.minor_id, row.basis): NO_PLACE if row.none else row.county for row in rows}
    return {key: county for key, county in named.items() if county is not None}
