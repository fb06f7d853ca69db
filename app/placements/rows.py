"""The rows of which a snapshot is made, read in a fixed number of queries, however large the network is.

Every statement is built once, since to build one costs as much as to ask it, and asks for no column that a decision
does not look at.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.answers.models import LearntPrices, Policy, PolicyTerm
from app.beds import ledger
from app.beds.models import Hold, Resident
from app.db import NOW, table_of
from app.facilities.evidence import latest_safeguards
from app.facilities.forms import BED, FACTS, LICENCE, UNIT
from app.facilities.models import (
    Bed,
    BedUnavailable,
    Facility,
    FacilityFund,
    FacilityPoint,
    Licence,
    NightStaffing,
    SafeguardEvidence,
    Unit,
)
from app.funding.forms import LIMIT_COLUMNS
from app.funding.models import Fund, FundClock, Funder, FundLimit
from app.gaps.calls import last_no
from app.minors.forms import FACTS as PROFILE
from app.minors.forms import NEEDS
from app.minors.models import InterstateApproval, Minor
from app.minors.service import part_queries, parts_of
from app.referrals.models import Referral, ReferralStatus
from app.stays.codes import StayEnd
from app.stays.models import Discharge, Holiday, Stay, StayAbsence, StayPayer
from matching.value import WORTH

Row = Any
Groups = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands in the database; groups by the id that their name ends in."""

    policy: Row
    prices: Row | None
    referrals: list[Row]
    stays: list[Row]
    minors: list[Row]
    profiles_by_minor: dict[str, dict[str, list[Row]]]
    approvals: list[Row]
    stated_by_stay: Groups
    paid_by_stay: dict[str, list[ledger.PaidRun]]
    away_by_stay: Groups
    holidays: list[Row]
    facilities: list[Row]
    funds_by_facility: Groups
    licences_by_facility: Groups
    safeguards_by_facility: Groups
    units_by_facility: Groups
    beds_by_facility: Groups
    away_by_bed: Groups
    listed_by_facility: Groups
    holds: list[Row]
    told_no: dict[str, datetime]
    funds: list[Row]
    limits_by_fund: Groups
    clocks_by_limit: Groups
    used_by_limit: dict[str, int]


def read(session: Session, now: datetime, tonight: date, asked: str | None) -> Rows:
    """Everything that a decision may look at tonight.

    Money that a hold of the minor who is asked about keeps is still there for her or him.
    """
    given = {"now": now, "tonight": tonight}

    def rows(query: Select[Any]) -> list[Row]:
        return list(session.execute(query, given))

    def by(query: Select[Any], key: str) -> Groups:
        groups: Groups = defaultdict(list)
        for row in session.execute(query, given):
            groups[getattr(row, key)].append(row)
        return groups

    policy = session.execute(_POLICY, given).one()
    return Rows(
        policy=policy,
        prices=session.execute(_PRICES, given).one_or_none() if policy.counts_prices else None,
        referrals=rows(_REFERRALS),
        stays=rows(_STAYS),
        minors=rows(_MINORS),
        profiles_by_minor=parts_of(session, _PROFILES, given),
        approvals=rows(_APPROVALS),
        stated_by_stay=by(_STATED, "stay_id"),
        paid_by_stay=ledger.paid_runs(session, _PAID, given),
        away_by_stay=by(_AWAY, "stay_id"),
        holidays=rows(_HOLIDAYS),
        facilities=rows(_FACILITIES),
        funds_by_facility=by(_FACILITY_FUNDS, "facility_id"),
        licences_by_facility=by(_LICENCES, "facility_id"),
        safeguards_by_facility=by(_SAFEGUARDS, "facility_id"),
        units_by_facility=by(_UNITS, "facility_id"),
        beds_by_facility=by(_BEDS, "facility_id"),
        away_by_bed=by(_UNAVAILABLE, "bed_id"),
        listed_by_facility=by(_LISTED, "facility_id"),
        holds=rows(_HOLDS),
        told_no=last_no(session),
        funds=rows(_FUNDS),
        limits_by_fund=by(_LIMITS, "fund_id"),
        clocks_by_limit=by(_CLOCKS, "limit_id"),
        used_by_limit=ledger.nights_used(session, now, besides_holds_of=asked),
    )


def _of(table: Any, *names: str) -> Iterable[Any]:
    """Plain columns: rows without the weight of mapped objects, since a network has tens of thousands."""
    columns = table_of(table).c
    return [columns[name] for name in names]


TONIGHT = bindparam("tonight", type_=Date())

_referral, _stay, _minor, _hold = table_of(Referral).c, table_of(Stay).c, table_of(Minor).c, table_of(Hold).c
_listed, _facility, _discharge = table_of(Resident).c, table_of(Facility).c, table_of(Discharge).c
_policy, _term, _prices = table_of(Policy).c, table_of(PolicyTerm).c, table_of(LearntPrices).c

_COUNTS_PRICES = exists().where(
    _term.policy_id == _policy.id, _term.policy_version == _policy.version, _term.code == WORTH
)
_POLICY = (
    select(_policy.id, _policy.version, _COUNTS_PRICES.label("counts_prices"))
    .where(_policy.in_force_from <= NOW)
    .order_by(_policy.in_force_from.desc(), _policy.version.desc())
    .limit(1)
)
_PRICES = (
    select(_prices.learnt_on, _prices.nights, _prices.referrals, _prices.history_sha256, _prices.units)
    .where(_prices.learnt_at <= NOW)
    .order_by(_prices.learnt_at.desc(), _prices.id)
    .limit(1)
)
"""What was learnt last of what beds are worth to those still to come."""

