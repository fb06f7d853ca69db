"""Conditions of care and rights of the child: no score, no person and no setting overrides them."""

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

from matching.bands import VICTIMS
from matching.case import Case
from matching.facts import Evidence, Facility
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome, all_of, any_of, fact_is, yes_or_no
from matching.rules.base import DatedRule, Rule

SEED_B = "Children of the Night, Residential Programs for Child Sex Trafficking Victims"

RESIDENT_OTHER = "resident not trafficked"
RESIDENT_UNKNOWN = "resident not known"


class Population(DatedRule):
    """Trafficked minors live only with other trafficked minors: by the house's rule, and in fact that night."""

    code = "safeguard.population"
    source = SEED_B
    who = "facility"

    def never(self, facility: Facility) -> bool:
        """Whether no night could change the answer: the house's own policy is against it."""
        return facility.population == "mixed"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the policy, the people present on a date, and the minor who comes."""
        others = case.others_on(on)
        if self.never(case.facility) or any(row.trafficking == "none" for row in others):
            return NOT_MET
        known = (
            case.facility.population is not None
            and case.minor.trafficking in VICTIMS
            and all(row.trafficking in VICTIMS for row in others)
            and not case.house.unlisted(on)
        )
        return MET if known else UNKNOWN

    def check(self, case: Case) -> Finding:
        outcome = self.outcome(case, case.admit_on)
        have, text = self._words(case, outcome)
        changes = None
        if case.facility.population != "mixed" and not case.house.only_victims:
            changes = self.change(case, outcome, case.house.dates)
        return self.found(
            case, outcome, have, "trafficking_only", text, changes, () if outcome is MET else self.lacks(case)
        )

    def _words(self, case: Case, outcome: Outcome) -> tuple[str | None, str]:
        policy = case.facility.population
        if policy == "mixed":
            return policy, "Also houses young people who were not trafficked"
        if outcome is NOT_MET:
            return RESIDENT_OTHER, "Somebody living here then was not trafficked"
        if outcome is MET:
            return policy, "Trafficked minors only"
        if policy is None:
            return None, "Whether only trafficked minors live here is not known"
        if case.minor.trafficking not in VICTIMS:
            return (
                case.minor.trafficking,
                "Whether the young person was trafficked, or is at risk of it, is not known yet",
            )
        return RESIDENT_UNKNOWN, "Who lives here is not known for every person"

    def lacks(self, case: Case) -> tuple[str, ...]:
        asks = []
        if case.facility.population is None:
            asks.append("facility.population")
        if case.minor.trafficking not in VICTIMS:
            asks.append("minor.trafficking")
        if any(row.trafficking not in VICTIMS for row in case.others):
            asks.append("facility.residents.trafficking")
        if case.house.unlisted(case.admit_on):
            asks.append("facility.residents")
        return tuple(asks)

    def fix(self, case: Case, finding: Finding) -> str:
        if finding.have == "mixed":
            return "Cannot be waived: a house for trafficked minors only is needed"
        day = finding.changes_on
        return "Cannot be waived" + (f"; on {day} it may be met" if day else "")


class Egress(DatedRule):
    """Nobody is locked in without a way out in a fire."""

    code = "safeguard.egress"
    source = SEED_B
    who = "facility"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the doors, and for locked ones the fire clearance, on a date."""
        safeguards = case.facility.safeguards
        doors = safeguards.egress.on(on)
        if doors is None:
            return UNKNOWN
        if doors == "locked_with_release":
            return fact_is(safeguards.fire_clearance.on(on), True)
        return yes_or_no(doors != "locked_no_release")

    def check(self, case: Case) -> Finding:
        outcome = self.outcome(case, case.admit_on)
        safeguards = case.facility.safeguards
        doors = safeguards.egress.on(case.admit_on)
        text = {
            None: "Whether the doors are locked is not known, or the evidence is out of date",
            "unlocked": "The doors are not locked",
            "delayed_release": "The doors open after a short delay",
            "locked_with_release": "The doors are locked, with a release in a fire",
            "locked_no_release": "The doors are locked with no way out in a fire",
        }[doors]
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            asks = ("facility.safeguards.egress" if doors is None else "facility.safeguards.fire_clearance",)
        dates = (*_dates(safeguards.egress), *_dates(safeguards.fire_clearance))
        changes = self.change(case, outcome, dates) if dates else None
        return self.found(case, outcome, doors, "a way out in a fire", text, changes, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        return "Cannot be waived: doors that open, or a release with a current fire clearance"


class Held(DatedRule):
    """A safeguard that is simply on record as held, or not."""

    fact: ClassVar[str]
    held: ClassVar[str]
    not_held: ClassVar[str]
    who = "facility"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the record on a date."""
        evidence: Evidence[bool] = getattr(case.facility.safeguards, self.fact)
        return fact_is(evidence.on(on), True)

    def check(self, case: Case) -> Finding:
        evidence: Evidence[bool] = getattr(case.facility.safeguards, self.fact)
        outcome = self.judge(case)
        asks: tuple[str, ...] = ()
        if outcome is UNKNOWN:
            text, asks = f"{self.held}: not known, or the evidence is out of date", self.asks
        else:
            text = self.held if outcome is MET else self.not_held
        dates = _dates(evidence)
        changes = self.change(case, outcome, dates) if dates else None
        return self.found(case, outcome, evidence.on(case.admit_on), True, text, changes, asks)

    @property
    def asks(self) -> tuple[str, ...]:
        """The fact that is missing where the record is unknown."""
        return (f"facility.safeguards.{self.fact}",)

    def fix(self, case: Case, finding: Finding) -> str:
        return f"Cannot be waived: on record as held ({self.held.lower()})"


class FireClearance(Held):
    """The house has a current fire clearance."""

    code = "safeguard.fire_clearance"
    source = SEED_B
    fact, held, not_held = "fire_clearance", "Fire clearance", "No fire clearance"


class EqualActivities(Held):
    """Nobody is kept from what the other children in the house may do."""

    code = "safeguard.equal_activities"
    source = SEED_B
    fact, held, not_held = (
        "equal_activities",
        "Same activities for every child",
        "Some children are kept from activities",
    )


class Education(Held):
    """Schooling goes on."""

    code = "safeguard.education"
    source = "State licensing"
    fact, held, not_held = "education", "Schooling is provided", "No schooling is provided"


class GrievanceContact(Held):
    """A young person can complain to somebody outside the house."""

    code = "safeguard.grievance_contact"
    source = SEED_B
    fact, held, not_held = "grievance_contact", "Someone outside to complain to", "Nobody outside to complain to"


class OutsideContact(DatedRule):
    """Contact with the outside is open or limited child by child, never banned for all."""

    code = "safeguard.outside_contact"
    source = SEED_B
    who = "facility"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the rule on contact on a date."""
        contact = case.facility.safeguards.outside_contact.on(on)
        return UNKNOWN if contact is None else yes_or_no(contact != "blanket_ban")

    def check(self, case: Case) -> Finding:
        evidence = case.facility.safeguards.outside_contact
        outcome = self.outcome(case, case.admit_on)
        contact = evidence.on(case.admit_on)
        text = {
            None: "Whether contact with the outside is allowed is not known, or the evidence is out of date",
            "open": "Contact with the outside is open",
            "reviewed_individually": "Limits on contact are reviewed child by child",
            "blanket_ban": "Contact with the outside is banned for everyone",
        }[contact]
        asks = ("facility.safeguards.outside_contact",) if outcome is UNKNOWN else ()
        dates = _dates(evidence)
        changes = self.change(case, outcome, dates) if dates else None
        return self.found(case, outcome, contact, "no ban for everyone", text, changes, asks)

    def fix(self, case: Case, finding: Finding) -> str:
        return "Cannot be waived: limits reviewed child by child in place of the ban"


class Remote(DatedRule):
    """A remote house is lawful only where contact with the outside is not banned."""

    code = "safeguard.remote"
    source = SEED_B
    who = "facility"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge remoteness together with contact on a date."""
        safeguards = case.facility.safeguards
        contact = safeguards.outside_contact.on(on)
        allowed = UNKNOWN if contact is None else yes_or_no(contact != "blanket_ban")
        return any_of((fact_is(safeguards.remote.on(on), False), allowed))

    def check(self, case: Case) -> Finding:
        safeguards = case.facility.safeguards
        outcome = self.outcome(case, case.admit_on)
        remote = safeguards.remote.on(case.admit_on)
        text = {
            MET: "Remote, with contact allowed"
            if remote
            else "Community or transport within reach, or contact allowed",
            NOT_MET: "Remote, and contact with the outside is banned",
            UNKNOWN: "Whether a remote place and a ban on contact come together is not known",
        }[outcome]
        asks = []
        if outcome is UNKNOWN:
            asks = [
                f"facility.safeguards.{name}"
                for name, value in (
                    ("remote", remote),
                    ("outside_contact", safeguards.outside_contact.on(case.admit_on)),
                )
                if value is None
            ]
        dates = (*_dates(safeguards.remote), *_dates(safeguards.outside_contact))
        changes = self.change(case, outcome, dates) if dates else None
        return self.found(case, outcome, remote, "not remote, or contact allowed", text, changes, tuple(asks))

    def fix(self, case: Case, finding: Finding) -> str:
        return "Cannot be waived: limits on contact reviewed child by child in place of the ban"


class AwakeStaff(DatedRule):
    """Somebody is awake at night, and tonight there are enough of them for everybody who will sleep here."""

    code = "safeguard.awake_staff"
    source = "Florida 65C-46: one worker to four, awake; " + SEED_B
    who = "facility"

    def outcome(self, case: Case, on: date) -> Outcome:
        """Judge the standing rule, and tonight the ratio after the admission."""
        standing = fact_is(case.facility.safeguards.awake_night_staff.on(on), True)
        return all_of((standing, self._tonight(case))) if self._counts(case, on) else standing

    def _counts(self, case: Case, on: date) -> bool:
        return case.bed_known and on == case.census.tonight

    def _tonight(self, case: Case) -> Outcome:
        ratio, workers = case.facility.staffing.night_ratio, case.facility.staffing.awake_staff_tonight
        if workers == 0:
            return NOT_MET
        if ratio is None or workers is None:
            return UNKNOWN
        return yes_or_no(case.count(case.admit_on) <= ratio * workers)

    def check(self, case: Case) -> Finding:
        on = case.admit_on
        outcome = self.outcome(case, on)
        evidence, staffing = case.facility.safeguards.awake_night_staff, case.facility.staffing
        awake = evidence.on(on)
        tonight = self._counts(case, on)
        have: int | bool | None = awake
        need: str | bool = True
        if awake is False:
            text = "No staff awake at night"
        elif tonight and outcome is NOT_MET:
            have, need, text = self._short(case)
        elif outcome is UNKNOWN:
            text = "Staff awake at night: not known, or the evidence is out of date"
        else:
            text = "Staff awake at night"
        asks = ["facility.safeguards.awake_night_staff"] if awake is None else []
        if outcome is UNKNOWN and tonight:
            asks += [
                f"facility.staffing.{name}"
                for name, value in (
                    ("night_ratio", staffing.night_ratio),
                    ("awake_staff_tonight", staffing.awake_staff_tonight),
                )
                if value is None
            ]
        dates: list[date | None] = [*_dates(evidence)]
        if tonight:
            dates.append(case.census.tonight.fromordinal(case.census.tonight.toordinal() + 1))
        changes = self.change(case, outcome, dates) if dates else None
        return self.found(case, outcome, have, need, text, changes, tuple(asks))

    def _short(self, case: Case) -> tuple[int, str, str]:
        ratio, workers = case.facility.staffing.night_ratio, case.facility.staffing.awake_staff_tonight
        if not workers:
            return 0, "1 awake worker or more", "Nobody is awake tonight"
        count = case.count(case.admit_on)
        return (
            count,
            f"at most {(ratio or 0) * workers}",
            f"With the young person {count} would sleep here, for {workers} awake at 1 to {ratio}",
        )

    def fix(self, case: Case, finding: Finding) -> str:
        ratio, workers = case.facility.staffing.night_ratio, case.facility.staffing.awake_staff_tonight
        if case.facility.safeguards.awake_night_staff.on(case.admit_on) is False or not ratio:
            return "Cannot be waived: staff awake at night"
        missing = max(1, -(-case.count(case.admit_on) // ratio) - (workers or 0))
        return f"Cannot be waived: {missing} more awake {'worker' if missing == 1 else 'workers'} tonight would cure it"


class PlacementKind(Rule):
    """Foster homes and detention are not for this population."""

    code = "safeguard.placement_kind"
    source = SEED_B
    who = "facility"
    waive = "the placing agency, with a second person, for the two foster kinds"

    names: ClassVar = {
        "foster_home": "a foster home",
        "therapeutic_foster_home": "a therapeutic foster home",
        "secure_detention": "secure detention",
    }

    def judge(self, case: Case) -> Outcome:
        return yes_or_no(case.facility.kind not in self.names)

    def check(self, case: Case) -> Finding:
        kind = case.facility.kind
        outcome = self.judge(case)
        text = f"This is {self.names[kind]}" if kind in self.names else "A kind of house for this population"
        return self.found(case, outcome, kind, "no foster home, no detention", text)

    def waivable(self, case: Case) -> bool:
        return case.facility.kind != "secure_detention"

    def fix(self, case: Case, finding: Finding) -> str:
        if self.waivable(case):
            return "The placing agency may record an exception, with a second person"
        return "Cannot be waived"


def _dates(evidence: Evidence[object]) -> tuple[date | None, ...]:
    """The dates on which what is on record begins and ceases to count."""
    return () if evidence.value is None else (evidence.verified_on, evidence.expires_on)


RULES: Iterable[Rule] = (
    Population(),
    Egress(),
    FireClearance(),
    OutsideContact(),
    Remote(),
    EqualActivities(),
    AwakeStaff(),
    Education(),
    GrievanceContact(),
    PlacementKind(),
)
