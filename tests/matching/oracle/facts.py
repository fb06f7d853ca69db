"""Dates, ages, lists and three-valued outcomes, read straight from contract JSON."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

Json = dict[str, Any]

MET = "met"
NOT_MET = "not_met"
UNKNOWN = "unknown"

ALL_GENDERS = {"female", "male", "nonbinary"}
# Older than any bound or age in a file: enough to try "whatever the fact is".
SOME_AGES = range(31)


@cache
def day(text: str) -> date:
    """Give the date a contract string names."""
    return date.fromisoformat(text)


def opt_day(text: str | None) -> date | None:
    """Give the date, or None where none is given."""
    return None if text is None else day(text)


def plus(start: date, nights: int) -> date:
    """Give the date some nights later."""
    return start + timedelta(days=nights)


def nights(start: date, end: date) -> Iterator[date]:
    """Give every date of the half-open range, one by one."""
    while start < end:
        yield start
        start = plus(start, 1)


def inside(on: date, ranges: Iterable[list[str]] | None) -> bool:
    """Tell whether the date lies in one of the half-open ranges."""
    return any(day(start) <= on < day(end) for start, end in ranges or [])


def all_of(outcomes: Iterable[str]) -> str:
    """Combine: any not_met, else any unknown, else met."""
    seen = set(outcomes)
    return next((outcome for outcome in (NOT_MET, UNKNOWN) if outcome in seen), MET)


def any_of(outcomes: Iterable[str]) -> str:
    """Combine: any met, else any unknown, else not_met."""
    seen = set(outcomes)
    return next((outcome for outcome in (MET, UNKNOWN) if outcome in seen), NOT_MET)


def yes(answer: bool) -> str:
    """Give met for true and not_met for false."""
    return MET if answer else NOT_MET


def birthday(born_on: date, age: int) -> date:
    """Give the birthday on which that age is completed; 29 February becomes 1 March."""
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return date(born_on.year + age, 3, 1)


def age_on(born_on: date, on: date) -> int:
    """Count the birthdays that have passed."""
    age = 0
    while birthday(born_on, age + 1) <= on:
        age += 1
    return age


def ages(minor: Json, on: date) -> list[int] | None:
    """Give every age the minor may have on the date, None where nothing is known."""
    if minor.get("born_on") is not None:
        return [age_on(day(minor["born_on"]), on)]
    if minor.get("age_range") is not None:
        low, high = minor["age_range"]
        return list(range(low, high + 1))
    return None


def in_band(minor: Json, on: date, low: int | None, high: int | None) -> str:
    """Hold the age against a band in which None is no limit."""
    if low is None and high is None:
        return MET
    possible = ages(minor, on)
    if possible is None:
        return UNKNOWN
    fits = [(low is None or age >= low) and (high is None or age <= high) for age in possible]
    return MET if all(fits) else UNKNOWN if any(fits) else NOT_MET


def in_known_band(minor: Json, on: date, low: int | None, high: int | None) -> str:
    """Hold the age against a band in which None is not known: try whatever it may be."""
    lows = SOME_AGES if low is None else [low]
    highs = SOME_AGES if high is None else [high]
    outcomes = {in_band(minor, on, a, b) for a in lows for b in highs}
    return outcomes.pop() if len(outcomes) == 1 else UNKNOWN


def gender_in(gender: str | None, listed: list[str]) -> str:
    """Hold the stated gender against a list."""
    if gender is None:
        return MET if set(listed) >= ALL_GENDERS else UNKNOWN
    if gender in listed:
        return MET
    return UNKNOWN if gender == "nonbinary" else NOT_MET


def trafficking_in(status: str | None, listed: list[str]) -> str:
    """Hold the trafficking status against a list."""
    if status is None:
        return UNKNOWN
    if status in listed:
        return MET
    return UNKNOWN if status == "screening_pending" else NOT_MET


def place_of(minor: Json, basis: str, kind: str) -> str | None:
    """Give the county, place or state of one of the minor's three places."""
    value: str | None = (minor.get(basis) or {}).get(kind)
    return value


def by_id(rows: list[Json], wanted: str) -> Json:
    """Give the one row of that id."""
    (row,) = [row for row in rows if row["id"] == wanted]
    return row
