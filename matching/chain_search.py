"""The search for the best chain of stays: every chain, or a reason why it cannot win.

A chain is left out where its nights to come could not make it better even if it had used up nothing so far: a night
that a fund has paid never lets it pay another one, so that no stay goes farther than it would without (`covered`),
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
from matching.facts import Facility, Payer

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

    def __init__(self, doors: Doors, night: int, move: int, given: Slept | None = None) -> None:
        self.doors = doors
        self.night = night
        self.move = move
        self.last_resorts = {fund.id for fund in doors.census.snapshot.funds if fund.last_resort}
        self.whole = False
        self.sure = True
        self.run_out = True
        self.steps = 0
        self.most_steps = MOST_STEPS
        self.seen: dict[tuple[object, ...], Trail] = {}
        self.accepted = {house.id: {fund.id for fund, _ in doors.census.payers_of(house)} for house in doors.houses}
        self.root = Trail((), doors.first, 0, (), (), 0, 0, (0,) * len(doors.scarce))
        if given is not None:
            self.root = self._with(self.root, given, tuple(-night for night in range(doors.first, given.start)))
        self._open: dict[int, list[tuple[int, Facility]]] = {}
        self._could: dict[tuple[Slept, ...], int] = {}
        self.best = self._closed(self.root)

    def run(self) -> None:
        """Look at the chains in which all goes on as long as it may, then at all."""
        most, self.most_steps = self.most_steps, self.most_steps // 4
        with suppress(_Cut):
            self._expand(self.root)
        self.run_out = False
        self.most_steps = self.steps + most
        self.seen.clear()
        with suppress(_Cut):
            self._expand(self.root)
            self.whole = self.sure

    def open_on(self, night: int) -> list[tuple[int, Facility]]:
        """The houses that could take the minor on a night if nothing was paid before, the farthest reach first."""
        if night not in self._open:
            self._open[night] = self._reaches(self.doors.later(), night)
        return self._open[night]

    @cached_property
    def payable(self) -> dict[str, set[str]]:
        """The funds that each house accepts in which a stay to come could be."""
        nights = range(self.root.end, self.doors.stop)
        opens = {house.id for night in nights for _, house in self.open_on(night)}
        if self.doors.goes_on:
            opens |= {house.id for house in self.doors.houses}
        return {house: funds for house, funds in self.accepted.items() if house in opens}

    def _reaches(self, trail: tuple[Slept, ...], night: int) -> list[tuple[int, Facility]]:
        """The houses that could take the minor on a night, the farthest reach first."""
        found = [(self.doors.reach(house, night, trail), house) for house in self.doors.houses]
        return sorted((row for row in found if row[0] > night), key=lambda row: (-row[0], row[1].id))

    @cached_property
    def covered(self) -> list[list[int]]:
        """For so many stays more, from each night on: no chain covers more nights of the need than this."""
        first, stop = self.doors.first, self.doors.stop
        tables = [[0] * (stop - first + 1)]
        for _ in range(MOST_STAYS):
            less, more = tables[-1], [0] * (stop - first + 1)
            for at in range(stop - first - 1, self.root.end - first - 1, -1):
                found = self.open_on(first + at)
                end = found[0][0] - first if found else at
                more[at] = max([more[at + 1], *(until - at + less[until] for until in range(at + 1, end + 1))])
            tables.append(more)
        return tables

    @cached_property
    def least(self) -> int:
        """A cost that no chain goes below that begins on the first night on which one can."""
        if self.root.stays:
            return min(self.best.cost, self._from(self.root, self.root.end)[1])
        for night in range(self.doors.first, self.doors.stop):
            for reach, _ in self._starts(self.root, night)[:1]:
                return min(self._onward(self.root, night, end)[1] for end in range(night + 1, reach + 1))
        return self.best.cost

    def _starts(self, trail: Trail, night: int) -> list[tuple[int, Facility]]:
        """The houses that a stay could begin in, with a bound of how far it goes."""
        if not trail.stays and self.doors.goes_on:
            return self._reaches((), night)
        return self.open_on(night)

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
                        self._visit(self._with(trail, Slept(house.id, night, blocks[-1].end, blocks), waited))

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
        least = rest - self._could_pay(trail.stays)
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
        rest, least = self.doors.stop - end, self.doors.stop - night - self._could_pay(trail.stays)
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
        if stays not in self._could:
            self._could[stays] = self._count_payable(stays)
        return self._could[stays]

    def _count_payable(self, stays: tuple[Slept, ...]) -> int:
        been = {slept.facility for slept in stays}
        houses = Counter(fund for house, funds in self.payable.items() if house not in been for fund in funds)
        used: Counter[str] = Counter()
        for row in (row for slept in stays for row in slept.blocks):
            used[row.fund] += row.end - row.start
        return sum(
            max(0, min(count * most[0], most[1] - used[fund]))
            for fund, count in houses.items()
            if (most := self.doors.most(self.doors.census.funds[fund]))
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
        found = self.doors.cover(runs, night, end)
        self.sure = self.sure and found.proved
        if found.end == end:
            yield blocks_of(found.payers)

    def _coming(self, been: Collection[str]) -> set[str]:
        """The funds that houses to come accept."""
        return {fund for house, funds in self.accepted.items() if house not in been for fund in funds}

    def _with(self, trail: Trail, slept: Slept, waited: tuple[int, ...]) -> Trail:
        """The beginning with one stay more."""
        scarce = list(trail.scarce)
        for row in slept.blocks:
            if row.fund in self.doors.scarce:
                scarce[self.doors.scarce[row.fund][1]] += row.end - row.start
        return Trail(
            (*trail.stays, slept),
            slept.until,
            trail.cost + self.night * (slept.start - trail.end) + self.move * bool(trail.stays),
            waited,
            (*trail.ends, -slept.until),
            trail.last_resort + sum(row.end - row.start for row in slept.blocks if row.fund in self.last_resorts),
            trail.blocks + len(slept.blocks),
            tuple(scarce),
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


def blocks_of(payers: Sequence[Payer]) -> tuple[Block, ...]:
    """Payers with both dates, as blocks of nights."""
    return tuple(Block(row.fund, row.from_.toordinal(), row.until.toordinal()) for row in payers if row.until)
