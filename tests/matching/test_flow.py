"""The plan is the best of all assignments, one, and the same under any order of rows."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from matching import flow
from matching import network as networks
from matching.network import Network, kept_pairs, prune
from tests.matching.assignments import PROOFS, Assignments, fields, random_network, shuffled, small_networks


def swap(costs: tuple[int, int, int, int] = (5, 5, 5, 5), tiers: tuple[int, int] = (2, 2), beds: int = 1) -> Network:
    """Two minors who may each go to either of two houses."""
    return Network(
        minors=("ref_a", "ref_b"),
        tier=np.array(tiers),
        pair_minor=np.array([0, 0, 1, 1]),
        pair_contract=np.array([0, 1, 0, 1]),
        pair_cost=np.array(costs),
        contracts=("con_x", "con_y"),
        contract_unit=np.array([0, 1]),
        unit_facility=np.array([0, 1]),
        contract_places=np.array([1, 1]),
        unit_beds=np.array([1, beds]),
        facility_places=np.array([1, 1]),
    )


def test_plan_is_the_best_of_all_assignments() -> None:
    for network in small_networks(1000 * PROOFS, seed=1):
        plan, every = flow.solve(network), Assignments(network)
        assert plan.chosen.tolist() == every.chosen[0].tolist()
        assert plan.cost == every.cost[0]
        assert plan.placed.tolist() == (np.bincount(network.tier - 1, minlength=4) - every.unplaced[0]).tolist()
        assert plan.proof == "optimal"
        assert flow.is_unique(network, plan)


def test_the_small_networks_are_hard() -> None:
    """Every level binds on its own, somebody is left out, costs tie, and houses are full."""
    seen = dict.fromkeys(("contract", "unit", "facility", "unplaced", "ties", "full", "components"), 0)
    for network in small_networks(200, seed=1):
        chosen = flow.solve(network).chosen
        pairs = chosen[chosen >= 0]
        contracts = np.bincount(network.pair_contract[pairs], minlength=len(network.contracts))
        units = np.bincount(network.pair_unit[pairs], minlength=len(network.unit_beds))
        houses = np.bincount(network.pair_facility[pairs], minlength=len(network.facility_places))
        tight_house = (houses == network.facility_places) & (houses > 0)
        tight_unit = (units == network.unit_beds) & (units > 0) & ~tight_house[network.unit_facility]
        above = tight_unit[network.contract_unit] | tight_house[network.unit_facility[network.contract_unit]]
        seen["facility"] += tight_house.any()
        seen["unit"] += tight_unit.any()
        seen["contract"] += ((contracts == network.contract_places) & (contracts > 0) & ~above).any()
        seen["unplaced"] += len(pairs) < len(chosen)
        seen["ties"] += Assignments(network).alike() > 1
        seen["full"] += not network.pair_open.all()
        seen["components"] += len(network.components) > 1
    assert min(seen.values()) >= 20, seen


def test_same_plan_under_any_order_of_rows() -> None:
    rng = np.random.default_rng(2)
    for _ in range(40 * PROOFS):
        network = random_network(rng, 25, 12, share=0.2)
        plan = flow.solve(network)
        for _ in range(3):
            other, minors, pairs = shuffled(rng, network)
            answer = flow.solve(other)
            assert np.where(answer.chosen >= 0, pairs[answer.chosen], -1).tolist() == plan.chosen[minors].tolist()
            assert (answer.cost, answer.placed.tolist()) == (plan.cost, plan.placed.tolist())


def test_agrees_with_an_assignment_solver_on_larger_networks() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5 * PROOFS):
        count, houses = 60, 30
        cost, tier = rng.integers(0, 2**20, (count, houses)), rng.integers(1, 5, count)
        beds = rng.integers(0, 3, houses)
        pair_minor, pair_contract = np.divmod(np.arange(count * houses), houses)
        one = np.arange(houses)
        ids = tuple(f"ref_{i}" for i in range(count)), tuple(f"con_{i}" for i in one)
        network = Network(
            ids[0], tier, pair_minor, pair_contract, cost.ravel(), ids[1], one, one, beds, beds + 1, beds + 2
        )
        step = count * 2**20
        weights = np.concatenate((np.repeat(cost, beds, axis=1), np.tile(step * (5 - tier), (count, 1)).T), axis=1)
        rows, columns = linear_sum_assignment(weights)
        plan = flow.solve(network)
        placed = plan.chosen >= 0
        assert plan.cost + (step * (5 - tier))[~placed].sum() == weights[rows, columns].sum()
        assert plan.placed.sum() == beds.sum()


def test_tiers_come_before_any_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long chain of dear moves to place one more minor of tier 4: the first, small step is not enough."""
    steps: list[int] = []
    cheapest = flow._cheapest
    monkeypatch.setattr(flow, "_cheapest", lambda part, step: steps.append(step) or cheapest(part, step))
    count, dear = 6, 2**20 - 1
    who = np.arange(count)
    network = Network(
        minors=tuple(f"ref_{i}" for i in who),
        tier=np.full(count, 4),
        pair_minor=np.concatenate((who, who[:-1])),
        pair_contract=np.concatenate((np.maximum(who - 1, 0), who[:-1] + 0)),
        pair_cost=np.concatenate((np.zeros(count, np.int64), np.full(count - 1, dear))),
        contracts=tuple(f"con_{i}" for i in who),
        contract_unit=who,
        unit_facility=who,
        contract_places=np.ones(count, np.int64),
        unit_beds=np.ones(count, np.int64),
        facility_places=np.ones(count, np.int64),
    )
    keep = np.append(True, np.diff(network.pair_minor * count + network.pair_contract) != 0)
    assert keep.all()
    plan = flow.solve(network)
    assert len(steps) == 2
    assert plan.placed.tolist() == [0, 0, 0, count]
