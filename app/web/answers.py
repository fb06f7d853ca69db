"""Reads what people type on a call: ages, dates, numbers, counties. What cannot be read says how to write it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.codes import place_of
from app.errors import FieldError, Problem, invalid
from app.web import words
from app.web.places import counties_meant
from app.web.translation import gettext

Model = TypeVar("Model", bound=BaseModel)

ABOUT = 1  # "about 15" is 14 to 16
YOUNGEST, OLDEST = 1, 45  # beyond these it is a slip; who is too old for every house is told so on the answer
MONTHS = {name.lower(): n for n, name in enumerate(words.MONTHS, start=1)}


class Unreadable(ValueError):
    """The answer means nothing to us; the message says how to write it, and never repeats what was typed."""


class Form(Mapping[str, str]):
    """What a form sent: some names once, some several times. What was not sent is empty."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value.strip())

    def __getitem__(self, name: str) -> str:
        return self._values[name][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def one(self, name: str) -> str:
        """The one value of a name."""
        return self._values.get(name, [""])[-1]

    def many(self, name: str) -> list[str]:
        """Every value of a name that is not empty, once."""
        return list(dict.fromkeys(value for value in self._values.get(name, []) if value))

    def whole(self, name: str) -> int | None:
        """A whole number that a form of ours carries, such as the version that was read; anything else is none."""
        said = self.one(name)
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None

    def has(self, name: str, value: str) -> bool:
        """Whether this choice was made; the empty choice also where nothing was sent."""
        return value in self._values.get(name, [""])


def chosen(model: type[Model], values: Mapping[str, object]) -> Model:
    """What a short form sent, as the API's schema takes it; refuses by field, and never repeats what was sent."""
    try:
        return model.model_validate(values, strict=False)
    except ValidationError as error:
        places = ["/" + "/".join(map(str, place_of(wrong))) for wrong in error.errors()]
        raise invalid([FieldError(at, "choose", gettext("Choose one of the answers")) for at in places]) from None


def told(problem: Problem) -> str:
    """A refusal as one text above a page: what is wrong in the fields, each thing once, or else why it was refused."""
    fields = list(dict.fromkeys(error.message for error in problem.errors))
    if fields and problem.detail is None:
        return " ".join(fields)
    return " ".join([problem.detail or f"{problem.title}.", *fields])


def age_or_birth_date(text: str, today: date) -> tuple[date | None, tuple[int, int] | None]:
    """A birth date, or the youngest and oldest age: "15", "about 15", "14-16", "3/2/2011"."""
    said = text.lower().replace("\u2013", "-").strip()
    if not said:
        return None, None
    if match := re.fullmatch(r"(\d{1,2})", said):
        return None, _ages(int(said), int(said))
    if match := re.fullmatch(r"(?:about|around|ca\.?|~|maybe)\s*(\d{1,2})", said):
        age = int(match[1])
        low, high = _ages(age, age)
        return None, (max(YOUNGEST, low - ABOUT), high + ABOUT)
    if match := re.fullmatch(r"(\d{1,2})\s*(?:-|to|or)\s*(\d{1,2})", said):
        return None, _ages(int(match[1]), int(match[2]))
    how = gettext("Write the age as 15, about 15 or 14-16, or the birth date as 3/2/2011")
    try:
        born = day(said)
    except Unreadable:
        raise Unreadable(how) from None
    if not date(1980, 1, 1) <= born <= today:
        raise Unreadable(gettext("This birth date cannot be: check the year"))
    return born, None


def _ages(low: int, high: int) -> tuple[int, int]:
    """Two ages of one young person; a slip of the pen is no answer."""
    if low > high:
        raise Unreadable(gettext("Write the lower age first, such as 14-16"))
    if not YOUNGEST <= low <= high <= OLDEST:
        raise Unreadable(
            gettext("Check the age: it should lie between %(low)s and %(high)s") % {"low": YOUNGEST, "high": OLDEST}
        )
    return low, high


def day(text: str) -> date:
    """A date: "11/28/2026", "2026-11-28", "Nov 28, 2026"."""
    said = text.lower().strip()
    try:
        if match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", said):
            return date(int(match[3]), int(match[1]), int(match[2]))
        if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", said):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if (match := re.fullmatch(r"([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4})", said)) and match[1] in MONTHS:
            return date(int(match[3]), MONTHS[match[1]], int(match[2]))
    except ValueError:
        raise Unreadable(gettext("There is no such day: check month and day")) from None
    raise Unreadable(gettext("Write the date as month/day/year, such as 11/28/2026"))


def night(text: str) -> date:
    """The date of a night somewhere: a year beyond these is a slip of the pen."""
    said = day(text)
    if not 1990 <= said.year <= 2199:
        raise Unreadable(gettext("Check the year: it should lie between 1990 and 2199"))
    return said


def moment(text: str, zone: tzinfo) -> datetime | None:
    """A date and an hour of the network's own time, as a browser's field sends them; empty is not said."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError:
        raise Unreadable(gettext("Write the date and the time as 2026-11-28T22:00")) from None


def number(text: str, low: int, high: int) -> int | None:
    """A whole number between two others; empty is not known."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
        raise Unreadable(gettext("Write a whole number from %(low)s to %(high)s") % {"low": low, "high": high})
    return int(text)


def county(text: str) -> str | None:
    """The code of a county named with its State; empty is not known."""
    if not text:
        return None
    found = counties_meant(text)
    if not found:
        raise Unreadable(gettext("Write the county with its State, such as Fulton, GA"))
    if len(found) > 1:
        one, other = (f"{row.short}, {row.state}" for row in found)
        raise Unreadable(
            gettext("Two places have this name: write %(one)s or %(other)s") % {"one": one, "other": other}
        )
    return found[0].fips


def parts(text: str) -> list[str]:
    """What stands between semicolons or line breaks."""
    return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
