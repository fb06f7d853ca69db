"""Everyone who waits tonight as a network: who could take which contract, at what cost, with how many paid nights.

A contract is a payer that begins the chain at a unit of a facility. Beds that only one minor may have (held for the
referral, or her or his own) are units of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.admission import earliest
from matching.alike import together
from matching.case import Case
from matching.census import Census, House
from matching.eligibility import Assessment
from matching.facts import Bed, Gender, Referral, Unit
from matching.findings import MET
from matching.masks import Masks
from matching.network import Network
from matching.open_pairs import Collector, Ints, OpenPairs, open_pairs
from matching.payer import Funding
from matching.rules.fit import unit_outcome
from matching.value import Policy, worth_cost

PLENTY = 2**30
_SEPARATOR = "\x1f"
_GENDERS: tuple[str | None, ...] = (None, *get_args(Gender))
Place = tuple[str, Unit, Bed, date | None]
"""The id that a bed's unit has here, the unit, the bed, and the first night on which it is no longer free."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The network tonight, with the paid nights of each pair."""

    network: Network
    nights: tuple[int, ...]

    def index(self, minor: str) -> int:
        """The place of a minor in the network."""
        return self.network.minors.index(minor)


def waiting_tonight(census: Census, asked: Referral | None = None) -> list[Referral]:
    """One referral for each minor whose need has begun, by minor; the asked one's, if any, is the asked referral."""
    chosen: dict[str, Referral] = {}
    for referral in sorted(census.referrals.values(), key=lambda row: (row.urgency, row.id)):
        if earliest(census, referral) == census.tonight:
            chosen.setdefault(referral.minor, referral)
    if asked is not None:
        chosen[asked.minor] = asked
    return [chosen[minor] for minor in sorted(chosen)]


def network_tonight(
    census: Census,
    referrals: Sequence[Referral],
    policy: Policy,
    known: Mapping[str, Sequence[Assessment]],
    found: Masks | None = None,
    asked: Referral | None = None,
) -> Waiting:
    """Put together who could be where tonight.

    Parameters
    ----------
    census : Census
    referrals : sequence of Referral
        One for each minor who waits.
    policy : Policy
        What a pair costs.
    known : mapping
        Assessments that stand in for arrays, by referral id.
    found : Masks, optional
        The rules as arrays for the minors of these referrals, where they have been judged.
    asked : Referral, optional
        One of them, where only those matter whom her or his placing could touch, directly or through others.
    """
    builder = Builder(census, policy, referrals, found)
    builder.add(builder.near(referrals.index(asked)) if asked else range(len(referrals)), known)
    return builder.build()


