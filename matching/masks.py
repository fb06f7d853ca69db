"""The rules for everyone who waits, as arrays: two bit masks for each minor and facility, every failing rule kept.

Each rule is judged by its own class on one pair for each combination of what it looks at; the answers are then
gathered for all pairs. Pairs that depend on more than such a combination (siblings, conflicts, a bed held for the
minor, an entry or a past stay of her or his own) are left to the rule classes one by one: `Masks.exceptions`.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter

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


@dataclass(frozen=True, eq=False)
class Masks:
    """Which rules of the facility, the minor and the States do not hold tonight.

    Attributes
    ----------
    not_met, unknown : uint32[minors, facilities]
        Bit `BIT[code]` is set where that rule is not met, or unknown, for a minor who comes alone tonight.
    units : tuple of Unit
        Units with a bed that is free tonight for anybody.
    unit_facility : int64[units]
        The facility of each, as an index.
    unit_met : bool[minors, units]
        Whether the unit suits the minor.
    exceptions : tuple of sets of int, one for each minor
        Facilities for which the arrays say nothing about this minor.
    minors : tuple of str
        Ids, in the order of the rows.
    """

    not_met: Bits
    unknown: Bits
    units: tuple[Unit, ...]
    unit_facility: NDArray[np.int64]
    unit_met: NDArray[np.bool_]
    exceptions: tuple[frozenset[int], ...]
    minors: tuple[str, ...]

    def codes(self, minor: str) -> list[tuple[Sequence[str], Sequence[str]] | None]:
        """The codes not met and unknown for a minor at each facility; None where the arrays say nothing."""
        at = self.minors.index(minor)
        named: dict[int, tuple[str, ...]] = {}
        rows: list[list[tuple[str, ...]]] = []
        for bits in (self.not_met[at].tolist(), self.unknown[at].tolist()):
            named |= {one: _named(one) for one in {*bits} - named.keys()}
            rows.append([named[one] for one in bits])
        without = self.exceptions[at]
        return [None if place in without else both for place, both in enumerate(zip(*rows, strict=True))]


def _named(bits: int) -> tuple[str, ...]:
    return tuple(code for code, bit in BIT.items() if bits & int(bit))


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

_OF_THE_FACILITY = [
    rule
    for rule in FACILITY_RULES
    if rule.code not in {*_BY_KEYS, *(row.code for row in _BY_RECORD), "unit.fit", "minor.refuses", "minor.together"}
]


def masks(census: Census, minors: Sequence[Minor]) -> Masks:
    """Judge every rule for every minor and facility, tonight and alone.

    Parameters
    ----------
    census : Census
    minors : sequence of Minor

    Returns
    -------
    Masks
        Equal, bit for bit, to what the rule classes say of each pair that is not an exception.
    """
    found = _Bits(len(minors), len(census.snapshot.facilities))
    houses = [census.house(facility) for facility in census.snapshot.facilities]
    if minors and houses:
        _judge_houses(census, houses, _stranger(minors[0]), found)
        for rule in FACILITY_RULES:
            if rule.code in _BY_KEYS:
                _judge_by_keys(census, houses, minors, rule, found)
    units, unit_facility, outcomes = _units(census, houses, minors)
    found.mark("unit.fit", _best_unit(outcomes, unit_facility, len(houses)))
    held = _held(houses)
    place = {house.facility.id: at for at, house in enumerate(houses)}
    exceptions = tuple(frozenset(_exceptions(census, minor, place, held)) for minor in minors)
    names = tuple(minor.id for minor in minors)
    return Masks(found.not_met, found.unknown, units, unit_facility, outcomes == CODE[MET], exceptions, names)


class _Bits:
    """The two masks while rule after rule is marked in them."""

    def __init__(self, minors: int, facilities: int) -> None:
        self.not_met = np.zeros((minors, facilities), np.uint32)
        self.unknown = np.zeros_like(self.not_met)

    def mark(self, code: str, table: Codes, *at: NDArray[np.int64]) -> None:
        """Set a rule's bit where a table, or the cells of it that `at` picks, says not met or unknown."""
        for mask, outcome in ((self.not_met, CODE[NOT_MET]), (self.unknown, CODE[UNKNOWN])):
            bits = np.where(table == outcome, BIT[code], np.uint32(0))
            if bits.any():
                mask |= bits[np.ix_(*at)] if at else bits


def _judge_houses(census: Census, houses: Sequence[House], anybody: Minor, found: _Bits) -> None:
    """The rules that look at the house alone; those about its record once for each that says the same tonight."""
    cases = [alone(census, anybody, house.facility) for house in houses]
    first, house_at = distinct([_record(house, census.tonight) for house in houses])
    for rule in _BY_RECORD:
        found.mark(rule.code, _codes([rule.judge(cases[at]) for at in first])[house_at][None, :])
    for rule in _OF_THE_FACILITY:
        found.mark(rule.code, _codes([rule.judge(case) for case in cases])[None, :])


