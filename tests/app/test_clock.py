"""The night belongs to the evening it began on, until the hour at which nights turn."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.clock import MovableClock, SystemClock

ATLANTA = ZoneInfo("America/New_York")
NINE = time(9, 0)


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2026-11-21T22:14:00-05:00", date(2026, 11, 21)),
        ("2026-11-22T02:14:00-05:00", date(2026, 11, 21)),
        ("2026-11-22T08:59:59-05:00", date(2026, 11, 21)),
        ("2026-11-22T09:00:00-05:00", date(2026, 11, 22)),
        ("2026-11-22T03:00:00+00:00", date(2026, 11, 21)),
        ("2026-11-22T13:59:00+00:00", date(2026, 11, 21)),
    ],
)
def test_tonight(instant: str, night: date) -> None:
    assert MovableClock(ATLANTA, NINE, datetime.fromisoformat(instant)).tonight() == night


def test_a_movable_clock_stands_until_it_is_moved() -> None:
    clock = MovableClock(ATLANTA, NINE, datetime(2026, 11, 22, 3, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.move(timedelta(hours=11))
    assert clock.now() == datetime(2026, 11, 22, 14, tzinfo=UTC)
    assert clock.tonight() == date(2026, 11, 22)


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        MovableClock(ATLANTA, NINE, datetime(2026, 11, 22))  # noqa: DTZ001


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock(ATLANTA, NINE).now().tzinfo is UTC
