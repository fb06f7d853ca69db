"""What the checker finds for one minor at one facility, and the list that follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from matching.case import Case
from matching.facts import Bed, Unit
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Fix, Outcome
from matching.payer import Funding
from matching.rules import BY_CODE, ONCE_RULES
from matching.rules.base import Rule

ABOUT_PEOPLE = {"safeguard.population", "safeguard.conflict", "safeguard.awake_staff"} | {
    *("licence.capacity", "unit.fit", "minor.together")
}
"""Rules whose answers other people may decide."""


class FreeBed(NamedTuple):
    """A bed in its unit, and the first night of the need on which it is not free."""

    unit: Unit
    bed: Bed
    until: date | None


@dataclass(frozen=True, slots=True)
class JudgedPayer:
    """One accepted payer with the findings on the admission night."""

    funding: Funding
    findings: list[Finding]

    def codes(self, outcome: Outcome) -> set[str]:
        """The rules with an outcome."""
        return {row.rule for row in self.findings if row.outcome is outcome}

    @property
    def may_pay(self) -> bool:
        """Whether every finding is met."""
        return all(row.outcome is MET for row in self.findings)

    @property
    def usable(self) -> bool:
        """Whether a row is in force and every rule that is judged once is met: it may stand in a sequence."""
        once = {rule.code for rule in ONCE_RULES}
        return self.funding.limit is not None and all(row.outcome is MET for row in self.findings if row.rule in once)


class Option(NamedTuple):
    """An option: the payers that may stand in a sequence, and those of them that may pay the first night."""

    case: Case
    place: FreeBed
    usable: list[Funding]
    heads: list[Funding]


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair with its date, its bed where there is one, and every finding; the list follows from these alone.

    `room_from` is the first night on which there would be beds enough within the licence, whoever else lived there.
    """

    case: Case
    first: date
    place: FreeBed | None
    room_from: date | None
    house: list[Finding]
    payers: list[JudgedPayer]

    @property
    def findings(self) -> list[Finding]:
        """The facility's findings in the order of the catalogue, then each payer's by id."""
        return [*self.house, *(row for payer in self.payers for row in payer.findings)]

    @property
    def failed(self) -> list[str]:
        """The codes that exclude: the facility's own, and the payers' where every payer is refused."""
        codes = {row.rule for row in self.house if row.outcome is NOT_MET}
        refused = [payer.codes(NOT_MET) for payer in self.payers]
        return sorted(codes.union(*refused) if refused and all(refused) else codes)

    @property
    def unknown(self) -> list[str]:
        """The codes that are open: the facility's own, and those of payers not refused where none is sure to pay."""
        return sorted({row.rule for row in self._doubts()})

    @property
    def asks(self) -> set[str]:
        """The facts that the open findings lack."""
        return {fact for row in self._doubts() for fact in row.asks}

    def _doubts(self) -> Iterator[Finding]:
        yield from (row for row in self.house if row.outcome is UNKNOWN)
        if not any(payer.may_pay for payer in self.payers):
            for payer in self.payers:
                if not payer.codes(NOT_MET):
                    yield from (row for row in payer.findings if row.outcome is UNKNOWN)

    @property
    def waits_for_people(self) -> bool:
        """Whether there would have been room on an earlier night than the one that was judged."""
        return self.place is not None and self.room_from != self.case.admit_on

    @property
    def tells_of_people(self) -> bool:
        """Whether the night that was judged, or what stands in the way on it, comes of other people alone."""
        if self.place is None or self.case.admit_on == self.first:
            return False
        stands = self.failed or self.unknown
        return self.waits_for_people or (bool(stands) and set(stands) <= ABOUT_PEOPLE)

    @property
    def listed(self) -> str:
        """The list of the decision that the findings and the beds put the facility in."""
        if self.failed:
            return "excluded"
        if self.unknown:
            return "needs_info"
        return "options" if self.place is not None and self.case.admit_on == self.first else "later"

    @property
    def usable(self) -> list[Funding]:
        """The payers that may stand in a sequence."""
        return [payer.funding for payer in self.payers if payer.usable]

    @property
    def option(self) -> Option | None:
        """The pair as an option, where it is one."""
        if self.place is None or self.listed != "options":
            return None
        return Option(self.case, self.place, self.usable, [row.funding for row in self.payers if row.may_pay])

    def fix(self, code: str) -> Fix:
        """The smallest change for a failed rule, in the rule's own words; of several payers the first by id."""
        rule = BY_CODE[code]
        if isinstance(rule, Rule):
            found = next(row for row in self.house if row.rule == code)
            return Fix(code, rule.who, rule.waivable(self.case), rule.fix(self.case, found))
        payer = next(payer for payer in self.payers if code in payer.codes(NOT_MET))
        found = next(row for row in payer.findings if row.rule == code)
        return Fix(code, rule.who, rule.waive is not None, rule.fix(payer.funding, found))
