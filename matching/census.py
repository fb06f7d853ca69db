"""Who is where on which night, which bed is free, and the look-ups that every rule needs."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from matching.bands import VICTIMS
from matching.dates import within_any
from matching.facts import Bed, Facility, Fund, Minor, Referral, Resident, Snapshot, Stay, Unit

ONE_DAY = timedelta(days=1)


class House:
    """One facility with its beds and people put together."""

    __slots__ = (
        "_best",
        "_named",
        "_unnamed",
        "by_bed",
        "dates",
        "facility",
        "held_for",
        "only_victims",
        "unit_beds",
    )

    def __init__(self, facility: Facility) -> None:
        self.facility = facility
        self.by_bed: dict[str, list[Resident]] = {}
        for resident in facility.residents:
            if resident.bed is not None:
                self.by_bed.setdefault(resident.bed, []).append(resident)
        self._unnamed = [
            named
            for unit in facility.units
            for bed in unit.beds
            if bed.status == "occupied" and (named := self._first_named(bed.id)) != date.min
        ]
        self.unit_beds = {unit.id: frozenset(bed.id for bed in unit.beds) for unit in facility.units}
        self.held_for = {bed.held_for for unit in facility.units for bed in unit.beds if bed.held_for is not None}
        self._named = {row.minor for row in facility.residents}
        self._best: dict[tuple[str, date, date], tuple[Bed, date | None] | None] = {}
        self.dates = sorted(set(self._dates()))
        self.only_victims = not self._unnamed and all(row.trafficking in VICTIMS for row in facility.residents)

    def others(self, on: date, minor: str) -> list[Resident]:
        """The residents present on a night, without this minor's own entry."""
        return [
            row
            for row in self.facility.residents
            if (row.until is None or on < row.until)
            and (row.from_ is None or row.from_ <= on)
            and (row.minor != minor or row.minor is None)
        ]

    def strangers_only(self, minor: str, avoided: Collection[str]) -> bool:
        """Whether no entry, past or to come, names this minor or somebody to be kept from."""
        return minor not in self._named and self._named.isdisjoint(avoided)

    def has_own(self, on: date, minor: str) -> bool:
        """Whether an entry of this minor is present."""
        return any(row.minor == minor and row.present(on) for row in self.facility.residents)

    def unlisted(self, on: date) -> int:
        """People in occupied beds whom no entry begun by that night names; no end is known for them."""
        return sum(named is None or named > on for named in self._unnamed)

    @property
    def most_unlisted(self) -> int:
        """The most people who could be unlisted on any night."""
        return len(self._unnamed)

    def _first_named(self, bed: str) -> date | None:
        """From when on an entry names a bed: always (date.min), from a date, or never."""
        return min((row.from_ or date.min for row in self.by_bed.get(bed, ())), default=None)

    def free(self, bed: Bed, on: date, minor: str, referrals: Collection[str], tonight: date) -> bool:
        """Whether a bed is free on a night for this minor, asking by one of these referrals."""
        if bed.unavailable and within_any(on, bed.unavailable):
            return False
        begun = False
        for row in self.by_bed.get(bed.id, ()):
            if row.minor != minor and row.present(on):
                return False
            begun = begun or row.from_ is None or row.from_ <= on
        if begun or bed.status == "open":
            return True
        if bed.status == "cleaning":
            return on > tonight
        return bed.status == "held" and bed.held_for is not None and bed.held_for in referrals

    def free_until(self, bed: Bed, on: date, end: date, minor: str) -> date | None:
        """The first night between `on` and `end` on which a bed that is free on `on` no longer is, if there is one."""
        starts = [start for start, stop in bed.unavailable if on < start < end and start < stop]
        starts += [
            row.from_
            for row in self.by_bed.get(bed.id, ())
            if row.minor != minor and row.from_ is not None and on < row.from_ < end and row.present(row.from_)
        ]
        return min(starts, default=None)

    def best_shared_bed(self, unit: Unit, on: date, end: date) -> tuple[Bed, date | None] | None:
        """The bed of a unit that is free for anybody on a night, and stays so the longest; ties go by id."""
        key = (unit.id, on, end)
        if key not in self._best:
            rows = [
                ((-(until or date.max).toordinal(), bed.id), bed, until)
                for bed in unit.beds
                if self.free(bed, on, "", (), on)
                for until in (self.free_until(bed, on, end, ""),)
            ]
            self._best[key] = min(rows, key=lambda row: row[0])[1:] if rows else None
        return self._best[key]

    def _dates(self) -> Iterator[date]:
        """Every date on which somebody comes or goes or a bed opens or closes."""
        for row in self.facility.residents:
            if row.from_ is not None:
                yield row.from_
            if row.until is not None:
                yield row.until
        for unit in self.facility.units:
            for bed in unit.beds:
                for start, end in bed.unavailable:
                    yield start
                    yield end