_OPEN = _referral.status == ReferralStatus.OPEN
_WAITING = select(_referral.minor_id).where(_OPEN)
_GOES_ON = or_(_stay.left_on.is_(None), _stay.left_on > TONIGHT)
_NOBODY_CAME = exists().where(_discharge.stay_id == _stay.id, _discharge.reason == StayEnd.NOT_ARRIVED)
_COUNTED = (or_(_stay.minor_id.in_(_WAITING), _GOES_ON), ~_NOBODY_CAME)
"""All stays of those who wait, since caps count them; of everyone else those that have not ended.

Where nobody came there was no stay, and the one before may go on beside it.
"""
_STAY_IDS = select(_stay.id).where(*_COUNTED)
_NAMED = select(_listed.minor_id).where(
    _listed.minor_id.is_not(None),
    _listed.closed_at.is_(None),
    or_(_listed.present_until.is_(None), _listed.present_until > TONIGHT),
)
_STAYING = select(_stay.minor_id).where(_GOES_ON)
_PEOPLE = select(_minor.id).where(or_(_minor.id.in_(_WAITING), _minor.id.in_(_STAYING), _minor.id.in_(_NAMED)))
"""Who waits, who lives somewhere, and who is about to arrive."""

_REFERRALS = select(
    *_of(Referral, "id", "minor_id", "opened_at", "urgency", "needed_from", "nights_needed"),
    *_of(Referral, "home_latitude", "home_longitude"),
).where(_OPEN)
_STAYS = select(
    *_of(Stay, "id", "minor_id", "facility_id", "outside_facility", "bed_id", "outside_bed"),
    *_of(Stay, "admitted_on", "left_on", "expected_until", "in_house"),
).where(*_COUNTED)
_MINORS = select(*_of(Minor, "id", "age_min", "age_max", *PROFILE, *NEEDS)).where(_minor.id.in_(_PEOPLE))
_PROFILES = part_queries(_PEOPLE)
_APPROVALS = select(*_of(InterstateApproval, "minor_id", "from_state", "to_state")).where(
    table_of(InterstateApproval).c.minor_id.in_(_PEOPLE)
)
_STATED = select(*_of(StayPayer, "stay_id", "fund_id", "paid_from", "paid_until")).where(
    table_of(StayPayer).c.stay_id.in_(_STAY_IDS)
)
_PAID = ledger.paid_query(_STAY_IDS)
_AWAY = select(*_of(StayAbsence, "stay_id", "away_from", "away_until")).where(
    table_of(StayAbsence).c.stay_id.in_(_STAY_IDS)
)
_HOLIDAYS = select(*_of(Holiday, "state", "day"))

_point, _staffing = table_of(FacilityPoint).c, table_of(NightStaffing).c
_FACILITIES = (
    select(*_of(Facility, *FACTS, "night_ratio", "funds_known"), _point.latitude, _point.longitude)
    .add_columns(_staffing.awake_staff)
    .outerjoin_from(table_of(Facility), table_of(FacilityPoint), _point.facility_id == _facility.id)
    .outerjoin(table_of(NightStaffing), (_staffing.facility_id == _facility.id) & (_staffing.night == TONIGHT))
)
_FACILITY_FUNDS = select(*_of(FacilityFund, "facility_id", "fund_id"))
_LICENCES = select(*_of(Licence, "id", "facility_id", "recorded_at", *LICENCE))
_SAFEGUARDS = latest_safeguards().with_only_columns(
    *_of(SafeguardEvidence, "facility_id", "code", "value", "verified_on", "verified_by", "expires_on")
)
_UNITS = select(*_of(Unit, "id", "facility_id", *UNIT))
_BEDS = select(*_of(Bed, "id", "facility_id", "unit_id", "offline_until", *BED))
_UNAVAILABLE = select(*_of(BedUnavailable, "bed_id", "from_night", "until_night")).where(
    table_of(BedUnavailable).c.until_night > TONIGHT
)
_LISTED = select(
    *_of(Resident, "facility_id", "bed_id", "minor_id", "trafficking", "age", "gender"),
    *_of(Resident, "present_from", "present_until"),
).where(_listed.closed_at.is_(None))
_HOLDS = select(
    *_of(Hold, "facility_id", "bed_id", "minor_id", "referral_id", "first_night", "until_night", "expires_at")
).where(_hold.ended_at.is_(None))

_limit, _clock, _funder = table_of(FundLimit).c, table_of(FundClock).c, table_of(Funder).c
_FUNDS = select(*_of(Fund, "id", "program", "last_resort"), _funder.name).outerjoin_from(
    table_of(Fund), table_of(Funder), _funder.id == table_of(Fund).c.funder_id
)
_LIMITS = select(*_of(FundLimit, "id", "fund_id", *LIMIT_COLUMNS)).order_by(_limit.fund_id, _limit.position)
_CLOCKS = select(*table_of(FundClock).c).order_by(_clock.limit_id, _clock.position)
