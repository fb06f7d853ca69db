"""Stay caps: every clock against the page's own words, night by night, and the page's worked table."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.clocks import past_of, pays, run_end
from matching.facts import Clock, Extension, Minor, Payer, Stay
from tests.proofs import saw, times

from .builders import bed, changed, clock, fund, house, option, referral, resident, snapshot, stay, unit

ONE = timedelta(days=1)
FUND, HERE, ELSEWHERE = "fund_a", "fac_a", "fac_old"


def span(first: date, end: date) -> Iterator[date]:
    """The dates of a half-open range."""
    while first < end:
        yield first
        first += ONE


# The page, section 5, written out as it stands.


@dataclass(frozen=True)
class Question:
    """May the fund pay nights of a stay from `admit_on`, under one clock?"""

    clock: Clock
    minor: Minor
    stays: tuple[Stay, ...]
    admit_on: date
    holidays: frozenset[date]

    def end_of(self, row: Stay) -> date:
        return min(row.left_on or self.admit_on, self.admit_on)

    def past(self) -> list[Stay]:
        return sorted((row for row in self.stays if row.admitted_on < self.admit_on), key=lambda row: row.admitted_on)

    def continued(self) -> Stay | None:
        on_going = [
            row for row in self.past() if row.facility == HERE and (row.left_on is None or row.left_on > self.admit_on)
        ]
        return on_going[0] if on_going else None

    def paid(self, row: Stay) -> set[date]:
        return {
            night
            for night in span(row.admitted_on, self.end_of(row))
            for payer in row.payers
            if payer.fund == FUND and payer.from_ <= night and (payer.until is None or night < payer.until)
        }

    @cached_property
    def seen(self) -> list[Stay]:
        """The past stays that the window looks at."""
        rows = [row for row in self.past() if self.clock.scope == "fund" or row.facility == HERE]
        if self.clock.window == "stay":
            return [row for row in rows if row is self.continued()]
        if self.clock.window == "chain":
            chain: list[Stay] = []
            start = self.admit_on
            for row in reversed([row for row in rows if self.paid(row)]):
                if (start - self.end_of(row)).days > self.clock.gap_days:
                    break
                chain.insert(0, row)
                start = row.admitted_on
            return chain
        return rows

    def in_window(self, night: date, of: date) -> bool:
        if self.clock.window == "trailing":
            if self.clock.window_days is not None:
                return of - timedelta(days=self.clock.window_days) < night <= of
            return months_back(of, self.clock.window_months or 0) < night <= of
        if self.clock.window == "fiscal_year":
            return self.fiscal_year(night) == self.fiscal_year(of)
        return True

    def fiscal_year(self, night: date) -> int:
        month, first = map(int, (self.clock.fiscal_year_start or "").split("-"))
        return night.year if (night.month, night.day) >= (month, first) else night.year - 1

    def limit(self) -> int:
        extension, approvals = self.clock.extension, self.minor.approvals or ()
        granted = approvals.count(extension.approval) if extension else 0
        return self.clock.limit + (extension.by * min(extension.times, granted) if extension else 0)

    def away(self) -> set[date]:
        return {
            on
            for row in self.seen
            for start, end in row.away
            for on in span(max(start, row.admitted_on), min(end, self.end_of(row)))
        }

    def between(self) -> set[date]:
        chain = self.seen if self.clock.window == "chain" else []
        starts = [row.admitted_on for row in chain[1:]] + [self.admit_on]
        return {on for row, start in zip(chain, starts, strict=bool(chain)) for on in span(self.end_of(row), start)}

    @cached_property
    def paid_seen(self) -> set[date]:
        return {on for row in self.seen for on in self.paid(row)}

    @cached_property
    def left_out(self) -> set[date]:
        return self.away() | self.between() if self.clock.absence == "pauses" else set()

    def pays(self, night: date, assigned: Sequence[date]) -> bool:
        if self.clock.unit == "night":
            used = sum(self.in_window(on, night) for on in (*(self.paid_seen - self.left_out), *assigned))
            return used + 1 <= self.limit()
        first = min([*self.paid_seen, *assigned, night])
        left_out = set(self.left_out)
        if self.clock.unit == "business_day":
            left_out |= {on for on in span(first, night + ONE) if on.isoweekday() > 5 or on in self.holidays}
        return sum(on not in left_out for on in span(first + ONE, night + ONE)) < self.limit()

    def run_end(self, start: date, stop: date) -> date:
        """The first night of a block from `start` that is not paid."""
        assigned: list[date] = []
        while start < stop and self.pays(start, assigned):
            assigned.append(start)
            start += ONE
        return start


def months_back(on: date, months: int) -> date:
    """The same day of the earlier month, or that month's last day."""
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    for last in range(on.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, on.day)


