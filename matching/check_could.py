"""On which nights one minor could be at a house that a fund pays, at the most, for the checker: judged afresh.

A stay before in the chain can only take nights away, so none is looked at. A house is judged on each night on which a
date in what is known of it, of the minor, or of a sibling to be together with may change the answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from itertools import chain
from typing import Any, NamedTuple

from matching.check_chains import Before, Stayed, World
from matching.check_clocks import Count, opens_on
from matching.dates import age_on, birthday
from matching.facts import Clock, Facility, Limit, Minor
from matching.findings import MET
from matching.payer import Funding
from matching.rules.fit import unit_outcome


class Paid(NamedTuple):
    """The nights that a row of a fund could pay, the most in one block, and the most in all by its caps."""

    nights: frozenset[int]
    block: int
    total: int


class Could:
    """One minor, and what is judged of her or him as it is asked for."""

    def __init__(self, world: World) -> None:
        self.world = world
        first = date.fromordinal(world.first)
        own = [row for row in world.snapshot.stays if row.minor == world.minor.id]
        self.ends = [min(row.left_on or first, first) for row in own]
        goes_on = any(row.left_on is None or row.left_on > first for row in own)
        self.loose: Before = (Stayed("", world.first, world.first, ()),) if goes_on else ()
        self._inside: dict[str, list[tuple[int, str, range]]] = {}
        self._paid: dict[tuple[str, str], dict[int, Paid]] = {}

    def nights(self, house: Facility, fund: str, row: int, first: int, until: int) -> int:
        """How many of some nights could be slept there and paid, in a stay that a row of the fund governs."""
        return sum(first <= night < until for night in self._both(house, fund, row))

    def block(self, house: Facility, fund: str) -> int:
        """The most nights in one stay."""
        rows = self._payer(house, fund).items()
        return max((min(one.block, one.total, len(self._both(house, fund, row))) for row, one in rows), default=0)

    def beds(self, house: Facility) -> list[str]:
        """The beds she or he could have there."""
        return sorted({bed for _, bed, _ in self._stays(house)})

    def total(self, fund: str) -> int:
        """The most nights in all."""
        houses = [house for house in self.world.snapshot.facilities if fund in (house.funds or ())]
        return max((paid.total for house in houses for paid in self._payer(house, fund).values()), default=0)

    def _both(self, house: Facility, fund: str, row: int) -> frozenset[int]:
        """The nights that could be slept there and paid, of stays that began while the row was in force."""
        paid = self._payer(house, fund).get(row)
        if paid is None:
            return frozenset()
        own = [nights for night, _, nights in self._stays(house) if row in self._rows(house, fund, night)]
        return paid.nights.intersection(chain.from_iterable(own))

    def _rows(self, house: Facility, fund: str, night: int) -> set[int]:
        """Which row of a fund governs a stay from a night on, or one it may go on with; on the first night, does."""
        on = date.fromordinal(night)
        begun = [
            row.admitted_on
            for row in self.world.snapshot.stays
            if row.minor == self.world.minor.id and row.facility == house.id
            if row.admitted_on < on and (row.left_on is None or row.left_on > on)
        ]
        days = begun if begun and night == self.world.first else [on, *begun]
        found = next(row for row in self.world.snapshot.funds if row.id == fund)
        return {found.limits.index(limit) for day in days if (limit := found.limit_on(day)) is not None}

    def _stays(self, house: Facility) -> list[tuple[int, str, range]]:
        """The nights of admission after which the answer may be another, each bed then, and its nights."""
        if house.id not in self._inside:
            self._inside[house.id] = [
                (night, bed, range(night, until))
                for night in self._changes(house)
                for before in {self.loose, *([()] if night == self.world.first else [])}
                for bed, until in self._open(before, house, night)
            ]
        return self._inside[house.id]

    def _open(self, before: Before, house: Facility, night: int) -> Iterator[tuple[str, int]]:
        """Each bed for an admission on a night, and the first night on which it cannot be slept in."""
        door = self.world.door(before, house, night)
        if door is None or any(row.outcome is not MET for row in door.judged.house):
            return
        judge, case = self.world.after(before)[0], door.judged.case
        for unit in house.units:
            if unit_outcome(case, unit, case.admit_on, gap=True) is not MET:
                continue
            for bed in unit.beds:
                if judge.free(bed, case.admit_on, case.minor.id, case.referrals):
                    until = judge.bed_until(case, unit, bed)
                    yield bed.id, min(door.nights.stop, until.toordinal() if until else self.world.stop)

    def _changes(self, house: Facility) -> list[int]:
        """The nights on which the house may answer otherwise than on the night before."""
        world = self.world
        days = {*_dates(house), *self._birthdays(world.minor), world.snapshot.tonight + timedelta(days=1)}
        for fund in world.snapshot.funds:
            days |= set(_turns(fund.limits)) if fund.id in (house.funds or ()) else set()
        named = set(world.minor.together_with)
        for sibling in world.snapshot.minors if named else ():
            days |= set(self._birthdays(sibling)) if sibling.id in named else set()
        for other in world.snapshot.facilities if named else ():
            days |= {day for row in other.residents if row.minor in named for day in _dates(row)}
        nights = {day.toordinal() for day in days} | {world.first}
        return sorted(night for night in nights if world.first <= night < world.stop)

    def _birthdays(self, minor: Minor) -> Iterator[date]:
        born, last = minor.born_on, date.fromordinal(self.world.stop)
        if born is not None:
            now = age_on(born, date.fromordinal(self.world.first))
            yield from (birthday(born, age) for age in range(now, age_on(born, last) + 2))

    def _payer(self, house: Facility, fund: str) -> dict[int, Paid]:
        """What each row of a fund could pay there."""
        key = (house.id, fund)
        if key not in self._paid:
            found = self._paid[key] = {}
            for before, night in self._admissions(fund):
                for funding in self._usable(before, house, fund, night):
                    payer = self.world.after(before)[1].payer(funding)
                    nights = {at for at in range(night, self.world.stop) if payer.refuses(at, at) is None}
                    block = max((end - night - at for at, end in enumerate(payer.ends)), default=0)
                    row = funding.fund.limits.index(funding.row)
                    was = found.get(row, Paid(frozenset(), 0, 0))
                    total = max(was.total, self._most(funding))
                    found[row] = Paid(was.nights | nights, max(was.block, block), total)
        return self._paid[key]

    def _admissions(self, fund: str) -> Iterator[tuple[Before, int]]:
        """The nights of admission from which a fund may say something else."""
        world = self.world
        rows = next(row.limits for row in world.snapshot.funds if row.id == fund)
        gaps = [clock.gap_days for row in rows for clock in row.clocks if clock.window == "chain"]
        days = {*_turns(rows), *self._birthdays(world.minor)}
        days |= {end + timedelta(days=gap + 1) for end in self.ends for gap in gaps}
        nights = {day.toordinal() for day in days} | {world.first}
        if self.loose:
            yield (), world.first
        yield from ((self.loose, night) for night in sorted(nights) if world.first <= night < world.stop)

    def _usable(self, before: Before, house: Facility, fund: str, night: int) -> Iterator[Funding]:
        judge, stop = self.world.after(before)[0], self.world.stop
        asked = replace(self.world.referral, needed_from=date.fromordinal(night), nights_needed=stop - night)
        for payer in judge.without_bed(asked, house).payers:
            if payer.funding.fund.id == fund and payer.usable:
                yield payer.funding

    def _most(self, funding: Funding) -> int:
        """The most nights of the need that all caps let through that see more than one stay."""
        need = self.world.stop - self.world.first
        left = need if funding.row.nights_left is None else min(need, funding.row.nights_left)
        kinds = ("trailing", "fiscal_year", "lifetime")
        own = [clock for clock in funding.row.clocks if clock.scope == "fund" and clock.window in kinds]
        return min([left, *(self._through(clock, funding) for clock in own)])

    def _through(self, clock: Clock, funding: Funding) -> int:
        """The most nights that a cap lets through: each as early as it does."""
        count, own = Count(clock, funding.fund.id, funding.case), list[int]()
        for night in range(self.world.first, self.world.stop):
            opens = opens_on(clock, night)
            used = sum(at >= opens for at in count.paid) + sum(at >= opens for at in own)
            if used < count.limit:
                own.append(night)
        return len(own)


def _turns(rows: Iterable[Limit]) -> Iterator[date]:
    """The dates on which a fund's limits change."""
    yield from (day for row in rows for day in (row.valid_from, row.valid_until) if day)


def _dates(known: Any) -> Iterator[date]:
    """Every date in a fact."""
    if isinstance(known, date):
        yield known
    elif is_dataclass(known) and not isinstance(known, type):
        for field in fields(known):
            yield from _dates(getattr(known, field.name))
    elif isinstance(known, tuple | list | frozenset):
        for one in known:
            yield from _dates(one)
