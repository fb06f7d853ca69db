"""One line of a joint plan, for the checker: the house, the bed, the payers and the terms."""

from collections.abc import Iterator
from datetime import date, timedelta

from matching.check_judged import FreeBed, Option
from matching.check_judging import Judge
from matching.check_nights import Block, Book, Nights, TooManyWays
from matching.check_payers import TOO_MANY, blocks, day_of
from matching.check_rivals import better_exists
from matching.check_shape import Document, differences
from matching.check_worth import said_terms
from matching.facts import Limit, Minor, Referral
from matching.findings import MET
from matching.rules.fit import unit_outcome
from matching.value import Placing, Policy, terms

LINE = {
    *("minor", "referral", "urgency", "facility", "unit", "bed", "admit_on", "paid_nights", "paid_until", "payers"),
    *("money_shared", "bed_until", "bed_confirmed_at", "call_first", "provisional", "together_with", "terms"),
}
PAYER = {"fund", "from", "until"}
CALL_FIRST_AFTER = timedelta(hours=12)


class Line:
    """A line, and what the rules say of its minor at its house."""

    def __init__(
        self, row: Document, referral: Referral, option: Option | None, judge: Judge, book: Book, policy: Policy
    ) -> None:
        self.row, self.referral, self.judge, self.book, self.policy = row, referral, judge, book, policy
        self.where = f"{row['minor']} at {row['facility']}"
        self._option = option
        self.blocks: list[Block] = []
        self.limits: dict[str, Limit] = {}

    def near(self, other: "Line", most: int) -> bool:
        """Whether every difference in years that two could have is at most so many."""
        ages = [age for line in (self, other) for age in _ages(line.case.minor, line.case.admit_on)]
        return len(ages) == 4 and max(ages[1] - ages[2], ages[3] - ages[0]) <= most

    def faults(self) -> Iterator[str]:
        """What is wrong with the line by itself."""
        if self._option is None:
            yield f"{self.where}: the house is no option tonight"
            return
        self.case = self._option.case
        place = self._place()
        if place is None:
            yield f"{self.where}: no such bed is free there tonight in a unit that suits"
            return
        self.unit, self.bed, until = place
        self.limits = {funding.fund.id: funding.row for funding in self._option.usable}
        confirmed, as_of = self.bed.confirmed_at, self.judge.snapshot.as_of
        expected: Document = {
            "admit_on": self.case.admit_on.isoformat(),
            "bed_until": until.isoformat() if until else None,
            "bed_confirmed_at": confirmed.isoformat() if confirmed else None,
            "call_first": confirmed is None or as_of - confirmed > CALL_FIRST_AFTER,
            "provisional": [] if self.case.minor.history == "complete" else ["minor.history"],
        }
        yield from differences(self.where, self.row, expected)
        try:
            nights = Nights(self.case, self._option.usable, self.book)
            yield from self._paid(nights, (until or self.case.until).toordinal())
        except TooManyWays:
            yield f"{self.where}: {TOO_MANY}"

    def _place(self) -> FreeBed | None:
        """The bed that the line names, where it may be had."""
        for unit in self.case.facility.units:
            for bed in unit.beds:
                if (unit.id, bed.id) == (self.row["unit"], self.row["bed"]):
                    free = self.judge.free(bed, self.case.admit_on, self.case.minor.id, self.case.referrals)
                    suits = unit_outcome(self.case, unit, self.case.admit_on, gap=True) is MET
                    return FreeBed(unit, bed, self.judge.bed_until(self.case, unit, bed)) if free and suits else None
        return None

    def _paid(self, nights: Nights, bed_end: int) -> Iterator[str]:
        """Whether the payers may pay as said, and whether money that is shared is called so."""
        payers = self.row["payers"]
        whole = isinstance(payers, list) and all(isinstance(row, dict) and set(row) == PAYER for row in payers)
        claim = blocks(payers) if whole else None
        if not claim:
            yield f"{self.where}: a payer is not a fund and two dates, or there is none"
            return
        wrong = nights.forbidden(claim)
        if wrong is not None:
            yield f"{self.where}: {wrong}"
            return
        self.blocks, end = claim, claim[-1].end
        if end > bed_end:
            yield f"{self.where}: nights are paid on which the bed is not free"
        paid = end - nights.first
        until = None if end == self.case.until.toordinal() else day_of(end)
        rows = terms(Placing(self.case, self.referral, self.bed, paid), self.policy)
        expected = {
            "paid_nights": paid,
            "paid_until": until,
            "terms": said_terms(rows, self.judge, self.policy, self.unit, paid),
        }
        yield from differences(self.where, self.row, expected)
        yield from self._shared(nights, claim, bed_end)

    def _shared(self, nights: Nights, claim: list[Block], bed_end: int) -> Iterator[str]:
        """Payers that are not what she or he would have alone are called so, and no others.

        Where the bed's end cuts a sequence off, only how long it runs is looked at.
        """
        alone, end = nights.farthest(), claim[-1].end
        best = end == min(alone, bed_end) and (alone > bed_end or not better_exists(nights, claim))
        if self.row["money_shared"] is not (not best) and not (best and alone > bed_end):
            yield f"{self.where}: money_shared is not what the payers show"


def _ages(minor: Minor, on: date) -> tuple[int, ...]:
    """The youngest and the oldest that a minor could be on a date; none where it is not known."""
    if minor.born_on is None:
        return minor.age_range or ()
    had_birthday = (on.month, on.day) >= (minor.born_on.month, minor.born_on.day)
    return (on.year - minor.born_on.year - (not had_birthday),) * 2
