"""One minor at one facility, judged afresh for the checker: every night scanned, every rule asked.

It shares the facts and the rules with the engine, and nothing of how the engine searches.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from matching.case import Case
from matching.census import Census
from matching.check_judged import ABOUT_PEOPLE as PEOPLE_CODES
from matching.check_judged import FreeBed, Judged, JudgedPayer, Option
from matching.facts import Bed, Facility, Minor, Referral, Resident, Snapshot, Unit
from matching.findings import MET, NOT_MET, UNKNOWN, Finding, Outcome
from matching.payer import Funding
from matching.rules import FACILITY_RULES, FUND_IN_FORCE, FUND_LAST_RESORT, NIGHT_RULES, ONCE_RULES
from matching.rules.conflict import Conflict
from matching.rules.fit import unit_outcome
from matching.rules.licensing import Capacity
from matching.rules.safeguards import Population

ONE_DAY = timedelta(days=1)
ABOUT_PEOPLE = (Population(), Conflict(), Capacity())
"""Rules that decide on which night a house can take the minor (the rules' section 2, item 6)."""


class Judge:
    """A snapshot, ready to be asked about any referral at any facility.

    Where it is written as after some stays, siblings who come too are judged by `record`, the one as it is: what a
    fund pays now it goes on paying, and what these stays take is not the siblings' to lack.
    """

    def __init__(self, snapshot: Snapshot, record: "Judge | None" = None) -> None:
        self.record = record or self
        self.snapshot = snapshot
        self.census = Census(snapshot)
        self.last_night = snapshot.tonight + timedelta(days=snapshot.horizon_nights - 1)
        self.entries: dict[str, list[Resident]] = {}
        self.lives: dict[str, list[Resident]] = {}
        for row in (row for facility in snapshot.facilities for row in facility.residents):
            if row.bed is not None:
                self.entries.setdefault(row.bed, []).append(row)
            if row.minor is not None:
                self.lives.setdefault(row.minor, []).append(row)

    def first_night(self, referral: Referral) -> date:
        """The later of tonight and the night from which a bed is needed."""
        return max(self.snapshot.tonight, referral.needed_from or self.snapshot.tonight)

    def need(self, referral: Referral) -> int:
        """Nights of the need."""
        horizon = self.snapshot.horizon_nights
        return min(referral.nights_needed or horizon, horizon)

    def judge(self, referral: Referral, facility: Facility) -> Judged:
        """Judge every rule on the first night with a bed, or on the first night asked for where there is none."""
        first = night = self.first_night(referral)
        room_from = place = None
        while place is None and night <= self.last_night:
            case = self._case(referral, facility, night, bed_known=True)
            if any(
                self.free(bed, night, case.minor.id, case.referrals) for unit in facility.units for bed in unit.beds
            ):
                room_from = room_from or (night if self._has_room(case) else None)
                place = self._bed(case)
            night += ONE_DAY
        if place is None:
            return self.without_bed(referral, facility)
        return Judged(case, first, place, room_from, _house(case), self._payers(case))

    def on(self, referral: Referral, facility: Facility, night: date) -> Judged | None:
        """Judge an admission on just this night; None where there is no bed."""
        case = self._case(referral, facility, night, bed_known=True)
        place = self._bed(case) if night <= self.last_night else None
        return None if place is None else Judged(case, night, place, None, _house(case), self._payers(case))

    def people_decide(self, referral: Referral, facility: Facility, night: date) -> bool:
        """Whether there would be room on a night, but somebody who lives there or comes along may be in the way."""
        case = self._case(referral, facility, night, bed_known=True)
        if night > self.last_night or not self._has_room(case):
            return False
        near = self._fitting(case, gap=True) != self._fitting(case, gap=False)
        rules = [rule for rule in FACILITY_RULES if rule.code in PEOPLE_CODES]
        return near or any(rule.judge(case) is not MET for rule in rules)

    def without_bed(self, referral: Referral, facility: Facility) -> Judged:
        """Judge every rule on the first night asked for, as if there were no bed on any night."""
        first = self.first_night(referral)
        case = self._case(referral, facility, first, bed_known=False)
        return Judged(case, first, None, None, _house(case), self._payers(case))

    def option_tonight(self, referral: Referral, facility: Facility) -> Option | None:
        """The pair where it is an option for tonight: every rule of the facility is met, and a payer may pay."""
        case = self._case(referral, facility, self.snapshot.tonight, bed_known=True)
        place = self._bed(case)
        if place is None or any(rule.judge(case) is not MET for rule in FACILITY_RULES):
            return None
        usable = [
            funding
            for funding in self._accepted(case)
            if funding.limit is not None and all(rule.judge(funding) is MET for rule in ONCE_RULES)
        ]
        heads = [funding for funding in usable if all(rule.judge(funding) is MET for rule in NIGHT_RULES)]
        first = [funding for funding in heads if not funding.fund.last_resort]
        return Option(case, place, usable, first or heads) if heads else None

    def free(self, bed: Bed, on: date, minor: str, referrals: frozenset[str]) -> bool:
        """Whether a bed is free on a night (section 2, item 3)."""
        if any(start <= on < end for start, end in bed.unavailable):
            return False
        begun = False
        for row in self.entries.get(bed.id, ()):
            if row.minor != minor and row.present(on):
                return False
            begun = begun or row.from_ is None or row.from_ <= on
        if begun or bed.status == "open":
            return True
        if bed.status == "cleaning":
            return on > self.snapshot.tonight
        return bed.status == "held" and bed.held_for is not None and bed.held_for in referrals

    def stays(self, case: Case, unit: Unit, bed: Bed, night: date) -> bool:
        """Whether a minor who has a bed since the admission date may still have it on a later night.

        It must be free, and where the unit is of one gender a night nobody comes of whom it is not known that she or
        he is of the same.
        """
        return self.free(bed, night, case.minor.id, case.referrals) and not (
            unit.one_gender_a_night
            and any(
                row.from_ == night and row.present(night) and row.minor != case.minor.id
                for other in unit.beds
                for row in self.entries.get(other.id, ())
                if case.minor.gender is None or self.census.gender_of(row) != case.minor.gender
            )
        )

    def bed_until(self, case: Case, unit: Unit, bed: Bed) -> date | None:
        """The first night of the need on which a bed that is free on the admission date is none for the minor."""
        night = case.admit_on + ONE_DAY
        changes = bed.unavailable or bed.id in self.entries or unit.one_gender_a_night
        while changes and night < case.until:
            if not self.stays(case, unit, bed, night):
                return night
            night += ONE_DAY
        return None

    def _bed(self, case: Case) -> FreeBed | None:
        """The bed for a night, if everybody of the group can have one and the people who live there allow it."""
        fitting = self._fitting(case, gap=True)
        if not fitting or any(rule.outcome(case, case.admit_on) is NOT_MET for rule in ABOUT_PEOPLE):
            return None
        siblings = [{bed.id for _, bed in self._fitting(_of_sibling(case, one), gap=True)} for one in case.siblings]
        ranked = []
        for unit, bed in fitting:
            until = self.bed_until(case, unit, bed)
            doubt = unit_outcome(case, unit, case.admit_on, gap=True) is UNKNOWN
            ranked.append((doubt, -(until or date.max).toordinal(), bed.id, FreeBed(unit, bed, until)))
        for _, _, taken, place in sorted(ranked, key=lambda row: row[:3]):
            if seated([beds - {taken} for beds in siblings]):
                return place
        return None

    def _has_room(self, case: Case) -> bool:
        """Whether the minor has a bed within the licence, and each sibling who lives nowhere all along any other."""
        along = [one for one in case.siblings if one.id not in self.lives]
        capacity, lives_here = case.facility.licence.capacity, case.count(case.admit_on) - 1 - len(case.siblings)
        if capacity is not None and lives_here + 1 + len(along) > capacity:
            return False
        fitting = {bed.id for _, bed in self._fitting(case, gap=False)}
        free = {
            bed.id
            for one in (case, *(_of_sibling(case, sibling) for sibling in case.siblings))
            for unit in case.facility.units
            for bed in unit.beds
            if self.free(bed, case.admit_on, one.minor.id, one.referrals)
        }
        return bool(fitting) and len(free) > len(along)

    def _fitting(self, case: Case, *, gap: bool) -> list[tuple[Unit, Bed]]:
        """The beds that are free on the night for this minor, in units that do not rule her or him out."""
        return [
            (unit, bed)
            for unit in case.facility.units
            if unit_outcome(case, unit, case.admit_on, gap=gap) is not NOT_MET
            for bed in unit.beds
            if self.free(bed, case.admit_on, case.minor.id, case.referrals)
        ]

    def _case(self, referral: Referral, facility: Facility, on: date, *, bed_known: bool) -> Case:
        minor = self.census.minors[referral.minor]
        return Case(
            self.census,
            minor,
            facility,
            on,
            self.need(referral),
            referrals=frozenset((referral.id,)),
            siblings=self._siblings(minor, on),
            bed_known=bed_known,
            sibling_outcome=self._sibling_outcome,
        )

    def _siblings(self, minor: Minor, on: date) -> list[Minor]:
        """Those whom the minor names, who have a referral, need not be avoided, and live nowhere that night."""
        waiting = {referral.minor for referral in self.snapshot.referrals} if minor.together_with else set()
        return [
            self.census.minors[other]
            for other in sorted(set(minor.together_with) - {minor.id} - set(minor.avoid.minors))
            if other in waiting and not any(row.present(on) for row in self.lives.get(other, ()))
        ]

    def _sibling_outcome(self, case: Case, sibling: Minor) -> Outcome:
        """Not met where the facility would be excluded for a sibling by any other rule, unknown where it is open."""
        own = _of_sibling(case, sibling, self.record.census)
        house = [rule.check(own) for rule in FACILITY_RULES if rule.code != "minor.together"]
        judged = Judged(own, own.admit_on, None, None, house, self.record._payers(own))
        if judged.failed:
            return NOT_MET
        return UNKNOWN if judged.unknown else MET

    def _accepted(self, case: Case) -> list[Funding]:
        """The payers that the facility accepts, by id, each with the row in force on the governing date."""
        stay = case.continued()
        governing = case.admit_on if stay is None else stay.admitted_on
        return [Funding(case, self.census.funds[fund], governing) for fund in sorted(set(case.facility.funds or ()))]

    def _payers(self, case: Case) -> list[JudgedPayer]:
        """Every accepted payer by id, with its findings; those of last resort once the others are judged."""
        payers = []
        for funding in self._accepted(case):
            rules = () if funding.limit is None else (*ONCE_RULES, *NIGHT_RULES)
            payers.append(JudgedPayer(funding, [rule.check(funding) for rule in (FUND_IN_FORCE, *rules)]))
        other_may_pay = any(payer.may_pay for payer in payers if not payer.funding.fund.last_resort)
        for payer in payers:
            payer.findings.append(FUND_LAST_RESORT.check(payer.funding, other_may_pay))
        return payers


def _house(case: Case) -> list[Finding]:
    return [rule.check(case) for rule in FACILITY_RULES]


def seated(choices: Sequence[set[str]]) -> bool:
    """Whether everybody can have a different one of the beds that suit: tried one by one, the least choice first."""
    if not choices:
        return True
    fewest, *rest = sorted(choices, key=len)
    return any(seated([beds - {bed} for beds in rest]) for bed in sorted(fewest))


def _of_sibling(case: Case, sibling: Minor, census: Census | None = None) -> Case:
    """The same facility, date and people for a sibling; by another census where one is given."""
    return Case(
        census or case.census,
        sibling,
        case.facility,
        case.admit_on,
        (case.until - case.admit_on).days,
        referrals=frozenset(row.id for row in case.census.snapshot.referrals if row.minor == sibling.id),
        siblings=[case.minor, *(other for other in case.siblings if other.id != sibling.id)],
        bed_known=case.bed_known,
        sibling_outcome=case.sibling_outcome,
    )
