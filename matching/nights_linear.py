"""The linear bound of everybody's stays: what no plan costs less than, by arithmetic from prices alone.

Kinds, and people who must be apart or together, are left out of it, which only makes the bound lower; all else is in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from matching.network import Ints
from matching.nights import PLENTY, Nights, Places, Ways, segments
from matching.whole import solve_linear


@dataclass(frozen=True, eq=False)
class Bound:
    """What no plan of these ways costs less than.

    Attributes
    ----------
    least : float
    excess : float64[ways]
        How far above the bound a plan with the way is at least; 0 or more.
    """

    least: float
    excess: NDArray[np.float64]


def linear_bound(nights: Nights) -> Bound:
    """Solve the linear program by GLOP.

    Every person takes at most one way there, and is charged more than any way costs for taking none.

    Raises
    ------
    ArithmeticError
        Where the solver ends without prices.
    """
    matrix, most = rows(nights)
    ways, people = nights.ways, len(nights.kind)
    none = np.zeros(people, np.int64)
    np.maximum.at(none, ways.person, ways.cost + 1)
    dear = int(none.max(initial=0)) * 2 + int(nights.places.mixed.max(initial=0))
    found = solve_linear(ways.cost - dear, matrix, most)
    return Bound(found.bound + dear * people, found.excess)


def rows(nights: Nights) -> tuple[csr_array, Ints]:
    """A row for each person, for each stretch of nights that could be too full, and for each place with a total."""
    ways, people = nights.ways, len(nights.kind)
    taken = ways.by_person(people)
    counts = [np.ones(len(own), np.int64) for own in taken]
    most = [1] * people
    for row in segments(ways, np.arange(len(ways.person)), nights.places.room):
        if len(np.unique(ways.person[row.ways])) > row.room:
            taken.append(row.ways)
            counts.append(np.ones(len(row.ways), np.int64))
            most.append(row.room)
    for place in np.flatnonzero(nights.places.total < PLENTY).tolist():
        own = np.flatnonzero(ways.place == place)
        of, at = np.unique(ways.way[own], return_inverse=True)
        taken.append(of)
        counts.append(np.bincount(at, ways.until[own] - ways.first[own], len(of)).astype(np.int64))
        most.append(int(nights.places.total[place]))
    start = np.concatenate(([0], np.cumsum([len(own) for own in taken])))
    shape = (len(most), len(ways.person))
    return csr_array((np.concatenate(counts), np.concatenate(taken), start), shape), np.array(most, np.int64)


def chosen_prices(ways: Ways, places: Places, people: int, period: int) -> NDArray[np.float64]:
    """What a night at each place is worth by the best part-whole plan of these ways: float64[places, nights].

    Nights are summed up to periods, so that prices do not jump from night to night. The first way of each person is to
    take nothing.
    """
    nights = places.room.shape[1]
    edges = np.append(np.arange(0, nights, period), nights)
    count, none = len(edges) - 1, ways.cost[[own[0] for own in ways.by_person(people)]]
    first, until = (np.clip(of[:, None], edges[:-1], edges[1:]) for of in (ways.first, ways.until))
    span, at = np.nonzero(until > first)
    long = (until - first)[span, at]
    total = np.flatnonzero(places.total < PLENTY)
    counted = np.flatnonzero(np.isin(ways.place, total))
    row = (
        ways.person,
        people + ways.place[span] * count + at,
        people + len(places.room) * count + ways.place[counted],
    )
    column = np.arange(len(ways.person)), ways.way[span], ways.way[counted]
    value = np.ones(len(ways.person)), long, (ways.until - ways.first)[counted]
    room = np.add.reduceat(np.minimum(places.room, people), edges[:-1], axis=1)
    most = np.concatenate((np.ones(people), room.ravel(), np.minimum(places.total, people * nights)))
    shape = (len(most), len(ways.person))
    where = np.concatenate(row), np.concatenate(column)
    matrix = coo_array((np.concatenate(value), where), shape).tocsr()
    kept = np.flatnonzero(matrix.sum(axis=1) > most)
    found = solve_linear(ways.cost - none[ways.person], matrix[kept], most[kept])
    prices = np.zeros(len(most))
    prices[kept] = found.prices
    by_period = prices[people : people + len(places.room) * count].reshape(-1, count)

    return np.repeat(by_period, np.diff(edges), axis=1) + prices[people + len(places.room) * count :, None]
