"""The past re-run under other limits of funds: who would have been placed, who not, and which nights paid by whom.

What was decided then is walked in its order. The other world is history plus a difference: stays that are gone, and
stays that there were not. A decision is derived again only where the change or the difference could touch it; else what
came of it stands. So a change of nothing gives history, whatever happened in it.

What is chosen: the house that was chosen then, where it is still among the options; else the first option that did not
decline this young person; else the gap. Somebody for whom there was no bed is let in by options that there were not
then. Whoever said yes then does so now: a house that never was asked is taken to.

How long somebody stays: as long as then; where the stay went on until the money ended, until it ends now. Of a stay
that there was not: until the money, the need or the bed ends. Somebody who came to a bed by no decision of the period
comes there in every world, and ends what is in the way. Who has lost a bed is looked for again by the decisions that
there were about her or him, and by no others.
"""

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from matching.decision import Option
from matching.facts import Minor, Payer, Snapshot
from matching.ranking import options, paid_at
from matching.value import Policy
from matching.whatif_limits import Change, changed, lets
from matching.whatif_world import Extra, Slept, World

ONE_DAY = timedelta(days=1)
STANDS = frozenset(
    {"funding.residence", "funding.custody", "funding.trafficking", "funding.gender", "funding.requires"}
)
"""Rules of a fund that say the same at every house and on every night: one that is not met stands alone in the way."""

_COLLECTS_EVERY = 500

