"""The plan is the best of all assignments, one, and the same under any order of rows."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from matching import flow
from matching import network as networks
from matching.network import Component, Network, kept_pairs, prune
from tests.matching.assignments import PROOFS, Assignments, fields, random_network, shuffled, small_networks
from tests.proofs import saw


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
    for network in small_networks(2000 * PROOFS, seed=1):
        plan, every = flow.solve(network), Assignments(network)
        assert plan.chosen.tolist() == every.chosen[0].tolist()
        assert plan.cost == every.cost[0]
        assert plan.placed.tolist() == (np.bincount(network.tier - 1, minlength=4) - every.unplaced[0]).tolist()
        assert plan.proof == "optimal"
        assert flow.is_unique(network, plan)
    saw("plans against all assignments", 2000 * PROOFS)


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


def test_same_plan_under_any_order_of_rows_even_where_ties_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are sorted by id before they are solved, so that a tie of two hashes could not show either."""
    monkeypatch.setattr(networks, "mix", lambda minor, contract: minor & contract & np.uint64(0))
    rng, ties = np.random.default_rng(7), 0
    for _ in range(20 * PROOFS):
        network = random_network(rng, 20, 10, share=0.3)
        plan = flow.solve(network)
        ties += not flow.is_unique(network, plan)
        other, minors, pairs = shuffled(rng, network)
        answer = flow.solve(other)
        assert np.where(answer.chosen >= 0, pairs[answer.chosen], -1).tolist() == plan.chosen[minors].tolist()
    assert ties > 5 * PROOFS


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


def chain(length: int) -> Network:
    """Each minor but the first is free of charge at the house before and dear at the own one; the first has one."""
    who, dear = np.arange(length), 2**20 - 1
    return Network(
        minors=tuple(f"ref_{i}" for i in who),
        tier=np.full(length, 4),
        pair_minor=np.concatenate((who, who[1:])),
        pair_contract=np.concatenate((np.maximum(who - 1, 0), who[1:])),
        pair_cost=np.concatenate((np.zeros(length, np.int64), np.full(length - 1, dear))),
        contracts=tuple(f"con_{i}" for i in who),
        contract_unit=who,
        unit_facility=who,
        contract_places=np.ones(length, np.int64),
        unit_beds=np.ones(length, np.int64),
        facility_places=np.ones(length, np.int64),
    )


def test_tiers_come_before_any_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long chain of dear moves to place one more minor of tier 4: the first, small step is not enough."""
    steps: list[int] = []
    cheapest = flow._cheapest

    def counted(part: Component, step: int) -> NDArray[np.int64]:
        steps.append(step)
        return cheapest(part, step)

    monkeypatch.setattr(flow, "_cheapest", counted)
    plan = flow.solve(chain(6))
    assert len(steps) == 2
    assert plan.placed.tolist() == [0, 0, 0, 6]
    assert plan.cost == 5 * (2**20 - 1)


def test_ties_are_broken_by_the_ids_and_the_optimum_is_one() -> None:
    network = swap()
    plan = flow.solve(network)
    straight = int(network.pair_tie[[0, 3]].sum())
    crossed = int(network.pair_tie[[1, 2]].sum())
    assert plan.chosen.tolist() == ([0, 3] if straight < crossed else [1, 2])
    assert flow.is_unique(network, plan)


def test_ties_are_the_same_on_every_machine() -> None:
    assert swap().pair_tie.tolist() == [79455469928, 554151018914, 93990360314, 61352421086]


def test_a_linear_hash_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minors who swap places have the same sum of linear hashes: the certificate must refuse it."""
    bits, kept = np.uint64(64 - networks.TIE_BITS), np.uint64(65 - networks.TIE_BITS)
    monkeypatch.setattr(networks, "mix", lambda minor, contract: ((minor >> kept) + (contract >> kept)) << bits)
    network = swap()
    assert network.pair_tie[0] != network.pair_tie[1]
    assert not flow.is_unique(network, flow.solve(network))


