"""Everyone who waits tonight as a network: who could take which contract, at what cost, with how many paid nights.

A contract is a payer that begins the chain at a unit of a facility. Beds that only one minor may have (held for the
referral, or her or his own) are units of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching.admission import earliest, make_case
from matching.case import Case
from matching.census import Census
from matching.eligibility import Assessment, accepted_payers, assess, chain_heads, sibling_outcome
from matching.facts import Bed, Facility, Minor, Referral, Unit
from matching.findings import MET
from matching.masks import Masks, masks
from matching.network import Network
from matching.payer import Funding
from matching.rules.fit import unit_outcome
from matching.value import Placing, Policy, bed_cost, house_cost, nights_cost

PLENTY = 2**30
Place = tuple[Unit, Bed, date | None]
"""A bed of a unit, and the first night on which it is no longer free."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The network tonight. `nights` are the paid nights of each pair; `row_of` finds a pair by minor and contract."""

    network: Network
    nights: tuple[int, ...]
    row_of: dict[tuple[str, str], int]

    def index(self, minor: str) -> int:
        """The place of a minor in the network."""
        return self.network.minors.index(minor)


def waiting_tonight(census: Census, asked: Referral) -> list[Referral]:
    """One referral for each minor whose need has begun, by minor; the asked one's is the asked referral."""
    chosen: dict[str, Referral] = {}
    for referral in sorted(census.referrals.values(), key=lambda row: (row.urgency, row.id)):
        if earliest(census, referral) == census.tonight:
            chosen.setdefault(referral.minor, referral)
    chosen[asked.minor] = asked
    return [chosen[minor] for minor in sorted(chosen)]


def network_tonight(
    census: Census,
    referrals: Sequence[Referral],
    policy: Policy,
    known: dict[str, list[Assessment]],
    found: Masks | None = None,
) -> Waiting:
    """Put together who could be where tonight.

    Parameters
    ----------
    census : Census
    referrals : sequence of Referral
        One for each minor who waits.
    policy : Policy
        What a pair costs.
    known : dict
        Assessments already made, by referral id.
    found : Masks, optional
        The rules as arrays for the minors of these referrals, where they have been judged.
    """
    found = found or masks(census, [census.minors[referral.minor] for referral in referrals])
    builder = _Builder(census, policy)
    for at, referral in enumerate(referrals):
        builder.add_minor(referral)
        if referral.id in known:
            for assessment in known[referral.id]:
                builder.add_assessed(referral, assessment)
        else:
            builder.add_masked(referral, found, at)
    return builder.build()


