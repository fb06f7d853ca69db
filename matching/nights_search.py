"""Everybody's stays planned together: a plan to begin with, made better by small moves and by parts; its bound.

A part is some places and all who are in them, and whoever is tied to these: they are moved as is best while all others
stay where they are. Parts are drawn where a plan is dearest by the bound's prices, with what the people there would
rather have; they grow while they are solved to the end and shrink where they are not. Ways that no better plan can
hold, by the bound, are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.network import Ints
from matching.nights import Nights
from matching.nights_begin import begin as first_plan
from matching.nights_kinds import settled
from matching.nights_linear import Bound, linear_bound
from matching.nights_moves import moved
from matching.nights_part import Others, Part, fitting, others_of, solve_part

ROUNDING = 0.01
"""Floating point may be off by this much: costs are whole, so nothing is lost."""

WORK = 0.5
"""How much is looked at for one part, in the solver's measure: about half a second."""

AT_ONCE, LONGER = 3000, 4
"""So few ways are all looked at once before any part is, by so many times the work."""

SETTLING = 25
"""Every so many parts everybody is moved at once, with kinds as they are (`nights_kinds`)."""

MOVING, MOVES = 0.6, 1000
"""The share of the time for small moves before parts are solved; and how many for each person, where none is given."""

MIXED = 8
"""Every so many parts kinds may be mixed where they were not: such a part takes longer."""

FEW, MANY = 10, 400
FIRST_PEOPLE = 20
FIRST_WAYS = 6
"""People of a part, at least, at most and at first; and how many of each one's likely ways are looked at anywhere."""


@dataclass(frozen=True, eq=False)
class Found:
    """A plan and what is proved of it: it costs `cost`, and none costs less than `bound`.

    `chosen` is int64[people], a way for each; `parts` how many parts were solved anew.
    """

    chosen: Ints
    cost: int
    bound: int
    parts: int

    @property
    def proof(self) -> Literal["optimal", "bounded"]:
        """Whether the bound is reached."""
        return "optimal" if self.cost <= self.bound else "bounded"