def _record(house: House, on: date) -> Hashable:
    return tuple([evidence.on(on) for evidence in _EVIDENCE(house.facility.safeguards)])


def _judge_by_keys(census: Census, houses: Sequence[House], minors: Sequence[Minor], rule: Rule, found: _Bits) -> None:
    """A rule about the minor: one pair is judged for each combination of what it looks at."""
    keys, night = _BY_KEYS[rule.code], census.tonight
    if not any(keys.minds(minor) for minor in minors):
        return
    columns, house_at = distinct([keys.of_house(house, night) for house in houses])
    rows, minor_at = distinct([keys.of_minor(census, minor, night) for minor in minors])
    named = rule.code == "custody.interstate"
    people = [minors[row] if named else _stranger(minors[row]) for row in rows]
    table = [
        rule.judge(alone(census, minor, houses[column].facility)) if keys.minds(minors[row]) else MET
        for row, minor in zip(rows, people, strict=True)
        for column in columns
    ]
    found.mark(rule.code, _codes(table).reshape(len(rows), -1), minor_at, house_at)


def _stranger(minor: Minor) -> Minor:
    """The same facts about somebody whom no row names; interstate approvals alone go by the id."""
    wary = bool(minor.avoid.minors)
    avoid = replace(minor.avoid, minors=("\x00",) if wary else (), facilities=())
    return replace(minor, id="\x00wary" if wary else "\x00", avoid=avoid)


def _codes(outcomes: Sequence[Outcome]) -> Codes:
    return np.array([CODE[outcome] for outcome in outcomes], np.int8)


def _best_unit(outcomes: Codes, unit_facility: NDArray[np.int64], facilities: int) -> Codes:
    """How the best unit of each facility suits each minor; not met where no unit has a bed."""
    best = np.full((len(outcomes), facilities), CODE[NOT_MET], np.int8)
    if len(unit_facility):
        first = np.flatnonzero(np.diff(unit_facility, prepend=-1))
        best[:, unit_facility[first]] = np.minimum.reduceat(outcomes, first, axis=1)
    return best


def _units(
    census: Census, houses: Sequence[House], minors: Sequence[Minor]
) -> tuple[tuple[Unit, ...], NDArray[np.int64], Codes]:
    """The units with a bed free for anybody, the facility of each, and how each suits each minor."""
    night = census.tonight
    units: list[Unit] = []
    places: list[int] = []
    keys: list[Hashable] = []
    for at, house in enumerate(houses):
        for unit in house.facility.units:
            if house.shared_beds(unit, night):
                units.append(unit)
                places.append(at)
                keys.append((unit.genders, unit.min_age, unit.max_age, _neighbours(house, unit, night)))
    columns, unit_at = distinct(keys)
    rows, minor_at = distinct([(minor.gender, age_seen(minor, night)) for minor in minors])
    table = [
        # Whoever stands for others of the same age may live in the house: her or his own row would be passed over.
        unit_outcome(alone(census, who, houses[places[column]].facility), units[column], night, gap=True)
        for who in [_stranger(minors[row]) for row in rows]
        for column in columns
    ]
    return (
        tuple(units),
        np.array(places, np.int64),
        _codes(table).reshape(len(rows), len(columns))[np.ix_(minor_at, unit_at)],
    )


def _neighbours(house: House, unit: Unit, on: date) -> Hashable:
    """What an age gap looks at: the ages of those who sleep in the unit."""
    if unit.max_age_gap_years is None:
        return None
    beds = house.unit_beds[unit.id]
    return unit.max_age_gap_years, frozenset(row.age for row in house.others(on, "") if row.bed in beds)


def _held(houses: Sequence[House]) -> dict[str, list[str]]:
    """The facilities that hold a bed for each referral."""
    held: dict[str, list[str]] = {}
    for house in houses:
        for referral in house.held_for:
            held.setdefault(referral, []).append(house.facility.id)
    return held


def _exceptions(
    census: Census, minor: Minor, place: Mapping[str, int], held: Mapping[str, Sequence[str]]
) -> Iterable[int]:
    """Facilities where more decides than what the keys hold, as places in the order of the snapshot."""
    if any(sibling in census.minors for sibling in minor.together_with):
        return place.values()
    stayed = (stay.facility for stay in census.stays_of.get(minor.id, ()))
    unlike = {*minor.avoid.facilities, *minor.wishes.refuse, *stayed}
    for person in (minor.id, *census.avoided_by(minor)):
        unlike.update(census.houses_of.get(person, ()))
    for referral in census.referral_ids(minor):
        unlike.update(held.get(referral, ()))
    return (place[facility] for facility in unlike if facility in place)