# Random questions, one for each seed.

WINDOWS = [
    *[(kind, window) for kind in ("day", "business_day") for window in ("stay", "chain")],
    *[("night", window) for window in ("stay", "chain", "trailing", "trailing", "fiscal_year", "lifetime")],
]


def drawn_clock(draw: Random) -> Clock:
    kind, window = draw.choice(WINDOWS)
    days = draw.choice([None, draw.randint(1, 40)])
    return Clock(
        id="cap",
        limit=draw.randint(0, 33),
        unit=kind,  # type: ignore[arg-type]
        window=window,  # type: ignore[arg-type]
        window_days=days,
        window_months=None if days else draw.randint(1, 3),
        scope=draw.choice(["fund", "facility"]),
        gap_days=draw.randint(0, 6),
        absence=draw.choice(["pauses", "counts"]),
        fiscal_year_start=draw.choice(["01-01", "02-28", "03-01", "11-25", "12-10", "07-01"]),
        extension=draw.choice([None, Extension(draw.randint(0, 5), draw.randint(0, 2), "more")]),
    )


def drawn_range(draw: Random, start: date) -> tuple[date, date]:
    """A half-open range, perhaps empty, that begins within three weeks of a date."""
    first, last = sorted(draw.choices(range(20), k=2))
    return start + timedelta(days=first), start + timedelta(days=last)


def drawn_past(draw: Random, admit_on: date) -> tuple[Stay, ...]:
    """Stays one after another in any order of rows, the last perhaps open, or going on beyond the admission."""
    marks = sorted(draw.sample(range(-70, 13), 2 * draw.randint(0, 3)))
    rows = []
    for number, (start, end) in enumerate(pairwise(admit_on + timedelta(days=mark) for mark in marks)):
        if number % 2 and draw.random() < 0.5:
            continue  # a gap; else one stay follows on another
        payers = [
            Payer(draw.choice([FUND, FUND, "fund_b"]), *drawn_range(draw, start)) for _ in range(draw.randint(0, 2))
        ]
        if draw.random() < 0.5:
            payers.append(Payer(FUND, start - timedelta(days=draw.randint(0, 3)), None))
        stays_on = number == len(marks) - 2 and draw.random() < 0.5
        rows.append(
            Stay(
                id=f"stay_{number}",
                minor="min_1",
                facility=draw.choice([HERE, ELSEWHERE]),
                admitted_on=start,
                left_on=None if stays_on else end,
                away=tuple(drawn_range(draw, start) for _ in range(draw.randint(0, 2))),
                payers=tuple(payers),
            )
        )
    return tuple(draw.sample(rows, len(rows)))


def question(seed: int) -> Question:
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    admit_on = date(2026, 11, 1) + timedelta(days=draw.randint(0, 540))
    return Question(
        clock=drawn_clock(draw),
        minor=Minor(id="min_1", approvals=draw.choice([None, tuple(draw.choices(["more", "x"], k=3))])),
        stays=drawn_past(draw, admit_on),
        admit_on=admit_on,
        holidays=frozenset(admit_on + timedelta(days=draw.randint(-40, 40)) for _ in range(draw.randint(0, 6))),
    )


questions = st.integers(0, 2**32).map(question)


def seen_by_engine(asked: Question) -> Any:
    going_on = asked.continued()
    return past_of(asked.clock, FUND, asked.minor, asked.stays, HERE, going_on, asked.admit_on, asked.holidays)


