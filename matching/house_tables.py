"""What the houses of a snapshot say of the rules tonight: judged once for each kind of minor, whoever asks.

Each rule is judged by its own class on one pair for each combination of what it looks at, of a house and of a minor;
the answers are kept. A second asker who is like the first in what a rule looks at costs no judging.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.alike import age_seen, alone, distinct
from matching.census import Census, House
from matching.facts import Evidence, Minor, Safeguards, Unit
from matching.findings import MET, NOT_MET, UNKNOWN, Outcome
from matching.rules import FACILITY_RULES, safeguards
from matching.rules.base import Rule
from matching.rules.custody import EMERGENCY
from matching.rules.fit import unit_outcome

Bits = NDArray[np.uint32]
Codes = NDArray[np.int8]

CODE = {MET: 0, UNKNOWN: 1, NOT_MET: 2}
"""The less the better: the best of several is their least."""
_EVIDENCE: Callable[[Safeguards], tuple[Evidence[object], ...]] = attrgetter(*Safeguards.__slots__)
BIT = {rule.code: np.uint32(1 << at) for at, rule in enumerate(FACILITY_RULES)}


@dataclass(frozen=True, slots=True)
class _Keys:
    """What a rule looks at, of a house and of a minor, on a night."""

    of_house: Callable[[House, date], Hashable]
    of_minor: Callable[[Census, Minor, date], Hashable]
    minds: Callable[[Minor], bool] = lambda minor: True
    """False of a minor for whom the rule is met in every house."""


def _people(house: House, on: date) -> Hashable:
    statuses = frozenset({row.trafficking for row in house.others(on, "")})
    return house.facility.population, statuses, house.unlisted(on) > 0


def _approved(census: Census, minor: Minor) -> frozenset[tuple[str, str, str]]:
    return frozenset(row for row in census.approvals if row[0] == minor.id) if census.approvals else frozenset()


_BY_KEYS = {
    "safeguard.population": _Keys(_people, lambda _, minor, on: minor.trafficking),
    "safeguard.conflict": _Keys(
        lambda house, on: (house.unlisted(on) > 0, None in {row.minor for row in house.others(on, "")}),
        lambda _, minor, on: bool(minor.avoid.minors),
        lambda minor: bool(minor.avoid.minors),
    ),
    "safeguard.territory": _Keys(
        lambda house, on: (house.facility.county, house.facility.point),
        lambda _, minor, on: (minor.avoid.counties, minor.avoid.circles),
        lambda minor: bool(minor.avoid.counties or minor.avoid.circles),
    ),
    "licence.age": _Keys(
        lambda house, on: (house.facility.licence.min_age, house.facility.licence.max_age),
        lambda _, minor, on: age_seen(minor, on),
    ),
    "licence.gender": _Keys(lambda house, on: house.facility.licence.genders, lambda _, minor, on: minor.gender),
    "licence.infants": _Keys(
        lambda house, on: house.facility.licence.infants, lambda _, minor, on: minor.needs.infants
    ),
    "facility.declines": _Keys(lambda house, on: house.facility.declines, lambda _, minor, on: minor.needs.conditions),
    "facility.admits": _Keys(lambda house, on: house.facility.admits, lambda _, minor, on: minor.trafficking),
    "facility.services": _Keys(
        lambda house, on: house.facility.services, lambda _, minor, on: minor.needs.services_required
    ),
    "custody.interstate": _Keys(
        lambda house, on: (house.facility.state, house.facility.kind in EMERGENCY),
        lambda census, minor, on: (
            minor.custody,
            minor.residence.state,
            minor.residence.none,
            minor.found.state,
            minor.jurisdiction.state,
            _approved(census, minor),
        ),
    ),
}
"""The rules about the minor; refusing and being together are met but for the exceptions, `unit.fit` goes by units."""

_BY_RECORD: list[Rule] = [
    rule
    for rule in FACILITY_RULES
    if isinstance(rule, (safeguards.Egress, safeguards.Held, safeguards.OutsideContact, safeguards.Remote))
]
"""The rules about what is on record of the safeguards, and nothing else."""

ABOUT_MINORS = [rule for rule in FACILITY_RULES if rule.code in _BY_KEYS]
"""The rules that look at the house and at the minor."""

_OF_THE_FACILITY = [
    rule
    for rule in FACILITY_RULES
    if rule.code not in {*_BY_KEYS, *(row.code for row in _BY_RECORD), "unit.fit", "minor.refuses", "minor.together"}
]


class Marks(NamedTuple):
    """Where rules are not met, and where they are unknown: uint32[facilities] each, by `BIT`."""

    not_met: Bits
    unknown: Bits


class HouseTables:
    """The houses of a snapshot tonight, for any number of askers.

    Built once from a census; what is judged for one asker is kept for all who are alike in what a rule looks at. It
    holds no fact of its own: two tables of one census say the same.

    Parameters
    ----------
    census : Census

    Attributes
    ----------
    houses : tuple of House
        In the order of the snapshot.
    units : tuple of Unit
        Units with a bed that is free tonight for anybody.
    unit_facility : int64[units]
        The facility of each, as an index.
    held : dict
        The facilities that hold a bed for each referral.
    """

    def __init__(self, census: Census) -> None:
        self.census = census
        self.houses = tuple([census.house(facility) for facility in census.snapshot.facilities])
        self.held = _held(self.houses)
        self.place = {house.facility.id: at for at, house in enumerate(self.houses)}
        rows = [
            (unit, at, (unit.genders, unit.min_age, unit.max_age, _neighbours(census, house, unit, census.tonight)))
            for at, house in enumerate(self.houses)
            for unit in house.facility.units
            if house.shared_beds(unit, census.tonight)
        ]
        self.units: tuple[Unit, ...] = tuple([unit for unit, _, _ in rows])
        self.unit_facility = np.array([at for _, at, _ in rows], np.int64)
        self._unit_first, self._unit_at = distinct([key for _, _, key in rows])
        self._columns: dict[str, tuple[list[int], NDArray[np.int64]]] = {}
        self._marks: dict[tuple[str, Hashable], Marks] = {}
        self._units: dict[Hashable, tuple[NDArray[np.bool_], Marks]] = {}

    def alone(self, anybody: Minor) -> Marks:
        """The rules that look at the house alone; whoever asks is the same to them."""
        found = self._marks.get(("", None))
        if found is None:
            found = self._marks["", None] = self._judge_houses(_stranger(anybody))
        return found

    def of(self, rule: Rule, minor: Minor, seen: Hashable) -> Marks:
        """One of `ABOUT_MINORS` for a minor of whom it sees this: see `seen`."""
        found = self._marks.get((rule.code, seen))
        if found is None:
            found = self._marks[rule.code, seen] = self._judge(rule, minor)
        return found

    def seen(self, rule: Rule, minor: Minor) -> Hashable:
        """All that one of `ABOUT_MINORS` looks at of a minor tonight."""
        return _BY_KEYS[rule.code].of_minor(self.census, minor, self.census.tonight)

    def fit(self, minor: Minor, seen: Hashable) -> tuple[NDArray[np.bool_], Marks]:
        """Which units suit a minor of whom they see this (`seen_by_units`), and where none does."""
        found = self._units.get(seen)
        if found is None:
            found = self._units[seen] = self._judge_units(_stranger(minor))
        return found

    def seen_by_units(self, minor: Minor) -> Hashable:
        """All that a unit looks at of a minor tonight."""
        return minor.gender, age_seen(minor, self.census.tonight)

    def _judge_houses(self, anybody: Minor) -> Marks:
        """Those about its record once for each house that says the same tonight."""
        cases = [alone(self.census, anybody, house.facility) for house in self.houses]
        first, house_at = distinct([_record(house, self.census.tonight) for house in self.houses])
        marks = [_marks(rule.code, _codes([rule.judge(cases[at]) for at in first])[house_at]) for rule in _BY_RECORD]
        marks += [_marks(rule.code, _codes([rule.judge(case) for case in cases])) for rule in _OF_THE_FACILITY]
        return Marks(*(np.bitwise_or.reduce(bits) for bits in zip(*marks, strict=True)))

    def _judge(self, rule: Rule, minor: Minor) -> Marks:
        """One pair is judged for each combination of what the rule looks at."""
        keys, night = _BY_KEYS[rule.code], self.census.tonight
        if not keys.minds(minor):
            return _marks(rule.code, np.zeros(len(self.houses), np.int8))
        if rule.code not in self._columns:
            self._columns[rule.code] = distinct([keys.of_house(house, night) for house in self.houses])
        columns, house_at = self._columns[rule.code]
        who = minor if rule.code == "custody.interstate" else _stranger(minor)
        outcomes = [rule.judge(alone(self.census, who, self.houses[at].facility)) for at in columns]
        return _marks(rule.code, _codes(outcomes)[house_at])

    def _judge_units(self, who: Minor) -> tuple[NDArray[np.bool_], Marks]:
        # Whoever stands for others of the same age may live in the house: her or his own row would be passed over.
        places, night = self.unit_facility.tolist(), self.census.tonight
        cases = [(alone(self.census, who, self.houses[places[at]].facility), self.units[at]) for at in self._unit_first]
        outcomes = _codes([unit_outcome(case, unit, night, gap=True) for case, unit in cases])[self._unit_at]
        best = np.full(len(self.houses), CODE[NOT_MET], np.int8)
        np.minimum.at(best, self.unit_facility, outcomes)
        return outcomes == CODE[MET], _marks("unit.fit", best)


def _marks(code: str, outcomes: Codes) -> Marks:
    none = np.uint32(0)
    return Marks(*(np.where(outcomes == CODE[one], BIT[code], none) for one in (NOT_MET, UNKNOWN)))


def _record(house: House, on: date) -> Hashable:
    return tuple([evidence.on(on) for evidence in _EVIDENCE(house.facility.safeguards)])


def _stranger(minor: Minor) -> Minor:
    """The same facts about somebody whom no row names; interstate approvals alone go by the id."""
    wary = bool(minor.avoid.minors)
    avoid = replace(minor.avoid, minors=("\x00",) if wary else (), facilities=())
    return replace(minor, id="\x00wary" if wary else "\x00", avoid=avoid)


def _codes(outcomes: Sequence[Outcome]) -> Codes:
    return np.array([CODE[outcome] for outcome in outcomes], np.int8)


def _neighbours(census: Census, house: House, unit: Unit, on: date) -> Hashable:
    """What a unit looks at of those who sleep there: their ages for its gap, what they state where it is one gender."""
    if not unit.looks_at_others:
        return None
    beds = house.unit_beds[unit.id]
    rows = [row for row in house.others(on, "") if row.bed in beds]
    ages = unit.max_age_gap_years is not None and frozenset(row.age for row in rows)
    genders = bool(unit.one_gender_a_night) and (
        house.unlisted_in(unit, on),
        frozenset(map(census.gender_of, rows)),
    )
    return unit.max_age_gap_years, ages, genders


def _held(houses: Sequence[House]) -> dict[str, list[str]]:
    """The facilities that hold a bed for each referral."""
    held: dict[str, list[str]] = {}
    for house in houses:
        for referral in house.held_for:
            held.setdefault(referral, []).append(house.facility.id)
    return held
