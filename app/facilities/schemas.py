"""What the API takes and answers about residences. No reply holds an address or a point: that is a secret."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.bodies import Sent
from app.codes import (
    Age,
    ApiModel,
    Code,
    Count,
    County,
    Day,
    FacilityKind,
    Gender,
    Latitude,
    Longitude,
    Place,
    Ref,
    State,
    Trafficking,
    Words,
    in_order,
)
from app.facilities.models import SAFEGUARD_VALUES, AddressShown, BedStatus, LicenceStatus, Population, SafeguardCode
from app.versions import Version

Genders = Annotated[list[Gender], Field(min_length=1)]
Phone = Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[0-9+() .x-]+$")]
OpenBeds = Literal["none", "1", "2_or_more"]


class FacilityFacts(Sent):
    """What is known of a house; null or absent is not known."""

    region: Words | None = Field(default=None, description="As shown to everyone; never so small that it tells where")
    duty_phone: Phone | None = None
    population: Population | None = None
    admits: Annotated[list[Trafficking], Field(min_length=1)] | None = Field(
        default=None, description="Null is no limit"
    )
    services: list[Code] | None = None
    languages: list[Code] | None = None
    declines: list[Code] | None = None
    night_ratio: Count | None = Field(default=None, description="Young people for each awake worker")
    funds: list[Ref] | None = Field(default=None, description="Funds it accepts; an empty list: none")
    county: County | None = None
    place: Place | None = None
    point: tuple[Latitude, Longitude] | None = Field(default=None, description="For distances only; never answered")


class FacilityCreate(FacilityFacts):
    """A new house."""

    alias: Words = Field(description="The name that is shown")
    kind: FacilityKind
    state: State
    agency_id: Ref | None = Field(
        default=None, description="The agency that runs it; your own, unless yours leads the coalition"
    )


class FacilityChange(FacilityFacts):
    """What changes about a house; what is absent stays, and null makes it not known."""

    alias: Words | None = None
    version: Version = None


class HouseOnly(ApiModel):
    """What only the house itself and the administrator read."""

    county: str | None
    place: str | None
    awake_staff_tonight: int | None


class FacilityRead(ApiModel):
    """One residence, as the directory shows it."""

    id: str
    version: int
    alias: str
    kind: FacilityKind
    state: str
    region: str | None
    duty_phone: str | None
    population: Population | None
    admits: list[Trafficking] | None
    services: list[str] | None
    languages: list[str] | None
    declines: list[str] | None
    night_ratio: int | None
    funds: list[str] | None
    open_beds: OpenBeds | None = Field(description="Null for those who do not place young people")
    house_only: HouseOnly | None


class AddressChange(Sent):
    """Where a house is, and how those who bring a young person learn it."""

    lines: Annotated[list[Words], Field(min_length=1, max_length=6)]
    shown: AddressShown = Field(
        default=AddressShown.BY_PHONE, description="on_screen only where the house chose it; else it is told by phone"
    )


class AddressKept(ApiModel):
    """That an address is on record. The address itself is in no answer."""

    facility_id: str
    shown: AddressShown


class LicenceForm(ApiModel):
    """A State's licence from a date on; what is null is not known."""

    status: LicenceStatus | None = None
    valid_from: date | None = None
    expires_on: date | None = Field(default=None, description="The first night that it does not cover")
    capacity: Count | None = None
    min_age: Age | None = None
    max_age: Age | None = Field(default=None, description="17 is until the 18th birthday")
    genders: Genders | None = None
    infants: bool | None = None
    evidence: str | None = Field(default=None, description="Number, letter or visit that shows it")


class LicenceCreate(LicenceForm, Sent):
    """A new licence, a renewal, or a variance: with its evidence."""

    valid_from: Day | None = None
    expires_on: Day | None = None
    evidence: Words

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "valid_from", "expires_on")
        in_order(self, "min_age", "max_age")
        return self


class LicenceChange(LicenceCreate):
    """The whole licence as it shall be."""

    version: Version = None


class LicenceRead(LicenceForm):
    """One licence."""

    id: str
    version: int


class SafeguardChange(Sent):
    """What was verified about a safeguard, by whom, and until when the evidence counts. Null value: not known."""

    value: bool | Code | None
    verified_on: Day | None = None
    verified_by: Words | None = None
    expires_on: Day | None = None
    version: Annotated[int | None, Field(ge=0, le=2_000_000_000)] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "verified_on", "expires_on")
        return self


class SafeguardRead(ApiModel):
    """The latest word on one safeguard. Without who verified it, when, and until when, it is not known to a ranking."""

    code: SafeguardCode
    value: bool | str | None
    verified_on: date | None
    verified_by: str | None
    expires_on: date | None
    version: int = Field(description="0 where nothing was ever recorded")


def allowed_values(code: SafeguardCode) -> tuple[bool | str, ...]:
    """What a safeguard may say."""
    return SAFEGUARD_VALUES.get(code, (True, False))


class UnitForm(ApiModel):
    """The admission rule of a wing or group of rooms; what is null is no rule."""

    name: str
    genders: Genders | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    max_age_gap_years: Count | None = None
    one_gender_a_night: bool | None = Field(
        default=None, description="Whether all who sleep there on a night are of one gender, whichever it is"
    )


class UnitCreate(UnitForm, Sent):
    """A new unit."""

    name: Words

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "min_age", "max_age")
        return self


class UnitChange(UnitCreate):
    """The whole unit as it shall be."""

    version: Version = None


class UnitRead(UnitForm):
    """One unit of a house."""

    id: str
    version: int


class Nights(ApiModel):
    """The nights `[from, until)`."""

    from_: Annotated[date, Field(alias="from")]
    until: date
    reason: str | None = None


class NightsForm(Nights):
    """Nights on which a bed cannot be slept in."""

    from_: Annotated[Day, Field(alias="from")]
    until: Day
    reason: Words | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "from_", "until")
        return self


class BedForm(Sent):
    """What does not change from night to night."""

    name: Words
    unavailable: list[NightsForm] = Field(default_factory=list, max_length=100)


class BedCreate(BedForm):
    """A new bed. It is offline until a person says what it is."""

    unit_id: Ref


class BedChange(BedForm):
    """The whole bed as it shall be; its status has an address of its own."""

    version: Version = None


class BedRead(ApiModel):
    """One licensed bed, and what a person last said of it."""

    id: str
    version: int
    unit_id: str
    name: str
    status: BedStatus
    reason: str | None
    held_for: str | None
    offline_until: date | None = Field(description="The first night in use again; null: not offline, or not known")
    confirmed_at: datetime | None
    confirmed_by: str | None = Field(description="The person or key who last said so")
    unavailable: list[Nights]
