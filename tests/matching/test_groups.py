"""The plan under conditions, against every plan there is."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.sparse import block_diag, csr_array

from matching import flow, groups, search, whole
from matching.network import Network
from tests.proofs import or_many, saw, times

TRIES = or_many(25, 50)


def made(seed: int) -> tuple[Network, groups.Sides]:
    """A small network with siblings, minors who must be apart, and money that houses share."""
    draw = np.random.default_rng(seed)
    minors, contracts, units, houses = (int(draw.integers(2, high)) for high in (6, 6, 4, 4))
    allowed = [(m, c) for m in range(minors) for c in range(contracts) if draw.random() < 0.7] or [(0, 0)]
    network = Network(
        minors=tuple(f"min_{m}" for m in range(minors)),
        tier=draw.integers(1, 5, minors),
        pair_minor=np.array([m for m, _ in allowed]),
        pair_contract=np.array([c for _, c in allowed]),
        pair_cost=draw.integers(0, 4, len(allowed)) * int(draw.choice([1, 1000])),
        contracts=tuple(f"con_{c}" for c in range(contracts)),
        contract_unit=draw.integers(0, units, contracts),
        unit_facility=draw.integers(0, houses, units),
        contract_places=draw.integers(0, 3, contracts),
        unit_beds=draw.integers(0, 3, units),
        facility_places=draw.integers(0, 4, houses),
    )
    rows = []
    for kind in (groups.together, groups.apart):
        for _ in range(int(draw.integers(0, 3))):
            one, other = draw.choice(minors, 2, replace=False)
            rows += kind(network, int(one), int(other))
    if draw.random() < 0.5:
        some = np.flatnonzero(draw.random(len(allowed)) < 0.5)
        rows.append((some, draw.integers(1, 5, len(some)), int(draw.integers(0, 6))))
    return network, groups.sides(network, rows)


def best(network: Network, conditions: groups.Sides) -> tuple[int, ...]:
    """Unplaced by tier, then cost, of the best of all plans, one after another."""
    choices = [[-1, *np.flatnonzero(network.pair_minor == m).tolist()] for m in range(len(network.minors))]
    found = []
    for plan in product(*choices):
        taken = np.array([pair for pair in plan if pair >= 0], np.int64)
        if fits(network, taken) and conditions.kept_by(taken):
            found.append(value(network, taken))
    return min(found)


def fits(network: Network, taken: np.ndarray) -> bool:
    """Whether contracts, units and facilities have places for these pairs."""
    return all(
        np.all(np.bincount(at[taken], minlength=len(room)) <= room)
        for at, room in (
            (network.pair_contract, network.contract_places),
            (network.pair_unit, network.unit_beds),
            (network.pair_facility, network.facility_places),
        )
    )


def value(network: Network, taken: np.ndarray) -> tuple[int, ...]:
    """Unplaced by tier, then the cost."""
    placed = np.bincount(network.tier[network.pair_minor[taken]], minlength=5)[1:]
    waiting = np.bincount(network.tier, minlength=5)[1:]
    return (*(waiting - placed).tolist(), int(network.pair_cost[taken].sum()))


@pytest.mark.parametrize("batch", range(8))
def test_no_plan_is_better_and_every_condition_is_kept(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under conditions: as good as the best of all plans, and proved to be, from few pairs as from many."""
    monkeypatch.setattr(search, "FIRST_PAIRS", 1 + 7 * (batch % 2))
    bound = 0
    for seed in range(batch * TRIES, (batch + 1) * TRIES):
        network, conditions = made(seed)
        found = groups.solve(network, conditions)
        taken = found.plan.chosen[found.plan.chosen >= 0]
        assert fits(network, taken), seed
        assert conditions.kept_by(taken), seed
        assert value(network, taken) == best(network, conditions), seed
        assert found.plan.proof == "optimal"
        assert found.bound <= value(network, taken), seed
        bound += found.bound == value(network, taken)
    saw("plans under conditions against every plan", TRIES)
    assert bound == TRIES


def strangers(count: int) -> Network:
    """Each waits for a house of her own with one bed, at a cost of 1, 2, 3, …"""
    each, ones = np.arange(count), np.ones(count, np.int64)
    return Network(
        minors=tuple(f"min_{m}" for m in each),
        tier=ones,
        pair_minor=each,
        pair_contract=each,
        pair_cost=1 + each,
        contracts=tuple(f"con_{c}" for c in each),
        contract_unit=each,
        unit_facility=each,
        contract_places=ones,
        unit_beds=ones,
        facility_places=ones,
    )


def test_money_links_houses_that_nobody_else_does() -> None:
    """Three houses share money for two, two others for one, and a sixth has its own."""
    network = strangers(6)
    three, two = np.array([0, 1, 2]), np.array([3, 4])
    shared = groups.sides(network, [(three, np.ones(3, np.int64), 2), (two, np.ones(2, np.int64), 1)])
    found = groups.solve(network, shared)
    assert found.plan.chosen.tolist() == [0, 1, -1, 3, -1, 5]
    assert found.bound == (2, 0, 0, 0, 1 + 2 + 4 + 6)
    assert (found.plan.proof, found.unique) == ("optimal", True)


