"""Where and when each minor could stay and who could pay, night by night, as arrays: what prices choose a chain from.

These are **loose**: a payer is taken to have paid nothing before, and a house may be asked for twice. So no chain is
left out by them; whether one may be, exactly, `Doors` says of the chain.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from matching.admission import nights_of_change, places_on
from matching.census import Census
from matching.coverage import Block
from matching.dates import age_on, birthday
from matching.doors import Doors
from matching.facts import Facility, Fund, Limit, Minor, Referral
from matching.findings import MET
from matching.grounds import Grounds
from matching.network import Ints
from matching.payers import covered_until
from matching.rules import ONCE_RULES
from matching.rules.fit import unit_outcome

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Stand:
    """One house and group of beds for a minor, and the nights on which a stay could begin there: bool[nights].

    `stop`: no night from there on can be slept there (from tonight); `places`: what a stay takes, money aside: beds,
    the house, and the unit where it matters who else is there.
    """

    facility: Facility
    unit: str
    bed: int
    stop: int
    places: tuple[int, ...]
    open: NDArray[np.bool_]

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """The nights on which a minor could be there who came on some night before."""
        found = np.logical_or.accumulate(self.open)
        found[self.stop :] = False
        return np.asarray(found, np.bool_)


@dataclass(frozen=True, eq=False)
class Purse:
    """One row of a fund for a minor: the first night that a block from each night does not reach, what a night takes.

    The row is the one in force when the stay begins, and governs all of it. `block` and `total` are the most nights in
    one block and in a whole chain. Stays no more than `gap` nights apart are one to a cap of the fund; -1 where none is
    counted so.
    """

    fund: Fund
    limit: Limit
    ends: Ints
    places: tuple[int, ...]
    block: int
    total: int
    gap: int

    @cached_property
    def could(self) -> NDArray[np.bool_]:
        """The nights that some block reaches."""
        night = np.arange(len(self.ends))
        return np.asarray(np.maximum.accumulate(np.where(self.ends > night, self.ends, 0)) > night, np.bool_)


class Ends:
    """How far payers reach from every night; those that reach alike are counted once for all minors."""

    def __init__(self) -> None:
        self.known: dict[Hashable, Ints] = {}


class Prospect:
    """One minor who waits: her or his doors, stands and purses, and for each stand the purses that could pay."""

    def __init__(self, grounds: Grounds, referral: Referral, first: int, need: int, ends: Ends) -> None:
        self.grounds, self.referral, self._ends = grounds, referral, ends
        base = grounds.tonight
        self.census: Census = grounds.census
        self.doors = Doors(self.census, referral, first, first + need)
        self.first, self.stop = first - base, first - base + need
        self.stands: list[Stand] = []
        self.pays: list[list[int]] = []
        self.purses: list[Purse] = []
        self._purses_at: dict[Hashable, list[int]] = {}
        for house in self.doors.houses:
            self._add(house)

    @cached_property
    def _born(self) -> set[int]:
        """Birthdays within the need."""
        return self._birthdays(self.doors.minor)

    def _birthdays(self, minor: Minor) -> set[int]:
        born, first = minor.born_on, date.fromordinal(self.doors.first)
        if born is None:
            return set()
        last = date.fromordinal(self.doors.stop)
        return {birthday(born, age).toordinal() for age in range(age_on(born, first), age_on(born, last) + 2)}

    def _changes(self, house: Facility) -> list[int]:
        """The nights (ordinals) on which the house may answer otherwise than the night before."""
        first, stop = self.doors.first, self.doors.stop
        days = {
            day.toordinal() for day in nights_of_change(self.census, self.doors.minor, house, date.fromordinal(first))
        }
        if not days:
            return []
        kept = house.safeguards
        for name in kept.__slots__:
            evidence = getattr(kept, name)
            days |= {day.toordinal() for day in (evidence.verified_on, evidence.expires_on) if day is not None}
        days |= {day.toordinal() for day in (house.licence.valid_from, house.licence.expires_on) if day is not None}
        minors = self.census.minors
        for sibling in self.doors.minor.together_with:
            days |= self._birthdays(minors[sibling]) if sibling in minors else set()
        return sorted(day for day in days | self._born | {first, first + 1} if first <= day < stop)

    def _add(self, house: Facility) -> None:
        """Add the stands of a house, one for each group of beds and end, with its payers."""
        base, nights = self.grounds.tonight, self.grounds.nights
        changes = self._changes(house)
        found: dict[tuple[str, int, int], NDArray[np.bool_]] = {}
        for night, end in pairwise([*changes, self.doors.stop]):
            opening = self.doors.opening(house, night)
            if opening is None or night > self.census.last_night.toordinal():
                continue
            case = opening.admission.case
            licensed = covered_until(case).toordinal()
            suits = [place for place in places_on(case) if unit_outcome(case, place[0], case.admit_on, gap=True) is MET]
            for unit, bed in sorted(suits, key=lambda place: (place[0].id, place[1].id)):
                until = case.bed_until(unit, bed)
                stop = min(licensed, until.toordinal() if until else self.doors.stop)
                key = (unit.id, self.grounds.bed(house, unit, bed), stop - base)
                found.setdefault(key, np.zeros(nights, np.bool_))[night - base : end - base] = True
        if not found:
            return
        payers, room = list(self._payers(house)), self.grounds.house(house)
        for (name, group, stop), opens in found.items() if payers else ():
            places = (group, room, *self.grounds.gap(house, name))
            for within, pays in self._governed(house, payers):
                if pays and np.any(opens & within):
                    self.stands.append(Stand(house, name, group, stop, places, opens & within))
                    self.pays.append(pays)

    def _governed(self, house: Facility, payers: Sequence[int]) -> Iterator[tuple[NDArray[np.bool_], list[int]]]:
        """The nights of an admission that the same rows of funds may govern, and the purses of these."""
        first, stop, base = self.doors.first, self.doors.stop, self.grounds.tonight
        own = [(at, self.purses[at]) for at in payers]
        days = {first}.union(*(_turns(purse.fund) for _, purse in own))
        if known := [stay.left_on for stay in self.doors.real if stay.facility == house.id]:
            days |= {first + 1, *(day.toordinal() for day in known if day)}
        for night, end in pairwise([*sorted(day for day in days if first <= day < stop), stop]):
            within = np.zeros(self.grounds.nights, np.bool_)
            within[night - base : end - base] = True
            # Nothing comes before a stay on the first night.
            dates = {self.doors.governing(house, night, alone) for alone in {True, night == first}}
            yield within, [at for at, purse in own if purse.limit in {purse.fund.limit_on(day) for day in dates}]

    def taken(self, house: Facility, block: Block, came: int, alone: bool) -> tuple[int, ...]:
        """What a payer's nights take of money's places in a stay that began on a night; `alone`: its chain's first."""
        governing = self.doors.governing(house, came, alone)
        return self._taken[block.fund, self.census.funds[block.fund].limit_on(governing)]

    @cached_property
    def _taken(self) -> dict[tuple[str, Limit | None], tuple[int, ...]]:
        return {(purse.fund.id, purse.limit): purse.places for purse in self.purses}

    def _payers(self, house: Facility) -> Iterator[int]:
        known = any(stay.facility == house.id for stay in self.doors.real)
        for fund, seen in self.census.payers_of(house):
            key = (seen, house.id if known else None)
            if key not in self._purses_at:
                self._purses_at[key] = list(self._make(house, fund))
            yield from self._purses_at[key]

    def _apart_from_past(self, fund: Fund) -> Iterator[date]:
        """The dates from which a cap no longer joins a stay to one on record."""
        first = date.fromordinal(self.doors.first)
        for clock in (clock for row in fund.limits for clock in row.clocks if clock.window == "chain"):
            for stay in self.doors.real:
                yield min(stay.left_on or first, first) + timedelta(days=clock.gap_days + 1)

    def _make(self, house: Facility, fund: Fund) -> Iterator[int]:
        """The loosest that each row of a fund could pay, whichever night a stay begins on which it is in force."""
        base, nights, doors = self.grounds.tonight, self.grounds.nights, self.doors
        dates = _turns(fund) | {past.toordinal() for past in self._apart_from_past(fund)}
        starts = sorted(day for day in dates | self._born | {doors.first} if doors.first <= day < doors.stop)
        found: dict[Limit, Ints] = {}
        for start, trail in product(starts, dict.fromkeys((doors.later(), ()))):
            funding = doors.funding(house, fund, start, trail)
            if funding.limit is None or any(rule.judge(funding) is not MET for rule in ONCE_RULES):
                continue
            key = (funding.alike, doors.first, doors.stop)
            if key not in self._ends.known:
                loose = [funding.run_end(night, doors.stop) for night in range(base + self.first, doors.stop)]
                self._ends.known[key] = np.array(loose, np.int64) - base
            own = found.setdefault(funding.limit, np.arange(nights))[self.first : self.stop]
            own[start - doors.first :] = np.maximum(own, self._ends.known[key])[start - doors.first :]
        for limit, ends in found.items():
            if np.any(ends > np.arange(nights)):
                yield self._purse(fund, limit, ends)

    def _purse(self, fund: Fund, limit: Limit, ends: Ints) -> int:
        block, total = self.doors.most(fund)
        block = min(block, int((ends - np.arange(len(ends))).max()))
        gap = max((clock.gap_days for clock in limit.clocks if clock.window == "chain"), default=-1)
        self.purses.append(Purse(fund, limit, ends, tuple(self.grounds.fund(fund, limit)), block, total, gap))
        return len(self.purses) - 1


def _turns(fund: Fund) -> set[int]:
    """The nights (ordinals) from which another row of a fund may be in force."""
    return {day.toordinal() for row in fund.limits for day in (row.valid_from, row.valid_until) if day}
