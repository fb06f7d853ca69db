"""Everyone who waits tonight as a network: who could take which contract, at what cost, with how many paid nights.

A contract is a payer that begins the chain at a unit of a facility. Beds that only one minor may have (held for the
referral, or her or his own) are units of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.admission import earliest
from matching.case import Case
from matching.census import Census
from matching.eligibility import Assessment, assess
from matching.facts import Bed, Referral, Unit
from matching.findings import MET
from matching.network import Network
from matching.payer import Funding
from matching.rules.fit import unit_outcome
from matching.value import Placing, Policy, cost

PLENTY = 2**30


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
    census: Census, referrals: Iterable[Referral], policy: Policy, known: dict[str, list[Assessment]]
) -> Waiting:
    """Put together who could be where tonight.

    Parameters
    ----------
    census : Census
    referrals : iterable of Referral
        One for each minor who waits.
    policy : Policy
        What a pair costs.
    known : dict
        Assessments already made, by referral id.
    """
    builder = _Builder(census, policy)
    for referral in referrals:
        assessments = known.get(referral.id)
        if assessments is None:
            assessments = [assess(census, referral, facility) for facility in census.snapshot.facilities]
        builder.add(referral, assessments)
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

    def add(self, referral: Referral, assessments: Iterable[Assessment]) -> None:
        """Add a minor with every pair that is an option tonight."""
        at = len(self.minors)
        self.minors.append(referral.minor)
        self.tiers.append(referral.urgency)
        for assessment in assessments:
            if assessment.verdict == "option":
                self._add_option(at, referral, assessment)

    def _add_option(self, at: int, referral: Referral, assessment: Assessment) -> None:
        case = assessment.case
        start = case.admit_on.toordinal()
        heads = assessment.heads()
        for unit, bed, until in _best_beds(assessment):
            unit_at = self._unit(assessment, unit, bed)
            bed_end = (until or case.until).toordinal()
            for funding, end in heads:
                nights = min(end, bed_end) - start
                row = (cost(Placing(case, referral, bed, nights), self.policy), nights)
                contract = self._contract(contract_id(case, unit, bed, funding.fund.id), unit_at, funding)
                self.pairs[at, contract] = min(row, self.pairs.get((at, contract), row))

    def _unit(self, assessment: Assessment, unit: Unit, bed: Bed) -> int:
        case, key = assessment.case, _unit_key(assessment.case, unit, bed)
        found = self.units.get(key)
        if found is None:
            facility, places, beds = case.facility.id, room_tonight(case), 1
            if key == unit.id:
                beds = sum(_shared(case, other) for other in unit.beds)
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
    return case.house.free(bed, case.admit_on, "", (), case.census.tonight)


def _best_beds(assessment: Assessment) -> list[tuple[Unit, Bed, date | None]]:
    """The bed of each unit that suits, free the longest; beds for this minor alone stand by themselves."""
    case = assessment.case
    best: dict[str, tuple[tuple[int, str], tuple[Unit, Bed, date | None]]] = {}
    for unit in case.facility.units:
        if unit_outcome(case, unit, case.admit_on, gap=True) is not MET:
            continue
        for bed in unit.beds:
            if case.house.free(bed, case.admit_on, case.minor.id, case.referrals, case.census.tonight):
                until = case.house.free_until(bed, case.admit_on, case.until, case.minor.id)
                row = ((-(until or date.max).toordinal(), bed.id), (unit, bed, until))
                key = _unit_key(case, unit, bed)
                best[key] = min(row, best.get(key, row), key=lambda one: one[0])
    return [place for _, place in best.values()]
