"""Tables of the residences: facilities, licences, safeguards with evidence, units and beds.

A fact that is null is not known; no column has a default that would pass a rule. Where a house is stands in tables
of its own, which no listing joins: `facility_points` for distances, `facility_addresses` for those who bring a minor.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.codes import FacilityKind, county_place_state
from app.db import Base, Versioned

_FACILITY = "facilities.id"


class LicenceStatus(StrEnum):
    """What the State says of a licence."""

    ACTIVE = "active"
    PROVISIONAL = "provisional"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    NONE = "none"


class Population(StrEnum):
    """Whether a house takes trafficked minors alone."""

    TRAFFICKING_ONLY = "trafficking_only"
    MIXED = "mixed"


class SafeguardCode(StrEnum):
    """A condition of care or a right of the child, held with evidence."""

    EGRESS = "egress"
    FIRE_CLEARANCE = "fire_clearance"
    OUTSIDE_CONTACT = "outside_contact"
    REMOTE = "remote"
    EQUAL_ACTIVITIES = "equal_activities"
    AWAKE_NIGHT_STAFF = "awake_night_staff"
    EDUCATION = "education"
    GRIEVANCE_CONTACT = "grievance_contact"


class BedStatus(StrEnum):
    """The state of a bed on the board; HL7 v2 table 0116: U, none, O, H, C."""

    OPEN = "open"
    HELD = "held"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"
    OFFLINE = "offline"


class AddressShown(StrEnum):
    """How those who bring a minor learn the address; by phone unless the house chose otherwise."""

    BY_PHONE = "by_phone"
    ON_SCREEN = "on_screen"


SAFEGUARD_VALUES: dict[SafeguardCode, tuple[str, ...]] = {
    SafeguardCode.EGRESS: ("unlocked", "delayed_release", "locked_with_release", "locked_no_release"),
    SafeguardCode.OUTSIDE_CONTACT: ("open", "reviewed_individually", "blanket_ban"),
}
"""The values of the safeguards that are not yes or no."""


def _safeguard_values() -> str:
    worded = [f"(code = '{code}' AND value IN {values})" for code, values in SAFEGUARD_VALUES.items()]
    names = tuple(str(code) for code in SAFEGUARD_VALUES)
    return " OR ".join([*worded, f"(code NOT IN {names} AND value IN ('true', 'false'))"])


class Facility(Versioned, Base):
    """A licensed residence; `alias` is the name that is shown, `agency_id` whose people may change it."""

    __tablename__ = "facilities"
    __table_args__ = (
        *county_place_state(),
        CheckConstraint("night_ratio >= 0", name="night_ratio_not_negative"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[str | None] = mapped_column(ForeignKey("agencies.id"), index=True)
    alias: Mapped[str]
    kind: Mapped[FacilityKind]
    state: Mapped[str]
    region: Mapped[str | None]
    county: Mapped[str | None]
    place: Mapped[str | None]
    duty_phone: Mapped[str | None]
    population: Mapped[Population | None]
    admits: Mapped[list[str] | None]
    services: Mapped[list[str] | None]
    languages: Mapped[list[str] | None]
    declines: Mapped[list[str] | None]
    night_ratio: Mapped[int | None]
    funds_known: Mapped[bool]
    """False: which funds the house accepts is not known; true: they are the rows of `facility_funds`, perhaps none."""


class FacilityPoint(Base):
    """Latitude and longitude in degrees: for distances only, never shown."""

    __tablename__ = "facility_points"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_range"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_range"),
    )

    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True)
    latitude: Mapped[float]
    longitude: Mapped[float]


class FacilityAddress(Base):
    """Where a house is. Nothing reads this table but the page of an accepted placement."""

    __tablename__ = "facility_addresses"

    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True)
    shown: Mapped[AddressShown]
    lines: Mapped[list[str]]


class FacilityFund(Base):
    """A fund that a facility accepts as payer."""

    __tablename__ = "facility_funds"

    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True)
    fund_id: Mapped[str] = mapped_column(ForeignKey("funds.id"), primary_key=True, index=True)


class NightStaffing(Base):
    """How many workers are awake on one night: said by a person for that night, and for no other."""

    __tablename__ = "night_staffing"
    __table_args__ = (CheckConstraint("awake_staff >= 0", name="awake_staff_not_negative"),)

    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    awake_staff: Mapped[int]
    stated_at: Mapped[datetime]
    stated_by: Mapped[str]


class HouseStamp(Base):
    """How often anything changed in a house that a decision looks at. A claim names the count it was decided on.

    Its row is also the lock under which capacity is counted: everyone who moves somebody in a house takes it first.
    """

    __tablename__ = "house_stamps"

    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True)
    changes: Mapped[int]


class Veil(Base):
    """A house that some answer of this night called not available to an agency: it shows that agency no open bed.

    An open bed beside "not available" would say that somebody who lives there is the reason.
    """

    __tablename__ = "veils"

    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True, index=True)


class Licence(Versioned, Base):
    """A State's licence as it stands from `valid_from`; a variance is a new row, with its evidence."""

    __tablename__ = "licences"
    __table_args__ = (
        CheckConstraint("expires_on >= valid_from", name="dates_run_forward"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        CheckConstraint("min_age BETWEEN 0 AND 150", name="min_age_range"),
        CheckConstraint("max_age BETWEEN 0 AND 150", name="max_age_range"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), index=True)
    status: Mapped[LicenceStatus | None]
    valid_from: Mapped[date | None]
    expires_on: Mapped[date | None]
    """The first night that it does not cover."""
    capacity: Mapped[int | None]
    min_age: Mapped[int | None]
    max_age: Mapped[int | None]
    genders: Mapped[list[str] | None]
    infants: Mapped[bool | None]
    evidence: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class SafeguardEvidence(Base):
    """What somebody verified about one safeguard. Rows are added, never changed: the highest revision counts."""

    __tablename__ = "safeguard_evidence"
    __table_args__ = (CheckConstraint(f"value IS NULL OR {_safeguard_values()}", name="value_of_code"),)

    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY), primary_key=True)
    code: Mapped[SafeguardCode] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[str | None]
    verified_on: Mapped[date | None]
    verified_by: Mapped[str | None]
    expires_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class Unit(Versioned, Base):
    """A wing or group of rooms with one admission rule; what is null is no rule."""

    __tablename__ = "units"
    __table_args__ = (
        UniqueConstraint("facility_id", "id"),
        CheckConstraint("min_age BETWEEN 0 AND 150", name="min_age_range"),
        CheckConstraint("max_age BETWEEN 0 AND 150", name="max_age_range"),
        CheckConstraint("max_age_gap_years >= 0", name="max_age_gap_not_negative"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY))
    name: Mapped[str]
    genders: Mapped[list[str] | None]
    min_age: Mapped[int | None]
    max_age: Mapped[int | None]
    max_age_gap_years: Mapped[int | None]
    one_gender_a_night: Mapped[bool | None]
    """Whoever sleeps there on a night is of one gender, whichever it is."""


