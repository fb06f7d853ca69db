"""The funds and the houses of a snapshot, as rows."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.facilities.forms import FACTS, UNIT, licence_columns, stored_value
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
from app.placements.network_rows import STATED_BY, Json, Network, derived_id, plain_name
from matching import facts


def add_funds(session: Session, network: Network, agencies: Mapping[str, str]) -> None:
    ids = dict(session.execute(select(Funder.name, Funder.id)).all())
    for fund in network.snapshot.funds:
        if fund.funder is not None and fund.funder not in ids:
            ids[fund.funder] = derived_id("funder", fund.funder)
            agency = agencies.get(fund.funder)
            session.add(Funder(id=ids[fund.funder], agency_id=agency, name=fund.funder))
        row: Json = {"id": fund.id, "version": 1, "program": fund.program, "last_resort": fund.last_resort}
        network.add(Fund, [{**row, "funder_id": None if fund.funder is None else ids[fund.funder]}])
        for position, limit in enumerate(fund.limits):
            limit_id, form = derived_id("limit", fund.id, position), asdict(limit)
            form["nights_granted"] = form.pop("nights_left")
            head = {"id": limit_id, "version": 1, "fund_id": fund.id, "position": position}
            network.add(FundLimit, [head | limit_columns(form)])
            network.add(FundClock, clock_columns(limit_id, form["clocks"]))
    session.flush()


def add_facility(network: Network, facility: facts.Facility, operator: str | None) -> None:
    own = {"facility_id": facility.id}
    said = {"recorded_at": network.now, "recorded_by": STATED_BY}
    row: Json = {name: getattr(facility, name) for name in FACTS}
    row |= {
        "version": 1,
        "agency_id": operator,
        "alias": plain_name(facility.id, "fac_"),
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
        head = {"id": derived_id("lic", facility.id), "version": 1, "evidence": None}
        network.add(Licence, [{**own, **head, **said, **licence}])
    for code in SafeguardCode:
        _safeguard(network, own | said, code, getattr(facility.safeguards, code))
    # A bed is asked for by its name, so no two of a house share one.
    numbers = count(1)
    for unit in facility.units:
        _unit(network, own, unit, numbers)


def _safeguard(network: Network, head: Json, code: SafeguardCode, evidence: facts.Evidence[Any]) -> None:
    if evidence.value is None:
        return
    until = evidence.expires_on or max(network.evidence_until(), evidence.verified_on or network.tonight)
    row = {"code": code, "revision": 1, "value": stored_value(evidence.value), "verified_by": STATED_BY}
    # Only nights from tonight on are ever judged, so the day on which an undated word was given changes no answer.
    dates = {"verified_on": evidence.verified_on or network.tonight, "expires_on": until}
    network.add(SafeguardEvidence, [{**head, **row, **dates}])


def _unit(network: Network, own: Json, unit: facts.Unit, numbers: Iterator[int]) -> None:
    row = {
        "id": unit.id,
        "version": 1,
        "name": plain_name(unit.id, "unit_"),
        **{name: getattr(unit, name) for name in UNIT},
    }
    network.add(Unit, [{**own, **row}])
    for bed in unit.beds:
        head = {"id": bed.id, "version": 1, "unit_id": unit.id, "name": f"Bed {next(numbers)}", "status": bed.status}
        held = {"reason": None, "held_for": bed.held_for if bed.status == "held" else None}
        confirmed_by = None if bed.confirmed_at is None else STATED_BY
        network.add(Bed, [{**own, **head, **held, "confirmed_at": bed.confirmed_at, "confirmed_by": confirmed_by}])
        network.add(
            BedUnavailable,
            (
                {
                    "id": derived_id("away", bed.id, at),
                    "bed_id": bed.id,
                    "from_night": start,
                    "until_night": end,
                    "reason": None,
                }
                for at, (start, end) in enumerate(bed.unavailable)
            ),
        )
