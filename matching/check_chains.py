"""Every chain of stays there is, night by night, for the checker: after each stay the snapshot is written anew."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from matching.check_clocks import Ledger
from matching.check_judged import Judged
from matching.check_judging import Judge
from matching.check_nights import Block, Book, Nights
from matching.facts import Facility, Fund, Limit, Payer, Snapshot, Stay
from matching.findings import MET
from matching.rules import ONCE_RULES
from matching.value import Policy

BED = "bed"
MOST_STEPS = 300_000
"""How many ways are looked at, some seconds' worth, before it is given up."""

FEW_STEPS = 10_000
"""The same where chains differ in who pays alone."""

_ONCE = {rule.code for rule in ONCE_RULES}


class TooManyChains(Exception):
    """More chains than could be looked at."""


class Stayed(NamedTuple):
    """One stay of a chain: half-open nights (ordinals), and who pays them."""

    facility: str
    start: int
    until: int
    blocks: tuple[Block, ...]


Before = tuple[Stayed, ...]


class Door(NamedTuple):
    """A house on the night of an admission; from `stop` on its bed is not free, it has no licence or none is needed."""

    judged: Judged
    nights: Nights
    stop: int


class World:
    """A snapshot and a referral, and what becomes of them stay after stay."""

    def __init__(self, snapshot: Snapshot, referral: str, policy: Policy) -> None:
        self.snapshot = snapshot
        self.referral = next(row for row in snapshot.referrals if row.id == referral)
        self.minor = next(row for row in snapshot.minors if row.id == self.referral.minor)
        judge = Judge(snapshot)
        self.first = judge.first_night(self.referral).toordinal()
        self.stop = self.first + judge.need(self.referral)
        weights = {row.code: row.weight for row in policy.weights}
        self.night, self.move = weights.get("nights.unpaid", 0), weights.get("nights.moves", 0)
        self.last_resort = {fund.id for fund in snapshot.funds if fund.last_resort}
        self.scarce = _scarce(snapshot)
        self._after: dict[Before, tuple[Judge, Book]] = {}
        self._steady: dict[str, bool] = {}
        self._doors: dict[tuple[Before, str, int], Door | None] = {}

    def after(self, before: Before) -> tuple[Judge, Book]:
        """The snapshot once these stays are over, ready to be asked."""
        if before not in self._after:
            written = self._written(before) if before else self.snapshot
            record = self.after(())[0] if before else None
            self._after[before] = Judge(written, record), Book(Ledger(written))
        return self._after[before]

    def _written(self, before: Before) -> Snapshot:
        first = date.fromordinal(before[0].start)
        stays = [row for row in self.snapshot.stays if row.minor != self.minor.id]
        own = [row for row in self.snapshot.stays if row.minor == self.minor.id and row.admitted_on < first]
        stays += [row if row.left_on and row.left_on < first else replace(row, left_on=first) for row in own]
        for at, slept in enumerate(before):
            payers = tuple(
                Payer(row.fund, date.fromordinal(row.start), date.fromordinal(row.end)) for row in slept.blocks
            )
            start, until = date.fromordinal(slept.start), date.fromordinal(slept.until)
            stays.append(Stay(f"chain {at}", self.minor.id, slept.facility, start, until, None, (), payers))
        return replace(
            self.snapshot, stays=tuple(stays), funds=tuple(_spent(fund, before) for fund in self.snapshot.funds)
        )

    def beds_decide(self, house: Facility) -> bool:
        """Whether on no night of the need anybody who lives there is in the way of a bed within the licence."""
        if house.id not in self._steady:
            judge, _ = self.after(())
            nights = (date.fromordinal(night) for night in range(self.first, self.stop))
            self._steady[house.id] = not any(judge.people_decide(self.referral, house, night) for night in nights)
        return self._steady[house.id]

    def door(self, before: Before, house: Facility, night: int) -> Door | None:
        """The house on a night after these stays; None where there is no bed."""
        key = (before, house.id, night)
        if key not in self._doors:
            self._doors[key] = self._door(before, house, night)
        return self._doors[key]

    def _door(self, before: Before, house: Facility, night: int) -> Door | None:
        judge, book = self.after(before)
        asked = replace(self.referral, needed_from=date.fromordinal(night), nights_needed=self.stop - night)
        judged = judge.on(asked, house, date.fromordinal(night))
        if judged is None or judged.place is None:
            return None
        nights = Nights(judged.case, judged.usable, book)
        until = judged.place.until
        return Door(judged, nights, min(nights.stop, self.stop if until is None else until.toordinal()))

    def shut_by(self, before: Before, house: Facility, night: int) -> list[str]:
        """The codes that keep the house shut on a night; none where it would take the minor and somebody pays."""
        door = self.door(before, house, night)
        if door is None:
            return [BED]
        codes = {row.rule for row in door.judged.house if row.outcome is not MET}
        if codes or any(payer.refuses(night, night) is None for payer in door.nights.payers):
            return sorted(codes)
        counted = {payer.fund: payer for payer in door.nights.payers}
        for payer in door.judged.payers:
            own = payer.funding
            if own.limit is None:
                codes.add("funding.in_force")
            elif own.fund.id in counted:
                codes.add(counted[own.fund.id].refuses(night, night) or "")
            else:
                codes.add(next(row.rule for row in payer.findings if row.rule in _ONCE and row.outcome is not MET))
        return sorted(codes)


