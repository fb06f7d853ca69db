"""The young people of a snapshot, where they stay and what is asked for them, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy.orm import Session

from app.beds.ledger import NIGHT, NOBODY, REACH, Payer
from app.beds.models import Resident
from app.codes import Basis
from app.minors.forms import avoid_rows, minor_columns, place_rows, wish_rows
from app.minors.models import InterstateApproval, KeepApart, Minor, MinorAvoids, MinorPlace, MinorWish, Sibling
from app.placements.network_rows import STATED_BY, Json, Network, derived_id
from app.referrals.codes import codes_for
from app.referrals.models import Referral, ReferralStatus
from app.sharing.models import Grant, Relation
from app.stays.models import Stay, StayAbsence, StayPayer
from app.stays.residents import age_of
from matching import facts


def add_minors(network: Network) -> None:
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
            {"id": derived_id("grant", minor.id), "minor_id": minor.id, "valid_from": network.now, **owner}
            for minor in snapshot.minors
        ),
    )


def add_stays(network: Network) -> None:
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
            row = _resident(house.id, at, resident)
            network.add(Resident, [row])
            _seat_resident(network, row)
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
        end = _seat_stay(network, stay, row)
        network.add(StayPayer, _payers(stay, network.tonight if end is not None else None))
        away = [{"away_from": start, "away_until": end} for start, end in stay.away]
        network.add(
            StayAbsence, ({"id": derived_id("out", stay.id, at), "stay_id": stay.id, **r} for at, r in enumerate(away))
        )


def _explains(network: Network, stay: facts.Stay, entry: facts.Resident) -> bool:
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
    stated = entry.gender in (None, minor.gender)
    return stated and (entry.trafficking, entry.age) == (minor.trafficking, age)


class _Aged:
    """As much of a minor's row as an age follows from."""

    def __init__(self, born_on: date | None, age_min: int | None, age_max: int | None) -> None:
        self.born_on, self.age_min, self.age_max = born_on, age_min, age_max


def _resident(facility_id: str, at: int, entry: facts.Resident) -> Json:
    return {
        "id": derived_id("res", facility_id, at),
        "facility_id": facility_id,
        "bed_id": entry.bed,
        "minor_id": entry.minor,
        "trafficking": entry.trafficking,
        "age": entry.age,
        "gender": entry.gender,
        "present_from": entry.from_,
        "present_until": entry.until,
        "closed_at": None,
    }


def _payers(stay: facts.Stay, ledger_from: date | None) -> Sequence[Json]:
    """What the file states of the nights before the ledger; of all nights where the stay is not in it."""
    rows = []
    for at, payer in enumerate(stay.payers):
        until = payer.until
        if ledger_from is not None:
            until = ledger_from if until is None else min(until, ledger_from)
            if until <= payer.from_:
                continue
        row: Json = {"id": derived_id("pay", stay.id, at), "stay_id": stay.id, "fund_id": payer.fund}
        rows.append(row | {"paid_from": payer.from_, "paid_until": until})
    return rows


def _seat_stay(network: Network, stay: facts.Stay, row: Json) -> date | None:
    """The nights to come of somebody who lives in a bed of the network, or will; None where there are none."""
    if not row["in_house"] or row["facility_id"] is None or row["bed_id"] is None:
        return None
    first, until = max(stay.admitted_on, network.tonight), stay.left_on or row["expected_until"]
    if until is None:
        # Far enough that the last night shows who goes on paying.
        ends = [payer.until for payer in stay.payers if payer.until is not None and payer.until > first]
        until = max([first + REACH, *(end + NIGHT for end in ends)])
    if until <= first:
        return None
    limits = {payer.fund: network.limit_on(payer.fund, stay.admitted_on) for payer in stay.payers}

    def paid(night: date) -> Payer:
        for payer in stay.payers:
            if payer.from_ <= night and (payer.until is None or night < payer.until):
                return Payer(payer.fund, limits[payer.fund])
        return NOBODY

    network.seat({"stay_id": stay.id}, row["facility_id"], row["bed_id"], stay.minor, first, until, paid)
    return first


def _seat_resident(network: Network, row: Json) -> None:
    if row["bed_id"] is None:
        return
    first = max(row["present_from"] or network.tonight, network.tonight)
    until = row["present_until"] or first + REACH
    holder = {"resident_id": row["id"]}
    network.seat(holder, row["facility_id"], row["bed_id"], row["minor_id"], first, until, lambda _: NOBODY)


def add_referrals(session: Session, network: Network, given: Mapping[str, str]) -> None:
    missing = [row.id for row in network.snapshot.referrals if row.id not in given]
    codes = {**codes_for(session, missing), **given}
    for row in network.snapshot.referrals:
        latitude, longitude = row.home_point or (None, None)
        plain = ("id", "opened_at", "urgency", "needed_from", "nights_needed")
        referral: Json = {name: getattr(row, name) for name in plain}
        referral |= {"version": 1, "code": codes[row.id], "minor_id": row.minor, "agency_id": network.agency_id}
        referral |= {"status": ReferralStatus.OPEN, "created_at": row.opened_at or network.now, "created_by": STATED_BY}
        network.add(Referral, [{**referral, "home_latitude": latitude, "home_longitude": longitude}])
