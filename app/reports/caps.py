"""For whom a stay cap of a fund was reached, and where each went then: read from the ledger, judged by the clocks.

A cap is reached on the first night that the fund does not pay any more and that its own clock would not have paid
either, whatever else ended there. A young person counts once in a period: by the first such night.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.beds import ledger
from app.beds.ledger import NIGHT
from app.beds.models import BedNight
from app.db import whole_network
from app.facilities.models import Facility
from app.funding.forms import clock_form
from app.funding.models import FundClock, FundLimit
from app.gaps.models import Gap, GapKind, GapSource
from app.minors.models import Minor
from app.placements.sources import Slept
from app.referrals.models import Referral
from app.stays.codes import Destination, StayEnd
from app.stays.models import Discharge, Holiday, Stay, StayAbsence, StayPayer
from matching import clocks, codec, facts

SLEEPS = (BedNight.hold_id.is_(None), BedNight.minor_id.is_not(None))


class Went(StrEnum):
    """Where a young person was on the first night that the fund did not pay any more."""

    ANOTHER_PAYER = "another_payer"
    """In the same stay; another fund paid."""
    NOBODY_PAID = "nobody_paid"
    """In the same stay; nobody paid."""
    ANOTHER_HOUSE = "another_house"
    WAITED = "waited"
    """Without a bed, waiting for one."""
    FAMILY = "family"
    INDEPENDENT = "independent"
    OTHER_CARE = "other_care"
    MISSING = "missing"
    NOT_KNOWN = "not_known"


_OF_DESTINATION = {
    Destination.FAMILY: Went.FAMILY,
    Destination.NEXT_PLACEMENT: Went.ANOTHER_HOUSE,
    Destination.INDEPENDENT: Went.INDEPENDENT,
    Destination.OTHER_CARE: Went.OTHER_CARE,
    Destination.NOT_KNOWN: Went.NOT_KNOWN,
}


@dataclass(frozen=True, slots=True)
class CapReached:
    """One young person's: the first night that was not paid any more, the cap, and where she or he was then."""

    on: date
    code: str
    went: Went


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a run of nights that a fund paid: the night after it."""

    minor_id: str
    stay_id: str
    limit_id: str
    on: date


def has_any(session: Session, fund_id: str) -> bool:
    """Whether some limit of a fund has a stay cap."""
    caps = select(FundClock.code).join(FundLimit, FundLimit.id == FundClock.limit_id)
    return session.scalar(caps.where(FundLimit.fund_id == fund_id).limit(1)) is not None


def reached(session: Session, fund_id: str, first: date, until: date) -> dict[str, CapReached]:
    """By young person: the first night of `[first, until)` on which a stay cap of the fund was reached."""
    ends = _ends(session, fund_id, first, until)
    if not ends:
        return {}
    with whole_network(session):
        about = _About(session, fund_id, {end.minor_id for end in ends})
    found: dict[str, CapReached] = {}
    for end in sorted(ends, key=lambda one: (one.on, one.stay_id)):
        if end.minor_id not in found and (codes := about.reached(end)):
            found[end.minor_id] = CapReached(end.on, codes[0], about.went(end))
    return found


def _ends(session: Session, fund_id: str, first: date, until: date) -> list[_End]:
    """Where a run of paid nights ended; who slept on, paid by the same fund wherever it was, is at no end."""
    rows = session.execute(
        select(BedNight.minor_id, BedNight.stay_id, BedNight.limit_id, BedNight.night).where(
            *SLEEPS, BedNight.fund_id == fund_id, BedNight.night >= first - NIGHT, BedNight.night < until
        )
    ).all()
    paid = {(row.minor_id, row.night) for row in rows}
    return [
        _End(row.minor_id, row.stay_id, row.limit_id, row.night + NIGHT)
        for row in rows
        if row.limit_id is not None
        and row.stay_id is not None
        and row.night + NIGHT < until
        and (row.minor_id, row.night + NIGHT) not in paid
    ]


class _About:
    """All that is on record of these young people's stays."""

    def __init__(self, session: Session, fund_id: str, minors: set[str]) -> None:
        self._fund = fund_id
        self._approvals = dict(session.execute(select(Minor.id, Minor.approvals).where(Minor.id.in_(minors))).all())
        nobody_came = exists().where(Discharge.stay_id == Stay.id, Discharge.reason == StayEnd.NOT_ARRIVED)
        came = (Stay.minor_id.in_(minors), ~nobody_came)
        ids = select(Stay.id).where(*came)
        away = _by_stay(session, select(StayAbsence).where(StayAbsence.stay_id.in_(ids)))
        stated = _by_stay(session, select(StayPayer).where(StayPayer.stay_id.in_(ids)))
        paid = ledger.paid_runs(session, ledger.paid_query(ids))
        self._stays: defaultdict[str, list[facts.Stay]] = defaultdict(list)
        for row in session.scalars(select(Stay).where(*came).order_by(Stay.admitted_on, Stay.id)):
            form = Slept(row, away[row.id], stated[row.id], paid.get(row.id, ())).form()
            self._stays[row.minor_id].append(codec.read(facts.Stay, to_json(form)))
        self._left = {
            row.stay_id: Went.MISSING if row.reason is StayEnd.MISSING else _OF_DESTINATION[row.destination]
            for row in session.scalars(select(Discharge).where(Discharge.stay_id.in_(ids)))
        }
        slept = select(BedNight.minor_id, BedNight.night, BedNight.stay_id, BedNight.fund_id)
        self._slept = {
            (row.minor_id, row.night): (row.stay_id, row.fund_id)
            for row in session.execute(slept.where(*SLEEPS, BedNight.minor_id.in_(minors)))
        }
        waited = select(Referral.minor_id, Gap.night).join(Gap, Gap.referral_id == Referral.id)
        noticed = (Gap.source == GapSource.NIGHT, Gap.kind != GapKind.UNFUNDED_TONIGHT)
        self._waited = {tuple(row) for row in session.execute(waited.where(*noticed, Referral.minor_id.in_(minors)))}
        self._clocks: defaultdict[str, list[facts.Clock]] = defaultdict(list)
        of_fund = select(FundClock).join(FundLimit, FundLimit.id == FundClock.limit_id)
        for clock in session.scalars(of_fund.where(FundLimit.fund_id == fund_id).order_by(FundClock.position)):
            self._clocks[clock.limit_id].append(codec.read(facts.Clock, to_json(clock_form(clock))))
        self._state: Mapping[str, str | None] = dict(session.execute(select(Facility.id, Facility.state)).all())
        self._holidays: defaultdict[str | None, set[date]] = defaultdict(set)
        for state, day in session.execute(select(Holiday.state, Holiday.day)):
            self._holidays[state].add(day)

    def reached(self, end: _End) -> tuple[str, ...]:
        """The caps that were reached at the end of a run; none: it ended by something else."""
        stays = self._stays[end.minor_id]
        stay = next((one for one in stays if one.id == end.stay_id), None)
        if stay is None:
            return ()
        granted = self._approvals.get(end.minor_id)
        minor = facts.Minor(end.minor_id, approvals=None if granted is None else tuple(granted))
        holidays = self._holidays[self._state.get(stay.facility)]
        return clocks.reached(self._clocks[end.limit_id], self._fund, minor, stays, stay, end.on, holidays)

    def went(self, end: _End) -> Went:
        """Where she or he was on the night after the run: what the ledger has, else what was said at the discharge."""
        bed = self._slept.get((end.minor_id, end.on))
        if bed is not None and bed[0] == end.stay_id:
            return Went.NOBODY_PAID if bed[1] is None else Went.ANOTHER_PAYER
        if bed is not None or any(_covers(one, end) for one in self._stays[end.minor_id]):
            return Went.ANOTHER_HOUSE
        if (end.minor_id, end.on) in self._waited:
            return Went.WAITED
        return self._left.get(end.stay_id, Went.NOT_KNOWN)


def _covers(stay: facts.Stay, end: _End) -> bool:
    """Whether the night after a run is one of another stay."""
    return stay.id != end.stay_id and stay.admitted_on <= end.on and (stay.left_on is None or end.on < stay.left_on)


def _by_stay(session: Session, query: Select[Any]) -> Mapping[str, Sequence[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.stay_id].append(row)
    return found