def _spent(fund: Fund, before: Before) -> Fund:
    """The fund once it has paid its nights of these stays."""
    paid = sum(block.end - block.start for row in before for block in row.blocks if block.fund == fund.id)

    def less(row: Limit) -> Limit:
        return row if row.nights_left is None else replace(row, nights_left=max(0, row.nights_left - paid))

    return replace(fund, limits=tuple(less(row) for row in fund.limits))


class ByNights(NamedTuple):
    """What is compared first between two chains, least is best."""

    begins: int
    cost: int
    moves: int
    uncovered: list[int]
    ends: list[int]


class ByPayers(NamedTuple):
    """What is compared between two chains of the same nights and moves, least is best."""

    last_resort: int
    changes: int
    scarce: list[int]
    names: list[tuple[str, list[str]]]


def order(world: World, chain: Before) -> tuple[ByNights, ByPayers]:
    """What a chain is worth, counted from the chain alone."""
    return _by_nights(world, chain), _by_payers(world, chain)


def _by_nights(world: World, chain: Before) -> ByNights:
    slept = {night for row in chain for night in range(row.start, row.until)}
    uncovered = [-night for night in range(world.first, world.stop) if night not in slept]
    moves = max(0, len(chain) - 1)
    cost = len(uncovered) * world.night + moves * world.move
    begins = chain[0].start if chain else date.max.toordinal()
    return ByNights(begins, cost, moves, uncovered, [-row.until for row in chain])


def _by_payers(world: World, chain: Before) -> ByPayers:
    paid = [block for row in chain for block in row.blocks]
    return ByPayers(
        sum(block.end - block.start for block in paid if block.fund in world.last_resort),
        len(paid),
        [sum(one.end - one.start for one in paid if one.fund == fund) for fund in world.scarce],
        [(row.facility, [one.fund for one in row.blocks for _ in range(one.start, one.end)]) for row in chain],
    )


def _scarce(snapshot: Snapshot) -> list[str]:
    """The funds that say how many nights they have left, the fewest first, then by id."""
    left = {fund.id: [row.nights_left for row in fund.limits if row.nights_left is not None] for fund in snapshot.funds}
    return sorted((fund for fund, rows in left.items() if rows), key=lambda fund: (min(left[fund]), fund))


