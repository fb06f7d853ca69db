"""The stay-cap algebra: which nights a clock still pays (the rules' section 5).

A clock is asked about a block of nights that begins on `start`: a payer pays one unbroken block in a stay, so
what a clock allows depends on the past and on that first night alone. Nights are handled as day ordinals.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from matching.dates import is_business_day, months_before
from matching.facts import Clock, Minor, Stay

SHORTEST_MONTH = 28


@dataclass(frozen=True, slots=True)
class Past:
    """What one clock sees of the time before an admission.

    Attributes
    ----------
    paid : sequence of int
        Ordinals of the past nights the fund paid, in the window's reach and scope, in order.
    first : int or None
        The earliest of them, where the clock counts days.
    excluded : frozenset of int
        Ordinals of dates that are not counted: away, or between two chained stays, where absence pauses.
    limit : int
        The cap with every extension that was approved, in nights or days.
    holidays : collection of date
        The facility's State's holidays.
    """

    paid: Sequence[int]
    first: int | None
    excluded: frozenset[int]
    limit: int
    holidays: Collection[date]


def past_of(
    clock: Clock,
    fund: str,
    minor: Minor,
    stays: Sequence[Stay],
    facility: str,
    continued: Stay | None,
    admit_on: date,
    holidays: Collection[date],
) -> Past:
    """Gather what a clock sees: every stay of the minor ends at the admission at the latest."""
    if not stays:
        return Past((), None, frozenset(), clock.limit + extension_nights(clock, minor), holidays)
    scoped = [stay for stay in stays if clock.scope == "fund" or stay.facility == facility]
    ended = [(stay, min(stay.left_on or admit_on, admit_on)) for stay in scoped if stay.admitted_on < admit_on]
    ended.sort(key=lambda row: row[0].admitted_on)
    excluded: set[int] = set()
    if clock.window == "stay":
        ended = [row for row in ended if continued is not None and row[0].id == continued.id]
    elif clock.window == "chain":
        ended, excluded = _chained(clock, fund, ended, admit_on)
    paid = sorted({night for stay, end in ended for night in _paid_nights(fund, stay, end)})
    if clock.absence == "pauses":
        away = {night for stay, end in ended for night in _away(stay, end)}
        if clock.unit == "night":
            paid = [night for night in paid if night not in away]
        excluded |= away
    else:
        excluded = set()
    return Past(
        paid=paid,
        first=paid[0] if paid and clock.unit != "night" else None,
        excluded=frozenset(excluded) if clock.unit != "night" else frozenset(),
        limit=clock.limit + extension_nights(clock, minor),
        holidays=holidays,
    )


def extension_nights(clock: Clock, minor: Minor) -> int:
    """By how much the approvals on record extend a cap."""
    if clock.extension is None or not minor.approvals:
        return 0
    granted = sum(code == clock.extension.approval for code in minor.approvals)
    return clock.extension.by * min(clock.extension.times, granted)


def run_end(clock: Clock, past: Past, start: int, stop: int) -> int:
    """The first night from `start` that the clock does not pay, at most `stop`.

    Parameters
    ----------
    clock : Clock
    past : Past
        What the clock sees before the admission.
    start : int
        Ordinal of the first night assigned to the fund; every night after it is assigned too.
    stop : int
        Ordinal of the night to look no further than.

    Returns
    -------
    int
        An ordinal; `start` itself where not even the first night is paid. It never falls as `start` rises.
    """
    if clock.unit == "day":
        end = _day_end(past, start)
    elif clock.unit == "business_day":
        end = _business_end(past, start, stop)
    elif clock.window == "trailing":
        end = _trailing_end(clock, past, start, stop)
    elif clock.window == "fiscal_year":
        end = _fiscal_end(clock, past, start, stop)
    else:
        end = start + past.limit - len(past.paid)
    return min(max(start, end), stop)


def pays(clock: Clock, past: Past, night: int) -> bool:
    """Whether the clock pays a night on which nothing of this stay has been assigned to the fund yet."""
    return run_end(clock, past, night, night + 1) > night


def reached(
    clocks: Iterable[Clock],
    fund: str,
    minor: Minor,
    stays: Sequence[Stay],
    stay: Stay,
    night: date,
    holidays: Collection[date],
) -> tuple[str, ...]:
    """Name the clocks that would not pay one more night of a stay, after all that the fund paid before that night.

    Parameters
    ----------
    stays : sequence of Stay
        All of the minor's, this one among them.
    stay : Stay
        In the house in which that night would be slept.
    night : date
    holidays : collection of date
        Those of the house's State.

    Returns
    -------
    tuple of str
        Their ids, in the clocks' order.
    """
    return tuple(
        clock.id
        for clock in clocks
        if not pays(clock, past_of(clock, fund, minor, stays, stay.facility, stay, night, holidays), night.toordinal())
    )


def _paid_nights(fund: str, stay: Stay, end: date) -> set[int]:
    nights: set[int] = set()
    for payer in stay.payers:
        if payer.fund == fund:
            first = max(payer.from_, stay.admitted_on).toordinal()
            nights.update(range(first, min(payer.until or end, end).toordinal()))
    return nights


def _away(stay: Stay, end: date) -> set[int]:
    """Dates of a past stay spent away from the bed."""
    return {
        day
        for start, stop in stay.away
        for day in range(max(start, stay.admitted_on).toordinal(), min(stop, end).toordinal())
    }


def _chained(
    clock: Clock, fund: str, ended: list[tuple[Stay, date]], admit_on: date
) -> tuple[list[tuple[Stay, date]], set[int]]:
    """The stays joined to this one going back, and the dates between them."""
    joined: list[tuple[Stay, date]] = []
    between: set[int] = set()
    start = admit_on
    for stay, end in reversed(ended):
        if not _paid_nights(fund, stay, end):
            continue
        if (start - end).days > clock.gap_days:
            break
        between.update(range(end.toordinal(), start.toordinal()))
        joined.append((stay, end))
        start = stay.admitted_on
    return joined[::-1], between


def _day_end(past: Past, start: int) -> int:
    """Counted dates after the calendar's first day, up to and with the night, stay below the limit."""
    if past.limit <= 0:
        return start
    first = start if past.first is None else min(past.first, start)
    end = first
    counted = 0
    if past.excluded:
        last = max(past.excluded)
        while counted < past.limit and end <= last:
            end += 1
            counted += end not in past.excluded
    return end + past.limit - counted


