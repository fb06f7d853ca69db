"""One accepted payer of a case: its limit row, what its clocks have seen, and the nights it could pay."""

from collections.abc import Hashable
from dataclasses import fields
from datetime import date, timedelta
from operator import attrgetter

from matching import clocks
from matching.case import Case
from matching.clocks import Past
from matching.dates import birthday
from matching.facts import Clock, Fund, Limit, Minor

_COUNTS = attrgetter(*(column.name for column in fields(Clock) if column.name != "id"))
"""How a clock counts, whatever it is called."""


class Funding:
    """A fund at a facility for a minor, with the limit row in force on the governing date.

    The governing date is the admission, or for a stay that goes on the date on which that stay began.
    """

    __slots__ = ("_ends", "_leaves_on", "_pasts", "case", "fund", "governing", "limit")

    def __init__(self, case: Case, fund: Fund, governing: date) -> None:
        self.case = case
        self.fund = fund
        self.governing = governing
        self.limit: Limit | None = fund.limit_on(governing)
        self._pasts: list[tuple[Clock, Past]] | None = None
        self._ends: dict[int, int] = {}
        self._leaves_on: date | None = None

    @property
    def row(self) -> Limit:
        """The limit row, where one is in force."""
        if self.limit is None:
            raise LookupError(f"no limit of the fund is in force on {self.governing}")
        return self.limit

    @property
    def pasts(self) -> list[tuple[Clock, Past]]:
        """Every clock of the row with what it sees of the past."""
        if self._pasts is None:
            case, snapshot = self.case, self.case.census.snapshot
            stays = case.census.stays_of.get(case.minor.id, [])
            holidays = snapshot.holidays.get(case.facility.state, frozenset())
            continued = case.continued() if stays else None
            self._pasts = [
                (
                    clock,
                    clocks.past_of(
                        clock, self.fund.id, case.minor, stays, case.facility.id, continued, case.admit_on, holidays
                    ),
                )
                for clock in self.row.clocks
            ]
        return self._pasts

    def run_end(self, start: int, stop: int) -> int:
        """The first night from `start` that this payer's block would not reach, at most `stop` (day ordinals).

        Clocks, ageing out, the fund's nights left and its beds each night are looked at; the licence is not.
        """
        found = self._ends.get(start)
        if found is None:
            found = self._ends[start] = self._run_end(start, self.case.until.toordinal())
        return min(found, stop)

    def _run_end(self, start: int, stop: int) -> int:
        end = min(stop, self.leaves_on().toordinal())
        if self.row.nights_left is not None:
            end = min(end, start + self.row.nights_left)
        for clock, past in self.pasts:
            if end > start:
                end = clocks.run_end(clock, past, start, end)
        if self.row.beds_per_night is not None and end > start:
            end = self._beds_end(start, end)
        return max(start, end)

    def leaves_on(self) -> date:
        """The first date on which the minor has aged out; at once where the age is not known to be below."""
        if self._leaves_on is None:
            self._leaves_on = ages_out_on(self.case.minor, self.row.leaves_at_age)
        return self._leaves_on

    @property
    def alike(self) -> Hashable:
        """Equal for two cases whose blocks reach equally far from every night of the same need."""
        case = self.case
        state = case.facility.state if case.census.looked_at[self.fund.id][1] else None
        if case.minor.id in case.census.stays_of:
            of_house = any(clock.scope == "facility" or clock.window == "stay" for clock, _ in self.pasts)
            return case.minor.id, self.fund.id, self.governing, state, case.facility.id if of_house else None
        caps = tuple(past.limit for _, past in self.pasts)
        return self.fund.id, self.governing, min(self.leaves_on(), case.until), caps, state

    def kind(self) -> Hashable | None:
        """Equal for funds that would pay just the same nights of this case; None where that is not known."""
        if self.may_return or self.row.nights_left is not None:
            return None
        caps = frozenset((_COUNTS(clock), past.limit, past.excluded) for clock, past in self.pasts)
        return caps, min(self.leaves_on(), self.case.until)

    @property
    def may_return(self) -> bool:
        """Whether the fund could pay a night after one on which it could not begin to."""
        most = self.row.beds_per_night
        crowded = most is not None and len(self.case.census.paid_by(self.fund.id)) >= most
        return crowded or any(past.paid for _, past in self.pasts)

    def stops_on(self, start: int, night: int) -> str | None:
        """The first rule that keeps a block begun on `start` from going on to a night (ordinals)."""
        if date.fromordinal(night) >= self.leaves_on():
            return "funding.ages_out"
        if any(clocks.run_end(clock, past, start, night + 1) <= night for clock, past in self.pasts):
            return "funding.clock"
        if self.row.nights_left is not None and night - start >= self.row.nights_left:
            return "funding.budget"
        return None if self.bed_free(date.fromordinal(night)) else "funding.beds"

    def _beds_end(self, start: int, stop: int) -> int:
        """The first night on which every bed that the fund pays for is taken by another minor."""
        if (
            self.row.beds_per_night is not None
            and len(self.case.census.paid_by(self.fund.id)) < self.row.beds_per_night
        ):
            return stop
        taken = sorted(day.toordinal() for _, day, _ in self.case.census.paid_by(self.fund.id))
        nights = [start, *(day for day in taken if start < day < stop)]
        return next((night for night in nights if not self.bed_free(date.fromordinal(night))), stop)

    def bed_free(self, on: date) -> bool:
        """Whether the fund pays fewer stays of other minors on a night than it may."""
        most = self.row.beds_per_night
        if most is None or len(self.case.census.paid_by(self.fund.id)) < most:
            return True
        return self.beds_taken(on) < most

    def free_places(self, on: date) -> int | None:
        """Beds that the fund could still pay on a night; None where it sets no number."""
        most = self.row.beds_per_night
        return None if most is None else max(0, most - self.beds_taken(on))

    def beds_taken(self, on: date) -> int:
        """Stays of other minors that the fund pays on a night."""
        minor = self.case.minor.id
        return sum(other != minor for other in self.case.census.paid_on(self.fund.id, on))

    def bed_dates(self) -> list[date]:
        """Dates on which the fund's beds are taken or given back."""
        return [day for _, start, end in self.case.census.paid_by(self.fund.id) for day in (start, end)]

    def clocks_pay(self, on: date) -> bool:
        """Whether every clock pays a night, with nothing of this stay assigned yet."""
        return all(clocks.pays(clock, past, on.toordinal()) for clock, past in self.pasts)

    def clock_nights(self, start: int) -> int:
        """How many nights on end the clocks alone would pay from a night, at most those needed."""
        end = self.case.until.toordinal()
        for clock, past in self.pasts:
            end = clocks.run_end(clock, past, start, end)
        return end - start

    def clocks_return(self, after: date) -> date | None:
        """The first night after a date, within the need, on which the clocks answer differently from that date."""
        if not any(past.paid for _, past in self.pasts):
            return None
        now = self.clocks_pay(after)
        day = after + timedelta(days=1)
        while day < self.case.until:
            if self.clocks_pay(day) is not now:
                return day
            day += timedelta(days=1)
        return None


def ages_out_on(minor: Minor, age: int | None) -> date:
    """The first date on which a minor is no longer below an age; at once where that is not known."""
    if age is None:
        return date.max
    if minor.born_on is not None:
        return birthday(minor.born_on, age)
    return date.max if minor.age_range is not None and minor.age_range[1] < age else date.min
