"""Who is where on which night, which bed is free, and the look-ups that every rule needs."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from matching.bands import VICTIMS, same_gender
from matching.dates import within_any
from matching.facts import Bed, Facility, Fund, Minor, Referral, Resident, Snapshot, Stay, Unit
from matching.findings import MET

ONE_DAY = timedelta(days=1)


class House:
    """One facility with its beds and people put together."""

    __slots__ = (
        "_best",
        "_by_bed",
        "_comings",
        "_dates",
        "_gender_of",
        "_named",
        "_only_victims",
        "_present",
        "_shared",
        "_slept_in",
        "_unit_beds",
        "_unnamed",
        "facility",
        "held_for",
        "payers",
        "tonight",
    )

    def __init__(self, facility: Facility, tonight: date, gender_of: Callable[[Resident], str | None]) -> None:
        self.facility = facility
        self.tonight = tonight
        self._gender_of = gender_of
        self._by_bed: dict[str, list[Resident]] | None = None
        settled = {row.bed for row in facility.residents if row.from_ is None}
        self._unnamed: dict[str, date | None] = {}
        self.held_for: set[str] = set()
        for unit in facility.units:
            for bed in unit.beds:
                if bed.status == "occupied" and bed.id not in settled:
                    coming = [row.from_ for row in self.by_bed.get(bed.id, ()) if row.from_ is not None]
                    self._unnamed[bed.id] = min(coming, default=None)
                if bed.held_for is not None:
                    self.held_for.add(bed.held_for)
        self._named = {row.minor for row in facility.residents}
        self._present: dict[date, list[Resident]] = {}
        self._slept_in: dict[date, set[str | None]] = {}
        self._shared: dict[tuple[str, date], list[Bed]] = {}
        self._best: dict[tuple[str, date, date, str | None], tuple[Bed, date | None]] = {}
        self._comings: dict[str, list[tuple[date, str | None, str | None]]] = {}
        self._dates: list[date] | None = None
        self.payers: list[tuple[Fund, Hashable]] | None = None
        self._unit_beds: dict[str, frozenset[str]] | None = None
        self._only_victims: bool | None = None

    @property
    def by_bed(self) -> dict[str, list[Resident]]:
        """The residents of each bed, whenever they are there."""
        if self._by_bed is None:
            self._by_bed = {}
            for row in self.facility.residents:
                if row.bed is not None:
                    self._by_bed.setdefault(row.bed, []).append(row)
        return self._by_bed

    @property
    def dates(self) -> list[date]:
        """Every date on which somebody comes or goes or a bed opens or closes, in order."""
        if self._dates is None:
            self._dates = sorted(set(self._all_dates()))
        return self._dates

    @property
    def unit_beds(self) -> dict[str, frozenset[str]]:
        """The ids of the beds of each unit."""
        if self._unit_beds is None:
            self._unit_beds = {unit.id: frozenset(bed.id for bed in unit.beds) for unit in self.facility.units}
        return self._unit_beds

    @property
    def only_victims(self) -> bool:
        """Whether everybody who ever lives here is known to have been trafficked or to be at risk of it."""
        if self._only_victims is None:
            residents = self.facility.residents
            self._only_victims = not self._unnamed and all(row.trafficking in VICTIMS for row in residents)
        return self._only_victims

    def others(self, on: date, minor: str) -> list[Resident]:
        """The residents present on a night, without this minor's own entry."""
        present = self._present.get(on)
        if present is None:
            present = self._present[on] = [
                row
                for row in self.facility.residents
                if (row.until is None or on < row.until) and (row.from_ is None or row.from_ <= on)
            ]
        return [row for row in present if row.minor != minor] if minor in self._named else present

    def has_own(self, on: date, minor: str) -> bool:
        """Whether an entry of this minor is present."""
        return any(row.minor == minor and row.present(on) for row in self.facility.residents)

    def unlisted(self, on: date) -> int:
        """People in occupied beds whom no entry begun by that night names; no end is known for them."""
        return sum(named is None or named > on for named in self._unnamed.values()) if self._unnamed else 0

    def unlisted_in(self, unit: Unit, on: date) -> bool:
        """Whether somebody unlisted sleeps in a unit."""
        beds = self.unit_beds[unit.id]
        return any(bed in beds and (named is None or named > on) for bed, named in self._unnamed.items())

    @property
    def most_unlisted(self) -> int:
        """The most people who could be unlisted on any night."""
        return len(self._unnamed)

    def free(self, bed: Bed, on: date, minor: str, referrals: Collection[str]) -> bool:
        """Whether a bed is free on a night for this minor, asking by one of these referrals."""
        begun = False
        for row in self.by_bed.get(bed.id, ()):
            if row.from_ is None or row.from_ <= on:
                if row.minor != minor and (row.until is None or on < row.until):
                    return False
                begun = True
        if bed.unavailable and within_any(on, bed.unavailable):
            return False
        if begun or bed.status == "open":
            return True
        if bed.status == "cleaning":
            return on > self.tonight
        return bed.status == "held" and bed.held_for is not None and bed.held_for in referrals

    def free_beds(self, unit: Unit, on: date, minor: str, referrals: Collection[str]) -> list[Bed]:
        """The beds of a unit that are free on a night for this minor, asking by one of these referrals."""
        if minor in self._named or not self.held_for.isdisjoint(referrals):
            return [bed for bed in unit.beds if self.free(bed, on, minor, referrals)]
        return self.shared_beds(unit, on)

    def shared_beds(self, unit: Unit, on: date) -> list[Bed]:
        """The beds of a unit that are free on a night for anybody."""
        found = self._shared.get((unit.id, on))
        if found is None:
            free, taken = self.free, self._taken(on)
            found = [bed for bed in unit.beds if bed.id not in taken and free(bed, on, "", ())]
            self._shared[unit.id, on] = found
        return found

    def _taken(self, on: date) -> set[str | None]:
        """The beds that somebody has on a night."""
        found = self._slept_in.get(on)
        if found is None:
            found = self._slept_in[on] = {row.bed for row in self.others(on, "")}
        return found

    def free_until(self, bed: Bed, on: date, end: date, minor: str) -> date | None:
        """The first night between `on` and `end` on which a bed that is free on `on` no longer is, if there is one."""
        starts = [start for start, stop in bed.unavailable if on < start < end and start < stop]
        starts += [
            row.from_
            for row in self.by_bed.get(bed.id, ())
            if row.minor != minor and row.from_ is not None and on < row.from_ < end and row.present(row.from_)
        ]
        return min(starts, default=None)

    def of_one_gender_until(self, unit: Unit, on: date, end: date, minor: str, gender: str | None) -> date | None:
        """The first night between `on` and `end` on which a unit is no longer of one gender with this minor in it.

        Somebody comes then who is not known to be of the same. Who is there on `on` ends nothing: that is judged as
        the minor comes.
        """
        if not unit.one_gender_a_night:
            return None
        comings = self._comings.get(unit.id)
        if comings is None:
            beds = self.unit_beds[unit.id]
            comings = self._comings[unit.id] = [
                (row.from_, row.minor, self._gender_of(row))
                for row in self.facility.residents
                if row.bed in beds and row.from_ is not None and row.present(row.from_)
            ]
        unlike = (
            came
            for came, who, other in comings
            if on < came < end and who != minor and same_gender(gender, other) is not MET
        )
        return min(unlike, default=None)

    def place_until(self, unit: Unit, bed: Bed, on: date, end: date, minor: str, gender: str | None) -> date | None:
        """The first night between `on` and `end` on which a minor can no longer have a bed that is free on `on`."""
        ends = self.free_until(bed, on, end, minor), self.of_one_gender_until(unit, on, end, minor, gender)
        return min((night for night in ends if night is not None), default=None)

    def best_shared_bed(self, unit: Unit, on: date, end: date, gender: str | None) -> tuple[Bed, date | None]:
        """Of the beds of a unit that are free for anybody on a night the one free the longest; ties go by id.

        `gender` is that of whoever comes; it matters where the unit is of one gender a night.
        """
        key = (unit.id, on, end, gender if unit.one_gender_a_night else None)
        found = self._best.get(key)
        if found is None:
            beds = [(bed, self.place_until(unit, bed, on, end, "", gender)) for bed in self.shared_beds(unit, on)]
            found = self._best[key] = min(beds, key=lambda row: (-(row[1] or date.max).toordinal(), row[0].id))
        return found

    def _all_dates(self) -> Iterator[date]:
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
        "_paid_on",
        "_wary",
        "_worth",
        "alike",
        "approvals",
        "chains",
        "funds",
        "houses_of",
        "last_night",
        "looked_at",
        "minors",
        "payer_findings",
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
        self.houses_of: dict[str, set[str]] = {}
        self._find(snapshot)
        self.approvals = {(row.minor, row.from_state, row.to_state) for row in snapshot.interstate_approvals}
        self._houses: dict[str, House] = {}
        self.looked_at = {fund.id: _looked_at(fund) for fund in snapshot.funds}
        self.payers: dict[Any, dict[Any, Any]] = {}
        self.payer_findings: dict[Any, Any] = {}
        self.chains: dict[Any, Any] = {}
        self.alike: dict[Any, int] = {}
        self._paid = _paid(snapshot.stays)
        self._paid_on: dict[tuple[str, date], list[str]] = {}
        self._wary: dict[str, list[str]] = {}
        for minor in snapshot.minors:
            for other in minor.avoid.minors:
                self._wary.setdefault(other, []).append(minor.id)
        self._avoided: dict[str, frozenset[str]] = {}
        self._worth: dict[str, int] | None = None

    def _find(self, snapshot: Snapshot) -> None:
        """Note every entry, and its facility, of the minors who are known here and of all whom they name."""
        named = {
            person for minor in snapshot.minors for person in (minor.id, *minor.avoid.minors, *minor.together_with)
        }
        for facility in snapshot.facilities:
            for row in facility.residents:
                if row.minor is not None and row.minor in named:
                    self.presence.setdefault(row.minor, []).append(row)
                    self.houses_of.setdefault(row.minor, set()).add(facility.id)

    def house(self, facility: Facility) -> House:
        """The facility with its people; made once."""
        found = self._houses.get(facility.id)
        if found is None:
            found = self._houses[facility.id] = House(facility, self.tonight, self.gender_of)
        return found

    def payers_of(self, facility: Facility) -> list[tuple[Fund, Hashable]]:
        """The accepted funds, each once, by id; each with a key, equal for houses alike in what the fund looks at."""
        house = self.house(facility)
        if house.payers is None:
            house.payers = [
                (self.funds[fund], self._seen(fund, facility)) for fund in sorted({*(facility.funds or ())})
            ]
        return house.payers

    def _seen(self, fund: str, facility: Facility) -> Hashable:
        kinds, states = self.looked_at[fund]
        if not kinds and not states:
            return fund
        return fund, facility.kind if kinds else None, facility.state if states else None

    def forget(self) -> None:
        """Let go of what was judged of payers: they look back here, and only the collector could free such a ring."""
        self.payers.clear()
        self.payer_findings.clear()
        self.chains.clear()
        self.alike.clear()

    def gender_of(self, resident: Resident) -> str | None:
        """What a resident states, else what the house says; None where neither is known."""
        own = None if resident.minor is None else self.minors.get(resident.minor)
        return resident.gender if own is None or own.gender is None else own.gender

    def paid_by(self, fund: str) -> list[tuple[str, date, date]]:
        """The minors whose stays a fund pays, each with the half-open nights."""
        return self._paid.get(fund, [])

    def paid_on(self, fund: str, on: date) -> list[str]:
        """The minors whose stays a fund pays on a night; counted once."""
        found = self._paid_on.get((fund, on))
        if found is None:
            found = self._paid_on[fund, on] = [who for who, start, end in self.paid_by(fund) if start <= on < end]
        return found

    def avoided_by(self, minor: Minor) -> frozenset[str]:
        """Everybody whom a minor must be kept from, in either direction."""
        found = self._avoided.get(minor.id)
        if found is None:
            found = self._avoided[minor.id] = frozenset((*minor.avoid.minors, *self._wary.get(minor.id, ())))
        return found

    @property
    def worth(self) -> dict[str, int]:
        """What a night in a bed is worth to those still to come, by the bed's id, as many as are free tonight."""
        if self._worth is None:
            self._worth = {}
            prices = self.snapshot.prices
            for facility in self.snapshot.facilities if prices else ():
                for unit in facility.units:
                    free = len(self.house(facility).shared_beds(unit, self.tonight))
                    price = prices.of(unit.id, free) if prices else None
                    self._worth |= {bed.id: price for bed in unit.beds if price is not None}
        return self._worth

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
