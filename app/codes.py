"""The coded words that several domains store and send: the contract's values, and the shapes of its ids and places."""

import hashlib
import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError, PydanticKnownError
from sqlalchemy import CheckConstraint


class FacilityKind(StrEnum):
    """What kind of residence a facility is."""

    EMERGENCY_SHELTER = "emergency_shelter"
    ASSESSMENT_CENTER = "assessment_center"
    SAFE_HOUSE = "safe_house"
    GROUP_HOME = "group_home"
    RESIDENTIAL_TREATMENT = "residential_treatment"
    TRANSITIONAL_LIVING = "transitional_living"
    FOSTER_HOME = "foster_home"
    THERAPEUTIC_FOSTER_HOME = "therapeutic_foster_home"
    SECURE_DETENTION = "secure_detention"


class Gender(StrEnum):
    """Gender as the young person states it, and as a licence or a unit lists it."""

    FEMALE = "female"
    MALE = "male"
    NONBINARY = "nonbinary"


class Trafficking(StrEnum):
    """A minor's trafficking status; never a score."""

    VERIFIED = "verified"
    AT_RISK = "at_risk"
    SCREENING_PENDING = "screening_pending"


class ResidentTrafficking(StrEnum):
    """As for a minor, or none: here for another reason."""

    VERIFIED = "verified"
    AT_RISK = "at_risk"
    SCREENING_PENDING = "screening_pending"
    NONE = "none"


class Custody(StrEnum):
    """Who has legal custody."""

    NONE = "none"
    PARENT = "parent"
    DEPENDENT = "dependent"
    WARD_STATE = "ward_state"
    WARD_JUSTICE = "ward_justice"
    TRIBAL = "tribal"


class Basis(StrEnum):
    """The three counties of a minor."""

    RESIDENCE = "residence"
    FOUND = "found"
    JURISDICTION = "jurisdiction"


NAMES: set[str] = set()
"""Every member that a request or reply may have: what is none of these may be somebody's name."""


class ApiModel(BaseModel):
    """What every request and reply inherits: an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        NAMES.update(field.alias or name for name, field in cls.model_fields.items())


def _calendar_date(sent: Any) -> Any:
    """Text as a date, and no number in quotes, which would be taken for seconds since 1970."""
    if not isinstance(sent, str):
        return sent
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", sent, re.ASCII):
        raise PydanticKnownError("date_parsing", {"error": "form"})
    try:
        return date.fromisoformat(sent)
    except ValueError:
        raise PydanticKnownError("date_parsing", {"error": "calendar"}) from None


# PostgreSQL takes no NUL in a text, and no reader needs another control character: one that turns the direction of
# what follows, or shows nothing, makes a name look like another.
Words = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]+$",
    ),
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
"""Small letters and no blanks: "Arson" would be another code than "arson", and let somebody pass."""
Ref = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
County = Annotated[str, Field(pattern=r"^[0-9]{5}$", description="5-digit FIPS code of a county")]
Place = Annotated[str, Field(pattern=r"^[0-9]{7}$", description="7-digit census place FIPS code")]
State = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="2-letter postal code of a State")]
Age = Annotated[int, Field(ge=0, le=150, description="completed years")]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Positive = Annotated[int, Field(ge=1, le=100_000)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


def _instant(sent: Any) -> Any:
    """Text as an instant, with its offset."""
    if not isinstance(sent, str):
        return sent
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", sent, re.ASCII):
        raise PydanticKnownError("datetime_parsing", {"error": "form"})
    try:
        at = datetime.fromisoformat(sent)
    except ValueError:
        raise PydanticKnownError("datetime_parsing", {"error": "calendar"}) from None
    if not 1990 <= at.year <= 2199:  # a slip of the pen; in UTC it could run off the calendar
        raise PydanticKnownError("datetime_parsing", {"error": "calendar"})
    return at


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
CalendarDate = Annotated[date, BeforeValidator(_calendar_date)]
# A date beyond these is a slip of the pen, and arithmetic on it would run off the calendar.
Day = Annotated[CalendarDate, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]


def address(*steps: str) -> str:
    """The path of a resource. Ids of a network's own file may hold what a header or a path cannot."""
    return "/v1/" + "/".join(quote(step, safe="") for step in steps)


def storable(text: str) -> bool:
    """Whether both databases take a text: PostgreSQL takes no NUL, and half a surrogate pair is no UTF-8."""
    return not re.search("[\x00\ud800-\udfff]", text)


def trail_id(identifier: str) -> str:
    """An id as the audit trail takes it: one of a network's own file may be a text, and then a hash stands for it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", identifier):
        return identifier
    return f"id_{hashlib.sha256(identifier.encode()).hexdigest()[:40]}"


def wrong(words: str, *at: str | int) -> PydanticCustomError:
    """What is wrong with fields that contradict each other, in words of ours: never with what was sent.

    `at`: the field to correct, as steps from the model that says it.
    """
    return PydanticCustomError("own_words", "{words}", {"words": words, "at": at})


def place_of(error: Any) -> tuple[str | int, ...]:
    """Where an error of pydantic's is, as steps from the body: of what fields contradict, the one to correct."""
    return (*error["loc"], *error.get("ctx", {}).get("at", ()))


def in_order(model: BaseModel, first: str, last: str) -> None:
    """Refuse a pair that runs backwards; a side that is null is open."""
    low, high = getattr(model, first), getattr(model, last)
    if low is not None and high is not None and high < low:
        names = [type(model).model_fields[name].alias or name for name in (first, last)]
        raise wrong(f"Expected {names[0]} or {'later' if isinstance(low, date) else 'more'}.", names[1])


def shaped(column: str, length: int, letters: str = "0123456789") -> CheckConstraint:
    """A CHECK, the same on both databases, that a code has this many characters of these."""
    return CheckConstraint(f"length({column}) = {length} AND rtrim({column}, '{letters}') = ''", name=f"{column}_shape")


def county_place_state() -> tuple[CheckConstraint, CheckConstraint, CheckConstraint]:
    """The shapes of a table's `county`, `place` and `state`."""
    return shaped("county", 5), shaped("place", 7), shaped("state", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