def search(
    nights: Nights,
    *,
    seconds: float | None = None,
    parts: int | None = None,
    bound: Bound | None = None,
    begin: Ints | None = None,
    clock: Callable[[], float] = monotonic,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """Find a plan of everybody's stays.

    Parameters
    ----------
    nights : Nights
    seconds : float, optional
        How long to look. With a deadline the clock decides when to stop, so that machines may differ.
    parts : int, optional
        How many parts at most are solved anew: the same plan on every machine. One of the two must be given.
    bound : Bound, optional
        Where it is known already.
    begin : int64[people], optional
        A plan to begin with.
    clock : callable
        What tells the seconds.
    progress : callable
        Told in a line what is being done.

    Returns
    -------
    Found

    Raises
    ------
    NoPlan
        Where no plan to begin with was found.
    """
    ends = None if seconds is None else clock() + seconds
    if ends is None and parts is None:
        raise ValueError("neither a number of seconds nor of parts")
    known = bound or linear_bound(nights)
    progress(f"no plan costs less than {known.least:,.0f}")
    few = len(nights.ways.person) <= AT_ONCE
    plan = first_plan(nights, known) if begin is None else begin
    if begin is None and not few:
        began, most = clock(), MOVES * len(plan)

        def gone(tried: int) -> float:
            return tried / most if seconds is None else (clock() - began) / max(1e-9, MOVING * seconds)

        plan = moved(nights, known, plan, gone)
        progress(f"cost {nights.cost(plan):,} by small moves")
        plan = settled(nights, known, plan, None if ends is None else ends - clock())
        progress(f"cost {nights.cost(plan):,} with kinds as they are")
    state = _Search(nights, known, plan)
    if few:
        state.all_at_once()
    while (
        not state.done
        and state.cost > state.least
        and (parts is None or state.parts < parts)
        and (ends is None or clock() < ends)
    ):
        before = state.cost
        state.step()
        if not few and state.parts % SETTLING == 0:
            state.settle(None if ends is None else ends - clock())
        if state.cost < before:
            progress(f"cost {state.cost:,}, at most {100 * state.gap:.2f} % above the least")
    return Found(state.chosen, state.cost, min(state.least, state.cost), state.parts)


class _Search:
    """A plan and what is tried next."""

    def __init__(self, nights: Nights, bound: Bound, chosen: Ints) -> None:
        self.nights, self.bound, self.chosen = nights, bound, chosen
        self.least = max(0, ceil(bound.least - ROUNDING))
        self.cost = nights.cost(chosen)
        self.draw = np.random.default_rng(1)
        self.size = float(FIRST_PEOPLE)
        self.parts = 0
        self.done = False
        """Whether no plan of these ways is better."""
        self._ways = nights.ways.by_person(len(chosen))
        one, other = nights.together[:, 0], nights.together[:, 1]
        tied = coo_array((np.ones(len(one)), (one, other)), (len(chosen), len(chosen)))
        self._group = connected_components(tied, directed=False)[1]

    @property
    def gap(self) -> float:
        """How far the plan is above the bound, as a share of it."""
        return (self.cost - self.least) / max(1, self.least)

    def step(self) -> None:
        """Solve one part anew, and keep what is no dearer."""
        people, places = self._part()
        others = others_of(self.nights, self.chosen, people)
        among = self._among(people, places, others)
        self.parts += 1
        found = solve_part(
            self.nights,
            self.chosen,
            people,
            among,
            others,
            WORK,
            mixing=self.parts % MIXED == 0,
            seed=self.parts,
        )
        self.size = float(np.clip(self.size * (1.1 if found is not None and found.proved else 0.85), FEW, MANY))
        self._take(found)

    def settle(self, seconds: float | None) -> None:
        """Move everybody at once, with kinds as they are."""
        self.chosen = settled(self.nights, self.bound, self.chosen, seconds)
        self.cost = self.nights.cost(self.chosen)

    def all_at_once(self) -> None:
        """Solve everything, of the ways that a better plan could hold."""
        people = np.arange(len(self.chosen))
        could = np.flatnonzero(self.bound.excess <= self.cost - self.least)
        others = others_of(self.nights, self.chosen, people)
        found = solve_part(self.nights, self.chosen, people, np.union1d(could, self.chosen), others, LONGER * WORK)
        self.parts += 1
        self._take(found)
        self.done = found is not None and found.proved

    def _take(self, found: Part | None) -> None:
        """Go on with what was found, where it is no dearer."""
        if found is not None:
            tried = self.chosen.copy()
            tried[self.nights.ways.person[found.chosen]] = found.chosen
            cost = self.nights.cost(tried)
            if cost <= self.cost:
                self.chosen, self.cost = tried, cost

    def _part(self) -> tuple[Ints, Ints]:
        """People with those tied to them, and places: of somebody who is dear, and what is likely for who is there."""
        ways, size = self.nights.ways, min(int(self.size), len(self.chosen))
        heat = self._heat()
        people: dict[int, None] = {int(self.draw.choice(len(heat), p=heat / heat.sum())): None}
        places: dict[int, None] = {}
        here = np.flatnonzero(np.isin(ways.way, self.chosen))
        at = ways.place[here]
        for _ in range(8 * size):
            if len(people) >= size:
                break
            one = list(people)[int(self.draw.integers(len(people)))]
            own = self._ways[one]
            likely = own[np.argsort(self.bound.excess[own] + self.draw.random(len(own)), kind="stable")[:FIRST_WAYS]]
            way = int(self.draw.choice(likely)) if self.draw.random() < 0.7 else int(self.chosen[one])
            for span in ways.spans(way):
                if span.place not in places:
                    places[span.place] = None
                    there = here[(at == span.place) & (ways.first[here] < span.until) & (ways.until[here] > span.first)]
                    there = self.draw.permutation(np.unique(ways.person[ways.way[there]]))
                    people.update(dict.fromkeys(there[: max(1, size - len(people))].tolist()))
        everyone = np.flatnonzero(np.isin(self._group, self._group[list(people)]))
        return everyone, np.array(sorted(places), np.int64)

    def _heat(self) -> NDArray[np.float64]:
        """How likely a part begins with a person: by what her or his way costs above the bound, and who is beside."""
        nights, places = self.nights, self.nights.places
        heat = self.bound.excess[self.chosen] + 1.0
        if places.mixed.any():
            used = nights.used(self.chosen)
            dear = used.min(axis=0) * places.mixed[:, None]
            spans = np.flatnonzero(np.isin(nights.ways.way, self.chosen))
            for row in spans.tolist():
                of = nights.ways.first[row], nights.ways.until[row]
                heat[nights.ways.person[nights.ways.way[row]]] += dear[nights.ways.place[row], of[0] : of[1]].sum()
        return np.asarray(heat, np.float64)

    def _among(self, people: Ints, places: Ints, others: Others) -> Ints:
        """The ways that are looked at: those within these places, some likely ones, and those now taken."""
        ways, gap = self.nights.ways, self.cost - self.least
        own = np.concatenate([self._ways[one] for one in people.tolist()])
        own = own[self.bound.excess[own] <= gap]
        spans = np.flatnonzero(np.isin(ways.way, own))
        within = np.setdiff1d(own, ways.way[spans[~np.isin(ways.place[spans], places)]])
        likely = []
        for one in people.tolist():
            mine = self._ways[one]
            likely.append(mine[np.argsort(self.bound.excess[mine], kind="stable")[:FIRST_WAYS]])
        tried = np.unique(np.concatenate((within, *likely)))
        return np.union1d(fitting(self.nights, tried, others), self.chosen[people])
