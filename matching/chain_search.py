"""The search for the best chain of stays: every chain, or a reason why it cannot win.

A chain is left out where its nights to come could not make it better even if it had used up nothing so far: a night
that a fund has paid never lets it pay another one, so that no stay goes farther than it would without (`_covered`),
and all stays to come together are paid no more nights than their payers' caps let through (`_could_pay`). It is left
out too where a better one has come to the same: the same night, houses and stays, and the same nights of every fund
that a house to come accepts. Chains in which every payer and every stay goes on as long as it may come first, so that
there is soon one to be measured by.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from matching import coverage
from matching.coverage import Block, PayerRun
from matching.doors import Doors, Slept, paid_by
from matching.facts import Facility

MOST_STAYS = 4
MOST_STEPS = 20_000
"""So many houses, nights and chains are looked at before the best so far is taken: some seconds' worth."""

ENDS_A_STEP = 10
"""So many ends of a stay take as long to rule out as one step."""

NEVER = date.max.toordinal()
"""When a chain without a stay begins."""

Least = tuple[int, int, int]
"""When a chain begins, and the least that it costs and moves."""

Key = tuple[int, int, int, tuple[int, ...], tuple[int, ...], int, int, tuple[int, ...]]


@dataclass(frozen=True)
class Trail:
    """The beginning of a chain, with what it costs up to `end`; uncovered nights and ends are kept below zero."""

    stays: tuple[Slept, ...]
    end: int
    cost: int
    uncovered: tuple[int, ...]
    ends: tuple[int, ...]
    last_resort: int
    blocks: int
    scarce: tuple[int, ...]
    could_pay: int
    """The most nights that all funds together could still pay in houses to come."""

    @cached_property
    def key(self) -> Key:
        """What is compared first, least is best."""
        begins = self.stays[0].start if self.stays else NEVER
        return (
            begins,
            self.cost,
            max(0, len(self.stays) - 1),
            self.uncovered,
            self.ends,
            self.last_resort,
            self.blocks,
            self.scarce,
        )

    @cached_property
    def names(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """House after house, and who pays there, night by night."""
        return tuple(
            (slept.facility, tuple(row.fund for row in slept.blocks for _ in range(row.start, row.end)))
            for slept in self.stays
        )

    def before(self, other: "Trail") -> bool:
        """Whether this one is better."""
        return self.key < other.key or (self.key == other.key and self.names < other.names)


class _Cut(Exception):
    """Too many chains to look at all of them."""


class Search:
    """Every chain, one stay after another.

    Attributes
    ----------
    best : Trail
        The best chain found, up to the end of the need.
    whole : bool
        Whether every chain was looked at or left out for a reason.
    """

    def __init__(self, doors: Doors, night: int, move: int) -> None:
        self.doors = doors
        self.night = night
        self.move = move
        self.last_resorts = {fund.id for fund in doors.census.snapshot.funds if fund.last_resort}
        self.root = Trail((), doors.first, 0, (), (), 0, 0, (0,) * len(doors.scarce), 0)
        self.whole = False
        self.sure = True
        self.run_out = True
        self.steps = 0
        self.most_steps = MOST_STEPS // 4
        self.seen: dict[tuple[object, ...], Trail] = {}
        self.accepted = {house.id: {fund.id for fund, _ in doors.census.payers_of(house)} for house in doors.houses}
        self.reaches = [self._reaches(doors.later(), night) for night in range(doors.first, doors.stop)]
        self.covered = self._covered()
        opens = {house.id for row in self.reaches for _, house in row}
        if doors.goes_on:
            opens |= {house.id for house in doors.houses}
        self.payable = {house: funds for house, funds in self.accepted.items() if house in opens}
        self.most = {fund.id: doors.most(fund) for fund in doors.census.snapshot.funds}
        self.root = replace(self.root, could_pay=self._could_pay(()))
        self.best = self._closed(self.root)

    def run(self) -> None:
        """Look at the chains in which all goes on as long as it may, then at all."""
        with suppress(_Cut):
            self._expand(self.root)
        self.run_out = False
        self.most_steps = self.steps + MOST_STEPS
        self.seen.clear()
        with suppress(_Cut):
            self._expand(self.root)
            self.whole = self.sure

    def _reaches(self, trail: tuple[Slept, ...], night: int) -> list[tuple[int, Facility]]:
        """The houses that could take the minor on a night, the farthest reach first."""
        found = [(self.doors.reach(house, night, trail), house) for house in self.doors.houses]
        return sorted((row for row in found if row[0] > night), key=lambda row: (-row[0], row[1].id))

    def _covered(self) -> list[list[int]]:
        """For so many stays more, from each night on: no chain covers more nights of the need than this."""
        first, stop = self.doors.first, self.doors.stop
        tables = [[0] * (stop - first + 1)]
        for _ in range(MOST_STAYS):
            less, more = tables[-1], [0] * (stop - first + 1)
            for at in range(stop - first - 1, -1, -1):
                end = self.reaches[at][0][0] - first if self.reaches[at] else at
                more[at] = max([more[at + 1], *(until - at + less[until] for until in range(at + 1, end + 1))])
            tables.append(more)
        return tables

    @cached_property
    def least(self) -> int:
        """A cost that no chain goes below that begins on the first night on which one can."""
        for night in range(self.doors.first, self.doors.stop):
            for reach, _ in self._starts(self.root, night)[:1]:
                return min(self._onward(self.root, night, end)[1] for end in range(night + 1, reach + 1))
        return self.best.cost

    def _starts(self, trail: Trail, night: int) -> list[tuple[int, Facility]]:
        """The houses that a stay could begin in, with a bound of how far it goes."""
        if not trail.stays and self.doors.goes_on:
            return self._reaches((), night)
        return self.reaches[night - self.doors.first]

    def _closed(self, trail: Trail) -> Trail:
        """The chain that ends where the beginning does."""
        rest = range(trail.end, self.doors.stop)
        return replace(
            trail,
            end=self.doors.stop,
            cost=trail.cost + self.night * len(rest),
            uncovered=(*trail.uncovered, *(-night for night in rest)),
        )

    def _expand(self, trail: Trail) -> None:
        """Try every stay that could follow, on every night that it could begin."""
        if len(trail.stays) == MOST_STAYS:
            return
        been = {slept.facility for slept in trail.stays}
        for night in range(trail.end, self.doors.stop):
            waited = (*trail.uncovered, *(-night for night in range(trail.end, night)))
            if self._hopeless(self._from(trail, night), waited, trail.ends):
                break
            starts = self._starts(trail, night)
            least = self._least_end(trail, night, starts[0][0], waited) if starts else night
            for reach, house in starts:
                if house.id not in been and reach >= least:
                    if self.run_out:
                        been.add(house.id)
                    self._step()
                    for blocks in self._sequences(trail, night, house, least):
                        self._visit(self._with(trail, night, house, blocks, waited))

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self.most_steps:
            raise _Cut

    def _from(self, trail: Trail, night: int) -> Least:
        """Least cost and moves of chains whose next stay begins on a night or later."""
        moves, left = len(trail.stays), MOST_STAYS - len(trail.stays)
        waited = trail.cost + self.night * (night - trail.end)
        if not trail.stays and self.doors.goes_on:
            return night, waited, 0
        rest, at = self.doors.stop - night, night - self.doors.first
        least = rest - trail.could_pay
        begins = trail.stays[0].start if trail.stays else night
        return min(
            (
                begins,
                waited + self.night * max(least, rest - self.covered[stays][at]) + self.move * (stays - (not moves)),
                moves + stays - 1,
            )
            for stays in range(1, left + 1)
        )

    def _onward(self, trail: Trail, night: int, end: int) -> Least:
        """Least cost and moves of chains whose next stay begins on a night and lasts to `end`."""
        moves, left, at = len(trail.stays), MOST_STAYS - len(trail.stays), end - self.doors.first
        so_far = trail.cost + self.night * (night - trail.end) + self.move * bool(moves)
        rest, least = self.doors.stop - end, self.doors.stop - night - trail.could_pay
        begins = trail.stays[0].start if trail.stays else night
        return min(
            (
                begins,
                so_far + self.night * max(least, rest - self.covered[stays][at]) + self.move * stays,
                moves + stays,
            )
            for stays in range(left)
        )

    def _could_pay(self, stays: tuple[Slept, ...]) -> int:
        """The most nights that all funds together could still pay after some stays: in no house more than once each."""
        been = {slept.facility for slept in stays}
        houses = Counter(fund for house, funds in self.payable.items() if house not in been for fund in funds)
        used: Counter[str] = Counter()
        for row in (row for slept in stays for row in slept.blocks):
            used[row.fund] += row.end - row.start
        return sum(
            max(0, min(count * self.most[fund][0], self.most[fund][1] - used[fund])) for fund, count in houses.items()
        )

    def _hopeless(self, most: Least, uncovered: tuple[int, ...], ends: tuple[int, ...]) -> bool:
        """Whether nothing that begins like this can be better than the best so far, or as good."""
        best, nights = self.best, len(uncovered)
        if most != best.key[:3]:
            return most > best.key[:3]
        if uncovered != best.uncovered[:nights]:
            return uncovered > best.uncovered[:nights]
        return nights == len(best.uncovered) and ends > best.ends[: len(ends)]

    def _least_end(self, trail: Trail, night: int, reach: int, waited: tuple[int, ...]) -> int:
        """The first end of a stay that might make a chain as good as the best; above `reach` where none does."""
        if self.run_out:
            return night + 1
        for end in range(night + 1, reach + 1):
            if not self._hopeless(self._onward(trail, night, end), waited, (*trail.ends, -end)):
                self.steps += (end - night) // ENDS_A_STEP
                return end
        self.steps += (reach - night) // ENDS_A_STEP
        return reach + 1

    def _sequences(self, trail: Trail, night: int, house: Facility, least: int) -> Iterator[tuple[Block, ...]]:
        """Who could pay a stay to `least` or later; of those that end with the need the best alone."""
        opening = self.doors.opening(house, night)
        if opening is None:
            return
        runs, stop = self.doors.runs(house, night, trail.stays), opening.stop
        if stop == self.doors.stop:
            yield from self._best_to(runs, night, stop)
        been = {*(slept.facility for slept in trail.stays), house.id}
        if self.run_out or not self._coming(been).isdisjoint(run.fund for run in runs):
            for blocks in coverage.sequences(runs, night, stop, least=least, run_out=self.run_out):
                if blocks[-1].end < self.doors.stop:
                    yield blocks
        else:
            for end in range(min(stop, self.doors.stop - 1), least - 1, -1):
                yield from self._best_to(runs, night, end)

    def _best_to(self, runs: Sequence[PayerRun], night: int, end: int) -> Iterator[tuple[Block, ...]]:
        """The best sequence that pays every night up to `end`, where there is one: nobody later asks who paid."""
        found = coverage.cover(runs, night, end)
        self.sure = self.sure and found.proved
        if found.end == end:
            yield tuple(
                Block(row.fund, row.from_.toordinal(), row.until.toordinal()) for row in found.payers if row.until
            )

    def _coming(self, been: Collection[str]) -> set[str]:
        """The funds that houses to come accept."""
        return {fund for house, funds in self.accepted.items() if house not in been for fund in funds}

    def _with(
        self, trail: Trail, night: int, house: Facility, blocks: tuple[Block, ...], waited: tuple[int, ...]
    ) -> Trail:
        """The beginning with one stay more."""
        end = blocks[-1].end
        scarce = list(trail.scarce)
        for row in blocks:
            if row.fund in self.doors.scarce:
                scarce[self.doors.scarce[row.fund][1]] += row.end - row.start
        stays = (*trail.stays, Slept(house.id, night, end, blocks))
        return Trail(
            stays,
            end,
            trail.cost + self.night * (night - trail.end) + self.move * bool(trail.stays),
            waited,
            (*trail.ends, -end),
            trail.last_resort + sum(row.end - row.start for row in blocks if row.fund in self.last_resorts),
            trail.blocks + len(blocks),
            tuple(scarce),
            self._could_pay(stays),
        )

    def _visit(self, trail: Trail) -> None:
        """Take a chain for what it is, and look at those that go on from it."""
        self._step()
        closed = self._closed(trail)
        if closed.before(self.best):
            self.best = closed
        if trail.end == self.doors.stop or self._hopeless(
            self._from(trail, trail.end) if len(trail.stays) < MOST_STAYS else closed.key[:3],
            trail.uncovered,
            trail.ends,
        ):
            return
        been = frozenset(slept.facility for slept in trail.stays)
        paid = tuple(paid_by(fund, trail.stays) for fund in sorted(self._coming(been)))
        key = (trail.end, been, paid, trail.stays[0].start if self.doors.goes_on else None)
        known = self.seen.get(key)
        if known is None or trail.before(known):
            self.seen[key] = trail
            self._expand(trail)
