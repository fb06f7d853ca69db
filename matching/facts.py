"""What a decision may look at: the snapshot of one instant, as frozen values.

Names and meanings are those of the snapshot contract, version 1. A fact that is None is not known; a limit
that is None or empty is no rule. A trailing underscore stands where the JSON name is a Python word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

from matching.dates import Nights, within

Value = TypeVar("Value", covariant=True)

# What a plain value stands for; the codec knows the shape that each name asks for.
Id = Annotated[str, "id"]
Code = Annotated[str, "code"]
Words = Annotated[str, "words"]
County = Annotated[str, "county"]
Place = Annotated[str, "place"]
State = Annotated[str, "state"]
MonthDay = Annotated[str, "month_day"]
Age = Annotated[int, "age"]
Count = Annotated[int, "count"]
Positive = Annotated[int, "positive"]
Latitude = Annotated[float, "latitude"]
Longitude = Annotated[float, "longitude"]
Kilometres = Annotated[float, "kilometres"]
Urgency = Annotated[int, "urgency"]
Horizon = Annotated[int, "horizon"]
Instant = Annotated[datetime, "instant"]

FacilityKind = Literal[
    "emergency_shelter",
    "assessment_center",
    "safe_house",
    "group_home",
    "residential_treatment",
    "transitional_living",
    "foster_home",
    "therapeutic_foster_home",
    "secure_detention",
]
LicenceStatus = Literal["active", "provisional", "suspended", "expired", "none"]
Population = Literal["trafficking_only", "mixed"]
Gender = Literal["female", "male", "nonbinary"]
Trafficking = Literal["verified", "at_risk", "screening_pending"]
ResidentTrafficking = Literal["verified", "at_risk", "screening_pending", "none"]
Custody = Literal["none", "parent", "dependent", "ward_state", "ward_justice", "tribal"]
Egress = Literal["unlocked", "delayed_release", "locked_with_release", "locked_no_release"]
OutsideContact = Literal["open", "reviewed_individually", "blanket_ban"]
BedStatus = Literal["open", "held", "occupied", "cleaning", "offline"]
Basis = Literal["residence", "found", "jurisdiction"]
ClockUnit = Literal["night", "day", "business_day"]
ClockWindow = Literal["stay", "chain", "trailing", "fiscal_year", "lifetime"]
History = Literal["complete"]

Point = tuple[Latitude, Longitude]
"""Latitude and longitude in degrees."""

Circle = tuple[Latitude, Longitude, Kilometres]
"""Latitude, longitude in degrees, and radius in kilometres."""


@dataclass(frozen=True, slots=True)
class Evidence(Generic[Value]):
    """What is on record for one safeguard, and the nights on which that record counts."""

    value: Value | None = None
    verified_on: date | None = None
    expires_on: date | None = None

    def on(self, night: date) -> Value | None:
        """The value where the evidence is current on `night`, else None: expired evidence is not known."""
        begun = self.verified_on is None or self.verified_on <= night
        return self.value if begun and (self.expires_on is None or night < self.expires_on) else None


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The conditions of care and rights of the child that a facility has on record."""

    egress: Evidence[Egress] = Evidence()
    fire_clearance: Evidence[bool] = Evidence()
    outside_contact: Evidence[OutsideContact] = Evidence()
    remote: Evidence[bool] = Evidence()
    equal_activities: Evidence[bool] = Evidence()
    awake_night_staff: Evidence[bool] = Evidence()
    education: Evidence[bool] = Evidence()
    grievance_contact: Evidence[bool] = Evidence()


@dataclass(frozen=True, slots=True)
class Licence:
    """A State's licence. `expires_on` is the first night it does not cover; `max_age` 17 ends at the 18th birthday."""

    status: LicenceStatus | None = None
    valid_from: date | None = None
    expires_on: date | None = None
    capacity: Count | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    genders: tuple[Gender, ...] | None = None
    infants: bool | None = None


@dataclass(frozen=True, slots=True)
class Staffing:
    """Children per awake worker at night, and the workers awake tonight."""

    night_ratio: Count | None = None
    awake_staff_tonight: Count | None = None


