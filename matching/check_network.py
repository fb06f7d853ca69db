"""Everybody who waits tonight, put together for the checker: who could have which contract, at what cost.

A contract is a payer that begins the chain at a unit. A bed that only one minor may have is a unit of its own, and in
the house where she or he lives already a facility of its own. What minors share is counted as the first by id sees it.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from matching.check_clocks import Ledger
from matching.check_judging import Judge, Judged
from matching.check_nights import Nights
from matching.check_plan import OUT, Effect, Network, Pair, Place, Plan
from matching.facts import Bed, Referral, Unit
from matching.findings import MET
from matching.rules.fit import unit_outcome
from matching.value import Placing, Policy, cost


class Waiting:
    """The network tonight, with the options of the minor asked about among it."""

    def __init__(
        self, judge: Judge, ledger: Ledger, asked: Referral, options: Mapping[str, Judged], policy: Policy
    ) -> None:
        self.judge = judge
        self.ledger = ledger
        self.asked = asked
        self.policy = policy
        self.network = Network()
        for referral in waiting(judge, asked):
            self.network.tier[referral.minor] = referral.urgency
            self.network.pairs[referral.minor] = {}
            for judged in options.values() if referral is asked else self._options(referral):
                self._add(referral, judged)

    def effects(self, imposed: Mapping[str, Place]) -> dict[str, Effect]:
        """What choosing each contract does to the others, by the names given."""
        others = [minor for minor in self.network.tier if minor != self.asked.minor]
        return Plan(self.network, others).effects(self.asked.minor, imposed)

    def contract(self, judged: Judged, fund: str) -> Place | None:
        """The contract of an option's bed and first payer; None where it stands for no pair of the network."""
        if judged.place is None:
            return None
        found = ("contract", *self._unit(judged, judged.place.unit, judged.place.bed), fund)
        return found if found in self.network.pairs[self.asked.minor] else None

    def _options(self, referral: Referral) -> Iterable[Judged]:
        judged = (self.judge.option_tonight(referral, facility) for facility in self.judge.snapshot.facilities)
        return (option for option in judged if option is not None)

    def _add(self, referral: Referral, judged: Judged) -> None:
        """Add each payer that may pay tonight, and begins a chain, at each unit's best bed that suits."""
        case = judged.case
        nights = Nights(case, (payer.funding for payer in judged.payers if payer.usable), self.ledger)
        heads = [payer.funding for payer in judged.payers if payer.may_pay]
        ends = {funding.fund.id: nights.farthest(funding.fund.id) for funding in heads}
        for unit, bed, until in self._beds(judged):
            bed_end = (until or case.until).toordinal()
            place = self._places(judged, unit, bed)
            for funding in heads:
                fund, most = funding.fund.id, funding.row.beds_per_night
                paid = min(ends[fund], bed_end) - nights.first
                if paid > 0:
                    taken = self.ledger.taken(fund, case.admit_on, case.minor.id)
                    contract = ("contract", *place[1:], fund)
                    self.network.add(contract, place, None if most is None else max(0, most - taken))
                    price = cost(Placing(case, referral, bed, paid), self.policy)
                    self.network.pairs[referral.minor][contract] = Pair(price, paid)

    def _beds(self, judged: Judged) -> list[tuple[Unit, Bed, date | None]]:
        """The bed that is free the longest in each unit of the network where the minor suits."""
        case = judged.case
        best: dict[tuple[str, ...], tuple[int, str, tuple[Unit, Bed, date | None]]] = {}
        for unit in case.facility.units:
            for bed in unit.beds if unit_outcome(case, unit, case.admit_on, gap=True) is MET else ():
                if self.judge.free(bed, case.admit_on, case.minor.id, case.referrals):
                    until = self.judge.bed_until(case, bed)
                    row = (-(until or date.max).toordinal(), bed.id, (unit, bed, until))
                    key = self._unit(judged, unit, bed)
                    best[key] = min(row, best.get(key, row), key=lambda one: one[:2])
        return [bed for _, _, bed in best.values()]

    def _places(self, judged: Judged, unit: Unit, bed: Bed) -> Place:
        """Add the unit of the network that a bed belongs to, and what is above it."""
        case, ids, beds = judged.case, self._unit(judged, unit, bed), 1
        house: Place = ("facility", case.facility.id)
        room = self._room(judged)
        if ids == (unit.id,):
            beds = sum(self._anybody(judged, other) for other in unit.beds)
        elif any(row.minor == case.minor.id and row.present(case.admit_on) for row in case.facility.residents):
            house, room = ("facility", *ids), 1
        self.network.add(house, OUT, room)
        self.network.add(("unit", *ids), house, beds)
        return ("unit", *ids)

    def _room(self, judged: Judged) -> int:
        """Places that licence and staff awake allow besides the people who live there."""
        case, staffing = judged.case, judged.case.facility.staffing
        limits = [] if case.facility.licence.capacity is None else [case.facility.licence.capacity]
        if staffing.night_ratio is not None and staffing.awake_staff_tonight is not None:
            limits.append(staffing.night_ratio * staffing.awake_staff_tonight)
        return max(0, min(limits) - (case.count(case.admit_on) - 1 - len(case.siblings)))

    def _unit(self, judged: Judged, unit: Unit, bed: Bed) -> tuple[str, ...]:
        """The ids of the unit of the network that a bed belongs to."""
        return (unit.id,) if self._anybody(judged, bed) else (unit.id, bed.id)

    def _anybody(self, judged: Judged, bed: Bed) -> bool:
        """Whether a bed is free for anybody who might come."""
        return self.judge.free(bed, judged.case.admit_on, "", frozenset())


def waiting(judge: Judge, asked: Referral) -> list[Referral]:
    """One referral of each minor whose need has begun, the most urgent, by minor; of the asked minor the one asked."""
    found: dict[str, Referral] = {}
    for referral in sorted(judge.snapshot.referrals, key=lambda row: (row.urgency, row.id)):
        if judge.first_night(referral) == judge.snapshot.tonight:
            found.setdefault(referral.minor, referral)
    found[asked.minor] = asked
    return [found[minor] for minor in sorted(found)]
