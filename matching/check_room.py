"""How many more people a house may take on a night, for the checker: counted from its entries and its licence."""

from collections.abc import Collection
from datetime import date

from matching.facts import Facility, Snapshot


def most(house: Facility, snapshot: Snapshot, on: date) -> int:
    """How many may be there: within the licence, tonight within the staff awake too."""
    licence = house.licence.capacity or 0
    if on > snapshot.tonight:
        return licence
    return min(licence, (house.staffing.night_ratio or 0) * (house.staffing.awake_staff_tonight or 0))


def present(house: Facility, on: date, but: Collection[str] = ()) -> int:
    """Who lives there, in occupied beds that name nobody too; the own entries of some minors aside."""
    named = {row.bed for row in house.residents if row.from_ is None or row.from_ <= on}
    unnamed = sum(bed.status == "occupied" and bed.id not in named for unit in house.units for bed in unit.beds)
    return unnamed + sum(row.present(on) and row.minor not in but for row in house.residents)


def room(house: Facility, snapshot: Snapshot, on: date) -> int:
    """How many more."""
    return max(0, most(house, snapshot, on) - present(house, on))
