"""On which nights each house would take one minor, and who could pay there after what was paid before in a chain."""

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from matching.admission import Admission, admission, make_case, nights_of_change
from matching.case import Case
from matching.census import Census
from matching.clocks import SHORTEST_MONTH, extension_nights, fiscal_years, past_of
from matching.coverage import Block, Coverage, PayerRun, cover, farthest
from matching.eligibility import BY_NIGHT, sibling_outcome
from matching.facts import Clock, Facility, Fund, Limit, Payer, Referral, Stay
from matching.findings import MET
from matching.payer import Funding
from matching.payers import covered_until
from matching.rules import FACILITY_RULES, ONCE_RULES

NO_BED = "bed"
"""Stands among the codes for a bed that is not free, or not for the people who live there."""

OPEN_LOOKS = 5
"""So many times as long it takes to look at a house that is open: its payers are asked then."""


class Slept(NamedTuple):
    """One stay of a chain: the half-open nights (ordinals), all of them paid."""

    facility: str
    start: int
    until: int
    blocks: tuple[Block, ...]


class Opening(NamedTuple):
    """A house that takes the minor on a night, every rule being met; no night from `stop` on can be slept there."""

    admission: Admission
    stop: int


class Doors:
    """Every house for one referral, night by night, over its need from `first` to `stop` (ordinals, half-open)."""

    def __init__(self, census: Census, referral: Referral, first: int, stop: int) -> None:
        self.census = census
        self.referral = referral
        self.first = first
        self.stop = stop
        self.minor = census.minors[referral.minor]
        self.real = census.stays_of.get(self.minor.id, [])
        self.goes_on = any(stay.left_on is None or stay.left_on.toordinal() > first for stay in self.real)
        self._rests: dict[int, Referral] = {}
        houses = sorted(census.snapshot.facilities, key=lambda facility: facility.id)
        self.houses = [facility for facility in houses if self._ever(facility)]
        self.scarce = _scarce(census.snapshot.funds)
        self._openings: dict[tuple[str, int], Opening | None] = {}
        self._changes: dict[str, list[int]] = {}
        self._found: dict[tuple[str, int], Admission | None] = {}
        self._far: dict[tuple[str, int], int] = {}
        self.looks = 0
        """How often a house was looked at on a night; one that is open counts for more."""
        self._covers: dict[tuple[tuple[int, ...], int, int], Coverage] = {}
        self._mosts: dict[str, tuple[int, int]] = {}
        self._census: dict[tuple[Slept, ...], Census] = {}
        self._payers: dict[Hashable, PayerRun | None] = {}

    def _ever(self, facility: Facility) -> bool:
        """Whether the rules that look at no night are met."""
        case = self._case(self.census, facility, self.first)
        return all(rule.judge(case) is MET for rule in FACILITY_RULES if rule.code not in BY_NIGHT)

    def _case(self, census: Census, facility: Facility, night: int) -> Case:
        asked = self._asked(night)
        return make_case(census, self.minor, facility, asked, date.fromordinal(night), True, sibling_outcome)

    def _asked(self, night: int) -> Referral:
        """The referral as it would stand on a night: the rest of the need."""
        found = self._rests.get(night)
        if found is None:
            rest = replace(self.referral, needed_from=date.fromordinal(night), nights_needed=self.stop - night)
            found = self._rests[night] = rest
        return found

    def opening(self, facility: Facility, night: int) -> Opening | None:
        """The bed for an admission on just this night; None where there is none or a rule is not met, or not known."""
        key = (facility.id, night)
        if key not in self._openings:
            self._openings[key] = self._open(facility, night)
        return self._openings[key]

    def _open(self, facility: Facility, night: int) -> Opening | None:
        found = self._place(facility, night)
        if found is None:
            return None
        case = self._case(self.census, facility, night)
        if any(rule.judge(case) is not MET for rule in BY_NIGHT.values()):
            return None
        end = min(covered_until(case), found.bed_until or date.max).toordinal()
        return Opening(found._replace(case=case), min(end, self.stop)) if end > night else None

    def _place(self, facility: Facility, night: int) -> Admission | None:
        """The bed for a night; the same until the next night on which beds or people change."""
        if night > self.census.last_night.toordinal():
            return None
        changes = self._changes.get(facility.id)
        if changes is None:
            first = date.fromordinal(self.first)
            nights = nights_of_change(self.census, self.minor, facility, first)
            changes = self._changes[facility.id] = [day.toordinal() for day in nights]
        key = (facility.id, bisect_right(changes, night))
        if key not in self._found:
            found = admission(self.census, self.minor, facility, self._asked(night), sibling_outcome)
            comes = found.bed is not None and found.case.admit_on.toordinal() == night
            self._found[key] = found if comes else None
        return self._found[key]

    def runs(self, facility: Facility, night: int, trail: tuple[Slept, ...]) -> list[PayerRun]:
        """The payers that may stand in a sequence for an admission after the stays of a chain."""
        found = (self._run(facility, fund, seen, night, trail) for fund, seen in self.census.payers_of(facility))
        return [run for run in found if run is not None]

    def cover(self, runs: Sequence[PayerRun], night: int, end: int) -> Coverage:
        """The best sequence of some of the payers that `runs` has given."""
        key = (tuple(map(id, runs)), night, end)
        if key not in self._covers:
            self._covers[key] = cover(runs, night, end)
        return self._covers[key]

    def reach(self, facility: Facility, night: int, trail: tuple[Slept, ...]) -> int:
        """No stay that begins on the night lasts beyond this one, whoever pays; the night itself where none begins."""
        if trail != self.later():
            return self._reach(facility, night, trail)
        key = (facility.id, night)
        if key not in self._far:
            self._far[key] = self._reach(facility, night, trail)
            self.looks += OPEN_LOOKS if self._far[key] > night else 1
        return self._far[key]

    def _reach(self, facility: Facility, night: int, trail: tuple[Slept, ...]) -> int:
        opening = self.opening(facility, night)
        if opening is None:
            return night
        return farthest(self.runs(facility, night, trail), night, opening.stop)

    def later(self) -> tuple[Slept, ...]:
        """A chain that has paid nothing yet, and with which every stay on record has ended on the first night."""
        return (Slept("", self.first, self.first, ()),) if self.goes_on else ()

    def funding(self, facility: Facility, fund: Fund, night: int, trail: tuple[Slept, ...]) -> Funding:
        """A payer for an admission after the stays of a chain, which count as past stays and use up what is left."""
        census = self._after(trail)
        case = self._case(census, facility, night)
        used = sum(block.end - block.start for slept in trail for block in slept.blocks if block.fund == fund.id)
        return Funding(case, _less(fund, used), case.governing(case.admit_on))

    def governing(self, facility: Facility, night: int, alone: bool) -> date:
        """The date whose row governs a stay; `alone`, first in its chain, it may go on with one on record."""
        on = date.fromordinal(night)
        if not alone or all(stay.facility != facility.id for stay in self.real):
            return on
        return self._case(self.census, facility, night).governing(on)

    def most(self, fund: Fund) -> tuple[int, int]:
        """The most nights that a fund could pay in one block, and in a whole chain: whichever row is in force."""
        if fund.id not in self._mosts:
            rows = [self._most(fund, row) for row in fund.limits]
            self._mosts[fund.id] = max((row[0] for row in rows), default=0), max((row[1] for row in rows), default=0)
        return self._mosts[fund.id]

    def _most(self, fund: Fund, row: Limit) -> tuple[int, int]:
        need = self.stop - self.first
        left = need if row.nights_left is None else min(need, row.nights_left)
        caps = [(left, left), *(self._cap(fund, clock) for clock in row.clocks)]
        return min(block for block, _ in caps), min(total for _, total in caps)

    def _cap(self, fund: Fund, clock: Clock) -> tuple[int, int]:
        """The most nights of the need that a cap lets through in one block, and in all where it sees more than one."""
        nights, on = self.stop - self.first, date.fromordinal(self.first)
        limit = clock.limit + extension_nights(clock, self.minor)
        block = total = nights if clock.unit == "business_day" else limit
        if clock.window == "trailing":
            span = clock.window_days or SHORTEST_MONTH * (clock.window_months or 1)
            full, rest = divmod(nights, span)
            block, total = limit if limit < span else nights, full * limit + min(rest, limit)
        elif clock.window == "fiscal_year":
            block = total = limit * fiscal_years(clock, self.first, self.stop)
        elif clock.window == "lifetime":
            past = past_of(clock, fund.id, self.minor, tuple(_ended(self.real, on)), "", None, on, frozenset())
            total = max(0, limit - len(past.paid))
        return block, total if clock.scope == "fund" and clock.window not in ("stay", "chain") else nights

    def _run(
        self, facility: Facility, fund: Fund, seen: Hashable, night: int, trail: tuple[Slept, ...]
    ) -> PayerRun | None:
        known = any(stay.facility == facility.id for stay in self.real)
        ended = trail[0].start if trail and self.goes_on else None
        key = (seen, facility.id if known else None, night, ended, paid_by(fund.id, trail))
        if key not in self._payers:
            funding = self.funding(facility, fund, night, trail)
            usable = funding.limit is not None and all(rule.judge(funding) is MET for rule in ONCE_RULES)
            left = self.scarce.get(fund.id, (None,))[0]
            self._payers[key] = (
                PayerRun(fund.id, fund.last_resort, left, funding.run_end, funding.may_return) if usable else None
            )
        return self._payers[key]

    def _after(self, trail: tuple[Slept, ...]) -> Census:
        """The census once the stays of a chain are over: stays on record end where the chain begins."""
        if not trail:
            return self.census
        found = self._census.get(trail)
        if found is None:
            found = self._census[trail] = copy(self.census)
            stays = [*_ended(self.real, date.fromordinal(trail[0].start)), *(self._stay(slept) for slept in trail)]
            found.stays_of = {**self.census.stays_of, self.minor.id: stays}
        return found

    def _stay(self, slept: Slept) -> Stay:
        payers = tuple(Payer(row.fund, date.fromordinal(row.start), date.fromordinal(row.end)) for row in slept.blocks)
        start, until = date.fromordinal(slept.start), date.fromordinal(slept.until)
        return Stay(f"\x00{slept.start}", self.minor.id, slept.facility, start, until, payers=payers)

    def shut_by(self, facility: Facility, night: int, trail: tuple[Slept, ...]) -> tuple[str, ...]:
        """The codes that keep a house from taking the minor on a night; none where nothing does."""
        found = admission(self.census, self.minor, facility, self._asked(night), sibling_outcome)
        if not found.bed or found.case.admit_on.toordinal() > night:
            return (NO_BED,)
        codes = [rule.code for rule in BY_NIGHT.values() if rule.judge(found.case) is not MET]
        return tuple(sorted(codes or set(self._refused(facility, night, trail))))

    def _refused(self, facility: Facility, night: int, trail: tuple[Slept, ...]) -> Iterator[str]:
        """For each accepted payer the first rule that keeps it from paying the night; none where one pays."""
        if any(run.run_end(night, night + 1) > night for run in self.runs(facility, night, trail)):
            return
        for fund, _ in self.census.payers_of(facility):
            funding = self.funding(facility, fund, night, trail)
            if funding.limit is None:
                yield "funding.in_force"
                continue
            once = next((rule.code for rule in ONCE_RULES if rule.judge(funding) is not MET), None)
            if code := once or funding.stops_on(night, night):
                yield code


