"""The one place where rows become a snapshot. A fixed number of queries, however large the network is.

Nothing is filled in on the way: a fact that is null in a row is not known in the snapshot. Every planned arrival is a
resident with a `from`; a safeguard without who verified it, when, and until when, is left out.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from app.answers.models import LearntPrices, Policy, PolicyTerm
from app.beds import ledger
from app.beds.models import Hold, Resident
from app.facilities.evidence import latest_safeguards
from app.facilities.forms import bed_form, facility_form, licence_form, safeguard_form, unit_form
from app.facilities.models import (
    Bed,
    BedStatus,
    BedUnavailable,
    Facility,
    FacilityFund,
    FacilityPoint,
    Licence,
    NightStaffing,
    SafeguardEvidence,
    Unit,
)
from app.funding.forms import limit_form
from app.funding.models import Fund, FundClock, Funder, FundLimit
from app.gaps.calls import last_no
from app.minors.models import InterstateApproval, Minor
from app.minors.service import minor_forms
from app.placements.areas import NOTHING, Areas
from app.referrals.models import Referral, ReferralStatus
from app.referrals.service import urgency_of
from app.stays.codes import StayEnd
from app.stays.models import Discharge, Holiday, Stay, StayAbsence, StayPayer
from app.stays.payers import payers_of
from app.stays.residents import listed
from matching.codec import SnapshotError, decode_and_keep
from matching.facts import Snapshot
from matching.value import WORTH

Json = dict[str, Any]
Groups = dict[str, list[Any]]

HORIZON_NIGHTS = 180
"""How far ahead a ranking looks."""


def build(session: Session, now: datetime, tonight: date, *, horizon_nights: int = HORIZON_NIGHTS) -> Json:
    """The contract's JSON of everything that a decision may look at tonight."""
    document: Json = json.loads(_text(session, now, tonight, horizon_nights))
    return document


def take(
    session: Session,
    now: datetime,
    tonight: date,
    *,
    horizon_nights: int = HORIZON_NIGHTS,
    asked: str | None = None,
    everyone: bool = False,
    areas: Areas = NOTHING,
) -> tuple[Snapshot, bytes]:
    """The same as facts, and as it is stored.

    For the minor who is asked about, money that her or his own hold keeps is still there, and houses that `areas`
    shuts are to avoid.

    Raises SnapshotError where the rows contradict each other. Where the past of somebody else than who is asked about
    does, it is left out: one wrong record must not keep everybody from a bed. So it is where everyone is asked about;
    the history of who is concerned then counts as not known. Who lives somewhere now is never left out.
    """
    try:
        return decode_and_keep(_text(session, now, tonight, horizon_nights, asked, areas))
    except SnapshotError:
        if asked is None and not everyone:
            raise
    return decode_and_keep(_text(session, now, tonight, horizon_nights, asked, areas, sound_pasts_only=True))


def _text(
    session: Session,
    now: datetime,
    tonight: date,
    horizon_nights: int,
    asked: str | None = None,
    areas: Areas = NOTHING,
    *,
    sound_pasts_only: bool = False,
) -> bytes:
    counts = exists().where(
        PolicyTerm.policy_id == Policy.id, PolicyTerm.policy_version == Policy.version, PolicyTerm.code == WORTH
    )
    policy = session.execute(
        select(Policy.id, Policy.version, counts.label("counts_prices"))
        .where(Policy.in_force_from <= now)
        .order_by(Policy.in_force_from.desc(), Policy.version.desc())
        .limit(1)
    ).one()
    referrals = _rows(session, select(*_columns(Referral)).where(Referral.status == ReferralStatus.OPEN))
    stays = _rows(session, _stays(tonight))
    people = _people(tonight)
    minors = _rows(session, select(*_columns(Minor)).where(Minor.id.in_(people)))
    torn = _torn(stays) - {asked} if sound_pasts_only else set()
    facilities = _facilities(session, now, tonight, stays, {row.id: row for row in minors})
    forms = minor_forms(session, minors, people)
    for avoid in (form["avoid"] for form in forms if form["id"] == asked):
        avoid["facilities"] = sorted({*avoid["facilities"], *areas.shuts(facilities)})
    document = {
        "version": 1,
        "as_of": now,
        "tonight": tonight,
        "horizon_nights": horizon_nights,
        "policy": {"id": policy.id, "version": policy.version},
        "facilities": facilities,
        "funds": _funds(session, now, asked),
        "minors": [form | {"history": None} if form["id"] in torn else form for form in forms],
        "referrals": [_referral(row, tonight) for row in referrals],
        "stays": _stay_forms(
            session, [row for row in stays if row.minor_id not in torn or _goes_on(row, tonight)], tonight
        ),
        "holidays": _holidays(session),
        "interstate_approvals": [
            {"minor": row.minor_id, "from_state": row.from_state, "to_state": row.to_state}
            for row in _rows(
                session, select(*_columns(InterstateApproval)).where(InterstateApproval.minor_id.in_(people))
            )
        ],
        "prices": _prices(session, now) if policy.counts_prices else None,
    }
    return to_json(document)