Runs = tuple[Payer, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of the past, and what came of it.

    Attributes
    ----------
    refused : mapping
        By fund, the rules by which the decision found that it pays nowhere (at the house where the fewest were).
    came : Slept, optional
        The stay that came of it.
    settled : bool
        Nothing is asked here: what followed stands in every world.
    """

    run: str
    at: datetime
    tonight: date
    referral: str
    minor: str
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    came: Slept | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a decision looked at, by which order of terms; and, where that is read too, who paid where as it answered.

    What it answered is what follows from what it looked at: where it is not read, it is derived.
    """

    snapshot: Snapshot
    policy: Policy
    options: Mapping[str, Runs] | None = None

    def paid_at(self, referral: str, houses: Collection[str]) -> Mapping[str, Runs]:
        """Which of some houses were options, and who would have paid there."""
        if self.options is None:
            return paid_at(self.snapshot, referral, houses)
        return {house: self.options[house] for house in houses if house in self.options}


@dataclass(frozen=True, slots=True)
class Past:
    """What happened, in its order, and what is looked up of it.

    Attributes
    ----------
    decisions : sequence of Decided
    look : callable
        What a decision looked at, by its id; None where it can no longer be read: it stands as it was.
    declined : set of (str, str)
        Referrals and the houses where the answer was no, the house's or the young person's.
    fixed : mapping
        By bed and by minor, the nights slept by no decision of the period.
    budgeted : set of str
        Funds that may pay so many nights in all.
    """

    decisions: Sequence[Decided]
    look: Callable[[str], Look | None]
    declined: frozenset[tuple[str, str]] = frozenset()
    fixed: Mapping[str, frozenset[date]] = field(default_factory=dict)
    budgeted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rerun:
    """What the other world differs by.

    Attributes
    ----------
    gone : tuple of Slept
        Stays that there are not, or not as they were.
    extra : tuple of Extra
        Stays that there were not, or not as they are.
    let : mapping
        By changed fund, the minors whom it turned away and whom its rules would let in now, whatever beds there are.
    derived : int
        How many decisions were derived again.
    """

    gone: tuple[Slept, ...]
    extra: tuple[Extra, ...]
    let: Mapping[str, frozenset[str]]
    derived: int


def rerun(
    past: Past,
    changes: Sequence[Change],
    *,
    every: bool = False,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Rerun:
    """Walk the past under changed limits.

    Parameters
    ----------
    past : Past
    changes : sequence of Change
        None of them: what is derived is what was.
    every : bool
        Derive every decision again, those too that nothing could touch: the same, and slower.
    told : callable
        Is told how many decisions are over, of how many.

    Returns
    -------
    Rerun
    """
    (found,) = reruns(past, [changes], every=every, told=told)
    return found


def reruns(
    past: Past,
    worlds: Sequence[Sequence[Change]],
    *,
    every: bool = False,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> list[Rerun]:
    """Walk the past once for several worlds, each under limits of its own: what a decision looked at is read once."""
    walks = [_Walk(past, changes, every) for changes in worlds]
    with _collecting_seldom() as collect:
        for done, decided in enumerate(past.decisions, 1):
            for walk in walks:
                walk.step(decided)
            told(done, len(past.decisions))
            if done % _COLLECTS_EVERY == 0:
                collect()
    return [walk.found() for walk in walks]


@contextmanager
def _collecting_seldom() -> Iterator[Callable[[], int]]:
    """Almost all that a decision needs is let go of at its end; looking through what is read for circles is dear."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield gc.collect
    finally:
        if was:
            gc.enable()


class _Walk:
    """The re-run on its way."""

    def __init__(self, past: Past, changes: Sequence[Change], every: bool) -> None:
        self.past = past
        self.changes = changes
        self.every = every
        self.rules: dict[str, set[str]] = defaultdict(set)
        for change in changes:
            self.rules[change.fund] |= change.rules
        self.world = World(past.budgeted)
        self.taken: dict[str, set[date]] = defaultdict(set)
        """By bed and by minor, the nights of stays that stand, as far as the walk has come."""
        self.let: dict[str, set[str]] = {fund: set() for fund in self.rules}
        self.derived = 0

    def found(self) -> Rerun:
        """What it came to."""
        return Rerun(
            gone=tuple(self.world.gone.values()),
            extra=tuple(row for row in self.world.extra if row.until > row.first),
            let={fund: frozenset(minors) for fund, minors in self.let.items()},
            derived=self.derived,
        )

    def step(self, decided: Decided) -> None:
        """One decision."""
        self._rule_alone(decided)
        if self.world.has_bed(decided.referral, decided.tonight):
            if decided.came is not None:
                self.world.take_out(decided.came)
            return
        look = self.past.look(decided.run) if self._could_differ(decided) else None
        if look is None:
            self._keep(decided.came)
            return
        self.derived += 1
        referral = decided.referral
        snapshot = self.world.seen(changed(look.snapshot, self.changes), decided.minor)
        minor = next(row for row in snapshot.minors if row.id == decided.minor)
        asked = {row.id for row in snapshot.facilities}
        if not self.every and not minor.together_with:
            asked &= self.world.houses(snapshot, minor.id, self.rules.keys())
        came = decided.came
        if came is None:
            now = paid_at(snapshot, referral, asked)
            gained = now.keys() - look.paid_at(referral, now.keys()).keys()
            if gained:
                found = options(snapshot, referral, look.policy)
                self._let_in(decided, minor, [row for row in found if row.facility in gained])
            return
        clash = self.world.clashes(came)
        if not clash and came.facility not in asked:
            self._keep(came)
            return
        before = look.paid_at(referral, {came.facility}).get(came.facility)
        if not clash and (before is None or paid_at(snapshot, referral, {came.facility}).get(came.facility) == before):
            self._keep(came)
            return
        self._place(decided, came, minor, options(snapshot, referral, look.policy), before)

    def _could_differ(self, decided: Decided) -> bool:
        if decided.settled:
            return False
        if self.every or self.world.touches(decided.tonight, decided.minor):
            return True
        return any(not self._stands(decided, fund) for fund in self.rules)

    def _stands(self, decided: Decided, fund: str) -> bool:
        """Whether a rule that is not changed keeps the fund from paying for her or him anywhere."""
        return not STANDS.isdisjoint(decided.refused.get(fund, frozenset()) - self.rules[fund])

    def _rule_alone(self, decided: Decided) -> None:
        for fund in self.rules:
            if fund in decided.refused and decided.minor not in self.let[fund] and not self._stands(decided, fund):
                look = self.past.look(decided.run)
                if look is not None and lets(changed(look.snapshot, self.changes), decided.referral, fund):
                    self.let[fund].add(decided.minor)

    def _keep(self, came: Slept | None) -> None:
        """What came of a decision stands; a stay of the other world makes way on its first night."""
        if came is not None:
            self.world.cut(came.minor, min(came.nights, default=date.max))
            for night, (bed, _) in came.nights.items():
                self.taken[bed].add(night)
                self.taken[came.minor].add(night)

    def _let_in(self, decided: Decided, minor: Minor, gained: Iterable[Option]) -> None:
        """A bed for somebody for whom there was none, by an option that there was not."""
        for option in self._asked(decided, gained):
            if self._stay(decided, minor, option, _end(option)):
                return

    def _place(self, decided: Decided, came: Slept, minor: Minor, found: Sequence[Option], before: Runs | None) -> None:
        """The bed of then, where it can still be had; else another; else none."""
        own = next((row for row in found if row.facility == came.facility), None)
        clash = self.world.clashes(came)
        self.world.take_out(came)
        if own is not None and before is not None:
            bed = None if clash else next(iter(came.nights.values()))[0]
            if self._stay(decided, minor, own, _left(came, before, own), bed):
                return
        for option in self._asked(decided, (row for row in found if row is not own)):
            if self._stay(decided, minor, option, _left(came, before or (), option)):
                return

    def _asked(self, decided: Decided, found: Iterable[Option]) -> Iterator[Option]:
        return (row for row in found if (decided.referral, row.facility) not in self.past.declined)

    def _stay(self, decided: Decided, minor: Minor, option: Option, until: date, bed: str | None = None) -> bool:
        """Let somebody stay until a day, or until somebody comes whose bed it is; False where it is taken at once."""
        bed, first = bed or option.bed, option.admit_on
        if bed is None or first is None:
            return False
        until = min([until, *self._others(bed, first), *self._others(minor.id, first)])
        if until <= first:
            return False
        payers = tuple(Payer(row.fund, row.from_, min(row.until or until, until)) for row in option.payers)
        self.world.add(
            Extra(
                referral=decided.referral,
                minor=minor,
                facility=option.facility,
                bed=bed,
                first=first,
                until=until,
                payers=tuple(row for row in payers if row.until is not None and row.from_ < row.until),
            )
        )
        return True

    def _others(self, key: str, first: date) -> Iterator[date]:
        """The nights from a first on that a bed, or a minor, is spoken for."""
        fixed = self.past.fixed.get(key, frozenset())
        yield from (night for night in (*fixed, *self.taken.get(key, ())) if night >= first)
        yield from self.world.nights_of(key, first)


def _end(option: Option) -> date:
    """When the money, the need or the bed ends."""
    if option.admit_on is None:
        return date.min
    paid = option.admit_on + timedelta(days=option.funded_nights or 0)
    return min(paid, option.bed_until or paid)


def _left(came: Slept, before: Runs, now: Option) -> date:
    """When somebody leaves now who left then: by own will as then; for want of money, when that ends."""
    end = _end(now)
    paid = max((row.until for row in before if row.until is not None), default=None)
    if came.left is None or came.followed:
        return end if came.left is None else came.left
    return min(came.left, end) if paid is None or came.left < paid else end
