"""Every rule for a minor at a facility, with no early exit, and the list that the answers put the facility in."""

from collections.abc import Hashable, Iterable, Sequence
from datetime import date
from typing import Literal

from matching import coverage
from matching.admission import Admission, admission, sibling_case
from matching.case import Case
from matching.census import Census
from matching.coverage import Coverage, PayerRun
from matching.dates import birthday
from matching.facts import Facility, Minor, Referral
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Fix, Outcome
from matching.payer import Funding
from matching.rules import BY_CODE, FACILITY_RULES, FUND_IN_FORCE, FUND_LAST_RESORT, NIGHT_RULES, ONCE_RULES
from matching.rules.base import FundRule, Rule
from matching.rules.licensing import Age, InForce

Codes = tuple[Sequence[str], Sequence[str]]
"""Codes of the rules not met, and of those unknown."""

Verdict = Literal["option", "later", "needs_info", "excluded"]


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

    def __init__(self, funding: Funding) -> None:
        self.funding = funding
        self.usable = funding.limit is not None and _all_met(ONCE_RULES, funding)
        self.own_met = self.usable and _all_met(NIGHT_RULES, funding)
        self._codes: dict[Outcome, list[str]] | None = None
        self._findings: list[Finding] | None = None
        self._alike: int | None = None
        self._asks: frozenset[str] | None = None
        self._run: PayerRun | None = None

    @property
    def refuses_alike(self) -> bool:
        """Whether the fund may not pay the first night, here or in any other house where the minor has not stayed."""
        return not self.own_met and not any(self.funding.case.census.looked_at[self.funding.fund.id])

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
    def rules(self) -> tuple[FundRule, ...]:
        """The rules that are judged: with no limit in force, that alone is said."""
        return (FUND_IN_FORCE, *ONCE_RULES, *NIGHT_RULES) if self.funding.limit is not None else (FUND_IN_FORCE,)

    @property
    def findings(self) -> list[Finding]:
        """Every finding but the last resort's."""
        if self._findings is None:
            self._findings = [rule.check(self.funding) for rule in self.rules]
        return self._findings

    @property
    def asks(self) -> frozenset[str]:
        """The facts that its unknown answers lack."""
        if self._asks is None:
            unknown = self.codes(UNKNOWN)
            findings = [rule.check(self.funding) for rule in self.rules if rule.code in unknown]
            self._asks = frozenset(fact for finding in findings for fact in finding.asks)
        return self._asks

    def codes(self, outcome: Outcome) -> list[str]:
        """The rules with an outcome, the last resort aside."""
        if self._codes is None:
            self._codes = {MET: [], NOT_MET: [], UNKNOWN: []}
            for rule in self.rules:
                self._codes[rule.judge(self.funding)].append(rule.code)
        return self._codes[outcome]


def _all_met(rules: Iterable[FundRule], funding: Funding) -> bool:
    for rule in rules:  # noqa: SIM110 - asked for every payer of everyone who waits, where all() takes twice as long
        if rule.judge(funding) is not MET:
            return False
    return True


class PayerFindings:
    """One accepted payer with the last resort judged; `may_pay` where all rules are met on the admission night."""

    __slots__ = ("_other_may_pay", "_payer", "may_pay", "waits")

    def __init__(self, payer: Payer, other_may_pay: bool) -> None:
        self._payer = payer
        self._other_may_pay = other_may_pay
        self.waits = FUND_LAST_RESORT.judge(payer.funding, other_may_pay) is NOT_MET
        self.may_pay = payer.own_met and not self.waits

    @property
    def funding(self) -> Funding:
        """The payer itself."""
        return self._payer.funding

    @property
    def usable(self) -> bool:
        """Whether the payer may stand in a sequence."""
        return self._payer.usable

    @property
    def findings(self) -> list[Finding]:
        """Every finding of this payer."""
        return [*self._payer.findings, FUND_LAST_RESORT.check(self._payer.funding, self._other_may_pay)]

    @property
    def asks(self) -> frozenset[str]:
        """The facts that its unknown answers lack."""
        return self._payer.asks

    @property
    def run(self) -> PayerRun:
        """The payer as the search for the best sequence sees it."""
        return self._payer.run

    def codes(self, outcome: Outcome) -> list[str]:
        """The rules of this payer with an outcome."""
        found = self._payer.codes(outcome)
        last_resort = NOT_MET if self.waits else MET
        return [*found, FUND_LAST_RESORT.code] if outcome is last_resort else found