@pytest.mark.parametrize("batch", range(2))
def test_parts_come_to_what_each_comes_to_alone(batch: int) -> None:
    """Two networks with nothing in common, planned at once, come to the sum of both, and are unique where both are."""
    for seed in range(batch * times(25), (batch + 1) * times(25)):
        ones = [made(2 * seed), made(2 * seed + 1)]
        alone = [groups.solve(network, conditions) for network, conditions in ones]
        both = groups.solve(*beside(*ones))
        assert both.bound == tuple(np.add(alone[0].bound, alone[1].bound).tolist()), seed
        assert both.unique == (alone[0].unique and alone[1].unique), seed
        assert groups.value(beside(*ones)[0], both.plan) == both.bound, seed


def beside(one: tuple[Network, groups.Sides], other: tuple[Network, groups.Sides]) -> tuple[Network, groups.Sides]:
    """Both as one network, with the conditions of both and none between them."""
    (first, kept), (second, held) = one, other
    network = Network(
        minors=(*(f"{m}_1" for m in first.minors), *(f"{m}_2" for m in second.minors)),
        tier=np.append(first.tier, second.tier),
        pair_minor=np.append(first.pair_minor, second.pair_minor + len(first.minors)),
        pair_contract=np.append(first.pair_contract, second.pair_contract + len(first.contracts)),
        pair_cost=np.append(first.pair_cost, second.pair_cost),
        contracts=(*(f"{c}_1" for c in first.contracts), *(f"{c}_2" for c in second.contracts)),
        contract_unit=np.append(first.contract_unit, second.contract_unit + len(first.unit_beds)),
        unit_facility=np.append(first.unit_facility, second.unit_facility + len(first.facility_places)),
        contract_places=np.append(first.contract_places, second.contract_places),
        unit_beds=np.append(first.unit_beds, second.unit_beds),
        facility_places=np.append(first.facility_places, second.facility_places),
    )
    matrix = block_diag((kept.matrix, held.matrix), format="csr")
    return network, groups.Sides(csr_array(matrix), np.append(kept.most, held.most))


def test_the_order_of_rows_does_not_matter() -> None:
    """The same plan for every order of minors and pairs."""
    for seed in range(40):
        network, conditions = made(seed)
        plan = groups.solve(network, conditions).plan
        chosen = {network.minors[m]: network.contracts[network.pair_contract[p]] for m, p in places(plan)}
        draw = np.random.default_rng(seed + 1)
        pairs, minors = draw.permutation(len(network.pair_minor)), draw.permutation(len(network.minors))
        back = np.argsort(minors)
        other = Network(
            minors=tuple(network.minors[m] for m in minors),
            tier=network.tier[minors],
            pair_minor=back[network.pair_minor[pairs]],
            pair_contract=network.pair_contract[pairs],
            pair_cost=network.pair_cost[pairs],
            contracts=network.contracts,
            contract_unit=network.contract_unit,
            unit_facility=network.unit_facility,
            contract_places=network.contract_places,
            unit_beds=network.unit_beds,
            facility_places=network.facility_places,
        )
        same = groups.solve(other, groups.Sides(conditions.matrix[:, pairs], conditions.most)).plan
        assert {other.minors[m]: other.contracts[other.pair_contract[p]] for m, p in places(same)} == chosen, seed


def places(plan: flow.Plan) -> list[tuple[int, int]]:
    """Who is placed, by which pair."""
    return [(minor, pair) for minor, pair in enumerate(plan.chosen.tolist()) if pair >= 0]


def test_no_time_at_all_gives_a_bound_and_says_so() -> None:
    """A plan that was cut keeps every condition and does not call itself proved."""
    seen = 0
    for seed in range(60):
        network, conditions = made(seed)
        found = groups.solve(network, conditions, seconds=0)
        taken = found.plan.chosen[found.plan.chosen >= 0]
        assert conditions.kept_by(taken)
        assert found.bound <= best(network, conditions)
        seen += found.plan.proof == "bounded"
    assert seen > 5


def test_of_nothing_nothing_is_taken() -> None:
    """Where the bound leaves no pair in play the answer is empty, or there is none."""
    aim, none = np.zeros(0, np.int64), csr_array((1, 0), dtype=np.int64)
    found = whole.solve_whole(aim, none, np.array([0]))
    assert (found.taken is not None and len(found.taken), found.bound, found.proved) == (0, 0, True)
    with pytest.raises(whole.NoAnswer):
        whole.solve_whole(aim, none, np.array([-1]))


def test_conditions_of_another_network_are_refused() -> None:
    """A condition names pairs by their rows."""
    network, _ = made(1)
    other, conditions = made(2)
    assert len(network.pair_minor) != len(other.pair_minor)
    with pytest.raises(ValueError, match="another network"):
        groups.solve(network, conditions)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_search_that_is_cut_anywhere_keeps_what_it_has(stage: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From some program on none ends in time: the plan keeps every condition, and its bound is one."""
    cut = 0
    for seed in range(40):
        network, conditions = made(seed)
        asked = iter(range(100))

        def sometimes(*program: Any, asked: Iterator[int] = asked, **how: Any) -> whole.Answer:
            if next(asked) < stage:
                return whole.solve_whole(*program, **how)
            return whole.Answer(None, float("-inf"), False)

        monkeypatch.setattr(search, "solve_whole", sometimes)
        found = groups.solve(network, conditions)
        taken = found.plan.chosen[found.plan.chosen >= 0]
        assert fits(network, taken)
        assert conditions.kept_by(taken)
        assert found.bound <= best(network, conditions) <= value(network, taken), seed
        cut += found.plan.proof == "bounded"
    assert cut or stage
