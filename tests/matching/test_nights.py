"""Everybody's stays over nights against every plan there is: room, totals, kinds, who is apart, together, the bound."""

from collections.abc import Sequence
from itertools import combinations, permutations, product
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from matching import nights_search
from matching.nights import PLENTY, Nights, Places, Span, Ways
from matching.nights_begin import NoPlan
from matching.nights_kinds import BOTH, kinds, settled
from matching.nights_linear import Bound, linear_bound
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
    for at in range(200):
        state.try_one(50.0 if at % 2 else 2.0)
        assert state.cost == free.cost(np.array(state.chosen))
    for person, own in enumerate(free.ways.by_person(PEOPLE)):
        for way in own.tolist():
            other = np.array([*state.chosen[:person], way, *state.chosen[person + 1 :]], np.int64)
            assert state.more(person, way) == free.cost(other) - state.cost
    freely = moved(free, linear_bound(free), begin, lambda tried: tried / 4000)
    assert free.cost(freely) == min(every_plan(free))[0]


@pytest.mark.parametrize("seed", range(times(25)))
def test_everybody_moves_as_is_best_with_kinds_as_they_are(seed: int) -> None:
    some, draw = small(seed), Random(seed)  # noqa: S311 - an example, not a secret
    nights = some if seed % 5 == 0 else Nights(some.kind, some.places, some.ways, _rows([], 3))
    bound, plans = linear_bound(nights), every_plan(nights)
    for cost, chosen in draw.sample(plans, min(6, len(plans))):
        plan = np.array(chosen, np.int64)
        found = settled(nights, bound, plan)
        assert nights.faults(found) == []
        assert nights.cost(found) <= cost
        if cost == nights.ways.cost[plan].sum():  # where kinds are not mixed they are not after it
            could = [other for other, ways in plans if all(map(_could(nights, bound, plan).__contains__, ways))]
            assert nights.cost(found) == min(could)
        saw("plans of stays over nights with kinds as they are, against every plan", 1)


def _could(nights: Nights, bound: Bound, plan: NDArray[np.int64]) -> set[int]:
    """The ways that may be looked at with the kinds of a plan: counted night by night."""
    tied = {*nights.apart[:, :2].ravel().tolist(), *nights.together[:, :2].ravel().tolist()}
    found, most = set(plan.tolist()), bound.excess[plan].max()
    for way, person in enumerate(nights.ways.person.tolist()):
        slept = [(span.place, night) for span in nights.ways.spans(way) for night in range(span.first, span.until)]
        kind = int(nights.kind[person])
        fits = all(_kind_there(nights, plan, *where) in (kind, BOTH) for where in slept)
        if fits and person not in tied and bound.excess[way] <= most:
            found.add(way)
    return found


def _kind_there(nights: Nights, plan: NDArray[np.int64], place: int, night: int) -> int:
    if not nights.places.mixed[place]:
        return BOTH
    used = nights.used(plan)[:, place]
    for other in (*range(night, -1, -1), *range(night, NIGHTS)):
        if used[:, other].any():
            return int(used[1, other] > used[0, other])
    return 0


def test_a_place_where_nobody_is_is_for_the_kind_of_the_night_before_else_after() -> None:
    rows = [(0, 0, [Span(0, 1, 2)]), (1, 0, [Span(0, 3, 4)]), (2, 0, [Span(1, 0, 1)]), (3, 0, [Span(1, 0, 1)])]
    places = Places(np.full((3, 5), 2), np.full(3, PLENTY), np.array([5, 5, 0]))
    nights = Nights(np.array([1, 0, 1, 0]), places, Ways.of(rows), np.empty((0, 3), np.int64))
    assert kinds(nights, np.arange(4)).tolist() == [[1, 1, 1, 0, 0], [0] * 5, [BOTH] * 5]


def test_whoever_is_to_be_apart_or_together_stays_where_she_or_he_is() -> None:
    rows = [(person, 9 * (place == 0), [Span(place, 0, 1)]) for person in range(3) for place in range(2)]
    places = Places(np.full((2, 1), 3), np.full(2, PLENTY), np.zeros(2, np.int64))
    apart, together = np.array([[0, 1, 1]]), np.array([[0, 1, 1, 0, 1]])
    for ties, best in (((apart,), [0, 2, 5]), ((_rows([], 3), together), [0, 2, 5]), ((_rows([], 3),), [1, 3, 5])):
        nights = Nights(np.zeros(3, np.int64), places, Ways.of(rows), *ties)
        assert settled(nights, linear_bound(nights), np.array([0, 2, 4])).tolist() == best


def test_everybody_moves_at_once_between_parts_of_a_large_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights_search, "AT_ONCE", 0)
    monkeypatch.setattr(nights_search, "SETTLING", 1)
    seen: list[str] = []
    for seed in range(4):
        nights = small(seed)
        found = search(nights, parts=4, progress=seen.append)
        assert nights.faults(found.chosen) == []
        assert nights.cost(found.chosen) == found.cost >= min(every_plan(nights))[0]
    assert sum("with kinds as they are" in line for line in seen) == 4


def test_no_time_is_no_move() -> None:
    nights = small(1)
    begin = np.flatnonzero(np.diff(nights.ways.start) == 0)
    assert settled(nights, linear_bound(nights), begin, 0.0) is begin


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
