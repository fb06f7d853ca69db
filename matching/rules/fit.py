"""Whom the house says it takes: declared exclusions, trafficking status, services, and rooms."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from matching.bands import age_asks, age_in_band, age_text, gender_in, same_gender, trafficking_in
from matching.case import Case
from matching.dates import age_on
from matching.facts import Minor, Resident, Unit
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome, all_of, any_of, yes_or_no
from matching.rules.base import Rule


class Declines(Rule):
    """No condition of the young person is one that the house declines."""

    code = "facility.declines"
    source = "The facility's admission criteria"
    who = "facility"
    waive = "facility"

    def judge(self, case: Case) -> Outcome:
        declines, conditions = case.facility.declines, case.minor.needs.conditions
        if declines == () or conditions == ():
            return MET
        if declines is None or conditions is None:
            return UNKNOWN
        return yes_or_no(not set(declines) & set(conditions))

    def check(self, case: Case) -> Finding:
        declines, conditions = case.facility.declines, case.minor.needs.conditions
        both = ", ".join(sorted(set(declines or ()) & set(conditions or ())))
        outcome = self.judge(case)
        text = {
            NOT_MET: f"The house declines: {both}",
            MET: "Nothing that the house declines",
            UNKNOWN: "Whether there is anything that the house declines is not known",
        }[outcome]
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            facts = ("minor.needs.conditions", conditions), ("facility.declines", declines)
            asks = tuple(name for name, value in facts if value is None)
        return self.found(case, outcome, both or None, "none declined", text, None, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        return f"The house may make an exception for: {finding.have}"


class Admits(Rule):
    """The house takes young people of this trafficking status."""

    code = "facility.admits"
    source = "ASPE 2007 issue brief: at risk and already victims are two levels"
    who = "facility"
    waive = "facility"

    def judge(self, case: Case) -> Outcome:
        return trafficking_in(case.minor.trafficking, case.facility.admits)

    def check(self, case: Case) -> Finding:
        status, admits = case.minor.trafficking, case.facility.admits
        outcome = self.judge(case)
        need = "any" if admits is None else ", ".join(sorted(admits))
        text = f"Trafficking status {_said(status)}; the house takes {_said(need)}"
        asks = ("minor.trafficking",) if outcome is UNKNOWN else ()
        return self.found(case, outcome, status, need, text, None, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        return "The house may make an exception for this status"


class Services(Rule):
    """Every service that must be there is there; what is only wished for orders and never excludes."""

    code = "facility.services"
    source = "The placing agency's requirement"
    who = "facility"
    waive = "placing agency"

    def judge(self, case: Case) -> Outcome:
        required, offered = case.minor.needs.services_required, case.facility.services
        if not required:
            return MET
        return UNKNOWN if offered is None else yes_or_no(set(required) <= set(offered))

    def check(self, case: Case) -> Finding:
        required, offered = case.minor.needs.services_required, case.facility.services
        need = ", ".join(sorted(required)) if required else "none required"
        if not required:
            return self.found(case, MET, None, need, "No service is required")
        if offered is None:
            text, asks = f"Whether the house offers {need} is not known", ("facility.services",)
            return self.found(case, UNKNOWN, None, need, text, None, asks)
        missing = ", ".join(sorted(set(required) - set(offered)))
        if missing:
            return self.found(case, NOT_MET, f"without {missing}", need, f"The house does not offer {missing}")
        return self.found(case, MET, need, need, f"The house offers {need}")

    def fix(self, case: Case, finding: Finding) -> str:
        return f"The service elsewhere, or the placing agency waives it: {finding.have}"


NO_ROOM = "no room"
NEAR_IN_AGE, OF_ONE_GENDER = "an age near those who live there", "the gender of those who sleep there"


class UnitFit(Rule):
    """A room with a free bed suits the young person: gender, age, and those who sleep there.

    Beside them an age gap may count, and where a room is for one gender a night, what they state.
    """

    code = "unit.fit"
    source = "Licensed quarters"
    who = "facility"
    waive = "facility"

    def judge(self, case: Case) -> Outcome:
        return any_of(unit_outcome(case, unit, case.admit_on, gap=case.bed_known) for unit in self._units(case))

    def check(self, case: Case) -> Finding:
        units = self._units(case)
        outcomes = [unit_outcome(case, unit, case.admit_on, gap=case.bed_known) for unit in units]
        outcome = any_of(outcomes)
        text = {
            MET: "A room that suits",
            NOT_MET: "No room suits by gender and age",
            UNKNOWN: "Whether a room suits is not known",
        }[outcome]
        age = age_text(case.minor, case.admit_on)
        have = f"{case.minor.gender or 'gender not known'}, {'age not known' if age is None else age}"
        need = "a room that suits"
        if outcome is NOT_MET and not any(unit.beds for unit in units):
            return self.found(case, outcome, NO_ROOM, need, "No room with a bed is on record")
        if outcome is not UNKNOWN:
            return self.found(case, outcome, have, need, text)
        asks = _asks(case, units, outcomes, gap=case.bed_known)
        # Who may not know of the others must be able to tell: what of the doubt do they make?
        alone = [unit_outcome(case, unit, case.admit_on, gap=False) for unit in units]
        if any_of(alone) is MET:
            suiting = [unit for unit, one in zip(units, alone, strict=True) if one is MET]
            need = ", ".join(dict.fromkeys(one.need for unit in suiting for one in _in_the_way(case, unit)))
        found = self.found(case, outcome, have, need, text, None, asks)
        without = _asks(case, units, alone, gap=False)
        return found if without == asks else found._replace(asks_alone=without)

    def _units(self, case: Case) -> list[Unit]:
        if not case.bed_known:
            return list(case.facility.units)
        return [unit for unit in case.facility.units if case.free_beds(unit, case.admit_on)]

    def fix(self, case: Case, finding: Finding) -> str:
        if finding.have == NO_ROOM:
            return "The house has no room with a bed on record yet, so no exception opens one"
        return "The house may make an exception for a room"


def unit_outcome(case: Case, unit: Unit, on: date, *, gap: bool) -> Outcome:
    """Judge one unit's limits for the minor on a date; with `gap` also beside each who sleeps there: age and gender."""
    fits = all_of(
        (
            gender_in(case.minor.gender, unit.genders),
            age_in_band(case.minor, unit.min_age, unit.max_age, on),
        )
    )
    if not gap or not unit.looks_at_others or fits is NOT_MET:
        return fits
    return all_of((fits, beside_outcome(case, unit, on)))


