"""Every rule for a minor at a facility, with no early exit, and the list that the answers put the facility in."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from matching import coverage
from matching.admission import Admission, admission, comes_tonight, earliest, make_case, sibling_case
from matching.case import Case
from matching.census import Census
from matching.coverage import Coverage
from matching.facts import Facility, Minor, Referral
from matching.findings import MET, NOT_MET, UNKNOWN, Codes, Finding, Fix, Outcome, failing
from matching.payer import Funding
from matching.payers import PayerFindings, accepted_payers, chain_heads, covered_until, payer_findings
from matching.rules import BY_CODE, FACILITY_RULES
from matching.rules.base import DatedRule, Rule
from matching.rules.licensing import Age, InForce

Verdict = Literal["option", "later", "needs_info", "excluded"]


class Assessment:
    """All answers for a minor and a facility on the admission date, and what follows from them.

    With `words` False outcomes alone are judged, and findings are put into words when they are asked for.
    """

    __slots__ = (
        "_admission",
        "_cover",
        "_findings",
        "_known",
        "_referral",
        "case",
        "failed",
        "payers",
        "unknown",
        "verdict",
        "words",
    )

    def __init__(
        self, case: Case, referral: Referral, found: Admission | None, words: bool, known: Codes | None
    ) -> None:
        self.case = case
        self._referral = referral
        self._admission = found
        self._known = known
        self.words = words
        self._findings = [rule.check(case) for rule in FACILITY_RULES] if words else None
        if self._findings is not None:
            not_met, unknown = failing((row.rule, row.outcome) for row in self._findings)
        else:
            not_met, unknown = _judged(case, known)
        self.payers = payer_findings(case)
        self._cover: Coverage | None = None
        self.failed = _failed(not_met, self.payers)
        self.unknown = [] if self.failed else _unknown(unknown, self.payers)
        self.verdict: Verdict = _verdict(self, earliest(case.census, referral))

    @property
    def admission(self) -> Admission:
        """Where and when the minor could come; looked for here where the arrays had said that it is tonight."""
        if self._admission is None:
            case = self.case
            self._admission = admission(case.census, case.minor, case.facility, self._referral, sibling_outcome)
        return self._admission

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
        case = self.case
        return chain_heads(case.census, accepted_payers(case), case.admit_on, covered_until(case))

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
        facts = {fact for rule in rules if isinstance(rule, Rule) for fact in rule.lacks(self.case)}
        if not any(payer.may_pay for payer in self.payers):
            facts.update(*(payer.asks for payer in self.payers if not payer.not_met))
        return facts

    @property
    def waits_for_people(self) -> bool:
        """Whether the night is a later one than beds and licence alone would make it."""
        return self.case.bed_known and self.admission.room_from != self.case.admit_on

    def as_full(self) -> "Assessment | None":
        """The same with no bed at all, judged on the first night asked for; None where that would hide nothing.

        It hides something where the night waits for people to leave or to grow older, and where they alone are in the
        way on another night than the first: that it is another one would be told by ages and dates.
        """
        case, first = self.case, earliest(self.case.census, self._referral)
        if not case.bed_known or case.admit_on == first:
            return None
        stands = self.failed or self.unknown
        if not self.waits_for_people and not (stands and ABOUT_PEOPLE.issuperset(stands)):
            return None
        full = make_case(case.census, case.minor, case.facility, self._referral, first, False, sibling_outcome)
        return Assessment(full, self._referral, Admission(self._referral.id, full, first), self.words, self._known)

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

ABOUT_PEOPLE = frozenset(
    {
        "safeguard.population",
        "safeguard.conflict",
        "safeguard.awake_staff",
        "licence.capacity",
        "unit.fit",
        "minor.together",
    }
)
"""Rules that look at who lives in a house, or at who would come along."""


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
    if known is not None and comes_tonight(known):
        case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
        return Assessment(case, referral, None, words, known)
    found = admission(census, minor, facility, referral, sibling_outcome)
    return Assessment(found.case, referral, found, words, known)


def sibling_outcome(case: Case, sibling: Minor) -> Outcome:
    """Not met where the facility would be excluded for a sibling by any rule but being together, else known or not."""
    found = case.judged.get(sibling.id)
    if found is None:
        found = case.judged[sibling.id] = _sibling_outcome(sibling_case(case, sibling))
    return found


def _sibling_outcome(own: Case) -> Outcome:
    not_met, unknown = _codes([rule for rule in FACILITY_RULES if rule.code != "minor.together"], own)
    payers = payer_findings(own)
    if _failed(not_met, payers):
        return NOT_MET
    return UNKNOWN if _unknown(unknown, payers) else MET


def _judged(case: Case, known: Codes | None) -> Codes:
    """The rules of the facility, the minor and the States that are not met, and those unknown.

    What is known of the minor tonight with a bed holds without one too, but for the rules that look at the bed; and
    on another night, but for those that look at the night.
    """
    tonight = case.admit_on == case.census.tonight
    if known is None:
        return _codes(FACILITY_RULES, case)
    if tonight and case.bed_known:
        return known
    rules = _BY_BED if tonight else BY_NIGHT
    (not_met, unknown), (not_met_now, unknown_now) = known, _codes(rules.values(), case)
    return (
        [*(code for code in not_met if code not in rules), *not_met_now],
        [*(code for code in unknown if code not in rules), *unknown_now],
    )


def _codes(rules: Iterable[Rule], case: Case) -> Codes:
    return failing([(rule.code, rule.judge(case)) for rule in rules])


_BED_CODES = {"safeguard.awake_staff", "licence.capacity", "unit.fit"}
_BY_BED = {rule.code: rule for rule in FACILITY_RULES if rule.code in _BED_CODES}
BY_NIGHT = {rule.code: rule for rule in FACILITY_RULES if rule.code in _BED_CODES or isinstance(rule, DatedRule)}


def _failed(not_met: Iterable[str], payers: Sequence[PayerFindings]) -> list[str]:
    failed = set(not_met)
    if payers and all(payer.not_met for payer in payers):
        failed.update(*[payer.not_met for payer in payers])
    return sorted(failed)


def _unknown(doubtful: Iterable[str], payers: Sequence[PayerFindings]) -> list[str]:
    unknown = set(doubtful)
    if payers and not any(payer.may_pay for payer in payers):
        for payer in payers:
            if not payer.not_met:
                unknown.update(payer.unknown)
    return sorted(unknown)


def _verdict(assessment: Assessment, first: date) -> Verdict:
    if assessment.failed:
        return "excluded"
    if assessment.unknown:
        return "needs_info"
    return "option" if assessment.case.bed_known and assessment.case.admit_on == first else "later"
