"""From a snapshot of the contract to rows, with its ids: for the demo, for a network's own file, for the worked cases.

`snapshot.build` over the rows gives a snapshot that is decided alike.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.beds.models import Resident
from app.codes import Basis
from app.facilities.forms import UNIT, licence_columns, stored_value
from app.facilities.models import (
    Bed,
    BedUnavailable,
    Facility,
    FacilityFund,
    FacilityPoint,
    Licence,
    NightStaffing,
    SafeguardCode,
    SafeguardEvidence,
    Unit,
)
from app.funding.forms import clock_columns, limit_columns
from app.funding.models import Fund, FundClock, Funder, FundLimit
from app.minors.forms import avoid_rows, minor_columns, place_rows, wish_rows
from app.minors.models import InterstateApproval, KeepApart, Minor, MinorAvoids, MinorPlace, MinorWish, Sibling
from app.placements.models import Holiday, Stay, StayAbsence, StayPayer
from app.placements.residents import age_of
from app.referrals.codes import codes_for
from app.referrals.models import Referral, ReferralStatus
from app.sharing.models import Grant, Relation
from matching import facts
from matching.codec import decode

Json = dict[str, Any]
Rows = dict[Any, list[Json]]

STATED_BY = "network file"


def load_network(
    session: Session,
    document: Json,
    *,
    agency_id: str,
    operators: Mapping[str, str] | None = None,
    funder_agencies: Mapping[str, str] | None = None,
    referral_codes: Mapping[str, str] | None = None,
) -> None:
    """Enter every row of a snapshot; the agency owns its minors and its referrals.

    `operators` names the agency that runs a facility, `funder_agencies` the agency behind a funder's name. What the
    file says of a safeguard without dates is evidence on its own day, and for as far as the file looks ahead.
    Raises SnapshotError where the document is no valid snapshot.
    """
    network = _Network(decode(document), agency_id)
    _funds(session, network, funder_agencies or {})
    for facility in network.snapshot.facilities:
        _facility(network, facility, (operators or {}).get(facility.id))
    _minors(network)
    _stays(network)
    _referrals(session, network, referral_codes or {})
    holidays = network.snapshot.holidays.items()
    network.add(Holiday, ({"state": state, "day": day} for state, days in holidays for day in sorted(days)))
    for table in network.rows:
        if network.rows[table]:
            session.execute(insert(table.__table__), network.rows[table])
    record(session, None, "network.load", "agency", agency_id)


class _Network:
    """A snapshot on its way into tables: rows are gathered in the order in which they must be inserted."""

    def __init__(self, snapshot: facts.Snapshot, agency_id: str) -> None:
        self.snapshot = snapshot
        self.agency_id = agency_id
        self.now: datetime = snapshot.as_of
        self.tonight: date = snapshot.tonight
        self.minors = {minor.id: minor for minor in snapshot.minors}
        self.rows: Rows = {
            table: []
            for table in (
                Fund, FundLimit, FundClock,
                Facility, FacilityPoint, FacilityFund, NightStaffing, Licence, SafeguardEvidence,
                Unit, Bed, BedUnavailable,
                Minor, MinorPlace, MinorAvoids, MinorWish, KeepApart, Sibling, InterstateApproval, Grant,
                Resident, Stay, StayPayer, StayAbsence, Referral, Holiday,
            )
        }  # fmt: skip

    def add(self, table: Any, rows: Iterable[Json]) -> None:
        """Gather rows of a table."""
        self.rows[table].extend(rows)

    def evidence_until(self) -> date:
        """The day after the last night that a ranking of this file could look at."""
        needed = [r.needed_from for r in self.snapshot.referrals if r.needed_from is not None]
        return max([self.tonight, *needed]) + timedelta(days=2 * self.snapshot.horizon_nights)


def _funds(session: Session, network: _Network, agencies: Mapping[str, str]) -> None:
    ids = dict(session.execute(select(Funder.name, Funder.id)).tuples().all())
    for fund in network.snapshot.funds:
        if fund.funder is not None and fund.funder not in ids:
            ids[fund.funder] = _id("funder", fund.funder)
            agency = agencies.get(fund.funder)
            session.add(Funder(id=ids[fund.funder], agency_id=agency, name=fund.funder))
        row: Json = {"id": fund.id, "version": 1, "program": fund.program, "last_resort": fund.last_resort}
        network.add(Fund, [{**row, "funder_id": None if fund.funder is None else ids[fund.funder]}])
        for position, limit in enumerate(fund.limits):
            limit_id, form = _id("limit", fund.id, position), asdict(limit)
            head = {"id": limit_id, "version": 1, "fund_id": fund.id, "position": position}
            network.add(FundLimit, [head | limit_columns(form)])
            network.add(FundClock, clock_columns(limit_id, form["clocks"]))
    session.flush()


def _facility(network: _Network, facility: facts.Facility, operator: str | None) -> None:
    own = {"facility_id": facility.id}
    said = {"recorded_at": network.now, "recorded_by": STATED_BY}
    plain = ("id", "kind", "state", "county", "place", "population", "admits", "services", "languages", "declines")
    row: Json = {name: getattr(facility, name) for name in plain}
    row |= {
        "version": 1,
        "agency_id": operator,
        "alias": _name(facility.id, "fac_"),
        "region": None,
        "duty_phone": None,
    }
    row |= {"night_ratio": facility.staffing.night_ratio, "funds_known": facility.funds is not None}
    network.add(Facility, [row])
    network.add(FacilityFund, ({**own, "fund_id": fund} for fund in sorted(set(facility.funds or ()))))
    if facility.point is not None:
        network.add(FacilityPoint, [{**own, "latitude": facility.point[0], "longitude": facility.point[1]}])
    if facility.staffing.awake_staff_tonight is not None:
        staff = {"night": network.tonight, "awake_staff": facility.staffing.awake_staff_tonight}
        network.add(NightStaffing, [{**own, **staff, "stated_at": network.now, "stated_by": STATED_BY}])
    licence = licence_columns(asdict(facility.licence))
    if any(value is not None for value in licence.values()):
        head = {"id": _id("lic", facility.id), "version": 1, "evidence": None}
        network.add(Licence, [{**own, **head, **said, **licence}])
    for code in SafeguardCode:
        _safeguard(network, own | said, code, getattr(facility.safeguards, code))
    for unit in facility.units:
        _unit(network, own, unit)


def _safeguard(network: _Network, head: Json, code: SafeguardCode, evidence: facts.Evidence[Any]) -> None:
    if evidence.value is None:
        return
    until = evidence.expires_on or max(network.evidence_until(), evidence.verified_on or network.tonight)
    row = {"code": code, "revision": 1, "value": stored_value(evidence.value), "verified_by": STATED_BY}
    # Only nights from tonight on are ever judged, so the day on which an undated word was given changes no answer.
    dates = {"verified_on": evidence.verified_on or network.tonight, "expires_on": until}
    network.add(SafeguardEvidence, [{**head, **row, **dates}])


def _unit(network: _Network, own: Json, unit: facts.Unit) -> None:
    row = {"id": unit.id, "version": 1, "name": _name(unit.id, "unit_"), **{name: getattr(unit, name) for name in UNIT}}
    network.add(Unit, [{**own, **row}])
    for number, bed in enumerate(unit.beds, start=1):
        head = {"id": bed.id, "version": 1, "unit_id": unit.id, "name": f"Bed {number}", "status": bed.status}
        held = {"reason": None, "held_for": bed.held_for if bed.status == "held" else None}
        confirmed_by = None if bed.confirmed_at is None else STATED_BY
        network.add(Bed, [{**own, **head, **held, "confirmed_at": bed.confirmed_at, "confirmed_by": confirmed_by}])
        network.add(
            BedUnavailable,
            (
                {
                    "id": _id("away", bed.id, at),
                    "bed_id": bed.id,
                    "from_night": start,
                    "until_night": end,
                    "reason": None,
                }
                for at, (start, end) in enumerate(bed.unavailable)
            ),
        )


def _minors(network: _Network) -> None:
    """Every minor of the file, and an empty profile for each that it only names."""
    snapshot, rows = network.snapshot, [*network.snapshot.minors]
    named = {other for minor in snapshot.minors for other in (*minor.avoid.minors, *minor.together_with)}
    named |= {row.minor for house in snapshot.facilities for row in house.residents if row.minor is not None}
    named |= {stay.minor for stay in snapshot.stays} | {row.minor for row in snapshot.interstate_approvals}
    rows += [facts.Minor(id=outsider) for outsider in sorted(named - set(network.minors))]
    for minor in rows:
        form = asdict(minor)
        for basis in Basis:
            form[basis] = form[basis] if any(form[basis].values()) else None
        head = {"id": minor.id, "version": 1, "agency_id": network.agency_id, "created_at": network.now}
        network.add(Minor, [head | minor_columns(form)])
        network.add(MinorPlace, place_rows(minor.id, form))
        network.add(MinorWish, wish_rows(minor.id, form["wishes"]))
        network.add(MinorAvoids, avoid_rows(minor.id, form["avoid"]))
        apart, siblings = sorted(set(minor.avoid.minors)), sorted(set(minor.together_with))
        network.add(KeepApart, ({"minor_id": minor.id, "other_id": other} for other in apart))
        network.add(Sibling, ({"minor_id": minor.id, "sibling_id": other} for other in siblings))
    approvals = {(row.minor, row.from_state, row.to_state) for row in snapshot.interstate_approvals}
    network.add(
        InterstateApproval,
        ({"minor_id": minor, "from_state": a, "to_state": b} for minor, a, b in sorted(approvals)),
    )
    owner = {"agency_id": network.agency_id, "relation": Relation.OWNER, "release_id": None, "valid_until": None}
    network.add(
        Grant,
        (
            {"id": _id("grant", minor.id), "minor_id": minor.id, "valid_from": network.now, **owner}
            for minor in snapshot.minors
        ),
    )


def _stays(network: _Network) -> None:
    """A resident whom a stay explains is that stay; anyone else stands on the house's own list."""
    homes = {bed.id: house.id for house in network.snapshot.facilities for unit in house.units for bed in unit.beds}
    inside = {house.id for house in network.snapshot.facilities}
    going_on = [s for s in network.snapshot.stays if s.left_on is None or s.left_on > network.tonight]
    by_place = {(stay.facility, stay.minor): stay for stay in going_on}
    explained: dict[str, facts.Resident] = {}
    for house in network.snapshot.facilities:
        for at, resident in enumerate(house.residents):
            stay = by_place.get((house.id, resident.minor)) if resident.minor is not None else None
            if stay is not None and stay.id not in explained and _explains(network, stay, resident):
                explained[stay.id] = resident
                continue
            network.add(Resident, [_resident(house.id, at, resident)])
    for stay in network.snapshot.stays:
        entry = explained.get(stay.id)
        bed = stay.bed if entry is None else entry.bed
        known_bed = bed is not None and homes.get(bed) == stay.facility
        row = {"id": stay.id, "version": 1, "minor_id": stay.minor, "in_house": entry is not None}
        row |= {"facility_id": stay.facility if stay.facility in inside else None}
        row |= {"outside_facility": None if stay.facility in inside else stay.facility}
        row |= {"bed_id": bed if known_bed else None, "outside_bed": None if known_bed else bed}
        row |= {"admitted_on": stay.admitted_on, "left_on": stay.left_on}
        row |= {"expected_until": entry.until if entry is not None and stay.left_on is None else None}
        network.add(Stay, [row])
        network.add(StayPayer, _payers(stay))
        away = [{"away_from": start, "away_until": end} for start, end in stay.away]
        network.add(
            StayAbsence, ({"id": _id("out", stay.id, at), "stay_id": stay.id, **r} for at, r in enumerate(away))
        )


