"""What a fund asks once for a whole stay. One payer, or a chain of payers, that meets it is enough."""

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

from matching.bands import age_asks, age_in_band, age_text, band_birthdays, band_text, gender_in, trafficking_in
from matching.case import Case
from matching.dates import birthday
from matching.facts import Minor, ResidenceLimit, Where
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome, any_of, yes_or_no
from matching.payer import Funding
from matching.rules.base import FundRule, Rule, first_change

SEED_A = "ASPE 2007 issue brief"


class Accepted(Rule):
    """The house accepts at least one payer."""

    code = "funding.accepted"
    source = "The facility's contracts"
    who = "facility"
    waive = "facility"

    def judge(self, case: Case) -> Outcome:
        funds = case.facility.funds
        return UNKNOWN if funds is None else yes_or_no(bool(funds))

    def check(self, case: Case) -> Finding:
        funds = case.facility.funds
        if funds is None:
            text = "Which funds the house accepts is not known"
            return self.found(case, UNKNOWN, None, "a payer", text, None, ("facility.funds",))
        text = f"The house accepts {len(funds)} payers" if funds else "The house accepts no payer"
        return self.found(case, yes_or_no(bool(funds)), len(funds), "a payer", text)

    def fix(self, case: Case, finding: Finding) -> str:
        return "A contract of the house with a fund"


class InForce(FundRule):
    """A limit row of the fund is in force on the governing date."""

    code = "funding.in_force"
    source = "Effective dates; ASPE 2007: a programme closed until new funding came"

    def judge(self, funding: Funding) -> Outcome:
        return yes_or_no(funding.limit is not None)

    def check(self, funding: Funding) -> Finding:
        outcome = self.judge(funding)
        changes = None
        if _judged_on_admission(funding):
            dates = [day for row in funding.fund.limits for day in (row.valid_from, row.valid_until)]
            changes = first_change(
                funding.case,
                outcome,
                lambda day: yes_or_no(funding.fund.limit_on(funding.case.governing(day)) is not None),
                [*dates, *funding.case.stay_dates()],
            )
        text = "The fund is open" if outcome is MET else f"The fund is closed on {funding.governing}"
        return self.found(funding, outcome, outcome is MET, True, text, changes)

    def fix(self, funding: Funding, finding: Finding) -> str:
        day = finding.changes_on
        return f"The fund opens on {day}" if day else "New money: a limit in force"


class AgeBand(FundRule):
    """The age on admission lies within the fund's band, both ends included."""

    code = "funding.age_band"
    source = SEED_A + ": funding limited by age"

    def judge(self, funding: Funding) -> Outcome:
        return age_in_band(funding.case.minor, funding.row.min_age, funding.row.max_age, funding.governing)

    def check(self, funding: Funding) -> Finding:
        minor, low, high = funding.case.minor, funding.row.min_age, funding.row.max_age
        outcome = self.judge(funding)
        changes = self._changes(funding, outcome) if _judged_on_admission(funding) else None
        age, need = age_text(minor, funding.governing), band_text(low, high)
        said = f"Age {age}" if age is not None else "Age not known"
        asks = age_asks(minor) if outcome is UNKNOWN else ()
        return self.found(funding, outcome, age, need, f"{said}; the fund pays for {need}", changes, asks)

    def _changes(self, funding: Funding, outcome: Outcome) -> date | None:
        """As if the admission were on a later date, with the row then in force."""

        def on(day: date) -> Outcome:
            governing = funding.case.governing(day)
            limit = funding.fund.limit_on(governing)
            if limit is None:
                return outcome
            return age_in_band(funding.case.minor, limit.min_age, limit.max_age, governing)

        rows = funding.fund.limits
        dates = [day for row in rows for day in band_birthdays(funding.case.minor, row.min_age, row.max_age)]
        dates += funding.case.stay_dates()
        if len(rows) > 1:
            dates += [day for row in rows for day in (row.valid_from, row.valid_until) if day is not None]
        return first_change(funding.case, outcome, on, dates)

    def fix(self, funding: Funding, finding: Finding) -> str:
        low, minor = funding.row.min_age, funding.case.minor
        day = birthday(minor.born_on, low) if minor.born_on and low is not None else None
        if day is not None and day > funding.governing:
            return f"Old enough on {day}, a birthday; or the funder may waive the age band"
        return "The funder may waive the age band"