@settings(max_examples=times(1600), deadline=None)
@given(questions, st.integers(0, 12))
def test_every_clock_counts_as_the_page_says(asked: Question, later: int) -> None:
    start, stop = asked.admit_on + timedelta(days=later), asked.admit_on + timedelta(days=40)
    found = run_end(asked.clock, seen_by_engine(asked), start.toordinal(), stop.toordinal())
    assert date.fromordinal(found) == asked.run_end(start, stop)
    saw("runs of a stay cap, against counting its nights", 1)


@settings(max_examples=times(200), deadline=None)
@given(questions)
def test_a_later_start_never_ends_earlier(asked: Question) -> None:
    """The search for the best chain of payers rests on this."""
    first, past = asked.admit_on.toordinal(), seen_by_engine(asked)
    ends = [run_end(asked.clock, past, first + later, first + 40) for later in range(20)]
    assert ends == sorted(ends)


@settings(max_examples=times(200), deadline=None)
@given(questions, st.integers(0, 30))
def test_whether_a_first_night_is_paid(asked: Question, later: int) -> None:
    night = asked.admit_on + timedelta(days=later)
    assert pays(asked.clock, seen_by_engine(asked), night.toordinal()) is asked.pays(night, [])


@settings(max_examples=times(100), deadline=None)
@given(questions, st.integers(0, 40))
def test_looking_less_far_changes_nothing_before(asked: Question, far: int) -> None:
    first, past = asked.admit_on.toordinal(), seen_by_engine(asked)
    whole = run_end(asked.clock, past, first, first + 40)
    assert run_end(asked.clock, past, first, first + far) == min(whole, first + far)


# The worked table of the page; tonight is Saturday 2026-11-21.


def worked(cap: dict[str, Any], past: list[dict[str, Any]], **more: Any) -> tuple[int, str | None]:
    document = snapshot(funds=[fund(clocks=[cap])], stays=past, referrals=[referral(**more)])
    entry = option(document)
    return entry["funded_nights"], entry["first_unfunded_night"]


def past_nights(start: str, end: str) -> dict[str, Any]:
    payer = {"fund": "fund_a", "from": start, "until": end}
    return stay(admitted_on=start, left_on=end, payers=[payer])


YEAR: dict[str, Any] = {"window": "trailing", "window_months": 12}


@pytest.mark.parametrize(
    ("past", "nights", "unpaid"),
    [
        (("2026-06-01", "2026-06-13"), 2, "2026-11-23"),
        (("2025-11-24", "2025-12-06"), 2, "2026-11-23"),
        (("2025-11-23", "2025-12-05"), 14, "2026-12-05"),
        (("2025-10-18", "2025-11-01"), 14, "2026-12-05"),
    ],
)
def test_fourteen_nights_in_twelve_months(past: tuple[str, str], nights: int, unpaid: str) -> None:
    assert worked(clock(14, **YEAR), [past_nights(*past)]) == (nights, unpaid)


@pytest.mark.parametrize(("limit", "nights"), [(31, 60), (30, 40), (27, 27)])
def test_a_month_is_as_long_as_it_is(limit: int, nights: int) -> None:
    """The first window of 31 nights is that of 31 December, from 30 November: a cap of 30 does not pay that night."""
    document = snapshot(
        funds=[fund(clocks=[clock(limit, window="trailing", window_months=1)])],
        referrals=[referral(nights_needed=60)],
    )
    entry = option(document)
    assert entry["funded_nights"] == nights


def test_a_fiscal_year_turns_inside_the_stay() -> None:
    cap = clock(30, window="fiscal_year", fiscal_year_start="07-01")
    document = snapshot(
        tonight="2027-06-28",
        funds=[fund(clocks=[cap])],
        stays=[past_nights("2026-08-01", "2026-08-28")],
        referrals=[referral(needed_from=None, nights_needed=40)],
    )
    entry = option(document)
    assert (entry["funded_nights"], entry["first_unfunded_night"]) == (33, "2027-07-31")


