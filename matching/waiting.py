"""Everyone who waits tonight as a network: who could take which contract, at what cost, with how many paid nights.

A contract is a payer that begins the chain at a unit of a facility. Beds that only one minor may have (held for the
referral, or her or his own) are units of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.admission import earliest, need_nights
from matching.case import Case
from matching.census import Census, House
from matching.eligibility import Assessment, assess
from matching.facts import Bed, Facility, Referral, Unit
from matching.findings import MET
from matching.masks import Masks, masks
from matching.network import Network
from matching.payer import Funding
from matching.paying import Heads, Paying, paying
from matching.rules.fit import unit_outcome
from matching.value import Policy, bed_cost, house_costs, nights_cost, worth_cost

PLENTY = 2**30
_SEPARATOR = "\x1f"
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
    minors = [census.minors[referral.minor] for referral in referrals]
    builder = Builder(census, policy, found or masks(census, minors), paying(census, minors))
    rows = builder.near(referrals.index(asked)) if asked else list(range(len(referrals)))
    for at, costs in zip(rows, builder.house_costs(referrals, rows), strict=True):
        builder.add_minor(referrals[at])
        if referrals[at].id in known:
            for assessment in known[referrals[at].id]:
                builder.add_assessed(referrals[at], assessment, costs)
        else:
            builder.add_masked(referrals[at], at, costs)
    return builder.build()


class Builder:
    """Collects minors, contracts, units and facilities as they are met.

    `open` says of which facilities the arrays hold that they and a payer may take a minor, `special` which of those
    that a payer may pay for the rule classes judge.
    """

    def __init__(self, census: Census, policy: Policy, found: Masks, payers: Paying) -> None:
        self.census = census
        self.policy = policy
        self.found = found
        self.heads = Heads(census, payers)
        exceptions = np.zeros_like(payers.pays)
        for row, places in enumerate(found.exceptions):
            exceptions[row, list(places)] = True
        self.house_of: list[int] = found.unit_facility.tolist()
        self.special = payers.pays & exceptions
        self.open = payers.pays & ~exceptions & ((found.not_met | found.unknown) == 0)
        self.minors: list[str] = []
        self.tiers: list[int] = []
        self.pairs: dict[tuple[int, int], tuple[int, int]] = {}
        self.contracts: dict[tuple[str, str], int] = {}
        self.units: dict[str, int] = {}
        self.facilities: dict[str, int] = {}
        self.contract_rows: list[tuple[int, int]] = []
        self.unit_rows: list[tuple[int, int]] = []
        self.facility_places: list[int] = []
        self.bed_costs: dict[str, int] = {}
        self.nights_costs: dict[tuple[int, int], int] = {}

    def near(self, asked: int) -> list[int]:
        """The minors who could be linked to one by houses that each of two neighbours could take."""
        could = coo_array(self.open | self.special)
        count, facilities = could.shape
        ends = (could.row, count + could.col)
        graph = coo_array((np.ones(could.nnz, np.int8), ends), shape=(count + facilities,) * 2)
        label = connected_components(graph, directed=False)[1][:count]
        return np.flatnonzero(label == label[asked]).tolist()

    def house_costs(self, referrals: Sequence[Referral], rows: Sequence[int]) -> list[dict[str, int]]:
        """What each house that could take one of these rows costs each of them, by the house's id."""
        could = np.flatnonzero((self.open | self.special)[rows].any(axis=0)).tolist()
        houses = [self.census.snapshot.facilities[at] for at in could]
        costs = house_costs(self.census, [referrals[at] for at in rows], houses, self.policy).tolist()
        return [dict(zip([house.id for house in houses], row, strict=True)) for row in costs]

    def add_minor(self, referral: Referral) -> None:
        """Begin the rows of one more minor."""
        self.minors.append(referral.minor)
        self.tiers.append(referral.urgency)

    def add_masked(self, referral: Referral, at: int, costs: Mapping[str, int]) -> None:
        """Add every pair that the arrays allow, and judge the exceptions one by one."""
        census, found, facilities = self.census, self.found, self.census.snapshot.facilities
        for exception in np.flatnonzero(self.special[at]).tolist():
            self.add_assessed(referral, assess(census, referral, facilities[exception], words=False), costs)
        minor, until = census.minors[referral.minor], census.tonight + timedelta(need_nights(census, referral))
        payers = self.heads.payers(at, minor, until)
        units = np.flatnonzero(found.unit_met[at] & self.open[at, found.unit_facility]).tolist()
        for house, own in groupby(units, key=self.house_of.__getitem__):
            heads = self.heads.of(payers, house, minor, until)
            facility = facilities[house]
            self._add_open(referral, facility, [found.units[unit] for unit in own], heads, costs[facility.id])

    def _add_open(
        self,
        referral: Referral,
        facility: Facility,
        units: Sequence[Unit],
        heads: Sequence[tuple[Funding, int]],
        cost: int,
    ) -> None:
        """Add the units of a house that suit the minor, with the beds that anybody may have."""
        house, tonight = self.census.house(facility), self.census.tonight
        until = tonight + timedelta(need_nights(self.census, referral))
        places = [(unit.id, unit, *house.best_shared_bed(unit, tonight, until)) for unit in units]
        self._add_places(referral, house, places, heads, cost)

    def add_assessed(self, referral: Referral, assessment: Assessment, costs: Mapping[str, int]) -> None:
        """Add the pairs of a facility that is an option tonight, with the beds that nobody else may have."""
        if assessment.verdict == "option":
            case = assessment.case
            self._add_places(referral, case.house, _best_beds(assessment), assessment.heads(), costs[case.facility.id])

    def _add_places(
        self,
        referral: Referral,
        house: House,
        places: Sequence[Place],
        heads: Sequence[tuple[Funding, int]],
        cost: int,
    ) -> None:
        """Add each payer that may pay the first night at each of these beds of one facility."""
        start, need, row = self.census.tonight.toordinal(), need_nights(self.census, referral), len(self.minors) - 1
        for key, unit, bed, until in places:
            bed_end = until.toordinal() if until else start + need
            unit_at = self._unit(house, unit, key, referral.minor)
            standing = cost + self._bed_cost(bed)
            for funding, end in heads:
                nights = min(end, bed_end) - start
                pair = (row, self._contract(unit_at, key, funding))
                own = standing + self._nights_cost(need, nights)
                worth = worth_cost(self.census, bed, nights, self.policy) if self.policy.by_worth else 0
                self.pairs[pair] = (own + worth, nights)

    def _bed_cost(self, bed: Bed) -> int:
        """What a bed costs whoever comes; reckoned once."""
        found = self.bed_costs.get(bed.id)
        if found is None:
            found = self.bed_costs[bed.id] = bed_cost(bed, self.census.snapshot.as_of, self.policy)
        return found

    def _nights_cost(self, need: int, nights: int) -> int:
        """What so many paid nights of a need cost whoever comes; reckoned once."""
        found = self.nights_costs.get((need, nights))
        if found is None:
            found = self.nights_costs[need, nights] = nights_cost(need, nights, self.policy)
        return found

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
        return Waiting(network, tuple(values[:, 1].tolist()))


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
            until = case.house.free_until(bed, case.admit_on, case.until, case.minor.id)
            key = _unit_key(case, unit, bed)
            row = ((-(until or date.max).toordinal(), bed.id), (key, unit, bed, until))
            best[key] = min(row, best.get(key, row), key=lambda one: one[0])
    places = {key: place for key, (_, place) in best.items()}
    if chosen.unit is not None and chosen.bed is not None:
        key = _unit_key(case, chosen.unit, chosen.bed)
        places[key] = (key, chosen.unit, chosen.bed, chosen.bed_until)
    return list(places.values())
