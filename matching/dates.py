"""Ages, half-open ranges of nights, and business days."""

from collections.abc import Collection
from datetime import date, timedelta

Nights = tuple[date, date]
"""Half-open: the first night in, the first night out."""

SATURDAY = 5


def birthday(born_on: date, age: int) -> date:
    """The first date on which a person born on `born_on` has completed `age` years.

    A person born on 29 February has a birthday on 1 March in common years.
    """
    year = born_on.year + age
    try:
        return born_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def age_on(born_on: date, on: date) -> int:
    """Completed years on a date."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def within(night: date, start: date | None, end: date | None) -> bool:
    """Whether `night` lies in `[start, end)`; None on a side means open there."""
    return (start is None or start <= night) and (end is None or night < end)


def within_any(night: date, ranges: Collection[Nights]) -> bool:
    """Whether `night` lies in one of the half-open ranges."""
    return any(start <= night < end for start, end in ranges)


def months_before(day: date, months: int) -> date:
    """The same day `months` calendar months earlier, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def is_business_day(day: date, holidays: Collection[date]) -> bool:
    """Neither Saturday, nor Sunday, nor one of `holidays`."""
    return day.weekday() < SATURDAY and day not in holidays
