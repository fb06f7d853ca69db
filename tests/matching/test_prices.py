"""Prices: against the optimum by trying everything, against another solver, and what is learnt of a made-up past."""

from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from matching.facts import Prices, UnitPrices
from matching.network import Floats
from matching.prices import LEFT_OUT, MOST_ARRIVALS, WINDOW, History, by_free, learn, shadow
from tests.proofs import saw, times

Allowed = NDArray[np.bool_]
ON = date(2026, 11, 21)
TRIES = 40


def best(value: Floats, capacity: list[int], allowed: Allowed) -> float:
    """The most that arrivals of size 1 can be worth, by trying every way to place each or none."""
    arrivals, places = value.shape
    found = 0.0
    for chosen in product(range(-1, places), repeat=arrivals):
        used = [chosen.count(place) for place in range(places)]
        if all(one <= most for one, most in zip(used, capacity, strict=True)):
            pairs = [(row, place) for row, place in enumerate(chosen) if place >= 0]
            if all(allowed[pair] for pair in pairs):
                found = max(found, sum(value[pair] for pair in pairs))
    return found


def relaxed(value: Floats, size: Floats, capacity: Floats, allowed: Allowed) -> float:
    """The same in parts and for any size, by another solver over every pair."""
    arrivals, places = value.shape
    once, uses = np.kron(np.eye(arrivals), np.ones(places)), np.zeros((places, arrivals * places))
    for place in range(places):
        uses[place, place::places] = size[:, place]
    bounds = [(0, float(may)) for may in allowed.ravel()]
    found = linprog(
        -value.ravel(), A_ub=np.vstack((once, uses)), b_ub=np.concatenate((np.ones(arrivals), capacity)), bounds=bounds
    )
    assert found.fun is not None
    return -float(found.fun)


@pytest.mark.parametrize("part", range(2))
def test_a_price_lies_between_what_one_more_adds_and_what_one_fewer_takes(part: int) -> None:
    exact = 0
    for seed in range(part * times(TRIES), (part + 1) * times(TRIES)):
        draw = np.random.default_rng(seed)
        arrivals, places = int(draw.integers(1, 5)), int(draw.integers(1, 4))
        value = draw.integers(0, 30, (arrivals, places)).astype(float)
        allowed = draw.random((arrivals, places)) < 0.7
        capacity = draw.integers(1, 3, places).tolist()
        found, total = shadow(value, np.ones(arrivals), capacity, allowed), best(value, capacity, allowed)
        assert found.total == pytest.approx(total)
        for place in range(places):
            more, fewer = capacity.copy(), capacity.copy()
            more[place] += 1
            fewer[place] -= 1
            low, high = best(value, more, allowed) - total, total - best(value, fewer, allowed)
            assert low - 1e-6 <= found.price[place] <= high + 1e-6
            exact += low == high
        saw("plans over arrivals whose prices are held against every way", 1)
    assert exact


@pytest.mark.parametrize("part", range(2))
def test_prices_of_any_sizes_bound_what_any_capacities_could_give(part: int) -> None:
    for seed in range(part * times(TRIES), (part + 1) * times(TRIES)):
        draw = np.random.default_rng(seed)
        shape = (int(draw.integers(1, 12)), int(draw.integers(1, 5)))
        value, size = draw.random(shape) * 9, draw.integers(1, 6, shape).astype(float)
        allowed, capacity = draw.random(shape) < 0.6, draw.random(shape[1]) * 10
        found = shadow(value, size, capacity, allowed)
        assert found.total == pytest.approx(relaxed(value, size, capacity, allowed))
        assert found.total == pytest.approx(found.price @ capacity + found.surplus.sum())
        assert np.all(value - size * found.price <= found.surplus[:, None] + 1e-6, where=allowed)
        for _ in range(3):
            other = draw.random(shape[1]) * 12
            assert relaxed(value, size, other, allowed) <= found.total + found.price @ (other - capacity) + 1e-6


def test_a_size_may_belong_to_the_arrival() -> None:
    value, allowed = [[6.0], [5.0]], [[True], [True]]
    assert shadow(value, [2, 1], [2], allowed).price == pytest.approx([3.0])
    assert shadow(value, [[2], [1]], [2], allowed).total == pytest.approx(8.0)


def test_nobody_or_nowhere_prices_nothing() -> None:
    none = shadow(np.zeros((0, 2)), np.zeros(0), [1, 1], np.zeros((0, 2), bool))
    assert (none.price.tolist(), none.total) == ([0, 0], 0)
    assert shadow([[3.0]], [1], [0], [[False]]).surplus.tolist() == [0]


