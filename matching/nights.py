"""People and places over nights: what a plan of everybody's stays is chosen from, as plain arrays.

Every person takes exactly one **way**: a chain of spans, each a place and half-open nights, at a cost of its own. A
way that takes nothing is one too. Places are whatever holds so many a night: beds of a unit, a house within its
licence, beds that a fund pays; one may have a number of nights in all as well, such as those that a fund has left.

What people are to one another is of four kinds. They share room. Two of them may have to be **apart**: never at one
place on one night, such as in a unit with an age gap, or in a house. One of them may be at a place only **together**
with another, such as siblings in a house. And a place may be for one **kind** of people a night, such as a bedroom for
one gender: each person of the kind that is fewer there costs something that night.

These are what public instances of hospital wards ask as well (`benchmarks/pas`), and asked before houses did: rooms of
one gender a night (kinds), and that whoever is moved is moved for a reason (a way of several spans costs its moves).
Ages that do not go together are no kind, since three may be apart by pairs: so people are apart, place by place. So
are young people in a unit of one gender a night: not all of them have stated one, of three, and none may be mixed at
any cost (`chains_tonight.apart`).

The solvers are `nights_linear` (the bound) and `nights_search` (the plan). Nothing here knows what a bed is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.network import Ints

PLENTY = 2**40
"""So many nights or places are never used up."""


class Span(NamedTuple):
    """A place and half-open nights, counted from the first of the plan."""

    place: int
    first: int
    until: int


@dataclass(frozen=True, eq=False)
class Ways:
    """What each person could do.

    Attributes
    ----------
    person, cost : int64[ways]
        Whose it is, and what it costs: 0 or more, below 2**40 in sum.
    start : int64[ways + 1]
        The spans of way w are those from `start[w]` to `start[w + 1]`.
    place, first, until : int64[spans]
        As of a `Span`; none is empty, and no way has two at one place on one night.
    """

    person: Ints
    cost: Ints
    start: Ints
    place: Ints
    first: Ints
    until: Ints

    @cached_property
    def way(self) -> Ints:
        """The way of each span."""
        return np.repeat(np.arange(len(self.person)), np.diff(self.start))

    def by_person(self, people: int) -> list[Ints]:
        """The ways of each of so many people."""
        ends = np.cumsum(np.bincount(self.person, minlength=people))
        return np.split(np.argsort(self.person, kind="stable"), ends[:-1])

    def spans(self, way: int) -> list[Span]:
        """The spans of one way."""
        rows = slice(self.start[way], self.start[way + 1])
        return [
            Span(*row) for row in zip(*(of[rows].tolist() for of in (self.place, self.first, self.until)), strict=True)
        ]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, Sequence[Span]]]) -> "Ways":
        """From a list of person, cost and spans."""
        spans = np.array([span for _, _, own in rows for span in own], np.int64).reshape(-1, 3)
        start = np.concatenate(([0], np.cumsum([len(own) for _, _, own in rows], dtype=np.int64)))
        person, cost = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
        return cls(person, cost, start, *spans.T)


@dataclass(frozen=True, eq=False)
class Places:
    """What there is room for.

    Attributes
    ----------
    room : int64[places, nights]
        How many may be there on each night.
    total : int64[places]
        How many nights in all, of everybody together; `PLENTY` where none is set.
    mixed : int64[places]
        What each person of the fewer kind costs on a night; 0 where kinds do not matter.
    """

    room: Ints
    total: Ints
    mixed: Ints


class Segment(NamedTuple):
    """Nights of a place `[first, until)` on which the same ways would be there, `room` the least of them."""

    place: int
    first: int
    until: int
    room: int
    ways: Ints


@dataclass(frozen=True, eq=False)
class Nights:
    """What is chosen from.

    Attributes
    ----------
    kind : int64[people]
        0 or 1.
    apart : int64[pairs, 3]
        Two people and a place where they are never both on a night.
    together : int64[rows, 5]
        Two people, a place and half-open nights: on these the first is there only where the second is there too.
    """

    kind: Ints
    places: Places
    ways: Ways
    apart: Ints
    together: Ints = field(default_factory=lambda: np.empty((0, 5), np.int64))

    @cached_property
    def kept_apart(self) -> dict[int, list[tuple[int, int]]]:
        """For each person those whom she or he is never with, each with the place."""
        found: dict[int, list[tuple[int, int]]] = {one: [] for one in range(len(self.kind))}
        for one, other, place in self.apart.tolist():
            found[one].append((other, place))
            found[other].append((one, place))
        return found

    def used(self, ways: Ints) -> Ints:
        """How many of each kind are where on which night: int64[2, places, nights]."""
        spans = np.flatnonzero(np.isin(self.ways.way, ways))
        kind = self.kind[self.ways.person[self.ways.way[spans]]]
        steps = np.zeros((2, len(self.places.room), self.places.room.shape[1] + 1), np.int64)
        np.add.at(steps, (kind, self.ways.place[spans], self.ways.first[spans]), 1)
        np.add.at(steps, (kind, self.ways.place[spans], self.ways.until[spans]), -1)
        return np.cumsum(steps, axis=2)[:, :, :-1]

    def cost(self, chosen: Ints) -> int:
        """What a plan costs, the mixing of kinds included; one way for each person."""
        mixed = np.flatnonzero(self.places.mixed)
        fewer = self.used(chosen)[:, mixed].min(axis=0).sum(axis=1)
        return int(self.ways.cost[chosen].sum() + fewer @ self.places.mixed[mixed])

    def faults(self, chosen: Ints) -> list[str]:
        """What a plan breaks, in words with the numbers of people, places and nights; nothing where it may be."""
        return list(self._faults(chosen))

    def _faults(self, chosen: Ints) -> Iterator[str]:
        if not np.array_equal(self.ways.person[chosen], np.arange(len(self.kind))):
            yield "not one way for each person"
            return
        used = self.used(chosen).sum(axis=0)
        for place, night in np.argwhere(used > self.places.room).tolist():
            room = self.places.room[place, night]
            yield f"place {place}: {used[place, night]} on night {night}, with room for {room}"
        for place in np.flatnonzero(used.sum(axis=1) > self.places.total).tolist():
            yield f"place {place}: {used[place].sum()} nights in all, of {self.places.total[place]}"
        for one, other, place in self.apart.tolist():
            both = self._there(chosen[one], place) & self._there(chosen[other], place)
            for night in np.flatnonzero(both).tolist():
                yield f"{one} and {other} both at place {place} on night {night}"
        for one, other, place, first, until in self.together.tolist():
            alone = self._there(chosen[one], place) & ~self._there(chosen[other], place)
            for night in np.flatnonzero(alone[first:until]).tolist():
                yield f"{one} without {other} at place {place} on night {first + night}"

    def _there(self, way: int, place: int) -> NDArray[np.bool_]:
        found = np.zeros(self.places.room.shape[1], np.bool_)
        for span in self.ways.spans(way):
            if span.place == place:
                found[span.first : span.until] = True
        return found


def segments(ways: Ways, among: Ints, room: Ints, also: Sequence[int] = ()) -> Iterator[Segment]:
    """Where ways meet: for each place with any of them, the stretches of nights on which the same ones are there.

    Parameters
    ----------
    ways : Ways
    among : int64[some]
        The ways that are looked at, in rising order.
    room : int64[places, nights]
    also : sequence of int
        Places of which each night is a stretch of its own.
    """
    spans = np.flatnonzero(np.isin(ways.way, among))
    spans = spans[np.argsort(ways.place[spans], kind="stable")]
    single = frozenset(also)
    for own in np.split(spans, np.flatnonzero(np.diff(ways.place[spans])) + 1) if len(spans) else ():
        place = int(ways.place[own[0]])
        first, until = ways.first[own], ways.until[own]
        edges = (
            np.arange(first.min(), until.max() + 1) if place in single else np.unique(np.concatenate((first, until)))
        )
        least = np.minimum.reduceat(room[place, : edges[-1]], edges[:-1])
        there = (first[:, None] <= edges[:-1]) & (until[:, None] > edges[:-1])
        for at in np.flatnonzero(there.any(axis=0)).tolist():
            yield Segment(place, int(edges[at]), int(edges[at + 1]), int(least[at]), ways.way[own[there[:, at]]])