class Census:
    """A snapshot with its look-ups."""

    __slots__ = (
        "_avoided",
        "_houses",
        "_paid",
        "_wary",
        "approvals",
        "chains",
        "funds",
        "last_night",
        "looked_at",
        "minors",
        "payers",
        "presence",
        "referrals",
        "referrals_of",
        "snapshot",
        "stays_of",
        "tonight",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.tonight = snapshot.tonight
        self.last_night = snapshot.tonight + timedelta(days=snapshot.horizon_nights - 1)
        self.funds: dict[str, Fund] = {fund.id: fund for fund in snapshot.funds}
        self.minors: dict[str, Minor] = {minor.id: minor for minor in snapshot.minors}
        self.referrals: dict[str, Referral] = {referral.id: referral for referral in snapshot.referrals}
        self.referrals_of = _grouped(snapshot.referrals, "minor")
        self.stays_of: dict[str, list[Stay]] = _grouped(snapshot.stays, "minor")
        self.presence: dict[str, list[Resident]] = {}
        for facility in snapshot.facilities:
            for row in facility.residents:
                if row.minor is not None:
                    self.presence.setdefault(row.minor, []).append(row)
        self.approvals = {(row.minor, row.from_state, row.to_state) for row in snapshot.interstate_approvals}
        self._houses: dict[str, House] = {}
        self.looked_at = {fund.id: _looked_at(fund) for fund in snapshot.funds}
        self.payers: dict[Any, Any] = {}
        self.chains: dict[Any, Any] = {}
        self._paid = _paid(snapshot.stays)
        self._wary = [minor for minor in snapshot.minors if minor.avoid.minors]
        self._avoided: dict[str, frozenset[str]] = {}

    def house(self, facility: Facility) -> House:
        """The facility with its people; made once."""
        found = self._houses.get(facility.id)
        if found is None:
            found = self._houses[facility.id] = House(facility)
        return found

    def paid_by(self, fund: str) -> list[tuple[str, date, date]]:
        """The minors whose stays a fund pays, each with the half-open nights."""
        return self._paid.get(fund, [])

    def avoided_by(self, minor: Minor) -> frozenset[str]:
        """Everybody whom a minor must be kept from, in either direction."""
        found = self._avoided.get(minor.id)
        if found is None:
            others = (other.id for other in self._wary if minor.id in other.avoid.minors)
            found = self._avoided[minor.id] = frozenset((*minor.avoid.minors, *others))
        return found

    def waiting_siblings(self, minor: Minor, on: date) -> list[Minor]:
        """Those whom she or he names, who have a referral here, are not to be avoided, and live nowhere that night."""
        return [
            self.minors[other]
            for other in dict.fromkeys(minor.together_with)
            if other != minor.id
            and other in self.minors
            and other in self.referrals_of
            and other not in minor.avoid.minors
            and not any(row.present(on) for row in self.presence.get(other, ()))
        ]

    def referral_ids(self, minor: Minor) -> frozenset[str]:
        """Every referral of a minor."""
        return frozenset(row.id for row in self.referrals_of.get(minor.id, ()))


def _looked_at(fund: Fund) -> tuple[bool, bool]:
    """Whether a fund's limits look at the kind of a facility, and at its State's holidays."""
    kinds = any(row.facility_kinds or row.excluded_facility_kinds for row in fund.limits)
    return kinds, any(clock.unit == "business_day" for row in fund.limits for clock in row.clocks)


def _paid(stays: Iterable[Stay]) -> dict[str, list[tuple[str, date, date]]]:
    """The nights that each fund pays, stay by stay."""
    paid: dict[str, list[tuple[str, date, date]]] = {}
    for stay in stays:
        for payer in stay.payers:
            start = max(payer.from_, stay.admitted_on)
            end = min(payer.until or date.max, stay.left_on or date.max)
            if start < end:
                paid.setdefault(payer.fund, []).append((stay.minor, start, end))
    return paid


def _grouped(rows: Iterable[Any], key: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(getattr(row, key), []).append(row)
    return groups
