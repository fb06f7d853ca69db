"""As many as can be have a bed tonight, by urgency, tier after tier: what everybody's chains begin with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matching.bands import years_between
from matching.census import Census
from matching.dates import age_on, birthday
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
    """Who may never be where on one night: in a house with somebody to be kept from, in a unit with one far in age."""
    rows: list[tuple[int, int, int]] = []
    at = {prospect.doors.minor.id: place for place, prospect in enumerate(prospects)}
    houses = [{stand.places[1] for stand in prospect.stands} for prospect in prospects]
    gaps = [_gaps(prospect) for prospect in prospects]
    for one, prospect in enumerate(prospects):
        avoided = {at[name] for name in census.avoided_by(prospect.doors.minor) if name in at}
        for other in range(one + 1, len(prospects)):
            if other in avoided:
                rows += [(one, other, place) for place in sorted(houses[one] & houses[other])]
            units = gaps[one].keys() & gaps[other].keys()
            gap = _gap(prospect, prospects[other]) if units else 0
            rows += [(one, other, place) for place in sorted(units) if gap is None or gap > gaps[one][place]]
    return np.array(rows, np.int64).reshape(-1, 3)


def _gaps(prospect: Prospect) -> dict[int, int]:
    """The units with an age gap where a minor could be: place and years."""
    return {
        stand.places[2]: unit.max_age_gap_years
        for stand in prospect.stands
        for unit in stand.facility.units
        if unit.id == stand.unit and unit.max_age_gap_years is not None
    }


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