class Assessment:
    """All answers for a minor and a facility on the admission date, and what follows from them.

    With `words` False outcomes alone are judged, and findings are put into words when they are asked for.
    """

    __slots__ = ("_cover", "_findings", "admission", "case", "failed", "payers", "unknown", "verdict")

    def __init__(self, found: Admission, words: bool = True, known: Codes | None = None) -> None:
        self.admission = found
        self.case = case = found.case
        self._findings = [rule.check(case) for rule in FACILITY_RULES] if words else None
        if self._findings is not None:
            not_met, unknown = _codes((row.rule, row.outcome) for row in self._findings)
        else:
            not_met, unknown = _judged(case, known)
        self.payers = payer_findings(case)
        self._cover: Coverage | None = None
        self.failed = _failed(not_met, self.payers)
        self.unknown = [] if self.failed else _unknown(unknown, self.payers)
        self.verdict: Verdict = _verdict(self, case)

    @property
    def findings(self) -> list[Finding]:
        """The findings of the facility, the minor and the States."""
        if self._findings is None:
            self._findings = [rule.check(self.case) for rule in FACILITY_RULES]
        return self._findings

    @property
    def all_findings(self) -> list[Finding]:
        """The facility's findings, then each payer's."""
        return [*self.findings, *(finding for payer in self.payers for finding in payer.findings)]

    @property
    def cover(self) -> Coverage:
        """Who pays which nights of the need; only asked for where the facility is an option, now or later."""
        if self._cover is None:
            self._cover = coverage.cover(
                [payer.run for payer in self.payers if payer.usable],
                self.case.admit_on.toordinal(),
                covered_until(self.case).toordinal(),
            )
        return self._cover

    def heads(self) -> list[tuple[Funding, int]]:
        """Each payer that may pay the first night, and how far a chain that it begins would reach (an ordinal)."""
        return chain_heads(self.case, accepted_payers(self.case))

    def binding(self) -> str | None:
        """The rule that ends the funded run; None where the need is met."""
        case, end = self.case, self.cover.end
        if end >= case.until.toordinal():
            return None
        night = date.fromordinal(end)
        for rule in _LICENCE:
            if rule.outcome(case, night) is not MET:
                return rule.code
        last = self.cover.payers[-1]
        funding = next(payer.funding for payer in self.payers if payer.funding.fund.id == last.fund)
        return funding.stops_on(last.from_.toordinal(), end)

    def facts_to_ask(self) -> set[str]:
        """The facts that the answers behind the unknown codes lack."""
        rules = (BY_CODE[code] for code in self.unknown)
        facts = {fact for rule in rules if isinstance(rule, Rule) for fact in rule.check(self.case).asks}
        if not any(payer.may_pay for payer in self.payers):
            facts.update(*(payer.asks for payer in self.payers if not payer.codes(NOT_MET)))
        return facts

    def fixes(self) -> list[Fix]:
        """The smallest change for each failed rule, and who could make it."""
        return [self._fix(code) for code in self.failed]

    def _fix(self, code: str) -> Fix:
        rule = BY_CODE[code]
        if isinstance(rule, Rule):
            finding = next((row for row in self._findings or () if row.rule == code), None) or rule.check(self.case)
            return Fix(code, rule.who, rule.waivable(self.case), rule.fix(self.case, finding))
        funding, finding = next(
            (payer.funding, row)
            for payer in self.payers
            for row in payer.findings
            if row.rule == code and row.outcome is NOT_MET
        )
        return Fix(code, rule.who, rule.waive is not None, rule.fix(funding, finding))


_LICENCE = (InForce(), Age())


def assess(
    census: Census, referral: Referral, facility: Facility, *, words: bool = True, known: Codes | None = None
) -> Assessment:
    """Judge every rule for a referral at a facility.

    Parameters
    ----------
    census : Census
        The snapshot with its look-ups.
    referral : Referral
        One of the snapshot's referrals.
    facility : Facility
        One of the snapshot's facilities.
    words : bool
        Whether every finding is put into words at once, rather than when it is asked for.
    known : tuple of (codes not met, codes unknown), optional
        What the arrays say of the pair, for one who comes alone tonight to a bed that is there.

    Returns
    -------
    Assessment
        Every finding of every rule, the list they put the facility in, and the funded nights.
    """
    minor = census.minors[referral.minor]
    return Assessment(admission(census, minor, facility, referral, sibling_outcome), words, known)