def test_a_chain_goes_on_over_a_transfer_without_a_gap() -> None:
    assert worked(clock(15, window="chain"), [stay(start=-5, end=0)]) == (10, "2026-12-01")
    assert worked(clock(15, window="chain"), [stay(start=-6, end=-1)]) == (15, "2026-12-06")
    assert worked(clock(15, window="chain", gap_days=1), [stay(start=-6, end=-1)]) == (10, "2026-12-01")


def test_a_chain_passes_over_a_stay_that_another_paid() -> None:
    past = [stay("stay_1", -9, -4), stay("stay_2", -4, 0, fund=None)]
    assert worked(clock(15, window="chain", gap_days=4), past)[0] == 10
    assert worked(clock(15, window="chain", gap_days=3), past)[0] == 15


@pytest.mark.parametrize(("absence", "nights"), [("counts", 1), ("pauses", 5)])
def test_days_away(absence: str, nights: int) -> None:
    own = stay(start=-20, end=None, facility="fac_a", away=[["2026-11-10", "2026-11-14"]])
    document = snapshot(
        facilities=[
            house("a", unit("unit_a", bed("bed_a1", "occupied")), residents=[resident("bed_a1", minor="min_1")])
        ],
        funds=[fund(clocks=[clock(21, "day", "stay", absence=absence)])],
        stays=[own],
    )
    assert option(document)["funded_nights"] == nights


def test_three_business_days_from_a_saturday() -> None:
    no_holidays = changed(snapshot(funds=[fund(clocks=[clock(3, "business_day", "stay")])]), {"/holidays": {}})
    entry = option(no_holidays)
    assert (entry["funded_nights"], entry["first_unfunded_night"]) == (4, "2026-11-25")


def test_business_days_extended_over_two_holidays() -> None:
    extension = {"by": 4, "times": 1, "approval": "agency_placement"}
    cap = clock(3, "business_day", "stay", extension=extension)
    assert worked(cap, []) == (12, "2026-12-03")


def test_holidays_are_those_of_the_state_of_the_house() -> None:
    cap = clock(4, "business_day", "stay")
    document = snapshot(funds=[fund(clocks=[cap])])
    assert option(document)["funded_nights"] == 9
    other = changed(document, {"/holidays": {"AL": ["2026-11-26", "2026-11-27"]}})
    assert option(other)["funded_nights"] == 5


@pytest.mark.parametrize("unit_", ["night", "day", "business_day"])
def test_a_limit_of_nothing_pays_nothing(unit_: Any) -> None:
    cap = Clock(id="cap", limit=0, unit=unit_, window="stay")
    question = Question(cap, Minor(id="min_1"), (), date(2026, 11, 21), frozenset())
    assert run_end(cap, seen_by_engine(question), 100, 200) == 100


@pytest.mark.parametrize("unit_", ["night", "day", "business_day"])
def test_a_limit_of_a_thousand_million_pays_everything(unit_: Any) -> None:
    cap = Clock(id="cap", limit=10**9, unit=unit_, window="stay")
    question = Question(cap, Minor(id="min_1"), (), date(2026, 11, 21), frozenset())
    assert run_end(cap, seen_by_engine(question), 739_000, 739_731) == 739_731


def test_a_clock_of_one_facility_does_not_see_the_others() -> None:
    here = stay("stay_1", -30, -20, facility="fac_a")
    past = [here, stay("stay_2", -20, -8)]
    assert worked(clock(25), past)[0] == 3
    assert worked(clock(25, scope="facility"), past)[0] == 15


def test_nights_still_planned_elsewhere_end_at_the_admission() -> None:
    assert worked(clock(25), [stay(start=-10, end=40)])[0] == 15
    assert worked(clock(25), [stay(start=2, end=40)])[0] == 25


@pytest.mark.parametrize("holidays", [(), frozenset({date(2026, 11, 23)})])
def test_any_collection_of_holidays(holidays: Collection[date]) -> None:
    cap = Clock(id="cap", limit=1, unit="business_day", window="stay")
    past = past_of(cap, FUND, Minor(id="min_1"), [], HERE, None, date(2026, 11, 21), holidays)
    start = date(2026, 11, 21).toordinal()
    assert run_end(cap, past, start, start + 30) == start + (3 if holidays else 2)
