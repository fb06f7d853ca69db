"""Clocks and paid beds counted for the checker, literally: over every night that a stay on record was paid.

Nights are day ordinals (the rules' section 5).
"""

from collections.abc import Iterator
from datetime import date
from itertools import accumulate

from matching.case import Case
from matching.dates import is_business_day, months_before
from matching.facts import Clock, Minor, Snapshot, Stay


class Ledger:
    """The nights that stays on record are paid, by fund."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._stays: dict[str, list[Stay]] = {}
        self._paid: dict[tuple[str, date], list[str]] = {}
        for stay in snapshot.stays:
            for fund in {payer.fund for payer in stay.payers}:
                self._stays.setdefault(fund, []).append(stay)

    def taken(self, fund: str, on: date, but: str) -> int:
        """Stays of other minors that a fund pays on a night."""
        if (fund, on) not in self._paid:
            stays = self._stays.get(fund, ())
            self._paid[fund, on] = [stay.minor for stay in stays if _pays_stay(fund, stay, on)]
        return sum(minor != but for minor in self._paid[fund, on])


def _pays_stay(fund: str, stay: Stay, on: date) -> bool:
    """Whether a fund pays a night of a stay."""
    there = stay.admitted_on <= on and (stay.left_on is None or on < stay.left_on)
    return there and any(
        payer.fund == fund and payer.from_ <= on and (payer.until is None or on < payer.until) for payer in stay.payers
    )


class Count:
    """One clock of a payer for one admission: what it has seen, and whether it pays a night."""

    def __init__(self, clock: Clock, fund: str, case: Case) -> None:
        self.clock = clock
        self.limit = clock.limit + _extension(clock, case.minor)
        stays, gaps = _in_reach(clock, fund, case)
        ends = [(stay, _end(stay, case)) for stay in stays]
        away = {day for stay, end in ends for day in _away(stay, end)}
        paid = {night for stay, end in ends for night in _paid(fund, stay, end)}
        if clock.unit == "night" and clock.absence == "pauses":
            paid -= away
        self.paid = sorted(paid)
        self._windows: dict[int, tuple[int, int]] = {}
        if clock.unit != "night":
            skipped = away | gaps if clock.absence == "pauses" else set()
            self._origin = min([*paid, case.admit_on.toordinal()])
            holidays = case.census.snapshot.holidays.get(case.facility.state, frozenset())
            counted = [
                day not in skipped and (clock.unit == "day" or is_business_day(date.fromordinal(day), holidays))
                for day in range(self._origin + 1, case.until.toordinal() + 1)
            ]
            self._running = [0, *accumulate(counted)]

    def pays(self, start: int, night: int) -> bool:
        """Whether the clock pays a night when every night from `start` was assigned to the fund."""
        if self.clock.unit == "night":
            opens, used = self._window(night)
            return used + (night - max(start, opens)) + 1 <= self.limit
        first = min(self.paid[0], start) if self.paid else start
        return self._running[night - self._origin] - self._running[first - self._origin] < self.limit

    def _window(self, night: int) -> tuple[int, int]:
        """The first night that the window of a night sees, and the past paid nights in it."""
        if night not in self._windows:
            opens = opens_on(self.clock, night)
            self._windows[night] = opens, sum(day >= opens for day in self.paid)
        return self._windows[night]


def opens_on(clock: Clock, night: int) -> int:
    """The first night that the window of a night sees."""
    if clock.window == "trailing":
        if clock.window_days is not None:
            return night - clock.window_days + 1
        return months_before(date.fromordinal(night), clock.window_months or 1).toordinal() + 1
    if clock.window == "fiscal_year":
        year, turn = date.fromordinal(night).year, f"-{clock.fiscal_year_start}"
        opens = date.fromisoformat(f"{year:04}{turn}").toordinal()
        return opens if opens <= night else date.fromisoformat(f"{year - 1:04}{turn}").toordinal()
    return 0


def _extension(clock: Clock, minor: Minor) -> int:
    if clock.extension is None:
        return 0
    granted = [code for code in minor.approvals or () if code == clock.extension.approval]
    return clock.extension.by * min(clock.extension.times, len(granted))


def _end(stay: Stay, case: Case) -> int:
    """The first date after a past stay: nobody sleeps in two beds, so it ends at the admission at the latest."""
    return min(stay.left_on or case.admit_on, case.admit_on).toordinal()


def _paid(fund: str, stay: Stay, end: int) -> list[int]:
    nights = range(stay.admitted_on.toordinal(), end)
    return [night for night in nights if _pays_stay(fund, stay, date.fromordinal(night))]


def _away(stay: Stay, end: int) -> Iterator[int]:
    for start, stop in stay.away:
        yield from range(max(start, stay.admitted_on).toordinal(), min(stop.toordinal(), end))


def _in_reach(clock: Clock, fund: str, case: Case) -> tuple[list[Stay], set[int]]:
    """The past stays whose paid nights a clock may see, and the dates between stays that are joined."""
    past = [stay for stay in case.census.stays_of.get(case.minor.id, ()) if stay.admitted_on < case.admit_on]
    if clock.scope == "facility":
        past = [stay for stay in past if stay.facility == case.facility.id]
    if clock.window == "stay":
        continued = case.continued()
        return [stay for stay in past if continued is not None and stay.id == continued.id], set()
    if clock.window != "chain":
        return past, set()
    joined: list[Stay] = []
    gaps: set[int] = set()
    start = case.admit_on.toordinal()
    for stay in sorted(past, key=lambda stay: stay.admitted_on, reverse=True):
        end = _end(stay, case)
        if _paid(fund, stay, end):
            if start - end > clock.gap_days:
                break
            joined.append(stay)
            gaps.update(range(end, start))
            start = stay.admitted_on.toordinal()
    return joined, gaps