class Residence(FundRule):
    """The young person lives, was found, or is under a court where the fund asks it; one match is enough."""

    code = "funding.residence"
    source = SEED_A + ": city or county of residency"

    kinds: ClassVar = (("county", "counties"), ("place", "places"), ("state", "states"))

    def judge(self, funding: Funding) -> Outcome:
        limit = funding.row.residence
        if limit is None or not _listed(limit):
            return MET
        return any_of(self._match(limit, getattr(funding.case.minor, basis)) for basis in limit.basis)

    def check(self, funding: Funding) -> Finding:
        limit, minor = funding.row.residence, funding.case.minor
        if limit is None or not _listed(limit):
            return self.found(funding, MET, None, "anywhere", "The fund pays wherever the young person lives")
        outcome = self.judge(funding)
        asks = self.lacks(funding) if outcome is UNKNOWN else ()
        have, need = self._have(limit, minor), _listed(limit)
        basis_text = " or ".join(_BASIS[basis] for basis in limit.basis)
        text = f"{basis_text}: {have or 'not known'}; the fund asks for {need}"
        return self.found(funding, outcome, have, need, text, None, asks)

    def lacks(self, funding: Funding) -> tuple[str, ...]:
        limit, minor = funding.row.residence or ResidenceLimit(()), funding.case.minor
        return tuple(
            f"minor.{basis}.{fact}"
            for basis in dict.fromkeys(limit.basis)
            if self._match(limit, getattr(minor, basis)) is UNKNOWN
            for fact, listed in self.kinds
            if getattr(limit, listed) and getattr(getattr(minor, basis), fact) is None
        )

    def _match(self, limit: ResidenceLimit, where: Where) -> Outcome:
        if where.none:
            return NOT_MET
        found = []
        for fact, listed in self.kinds:
            accepted, value = getattr(limit, listed), getattr(where, fact)
            if accepted:
                found.append(UNKNOWN if value is None else yes_or_no(value in accepted))
        return any_of(found)

    def _have(self, limit: ResidenceLimit, minor: Minor) -> str | None:
        facts = [fact for fact, listed in self.kinds if getattr(limit, listed)]
        values = []
        for basis in limit.basis:
            where: Where = getattr(minor, basis)
            values += ["no fixed residence"] if where.none else [str(getattr(where, fact) or "") for fact in facts]
        return ", ".join(dict.fromkeys(value for value in values if value)) or None

    def fix(self, funding: Funding, finding: Finding) -> str:
        return f"The funder may waive where the young person must live ({finding.need})"


_BASIS = {"residence": "Lives in", "found": "Found in", "jurisdiction": "Court in"}


def _listed(limit: ResidenceLimit) -> str:
    return ", ".join([*(limit.counties or ()), *(limit.places or ()), *(limit.states or ())])


class Custody(FundRule):
    """The fund pays for young people in this custody."""

    code = "funding.custody"
    source = "Runaway and Homeless Youth Act: wards excluded"

    def judge(self, funding: Funding) -> Outcome:
        limit, custody = funding.row.custody, funding.case.minor.custody
        allow, deny = (limit.allow, limit.deny) if limit else (None, None)
        if not allow and not deny:
            return MET
        if custody is None:
            return UNKNOWN
        return yes_or_no((not allow or custody in allow) and custody not in (deny or ()))

    def check(self, funding: Funding) -> Finding:
        limit, custody = funding.row.custody, funding.case.minor.custody
        outcome = self.judge(funding)
        need = _lists(limit.allow, limit.deny) if limit else _lists(None, None)
        asks = ("minor.custody",) if outcome is UNKNOWN else ()
        said = "not known" if custody is None else custody.replace("_", " ")
        return self.found(funding, outcome, custody, need, f"Custody {said}; the fund pays {need}", None, asks)

    def fix(self, funding: Funding, finding: Finding) -> str:
        return "The funder may waive custody"


def _lists(allow: tuple[str, ...] | None, deny: tuple[str, ...] | None) -> str:
    words = [f"for {', '.join(sorted(allow))}"] if allow else []
    words += [f"not for {', '.join(sorted(deny))}"] if deny else []
    return ", ".join(words).replace("_", " ") or "for any"