@pytest.mark.parametrize(
    ("value", "size", "capacity", "allowed"),
    [
        ([3.0], [1], [1], [True]),
        ([[3.0]], [1], [1, 1], [[True]]),
        ([[3.0]], [1], [1], [[True, True]]),
        ([[3.0]], [1, 1], [1], [[True]]),
        ([[-3.0]], [1], [1], [[True]]),
        ([[3.0]], [-1], [1], [[True]]),
        ([[3.0]], [1], [float("nan")], [[True]]),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    value: list[list[float]], size: list[int], capacity: list[float], allowed: list[list[bool]]
) -> None:
    with pytest.raises(ValueError, match=r"shape|size|below 0"):
        shadow(value, size, capacity, allowed)


# What is learnt.


def past(nights: int = 2 * WINDOW, every: int = 2, free: int = 1) -> History:
    """One bed that everybody could have and one that only half could; arrivals evenly spread, 30 nights each."""
    night = np.repeat(np.arange(0, nights, every), 2)
    either = np.arange(len(night)) % 2 == 0
    allowed = np.column_stack((np.ones(len(night), bool), either))
    return History(
        units=("unit_any", "unit_some"),
        beds=np.array([2, 2]),
        free=np.full((nights, 2), free),
        night=night,
        cost=np.where(allowed, 0, LEFT_OUT),
        nights=np.where(allowed, 30, 0),
        allowed=allowed,
    )


def test_a_bed_for_which_many_wait_is_worth_what_its_nights_would_have_saved() -> None:
    found = learn(past(), ON)
    assert (found.nights, found.referrals, found.learnt_on) == (2 * WINDOW, 2 * WINDOW, ON)
    assert found.of("unit_any", 1) == found.of("unit_some", 1) == LEFT_OUT // 30


def test_a_bed_that_nobody_will_lack_is_worth_nothing() -> None:
    found = learn(past(every=40), ON)
    assert [row.by_free for row in found.units] == [(0, 0), (0, 0)]


def test_a_past_shorter_than_what_a_plan_looks_at_teaches_nothing() -> None:
    assert learn(past(WINDOW - 1), ON).of("unit_any", 1) == 0
    assert learn(past(WINDOW), ON).of("unit_any", 1) == LEFT_OUT // 30


def test_many_arrivals_stand_for_more() -> None:
    many, few = past(every=2), past(every=2)
    copies = 2 * MOST_ARRIVALS // WINDOW
    rows = np.repeat(np.arange(len(many.night)), copies)
    many = replace(
        many, beds=many.beds * copies, free=many.free * copies, **{n: getattr(many, n)[rows] for n in BY_ARRIVAL}
    )
    few_price, many_price = learn(few, ON).of("unit_any", 1), learn(many, ON).of("unit_any", copies)
    assert few_price == many_price == LEFT_OUT // 30


BY_ARRIVAL = ("night", "cost", "nights", "allowed")


def test_a_unit_without_a_bed_has_no_price() -> None:
    found = learn(replace(past(), beds=np.array([2, 0])), ON)
    assert [row.unit for row in found.units] == ["unit_any"]
    assert found.of("unit_some", 1) is None


def test_the_hash_is_of_everything_that_was_learnt_from() -> None:
    whole = past()
    first = learn(whole, ON).history_sha256
    assert learn(past(), ON).history_sha256 == first
    for name in ("free", *BY_ARRIVAL):
        other = getattr(whole, name).copy()
        other[0] = ~other[0] if name == "allowed" else other[0] + 1
        assert learn(replace(whole, **{name: other}), ON).history_sha256 != first
    assert learn(replace(whole, units=("unit_any", "unit_b")), ON).history_sha256 != first


@pytest.mark.parametrize(
    ("seen", "prices"),
    [
        ([], (0, 0, 0, 0)),
        ([(2, 8.0)], (8, 8, 8, 8)),
        ([(0, 9.0), (1, 5.0), (3, 2.9)], (7, 7, 2, 2)),
        ([(1, 2.0), (2, 6.0), (4, 1.0)], (4, 4, 4, 1)),
        ([(1, 1.0), (2, 2.0), (2, 2.0), (3, 10.0), (4, 0.0)], (3, 3, 3, 0)),
        ([(4, 3.0), (4, 5.0)], (4, 4, 4, 4)),
    ],
)
def test_prices_fall_as_more_beds_are_free(seen: list[tuple[int, float]], prices: tuple[int, ...]) -> None:
    assert by_free(seen, 4) == prices


def test_a_price_is_that_of_as_many_as_are_free() -> None:
    found = Prices(ON, 90, 1, "x", (UnitPrices("unit_a", (9, 4)), UnitPrices("unit_b", (7,))))
    assert [found.of("unit_a", free) for free in range(4)] == [9, 9, 4, 4]
    assert found.of("unit_z", 1) is None
