"""Where time comes from. Nothing else in the product asks the machine what time it is."""

from abc import ABC, abstractmethod
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request


class Clock(ABC):
    """The instant, and the night it belongs to in the network's time zone."""

    def __init__(self, zone: ZoneInfo, night_turns_at: time) -> None:
        self.zone = zone
        self.night_turns_at = night_turns_at

    @abstractmethod
    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def tonight(self) -> date:
        """The night of this instant."""
        return self.night_of(self.now())

    def today(self) -> date:
        """The local date of this instant: from midnight until the night turns, the day after tonight."""
        return self.now().astimezone(self.zone).date()

    def night_of(self, at: datetime) -> date:
        """The local date of the evening: until the night turns it is still the evening before."""
        local = at.astimezone(self.zone)
        if local.time() < self.night_turns_at:
            return local.date() - timedelta(days=1)
        return local.date()


class SystemClock(Clock):
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def machine_time() -> datetime:
    """What other machines call now, for what they check by their own clocks, whatever the demo's clock says."""
    return datetime.now(UTC)


class MovableClock(Clock):
    """A clock that stands still until it is moved: for tests and the demo."""

    def __init__(self, zone: ZoneInfo, night_turns_at: time, start: datetime) -> None:
        super().__init__(zone, night_turns_at)
        self.set(start)

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        """Move to an instant, which must carry its offset."""
        if instant.tzinfo is None:
            raise ValueError("a clock needs an instant with an offset")
        self._now = instant.astimezone(UTC)

    def move(self, by: timedelta) -> None:
        """Move by a span, forward or back."""
        self._now += by


async def get_clock(request: Request) -> Clock:
    """The clock that `create_app` was given. Nothing waits here, so it takes no thread."""
    clock: Clock = request.app.state.clock
    return clock


Now = Annotated[Clock, Depends(get_clock)]