class Trafficking(FundRule):
    """The fund pays for young people of this trafficking status."""

    code = "funding.trafficking"
    source = SEED_A + ": victim or at risk"

    def judge(self, funding: Funding) -> Outcome:
        return trafficking_in(funding.case.minor.trafficking, funding.row.trafficking)

    def check(self, funding: Funding) -> Finding:
        status, accepted = funding.case.minor.trafficking, funding.row.trafficking
        outcome = self.judge(funding)
        need = "any" if accepted is None else ", ".join(sorted(accepted)).replace("_", " ")
        said = "not known" if status is None else status.replace("_", " ")
        asks = ("minor.trafficking",) if outcome is UNKNOWN else ()
        return self.found(
            funding, outcome, status, need, f"Trafficking status {said}; the fund pays for {need}", None, asks
        )

    def fix(self, funding: Funding, finding: Finding) -> str:
        return "The funder may waive the trafficking status"


class Gender(FundRule):
    """The fund pays for the gender that the young person states."""

    code = "funding.gender"
    source = "Programme rules"

    def judge(self, funding: Funding) -> Outcome:
        return gender_in(funding.case.minor.gender, funding.row.genders)

    def check(self, funding: Funding) -> Finding:
        gender, accepted = funding.case.minor.gender, funding.row.genders
        outcome = self.judge(funding)
        need = "any" if accepted is None else ", ".join(sorted(accepted))
        asks = ("minor.gender",) if outcome is UNKNOWN else ()
        return self.found(
            funding, outcome, gender, need, f"Gender {gender or 'not known'}; the fund pays for {need}", None, asks
        )

    def fix(self, funding: Funding, finding: Finding) -> str:
        return "The funder may waive gender"


class FacilityKind(FundRule):
    """The fund pays nights in this kind of house."""

    code = "funding.facility_kind"
    source = "Title IV-E settings"

    def judge(self, funding: Funding) -> Outcome:
        kind = funding.case.facility.kind
        kinds, excluded = funding.row.facility_kinds, funding.row.excluded_facility_kinds
        return yes_or_no((kinds is None or kind in kinds) and kind not in (excluded or ()))

    def check(self, funding: Funding) -> Finding:
        kind = funding.case.facility.kind
        kinds, excluded = funding.row.facility_kinds, funding.row.excluded_facility_kinds
        if not kinds and not excluded:
            return self.found(funding, MET, None, "for any", "The fund pays nights in any kind of house")
        pays = self.judge(funding) is MET
        said, need = kind.replace("_", " "), _lists(kinds, excluded)
        text = f"The fund pays nights in {_a(said)}" if pays else f"The fund does not pay nights in {_a(said)}"
        return self.found(funding, yes_or_no(pays), kind, need, text)

    def fix(self, funding: Funding, finding: Finding) -> str:
        return "The funder may waive the kind of house"


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


class Requires(FundRule):
    """Every approval that the fund asks for has been granted."""

    code = "funding.requires"
    source = "Title IV-E placement and care; Medicaid certification"
    who = "agency"
    waive = "the agency grants the approval"

    def judge(self, funding: Funding) -> Outcome:
        required, approvals = funding.row.requires, funding.case.minor.approvals
        if not required:
            return MET
        return UNKNOWN if approvals is None else yes_or_no(set(required) <= set(approvals))

    def check(self, funding: Funding) -> Finding:
        required, approvals = funding.row.requires, funding.case.minor.approvals
        need = ", ".join(sorted(required)) if required else "no approval"
        if not required:
            return self.found(funding, MET, None, need, "The fund asks for no approval")
        if approvals is None:
            text = f"Whether {need} was granted is not known"
            return self.found(funding, UNKNOWN, None, need, text, None, ("minor.approvals",))
        missing = ", ".join(sorted(set(required) - set(approvals)))
        have = ", ".join(sorted(set(approvals))) or "none"
        text = f"Not granted: {missing}" if missing else f"Granted: {need}"
        return self.found(funding, yes_or_no(not missing), have, need, text)

    def fix(self, funding: Funding, finding: Finding) -> str:
        granted = set(funding.case.minor.approvals or ())
        return f"An approval: {', '.join(sorted(set(funding.row.requires or ()) - granted))}"


def _judged_on_admission(funding: Funding) -> bool:
    """A stay that goes on keeps its governing date, so a later admission would change nothing."""
    return funding.governing == funding.case.admit_on


ONCE: Iterable[FundRule] = (
    AgeBand(),
    Residence(),
    Custody(),
    Trafficking(),
    Gender(),
    FacilityKind(),
    Requires(),
)
