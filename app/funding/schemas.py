"""What the API takes and answers about funds; a limit has the form of the snapshot contract."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.bodies import Sent
from app.codes import (
    Age,
    ApiModel,
    Basis,
    Code,
    Count,
    County,
    Custody,
    Day,
    FacilityKind,
    Gender,
    Place,
    Positive,
    Ref,
    State,
    Trafficking,
    Words,
    in_order,
    wrong,
)
from app.funding.models import Absence, ClockScope, ClockUnit, ClockWindow
from app.versions import Version

MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", description="MM-DD")]


class Extension(ApiModel):
    """Adds `by` to the cap each time `approval` was granted, at most `times` times."""

    by: Count
    times: Count
    approval: Code


class Clock(ApiModel):
    """One stay cap and how it counts."""

    id: Code
    limit: Count
    unit: ClockUnit
    window: ClockWindow
    window_days: Positive | None = None
    window_months: Positive | None = None
    scope: ClockScope = ClockScope.FUND
    gap_days: Count = 0
    absence: Absence = Absence.COUNTS
    fiscal_year_start: MonthDay | None = None
    extension: Extension | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.unit is not ClockUnit.NIGHT and self.window not in (ClockWindow.STAY, ClockWindow.CHAIN):
            raise wrong("Days and business days are counted over a stay or a chain.", "window")
        if self.window is ClockWindow.TRAILING and (self.window_days is None) == (self.window_months is None):
            raise wrong("A trailing window has exactly one of window_days and window_months.", "window_days")
        if self.window is ClockWindow.FISCAL_YEAR and self.fiscal_year_start is None:
            raise wrong("A fiscal year needs fiscal_year_start.", "fiscal_year_start")
        if self.fiscal_year_start is not None:
            try:
                date.fromisoformat(f"2001-{self.fiscal_year_start}")
            except ValueError:
                raise wrong("A fiscal year begins on a day that every year has.", "fiscal_year_start") from None
        return self


class Residence(ApiModel):
    """Where a minor must live, have been found, or be under a court: any basis and any listed place is enough."""

    basis: Annotated[list[Basis], Field(min_length=1)]
    counties: list[County] | None = None
    places: list[Place] | None = None
    states: list[State] | None = None


class CustodyLimit(ApiModel):
    """Custody that the fund pays for, and custody that it does not."""

    allow: Annotated[list[Custody], Field(min_length=1)] | None = None
    deny: list[Custody] | None = None


class LimitForm(ApiModel):
    """A fund's dated conditions. What is null or absent is no rule."""

    valid_from: date
    valid_until: date | None = None
    citation: str | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    leaves_at_age: Age | None = None
    residence: Residence | None = None
    custody: CustodyLimit | None = None
    trafficking: Annotated[list[Trafficking], Field(min_length=1)] | None = None
    genders: Annotated[list[Gender], Field(min_length=1)] | None = None
    facility_kinds: Annotated[list[FacilityKind], Field(min_length=1)] | None = None
    excluded_facility_kinds: list[FacilityKind] | None = None
    requires: list[Code] | None = None
    clocks: list[Clock] = Field(default_factory=list)
    beds_per_night: Count | None = None
    nights_granted: Count | None = None
    rate_cents: Count | None = None


class LimitCreate(LimitForm, Sent):
    """A new dated row of a fund's conditions."""

    valid_from: Day
    valid_until: Day | None = None
    citation: Words | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "valid_from", "valid_until")
        in_order(self, "min_age", "max_age")
        return self


class LimitChange(LimitCreate):
    """The whole row as it shall be."""

    version: Version = None


class LimitRead(LimitForm):
    """One dated row of a fund's conditions."""

    id: str
    version: int


class FundCreate(Sent):
    """A new fund; its conditions are added as limits."""

    funder: Words
    funder_agency_id: Ref | None = Field(
        default=None,
        description="The agency whose people may change its limits; your own, unless yours leads the coalition",
    )
    program: Words
    last_resort: bool = Field(default=False, description="Pays only where no other accepted payer can")


class FundChange(Sent):
    """What changes about a fund; what is absent stays."""

    program: Words | None = None
    last_resort: bool | None = None
    version: Version = None


class FundRead(ApiModel):
    """One grant, contract or entitlement that pays nights."""

    id: str
    version: int
    funder: str | None
    program: str | None
    last_resort: bool
