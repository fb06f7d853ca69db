"""What the State's licence allows: in force, for this age and gender, with room, with infants."""

from collections.abc import Iterable
from datetime import date

from matching.bands import (
    age_asks,
    age_in_band,
    age_text,
    band_birthdays,
    band_text,
    gender_in,
)
from matching.case import Case
from matching.dates import birthday
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome, yes_or_no
from matching.rules.base import DatedRule, Rule

LICENSING = "State licensing"


class InForce(DatedRule):
    """The licence is active or provisional, and covers the night."""

    code = "licence.in_force"
    source = LICENSING + "; Children of the Night: keep State regulations"
    who = "agency"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge status and dates on a night."""
        licence = case.facility.licence
        fails = (
            licence.status in ("suspended", "expired", "none")
            or (licence.valid_from is not None and on < licence.valid_from)
            or (licence.expires_on is not None and on >= licence.expires_on)
        )
        if fails:
            return NOT_MET
        known = licence.status is not None and licence.valid_from is not None and licence.expires_on is not None
        return MET if known else UNKNOWN

    def check(self, case: Case) -> Finding:
        licence = case.facility.licence
        outcome = self.outcome(case, case.admit_on)
        changes = self.change(case, outcome, (licence.valid_from, licence.expires_on))
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            facts = ("status", licence.status), ("valid_from", licence.valid_from), ("expires_on", licence.expires_on)
            asks = tuple(f"facility.licence.{name}" for name, value in facts if value is None)
        text = {
            MET: f"Licence {licence.status}, to {licence.expires_on}",
            NOT_MET: f"Licence not in force that night ({licence.status or 'status not known'})",
            UNKNOWN: "Whether the licence is in force is not known",
        }[outcome]
        return self.found(case, outcome, licence.status, "active or provisional", text, changes, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        day = finding.changes_on
        return f"The licence covers the night of {day}" if day else "A licence in force, from the licensing agency"


class Age(DatedRule):
    """The age is one that the house is licensed for."""

    code = "licence.age"
    source = LICENSING
    who = "agency"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the age on a night; a bound that is not known leaves it open."""
        low, high = case.facility.licence.min_age, case.facility.licence.max_age
        known = age_in_band(case.minor, low, high, on)
        if known is NOT_MET or (low is not None and high is not None):
            return known
        return UNKNOWN

    def check(self, case: Case) -> Finding:
        minor, on = case.minor, case.admit_on
        low, high = case.facility.licence.min_age, case.facility.licence.max_age
        outcome = self.outcome(case, on)
        changes = self.change(case, outcome, band_birthdays(minor, low, high))
        need = band_text(low, high) if low is not None or high is not None else "not known"
        age = age_text(minor, on)
        said = f"Age {age}" if age is not None else "Age not known"
        text = f"{said}; licensed for {need}"
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            bounds = tuple(
                f"facility.licence.{name}" for name, value in (("min_age", low), ("max_age", high)) if value is None
            )
            cut = age_in_band(minor, low, high, on) is UNKNOWN or age is None
            asks = (age_asks(minor) if cut else ()) + bounds
        return self.found(case, outcome, age, need, text, changes, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        low, minor = case.facility.licence.min_age, case.minor
        day = birthday(minor.born_on, low) if minor.born_on and low is not None else None
        if day is not None and day > case.admit_on:
            return f"Licensed for this age from {day}, a birthday"
        return "A change of the licence, with its evidence"


class Gender(Rule):
    """The house is licensed for the gender that the young person states."""

    code = "licence.gender"
    source = LICENSING
    who = "agency"

    def judge(self, case: Case) -> Outcome:
        genders = case.facility.licence.genders
        return UNKNOWN if genders is None else gender_in(case.minor.gender, genders)

    def check(self, case: Case) -> Finding:
        genders, gender = case.facility.licence.genders, case.minor.gender
        outcome = self.judge(case)
        need = "not known" if genders is None else ", ".join(sorted(genders))
        text = f"Gender {gender or 'not known'}; licensed for {need}"
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            asks = ("facility.licence.genders",) if genders is None else ()
            if gender is None or genders is not None:
                asks = ("minor.gender", *asks)
        return self.found(case, outcome, gender, need, text, None, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        return "A change of the licence, with its evidence"


class Capacity(DatedRule):
    """The licence has room for everybody who would live here."""

    code = "licence.capacity"
    source = LICENSING
    who = "agency"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the number of people on a date, the minor and waiting siblings included."""
        capacity = case.facility.licence.capacity
        return UNKNOWN if capacity is None else yes_or_no(case.count(on) <= capacity)

    def check(self, case: Case) -> Finding:
        capacity, on = case.facility.licence.capacity, case.admit_on
        outcome = self.outcome(case, on)
        count = case.count(on)
        changes = None
        most = len(case.facility.residents) + case.house.most_unlisted + 1 + len(case.minor.together_with)
        if capacity is not None and most > capacity:
            changes = self.change(case, outcome, self._dates(case))
        need = "not known" if capacity is None else f"at most {capacity}"
        text = f"With the young person {count} would live here; licensed for {need}"
        asks = ("facility.licence.capacity",) if outcome is UNKNOWN else ()
        return self.found(case, outcome, count, need, text, changes, asks)

    def _dates(self, case: Case) -> Iterable[date | None]:
        yield from case.house.dates
        for sibling in case.minor.together_with:
            for row in case.census.presence.get(sibling, ()):
                yield from (row.from_, row.until)

    def fix(self, case: Case, finding: Finding) -> str:
        day = finding.changes_on
        return f"Room within the licence from {day}" if day else "A change of the licence, with its evidence"


class Infants(Rule):
    """A young parent's child may live here too."""

    code = "licence.infants"
    source = LICENSING
    who = "agency"

    def judge(self, case: Case) -> Outcome:
        allowed, infants = case.facility.licence.infants, case.minor.needs.infants
        if allowed or infants == 0:
            return MET
        return UNKNOWN if allowed is None or infants is None else NOT_MET

    def check(self, case: Case) -> Finding:
        allowed, infants = case.facility.licence.infants, case.minor.needs.infants
        outcome = self.judge(case)
        text = {
            MET: "No infant comes along" if infants == 0 else "Licensed for infants",
            UNKNOWN: "Whether infants come, or may, is not known",
            NOT_MET: "Not licensed for infants",
        }[outcome]
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            facts = ("minor.needs.infants", infants), ("facility.licence.infants", allowed)
            asks = tuple(name for name, value in facts if value is None)
        return self.found(case, outcome, infants, "licensed for infants, or none", text, None, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        return "A change of the licence, with its evidence"


RULES: Iterable[Rule] = (InForce(), Age(), Gender(), Capacity(), Infants())
