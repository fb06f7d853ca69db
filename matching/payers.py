"""Every accepted payer of a case with its answers, and how far a chain reaches that it begins."""

from collections.abc import Sequence
from datetime import date

from matching import coverage
from matching.case import Case
from matching.census import Census
from matching.coverage import PayerRun
from matching.dates import birthday
from matching.facts import Licence, Minor
from matching.findings import NOT_MET, Codes, Finding, failing
from matching.payer import Funding
from matching.rules import FUND_IN_FORCE, FUND_LAST_RESORT, FUND_RULES, ONCE_RULES
from matching.rules.base import FundRule

_ONCE = {rule.code for rule in ONCE_RULES}


class Payer:
    """One accepted payer with its answers, the last resort aside; findings are put into words when asked for.

    Attributes
    ----------
    usable : bool
        All rules that hold for the whole stay are met, so that the payer may stand in a sequence.
    own_met : bool
        The rules of the night of admission are met too.
    """

    __slots__ = ("_alike", "_asks", "_codes", "_findings", "_run", "funding", "own_met", "usable")

    def __init__(self, funding: Funding, usable: bool, own_met: bool, codes: Codes | None = None) -> None:
        self.funding = funding
        self.usable = usable
        self.own_met = own_met
        self._codes = codes
        self._findings: list[Finding] | None = None
        self._alike: int | None = None
        self._asks: frozenset[str] | None = None
        self._run: PayerRun | None = None

    @classmethod
    def judged(cls, funding: Funding) -> "Payer":
        """Judge an accepted payer by its own rules."""
        codes = _judge(funding)
        failed = {*codes[0], *codes[1]}
        usable = funding.limit is not None and failed.isdisjoint(_ONCE)
        return cls(funding, usable, usable and not failed, codes)

    @property
    def alike(self) -> int:
        """A number, equal for two minors whose blocks reach equally far from every night of the same need."""
        if self._alike is None:
            numbers = self.funding.case.census.alike
            self._alike = numbers.setdefault(self.funding.alike, len(numbers))
        return self._alike

    @property
    def run(self) -> PayerRun:
        """The payer as the search for the best sequence sees it."""
        if self._run is None:
            one, fund = self.funding, self.funding.fund
            self._run = PayerRun(fund.id, fund.last_resort, one.row.nights_left, one.run_end, one.may_return, one.kind)
        return self._run

    @property
    def findings(self) -> list[Finding]:
        """Every finding but the last resort's."""
        if self._findings is None:
            self._findings = [rule.check(self.funding) for rule in _rules(self.funding)]
        return self._findings

    @property
    def codes(self) -> Codes:
        """The rules not met, and those unknown."""
        if self._codes is None:
            self._codes = _judge(self.funding)
        return self._codes

    @property
    def asks(self) -> frozenset[str]:
        """The facts that its unknown answers lack."""
        if self._asks is None:
            _, unknown = self.codes
            rules = [rule for rule in _rules(self.funding) if rule.code in unknown]
            self._asks = frozenset(fact for rule in rules for fact in rule.lacks(self.funding))
        return self._asks


def _rules(funding: Funding) -> tuple[FundRule, ...]:
    """The rules that are judged: with no limit in force, that alone is said."""
    return FUND_RULES if funding.limit is not None else (FUND_IN_FORCE,)


def _judge(funding: Funding) -> Codes:
    return failing([(rule.code, rule.judge(funding)) for rule in _rules(funding)])


class PayerFindings:
    """One accepted payer with the last resort judged.

    Attributes
    ----------
    not_met, unknown : sequence of str
        The codes of its rules.
    may_pay : bool
        All rules are met on the admission night.
    """

    __slots__ = ("_other_may_pay", "_payer", "funding", "may_pay", "not_met", "unknown", "usable")

    def __init__(self, payer: Payer, other_may_pay: bool) -> None:
        self._payer = payer
        self._other_may_pay = other_may_pay
        self.funding = payer.funding
        self.usable = payer.usable
        waits = FUND_LAST_RESORT.judge(payer.funding, other_may_pay) is NOT_MET
        self.not_met, self.unknown = payer.codes
        if waits:
            self.not_met = [*self.not_met, FUND_LAST_RESORT.code]
        self.may_pay = payer.own_met and not waits

    @property
    def findings(self) -> list[Finding]:
        """Every finding of this payer."""
        return [*self._payer.findings, FUND_LAST_RESORT.check(self.funding, self._other_may_pay)]

    @property
    def asks(self) -> frozenset[str]:
        """The facts that its unknown answers lack."""
        return self._payer.asks

    @property
    def run(self) -> PayerRun:
        """The payer as the search for the best sequence sees it."""
        return self._payer.run


def payer_findings(case: Case) -> list[PayerFindings]:
    """Judge every accepted payer, by id; the last resorts once the others are known."""
    payers, shared = accepted_payers(case), case.census.payer_findings
    other_may_pay = any(payer.own_met and not payer.funding.fund.last_resort for payer in payers)
    rows = []
    for payer in payers:
        found = shared.get((payer, other_may_pay))
        if found is None:
            found = shared[payer, other_may_pay] = PayerFindings(payer, other_may_pay)
        rows.append(found)
    return rows


def accepted_payers(case: Case) -> list[Payer]:
    """Judge every accepted payer by its own rules, by id.

    The answers are shared by all facilities that are alike in what the fund looks at; a past stay in the facility
    itself is looked at too.
    """
    census, facility = case.census, case.facility
    stays = census.stays_of.get(case.minor.id)
    here = facility.id if stays and any(stay.facility == facility.id for stay in stays) else None
    governing = case.governing(case.admit_on) if here else case.admit_on
    of_minor = (case.minor.id, case.admit_on, case.until)
    judged = census.payers.get(of_minor)
    if judged is None:
        judged = census.payers[of_minor] = {}
    payers = []
    for fund, seen in census.payers_of(facility):
        key = (seen, here) if here else seen
        payer = judged.get(key)
        if payer is None:
            payer = judged[key] = Payer.judged(Funding(case, fund, governing))
        payers.append(payer)
    return payers


def chain_heads(census: Census, payers: Sequence[Payer], first: date, stop: date) -> list[tuple[Funding, int]]:
    """Each payer that may pay the first night, and how far a chain that it begins would reach (an ordinal).

    The payers are those of one house for one need, of which no night from `stop` on can be paid.
    """
    usable = tuple([payer for payer in payers if payer.usable])
    found = census.chains.get((usable, stop))
    if found is None:
        heads = [payer for payer in usable if payer.own_met]
        if len(heads) > 1:
            heads = [payer for payer in heads if not payer.funding.fund.last_resort] or heads
        ends = coverage.heads([payer.run for payer in usable], first.toordinal(), stop.toordinal()) if heads else {}
        found = census.chains[usable, stop] = [(payer.funding, ends[payer.funding.fund.id]) for payer in heads]
    return found


def covered_until(case: Case) -> date:
    """The first date after the need, or on which the licence ends or no longer covers the age."""
    return covered(case.facility.licence, case.minor, case.admit_on, case.until)


def covered(licence: Licence, minor: Minor, first: date, until: date) -> date:
    """The same of a need from `first` to `until`."""
    ends = [until]
    if licence.expires_on is not None:
        ends.append(licence.expires_on)
    if licence.max_age is not None and minor.born_on is not None:
        ends.append(birthday(minor.born_on, licence.max_age + 1))
    return max(first, min(ends))
