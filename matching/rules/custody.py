"""What the States agree on (ICPC), and what the young person and siblings decide."""

from collections.abc import Iterable
from datetime import date

from matching.case import Case
from matching.facts import Minor
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome, all_of, yes_or_no
from matching.rules.base import DatedRule, Rule

EMERGENCY = ("emergency_shelter", "assessment_center")


class Interstate(Rule):
    """A minor in somebody's custody crosses a State line only with approval before the placement."""

    code = "custody.interstate"
    source = "ICPC Regulation 4: approval before placement"
    who = "agency"

    def judge(self, case: Case) -> Outcome:
        return self._judge(case, case.minor, case.facility.state)[0]

    def check(self, case: Case) -> Finding:
        minor, here = case.minor, case.facility.state
        outcome, asks = self._judge(case, minor, here)
        text = {
            MET: "No State line to cross, or approved",
            NOT_MET: "Another State must approve before this placement",
            UNKNOWN: "Which State must agree is not known",
        }[outcome]
        return self.found(case, outcome, _sending(minor)[0], here, text, None, asks)

    def _judge(self, case: Case, minor: Minor, here: str) -> tuple[Outcome, tuple[str, ...]]:
        emergency = case.facility.kind in EMERGENCY
        if minor.custody == "none" or (emergency and minor.found.state == here):
            return MET, ()
        if minor.custody is None:
            home, fact = _home(minor)
            if home == here and minor.jurisdiction.state == here:
                return MET, ()
            unknown = [(fact, home), ("minor.jurisdiction.state", minor.jurisdiction.state)]
            unknown += [("minor.found.state", minor.found.state)] if emergency else []
            return UNKNOWN, ("minor.custody", *dict.fromkeys(name for name, value in unknown if value is None))
        sending, fact = _sending(minor)
        if sending is None:
            found = ("minor.found.state",) if emergency and minor.found.state is None else ()
            return UNKNOWN, tuple(dict.fromkeys((fact, *found)))
        if sending == here or (minor.id, sending, here) in case.census.approvals:
            return MET, ()
        if emergency and minor.found.state is None:
            return UNKNOWN, ("minor.found.state",)
        return NOT_MET, ()

    def fix(self, case: Case, finding: Finding) -> str:
        return f"Approval of {finding.have} for a placement in {finding.need}, before the placement"


def _home(minor: Minor) -> tuple[str | None, str]:
    if minor.residence.none:
        return minor.found.state, "minor.found.state"
    return minor.residence.state, "minor.residence.state"


def _sending(minor: Minor) -> tuple[str | None, str]:
    """The State that keeps jurisdiction and cost, and the fact that says which."""
    if minor.custody in ("none", None, "parent"):
        return _home(minor)
    return minor.jurisdiction.state, "minor.jurisdiction.state"


class Refuses(Rule):
    """The young person has not refused this house."""

    code = "minor.refuses"
    source = "Rights of the child"
    who = "young person"
    waive = "the young person: a change of mind is hers or his to record"

    def judge(self, case: Case) -> Outcome:
        return yes_or_no(case.facility.id not in case.minor.wishes.refuse)

    def check(self, case: Case) -> Finding:
        outcome = self.judge(case)
        text = "Not refused by the young person" if outcome is MET else "The young person refuses this house"
        return self.found(case, outcome, outcome is not MET, False, text)

    def fix(self, case: Case, finding: Finding) -> str:
        return "A change of mind, recorded by the young person"


class Together(DatedRule):
    """Siblings who wait too can come to the same house."""

    code = "minor.together"
    source = "Placement practice"
    who = "agency"
    waive = "the placing agency with the young people"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge those who still wait on a date; what the house says of each is judged on the admission date."""
        siblings = case.siblings if on == case.admit_on else case.census.waiting_siblings(case.minor, on)
        return all_of(case.sibling_outcome(case, sibling) for sibling in siblings)

    def check(self, case: Case) -> Finding:
        outcome = self.judge(case)
        text = {
            MET: "No sibling waits who could not come too",
            NOT_MET: "A sibling who waits too could not come here",
            UNKNOWN: "Whether a sibling who waits too could come here is not known",
        }[outcome]
        changes = None
        if case.minor.together_with:
            changes = self.change(case, outcome, self._dates(case))
        return self.found(case, outcome, len(case.siblings) or None, "the same house for siblings", text, changes)

    def _dates(self, case: Case) -> Iterable[date | None]:
        for sibling in case.minor.together_with:
            for row in case.census.presence.get(sibling, ()):
                yield from (row.from_, row.until)

    def fix(self, case: Case, finding: Finding) -> str:
        return "The placing agency, with the young people, may place them apart"


RULES: Iterable[Rule] = (Interstate(), Refuses(), Together())
