"""Everybody's stays over nights against every plan there is: room, totals, kinds, who is apart, together, the bound."""

from collections.abc import Sequence
from itertools import combinations, permutations, product
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from matching.nights import PLENTY, Nights, Places, Span, Ways
from matching.nights_begin import NoPlan
from matching.nights_linear import linear_bound
from matching.nights_moves import Moves, moved
from matching.nights_part import fitting, others_of, solve_part
from matching.nights_search import search
from tests.proofs import saw, times

PEOPLE, PLACES, NIGHTS = 4, 3, 5
ENOUGH = 100.0


def small(seed: int) -> Nights:
    """A few people, each with a way that takes nothing at a high cost and some others."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    rows: list[tuple[int, int, list[Span]]] = []
    for person in range(PEOPLE):
        rows.append((person, 60, []))
        for _ in range(draw.randint(1, 4)):
            rows.append((person, draw.randint(0, 50), _spans(draw)))
    places = Places(
        room=np.array([[draw.randint(0, 2) for _ in range(NIGHTS)] for _ in range(PLACES)], np.int64),
        total=np.array([draw.choice((PLENTY, draw.randint(1, 5))) for _ in range(PLACES)], np.int64),
        mixed=np.array([draw.choice((0, 7, 40)) for _ in range(PLACES)], np.int64),
    )
    kind = np.array([draw.randint(0, 1) for _ in range(PEOPLE)], np.int64)
    triples = product(combinations(range(PEOPLE), 2), range(PLACES))
    apart = [(*pair, place) for pair, place in triples if draw.random() < 0.3]
    together = [
        (one, other, place, first := draw.randrange(NIGHTS), draw.randint(first + 1, NIGHTS))
        for (one, other), place in product(permutations(range(PEOPLE), 2), range(PLACES))
        if draw.random() < 0.1
    ]
    ways = Ways.of(rows)
    return Nights(kind, places, ways, _rows(apart, 3), _rows(together, 5))


def _rows(rows: Sequence[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, width)


def _spans(draw: Random) -> list[Span]:
    """One or two stays, each at one or two places."""
    spans, night = [], 0
    for _ in range(draw.randint(1, 2)):
        if night < NIGHTS:
            first = draw.randrange(night, NIGHTS)
            until = draw.randint(first + 1, NIGHTS)
            spans += [Span(place, first, until) for place in draw.sample(range(PLACES), draw.randint(1, 2))]
            night = until
    return spans


def every_plan(nights: Nights) -> list[tuple[int, tuple[int, ...]]]:
    """Every plan that may be, with its cost: counted night by night from the spans."""
    own = [np.flatnonzero(nights.ways.person == person).tolist() for person in range(len(nights.kind))]
    found = []
    for chosen in product(*own):
        there: dict[tuple[int, int], list[int]] = {}
        for person, way in enumerate(chosen):
            for place, first, until in nights.ways.spans(way):
                for night in range(first, until):
                    there.setdefault((place, night), []).append(person)
        if _may(nights, there):
            mixed = nights.places.mixed.tolist()
            fewer = sum(
                mixed[place] * min(sum(nights.kind[people].tolist()), len(people) - sum(nights.kind[people].tolist()))
                for (place, _), people in there.items()
            )
            found.append((int(nights.ways.cost[list(chosen)].sum()) + fewer, chosen))
    return found


def _may(nights: Nights, there: dict[tuple[int, int], list[int]]) -> bool:
    total = nights.places.total.tolist()
    for (place, night), people in there.items():
        total[place] -= len(people)
        if len(people) > int(nights.places.room[place, night]):
            return False
        if any({one, other} <= set(people) and place == where for one, other, where in nights.apart.tolist()):
            return False
        for one, other, where, first, until in nights.together.tolist():
            if place == where and first <= night < until and one in people and other not in people:
                return False
    return bool(min(total) >= 0)


@pytest.mark.parametrize("seed", range(times(25)))
def test_the_best_plan_is_found_and_the_bound_holds(seed: int) -> None:
    nights = small(seed)
    plans = every_plan(nights)
    best = min(plans)[0]
    people = np.arange(PEOPLE)
    begin = np.flatnonzero(np.diff(nights.ways.start) == 0)
    everything = np.arange(len(nights.ways.person))
    found = solve_part(nights, begin, people, everything, others_of(nights, begin, people), ENOUGH)
    assert found is not None
    assert found.proved
    assert nights.faults(found.chosen) == []
    assert nights.cost(found.chosen) == best
    assert linear_bound(nights).least <= best + 1e-6
    planned = search(nights, parts=12)
    assert nights.faults(planned.chosen) == []
    assert planned.bound <= best <= planned.cost == nights.cost(planned.chosen)
    assert planned.proof == "bounded" or planned.cost == best
    saw("plans of stays over nights, against every plan", 1)


@pytest.mark.parametrize("seed", range(times(8)))
def test_a_plan_is_faulted_just_where_it_may_not_be(seed: int) -> None:
    nights = small(seed)
    costs = {chosen: cost for cost, chosen in every_plan(nights)}
    own = [np.flatnonzero(nights.ways.person == person).tolist() for person in range(PEOPLE)]
    for chosen in product(*own):
        plan = np.array(chosen, np.int64)
        assert (nights.faults(plan) == []) is (chosen in costs)
        assert chosen not in costs or nights.cost(plan) == costs[chosen]


def test_excess_is_how_far_a_plan_with_the_way_is_above_the_bound() -> None:
    for seed in range(20):
        nights = small(seed)
        found = linear_bound(nights)
        for cost, chosen in every_plan(nights):
            assert cost >= found.least + found.excess[list(chosen)].max() - 1e-6


def test_others_stay_where_they_are() -> None:
    nights = small(3)
    begin = np.flatnonzero(np.diff(nights.ways.start) == 0)
    people = np.array([1, 2], np.int64)
    others = others_of(nights, begin, people)
    among = np.flatnonzero(np.isin(nights.ways.person, people))
    found = solve_part(nights, begin, people, among, others, ENOUGH)
    assert found is not None
    assert set(nights.ways.person[found.chosen].tolist()) == {1, 2}


def test_ways_without_room_are_left_out() -> None:
    room = np.array([[1, 0, 1]], np.int64)
    places = Places(room, np.array([PLENTY]), np.array([0]))
    ways = Ways.of([(0, 1, [Span(0, 0, 1)]), (0, 1, [Span(0, 0, 2)]), (0, 1, [Span(0, 2, 3)]), (0, 9, [])])
    nights = Nights(np.array([0]), places, ways, np.empty((0, 3), np.int64))
    nobody = others_of(nights, np.array([3]), np.array([0]))
    assert fitting(nights, np.arange(4), nobody).tolist() == [0, 2, 3]


def test_nobody_without_a_way_is_planned() -> None:
    places = Places(np.array([[0]], np.int64), np.array([PLENTY]), np.array([0]))
    nights = Nights(np.array([0]), places, Ways.of([(0, 1, [Span(0, 0, 1)])]), np.empty((0, 3), np.int64))
    with pytest.raises(NoPlan):
        search(nights, parts=1)


def test_it_is_said_when_to_stop() -> None:
    with pytest.raises(ValueError, match="neither"):
        search(small(1))


@pytest.mark.parametrize("seed", range(times(25)))
def test_small_moves_keep_everything_and_count_right(seed: int) -> None:
    nights = small(seed)
    begin = np.flatnonzero(np.diff(nights.ways.start) == 0)
    bound = linear_bound(nights)
    found = moved(nights, bound, begin, lambda tried: tried / 4000)
    assert nights.faults(found) == []
    assert min(every_plan(nights))[0] <= nights.cost(found) <= nights.cost(begin)
    tied = np.unique(nights.together[:, :2])
    assert np.array_equal(found[tied], begin[tied])
    free = Nights(nights.kind, nights.places, nights.ways, nights.apart)
    state = Moves(free, linear_bound(free), begin)
    for _ in range(200):
        state.try_one(50.0)
        assert state.cost == free.cost(np.array(state.chosen))
    freely = moved(free, linear_bound(free), begin, lambda tried: tried / 4000)
    assert free.cost(freely) == min(every_plan(free))[0]


def test_two_who_are_in_each_others_way_change_places() -> None:
    rows = [(person, 5 * (place != person), [Span(place, 0, 2)]) for person in range(2) for place in range(2)]
    places = Places(np.ones((2, 2), np.int64), np.full(2, PLENTY), np.zeros(2, np.int64))
    nights = Nights(np.zeros(2, np.int64), places, Ways.of(rows), np.empty((0, 3), np.int64))
    begin = np.array([1, 2])
    assert moved(nights, linear_bound(nights), begin, lambda tried: tried / 1000).tolist() == [0, 3]


def test_rooms_of_one_kind_a_night_are_not_mixed_for_little() -> None:
    """Two of one kind and one of the other want the same two beds: what mixing costs decides who goes elsewhere."""
    for mixed, best in ((3, 3), (40, 10)):
        rows = [(person, cost, [Span(place, 0, 1)]) for person in range(3) for place, cost in ((0, 0), (1, 10))]
        room = np.array([[3], [3]], np.int64)
        nights = Nights(
            np.array([0, 0, 1]),
            Places(room, np.full(2, PLENTY), np.array([mixed, 0])),
            Ways.of(rows),
            np.empty((0, 3), np.int64),
        )
        assert search(nights, parts=16).cost == best