def beside_outcome(case: Case, unit: Unit, on: date) -> Outcome:
    """Judge the minor beside each who sleeps in a unit on a date, by the unit's age gap and its one gender a night."""
    return all_of(one.outcome for one in _beside(case, unit, on))


class _Beside(NamedTuple):
    """What a unit makes of the minor beside one who sleeps there, what it needs, and the facts that a doubt lacks."""

    need: str
    outcome: Outcome
    asks: tuple[str, ...] = ()


def _beside(case: Case, unit: Unit, on: date) -> Iterator[_Beside]:
    """Judge the minor beside each who sleeps in a unit on a date."""
    beds, minor = case.house.unit_beds[unit.id], case.minor
    for row in case.others_on(on):
        if row.bed in beds:
            if unit.max_age_gap_years is not None:
                outcome = _gap(minor, row, unit.max_age_gap_years, on)
                yield _Beside(NEAR_IN_AGE, outcome, _gap_asks(minor, row))
            if unit.one_gender_a_night:
                gender = case.census.gender_of(row)
                yield _Beside(OF_ONE_GENDER, same_gender(minor.gender, gender), _gender_asks(minor.gender, gender))
    if unit.one_gender_a_night and case.house.unlisted_in(unit, on):
        yield _Beside(OF_ONE_GENDER, UNKNOWN, ("facility.residents",))


def _in_the_way(case: Case, unit: Unit) -> list[_Beside]:
    """Those beside whom the minor may not be in a unit on the admission date, or perhaps not."""
    return [one for one in _beside(case, unit, case.admit_on) if one.outcome is not MET]


def _gap_asks(minor: Minor, row: Resident) -> tuple[str, ...]:
    asks = ("facility.residents.age",) if row.age is None else ()
    return (*asks, *age_asks(minor)) if row.age is not None or minor.age_range is None else asks


def _gender_asks(own: str | None, other: str | None) -> tuple[str, ...]:
    """Whoever has stated nothing is asked, and who is nonbinary beside somebody who is not."""
    asks = ("facility.residents.gender",) if other is None or (other == "nonbinary" and own is not None) else ()
    return (*asks, "minor.gender") if own is None or (own == "nonbinary" and other is not None) else asks


def _gap(minor: Minor, row: Resident, most: int, on: date) -> Outcome:
    """Met if every possible difference in years is at most `most`, not_met if none is."""
    if minor.born_on is not None:
        low = high = age_on(minor.born_on, on)
    elif minor.age_range is not None:
        low, high = minor.age_range
    else:
        return UNKNOWN
    if row.age is None:
        return UNKNOWN
    farthest = max(abs(low - row.age), abs(high - row.age))
    nearest = 0 if low <= row.age <= high else min(abs(low - row.age), abs(high - row.age))
    if farthest <= most:
        return MET
    return NOT_MET if nearest > most else UNKNOWN


def _asks(case: Case, units: Iterable[Unit], outcomes: Iterable[Outcome], *, gap: bool) -> tuple[str, ...]:
    """What the units in doubt lack, each fact once."""
    found = zip(units, outcomes, strict=True)
    return tuple(dict.fromkeys(fact for unit, one in found if one is UNKNOWN for fact in _unit_asks(case, unit, gap)))


def _unit_asks(case: Case, unit: Unit, gap: bool) -> list[str]:
    minor, on = case.minor, case.admit_on
    asks = []
    if gender_in(minor.gender, unit.genders) is UNKNOWN:
        asks.append("minor.gender")
    if age_in_band(minor, unit.min_age, unit.max_age, on) is UNKNOWN:
        asks.extend(age_asks(minor))
    if gap:
        asks.extend(fact for one in _in_the_way(case, unit) for fact in one.asks)
    return asks


def _said(code: str | None) -> str:
    return "not known" if code is None else code.replace("_", " ")


RULES: Iterable[Rule] = (Declines(), Admits(), Services(), UnitFit())
