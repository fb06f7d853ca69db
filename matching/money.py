"""Money that several minors may want at once: which funds could run short tonight, and what each way takes of them.

A fund runs short where those who wait could together take more of its beds on a night, or more of the nights it has
left, than there are. Only then does it matter to the others who pays for one of them, and for how long.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from heapq import nlargest
from typing import NamedTuple

from matching import coverage, facts
from matching.census import Census
from matching.facts import Limit
from matching.payers import Payer, accepted_payers, covered_until
from matching.stands import Stand

WEEK = 7
MOST_LENGTHS = 60_000
"""So many ways at most are made by shortening runs night by night."""

Run = tuple[facts.Payer, ...]
"""Who pays which nights, one after another without a gap."""


class Taken(NamedTuple):
    """The nights `[start, end)` (ordinals) that one minor would take of a fund, under a row of its limits."""

    minor: int
    fund: str
    row: Limit
    start: int
    end: int


class Purse:
    """The payers of every stand, and the funds that may run short."""

    def __init__(self, census: Census, stands: Sequence[Stand], places: Callable[[Iterable[str]], int]) -> None:
        self.census = census
        self.tonight = census.tonight.toordinal()
        self._payers: dict[tuple[int, str], list[Payer]] = {}
        self._best: dict[object, Run] = {}
        self._heads: dict[object, list[Run]] = {}
        could = {fund for fund, row in self._limited() if row}
        groups: dict[str, set[str]] = defaultdict(set)
        for stand in stands:
            for payer in self._usable(stand):
                groups[payer.funding.fund.id].add(stand.group)
        self.places = {fund: places(groups[fund]) for fund in could}
        self.short, self.lasting = frozenset[str](), frozenset[str]()
        self._find_short(stands, could)
        self.step = 1 if self._lengths(stands) <= MOST_LENGTHS else WEEK

    def _find_short(self, stands: Sequence[Stand], could: set[str]) -> None:
        """The funds that could run short by the ways that are tried: more are tried where some are, so again and again.

        A first look at the most that anybody could take spares most stands.
        """
        perhaps = frozenset(self._short(_by_fund(self._wanted(stands, could))))
        asked = [stand for stand in stands if any(payer.funding.fund.id in perhaps for payer in self._usable(stand))]
        tried: dict[int, list[Run]] = {at: [self.best(stand)] for at, stand in enumerate(asked)}
        while True:
            wanted = _by_fund(taken for at, ways in tried.items() for way in ways for taken in self.of(asked[at], way))
            short = frozenset(fund for fund in self._short(wanted) if fund in perhaps)
            if short == self.short:
                break
            self.short = short
            for at, ways in tried.items():
                if len(ways) == 1 and not short.isdisjoint(row.fund for row in ways[0]):
                    tried[at] = self.heads(asked[at])
        self.lasting = frozenset(fund for fund in short if self._lasts(fund, wanted[fund]))

    def best(self, stand: Stand) -> Run:
        """The best sequence of payers (the rules' section 6), to the end of the bed at most."""
        key = self._key(stand)
        if key not in self._best:
            runs = [payer.run for payer in self._usable(stand)]
            found = coverage.cover(runs, self.tonight, covered_until(stand.case).toordinal())
            self._best[key] = found.payers
        return cut(self._best[key], stand.bed_end)

    def heads(self, stand: Stand) -> list[Run]:
        """The best sequence, then for each other payer that may be the first the best that it begins."""
        key, best = self._key(stand), self.best(stand)
        if key not in self._heads:
            payers = self._usable(stand)
            first = [payer for payer in payers if payer.own_met]
            first = [payer for payer in first if not payer.funding.fund.last_resort] or first
            runs, stop = [payer.run for payer in payers], covered_until(stand.case).toordinal()
            self._heads[key] = [
                coverage.cover_from(runs, payer.run.fund, self.tonight, stop).payers
                for payer in first
                if payer.run.fund != best[0].fund
            ]
        return [best, *(cut(way, stand.bed_end) for way in self._heads[key])]

    def ways(self, stand: Stand) -> Iterator[Run]:
        """Every sequence that is tried: where no payer of the best may run short, that one alone.

        Else also those that other payers begin. Where a fund may run short of nights, or on a later night, each of all
        these with it is also shortened: night by night; where that would be too many, to whole weeks, to where one
        payer hands over to the next, and to one night.
        """
        best = self.best(stand)
        yield best
        if self.short.isdisjoint(row.fund for row in best):
            return
        heads = self.heads(stand)
        yield from heads[1:]
        for way in heads:
            if not self.lasting.isdisjoint(row.fund for row in way):
                nights = _end(way) - self.tonight
                ends = {_end((row,)) - self.tonight for row in way}
                for length in sorted({1, *range(self.step, nights, self.step), *ends} - {nights}, reverse=True):
                    yield cut(way, self.tonight + length)

    def _lengths(self, stands: Sequence[Stand]) -> int:
        """How many ways there would be if runs were shortened night by night."""
        return sum(
            _end(way) - self.tonight
            for stand in stands
            if not self.short.isdisjoint(row.fund for row in self.best(stand))
            for way in self.heads(stand)
            if not self.lasting.isdisjoint(row.fund for row in way)
        )

    def of(self, stand: Stand, way: Run) -> Iterator[Taken]:
        """What a way takes of each fund."""
        rows = {payer.funding.fund.id: payer.funding.row for payer in self._usable(stand)}
        for payer in way:
            yield Taken(stand.minor, payer.fund, rows[payer.fund], payer.from_.toordinal(), _end((payer,)))

    def beds_left(self, fund: str, row: Limit, night: int) -> int:
        """Beds that a fund could still pay on a night, beside every stay it pays now."""
        on = date.fromordinal(night)
        paid = sum(start <= on < end for _, start, end in self.census.paid_by(fund))
        return max(0, (row.beds_per_night or 0) - paid)

    def pays_now(self, minor: str, fund: str, night: int) -> bool:
        """Whether the fund already counts a stay of this minor on a night."""
        on = date.fromordinal(night)
        return any(other == minor and start <= on < end for other, start, end in self.census.paid_by(fund))

    def nights(self, fund: str, taken: Iterable[Taken]) -> list[int]:
        """The nights on which anything could change: where somebody's paid nights begin, or a stay's do."""
        starts = {row.start for row in taken if row.fund == fund}
        last = max((row.end for row in taken if row.fund == fund), default=0)
        starts |= {start.toordinal() for _, start, _ in self.census.paid_by(fund)}
        return sorted(night for night in starts if self.tonight <= night < last)

    def _limited(self) -> Iterator[tuple[str, bool]]:
        for fund in self.census.snapshot.funds:
            rows = (row.beds_per_night is not None or row.nights_left is not None for row in fund.limits)
            yield fund.id, any(rows)

    def _usable(self, stand: Stand) -> list[Payer]:
        """The payers that may stand in a sequence, by id."""
        key = (stand.minor, stand.case.facility.id)
        if key not in self._payers:
            self._payers[key] = [payer for payer in accepted_payers(stand.case) if payer.usable]
        return self._payers[key]

    def _wanted(self, stands: Iterable[Stand], could: set[str]) -> Iterator[Taken]:
        """The most that anybody could take: every usable payer for the whole need."""
        seen: set[tuple[int, str]] = set()
        for stand in stands:
            for payer in self._usable(stand):
                fund = payer.funding.fund.id
                if fund in could and (stand.minor, fund) not in seen:
                    seen.add((stand.minor, fund))
                    until = stand.case.until.toordinal()
                    yield Taken(stand.minor, fund, payer.funding.row, self.tonight, until)

    def _short(self, wanted: Mapping[str, Sequence[Taken]]) -> Iterator[str]:
        """The funds of which as many as there are beds for could together take more than there is."""
        for fund, rows in wanted.items():
            if self._too_long(fund, rows) or any(self._crowded(fund, rows)):
                yield fund

    def _crowded(self, fund: str, rows: Sequence[Taken]) -> Iterator[int]:
        """The nights on which more could be asked to be paid than the fund still may."""
        least = least_beds(rows)
        if least is None:
            return
        for night in self.nights(fund, rows):
            users = len({row.minor for row in rows if row.start <= night < row.end})
            if min(users, self.places[fund]) > self.beds_left(fund, least, night):
                yield night

    def _lasts(self, fund: str, rows: Sequence[Taken]) -> bool:
        """Whether shorter runs could help: nights left are short, or a later night that tonight does not decide."""
        if self._too_long(fund, rows):
            return True
        late = [row for row in rows if row.start > self.tonight]
        least = least_beds(rows)
        return least is not None and any(
            night > self.tonight
            and (
                any(row.start <= night < row.end for row in late)
                or self.beds_left(fund, least, night) < self.beds_left(fund, least, self.tonight)
            )
            for night in self._crowded(fund, rows)
        )

    def _too_long(self, fund: str, rows: Iterable[Taken]) -> bool:
        """Whether as many as there are beds for could take more nights of a row of limits than it has left."""
        most: dict[int, dict[int, int]] = defaultdict(dict)
        left: dict[int, int] = {}
        for row in rows:
            if row.row.nights_left is not None:
                left[id(row.row)] = row.row.nights_left
                own = most[id(row.row)]
                own[row.minor] = max(own.get(row.minor, 0), row.end - row.start)
        return any(sum(nlargest(self.places[fund], own.values())) > left[row] for row, own in most.items())

    def _key(self, stand: Stand) -> object:
        """Equal for stands, of whichever minors, with payers that reach equally far for the same nights."""
        alike = tuple([payer.alike for payer in self._usable(stand)])
        return alike, covered_until(stand.case), stand.case.until


def least_beds(rows: Iterable[Taken]) -> Limit | None:
    """Of the rows of limits that set a number of beds, one of the least; None where none does."""
    counted = [row.row for row in rows if row.row.beds_per_night is not None]
    return min(counted, key=lambda row: row.beds_per_night or 0, default=None)


def _by_fund(taken: Iterable[Taken]) -> dict[str, list[Taken]]:
    found: dict[str, list[Taken]] = defaultdict(list)
    for row in taken:
        found[row.fund].append(row)
    return found


def cut(way: Run, end: int) -> Run:
    """A sequence up to a night that is no longer paid (an ordinal)."""
    until = date.fromordinal(end)
    kept = (row for row in way if row.from_ < until)
    return tuple(
        row if row.until is not None and row.until <= until else facts.Payer(row.fund, row.from_, until) for row in kept
    )


def _end(way: Run) -> int:
    """The first night that a sequence does not pay (an ordinal); sequences of the plan all end."""
    until = way[-1].until
    if until is None:
        raise ValueError("a sequence of payers that never ends")
    return until.toordinal()