def _business_end(past: Past, start: int, stop: int) -> int:
    """The young person leaves on the limit-th business day after the calendar's first day."""
    if past.limit <= 0:
        return start
    day = start if past.first is None else min(past.first, start)
    counted = 0
    while counted < past.limit and day < stop:
        day += 1
        if day not in past.excluded and is_business_day(date.fromordinal(day), past.holidays):
            counted += 1
    return day if counted >= past.limit else stop


def _trailing_end(clock: Clock, past: Past, start: int, stop: int) -> int:
    if not past.paid or _window_start(clock, start) > past.paid[-1]:
        span = clock.window_days or SHORTEST_MONTH * (clock.window_months or 1)
        if past.limit < span:
            return start + past.limit
        if clock.window_days is not None:
            return stop
    night = start
    while night < stop:
        opens = _window_start(clock, night)
        used = len(past.paid) - bisect_left(past.paid, opens)
        if used + night - max(start, opens) + 1 > past.limit:
            return night
        night += 1
    return stop


def _window_start(clock: Clock, night: int) -> int:
    """The first night that a trailing window sees from a night."""
    if clock.window_days is not None:
        return night - clock.window_days + 1
    return months_before(date.fromordinal(night), clock.window_months or 1).toordinal() + 1


def _fiscal_end(clock: Clock, past: Past, start: int, stop: int) -> int:
    night = start
    while night < stop:
        opens, closes = _fiscal_year(clock, date.fromordinal(night))
        used = bisect_right(past.paid, closes - 1) - bisect_left(past.paid, opens)
        end = max(start, opens) + past.limit - used
        if end < closes:
            return max(night, end)
        night = closes
    return stop


def fiscal_years(clock: Clock, start: int, stop: int) -> int:
    """How many of the clock's fiscal years some of the nights from `start` to `stop` (ordinals) are in."""
    count, night = 0, start
    while night < stop:
        count, night = count + 1, _fiscal_year(clock, date.fromordinal(night))[1]
    return count


def _fiscal_year(clock: Clock, day: date) -> tuple[int, int]:
    """The half-open fiscal year that holds a date."""
    month, first = map(int, (clock.fiscal_year_start or "01-01").split("-"))
    opens = date(day.year, month, first)
    if day < opens:
        opens = date(day.year - 1, month, first)
    return opens.toordinal(), date(opens.year + 1, month, first).toordinal()
