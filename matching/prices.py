"""What a bed is worth to those still to come: the prices of the plan over past arrivals, learnt from a year of them.

The best bed now may be the only one for somebody who comes next week. Each night in a bed is charged what it would have
saved those who came later, as the past shows: the dual values of their plan. Prices say nothing of any person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from matching.facts import Prices, UnitPrices
from matching.network import Floats, Ints
from matching.whole import solve_linear

LEFT_OUT = 200_000
"""What somebody to come who finds no bed counts, in units of cost: the most that the term may charge anybody now."""
WINDOW = 90
"""How many nights of arrivals are planned at once: as long a past as it takes to count what was learnt from it."""
EVERY = 7
"""From which nights of the past: every so many, so that each day of the week takes its turn."""
MOST_ARRIVALS = 400
"""In one window; of more, evenly spaced ones stand for all, and have as much less room."""


@dataclass(frozen=True, eq=False)
class Shadow:
    """The plan of arrivals in which each may be placed in part, and what its capacities are worth.

    Attributes
    ----------
    price : float64[m]
        What one more unit of each capacity would add, 0 or more.
    surplus : float64[n]
        What each arrival adds beyond what it uses is worth, 0 or more.
    total : float
        The value of the plan: `price @ capacity + surplus.sum()`.
    """

    price: Floats
    surplus: Floats
    total: float


def shadow(value: ArrayLike, size: ArrayLike, capacity: ArrayLike, allowed: ArrayLike) -> Shadow:
    """Price the capacities of a plan over arrivals, by the dual values of its linear program.

    Maximises the value of all that is placed; each arrival is placed once at most, and uses as much of a place as its
    size. Nothing in it is about beds: arrivals may be cases, places localities.

    Parameters
    ----------
    value : float[n, m]
        What placing an arrival at a place is worth, 0 or more.
    size : float[n] or float[n, m]
        How much of a place an arrival uses, 0 or more.
    capacity : float[m]
        How much each place has, 0 or more.
    allowed : bool[n, m]
        Which places each arrival may take.

    Returns
    -------
    Shadow
        Where several prices are right, one of them.

    Raises
    ------
    ValueError
        Where shapes differ, or a number is below 0 or not finite.
    ArithmeticError
        Where the solver ends without prices.
    """
    worth, use, room, may = _arrays(value, size, capacity, allowed)
    arrivals, places = worth.shape
    row, place = np.nonzero(may & (worth > 0))
    if not len(row):
        return Shadow(np.zeros(places), np.zeros(arrivals), 0.0)
    pair = np.arange(len(row))
    ends = (np.concatenate((row, arrivals + place)), np.concatenate((pair, pair)))
    share = np.concatenate((np.ones(len(row)), use[row, place]))
    matrix = csr_array((share, ends), shape=(arrivals + places, len(row)))
    most = np.concatenate((np.ones(arrivals), room))
    found = solve_linear(-worth[row, place], matrix, most)
    price = found.prices[arrivals:]
    # Prices of places alone decide the rest, so that rounding in the solver cannot part the two.
    left = np.zeros(arrivals)
    np.maximum.at(left, row, worth[row, place] - use[row, place] * price[place])
    return Shadow(price, left, float(price @ room + left.sum()))


@dataclass(frozen=True, eq=False)
class History:
    """What came and what was free, night after night of the past: counts and sums, and nobody's facts.

    Attributes
    ----------
    units : tuple of str
        Distinct ids of the kinds of bed that are priced: units.
    beds : int64[units]
        Beds of each.
    free : int64[nights, units]
        Beds of each that were free on each night of the history, one night after another.
    night : int64[arrivals]
        The night on which a bed was first needed, 0 for the first of the history.
    cost : int64[arrivals, units]
        What each unit would have cost, by those terms that do not hang on the hour, 0 or more.
    nights : int64[arrivals, units]
        How many nights would have been paid there.
    allowed : bool[arrivals, units]
        Where each could have been, had a bed been free.
    """

    units: tuple[str, ...]
    beds: Ints
    free: Ints
    night: Ints
    cost: Ints
    nights: Ints
    allowed: NDArray[np.bool_]

    def sha256(self) -> str:
        """The hash of all of it, in hexadecimal."""
        found = sha256("\x1f".join(self.units).encode())
        for row in fields(self)[1:]:
            array = np.ascontiguousarray(getattr(self, row.name))
            found.update(f"{row.name}{array.shape}".encode() + array.astype("<i8").tobytes())
        return found.hexdigest()


def learn(history: History, on: date) -> Prices:
    """Learn what a night in a bed of each unit is worth, by how many of its beds are free.

    From every seventh night of the past the arrivals of ninety nights are planned into the beds that were
    free then and those that became free; the prices of that plan are noted under how many beds each unit had free.
    Prices are means of those, made to fall as more beds are free.

    Parameters
    ----------
    history : History
    on : date
        The day of learning, which the prices carry.

    Returns
    -------
    Prices
        For each unit in the order of the history; 0 for all where the history is shorter than a window.
    """
    nights, units = history.free.shape
    seen: list[list[tuple[int, float]]] = [[] for _ in range(units)]
    for first in range(0, nights - WINDOW + 1, EVERY):
        free = np.minimum(history.free[first], history.beds)
        price = _window(history, first, free)
        for unit in range(units):
            seen[unit].append((int(free[unit]), float(price[unit])))
    return Prices(
        learnt_on=on,
        nights=nights,
        referrals=len(history.night),
        history_sha256=history.sha256(),
        units=tuple(
            UnitPrices(unit, by_free(seen[at], int(history.beds[at])))
            for at, unit in enumerate(history.units)
            if history.beds[at]
        ),
    )


def by_free(seen: Sequence[tuple[int, float]], beds: int) -> tuple[int, ...]:
    """One price for each number of free beds from 1 to all, none above the one before, out of pairs of both.

    The nearest falling prices in least squares (pool adjacent violators). Where a number of free beds was never seen,
    the price of the next lower one that was holds, or else of the next higher. A night with no bed free is left to
    price the first.
    """
    groups: dict[int, list[float]] = {}
    for free, price in seen:
        groups.setdefault(max(free, 1), []).append(price)
    pooled: list[tuple[float, int, list[int]]] = []
    for free in sorted(groups):
        total, weight, members = sum(groups[free]), len(groups[free]), [free]
        while pooled and pooled[-1][0] * weight <= total * pooled[-1][1]:
            before = pooled.pop()
            total, weight, members = total + before[0], weight + before[1], before[2] + members
        pooled.append((total, weight, members))
    level = {free: total / weight for total, weight, members in pooled for free in members}
    first = level[min(level)] if level else 0.0
    prices = []
    for free in range(1, beds + 1):
        first = level.get(free, first)
        prices.append(int(first))
    return tuple(prices)


def _window(history: History, first: int, free: Ints) -> Floats:
    """The prices of the plan over the arrivals of one window."""
    rows = np.flatnonzero((history.night >= first) & (history.night < first + WINDOW))
    thin = max(1.0, len(rows) / MOST_ARRIVALS)
    rows = rows[(np.arange(min(len(rows), MOST_ARRIVALS)) * thin).astype(np.int64)]
    nights = np.clip(history.nights[rows], 1, WINDOW)
    return shadow(
        np.maximum(0, LEFT_OUT - history.cost[rows]),
        nights,
        _room(history, free) / thin,
        history.allowed[rows] & (history.nights[rows] > 0),
    ).price


def _room(history: History, free: Ints) -> Floats:
    """Bed-nights of a window: a bed that is taken becomes free after what is left of a stay, on average."""
    stays = history.nights[history.allowed].astype(np.float64)
    left = (stays**2).sum() / (2 * stays.sum()) if stays.any() else 0.0
    return free.astype(np.float64) * WINDOW + (history.beds - free) * max(0.0, WINDOW - left)


def _arrays(
    value: ArrayLike, size: ArrayLike, capacity: ArrayLike, allowed: ArrayLike
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """The arrays in one shape, or ValueError."""
    worth, room = np.asarray(value, np.float64), np.asarray(capacity, np.float64)
    use, may = np.asarray(size, np.float64), np.asarray(allowed, np.bool_)
    if worth.ndim != 2 or room.shape != worth.shape[1:] or may.shape != worth.shape:
        raise ValueError("value and allowed are of one shape, arrivals by places, and each place has a capacity")
    if use.shape not in (worth.shape, worth.shape[:1]):
        raise ValueError("a size belongs to each arrival, or to each pair")
    use = np.broadcast_to(use if use.ndim == 2 else use[:, None], worth.shape)
    if not all(np.isfinite(one).all() and (one >= 0).all() for one in (worth, use, room)):
        raise ValueError("a value, a size or a capacity is below 0 or no number")
    return worth, use, room, may
