"""Ages, half-open ranges and business days, against counting on the calendar."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.dates import age_on, birthday, days_in_month, is_business_day, months_before, within, within_any

ONE = timedelta(days=1)
DATES = st.dates(date(1900, 1, 1), date(2150, 12, 31))


@pytest.mark.parametrize(
    ("born_on", "on", "age"),
    [
        (date(2009, 3, 2), date(2027, 3, 1), 17),
        (date(2009, 3, 2), date(2027, 3, 2), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 28), 19),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 11, 21), date(2026, 11, 21), 0),
    ],
)
def test_completed_years(born_on: date, on: date, age: int) -> None:
    assert age_on(born_on, on) == age


@given(DATES, st.integers(0, 150))
def test_a_birthday_is_the_first_day_of_an_age(born_on: date, age: int) -> None:
    on = birthday(born_on, age)
    assert age_on(born_on, on) == age
    assert age == 0 or age_on(born_on, on - ONE) == age - 1


@given(DATES, st.integers(0, 60_000))
def test_an_age_counts_the_birthdays_so_far(born_on: date, days: int) -> None:
    on = born_on + timedelta(days=days)
    assert age_on(born_on, on) == sum(birthday(born_on, age) <= on for age in range(1, 180))


@given(DATES, st.integers(1, 40))
def test_months_before_keeps_the_day_or_takes_the_last(on: date, months: int) -> None:
    found = months_before(on, months)
    assert (on.year * 12 + on.month) - (found.year * 12 + found.month) == months
    assert found.day == min(on.day, monthrange(found.year, found.month)[1])


@pytest.mark.parametrize(
    ("on", "months", "found"),
    [
        (date(2026, 11, 21), 12, date(2025, 11, 21)),
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2026, 5, 31), 1, date(2026, 4, 30)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 21), 100_000, date.min),
        (date(1, 12, 3), 11, date(1, 1, 3)),
        (date(1, 12, 3), 12, date.min),
    ],
)
def test_months_before(on: date, months: int, found: date) -> None:
    assert months_before(on, months) == found


@given(st.integers(1, 9998), st.integers(1, 12))
def test_days_in_a_month(year: int, month: int) -> None:
    assert days_in_month(year, month) == monthrange(year, month)[1]


@given(DATES, st.none() | DATES, st.none() | DATES)
def test_a_range_holds_its_first_night_and_not_its_last(night: date, start: date | None, end: date | None) -> None:
    held = set()
    if (start or night) <= night and (end or night + ONE) > night:
        held.add(night)
    assert within(night, start, end) is (night in held)
    if start is not None and end is not None:
        assert within_any(night, [(start, end)]) is (night in held)


def test_both_ends_of_a_range() -> None:
    start, end = date(2026, 12, 24), date(2026, 12, 27)
    inside = [within(start + timedelta(days=more), start, end) for more in range(-1, 5)]
    assert inside == [False, True, True, True, False, False]
    assert not within_any(start, [])
    assert within_any(start, [(end, end + ONE), (start, end)])
    assert not within_any(start, [(start, start)])


def test_business_days_leave_out_the_weekend_and_holidays() -> None:
    week = [date(2026, 11, 21) + timedelta(days=more) for more in range(7)]
    assert [is_business_day(on, {date(2026, 11, 26)}) for on in week] == [False, False, True, True, True, False, True]