def _prices(session: Session, now: datetime) -> Json | None:
    """What was learnt last of what beds are worth to those still to come: only where the order of terms counts it."""
    query = select(*_columns(LearntPrices)).where(LearntPrices.learnt_at <= now)
    row = session.execute(query.order_by(LearntPrices.learnt_at.desc(), LearntPrices.id).limit(1)).one_or_none()
    if row is None:
        return None
    return {
        "learnt_on": row.learnt_on,
        "nights": row.nights,
        "referrals": row.referrals,
        "history_sha256": row.history_sha256,
        "units": [{"unit": unit, "by_free": by_free} for unit, by_free in row.units.items()],
    }


def _facilities(session: Session, now: datetime, tonight: date, stays: list[Any], minors: dict[str, Any]) -> list[Json]:
    rows = _rows(
        session,
        select(*_columns(Facility), FacilityPoint.latitude, FacilityPoint.longitude, NightStaffing.awake_staff)
        .outerjoin(FacilityPoint, FacilityPoint.facility_id == Facility.id)
        .outerjoin(NightStaffing, (NightStaffing.facility_id == Facility.id) & (NightStaffing.night == tonight)),
    )
    funds = _by(session, select(*_columns(FacilityFund)), "facility_id")
    licences = _by(session, select(*_columns(Licence)), "facility_id")
    safeguards = _by(session, latest_safeguards().with_only_columns(*_columns(SafeguardEvidence)), "facility_id")
    holds = _rows(session, select(*_columns(Hold)).where(Hold.ended_at.is_(None)))
    units = _units(session, now, tonight, {row.bed_id: row.referral_id for row in holds if row.expires_at <= now})
    residents = _residents(session, tonight, stays, [row for row in holds if row.expires_at > now], minors)
    return [
        facility_form(row)
        | {
            "point": None if row.latitude is None else [row.latitude, row.longitude],
            "licence": licence_form(licences.get(row.id, ()), tonight),
            "safeguards": {
                found.code: form for found in safeguards.get(row.id, ()) if (form := safeguard_form(found)) is not None
            },
            "staffing": {"night_ratio": row.night_ratio, "awake_staff_tonight": row.awake_staff},
            "funds": [link.fund_id for link in funds.get(row.id, ())] if row.funds_known else None,
            "units": units.get(row.id, []),
            "residents": residents.get(row.id, []),
        }
        for row in rows
    ]


def _residents(session: Session, tonight: date, stays: list[Any], holds: list[Any], minors: dict[str, Any]) -> Groups:
    # A row whose last night has passed still outweighs what the bed last said, until someone says more.
    house_list = _by(session, select(*_columns(Resident)).where(Resident.closed_at.is_(None)), "facility_id")
    placed: Groups = defaultdict(list)
    for stay in stays:
        if stay.facility_id is not None and stay.in_house and (stay.left_on is None or stay.left_on > tonight):
            placed[stay.facility_id].append(stay)
    # A hold for tonight is what the bed's card says; one for a later night is an arrival to come.
    coming: Groups = defaultdict(list)
    for hold in holds:
        if hold.first_night > tonight:
            coming[hold.facility_id].append(hold)
    return listed(placed, coming, house_list, minors, tonight)


def _units(session: Session, now: datetime, tonight: date, run_out: dict[str, str]) -> Groups:
    """Units and beds; `run_out` names beds whose card may still tell of a hold that has run out, and for whom."""
    away = _by(session, select(*_columns(BedUnavailable)).where(BedUnavailable.until_night > tonight), "bed_id")
    beds: Groups = defaultdict(list)
    told_no = last_no(session)
    for bed in _rows(session, select(*_columns(Bed))):
        nights = [[row.from_night, row.until_night] for row in away.get(bed.id, ())]
        form = bed_form(bed, nights)
        no = told_no.get(bed.facility_id)
        if no is not None and bed.confirmed_at is not None and bed.confirmed_at <= no:
            form |= {"confirmed_at": None}  # what was said of it on the phone came later
        elif bed.confirmed_at is not None and bed.confirmed_at > now:
            form |= {"confirmed_at": now}  # by a server whose clock is ahead
        if bed.held_for is not None and run_out.get(bed.id) == bed.held_for:
            form |= {"status": BedStatus.OPEN, "held_for": None}
        if bed.offline_until is not None and bed.offline_until > tonight:
            # Offline without a day is not known to come back; with one, it is out of use until then.
            form |= {"status": BedStatus.OPEN, "unavailable": [*nights, [tonight, bed.offline_until]]}
        beds[bed.unit_id].append(form)
    units: Groups = defaultdict(list)
    for unit in _rows(session, select(*_columns(Unit))):
        units[unit.facility_id].append(unit_form(unit, beds.get(unit.id, [])))
    return units


