"""Invented years of one network: who needs a bed on which night, where by all rules, for how many paid nights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from benchmarks.networks import AS_OF, network
from matching.census import Census
from matching.codec import decode
from matching.network import COST_LIMIT, Floats, Ints
from matching.value import DEFAULT_POLICY
from matching.waiting import network_tonight, waiting_tonight

NIGHTS = 365
PEOPLE = 3_000
"""Invented young people of one network, from whom those of a year are drawn."""
NOBODY = -1
Charge = Callable[[Ints, Ints], Floats]
"""What is charged beside the own terms, from the beds free in each unit and the paid nights in each."""


@dataclass(frozen=True)
class Year:
    """Who came on which night, with cost and paid nights in each unit; 2**20 where a unit is no option."""

    units: tuple[str, ...]
    beds: Ints
    night: Ints
    cost: Ints
    nights: Ints


@dataclass(frozen=True)
class Lived:
    """Where each of a year went, or NOBODY, and which beds were free on each evening."""

    unit: Ints
    free: Ints


def years(houses: int, load: float, seed: int, count: int = 2) -> list[Year]:
    """Years of one network; a load of 1 asks, where each is placed best, for as many nights as there are."""
    units, beds, cost, nights = _people(houses, seed)
    best = nights[np.arange(len(cost)), cost.argmin(axis=1)].mean()
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        who = random.integers(0, len(cost), random.poisson(NIGHTS * load * beds.sum() / best))
        night = np.sort(random.integers(0, NIGHTS, len(who)))
        found.append(Year(units, beds, night, cost[who], nights[who]))
    return found


def _people(houses: int, seed: int) -> tuple[tuple[str, ...], Ints, Ints, Ints]:
    """What the rules leave of a network whose beds are all free and just confirmed: the cheapest payer of each unit."""
    document = network(houses, PEOPLE, seed, states=1)
    for house in document["facilities"]:
        house["residents"] = []
        for bed in (bed for unit in house["units"] for bed in unit["beds"]):
            bed |= {"status": "open", "confirmed_at": AS_OF}
    census = Census(decode(document))
    found = network_tonight(census, waiting_tonight(census), DEFAULT_POLICY, {})
    whole = found.network
    shape = (len(whole.minors), len(whole.unit_beds))
    cost, nights = np.full(shape, COST_LIMIT), np.zeros(shape, np.int64)
    order = np.argsort(-whole.pair_cost, kind="stable")  # the cheapest comes last, and stays
    at = (whole.pair_minor[order], whole.pair_unit[order])
    cost[at], nights[at] = whole.pair_cost[order], np.array(found.nights)[order]
    some = (cost < COST_LIMIT).any(axis=1)
    names = dict(zip(whole.contract_unit.tolist(), whole.contracts, strict=True))
    units = tuple(names[unit].split("\x1f")[0] for unit in range(shape[1]))
    return units, whole.unit_beds, cost[some], np.maximum(1, nights[some])


def live(year: Year, charge: Charge) -> Lived:
    """Place everyone on arrival at the least cost that is free, with what is charged; who finds none goes elsewhere."""
    free, chosen = year.beds.copy(), np.full(len(year.night), NOBODY)
    evenings = np.zeros((NIGHTS, len(free)), np.int64)
    leaving = np.zeros((NIGHTS + year.nights.max() + 1, len(free)), np.int64)
    coming = np.searchsorted(year.night, np.arange(NIGHTS + 1))
    for night in range(NIGHTS):
        free += leaving[night]
        evenings[night] = free
        for one in range(coming[night], coming[night + 1]):
            charged = year.cost[one] + charge(free, year.nights[one])
            charged[(year.cost[one] >= COST_LIMIT) | (free == 0)] = np.inf
            unit = int(charged.argmin())
            if np.isfinite(charged[unit]):
                chosen[one] = unit
                free[unit] -= 1
                leaving[night + year.nights[one, unit], unit] += 1
    return Lived(chosen, evenings)


def worth(year: Year, lived: Lived) -> int:
    """What a year was worth: for each who was placed, what she or he is better off than unplaced, in units of cost."""
    placed = np.flatnonzero(lived.unit != NOBODY)
    return int((COST_LIMIT - year.cost[placed, lived.unit[placed]]).sum())


def hindsight(year: Year) -> float:
    """What no plan that knows the whole year could exceed: its linear bound, a bed used by one on any night."""
    row, unit = np.nonzero(year.cost < COST_LIMIT)
    stay = year.nights[row, unit]
    pair = np.repeat(np.arange(len(row)), stay)
    night = np.repeat(year.night[row], stay) + np.arange(stay.sum()) - np.repeat(np.cumsum(stay) - stay, stay)
    last = int(night.max()) + 1
    ends = np.concatenate((row, len(year.night) + unit[pair] * last + night))
    pairs = np.concatenate((np.arange(len(row)), pair))
    shape = (len(year.night) + len(year.beds) * last, len(row))
    matrix = csr_array((np.ones(len(ends)), (ends, pairs)), shape=shape)
    most: Floats = np.concatenate((np.ones(len(year.night)), np.repeat(year.beds, last).astype(np.float64)))
    used = np.flatnonzero(np.diff(matrix.indptr))
    aim = year.cost[row, unit] - COST_LIMIT
    rows = LinearConstraint(matrix[used], -np.inf, most[used])
    found = milp(aim.astype(np.float64), bounds=Bounds(0, 1), constraints=rows)  # nothing need be whole
    if found.fun is None or found.status != 0:
        raise ArithmeticError(found.message)
    return -float(found.fun)