class Builder(Collector):
    """Collects minors, contracts, units and facilities as they are met."""

    def __init__(
        self, census: Census, policy: Policy, referrals: Sequence[Referral], found: Masks | None = None
    ) -> None:
        super().__init__(census, policy, referrals, found)
        genders = [_GENDERS.index(census.minors[row.minor].gender) for row in referrals]
        self.genders = np.array(genders, np.int64)
        self.of_one_gender = np.array([bool(unit.one_gender_a_night) for unit in self.found.units], np.int64)
        self.minors: list[str] = []
        self.tiers: list[int] = []
        self.pairs: dict[tuple[int, int], tuple[int, int]] = {}
        self.open_values = np.zeros((4, 0), np.int64)
        self.contracts: dict[tuple[str, str], int] = {}
        self.units: dict[str, int] = {}
        self.facilities: dict[str, int] = {}
        self.contract_rows: list[tuple[int, int]] = []
        self.unit_rows: list[tuple[int, int]] = []
        self.facility_places: list[int] = []

    def near(self, asked: int) -> list[int]:
        """The minors who could be linked to one by houses that each of two neighbours could take."""
        could = coo_array(self.open | self.special)
        count, facilities = could.shape
        ends = (could.row, count + could.col)
        graph = coo_array((np.ones(could.nnz, np.int8), ends), shape=(count + facilities,) * 2)
        label = connected_components(graph, directed=False)[1][:count]
        return np.flatnonzero(label == label[asked]).tolist()

    def add(self, rows: Sequence[int], known: Mapping[str, Sequence[Assessment]]) -> None:
        """Add these minors with every pair that may be: by assessments where they are known, else by the arrays.

        Whoever first meets a house, a unit or a contract says how many places it has, as the minor's own entry there
        takes none: so what many have in common is put down where the first of them comes.
        """
        costs = self.house_costs(rows)
        by_arrays = np.array([self.referrals[row].id not in known for row in rows], np.bool_)
        opened = open_pairs(self.found, self.open[rows] & by_arrays[:, None], self.heads, rows)
        pair, payer, end = opened.with_payers()
        _, first, contract = np.unique(opened.contract(pair, payer), return_index=True, return_inverse=True)
        numbers = np.zeros(len(first), np.int64)
        met: dict[int, list[int]] = {}
        for one in np.argsort(first).tolist():
            met.setdefault(int(opened.at[pair[first[one]]]), []).append(one)
        for at, row in enumerate(rows):
            referral = self.referrals[row]
            self.minors.append(referral.minor)
            self.tiers.append(referral.urgency)
            for assessment in self.exceptions(row) if by_arrays[at] else known[referral.id]:
                self._add_assessed(referral, assessment, costs[at])
            for one in met.get(at, ()):
                unit = self.found.units[opened.unit[pair[first[one]]]]
                house = self.census.house(self.census.snapshot.facilities[opened.house[pair[first[one]]]])
                number = self._unit(house, unit, unit.id, referral.minor)
                numbers[one] = self._contract(number, unit.id, opened.fundings[payer[first[one]]])
        cost, nights = self._value(rows, opened, costs, pair, end)
        self.open_values = np.stack([opened.at[pair], numbers[contract], cost, nights])

    def _value(
        self, rows: Sequence[int], opened: OpenPairs, costs: NDArray[np.int32], pair: Ints, end: Ints
    ) -> tuple[Ints, Ints]:
        """What pairs cost, and their paid nights, by the bed of each unit that is free the longest for each need.

        A unit of one gender a night ends the beds of each gender by itself.
        """
        start, need = self.census.tonight.toordinal(), np.array(self.needs, np.int64)[rows][opened.at]
        gender = self.genders[rows][opened.at] * self.of_one_gender[opened.unit]
        _, first, bed_at = np.unique(together([opened.unit, need, gender]), return_index=True, return_inverse=True)
        beds, ends = [], []
        for unit, house, nights, one in zip(
            *(row[first].tolist() for row in (opened.unit, opened.house, need, gender)), strict=True
        ):
            own = self.census.house(self.census.snapshot.facilities[house])
            until = self.census.tonight + timedelta(nights)
            bed, bed_until = own.best_shared_bed(self.found.units[unit], self.census.tonight, until, _GENDERS[one])
            beds.append(bed)
            ends.append((bed_until or until).toordinal())
        standing = np.array([self.bed_cost(bed) for bed in beds], np.int64)[bed_at]
        standing += costs[opened.at, opened.house]
        nights = np.minimum(end, np.array(ends, np.int64)[bed_at[pair]]) - start
        _, first, kind = np.unique(together([need[pair], nights]), return_index=True, return_inverse=True)
        paid = [self.paid_cost(*one) for one in zip(need[pair][first].tolist(), nights[first].tolist(), strict=True)]
        cost = standing[pair] + np.array(paid, np.int64)[kind]
        if self.policy.by_worth:
            _, first, kind = np.unique(together([bed_at[pair], nights]), return_index=True, return_inverse=True)
            worth = [
                worth_cost(self.census, beds[at], paid, self.policy)
                for at, paid in zip(bed_at[pair][first].tolist(), nights[first].tolist(), strict=True)
            ]
            cost += np.array(worth, np.int64)[kind]
        return cost, nights

    def _add_assessed(self, referral: Referral, assessment: Assessment, costs: NDArray[np.int32]) -> None:
        """Add the pairs of a facility that is an option tonight, with the beds that nobody else may have."""
        if assessment.verdict != "option":
            return
        case, start, row = assessment.case, self.census.tonight.toordinal(), len(self.minors) - 1
        need, cost = (case.until - case.admit_on).days, int(costs[self.place[case.facility.id]])
        for key, unit, bed, until in _best_beds(assessment):
            bed_end = (until or case.until).toordinal()
            unit_at = self._unit(case.house, unit, key, referral.minor)
            for funding, end in assessment.heads():
                nights = min(end, bed_end) - start
                own = cost + self.bed_cost(bed) + self.paid_cost(need, nights)
                worth = worth_cost(self.census, bed, nights, self.policy)
                self.pairs[row, self._contract(unit_at, key, funding)] = (own + worth, nights)

    def _unit(self, house: House, unit: Unit, key: str, minor: str) -> int:
        found = self.units.get(key)
        if found is None:
            tonight = self.census.tonight
            facility, places, beds = house.facility.id, room_tonight(house, minor), 1
            if key == unit.id:
                beds = len(house.shared_beds(unit, tonight))
            elif house.has_own(tonight, minor):
                facility, places = key, 1
            if facility not in self.facilities:
                self.facilities[facility] = len(self.facility_places)
                self.facility_places.append(places)
            found = self.units[key] = len(self.unit_rows)
            self.unit_rows.append((self.facilities[facility], beds))
        return found

    def _contract(self, unit: int, key: str, funding: Funding) -> int:
        name = (key, funding.fund.id)
        found = self.contracts.get(name)
        if found is None:
            places = funding.free_places(self.census.tonight)
            found = self.contracts[name] = len(self.contract_rows)
            self.contract_rows.append((unit, PLENTY if places is None else places))
        return found

    def build(self) -> Waiting:
        """Hand over the arrays."""
        contracts = tuple(map(_SEPARATOR.join, self.contracts))
        special = np.array([(*pair, *values) for pair, values in self.pairs.items()], np.int64).reshape(-1, 4).T
        minor, held, cost, nights = np.concatenate([special, self.open_values], axis=1)
        contract = np.array(self.contract_rows, np.int64).reshape(-1, 2)
        unit = np.array(self.unit_rows, np.int64).reshape(-1, 2)
        network = Network(
            minors=tuple(self.minors),
            tier=np.array(self.tiers, np.int64),
            pair_minor=minor,
            pair_contract=held,
            pair_cost=cost,
            contracts=contracts,
            contract_unit=contract[:, 0],
            unit_facility=unit[:, 0],
            contract_places=contract[:, 1],
            unit_beds=unit[:, 1],
            facility_places=np.array(self.facility_places, np.int64),
        )
        return Waiting(network, tuple(nights.tolist()))


