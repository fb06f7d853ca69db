"""Who may pay which night, for the checker: whether a claim is allowed, and how far any sequence of payers could go.

Nights are day ordinals; sets of payers and sets of nights are the bits of whole numbers (the rules' section 6).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from matching.bands import age_in_band
from matching.case import Case
from matching.check_clocks import Count, Ledger
from matching.findings import MET
from matching.payer import Funding
from matching.rules.licensing import Age, InForce

LICENCE = (InForce(), Age())
NIGHT_CODES = ("funding.ages_out", "funding.clock", "funding.budget", "funding.beds")
"""The rules of a payer that are judged for each night, in the order in which they end a run."""


MOST_STEPS = 300_000
"""How many ways a search looks at, less than a second's worth, before it gives up."""


class TooManyWays(Exception):
    """More sequences of payers than could be looked at."""


class Block(NamedTuple):
    """A payer and the half-open nights it pays."""

    fund: str
    start: int
    end: int


class PayerNights:
    """One usable payer: which nights it may pay, and how far a block from each night goes."""

    def __init__(self, funding: Funding, ledger: Ledger) -> None:
        self.fund = funding.fund.id
        self.last_resort = funding.fund.last_resort
        self.nights_left = funding.row.nights_left
        self._case = funding.case
        self._row = funding.row
        self._first = funding.case.admit_on.toordinal()
        self._ledger = ledger
        self._counts = [Count(clock, self.fund, funding.case) for clock in funding.row.clocks]

    def refuses(self, start: int, night: int) -> str | None:
        """The first rule that keeps a block begun on `start` from paying a night; the licence is not looked at."""
        row, minor, on = self._row, self._case.minor, date.fromordinal(night)
        pays = (
            row.leaves_at_age is None or age_in_band(minor, None, row.leaves_at_age - 1, on) is MET,
            all(count.pays(start, night) for count in self._counts),
            row.nights_left is None or night - start < row.nights_left,
            row.beds_per_night is None or self._ledger.taken(self.fund, on, minor.id) < row.beds_per_night,
        )
        return next((code for code, may in zip(NIGHT_CODES, pays, strict=True) if not may), None)

    @cached_property
    def ends(self) -> list[int]:
        """For a block from each night of the need, the first night it does not pay.

        These never fall: a night that a block pays is paid by one begun later too, which has used up less.
        """
        found: list[int] = []
        stop = self._case.until.toordinal()
        for start in range(self._first, stop):
            night = max(start, found[-1] if found else start)
            while night < stop and self.refuses(start, night) is None:
                night += 1
            found.append(night)
        return found

    @cached_property
    def could(self) -> int:
        """The nights, as bits from the admission on, that the payer could pay if its block began there."""
        return sum(1 << at for at, end in enumerate(self.ends) if end > self._first + at)


class Over(NamedTuple):
    """Nights, as bits from the admission on, after which a block may be over.

    `every` holds all of them; `spent` those after which a payer of last resort may follow, since the payer before is
    of last resort too, or cannot pay on.
    """

    every: int
    spent: int

    def before(self, payer: PayerNights) -> int:
        """The nights of these on which this payer's block may begin."""
        return self.spent if payer.last_resort else self.every