def sibling_outcome(case: Case, sibling: Minor) -> Outcome:
    """Not met where the facility would be excluded for a sibling by any rule but being together, else known or not."""
    found = case.judged.get(sibling.id)
    if found is None:
        found = case.judged[sibling.id] = _sibling_outcome(sibling_case(case, sibling))
    return found


def _sibling_outcome(own: Case) -> Outcome:
    not_met, unknown = _codes((rule.code, rule.judge(own)) for rule in FACILITY_RULES if rule.code != "minor.together")
    payers = payer_findings(own)
    if _failed(not_met, payers):
        return NOT_MET
    return UNKNOWN if _unknown(unknown, payers) else MET


def payer_findings(case: Case) -> list[PayerFindings]:
    """Judge every accepted payer, by id; the last resorts once the others are known."""
    payers = accepted_payers(case)
    other_may_pay = any(payer.own_met and not payer.funding.fund.last_resort for payer in payers)
    return [PayerFindings(payer, other_may_pay) for payer in payers]


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
    for fund in case.house.funds:
        kinds, states = census.looked_at[fund]
        key: Hashable = fund
        if kinds or states or here:
            key = (fund, facility.kind if kinds else None, facility.state if states else None, here)
        payer = judged.get(key)
        if payer is None:
            payer = judged[key] = Payer(Funding(case, census.funds[fund], governing))
        payers.append(payer)
    return payers


def chain_heads(case: Case, payers: Sequence[Payer]) -> list[tuple[Funding, int]]:
    """Each payer that may pay the first night, and how far a chain that it begins would reach (an ordinal)."""
    first = [payer for payer in payers if payer.own_met]
    if not first:
        return []
    if len(first) > 1:
        first = [payer for payer in first if not payer.funding.fund.last_resort] or first
    usable = [payer for payer in payers if payer.usable]
    start, stop = case.admit_on.toordinal(), covered_until(case).toordinal()
    key = (tuple([payer.alike for payer in usable]), start, stop, case.until)
    ends = case.census.chains.get(key)
    if ends is None:
        ends = case.census.chains[key] = coverage.heads([payer.run for payer in usable], start, stop)
    return [(payer.funding, ends[payer.funding.fund.id]) for payer in first]


def covered_until(case: Case) -> date:
    """The first date after the need, or on which the licence ends or no longer covers the age."""
    licence = case.facility.licence
    ends = [case.until]
    if licence.expires_on is not None:
        ends.append(licence.expires_on)
    if licence.max_age is not None and case.minor.born_on is not None:
        ends.append(birthday(case.minor.born_on, licence.max_age + 1))
    return max(case.admit_on, min(ends))


def _judged(case: Case, known: Codes | None) -> Codes:
    """The rules of the facility, the minor and the States that are not met, and those unknown.

    What is known of the minor tonight with a bed holds without one too, but for the rules that look at the bed.
    """
    if known is None or case.admit_on != case.census.tonight:
        return _codes((rule.code, rule.judge(case)) for rule in FACILITY_RULES)
    if case.bed_known:
        return known
    again = _codes((rule.code, rule.judge(case)) for rule in _BY_BED)
    not_met, unknown = (
        (*(code for code in before if code not in _BED_CODES), *now) for before, now in zip(known, again, strict=True)
    )
    return not_met, unknown


_BED_CODES = {"safeguard.awake_staff", "licence.capacity", "unit.fit"}
_BY_BED = [rule for rule in FACILITY_RULES if rule.code in _BED_CODES]


def _codes(outcomes: Iterable[tuple[str, Outcome]]) -> Codes:
    found: dict[Outcome, list[str]] = {MET: [], NOT_MET: [], UNKNOWN: []}
    for code, outcome in outcomes:
        found[outcome].append(code)
    return found[NOT_MET], found[UNKNOWN]


def _failed(not_met: Iterable[str], payers: Sequence[PayerFindings]) -> list[str]:
    failed = set(not_met)
    refused = [payer.codes(NOT_MET) for payer in payers]
    if refused and all(refused):
        failed.update(*refused)
    return sorted(failed)


def _unknown(doubtful: Iterable[str], payers: Sequence[PayerFindings]) -> list[str]:
    unknown = set(doubtful)
    if payers and not any(payer.may_pay for payer in payers):
        for payer in payers:
            if not payer.codes(NOT_MET):
                unknown.update(payer.codes(UNKNOWN))
    return sorted(unknown)


def _verdict(assessment: Assessment, case: Case) -> Verdict:
    if assessment.failed:
        return "excluded"
    if assessment.unknown:
        return "needs_info"
    return "option" if case.bed_known and case.admit_on == assessment.admission.first else "later"