def contract_id(case: Case, unit: Unit, bed: Bed, fund: str) -> str:
    """The contract of a bed: shared by the beds of its unit, unless nobody else may have this bed."""
    return _SEPARATOR.join((_unit_key(case, unit, bed), fund))


def room_tonight(house: House, minor: str) -> int:
    """Places that licence and staff awake still allow tonight, whoever comes, beside everybody but one minor."""
    present = len(house.others(house.tonight, minor)) + house.unlisted(house.tonight)
    facility = house.facility
    limits, staffing = [facility.licence.capacity], facility.staffing
    if staffing.night_ratio is not None and staffing.awake_staff_tonight is not None:
        limits.append(staffing.night_ratio * staffing.awake_staff_tonight)
    return max(0, min(limit for limit in limits if limit is not None) - present)


def _unit_key(case: Case, unit: Unit, bed: Bed) -> str:
    shared = case.house.free(bed, case.admit_on, "", ())
    return unit.id if shared else _SEPARATOR.join((unit.id, bed.id))


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
            until = case.bed_until(unit, bed)
            key = _unit_key(case, unit, bed)
            row = ((-(until or date.max).toordinal(), bed.id), (key, unit, bed, until))
            best[key] = min(row, best.get(key, row), key=lambda one: one[0])
    places = {key: place for key, (_, place) in best.items()}
    if chosen.unit is not None and chosen.bed is not None:
        key = _unit_key(case, chosen.unit, chosen.bed)
        places[key] = (key, chosen.unit, chosen.bed, chosen.bed_until)
    return list(places.values())