class Book:
    """The nights of every payer, counted once for a minor: only for past stays does it matter at which facility."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._payers: dict[tuple[object, ...], PayerNights] = {}

    def payer(self, funding: Funding) -> PayerNights:
        """The nights of one usable payer."""
        case = funding.case
        where = case.facility.id if case.minor.id in case.census.stays_of else case.facility.state
        key = (funding.fund.id, case.minor.id, where, case.admit_on, case.until, funding.governing)
        if key not in self._payers:
            self._payers[key] = PayerNights(funding, self.ledger)
        return self._payers[key]


class Nights:
    """The usable payers of a pair, by id, from its admission on."""

    def __init__(self, case: Case, usable: Iterable[Funding], book: Book) -> None:
        self.case = case
        self.first = case.admit_on.toordinal()
        self.stop = self.first
        while self.unlicensed(self.stop) is None:
            self.stop += 1
        self.payers = sorted((book.payer(funding) for funding in usable), key=lambda payer: payer.fund)
        self._steps = 0

    def unlicensed(self, night: int) -> str | None:
        """Why a night cannot be funded by anybody: it is not needed, or the licence does not cover it."""
        on = date.fromordinal(night)
        if on >= self.case.until:
            return "not needed"
        return next((rule.code for rule in LICENCE if rule.outcome(self.case, on) is not MET), None)

    def forbidden(self, claim: Sequence[Block]) -> str | None:
        """What is wrong with the first block or night of a claim that is not allowed; None where all are."""
        usable = {payer.fund: payer for payer in self.payers}
        night = self.first
        for at, block in enumerate(claim):
            if block.fund not in usable:
                return f"{block.fund} is not usable"
            if block.fund in {earlier.fund for earlier in claim[:at]}:
                return f"{block.fund} pays more than one block"
            if block.start != night or block.end <= block.start:
                return f"the nights of {block.fund} do not follow those before"
            for night in range(block.start, block.end):
                why = self._refused(claim[: at + 1], night)
                if why is not None:
                    return f"{block.fund} may not pay the night of {date.fromordinal(night)}: {why}"
            night = block.end
        return None

    def _refused(self, claim: Sequence[Block], night: int) -> str | None:
        """Why the last payer of a claim may not pay a night of its block."""
        usable = {payer.fund: payer for payer in self.payers}
        *before, block = claim
        payer = usable[block.fund]
        why = self.unlicensed(night) or payer.refuses(block.start, night)
        if why is not None or not payer.last_resort:
            return why
        over = {earlier.fund for earlier in claim}
        starts = {other: night for other in usable if other not in over}
        if before and night == block.start:
            starts[before[-1].fund] = before[-1].start
        waits = (usable[fund].refuses(start, night) for fund, start in starts.items() if not usable[fund].last_resort)
        return "funding.last_resort" if None in waits else None

    def binding(self, claim: Sequence[Block]) -> str | None:
        """The rule that ends an allowed claim; None where it pays the whole need."""
        last = claim[-1]
        if last.end == self.case.until.toordinal():
            return None
        payer = next(payer for payer in self.payers if payer.fund == last.fund)
        return self.unlicensed(last.end) or payer.refuses(last.start, last.end)

    def farthest(self, head: str | None = None) -> int:
        """The first night that no sequence reaches; with `head`, none in which this payer's block is the first.

        Where nobody is of last resort, every block may run out: whoever follows then begins later and, as ends never
        fall, reaches no less far.
        """
        found = self._reached(head, run_out=True)
        if found == self.stop or not any(payer.last_resort for payer in self.payers):
            return found
        return self._reached(head, run_out=False)

    def _reached(self, head: str | None, *, run_out: bool) -> int:
        """The last of the nights on which the blocks of any set of payers can all be over, set after larger set."""
        longest, sets = 0, {0: Over(1, 1)}
        heads = [self._first_twin(at) for at, payer in enumerate(self.payers) if head in (None, payer.fund)]
        while sets:
            larger: dict[int, Over] = {}
            for used, over in sets.items():
                for at in self.unused(used) if used else heads:
                    known = larger.get(used | 1 << at, Over(0, 0))
                    for start in bits(over.spent if run_out else over.before(self.payers[at])):
                        block = self.block(used, at, start)
                        known = Over(known.every | block.every, known.spent | block.spent)
                    longest = max(longest, known.every.bit_length() - 1)
                    if self.first + longest == self.stop:
                        return self.stop
                    if known.every:
                        larger[used | 1 << at] = known
            sets = larger
        return self.first + longest

    @cached_property
    def _twins(self) -> list[int]:
        """For each payer those of smaller id, as bits, who would pay just the same nights in its place."""
        alike = [(payer.last_resort, payer.ends) if payer.nights_left is None else None for payer in self.payers]
        return [
            sum(1 << other for other in range(at) if own is not None and alike[other] == own)
            for at, own in enumerate(alike)
        ]

    def _first_twin(self, at: int) -> int:
        return bits(self._twins[at] | 1 << at)[0]

    def unused(self, used: int) -> list[int]:
        """The payers whose block has not been; of twins the first by id, which is never worse."""
        return [at for at in range(len(self.payers)) if not used >> at & 1 and not self._twins[at] & ~used]

    def step(self) -> None:
        """Count one way that is looked at."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TooManyWays

    def block(self, used: int, at: int, start: int) -> Over:
        """When a payer's block, begun so many nights after the admission, may be over."""
        self.step()
        payer = self.payers[at]
        end = min(payer.ends[start], self.stop) - self.first
        if payer.last_resort:
            end = min([end, *(start + wait for wait in bits(self._held_back(used) >> start)[:1])])
        every = (1 << end + 1) - (1 << start + 1)
        return Over(every, every if payer.last_resort else every & 1 << end)

    def _held_back(self, used: int) -> int:
        """The nights on which a last resort waits: another payer, whose block has not been, could pay."""
        held = 0
        for at in self.unused(used):
            if not self.payers[at].last_resort:
                held |= self.payers[at].could
        return held


def bits(number: int) -> list[int]:
    """The places of the ones in a number."""
    return [at for at in range(number.bit_length()) if number >> at & 1]