def better_chain(
    world: World,
    claimed: Before,
    most: int,
    given: Before = (),
    houses: Collection[str] | None = None,
    few: int = FEW_STEPS,
) -> bool:
    """Whether any chain is better than one: in nights and moves, and in who pays as far as `few` ways show it.

    All of them begin with the stays that are given, and go on in some houses only where these are named.

    Raises
    ------
    TooManyChains
        Where it cannot be told of nights and moves.
    """
    best = _by_nights(world, claimed)
    by_nights = every_chain(world, most, best, MOST_STEPS, given=given, houses=houses)
    if any(_by_nights(world, chain) < best for chain in by_nights):
        return True
    paid = _by_payers(world, claimed)
    by_payers = every_chain(world, most, best, few, ties=True, given=given, houses=houses)
    try:
        return any(_by_nights(world, chain) == best and _by_payers(world, chain) < paid for chain in by_payers)
    except TooManyChains:
        return False


def every_chain(
    world: World,
    most: int,
    than: ByNights | None = None,
    steps: int = MOST_STEPS,
    *,
    ties: bool = False,
    given: Before = (),
    houses: Collection[str] | None = None,
) -> Iterator[Before]:
    """Every chain of at most so many stays that begins with those given, in some houses only where these are named.

    With `than`, those are left out that can by no means be better, or as good in nights and moves where `ties`.

    Raises
    ------
    TooManyChains
        Where there are more than so many steps.
    """
    taken = 0
    open_to_all = [house for house in world.snapshot.facilities if houses is None or house.id in houses]

    def go_on(before: Before, night: int) -> Iterator[Before]:
        nonlocal taken
        yield before
        been = {row.facility for row in before}
        for start in range(night, world.stop) if len(before) < most else ():
            if than is not None and _no_better(world, before, start, than, ties=ties):
                break
            for house in open_to_all:
                door = None if house.id in been else world.door(before, house, start)
                if door is None or door.judged.listed != "options":
                    continue
                for blocks in every_sequence(door, start):
                    taken += 1
                    if than is not None and taken > steps:
                        raise TooManyChains
                    yield from go_on((*before, Stayed(house.id, start, blocks[-1].end, blocks)), blocks[-1].end)

    yield from go_on(given, given[-1].until if given else world.first)


def _no_better(world: World, before: Before, start: int, than: ByNights, *, ties: bool) -> bool:
    """Whether a next stay from `start` on cannot do better, even if all nights from there on were paid by it alone."""
    end = before[-1].until if before else world.first
    so_far = _by_nights(world, before)
    lost = [*(night for night in so_far.uncovered if -night < end), *(-night for night in range(end, start))]
    moves, begins = len(before), before[0].start if before else start
    least = (begins, len(lost) * world.night + moves * world.move, moves)
    if least != than[:3]:
        return least > than[:3]
    if lost != than.uncovered:
        return lost > than.uncovered
    ends = [*so_far.ends, -world.stop]
    return ends > than.ends or (ends == than.ends and not ties)


def every_sequence(door: Door, start: int) -> Iterator[tuple[Block, ...]]:
    """Every allowed sequence of payers of a stay, night by night, of every length."""

    def go_on(blocks: tuple[Block, ...], night: int) -> Iterator[tuple[Block, ...]]:
        if blocks:
            yield blocks
        if night == door.stop:
            return
        over = {block.fund for block in blocks}
        could = {payer.fund: payer for payer in door.nights.payers if payer.fund not in over}
        may = {fund: payer for fund, payer in could.items() if payer.refuses(night, night) is None}
        last = blocks[-1] if blocks else None
        own = [payer for payer in door.nights.payers if last is not None and payer.fund == last.fund]
        on = [payer for payer in own if last is not None and payer.refuses(last.start, night) is None]
        waits = any(not payer.last_resort for payer in (*may.values(), *on))
        for payer in may.values():
            if not (payer.last_resort and waits):
                yield from go_on((*blocks, Block(payer.fund, night, night + 1)), night + 1)
        for payer in on:
            if last is not None and not (payer.last_resort and waits):
                yield from go_on((*blocks[:-1], last._replace(end=night + 1)), night + 1)

    yield from go_on((), start)