def _explains(network: _Network, stay: facts.Stay, entry: facts.Resident) -> bool:
    """Whether the snapshot built from this stay would hold exactly this resident."""
    minor, tonight = network.minors.get(stay.minor), network.tonight
    begins = stay.admitted_on if stay.admitted_on > tonight else None
    said = entry.from_ if entry.from_ is not None and entry.from_ > tonight else None
    ends = entry.until if stay.left_on is None else stay.left_on
    later_end = ends is None or ends > max(tonight, stay.admitted_on)
    same_bed = stay.bed in (None, entry.bed)
    if minor is None or begins != said or entry.until != ends or not later_end or not same_bed:
        return False
    young, old = minor.age_range or (None, None)
    age = age_of(_Aged(minor.born_on, young, old), tonight)
    return (entry.trafficking, entry.age) == (minor.trafficking, age)


class _Aged:
    """As much of a minor's row as an age follows from."""

    def __init__(self, born_on: date | None, age_min: int | None, age_max: int | None) -> None:
        self.born_on, self.age_min, self.age_max = born_on, age_min, age_max


def _resident(facility_id: str, at: int, entry: facts.Resident) -> Json:
    return {
        "id": _id("res", facility_id, at),
        "facility_id": facility_id,
        "bed_id": entry.bed,
        "minor_id": entry.minor,
        "trafficking": entry.trafficking,
        "age": entry.age,
        "present_from": entry.from_,
        "present_until": entry.until,
    }


