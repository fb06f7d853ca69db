"""Everybody who waits tonight, put together for the checker: who could have which contract, at what cost.

A contract is a payer that begins the chain at a unit. A bed that only one minor may have is a unit of its own, and in
the house where she or he lives already a facility of its own. What minors share is counted as the first by id sees it.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from matching.case import Case
from matching.check_judged import FreeBed, Option
from matching.check_judging import Judge
from matching.check_nights import Book, Nights
from matching.check_plan import OUT, Effect, Network, Pair, Place, Plan
from matching.facts import Bed, Referral, Unit
from matching.findings import MET
from matching.rules.fit import unit_outcome
from matching.value import Placing, Policy, cost


class Waiting:
    """The network tonight, with the options of the minor asked about among it."""

    def __init__(
        self, judge: Judge, book: Book, asked: Referral, options: Mapping[str, Option], policy: Policy
    ) -> None:
        self.judge = judge
        self.book = book
        self.asked = asked
        self.policy = policy
        self.network = Network()
        for referral in waiting(judge, asked):
            self.network.tier[referral.minor] = referral.urgency
            self.network.pairs[referral.minor] = {}
            for option in options.values() if referral is asked else self._options(referral):
                self._add(referral, option)

    def effects(self, imposed: Mapping[str, Place]) -> dict[str, Effect]:
        """What choosing each contract does to the others, by the names given."""
        others = [minor for minor in self.network.tier if minor != self.asked.minor]
        return Plan(self.network, others).effects(self.asked.minor, imposed)

    def contract(self, option: Option, fund: object) -> Place | None:
        """The contract of an option's bed and first payer; None where it stands for no pair of the network."""
        found = ("contract", *self._unit(option.case, option.place.unit, option.place.bed), str(fund))
        return found if found in self.network.pairs[self.asked.minor] else None

    def _options(self, referral: Referral) -> Iterator[Option]:
        found = (self.judge.option_tonight(referral, facility) for facility in self.judge.snapshot.facilities)
        return (option for option in found if option is not None)

    def _add(self, referral: Referral, option: Option) -> None:
        """Add each payer that may pay tonight, as the first of a chain, at each unit's best bed that suits."""
        case = option.case
        nights = Nights(case, option.usable, self.book)
        ends = {funding.fund.id: nights.farthest(funding.fund.id) for funding in option.heads}
        for unit, bed, until in self._beds(option):
            bed_end = (until or case.until).toordinal()
            place = self._places(case, unit, bed)
            for funding in option.heads:
                fund, most = funding.fund.id, funding.row.beds_per_night
                paid = min(ends[fund], bed_end) - nights.first
                taken = self.book.ledger.taken(fund, case.admit_on, case.minor.id)
                contract = ("contract", *place[1:], fund)
                self.network.add(contract, place, None if most is None else most - taken)
                price = cost(Placing(case, referral, bed, paid), self.policy)
                self.network.pairs[referral.minor][contract] = Pair(price, paid)

    def _beds(self, option: Option) -> list[FreeBed]:
        """The option's own bed, and the one that is free the longest in each unit of the network that suits."""
        case = option.case
        beds = [
            FreeBed(unit, bed, self.judge.bed_until(case, unit, bed))
            for unit in case.facility.units
            if unit_outcome(case, unit, case.admit_on, gap=True) is MET
            for bed in unit.beds
            if self.judge.free(bed, case.admit_on, case.minor.id, case.referrals)
        ]
        beds.sort(key=lambda row: (-(row.until or date.max).toordinal(), row.bed.id))
        best: dict[tuple[str, ...], FreeBed] = {}
        for row in (*beds, option.place):
            best.setdefault(self._unit(case, row.unit, row.bed), row)
        return list(best.values())

    def _places(self, case: Case, unit: Unit, bed: Bed) -> Place:
        """Add the unit of the network that a bed belongs to, and what is above it."""
        ids, beds = self._unit(case, unit, bed), 1
        house: Place = ("facility", case.facility.id)
        room = _room(case)
        if ids == (unit.id,):
            beds = sum(self._anybody(case, other) for other in unit.beds)
        elif any(row.minor == case.minor.id and row.present(case.admit_on) for row in case.facility.residents):
            house, room = ("facility", *ids), 1
        self.network.add(house, OUT, room)
        self.network.add(("unit", *ids), house, beds)
        return ("unit", *ids)

    def _unit(self, case: Case, unit: Unit, bed: Bed) -> tuple[str, ...]:
        """The ids of the unit of the network that a bed belongs to."""
        return (unit.id,) if self._anybody(case, bed) else (unit.id, bed.id)

    def _anybody(self, case: Case, bed: Bed) -> bool:
        """Whether a bed is free for anybody who might come."""
        return self.judge.free(bed, case.admit_on, "", frozenset())


def _room(case: Case) -> int:
    """Places besides the people who live there. Licence and staff awake are known: what is not known is no option."""
    licence, staffing = case.facility.licence, case.facility.staffing
    awake = (staffing.night_ratio or 0) * (staffing.awake_staff_tonight or 0)
    return min(licence.capacity or 0, awake) - (case.count(case.admit_on) - 1 - len(case.siblings))


def waiting(judge: Judge, asked: Referral | None = None) -> list[Referral]:
    """One referral of each minor whose need has begun, the most urgent, by minor; of an asked minor the one asked."""
    found: dict[str, Referral] = {}
    for referral in sorted(judge.snapshot.referrals, key=lambda row: (row.urgency, row.id)):
        if judge.first_night(referral) == judge.snapshot.tonight:
            found.setdefault(referral.minor, referral)
    if asked is not None:
        found[asked.minor] = asked
    return [found[minor] for minor in sorted(found)]
