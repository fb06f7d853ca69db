"""A plan of everybody's stays made better by many small moves: one person goes elsewhere, or two at once.

This is simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): a move to a dearer plan is made by a chance that
falls with how much dearer it is, and as time goes on, so that a plan is not stuck where no single move is better. It
is quick where ways are many and short, such as a room for a whole stay; what takes more than a move at a time is found
by parts solved anew (`nights_part`).
Those who are tied to others stay where they are.

The nights of a place are one whole number, some bits for each, so that a look at all nights of a stay is one step: the
highest bit of a night is set in `full` just where nobody has room any more.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import log
from random import Random

import numpy as np

from matching.network import Ints
from matching.nights import PLENTY, Nights
from matching.nights_linear import Bound

HOT, COLD = 4.0, 0.25
"""How dear a move may be by the same chance at first and at last: times what a plan is above the bound for a person."""

AT_ONCE = 1024
"""So many moves are tried between two looks at how far it is."""

EAGER = 4
"""How much rather a likely way is tried: the power of a chance between 0 and 1."""

CHANGING = 0.7
"""How often whoever is in the way goes to where the one was who comes; else anywhere."""


NOWHERE = -1
"""The way of somebody who is between two ways."""


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
    """A plan as whole numbers, a bit field for each night."""

    def __init__(self, nights: Nights, bound: Bound, chosen: Ints) -> None:
        ways, used, people = nights.ways, nights.used(chosen), len(chosen)
        room = np.minimum(nights.places.room, people)
        bits = int(room.max(initial=1)).bit_length()
        self.top = bits
        self.draw = Random(1)  # noqa: S311 - not a secret
        self.kind: list[int] = nights.kind.tolist()
        self.mixed: list[int] = nights.places.mixed.tolist()
        self.mixing = any(self.mixed)
        self.costs: list[int] = ways.cost.tolist()
        self.chosen: list[int] = chosen.tolist()
        self.cost = nights.cost(chosen)
        self.each = self._field(np.ones(room.shape[1], np.int64))
        """One for each night."""
        self.full = [self._field(row) for row in used.sum(axis=0) + 2**bits - room]
        self.used = [[self._field(row) for row in of_kind] for of_kind in used]
        self.takes: list[dict[int, int]] = [self._takes(nights, way) for way in range(len(ways.person))]
        """By place the nights that a way is there."""
        self.left: dict[int, int] = {
            place: int(nights.places.total[place] - used[:, place].sum())
            for place in np.flatnonzero(nights.places.total < PLENTY).tolist()
        }
        self.there: list[list[int]] = [[] for _ in room]
        for person, way in enumerate(self.chosen):
            for place in self.takes[way]:
                self.there[place].append(person)
        self.apart = nights.kept_apart if len(nights.apart) else {}
        self.own: list[list[int]] = []
        """Each one's ways that a better plan could hold, by how far above the bound it is."""
        self.at: list[dict[int, list[int]]] = []
        """The same by place."""
        gap = self.cost - bound.least
        for own in ways.by_person(people):
            likely = own[np.argsort(bound.excess[own], kind="stable")]
            self.own.append(likely[bound.excess[likely] <= gap].tolist())
            self.at.append(defaultdict(list))
            for way in self.own[-1]:
                for place in self.takes[way]:
                    self.at[-1][place].append(way)
        self.free: list[int] = [
            one for one in np.setdiff1d(np.arange(people), nights.together[:, :2]).tolist() if self.own[one]
        ]
        self.unbound = frozenset(self.free)

    def _field(self, counts: Ints) -> int:
        bits = self.top + 1
        return sum(count << (bits * night) for night, count in enumerate(counts.tolist()))

    def _takes(self, nights: Nights, way: int) -> dict[int, int]:
        bits, found = self.top + 1, dict[int, int]()
        for place, first, until in nights.ways.spans(way):
            found[place] = found.get(place, 0) | (self.each & ((1 << bits * until) - (1 << bits * first)))
        return found

    def try_one(self, heat: float) -> None:
        """Try to move somebody, where another is in the way both of them."""
        random = self.draw.random
        one = self.free[int(random() * len(self.free))]
        own = self.own[one]
        way, old = own[int(random() ** EAGER * len(own))], self.chosen[one]
        if way == old:
            return
        most = -heat * log(1.0 - random())
        """By so much a plan may be dearer."""
        gone, full, top = self.takes[old], self.full, self.top
        for place, mask in self.takes[way].items():
            if (full[place] - gone.get(place, 0)) & (mask << top):
                self._both(one, way, place, most)
                return
        if self.more(one, way) <= most and self._may(one, way):
            self._put(one, way)

    def _both(self, one: int, way: int, place: int, most: float) -> None:
        """Try to move somebody to where another is, and the other to where the one was, or anywhere."""
        there = self.there[place]
        other = self._any(there) if there else one
        old, was = self.chosen[one], self.chosen[other]
        if other == one or other not in self.unbound or not self.takes[was][place] & self.takes[way][place]:
            return
        new = self._instead(other, old)
        more = self.costs[way] - self.costs[old] + self.costs[new] - self.costs[was]
        if new == was or more - self._mixing(one) - self._mixing(other) > most:
            return
        before = self.cost
        self._put(other, NOWHERE)
        if self._fits(one, way):
            self._put(one, way)
            if self._fits(other, new):
                self._put(other, new)
                if self.cost - before <= most:
                    return
                self._put(other, NOWHERE)
            self._put(one, old)
        self._put(other, was)

    def _instead(self, other: int, old: int) -> int:
        """A way for somebody who is in the way: where another was by her or his old way, or any; else the same."""
        left, own = list(self.takes[old]), self.own[other]
        if left and self.draw.random() < CHANGING:
            could = self.at[other].get(self._any(left))
            return self._any(could) if could else self.chosen[other]
        return own[int(self.draw.random() ** EAGER * len(own))]

    def _any(self, some: Sequence[int]) -> int:
        return some[int(self.draw.random() * len(some))]

    def _mixing(self, one: int) -> int:
        """What is charged for somebody where she or he is now, and would not be without her or him."""
        if not self.mixing:
            return 0
        kind, charged, top = self.kind[one], 0, self.top
        used, others, high = self.used[kind], self.used[1 - kind], self.each << top
        for place, mask in self.takes[self.chosen[one]].items():
            if mixed := self.mixed[place]:
                no_more = (others[place] | high) - used[place]  # a night's highest bit stays where others are no fewer
                charged += mixed * (no_more & mask << top).bit_count()
        return charged

    def more(self, one: int, way: int) -> int:
        """How much dearer a plan is where somebody goes another way."""
        old = self.chosen[one]
        more = self.costs[way] - self.costs[old]
        if self.mixing:
            more -= self._mixing(one)
            kind, gone, top = self.kind[one], self.takes[old], self.top
            used, others, high = self.used[kind], self.used[1 - kind], self.each << top
            for place, mask in self.takes[way].items():
                if (mixed := self.mixed[place]) and others[place]:
                    no_fewer = ((used[place] - gone.get(place, 0)) | high) - others[place]
                    more += mixed * (mask << top & ~no_fewer).bit_count()
        return more

    def _fits(self, one: int, way: int) -> bool:
        """Whether there is room for a way of somebody who goes from where she or he is, and nobody to be kept from."""
        gone, full, top = self._now(one), self.full, self.top
        for place, mask in self.takes[way].items():
            if (full[place] - gone.get(place, 0)) & (mask << top):
                return False
        return self._may(one, way)

    def _may(self, one: int, way: int) -> bool:
        """Whether a way keeps the totals of places, and whoever is to be apart."""
        takes = self.takes[way]
        if self.left:
            gone = self._now(one)
            for place, mask in takes.items():
                left = self.left.get(place, PLENTY) + gone.get(place, 0).bit_count()
                if left < mask.bit_count():
                    return False
        return not any(
            place in takes and self._now(other).get(place, 0) & takes[place] for other, place in self.apart.get(one, ())
        )

    def _now(self, one: int) -> dict[int, int]:
        """What somebody takes."""
        way = self.chosen[one]
        return {} if way == NOWHERE else self.takes[way]

    def _put(self, one: int, way: int) -> None:
        """Put somebody to a way, or nowhere, from where she or he was."""
        if self.chosen[one] != NOWHERE:
            self.cost -= self.costs[self.chosen[one]] + self._mixing(one)
            self._use(one, -1)
        self.chosen[one] = way
        if way != NOWHERE:
            self._use(one, 1)
            self.cost += self.costs[way] + self._mixing(one)

    def _use(self, one: int, sign: int) -> None:
        """Count what somebody takes, or no more."""
        own = self.used[self.kind[one]]
        for place, mask in self.takes[self.chosen[one]].items():
            own[place] += sign * mask
            self.full[place] += sign * mask
            if sign > 0:
                self.there[place].append(one)
            else:
                self.there[place].remove(one)
            if place in self.left:
                self.left[place] -= sign * mask.bit_count()