def _funds(session: Session, now: datetime, asked: str | None) -> list[Json]:
    clocks = _by(session, select(*_columns(FundClock)).order_by(FundClock.limit_id, FundClock.position), "limit_id")
    limits: Groups = defaultdict(list)
    used = ledger.nights_used(session, now, besides_holds_of=asked)
    for row in _rows(session, select(*_columns(FundLimit)).order_by(FundLimit.fund_id, FundLimit.position)):
        form = limit_form(row, clocks.get(row.id, ()))
        granted = form.pop("nights_granted")
        left = None if granted is None else max(0, granted - used.get(row.id, 0))
        limits[row.fund_id].append(form | {"nights_left": left})
    query = select(*_columns(Fund), Funder.name).outerjoin(Funder, Funder.id == Fund.funder_id)
    return [
        {
            "id": row.id,
            "funder": row.name,
            "program": row.program,
            "last_resort": row.last_resort,
            "limits": limits.get(row.id, []),
        }
        for row in _rows(session, query)
    ]


def _waiting() -> Select[str]:
    return select(Referral.minor_id).where(Referral.status == ReferralStatus.OPEN)


def _stays(tonight: date) -> Select[Any]:
    """All stays of those who wait, since caps count them; of everyone else those that have not ended.

    Where nobody came there was no stay, and the one before may go on beside it.
    """
    going_on = or_(Stay.left_on.is_(None), Stay.left_on > tonight)
    nobody_came = exists().where(Discharge.stay_id == Stay.id, Discharge.reason == StayEnd.NOT_ARRIVED)
    return select(*_columns(Stay)).where(or_(Stay.minor_id.in_(_waiting()), going_on), ~nobody_came)


def _torn(stays: list[Any]) -> set[str]:
    """Those whose stays contradict each other."""
    torn = set()
    in_order = sorted(stays, key=lambda row: (row.minor_id, row.admitted_on, row.left_on or date.max))
    for earlier, later in pairwise(in_order):
        if earlier.minor_id == later.minor_id and later.admitted_on < (earlier.left_on or date.max):
            torn.add(earlier.minor_id)
    return torn


def _goes_on(stay: Any, tonight: date) -> bool:
    return stay.left_on is None or stay.left_on > tonight


def _people(tonight: date) -> Select[str]:
    """Who waits, who lives somewhere, and who is about to arrive."""
    staying = select(Stay.minor_id).where(or_(Stay.left_on.is_(None), Stay.left_on > tonight))
    named = select(Resident.minor_id).where(
        Resident.minor_id.is_not(None),
        Resident.closed_at.is_(None),
        or_(Resident.present_until.is_(None), Resident.present_until > tonight),
    )
    return select(Minor.id).where(or_(Minor.id.in_(_waiting()), Minor.id.in_(staying), Minor.id.in_(named)))


def _stay_forms(session: Session, stays: list[Any], tonight: date) -> list[Json]:
    ids = _stays(tonight).with_only_columns(Stay.id)
    stated = _by(session, select(*_columns(StayPayer)).where(StayPayer.stay_id.in_(ids)), "stay_id")
    paid = ledger.paid_runs(session, ids)
    away = _by(session, select(*_columns(StayAbsence)).where(StayAbsence.stay_id.in_(ids)), "stay_id")
    return [
        {
            "id": row.id,
            "minor": row.minor_id,
            "facility": row.facility_id or row.outside_facility,
            "bed": row.bed_id or row.outside_bed,
            "admitted_on": row.admitted_on,
            "left_on": row.left_on,
            "away": [[found.away_from, found.away_until] for found in away.get(row.id, ())],
            "payers": payers_of(row, stated.get(row.id, ()), paid.get(row.id, ())),
        }
        for row in stays
    ]


def _referral(row: Any, tonight: date) -> Json:
    return {
        "id": row.id,
        "minor": row.minor_id,
        "opened_at": row.opened_at,
        "urgency": urgency_of(row.urgency, row.needed_from, tonight),
        "needed_from": row.needed_from,
        "nights_needed": row.nights_needed,
        "home_point": None if row.home_latitude is None else [row.home_latitude, row.home_longitude],
    }


def _holidays(session: Session) -> dict[str, list[date]]:
    days: dict[str, list[date]] = defaultdict(list)
    for row in _rows(session, select(*_columns(Holiday))):
        days[row.state].append(row.day)
    return days


def _columns(table: Any) -> Iterable[Any]:
    """Plain columns: rows without the weight of mapped objects, since a network has tens of thousands."""
    return table.__table__.c  # type: ignore[no-any-return]


def _rows(session: Session, query: Select[Any]) -> list[Any]:
    return list(session.execute(query))


def _by(session: Session, query: Select[Any], key: str) -> Groups:
    groups: Groups = defaultdict(list)
    for row in session.execute(query):
        groups[getattr(row, key)].append(row)
    return groups
