"""What the API takes and answers about a need profile. Absent or null is not known; empty is asked, and none."""

from datetime import date
from math import ceil
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.codes import (
    Age,
    ApiModel,
    CalendarDate,
    Code,
    Count,
    County,
    Custody,
    Gender,
    Latitude,
    Longitude,
    Place,
    Ref,
    State,
    Trafficking,
    wrong,
)
from app.facilities.counties import state_of
from app.minors.models import History

Codes = Annotated[list[Code], Field(max_length=100)]
Refs = Annotated[list[Ref], Field(max_length=200)]
BirthDate = Annotated[CalendarDate, Field(ge=date(1980, 1, 1), le=date(2199, 12, 31))]
Kilometres = Annotated[float, Field(ge=0, le=20_100, allow_inf_nan=False)]


class Where(ApiModel):
    """A county, place (city) and State; `none` means that there is no such place at all."""

    county: County | None = None
    place: Place | None = None
    state: State | None = None
    none: bool = False


class WhereForm(Where):
    """Where; a county or a place brings its State."""

    @model_validator(mode="after")
    def _in_its_state(self) -> Self:
        if self.none and (self.county or self.place or self.state):
            raise wrong("Either there is no such place, or it is this one.", "none")
        for name, code in (("county", self.county), ("place", self.place)):
            if code is None:
                continue
            lies_in = state_of(code)
            if lies_in is None:
                raise wrong(f"No State has a {name} of this number.", name)
            if self.state not in (None, lies_in):
                raise wrong(f"This {name} lies in another State.", name)
            self.state = lies_in
        return self


class Needs(ApiModel):
    """What a minor needs: `services` and `languages` order the houses, `services_required` excludes."""

    services: Codes | None = None
    services_required: Codes | None = None
    languages: Codes | None = None
    conditions: Codes | None = Field(default=None, description="What a house may exclude; empty: none of these")
    infants: Annotated[int, Field(ge=0, le=20)] | None = None


def _coarse(circle: tuple[float, float, float]) -> tuple[float, float, float]:
    """A circle on a grid of 0.02 degrees that holds the one that was sent, its radius an even number of kilometres.

    Asked with ever finer circles, an answer would give away where a house stands.
    """
    latitude, longitude, kilometres = circle
    kept = _on_grid(latitude), _on_grid(longitude)
    reach = kilometres + (0 if kept == (latitude, longitude) else GRID_KM)
    return *kept, max(STEP_KM, STEP_KM * ceil(reach / STEP_KM))


def _on_grid(degrees: float) -> float:
    return round(round(degrees * 50) / 50, 2)


STEP_KM = 2.0
"""Of a circle's radius, and the smallest one."""
GRID_KM = 1.6
"""As far as a point of the grid can be from what was sent, rounded up."""
Circle = Annotated[tuple[Latitude, Longitude, Kilometres], AfterValidator(_coarse)]


class Avoid(ApiModel):
    """Where and with whom a minor is not safe."""

    counties: list[County] = Field(default_factory=list, max_length=500)
    circles: list[Circle] = Field(
        default_factory=list,
        max_length=50,
        description="Latitude, longitude, kilometres; kept to about 2 kilometres, never smaller than sent",
    )
    minors: Refs = Field(default_factory=list)
    facilities: Refs = Field(default_factory=list)


class Wishes(ApiModel):
    """Houses the young person would like, and those refused."""

    prefer: Refs = Field(default_factory=list)
    refuse: Refs = Field(default_factory=list)


class InterstateApproval(ApiModel):
    """An approval to be placed from one State in another (ICPC)."""

    from_state: State
    to_state: State


class MinorFacts(ApiModel):
    """The need profile of a minor, without identity. Everything may be left out: it is then not known."""

    born_on: BirthDate | None = None
    age_range: tuple[Age, Age] | None = Field(
        default=None, description="Youngest and oldest, where no birth date is known"
    )
    gender: Gender | None = Field(default=None, description="As the young person states it")
    residence: WhereForm | None = None
    found: WhereForm | None = None
    jurisdiction: WhereForm | None = None
    custody: Custody | None = None
    trafficking: Trafficking | None = None
    needs: Needs = Needs()
    approvals: Codes | None = None
    avoid: Avoid = Avoid()
    together_with: Refs = Field(default_factory=list, description="Siblings who wait too")
    wishes: Wishes = Wishes()
    history: History | None = Field(default=None, description="complete: the past stays on record are all there are")
    interstate_approvals: list[InterstateApproval] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _youngest_first(self) -> Self:
        if self.age_range is not None and self.age_range[0] > self.age_range[1]:
            raise wrong("The youngest age comes first.", "age_range")
        return self


class NeedsRead(ApiModel):
    """What a minor needs; null is not known."""

    services: list[str] | None
    services_required: list[str] | None
    languages: list[str] | None
    conditions: list[str] | None
    infants: Count | None


OF_OTHERS = "Null: whose referral it is not is told of no other young person"


class AvoidRead(ApiModel):
    """Where and with whom a minor is not safe."""

    counties: list[County]
    circles: list[tuple[float, float, float]]
    minors: list[str] | None = Field(description=OF_OTHERS)
    facilities: list[str]


class WishesRead(ApiModel):
    """Houses the young person would like, and those refused."""

    prefer: list[str]
    refuse: list[str]


class MinorRead(ApiModel):
    """The need profile of a minor; null is not known."""

    id: str
    born_on: date | None
    age_range: tuple[Age, Age] | None
    gender: Gender | None
    residence: Where | None
    found: Where | None
    jurisdiction: Where | None
    custody: Custody | None
    trafficking: Trafficking | None
    needs: NeedsRead
    approvals: list[str] | None
    avoid: AvoidRead
    together_with: list[str] | None = Field(description=OF_OTHERS)
    wishes: WishesRead
    history: History | None
    interstate_approvals: list[InterstateApproval]

    def others(self) -> list[str]:
        """The other young people whom it names, for whoever is told of them."""
        return [*(self.avoid.minors or ()), *(self.together_with or ())]
