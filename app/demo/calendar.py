"""Public holidays of the demo's State, worked out for any year, and birthdays."""

from datetime import date, timedelta


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th such weekday of the month (Monday is 0)."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _observed(day: date) -> date:
    """A fixed holiday moves to Friday or Monday when it falls on a weekend."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def holidays(first: date, last: date) -> list[str]:
    """The holidays from first to last, both included, as ISO dates in order."""
    days: set[date] = set()
    for year in range(first.year, last.year + 1):
        thanksgiving = _nth(year, 11, 3, 4)
        days |= {_observed(date(year, *fixed)) for fixed in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))}
        days |= {_nth(year, 1, 0, 3), _nth(year, 9, 0, 1), thanksgiving, thanksgiving + timedelta(days=1)}
        days.add(_nth(year, 6, 0, 1) - timedelta(days=7))  # the last Monday of May
    return [day.isoformat() for day in sorted(days) if first <= day <= last]


def birthday(born: date, age: int) -> date:
    """The date on which someone turns `age`; 29 February becomes 1 March in common years."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def age_on(born: date, day: date) -> int:
    """Completed years on a date."""
    years = day.year - born.year
    return years if birthday(born, years) <= day else years - 1
