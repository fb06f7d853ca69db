"""As many as can be have a bed tonight, by urgency, tier after tier: what everybody's chains begin with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matching.bands import same_gender, years_between
from matching.census import Census
from matching.dates import age_on, birthday
from matching.facts import Unit
from matching.findings import MET
from matching.network import Ints
from matching.nights import Nights, Places, Span, Ways
from matching.nights_part import others_of, solve_part
from matching.prospects import Prospect

WORK = 20.0
"""How much is looked at for a tier, in the solver's measure."""

TIERS = (1, 2, 3, 4)


class Tonight(NamedTuple):
    """How many of each tier have no bed, whether no fewer could, and a stand and a purse of each who has."""

    unplaced: dict[int, int]
    proved: bool
    placed: dict[int, tuple[int, int]]


def tonight(
    prospects: Sequence[Prospect],
    tiers: Sequence[int],
    places: Places,
    tier_place: dict[int, int],
    apart: Ints,
    together: Ints,
) -> Tonight:
    """Place as many as can be.

    Parameters
    ----------
    prospects : sequence of Prospect
    tiers : sequence of int
        The tier of each; 0 where the need begins later.
    places : Places
    tier_place : dict
        The place that one without a bed tonight takes, by tier.
    apart : int64[pairs, 3]
    together : int64[rows, 5]
        As of `Nights`.
    """
    rows: list[tuple[int, int, list[Span]]] = []
    what: list[tuple[int, int] | None] = []
    for at, prospect in enumerate(prospects):
        rows.append((at, 1, [Span(tier_place[tiers[at]], 0, 1)] if tiers[at] else []))
        what.append(None)
        for one, stand in enumerate(prospect.stands) if tiers[at] else ():
            for purse in prospect.pays[one]:
                if stand.open[0] and prospect.purses[purse].ends[0] > 0:
                    rows.append(
                        (at, 0, [Span(place, 0, 1) for place in (*stand.places, *prospect.purses[purse].places)])
                    )
                    what.append((one, purse))
    ways, people = Ways.of(rows), np.arange(len(prospects))
    room = Places(places.room[:, :1], places.total.copy(), places.mixed)
    chosen, found, proved = np.flatnonzero(ways.cost), dict.fromkeys(TIERS, 0), True
    for tier in sorted({*tiers} - {0}):
        aim = ways.cost * (np.array(tiers, np.int64)[ways.person] == tier)
        of_tier = Ways(ways.person, aim, ways.start, ways.place, ways.first, ways.until)
        nights = Nights(np.zeros(len(people), np.int64), room, of_tier, apart, together)
        part = solve_part(nights, chosen, people, np.arange(len(rows)), others_of(nights, chosen, people), WORK)
        proved = proved and part is not None and part.proved
        chosen = chosen if part is None else part.chosen
        found[tier] = room.total[tier_place[tier]] = int(aim[chosen].sum())
    placed = {at: stood for at, way in enumerate(chosen.tolist()) if (stood := what[way]) is not None}
    return Tonight(found, proved, placed)


def apart(census: Census, prospects: Sequence[Prospect]) -> Ints:
    """Who may never be where on one night: in a house with somebody to be kept from, in a unit with one unlike them."""
    rows: list[tuple[int, int, int]] = []
    at = {prospect.doors.minor.id: place for place, prospect in enumerate(prospects)}
    houses = [{stand.places[1] for stand in prospect.stands} for prospect in prospects]
    rooms = [_units(prospect) for prospect in prospects]
    for one, prospect in enumerate(prospects):
        avoided = {at[name] for name in census.avoided_by(prospect.doors.minor) if name in at}
        for other in range(one + 1, len(prospects)):
            if other in avoided:
                rows += [(one, other, place) for place in sorted(houses[one] & houses[other])]
            units = rooms[one].keys() & rooms[other].keys()
            if units:
                beside = _Beside(prospect, prospects[other])
                rows += [(one, other, place) for place in sorted(units) if not beside.suits(rooms[one][place])]
    return np.array(rows, np.int64).reshape(-1, 3)


def _units(prospect: Prospect) -> dict[int, Unit]:
    """The units where a minor could be and it matters who else is there, by their place."""
    return {
        stand.places[2]: unit
        for stand in prospect.stands
        for unit in stand.facility.units
        if unit.id == stand.unit and unit.looks_at_others
    }


class _Beside:
    """Two minors, and what their ages and genders make of them in one unit on any night of the plan."""

    def __init__(self, one: Prospect, other: Prospect) -> None:
        self._of_one_gender = same_gender(one.doors.minor.gender, other.doors.minor.gender) is MET
        self._gap = _gap(one, other)

    def suits(self, unit: Unit) -> bool:
        """Whether they are known to suit each other in a unit."""
        most = unit.max_age_gap_years
        near = most is None or (self._gap is not None and self._gap <= most)
        return near and (self._of_one_gender or not unit.one_gender_a_night)


def _gap(one: Prospect, other: Prospect) -> int | None:
    """The most years between two minors on any night of the plan; None where that is not known."""
    minors, census = (one.doors.minor, other.doors.minor), one.census
    days = {census.tonight}
    for minor in minors:
        if minor.born_on is not None:
            ages = range(age_on(minor.born_on, census.tonight), age_on(minor.born_on, census.last_night) + 1)
            days |= {
                day for age in ages if census.tonight <= (day := birthday(minor.born_on, age)) <= census.last_night
            }
    gaps = [years_between(*minors, day) for day in days]
    return None if None in gaps else max(gap for gap in gaps if gap is not None)