class Bed(Versioned, Base):
    """One licensed bed, and what a person last said of it."""

    __tablename__ = "beds"
    __table_args__ = (
        ForeignKeyConstraint(["facility_id", "unit_id"], ["units.facility_id", "units.id"]),
        UniqueConstraint("facility_id", "id"),
        Index(None, "facility_id", "unit_id"),
        CheckConstraint("held_for IS NULL OR status = 'held'", name="held_for_a_held_bed"),
        CheckConstraint("offline_until IS NULL OR status = 'offline'", name="until_of_an_offline_bed"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmation_whole"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    facility_id: Mapped[str] = mapped_column(ForeignKey(_FACILITY))
    unit_id: Mapped[str]
    name: Mapped[str]
    status: Mapped[BedStatus]
    reason: Mapped[str | None]
    held_for: Mapped[str | None]
    """The referral it waits for. No foreign key: referrals stand above beds, and the ledger says it by holds."""
    offline_until: Mapped[date | None]
    """The first night on which an offline bed can be slept in again; null: not known."""
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]


class BedUnavailable(Base):
    """Nights on which a bed cannot be slept in, `[from_night, until_night)`."""

    __tablename__ = "bed_unavailable"
    __table_args__ = (CheckConstraint("until_night >= from_night", name="dates_run_forward"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    bed_id: Mapped[str] = mapped_column(ForeignKey("beds.id"), index=True)
    from_night: Mapped[date]
    until_night: Mapped[date]
    reason: Mapped[str | None]
