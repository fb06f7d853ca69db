"""Everybody's stays solved anew at once, each place being for the kind of people for which it is in a plan.

Who decides which kind a place is for on each night has decided the hard part: the program that is left is nearly whole
by itself, so that everybody is moved as is best in about a second. It is what small moves are slow to do, as chance
has to find each of many small gains.
"""

import numpy as np
from numpy.typing import NDArray

from matching.network import Ints
from matching.nights import Nights
from matching.nights_linear import Bound, rows

OPEN, BOTH = -1, 2
"""What a place is for on a night where nobody is yet; and where kinds do not matter."""

BRANCHES = 100
"""So often the program is parted in two at most: where it is nearly whole, a few times do."""


def settled(nights: Nights, bound: Bound, chosen: Ints, seconds: float | None = None) -> Ints:
    """Move everybody as is best, with the kinds of a plan; the plan itself where no better one was found.

    Parameters
    ----------
    nights : Nights
    bound : Bound
    chosen : int64[people]
        A plan. Whoever has to be apart from somebody, or together, stays there. Nobody goes a way that is farther above
        the bound than all that are taken.
    seconds : float, optional
        How long to look at most.

    Returns
    -------
    int64[people]
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    if seconds is not None and seconds <= 0:
        return chosen
    among, people = _among(nights, bound, chosen), len(chosen)
    matrix, most = rows(nights)
    matrix = matrix[:, among]
    needed = np.flatnonzero((matrix.sum(axis=1) > most) | (np.arange(len(most)) < people))
    least = np.where(needed < people, 1, -np.inf)
    found = milp(
        nights.ways.cost[among].astype(np.float64),
        integrality=np.ones(len(among), np.uint8),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix[needed].astype(np.float64), least, most[needed].astype(np.float64)),
        options={
            "mip_rel_gap": 0,
            "node_limit": BRANCHES,
            "time_limit": np.inf if seconds is None else seconds,
        },
    )
    taken = chosen if found.x is None else among[np.asarray(found.x) > 0.5]
    taken = taken[np.argsort(nights.ways.person[taken], kind="stable")]
    return taken if nights.cost(taken) < nights.cost(chosen) else chosen


def kinds(nights: Nights, chosen: Ints) -> Ints:
    """What each place is for on each night in a plan: int64[places, nights], a kind or `BOTH`.

    It is for the kind of which more are there; where nobody is, for that of the night before, else of the next one.
    """
    first, second = nights.used(chosen)
    found = np.where(first >= second, 0, 1)
    found[first + second == 0] = OPEN
    count = found.shape[1]
    before = [(night, night - 1) for night in range(1, count)]
    after = [(night, night + 1) for night in reversed(range(count - 1))]
    for night, beside in before + after:
        found[:, night] = np.where(found[:, night] == OPEN, found[:, beside], found[:, night])
    found[found == OPEN] = 0
    found[nights.places.mixed == 0] = BOTH
    return found


def _among(nights: Nights, bound: Bound, chosen: Ints) -> Ints:
    """The ways that are looked at: none is at a place while it is for the other kind, and those now taken are in."""
    ways, of_kind = nights.ways, kinds(nights, chosen)
    against: NDArray[np.int64] = np.zeros((2, of_kind.shape[0], of_kind.shape[1] + 1), np.int64)
    for kind in (0, 1):
        np.cumsum(of_kind == 1 - kind, axis=1, out=against[kind, :, 1:])
    kind_of = nights.kind[ways.person[ways.way]]
    shut = against[kind_of, ways.place, ways.until] > against[kind_of, ways.place, ways.first]
    bound_to = np.union1d(nights.apart[:, :2], nights.together[:, :2])
    could = (bound.excess <= bound.excess[chosen].max(initial=0)) & ~np.isin(ways.person, bound_to)
    could[ways.way[shut]] = False
    could[chosen] = True
    return np.flatnonzero(could)
