"""What every rule is: a code, an owner, a source, who may waive it, and one check."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import date
from typing import ClassVar

from matching.case import Case
from matching.findings import Finding, Outcome, Scalar
from matching.payer import Funding

NEVER = None
"""No one may waive the rule, by any route."""


class Rule(ABC):
    """A rule of the facility, the minor or the States, judged on the admission date."""

    code: ClassVar[str]
    source: ClassVar[str]
    who: ClassVar[str]
    """Who could change what the rule found: facility, agency, funder, young person or no one."""
    waive: ClassVar[str | None] = NEVER
    """Who may record an exception."""

    @abstractmethod
    def judge(self, case: Case) -> Outcome:
        """Give the outcome alone."""

    @abstractmethod
    def check(self, case: Case) -> Finding:
        """Judge one case, and say why."""

    def lacks(self, case: Case) -> tuple[str, ...]:
        """The facts that an unknown outcome lacks."""
        return self.check(case).asks

    @abstractmethod
    def fix(self, case: Case, finding: Finding) -> str:
        """Name the smallest change that would meet the rule."""

    def waivable(self, case: Case) -> bool:
        """Whether an exception may be recorded by somebody."""
        return self.waive is not NEVER

    def found(
        self,
        case: Case,
        outcome: Outcome,
        have: Scalar,
        need: Scalar,
        text: str,
        changes_on: date | None = None,
        asks: tuple[str, ...] = (),
    ) -> Finding:
        """Put the answer together, with the facility as its subject."""
        return Finding(self.code, outcome, case.facility.id, have, need, text, self.source, changes_on, asks)


class DatedRule(Rule):
    """A rule whose answer may change with the date."""

    @abstractmethod
    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the case on a date."""

    def judge(self, case: Case) -> Outcome:
        return self.outcome(case, case.admit_on)

    def change(self, case: Case, outcome: Outcome, dates: Iterable[date | None]) -> date | None:
        """The first of some dates, after the admission and within the need, on which the outcome differs."""
        return first_change(case, outcome, lambda day: self.outcome(case, day), dates)


class FundRule(ABC):
    """A rule of one fund. "Once" rules hold for the whole stay; "night" rules are judged for each night."""

    code: ClassVar[str]
    source: ClassVar[str]
    who: ClassVar[str] = "funder"
    waive: ClassVar[str | None] = "funder"

    @abstractmethod
    def judge(self, funding: Funding) -> Outcome:
        """Give the outcome alone, for an accepted payer that has a limit row in force."""

    @abstractmethod
    def check(self, funding: Funding) -> Finding:
        """Judge one accepted payer, and say why."""

    def lacks(self, funding: Funding) -> tuple[str, ...]:
        """The facts that an unknown outcome lacks."""
        return self.check(funding).asks

    @abstractmethod
    def fix(self, funding: Funding, finding: Finding) -> str:
        """Name the smallest change that would meet the rule."""

    def found(
        self,
        funding: Funding,
        outcome: Outcome,
        have: Scalar,
        need: Scalar,
        text: str,
        changes_on: date | None = None,
        asks: tuple[str, ...] = (),
    ) -> Finding:
        """Put the answer together, with the fund as its subject and the limit's own citation."""
        citation = funding.limit.citation if funding.limit is not None else None
        return Finding(self.code, outcome, funding.fund.id, have, need, text, citation, changes_on, asks)


def first_change(
    case: Case, outcome: Outcome, at: Callable[[date], Outcome], dates: Iterable[date | None]
) -> date | None:
    """The first of some dates, after the admission and within the need, on which the outcome would differ."""
    first, end = case.admit_on, case.until
    later = [day for day in dates if day is not None and first < day < end]
    return next((day for day in sorted(later) if at(day) is not outcome), None) if later else None