def test_certificate_agrees_with_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ties broken, the plan is called unique just where one assignment is best."""
    monkeypatch.setattr(networks, "mix", lambda minor, contract: minor & contract & np.uint64(0))
    answers = set()
    for network in small_networks(300 * PROOFS, seed=4):
        unique = flow.is_unique(network, flow.solve(network))
        assert unique == (Assignments(network).alike() == 1)
        answers.add(unique)
    assert answers == {True, False}


def test_a_plan_that_is_not_the_best_is_not_unique() -> None:
    network = swap((0, 5, 5, 0))
    plan = flow.solve(network)
    assert flow.is_unique(network, plan)
    for chosen in ([1, 2], [-1, 3], [-1, -1]):
        assert not flow.is_unique(network, replace(plan, chosen=np.array(chosen)))


def test_a_plan_of_another_network_is_refused() -> None:
    network = swap()
    with pytest.raises(ValueError, match="another network"):
        flow.is_unique(network, replace(flow.solve(network), chosen=np.array([2, -1])))


def test_nobody_nowhere_and_nothing_free() -> None:
    none = np.zeros(0, np.int64)
    empty = Network((), none, none, none, none, (), none, none, none, none, none)
    assert flow.solve(empty).chosen.tolist() == []
    alone = Network(("ref_a",), np.array([1]), none, none, none, (), none, none, none, none, none)
    assert flow.solve(alone).chosen.tolist() == [-1]
    assert flow.solve(alone).placed.tolist() == [0, 0, 0, 0]
    shut = Network(**fields(swap()) | {"facility_places": np.array([0, 0])})
    assert flow.solve(shut).chosen.tolist() == [-1, -1]
    assert flow.is_unique(shut, flow.solve(shut))
    assert prune(shut).contracts == ()


def test_costs_beyond_64_bits_are_refused() -> None:
    with pytest.raises(ArithmeticError, match="not solved"):
        flow._cheapest(swap().components[0], 2**59)


@pytest.mark.parametrize("ask", [None, 0, 3])
def test_pruning_keeps_the_plan(ask: int | None) -> None:
    rng, fewer = np.random.default_rng(5), 0
    for _ in range(60 * PROOFS):
        network = random_network(rng, int(rng.integers(4, 9)), 20, share=0.7)
        pruned, rows = prune(network, ask), kept_pairs(network, ask)
        fewer += len(rows) < 0.7 * len(network.pair_minor)
        assert (pruned.pair_cost == network.pair_cost[rows]).all()
        assert (pruned.pair_tie == network.pair_tie[rows]).all()
        whole, part = flow.solve(network), flow.solve(pruned)
        assert np.where(part.chosen >= 0, rows[part.chosen], -1).tolist() == whole.chosen.tolist()
        if ask is not None:
            assert set(np.flatnonzero(network.pair_minor == ask)) <= set(rows)
    assert fewer > 30 * PROOFS


def test_pruning_keeps_as_many_facilities_as_minors() -> None:
    """Three minors want the same three houses, in the same order: the dearest of the three is needed, no fourth."""
    houses = np.arange(5)
    network = Network(
        minors=("ref_a", "ref_b", "ref_c"),
        tier=np.array([1, 1, 1]),
        pair_minor=np.repeat(np.arange(3), 5),
        pair_contract=np.tile(houses, 3),
        pair_cost=np.tile(houses * 10, 3),
        contracts=tuple(f"con_{i}" for i in houses),
        contract_unit=houses,
        unit_facility=houses,
        contract_places=np.array([1, 1, 0, 1, 1]),
        unit_beds=np.ones(5, np.int64),
        facility_places=np.ones(5, np.int64),
    )
    assert kept_pairs(network).tolist() == [0, 1, 3, 5, 6, 8, 10, 11, 13]
    assert kept_pairs(network, 1).tolist() == [0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 13]


def test_pruning_gives_up_where_its_table_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_network(np.random.default_rng(6), 4, 20, share=0.7)
    monkeypatch.setattr(networks, "TABLE_CELLS", 10)
    assert kept_pairs(network).tolist() == np.flatnonzero(network.pair_open).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minors": ("ref_a", "ref_a")}, "minor ids"),
        ({"contracts": ("con_x", "con_x")}, "contract ids"),
        ({"tier": np.array([0, 1])}, "tier"),
        ({"tier": np.array([1, 5])}, "tier"),
        ({"tier": np.array([1])}, "shape"),
        ({"tier": np.array([1.0, 2.0])}, "integers"),
        ({"pair_minor": np.array([0, 0, 1, 2])}, "pair_minor"),
        ({"pair_contract": np.array([0, -1, 0, 1])}, "pair_contract"),
        ({"pair_cost": np.array([0, 0, 0, 2**20])}, "pair_cost"),
        ({"pair_cost": np.array([0, 0, 0, -1])}, "pair_cost"),
        ({"pair_cost": np.array([[0, 0, 0, 0]])}, "shape"),
        ({"contract_unit": np.array([0, 2])}, "contract_unit"),
        ({"unit_facility": np.array([0, 2])}, "unit_facility"),
        ({"contract_places": np.array([0, -1])}, "contract_places"),
        ({"unit_beds": np.array([0, -1])}, "unit_beds"),
        ({"facility_places": np.array([0, -1])}, "facility_places"),
    ],
)
def test_bad_rows_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network(**fields(swap()) | change)


def test_a_pair_given_twice_is_refused() -> None:
    network = Network(**fields(swap()) | {"pair_contract": np.array([0, 0, 0, 1])})
    with pytest.raises(ValueError, match="twice"):
        flow.solve(network)


def test_rows_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="read-only"):
        swap().pair_cost[0] = 1


def test_importing_the_plan_does_not_import_the_solver() -> None:
    code = "import sys, matching.regret; sys.exit('ortools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