def _payers(stay: facts.Stay) -> Sequence[Json]:
    return [
        {
            "id": _id("pay", stay.id, at),
            "stay_id": stay.id,
            "fund_id": payer.fund,
            "paid_from": payer.from_,
            "paid_until": payer.until,
        }
        for at, payer in enumerate(stay.payers)
    ]


def _referrals(session: Session, network: _Network, given: Mapping[str, str]) -> None:
    missing = [row.id for row in network.snapshot.referrals if row.id not in given]
    codes = {**codes_for(session, missing), **given}
    for row in network.snapshot.referrals:
        latitude, longitude = row.home_point or (None, None)
        plain = ("id", "opened_at", "urgency", "needed_from", "nights_needed")
        referral: Json = {name: getattr(row, name) for name in plain}
        referral |= {"version": 1, "code": codes[row.id], "minor_id": row.minor, "agency_id": network.agency_id}
        referral |= {"status": ReferralStatus.OPEN, "created_at": row.opened_at or network.now, "created_by": STATED_BY}
        network.add(Referral, [{**referral, "home_latitude": latitude, "home_longitude": longitude}])


def _id(prefix: str, *parts: object) -> str:
    """An id that follows from what it stands for: the same file always makes the same rows."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
    return f"{prefix}_{base64.b32encode(digest).decode().lower()[:20]}"


def _name(identifier: str, prefix: str) -> str:
    """A file has no names: what an id says is the best there is."""
    return identifier.removeprefix(prefix).replace("_", " ").strip().capitalize() or identifier
