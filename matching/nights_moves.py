"""A plan of everybody's stays made better by many small moves: one person goes elsewhere, or two change places.

This is simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): a move to a dearer plan is made by a chance that
falls with how much dearer it is, and as time goes on, so that a plan is not stuck where no single move is better. It
is quick where ways are many and short, such as a room for a whole stay; what takes more than a move at a time is found
by parts solved anew (`nights_part`).
Those who are tied to others stay where they are.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import exp
from random import Random
from typing import TypeVar

import numpy as np

from matching.network import Ints
from matching.nights import Nights, Span
from matching.nights_linear import Bound

T = TypeVar("T")

HOT, COLD = 4.0, 0.4
"""How dear a move may be by the same chance at first and at last: times what a plan is above the bound for a person."""

AT_ONCE = 256
"""So many moves are tried between two looks at how far it is."""


def moved(nights: Nights, bound: Bound, chosen: Ints, gone: Callable[[int], float]) -> Ints:
    """Move people of a plan, and give the best plan that was met.

    Parameters
    ----------
    nights : Nights
    bound : Bound
    chosen : int64[people]
        A plan.
    gone : callable
        After so many moves, the share of all that is over: from 1 on it ends.
    """
    state = Moves(nights, bound, chosen)
    best, least, tried = list(state.chosen), state.cost, 0
    scale = (state.cost - bound.least) / max(1, len(chosen))
    while state.free and scale > 0 and (share := gone(tried)) < 1:
        heat = scale * HOT * (COLD / HOT) ** share
        for _ in range(AT_ONCE):
            state.try_one(heat)
            if state.cost < least:
                best, least = list(state.chosen), state.cost
        tried += AT_ONCE
    return np.array(best, np.int64)


class Moves:
    """A plan as lists, which is quicker for so small steps than arrays are."""

    def __init__(self, nights: Nights, bound: Bound, chosen: Ints) -> None:
        ways, used = nights.ways, nights.used(chosen)
        self.draw = Random(1)  # noqa: S311 - not a secret
        self.kind: list[int] = nights.kind.tolist()
        self.mixed: list[int] = nights.places.mixed.tolist()
        self.costs: list[int] = ways.cost.tolist()
        self.spans = [ways.spans(way) for way in range(len(ways.person))]
        self.chosen: list[int] = chosen.tolist()
        self.cost = nights.cost(chosen)
        self.used: list[list[list[int]]] = used.tolist()
        self.room: list[list[int]] = (nights.places.room - used.sum(axis=0)).tolist()
        self.left: list[int] = (nights.places.total - used.sum(axis=(0, 2))).tolist()
        self.there: list[set[int]] = [set() for _ in self.left]
        for person, way in enumerate(self.chosen):
            for span in self.spans[way]:
                self.there[span.place].add(person)
        self.free = np.setdiff1d(np.arange(len(chosen)), nights.together[:, :2]).tolist()
        self.unbound = frozenset(self.free)
        self.apart = nights.kept_apart
        self.own: list[list[int]] = []
        """Each one's ways that a better plan could hold, by how far above the bound it is."""
        self.at: list[dict[int, list[int]]] = []
        """The same by place."""
        gap = self.cost - bound.least
        for own in ways.by_person(len(chosen)):
            likely = own[np.argsort(bound.excess[own], kind="stable")]
            self.own.append(likely[bound.excess[likely] <= gap].tolist())
            self.at.append(defaultdict(list))
            for way in self.own[-1]:
                for span in self.spans[way]:
                    self.at[-1][span.place].append(way)

    def try_one(self, heat: float) -> None:
        """Try to move somebody, where another is in the way by a change of places."""
        one = self._any(self.free)
        old, own = self.chosen[one], self.own[one]
        if not own:
            return
        way = own[int(self.draw.random() * self.draw.random() * len(own))]
        if way == old:
            return
        before = self.cost
        self._take(one, old, -1)
        if self._fits(one, way):
            self._take(one, way, 1)
            if not self._good(before, heat):
                self._take(one, way, -1)
                self._take(one, old, 1)
        elif not self._change(one, old, way, before, heat):
            self._take(one, old, 1)

    def _change(self, one: int, old: int, way: int, before: int, heat: float) -> bool:
        """Whether somebody who is in the way of one goes where the one was."""
        span = self._any(self.spans[way])
        beside = [other for other in sorted(self.there[span.place]) if self._meets(other, span)]
        if not beside or not self.spans[old]:
            return False
        other = self._any(beside)
        could = self.at[other].get(self._any(self.spans[old]).place)
        if not could or other not in self.unbound:
            return False
        was, new = self.chosen[other], self._any(could)
        self._take(other, was, -1)
        if self._fits(one, way):
            self._take(one, way, 1)
            if self._fits(other, new):
                self._take(other, new, 1)
                if self._good(before, heat):
                    return True
                self._take(other, new, -1)
            self._take(one, way, -1)
        self._take(other, was, 1)
        return False

    def _any(self, some: Sequence[T]) -> T:
        return some[int(self.draw.random() * len(some))]

    def _good(self, before: int, heat: float) -> bool:
        more = self.cost - before
        return more <= 0 or self.draw.random() < exp(-more / heat)

    def _fits(self, one: int, way: int) -> bool:
        """Whether there is room for a way, and nobody to be kept from."""
        for span in self.spans[way]:
            place, first, until = span
            if self.left[place] < until - first or min(self.room[place][first:until]) <= 0:
                return False
            if any(where == place and self._meets(other, span) for other, where in self.apart.get(one, ())):
                return False
        return True

    def _meets(self, other: int, span: Span) -> bool:
        """Whether somebody is at the place on one of the nights."""
        if other not in self.there[span.place]:
            return False
        return any(
            place == span.place and first < span.until and span.first < until
            for place, first, until in self.spans[self.chosen[other]]
        )

    def _take(self, one: int, way: int, sign: int) -> None:
        """Put somebody to a way, or take her or him away from it."""
        kind, cost = self.kind[one], self.costs[way]
        for place, first, until in self.spans[way]:
            own, others, room = self.used[kind][place], self.used[1 - kind][place], self.room[place]
            mixed = self.mixed[place]
            for night in range(first, until):
                count = own[night]
                own[night] = count + sign
                room[night] -= sign
                if mixed and min(count, count + sign) < others[night]:
                    cost += mixed
            self.left[place] -= sign * (until - first)
            if sign > 0:
                self.there[place].add(one)
            else:
                self.there[place].discard(one)
        self.cost += sign * cost
        self.chosen[one] = way
