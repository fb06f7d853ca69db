"""Who pays which night, counted night by night for the checker, and whether anything better could be had.

Nights are day ordinals. A claim is confirmed in three steps: each of its nights is allowed, no sequence runs longer,
and none as long is better (the rules' sections 5 and 6).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from matching.bands import age_in_band
from matching.case import Case
from matching.dates import is_business_day, months_before
from matching.facts import Clock, Minor, Snapshot, Stay
from matching.findings import MET
from matching.payer import Funding
from matching.rules.licensing import Age, InForce

LICENCE = (InForce(), Age())


class Block(NamedTuple):
    """A payer and the half-open nights it pays."""

    fund: str
    start: int
    end: int


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
                day not in skipped
                and (clock.unit == "day" or is_business_day(date.fromordinal(day), holidays))
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
            opens = _opens(self.clock, night)
            self._windows[night] = opens, sum(day >= opens for day in self.paid)
        return self._windows[night]


def _opens(clock: Clock, night: int) -> int:
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


class PayerNights:
    """One usable payer: which nights it may pay, and how far a block from each night goes."""

    def __init__(self, funding: Funding, ledger: Ledger, stop: int) -> None:
        self.funding = funding
        self.fund = funding.fund.id
        self.last_resort = funding.fund.last_resort
        self.nights_left = funding.row.nights_left
        self.first = funding.case.admit_on.toordinal()
        self.stop = stop
        self._ledger = ledger
        self._counts = [Count(clock, self.fund, funding.case) for clock in funding.row.clocks]

    def refuses(self, start: int, night: int) -> str | None:
        """The first rule that keeps a block begun on `start` from paying a night."""
        case, row, day = self.funding.case, self.funding.row, date.fromordinal(night)
        if row.leaves_at_age is not None and age_in_band(case.minor, None, row.leaves_at_age - 1, day) is not MET:
            return "funding.ages_out"
        if not all(count.pays(start, night) for count in self._counts):
            return "funding.clock"
        if row.nights_left is not None and night - start >= row.nights_left:
            return "funding.budget"
        most = row.beds_per_night
        if most is not None and self._ledger.taken(self.fund, day, case.minor.id) >= most:
            return "funding.beds"
        return None

    @cached_property
    def ends(self) -> list[int]:
        """For a block from each night, the first night it does not pay.

        A night that a block pays is paid by a block begun later too, which has used up less.
        """
        found: list[int] = []
        for start in range(self.first, self.stop):
            night = max(start, found[-1] if found else start)
            while night < self.stop and self.refuses(start, night) is None:
                night += 1
            found.append(night)
        return found

    def end(self, start: int) -> int:
        """The first night that a block from a night does not pay."""
        return self.ends[start - self.first] if start < self.stop else start

    @cached_property
    def could(self) -> int:
        """The nights, as bits from the admission on, that the payer could pay if its block began there."""
        return sum(1 << at for at, end in enumerate(self.ends) if end > self.first + at)


Key = tuple[int, int, tuple[int, ...], tuple[str, ...]]
"""Nights of last resort, blocks, nights of each scarce payer, and who pays, night by night: least is best."""


class Nights:
    """The usable payers of a pair from its admission on. Sets of payers are bit masks, sets of nights too."""

    def __init__(self, case: Case, usable: Iterable[Funding], ledger: Ledger) -> None:
        self.case = case
        self.first = case.admit_on.toordinal()
        self.stop = self.first
        while self.stop < case.until.toordinal() and self._licensed(self.stop) is None:
            self.stop += 1
        self.payers = [PayerNights(funding, ledger, self.stop) for funding in usable]
        self.payers.sort(key=lambda payer: payer.fund)
        scarce = [at for at, payer in enumerate(self.payers) if payer.nights_left is not None]
        self.scarce = sorted(scarce, key=lambda at: (self.payers[at].nights_left, self.payers[at].fund))
        self._finish: dict[tuple[int, int], tuple[int, int]] = {}
        self._best: dict[tuple[int, int, int], Key | None] = {}

    def _licensed(self, night: int) -> str | None:
        """The licence's rule that does not cover a night."""
        day = date.fromordinal(night)
        return next((rule.code for rule in LICENCE if rule.outcome(self.case, day) is not MET), None)

    # Is every night of a claim allowed?

    def forbidden(self, claim: Sequence[Block]) -> str | None:
        """What is wrong with the first block or night of a claim that may not be; None where all are allowed."""
        by_fund = {payer.fund: payer for payer in self.payers}
        used: list[str] = []
        night = self.first
        for at, block in enumerate(claim):
            if block.fund not in by_fund or block.fund in used:
                return f"{block.fund} is not usable, or pays twice"
            if block.start != night or block.end <= night:
                return f"the block of {block.fund} does not follow the one before"
            used.append(block.fund)
            for night in range(block.start, block.end):
                why = self._refused(by_fund, used, claim[: at + 1], night)
                if why is not None:
                    return f"{block.fund} may not pay the night of {date.fromordinal(night)} ({why})"
            night = block.end
        return None

    def _refused(self, by_fund: dict[str, PayerNights], used: list[str], blocks: Sequence[Block], night: int) -> str | None:
        block = blocks[-1]
        payer = by_fund[block.fund]
        why = (self._licensed(night) if night < self.case.until.toordinal() else "after the need") or payer.refuses(
            block.start, night
        )
        if why is not None or not payer.last_resort:
            return why
        others = [(by_fund[fund], night) for fund in by_fund if fund not in used]
        if night == block.start and len(blocks) > 1:
            others.append((by_fund[blocks[-2].fund], blocks[-2].start))
        held = any(not other.last_resort and other.refuses(start, night) is None for other, start in others)
        return "funding.last_resort" if held else None

    def binding(self, claim: Sequence[Block]) -> str | None:
        """The rule that ends a claim; None where it pays the whole need."""
        last = claim[-1]
        if last.end == self.case.until.toordinal():
            return None
        payer = next(payer for payer in self.payers if payer.fund == last.fund)
        return self._licensed(last.end) or payer.refuses(last.start, last.end)

    # Does any sequence run longer?

    def farthest(self, head: str | None = None) -> int:
        """The first night that no sequence reaches; with `head`, none in which this payer's block comes first.

        For every set of payers used, the nights on which all their blocks can be over: any, and those after which a
        payer of last resort may follow, because the payer before is one too or cannot pay on.
        """
        reached = {0: (1, 1)}
        longest = 0
        for used in range(1 << len(self.payers)):
            for at, payer in self._left(used if used in reached else -1):
                if used or head is None or payer.fund == head:
                    for offset in _bits(reached[used][payer.last_resort]):
                        over, spent = self._block(used, at, offset)
                        longest = max(longest, over.bit_length() - 1)
                        if longest == self.stop - self.first:
                            return self.stop
                        known = reached.get(used | 1 << at, (0, 0))
                        reached[used | 1 << at] = known[0] | over, known[1] | spent
        return self.first + longest

    def _left(self, used: int) -> list[tuple[int, PayerNights]]:
        return [(at, payer) for at, payer in enumerate(self.payers) if not used >> at & 1]

    def _block(self, used: int, at: int, offset: int) -> tuple[int, int]:
        """Where a block may be over: any night, and those after which a payer of last resort may follow."""
        payer, start = self.payers[at], self.first + offset
        end = payer.end(start)
        if payer.last_resort:
            end = min([end, *(start + bit for bit in _bits(self._held(used) >> offset)[:1])])
        over = (1 << end - self.first + 1) - (1 << offset + 1)
        if end == start:
            return 0, 0
        return over, over if payer.last_resort else 1 << end - self.first

    def _held(self, used: int) -> int:
        """The nights on which a payer that is not of last resort, and not used, could pay."""
        held = 0
        for _, payer in self._left(used):
            if not payer.last_resort:
                held |= payer.could
        return held

    # Is any as long, and better?

    def key(self, claim: Sequence[Block]) -> Key:
        """What a claim is compared by."""
        nights = {block.fund: block.end - block.start for block in claim}
        return (
            sum(nights.get(payer.fund, 0) for payer in self.payers if payer.last_resort),
            len(claim),
            tuple(nights.get(self.payers[at].fund, 0) for at in self.scarce),
            tuple(block.fund for block in claim for _ in range(block.start, block.end)),
        )

    def better(self, claim: Sequence[Block]) -> bool:
        """Whether a sequence as long as an allowed claim has a lesser key."""
        claimed = self.key(claim)
        goal = claim[-1].end - self.first
        # Fewer nights of last resort may take more blocks; where there are none, more blocks are never better.
        most = len(self.payers) if claimed[0] else len(claim)
        self._finish.clear()
        self._best.clear()
        keys = (self._tail(0, at, 0, goal, most) for at, _ in self._left(0))
        return any(key is not None and key < claimed for key in keys)
