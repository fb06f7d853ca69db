"""A part of everybody's stays solved anew by CP-SAT, all others staying where they are."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from matching.network import Ints
from matching.nights import PLENTY, Nights, segments

_Span = tuple[int, int, int]
"""A way, and half-open nights that it is at a place."""


class Part(NamedTuple):
    """What was found: a way for each person of the part, and whether there is no better one."""

    chosen: Ints
    proved: bool


class Others(NamedTuple):
    """What those who stay where they are leave of the room, and of the totals, and how many of each kind are where."""

    room: Ints
    total: Ints
    used: Ints


def others_of(nights: Nights, chosen: Ints, people: Ints) -> Others:
    """Everybody but these people, as they are in a plan."""
    used = nights.used(np.delete(chosen, people))
    both = used.sum(axis=0)
    return Others(nights.places.room - both, nights.places.total - both.sum(axis=1), used)


def fitting(nights: Nights, among: Ints, others: Others) -> Ints:
    """Those of some ways for which the others leave room on each night."""
    full = np.zeros((others.room.shape[0], others.room.shape[1] + 1), np.int64)
    np.cumsum(others.room <= 0, axis=1, out=full[:, 1:])
    ways = nights.ways
    spans = np.flatnonzero(np.isin(ways.way, among))
    shut = full[ways.place[spans], ways.until[spans]] > full[ways.place[spans], ways.first[spans]]
    return np.setdiff1d(among, ways.way[spans[shut]])


def solve_part(
    nights: Nights,
    chosen: Ints,
    people: Ints,
    among: Ints,
    others: Others,
    work: float,
    *,
    mixing: bool = True,
    seed: int = 1,
) -> Part | None:
    """Find the best ways for some people, the others staying as they are in a plan.

    Parameters
    ----------
    nights : Nights
    chosen : int64[people of nights]
        A plan: what the solver begins with.
    people : int64[some]
        Whose ways are chosen anew, in rising order.
    among : int64[ways]
        The ways that are looked at, in rising order; those now taken among them.
    others : Others
    work : float
        How much is looked at, in the solver's own measure, the same on every machine.
    mixing : bool
        Whether kinds may be mixed where they are not now: false is soon solved, and proves nothing then.
    seed : int
        Where the solver begins.

    Returns
    -------
    Part or None
        None where nothing was found with so much work.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    asked = _Asked(model, nights, among, others, nights.used(chosen).min(axis=0) + mixing)
    asked.add_people(people)
    asked.add_rooms()
    asked.add_totals()
    asked.add_apart(chosen, people)
    asked.add_together(chosen, people)
    for way, take in asked.take.items():
        model.add_hint(take, way in chosen)
    model.minimize(cp_model.LinearExpr.weighted_sum(asked.costly, asked.costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    taken = [way for way, take in asked.take.items() if solver.boolean_value(take)]
    return Part(np.array(taken, np.int64), status == cp_model.OPTIMAL)


class _Asked:
    """The program as the solver is asked it."""

    def __init__(self, model: Any, nights: Nights, among: Ints, others: Others, mixed: Ints) -> None:
        self.model, self.nights, self.among, self.others, self.mixed = model, nights, among, others, mixed
        self.take: dict[int, Any] = {way: model.new_bool_var("") for way in among.tolist()}
        self.costly: list[Any] = list(self.take.values())
        self.costs: list[int] = nights.ways.cost[among].tolist()

    def add_people(self, people: Ints) -> None:
        """One way for each."""
        person = self.nights.ways.person[self.among]
        for one in people.tolist():
            self.model.add_exactly_one(self.take[way] for way in self.among[person == one].tolist())

    def add_rooms(self) -> None:
        """No place too full, and the fewer of a kind charged where kinds matter."""
        ways, mixed = self.nights.ways, self.nights.places.mixed
        kind = self.nights.kind[ways.person]
        for row in segments(ways, self.among, self.others.room, np.flatnonzero(mixed).tolist()):
            if len(np.unique(ways.person[row.ways])) > row.room:
                self.model.add(sum(self.take[way] for way in row.ways.tolist()) <= row.room)
            if mixed[row.place]:
                self._add_kinds(row.place, row.first, [row.ways[kind[row.ways] == one] for one in (0, 1)])

    def _add_kinds(self, place: int, night: int, of_kind: list[Ints]) -> None:
        """Each of the fewer kind on a night costs; where kinds are not mixed and may not be, none comes to another."""
        there = self.others.used[:, place, night].tolist()
        could = [there[at] + len(np.unique(self.nights.ways.person[of_kind[at]])) for at in (0, 1)]
        room = int(self.nights.places.room[place, night])
        if room < 2 or not all(could):
            return
        first = self.model.new_bool_var("")
        if not self.mixed[place, night]:
            for at, here in ((0, first), (1, first.negated())):
                for way in of_kind[at].tolist():
                    self.model.add_implication(self.take[way], here)
                if there[at]:
                    self.model.add_bool_or(here)
            return
        most = min(*could, room // 2)
        fewer = self.model.new_int_var(0, most, "")
        for at, here in ((0, first), (1, 1 - first)):
            count = sum(self.take[way] for way in of_kind[at].tolist()) + there[at]
            self.model.add(count <= min(could[at], room) * here + fewer)
        self.costly.append(fewer)
        self.costs.append(int(self.nights.places.mixed[place]))

    def add_totals(self) -> None:
        """No place with more nights in all than it has."""
        ways = self.nights.ways
        for place in np.flatnonzero(self.nights.places.total < PLENTY).tolist():
            spans = np.flatnonzero((ways.place == place) & np.isin(ways.way, self.among))
            takes = [self.take[way] for way in ways.way[spans].tolist()]
            long = (ways.until - ways.first)[spans].tolist()
            if takes:
                used = sum(nights * take for nights, take in zip(long, takes, strict=True))
                self.model.add(used <= int(self.others.total[place]))

    def add_apart(self, chosen: Ints, people: Ints) -> None:
        """Nobody at a place on a night with somebody to be kept from."""
        moved = set(people.tolist())
        spans = self._spans(chosen, people) if len(self.nights.apart) else {}
        for one, other, place in self.nights.apart.tolist():
            if one in moved or other in moved:
                for left, right in _meeting(spans.get((one, place), []), spans.get((other, place), [])):
                    self.model.add_bool_or(*(self.take[way].negated() for way in (left, right) if way in self.take))

    def add_together(self, chosen: Ints, people: Ints) -> None:
        """Nobody at a place without whom she or he may be there only with."""
        moved = set(people.tolist())
        spans = self._spans(chosen, people) if len(self.nights.together) else {}
        for one, other, place, first, until in self.nights.together.tolist():
            if one in moved or other in moved:
                both = [spans.get((person, place), []) for person in (one, other)]
                edges = {max(first, min(until, edge)) for own in both for _, *ends in own for edge in ends}
                for night in sorted(edges - {until}):
                    here, beside = ([way for way, begins, ends in own if begins <= night < ends] for own in both)
                    if here:
                        self.model.add(sum(map(self._taken, here)) <= sum(map(self._taken, beside)))

    def _taken(self, way: int) -> Any:
        """Whether a way is taken: asked, or known of those who stay where they are."""
        return self.take.get(way, 1)

    def _spans(self, chosen: Ints, people: Ints) -> dict[tuple[int, int], list[_Span]]:
        """By person and place the ways that are looked at, or taken by those who stay where they are."""
        found: dict[tuple[int, int], list[_Span]] = defaultdict(list)
        for way in (*self.among.tolist(), *np.delete(chosen, people).tolist()):
            for place, first, until in self.nights.ways.spans(way):
                found[int(self.nights.ways.person[way]), place].append((way, first, until))
        return found


def _meeting(one: list[_Span], other: list[_Span]) -> Iterator[tuple[int, int]]:
    """The ways of two people that are at the place on the same night."""
    for left, first, until in one:
        for right, begins, ends in other:
            if first < ends and begins < until:
                yield left, right