def paid_by(fund: str, trail: Sequence[Slept]) -> tuple[tuple[int, int, int, int], ...]:
    """What a fund has seen of a chain: the nights of each stay that it paid, and those that it paid."""
    return tuple(
        (slept.start, slept.until, block.start, block.end)
        for slept in trail
        for block in slept.blocks
        if block.fund == fund
    )


def _ended(stays: Sequence[Stay], on: date) -> Iterator[Stay]:
    """The stays on record where the minor comes elsewhere on a date: nobody sleeps in two beds."""
    for stay in stays:
        if stay.admitted_on < on:
            yield stay if stay.left_on is not None and stay.left_on <= on else replace(stay, left_on=on)


def _less(fund: Fund, nights: int) -> Fund:
    """A fund that has so many nights fewer left."""
    if not nights:
        return fund
    rows = [
        row if row.nights_left is None else replace(row, nights_left=max(0, row.nights_left - nights))
        for row in fund.limits
    ]
    return replace(fund, limits=tuple(rows))


def _scarce(funds: Sequence[Fund]) -> dict[str, tuple[int, int]]:
    """The funds that have a number of nights left, each with it and with its place by it, then by id."""
    least = [
        (min(row.nights_left for row in fund.limits if row.nights_left is not None), fund.id)
        for fund in funds
        if any(row.nights_left is not None for row in fund.limits)
    ]
    return {fund: (left, place) for place, (left, fund) in enumerate(sorted(least))}