class _Builder:
    """Collects minors, contracts, units and facilities as they are met."""

    def __init__(self, census: Census, policy: Policy) -> None:
        self.census = census
        self.policy = policy
        self.minors: list[str] = []
        self.tiers: list[int] = []
        self.pairs: dict[tuple[int, int], tuple[int, int]] = {}
        self.contracts: dict[str, int] = {}
        self.units: dict[str, int] = {}
        self.facilities: dict[str, int] = {}
        self.contract_rows: list[tuple[int, int]] = []
        self.unit_rows: list[tuple[int, int]] = []
        self.facility_places: list[int] = []
        self.bed_costs: dict[str, int] = {}
        self.nights_costs: dict[tuple[int, int], int] = {}

    def add_minor(self, referral: Referral) -> None:
        """Begin the rows of one more minor."""
        self.minors.append(referral.minor)
        self.tiers.append(referral.urgency)

    def add_masked(self, referral: Referral, found: Masks, at: int) -> None:
        """Add every pair that the arrays allow, and judge the exceptions one by one."""
        minor, facilities = self.census.minors[referral.minor], self.census.snapshot.facilities
        for exception in found.exceptions[at]:
            self.add_assessed(referral, assess(self.census, referral, facilities[exception], words=False))
        closed = (found.not_met[at] | found.unknown[at]) != 0
        closed[list(found.exceptions[at])] = True
        units_of: dict[int, list[Unit]] = {}
        for column in np.flatnonzero(found.unit_met[at] & ~closed[found.unit_facility]).tolist():
            units_of.setdefault(found.unit_facility[column], []).append(found.units[column])
        refusing: set[str] = set()
        stayed = {stay.facility for stay in self.census.stays_of.get(minor.id, ())}
        for at_house, units in units_of.items():
            facility = facilities[at_house]
            if facility.id not in stayed and refusing.issuperset(facility.funds or ()):
                continue
            case = tonight_case(self.census, minor, facility, referral)
            payers = accepted_payers(case)
            if facility.id not in stayed:
                refusing.update([payer.funding.fund.id for payer in payers if payer.refuses_alike])
            heads = chain_heads(case, payers)
            if heads:
                beds = [(unit, case.house.best_shared_bed(unit, case.admit_on, case.until)) for unit in units]
                self._add_places(referral, case, [(unit, *bed) for unit, bed in beds if bed is not None], heads)

    def add_assessed(self, referral: Referral, assessment: Assessment) -> None:
        """Add the pairs of a facility that is an option tonight."""
        if assessment.verdict == "option":
            self._add_places(referral, assessment.case, _best_beds(assessment), assessment.heads())

    def _add_places(
        self, referral: Referral, case: Case, places: Sequence[Place], heads: Sequence[tuple[Funding, int]]
    ) -> None:
        """Add each payer that may pay the first night at each of these beds of one facility."""
        start, row = case.admit_on.toordinal(), len(self.minors) - 1
        of_house: int | None = None
        for unit, bed, until in places:
            placing = Placing(case, referral, bed, 0)
            of_house = house_cost(placing, self.policy) if of_house is None else of_house
            bed_end = (until or case.until).toordinal()
            key = _unit_key(case, unit, bed)
            unit_at = self._unit(case, unit, key)
            standing = of_house + self._bed_cost(placing)
            for funding, end in heads:
                nights = min(end, bed_end) - start
                contract = self._contract(f"{key}\x1f{funding.fund.id}", unit_at, funding)
                self.pairs[row, contract] = (standing + self._nights_cost(placing, nights), nights)

    def _bed_cost(self, placing: Placing) -> int:
        """What a bed costs whoever comes; reckoned once."""
        found = self.bed_costs.get(placing.bed.id)
        if found is None:
            found = self.bed_costs[placing.bed.id] = bed_cost(placing, self.policy)
        return found

    def _nights_cost(self, placing: Placing, nights: int) -> int:
        """What so many paid nights of a need cost whoever comes; reckoned once."""
        key = (placing.need, nights)
        found = self.nights_costs.get(key)
        if found is None:
            found = self.nights_costs[key] = nights_cost(replace(placing, usable_nights=nights), self.policy)
        return found

    def _unit(self, case: Case, unit: Unit, key: str) -> int:
        found = self.units.get(key)
        if found is None:
            facility, places, beds = case.facility.id, room_tonight(case), 1
            if key == unit.id:
                beds = len(case.house.shared_beds(unit, case.admit_on))
            elif case.house.has_own(case.admit_on, case.minor.id):
                facility, places = key, 1
            if facility not in self.facilities:
                self.facilities[facility] = len(self.facility_places)
                self.facility_places.append(places)
            found = self.units[key] = len(self.unit_rows)
            self.unit_rows.append((self.facilities[facility], beds))
        return found

    def _contract(self, key: str, unit: int, funding: Funding) -> int:
        found = self.contracts.get(key)
        if found is None:
            places = funding.free_places(self.census.tonight)
            found = self.contracts[key] = len(self.contract_rows)
            self.contract_rows.append((unit, PLENTY if places is None else places))
        return found

    def build(self) -> Waiting:
        """Hand over the arrays."""
        contracts = tuple(self.contracts)
        pairs = np.array(list(self.pairs), np.int64).reshape(-1, 2)
        values = np.array(list(self.pairs.values()), np.int64).reshape(-1, 2)
        contract = np.array(self.contract_rows, np.int64).reshape(-1, 2)
        unit = np.array(self.unit_rows, np.int64).reshape(-1, 2)
        network = Network(
            minors=tuple(self.minors),
            tier=np.array(self.tiers, np.int64),
            pair_minor=pairs[:, 0],
            pair_contract=pairs[:, 1],
            pair_cost=values[:, 0],
            contracts=contracts,
            contract_unit=contract[:, 0],
            unit_facility=unit[:, 0],
            contract_places=contract[:, 1],
            unit_beds=unit[:, 1],
            facility_places=np.array(self.facility_places, np.int64),
        )
        rows = {(self.minors[minor], contracts[at]): row for row, (minor, at) in enumerate(self.pairs)}
        return Waiting(network, tuple(values[:, 1].tolist()), rows)


def tonight_case(census: Census, minor: Minor, facility: Facility, referral: Referral) -> Case:
    """A pair that is judged for tonight, with a bed that is there."""
    return make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)


def contract_id(case: Case, unit: Unit, bed: Bed, fund: str) -> str:
    """The contract of a bed: shared by the beds of its unit, unless nobody else may have this bed."""
    return f"{_unit_key(case, unit, bed)}\x1f{fund}"


def room_tonight(case: Case) -> int:
    """Places that licence and staff awake still allow, whoever comes."""
    present = case.count(case.admit_on) - 1 - len(case.siblings)
    limits = [case.facility.licence.capacity]
    if case.facility.staffing.night_ratio is not None and case.facility.staffing.awake_staff_tonight is not None:
        limits.append(case.facility.staffing.night_ratio * case.facility.staffing.awake_staff_tonight)
    return max(0, min(limit for limit in limits if limit is not None) - present)


def _unit_key(case: Case, unit: Unit, bed: Bed) -> str:
    return unit.id if _shared(case, bed) else f"{unit.id}\x1f{bed.id}"


def _shared(case: Case, bed: Bed) -> bool:
    """Whether a bed is free for anybody."""
    return case.house.free(bed, case.admit_on, "", ())


def _best_beds(assessment: Assessment) -> list[Place]:
    """The bed of each unit that suits, free the longest; beds for this minor alone stand by themselves.

    The bed that the admission chose stands for its unit: siblings who come too may leave no other.
    """
    case, chosen = assessment.case, assessment.admission
    best: dict[str, tuple[tuple[int, str], Place]] = {}
    for unit in case.facility.units:
        if unit_outcome(case, unit, case.admit_on, gap=True) is not MET:
            continue
        for bed in case.free_beds(unit, case.admit_on):
            until = case.house.free_until(bed, case.admit_on, case.until, case.minor.id)
            row = ((-(until or date.max).toordinal(), bed.id), (unit, bed, until))
            key = _unit_key(case, unit, bed)
            best[key] = min(row, best.get(key, row), key=lambda one: one[0])
    places = {key: place for key, (_, place) in best.items()}
    if chosen.unit is not None and chosen.bed is not None:
        places[_unit_key(case, chosen.unit, chosen.bed)] = (chosen.unit, chosen.bed, chosen.bed_until)
    return list(places.values())
