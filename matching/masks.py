"""The rules for everyone who waits, as arrays: two bit masks for each minor and facility, every failing rule kept.

What the rule classes say of each combination of what they look at (`matching.house_tables`) is gathered for all pairs.
Pairs that depend on more than such a combination (siblings, conflicts, a bed held for the minor, an entry or a past
stay of her or his own) are left to the rule classes one by one: `Masks.exceptions`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.alike import distinct
from matching.census import Census
from matching.facts import Minor, Unit
from matching.house_tables import ABOUT_MINORS, BIT, Bits, HouseTables, Marks

__all__ = ["BIT", "HouseTables", "Masks", "masks"]


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


def masks(census: Census, minors: Sequence[Minor], tables: HouseTables | None = None) -> Masks:
    """Judge every rule for every minor and facility, tonight and alone.

    Parameters
    ----------
    census : Census
    minors : sequence of Minor
    tables : HouseTables, optional
        Of this census, where it has been asked before: who is like somebody judged then is not judged anew.

    Returns
    -------
    Masks
        Equal, bit for bit, to what the rule classes say of each pair that is not an exception.

    Raises
    ------
    ValueError
        Where the tables are of another census.
    """
    tables = HouseTables(census) if tables is None else tables
    if tables.census is not census:
        raise ValueError("the tables are of another census")
    shape = len(minors), len(tables.houses)
    not_met, unknown = np.zeros(shape, np.uint32), np.zeros(shape, np.uint32)
    unit_met = np.zeros((len(minors), len(tables.units)), np.bool_)
    if minors and tables.houses:
        house = tables.alone(minors[0])
        not_met |= house.not_met
        unknown |= house.unknown
        for rule in ABOUT_MINORS:
            first, at = distinct([tables.seen(rule, minor) for minor in minors])
            _mark(not_met, unknown, [tables.of(rule, minors[row], tables.seen(rule, minors[row])) for row in first], at)
        first, at = distinct([tables.seen_by_units(minor) for minor in minors])
        fits = [tables.fit(minors[row], tables.seen_by_units(minors[row])) for row in first]
        _mark(not_met, unknown, [marks for _, marks in fits], at)
        unit_met = np.stack([met for met, _ in fits])[at]
    return Masks(
        not_met,
        unknown,
        tables.units,
        tables.unit_facility,
        unit_met,
        tuple([frozenset(_exceptions(census, minor, tables)) for minor in minors]),
        tuple([minor.id for minor in minors]),
    )


def _mark(not_met: Bits, unknown: Bits, marks: Sequence[Marks], at: NDArray[np.int64]) -> None:
    """Set the bits of each minor by those of her or his kind."""
    for mask, kinds in zip((not_met, unknown), zip(*marks, strict=True), strict=True):
        bits = np.stack(kinds)
        if bits.any():
            mask |= bits[at]


def _exceptions(census: Census, minor: Minor, tables: HouseTables) -> Iterable[int]:
    """Facilities where more decides than what the keys hold, as places in the order of the snapshot."""
    if any(sibling in census.minors for sibling in minor.together_with):
        return tables.place.values()
    stayed = (stay.facility for stay in census.stays_of.get(minor.id, ()))
    unlike = {*minor.avoid.facilities, *minor.wishes.refuse, *stayed}
    for person in (minor.id, *census.avoided_by(minor)):
        unlike.update(census.houses_of.get(person, ()))
    for referral in census.referral_ids(minor):
        unlike.update(tables.held.get(referral, ()))
    return (tables.place[facility] for facility in unlike if facility in tables.place)
