"""A plan of everybody's stays to begin with: one person after another, each by the way that adds the least."""

from collections import defaultdict

import numpy as np

from matching.network import Ints
from matching.nights import Nights, Span
from matching.nights_linear import Bound


class NoPlan(ArithmeticError):
    """No plan was found that keeps all room."""


def begin(nights: Nights, bound: Bound) -> Ints:
    """Choose a way for each, those with the most nights first: by how far above the bound it is, and by kinds.

    Returns
    -------
    int64[people]

    Raises
    ------
    NoPlan
        Where no way is left for somebody.
    """
    state = _Begun(nights, bound)
    ways = nights.ways
    slept = np.bincount(ways.way, ways.until - ways.first, len(ways.person)).astype(np.int64)
    most = np.zeros(len(nights.kind), np.int64)
    np.maximum.at(most, ways.person, slept)
    for person in np.argsort(-most, kind="stable").tolist():
        state.choose(person)
    return state.chosen


class _Begun:
    """The plan so far: the ways chosen, -1 for none, and what they take."""

    def __init__(self, nights: Nights, bound: Bound) -> None:
        self.nights, self.bound = nights, bound
        self.chosen: Ints = np.full(len(nights.kind), -1)
        self.used = np.zeros((2, *nights.places.room.shape), np.int64)
        self.total = np.zeros(len(nights.places.total), np.int64)
        self.own = nights.ways.by_person(len(nights.kind))
        self.apart = nights.kept_apart
        self.together: dict[int, list[tuple[int, Span]]] = defaultdict(list)
        for one, other, *span in nights.together.tolist():
            self.together[one].append((other, Span(*span)))

    def choose(self, person: int) -> None:
        """Choose a person's way."""
        least, best = np.inf, -1
        excess = self.bound.excess[self.own[person]]
        for at in np.argsort(excess, kind="stable").tolist():
            if excess[at] >= least:
                break
            way = int(self.own[person][at])
            spans = self.nights.ways.spans(way)
            adds = float(excess[at]) + self._mixing(person, spans)
            if adds < least and self._fits(person, spans):
                least, best = adds, way
        if best < 0:
            raise NoPlan("no way is left for somebody")
        self.chosen[person] = best
        for place, first, until in self.nights.ways.spans(best):
            self.used[self.nights.kind[person], place, first:until] += 1
            self.total[place] += until - first

    def _fits(self, person: int, spans: list[Span]) -> bool:
        places = self.nights.places
        for place, first, until in spans:
            if self.total[place] + until - first > places.total[place]:
                return False
            if np.any(self.used[:, place, first:until].sum(axis=0) >= places.room[place, first:until]):
                return False
        if any(
            place == span.place == met.place and _meet(span, met)
            for other, place in self.apart[person]
            for met in self._spans(other)
            for span in spans
        ):
            return False
        return all(
            self._covered(max(span.first, tied.first), min(span.until, tied.until), tied.place, other)
            for other, tied in self.together[person]
            for span in spans
            if span.place == tied.place and _meet(span, tied)
        )

    def _spans(self, person: int) -> list[Span]:
        """Where somebody is so far."""
        way = int(self.chosen[person])
        return self.nights.ways.spans(way) if way >= 0 else []

    def _covered(self, first: int, until: int, place: int, person: int) -> bool:
        """Whether somebody is at a place on all of some nights."""
        own = (span for span in self._spans(person) if span.place == place)
        return until - first == sum(max(0, min(span.until, until) - max(span.first, first)) for span in own)

    def _mixing(self, person: int, spans: list[Span]) -> int:
        """What it adds that kinds are mixed."""
        kind, adds = int(self.nights.kind[person]), 0
        for place, first, until in spans:
            if mixed := int(self.nights.places.mixed[place]):
                own, others = self.used[kind, place, first:until], self.used[1 - kind, place, first:until]
                adds += mixed * int(np.count_nonzero(own < others))
        return adds


def _meet(one: Span, other: Span) -> bool:
    """Whether two spans have a night in common."""
    return one.first < other.until and other.first < one.until
