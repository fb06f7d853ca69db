"""What there is room for, night by night, for everybody's chains of stays: beds, houses within their licence, money.

Beds of a unit that stay free once they are free count together: whoever comes finds one, and keeps it. Any other bed
stands alone, and so does one that is held for somebody or has an entry of somebody who waits.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from matching.census import Census, House
from matching.facts import Bed, Facility, Fund, Limit, Unit
from matching.network import Ints
from matching.nights import PLENTY, Places
from matching.waiting import room_tonight

Key = tuple[str, ...]
"""What a place is (beds, bed, house, unit, fund.beds, fund.nights, tier), then the ids that name it."""

NOBODY = ""


class Grounds:
    """The places of a snapshot from tonight on, each with a number; made as they are asked for.

    Attributes
    ----------
    keys : list of Key
        What each place is.
    """

    def __init__(self, census: Census, nights: int) -> None:
        self.census = census
        self.tonight = census.tonight.toordinal()
        self.nights = nights
        self.keys: list[Key] = []
        self._at: dict[Key, int] = {}
        self._room: list[Ints] = []
        self._total: list[int] = []
        self._waits = {row.minor for row in census.snapshot.referrals}
        self._units: dict[str, dict[str, int]] = {}

    def places(self) -> Places:
        """All of them as arrays."""
        count = len(self.keys)
        room = np.array(self._room, np.int64).reshape(count, self.nights)
        return Places(room, np.array(self._total, np.int64), np.zeros(count, np.int64))

    def add(self, key: Key, room: Ints, total: int = PLENTY) -> int:
        """The number of a place; one that is there already stays as it is."""
        if key not in self._at:
            self._at[key] = len(self.keys)
            self.keys.append(key)
            self._room.append(room)
            self._total.append(total)
        return self._at[key]

    def bed(self, facility: Facility, unit: Unit, bed: Bed) -> int:
        """The place of a bed: with others of its unit, or its own."""
        if unit.id not in self._units:
            self._units[unit.id] = dict(self._beds_of(self.census.house(facility), unit))
        return self._units[unit.id][bed.id]

    def beds(self, unit: str, place: int) -> list[str]:
        """The beds of a unit that count together as one place, by id."""
        return sorted(bed for bed, own in self._units[unit].items() if own == place)

    def names(self) -> list[Key]:
        """What each place is with the ids that name it, the beds that count together one by one."""
        beds = {place: (unit, place) for unit, own in self._units.items() for place in own.values()}
        return [("beds", *self.beds(*beds[at])) if at in beds else key for at, key in enumerate(self.keys)]

    def _beds_of(self, house: House, unit: Unit) -> Iterator[tuple[str, int]]:
        together = np.zeros(self.nights, np.int64)
        steady: list[str] = []
        for bed in sorted(unit.beds, key=lambda row: row.id):
            named = bed.held_for is not None or any(row.minor in self._waits for row in house.by_bed.get(bed.id, ()))
            free = np.ones(self.nights, np.int64) if named else self._free(house, bed)
            if named or np.any(np.diff(free) < 0):
                yield bed.id, self.add(("bed", bed.id), free)
            else:
                together += free
                steady.append(bed.id)
        if steady:
            place = self.add(("beds", unit.id), together)
            yield from ((bed, place) for bed in steady)

    def _free(self, house: House, bed: Bed) -> Ints:
        """The nights on which a bed is free for anybody."""
        found = np.zeros(self.nights, np.int64)
        changes = self._changes(house)
        for at, end in pairwise([*changes, self.nights]):
            found[at:end] = house.free(bed, date.fromordinal(self.tonight + at), NOBODY, ())
        return found

    def _changes(self, house: House) -> list[int]:
        """The nights on which anybody comes or goes or a bed opens or closes; the first two always."""
        dates = {day.toordinal() - self.tonight for day in house.dates} | {0, 1}
        return sorted(night for night in dates if 0 <= night < self.nights)

    def house(self, facility: Facility) -> int:
        """How many more a house may take each night within its licence; tonight within the staff awake too."""
        key = ("house", facility.id)
        if key not in self._at:
            house, room = self.census.house(facility), np.zeros(self.nights, np.int64)
            changes = self._changes(house)
            for at, end in pairwise([*changes, self.nights]):
                on = self.census.tonight + timedelta(days=at)
                there = len(house.others(on, NOBODY)) + house.unlisted(on)
                room[at:end] = max(0, (facility.licence.capacity or 0) - there)
            room[0] = min(room[0], room_tonight(house, NOBODY))
            self.add(key, room)
        return self._at[key]

    def gap(self, facility: Facility, unit: str) -> list[int]:
        """A unit with an age gap or of one gender, where room is no matter: who is there with whom is."""
        found = next(row for row in facility.units if row.id == unit)
        return [self.add(("unit", unit), self.plenty)] if found.looks_at_others else []

    @property
    def plenty(self) -> Ints:
        """Room without end."""
        return np.full(self.nights, PLENTY)

    def fund(self, fund: Fund, limit: Limit) -> list[int]:
        """The beds that a fund may still pay each night, and the nights that a row of its limits has left."""
        found = []
        most = [row.beds_per_night for row in fund.limits if row.beds_per_night is not None]
        if most:
            found.append(self.add(("fund.beds", fund.id), self._beds_paid(fund.id, min(most))))
        if limit.nights_left is not None:
            key = ("fund.nights", fund.id, str(fund.limits.index(limit)))
            found.append(self.add(key, self.plenty, limit.nights_left))
        return found

    def _beds_paid(self, fund: str, most: int) -> Ints:
        room = np.full(self.nights, most)
        for _, start, end in self.census.paid_by(fund):
            first, until = (max(0, day.toordinal() - self.tonight) for day in (start, end))
            room[first:until] -= 1
        return room.clip(0)