@dataclass(frozen=True, slots=True)
class Bed:
    """One licensed bed. `held_for` names the referral that a held bed waits for."""

    id: Id
    status: BedStatus
    held_for: Id | None = None
    confirmed_at: Instant | None = None
    unavailable: tuple[Nights, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A wing or group of rooms with one admission rule; every field but the beds is a limit.

    `one_gender_a_night`: whoever sleeps there on a night is of one gender, whichever it is.
    """

    id: Id
    genders: tuple[Gender, ...] | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    max_age_gap_years: Count | None = None
    one_gender_a_night: bool | None = None
    beds: tuple[Bed, ...] = ()

    @property
    def looks_at_others(self) -> bool:
        """Whether who else sleeps there on a night matters to it."""
        return self.max_age_gap_years is not None or bool(self.one_gender_a_night)


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives in a facility, or will: `[from_, until)`, None on a side where no date is known.

    `gender` counts where the minor's own is not in the snapshot.
    """

    minor: Id | None = None
    bed: Id | None = None
    trafficking: ResidentTrafficking | None = None
    age: Age | None = None
    gender: Gender | None = None
    from_: date | None = None
    until: date | None = None

    def present(self, night: date) -> bool:
        """Whether this person is there on `night`."""
        return within(night, self.from_, self.until)


@dataclass(frozen=True, slots=True)
class Facility:
    """A licensed residence, as far as it is known."""

    id: Id
    kind: FacilityKind
    state: State
    county: County | None = None
    place: Place | None = None
    point: Point | None = None
    licence: Licence = Licence()
    population: Population | None = None
    admits: tuple[Trafficking, ...] | None = None
    safeguards: Safeguards = Safeguards()
    staffing: Staffing = Staffing()
    services: tuple[Code, ...] | None = None
    languages: tuple[Code, ...] | None = None
    declines: tuple[Code, ...] | None = None
    funds: tuple[Id, ...] | None = None
    units: tuple[Unit, ...] = ()
    residents: tuple[Resident, ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """Adds `by` to a cap each time `approval` was granted, at most `times` times."""

    by: Count
    times: Count
    approval: Code


@dataclass(frozen=True, slots=True)
class Clock:
    """One stay cap and how it counts (the rules' section 5)."""

    id: Id
    limit: Count
    unit: ClockUnit
    window: ClockWindow
    window_days: Positive | None = None
    window_months: Positive | None = None
    scope: Literal["fund", "facility"] = "fund"
    gap_days: Count = 0
    absence: Literal["pauses", "counts"] = "counts"
    fiscal_year_start: MonthDay | None = None
    extension: Extension | None = None


@dataclass(frozen=True, slots=True)
class ResidenceLimit:
    """Where a minor must live, have been found, or be under a court: any basis and any listed place is enough."""

    basis: tuple[Basis, ...]
    counties: tuple[County, ...] | None = None
    places: tuple[Place, ...] | None = None
    states: tuple[State, ...] | None = None


@dataclass(frozen=True, slots=True)
class CustodyLimit:
    """Custody a fund pays for, and custody it does not."""

    allow: tuple[Custody, ...] | None = None
    deny: tuple[Custody, ...] | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One dated row of a fund's conditions; the row in force on the governing date governs the whole stay."""

    valid_from: date
    valid_until: date | None = None
    citation: Words | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    leaves_at_age: Age | None = None
    residence: ResidenceLimit | None = None
    custody: CustodyLimit | None = None
    trafficking: tuple[Trafficking, ...] | None = None
    genders: tuple[Gender, ...] | None = None
    facility_kinds: tuple[FacilityKind, ...] | None = None
    excluded_facility_kinds: tuple[FacilityKind, ...] | None = None
    requires: tuple[Code, ...] | None = None
    clocks: tuple[Clock, ...] = ()
    beds_per_night: Count | None = None
    nights_left: Count | None = None
    rate_cents: Count | None = None


@dataclass(frozen=True, slots=True)
class Fund:
    """One grant, contract or entitlement that pays nights."""

    id: Id
    funder: Words | None = None
    program: Words | None = None
    last_resort: bool = False
    limits: tuple[Limit, ...] = ()

    def limit_on(self, day: date) -> Limit | None:
        """The row in force on a date: the latest `valid_from`, of equal ones the first listed."""
        found: Limit | None = None
        for row in self.limits:
            if within(day, row.valid_from, row.valid_until) and (found is None or row.valid_from > found.valid_from):
                found = row
        return found


@dataclass(frozen=True, slots=True)
class Where:
    """A county, place (city) and State; `none` means that there is no such place at all."""

    county: County | None = None
    place: Place | None = None
    state: State | None = None
    none: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a minor needs. `services` and `languages` are wanted (they order); `services_required` excludes."""

    services: tuple[Code, ...] | None = None
    services_required: tuple[Code, ...] | None = None
    languages: tuple[Code, ...] | None = None
    conditions: tuple[Code, ...] | None = None
    infants: Count | None = None


@dataclass(frozen=True, slots=True)
class Avoid:
    """Where and with whom a minor must not be."""

    counties: tuple[County, ...] = ()
    circles: tuple[Circle, ...] = ()
    minors: tuple[Id, ...] = ()
    facilities: tuple[Id, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """Facilities the young person would like, and those refused."""

    prefer: tuple[Id, ...] = ()
    refuse: tuple[Id, ...] = ()


@dataclass(frozen=True, slots=True)
class Minor:
    """The young person a referral is about: a profile without identity."""

    id: Id
    born_on: date | None = None
    age_range: tuple[Age, Age] | None = None
    gender: Gender | None = None
    residence: Where = Where()
    found: Where = Where()
    jurisdiction: Where = Where()
    custody: Custody | None = None
    trafficking: Trafficking | None = None
    needs: Needs = Needs()
    approvals: tuple[Code, ...] | None = None
    avoid: Avoid = Avoid()
    together_with: tuple[Id, ...] = ()
    wishes: Wishes = Wishes()
    history: History | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """A request to place one minor. `urgency` 1 is tonight with no safe place, 4 is planned."""

    id: Id
    minor: Id
    urgency: Urgency
    opened_at: Instant | None = None
    needed_from: date | None = None
    nights_needed: Positive | None = None
    home_point: Point | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """A fund and the half-open nights it pays; `until` None goes on."""

    fund: Id
    from_: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Nights slept or planned, `[admitted_on, left_on)`, and who paid; a night no payer covers was paid by none."""

    id: Id
    minor: Id
    facility: Id
    admitted_on: date
    left_on: date | None = None
    bed: Id | None = None
    away: tuple[Nights, ...] = ()
    payers: tuple[Payer, ...] = ()


@dataclass(frozen=True, slots=True)
class InterstateApproval:
    """An approval for one minor to be placed from one State in another (ICPC)."""

    minor: Id
    from_state: State
    to_state: State


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Which stored order of terms applies."""

    id: str = "default"
    version: int = 1


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """What a night in one bed of a unit is worth to those still to come, in units of cost.

    `by_free` begins where one bed of the unit is free tonight, then two, and so on; its last number holds for more.
    """

    unit: Id
    by_free: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """What was learnt from the past of what beds are worth to those still to come, and from how much of it."""

    learnt_on: date
    nights: Count
    referrals: Count
    history_sha256: Id
    units: tuple[UnitPrices, ...] = ()

    def of(self, unit: str, free: int) -> int | None:
        """A night in a bed of a unit that has so many free tonight, whoever pays it; None where nothing was learnt."""
        found = next((row.by_free for row in self.units if row.unit == unit), ())
        return found[min(max(free, 1), len(found)) - 1] if found else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a decision may look at, at one instant."""

    as_of: Instant
    tonight: date
    horizon_nights: Horizon
    policy: PolicyRef = PolicyRef()
    facilities: tuple[Facility, ...] = ()
    funds: tuple[Fund, ...] = ()
    minors: tuple[Minor, ...] = ()
    referrals: tuple[Referral, ...] = ()
    stays: tuple[Stay, ...] = ()
    holidays: Mapping[State, frozenset[date]] = field(default_factory=dict)
    interstate_approvals: tuple[InterstateApproval, ...] = ()
    prices: Prices | None = None
    version: Literal[1] = 1
    digest: str | None = field(default=None, init=False, compare=False, repr=False)
    """The hash of the canonical bytes, once it is known; never copied to another snapshot."""
