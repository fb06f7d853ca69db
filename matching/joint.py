"""Everybody's ways as a network with conditions: what the joint plan is solved on."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from matching import groups
from matching.bands import same_gender, years_between
from matching.census import Census
from matching.facts import Payer, Unit
from matching.findings import MET
from matching.groups import Row, Sides
from matching.money import Purse, Taken, least_beds
from matching.network import Network
from matching.stands import SEPARATOR, Stand, Stands
from matching.value import Policy
from matching.waiting import PLENTY

Name = tuple[str, ...]
"""What a condition is about (together, apart, unit, fund.beds, fund.nights), then the ids it names."""


class Way(NamedTuple):
    """One minor at one group of beds with one sequence of payers; `nights` are paid while the bed is free."""

    stand: Stand
    payers: tuple[Payer, ...]
    nights: int
    cost: int


@dataclass(frozen=True, eq=False)
class Joint:
    """Who waits tonight, every way for each, and what ways together must keep.

    Attributes
    ----------
    ways : tuple of Way
        One for each pair of the network, in its order.
    rows : tuple of tuples
        What each condition is about: as `Name` says.
    together, apart : tuple of (minor, minor)
        Who asks to be with whom, and who must be kept from whom, of those who wait.
    """

    stands: Stands
    purse: Purse
    ways: tuple[Way, ...]
    network: Network
    sides: Sides
    rows: tuple[Name, ...]
    together: tuple[tuple[str, str], ...]
    apart: tuple[tuple[str, str], ...]


def joint(census: Census, policy: Policy) -> Joint:
    """Put together everyone who waits tonight.

    Parameters
    ----------
    census : Census
    policy : Policy
        What a way costs.

    Returns
    -------
    Joint
        With rows in an order that only ids decide.
    """
    stands = Stands(census, policy)
    purse = Purse(census, stands.stands, stands.places)
    ways: list[Way] = []
    names: list[tuple[str, str]] = []
    for stand in stands.stands:
        for payers in purse.ways(stand):
            nights = (payers[-1].until or stand.case.until).toordinal() - purse.tonight
            ways.append(Way(stand, payers, nights, stand.standing + stands.nights_cost(stand, nights)))
            names.append((stand.group, SEPARATOR.join((stand.group, payers[0].fund, str(nights)))))
    network = _network(stands, ways, names)
    conditions = _Conditions(census, stands, purse, ways, network)
    rows = list(conditions.rows())
    sides = groups.sides(network, [row for _, row in rows])
    together, apart = (
        tuple((network.minors[one], network.minors[other]) for one, other in pairs)
        for pairs in (conditions.together, conditions.apart)
    )
    return Joint(stands, purse, tuple(ways), network, sides, tuple(name for name, _ in rows), together, apart)


def _network(stands: Stands, ways: Sequence[Way], names: Sequence[tuple[str, str]]) -> Network:
    """A contract for each sequence at each group of beds; what payers share is a matter of conditions."""
    unit_at = {group: at for at, group in enumerate(dict.fromkeys(group for group, _ in names))}
    house_at = {house: at for at, house in enumerate(dict.fromkeys(stands.house[group] for group in unit_at))}
    contract_at: dict[str, int] = {}
    contract_unit: list[int] = []
    for group, contract in names:
        if contract not in contract_at:
            contract_at[contract] = len(contract_unit)
            contract_unit.append(unit_at[group])
    return Network(
        minors=tuple(stands.minors),
        tier=np.array(stands.tiers, np.int64),
        pair_minor=np.array([way.stand.minor for way in ways], np.int64),
        pair_contract=np.array([contract_at[contract] for _, contract in names], np.int64),
        pair_cost=np.array([way.cost for way in ways], np.int64),
        contracts=tuple(contract_at),
        contract_unit=np.array(contract_unit, np.int64),
        unit_facility=np.array([house_at[stands.house[group]] for group in unit_at], np.int64),
        contract_places=np.full(len(contract_at), PLENTY),
        unit_beds=np.array([len(stands.beds[group]) for group in unit_at], np.int64),
        facility_places=np.array([stands.room[house] for house in house_at], np.int64),
    )


class _Conditions:
    """What ways together must keep, beside beds and room."""

    def __init__(self, census: Census, stands: Stands, purse: Purse, ways: Sequence[Way], network: Network) -> None:
        self.census, self.stands, self.purse, self.ways, self.network = census, stands, purse, ways, network
        self.minors = [census.minors[minor] for minor in network.minors]
        at = {facility.id: place for place, facility in enumerate(census.snapshot.facilities)}
        self.house = np.array([at[way.stand.case.facility.id] for way in ways], np.int64)

        place = {minor.id: row for row, minor in enumerate(self.minors)}
        self.together = [
            (row, place[sibling.id])
            for row, minor in enumerate(self.minors)
            if minor.together_with
            for sibling in census.waiting_siblings(minor, census.tonight)
            if sibling.id in place
        ]
        self.apart = [
            (row, place[other])
            for row, minor in enumerate(self.minors)
            for other in sorted(census.avoided_by(minor))
            if row < place.get(other, -1)
        ]

    def rows(self) -> Iterator[tuple[Name, Row]]:
        """Every condition, and what it is about."""
        for kind, pairs, make in (("together", self.together, groups.together), ("apart", self.apart, groups.apart)):
            for one, other in pairs:
                for row in make(self.network, one, other, self.house):
                    where = self.ways[row[0][0]].stand.case.facility.id
                    yield (kind, self.network.minors[one], self.network.minors[other], where), row
        yield from self._units()
        yield from self._money()

    def _units(self) -> Iterator[tuple[Name, Row]]:
        """Nobody comes to a unit beside somebody who comes tonight too and is too far in age or of another gender."""
        units: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for pair, way in enumerate(self.ways):
            if way.stand.unit.looks_at_others:
                units[way.stand.unit.id][way.stand.minor].append(pair)
        for by_minor in units.values():
            unit = self.ways[next(iter(by_minor.values()))[0]].stand.unit
            for minor, own in by_minor.items():
                far = [
                    pair
                    for other, pairs in by_minor.items()
                    if minor != other and not self._beside(minor, other, unit)
                    for pair in pairs
                ]
                most = min(len(unit.beds), len({self.ways[pair].stand.minor for pair in far}))
                if most:
                    pairs = np.array([*own, *far], np.int64)
                    counts = np.array([most] * len(own) + [1] * len(far), np.int64)
                    yield ("unit", self.network.minors[minor], unit.id), (pairs, counts, most)

    def _beside(self, one: int, other: int, unit: Unit) -> bool:
        """Whether two are known to suit each other in a unit."""
        left, right = self.minors[one], self.minors[other]
        if unit.one_gender_a_night and same_gender(left.gender, right.gender) is not MET:
            return False
        most, gap = unit.max_age_gap_years, years_between(left, right, self.census.tonight)
        return most is None or (gap is not None and gap <= most)

    def _money(self) -> Iterator[tuple[Name, Row]]:
        """The beds that a fund may pay each night, and the nights that each row of its limits has left."""
        taken: dict[str, list[tuple[int, Taken]]] = defaultdict(list)
        for pair, way in enumerate(self.ways):
            for row in self.purse.of(way.stand, way.payers):
                if row.fund in self.purse.short:
                    taken[row.fund].append((pair, row))
        for fund in sorted(taken):
            yield from self._beds(fund, taken[fund])
            yield from self._nights(fund, taken[fund])

    def _beds(self, fund: str, taken: Sequence[tuple[int, Taken]]) -> Iterator[tuple[Name, Row]]:
        """A condition for each night that no other night decides."""
        least = least_beds(row for _, row in taken)
        if least is None:
            return
        found: list[tuple[frozenset[int], int, int]] = []
        for night in self.purse.nights(fund, [row for _, row in taken]):
            here = frozenset(
                pair
                for pair, row in taken
                if row.start <= night < row.end and not self.purse.pays_now(self.network.minors[row.minor], fund, night)
            )
            left = self.purse.beds_left(fund, least, night)
            if not any(here <= more and left >= less for more, less, _ in found):
                found = [row for row in found if not (row[0] <= here and row[1] >= left)]
                found.append((here, left, night))
        for here, left, night in found:
            if here:
                yield ("fund.beds", fund, date.fromordinal(night).isoformat()), _row(dict.fromkeys(here, 1), left)

    def _nights(self, fund: str, taken: Sequence[tuple[int, Taken]]) -> Iterator[tuple[Name, Row]]:
        """A condition for each row of the fund's limits that has a number of nights left."""
        limits = next(row.limits for row in self.census.snapshot.funds if row.id == fund)
        for at, limit in enumerate(limits):
            if limit.nights_left is not None:
                pairs = {pair: row.end - row.start for pair, row in taken if row.row is limit}
                if pairs:
                    yield ("fund.nights", fund, str(at)), _row(pairs, limit.nights_left)


def _row(pairs: dict[int, int], most: int) -> Row:
    ordered = sorted(pairs)
    return np.array(ordered, np.int64), np.array([pairs[pair] for pair in ordered], np.int64), most
