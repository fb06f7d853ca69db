"""Regret is the exact change of the optimum with a pair imposed, and its moves are how it comes about."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from matching import flow, regret
from matching import network as networks
from matching.network import Component, Network, kept_pairs, prune
from tests.matching.assignments import (
    PROOFS,
    Assignments,
    fields,
    random_network,
    shuffled,
    small_networks,
    within_capacity,
)
from tests.proofs import saw


def moved(network: Network, plan: flow.Plan, answer: regret.Regret, pair: int) -> list[int]:
    """The plan with the pair imposed, as the moves tell it."""
    chosen = plan.chosen.copy()
    for minor, before, after in answer.moves(pair):
        assert minor != answer.minor
        assert chosen[minor] == before != after
        chosen[minor] = after
    chosen[answer.minor] = pair
    return [int(row) for row in chosen]


def lost(network: Network, before: np.ndarray, after: np.ndarray, minor: int) -> list[int]:
    """Others who lose a place less those who gain one, by tier."""
    others = np.arange(len(network.minors)) != minor
    change = (before >= 0).astype(int) - (after >= 0)
    return [int(change[others & (network.tier == tier)].sum()) for tier in (1, 2, 3, 4)]


def wrong(network: Network) -> Iterator[str]:
    """Every way in which the regrets of a small network differ from writing all assignments out."""
    plan, every = flow.solve(network), Assignments(network)
    for minor in range(len(network.minors)):
        answer = regret.column(network, plan, minor)
        assert answer.pairs.tolist() == np.flatnonzero(network.pair_minor == minor).tolist()
        for row, pair in enumerate(answer.pairs.tolist()):
            best = every.imposing(minor, pair)
            if answer.possible[row] != (best is not None):
                yield f"pair {pair}: possible"
            elif best is not None:
                if answer.lost[row].tolist() != lost(network, every.chosen[0], every.chosen[best], minor):
                    yield f"pair {pair}: lost"
                if answer.cost_change[row] != every.cost[best] - every.cost[0]:
                    yield f"pair {pair}: cost"
                if moved(network, plan, answer, pair) != every.chosen[best].tolist():
                    yield f"pair {pair}: moves"


def test_regret_is_that_of_all_assignments() -> None:
    pairs = 0
    for network in small_networks(2000 * PROOFS, seed=11):
        assert list(wrong(network)) == []
        pairs += len(network.pair_minor)
    assert pairs > 5000 * PROOFS
    saw("regrets against all assignments", pairs)


def test_an_empty_bed_left_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the arcs from the sink to full facilities regrets come out wrong or infinite."""
    monkeypatch.setattr(
        flow, "_room_below", lambda part, full: np.flatnonzero(full & (np.arange(part.root) < part.levels[2].start))
    )
    assert sum(any(wrong(network)) for network in small_networks(100, seed=11)) > 10


@pytest.mark.parametrize("level", [0, 1, 2])
def test_any_level_left_out_is_seen(monkeypatch: pytest.MonkeyPatch, level: int) -> None:
    def full(part: Component, chosen: np.ndarray) -> np.ndarray:
        found = exact(part, chosen)
        found[part.levels[level]] = False
        return found

    exact = flow._full
    cases = small_networks(100, seed=11)
    plans = [flow.solve(network) for network in cases]
    monkeypatch.setattr(flow, "_full", full)
    monkeypatch.setattr(flow, "solve", lambda network: plans[cases.index(network)])
    seen = 0
    for network in cases:
        try:
            seen += any(wrong(network))
        except ArithmeticError:
            seen += 1
    assert seen > 10


def test_all_pairs_agree_with_each_column() -> None:
    rng = np.random.default_rng(12)
    for network in [*small_networks(100 * PROOFS, seed=12), *(random_network(rng, 30, 10, 0.3) for _ in range(5))]:
        plan = flow.solve(network)
        table = regret.all_pairs(network, plan)
        assert table.pairs.tolist() == list(range(len(network.pair_minor)))
        for minor in range(len(network.minors)):
            answer = regret.column(network, plan, minor)
            assert table.possible[answer.pairs].tolist() == answer.possible.tolist()
            assert table.lost[answer.pairs].tolist() == answer.lost.tolist()
            assert table.cost_change[answer.pairs].tolist() == answer.cost_change.tolist()


def imposed(network: Network, pair: int) -> Network:
    """The network without the minor of the pair and without the place the pair takes."""
    rest = network.pair_minor != network.pair_minor[pair]
    places, beds, houses = network.contract_places.copy(), network.unit_beds.copy(), network.facility_places.copy()
    places[network.pair_contract[pair]] -= 1
    beds[network.pair_unit[pair]] -= 1
    houses[network.pair_facility[pair]] -= 1
    return Network(
        **fields(network)
        | {name: getattr(network, name)[rest] for name in ("pair_minor", "pair_contract", "pair_cost")}
        | {"contract_places": places, "unit_beds": beds, "facility_places": houses}
    )


def test_regret_is_that_of_solving_again() -> None:
    rng, displaced = np.random.default_rng(13), 0
    for _ in range(12 * PROOFS):
        network = random_network(rng, 40, 14, share=0.25)
        plan = flow.solve(network)
        for minor in rng.choice(len(network.minors), 4, replace=False).tolist():
            answer = regret.column(network, plan, minor)
            for row in np.flatnonzero(answer.possible)[:6].tolist():
                pair = int(answer.pairs[row])
                others = flow.solve(imposed(network, pair))
                after = np.array(moved(network, plan, answer, pair))
                assert within_capacity(network, after[None])[0]
                cost = others.cost + network.pair_cost[pair]
                assert answer.cost_change[row] == cost - plan.cost
                assert network.pair_cost[after[after >= 0]].sum() == cost
                own = np.bincount([network.tier[minor] - 1], minlength=4) * (plan.chosen[minor] >= 0)
                assert answer.lost[row].tolist() == (plan.placed - own - others.placed).tolist()
                assert answer.lost[row].tolist() == lost(network, plan.chosen, after, minor)
                displaced += len(answer.moves(pair)) > 2
    assert displaced > 20 * PROOFS


def test_moves_come_to_an_end_where_ties_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rings of moves that cost nothing do not trap the chain, and what it tells still adds up."""
    monkeypatch.setattr(networks, "mix", lambda minor, contract: minor & contract & np.uint64(0))
    for network in small_networks(200 * PROOFS, seed=16):
        plan = flow.solve(network)
        for minor in range(len(network.minors)):
            answer = regret.column(network, plan, minor)
            for row in np.flatnonzero(answer.possible).tolist():
                after = np.array(moved(network, plan, answer, int(answer.pairs[row])))
                assert within_capacity(network, after[None])[0]
                assert answer.lost[row].tolist() == lost(network, plan.chosen, after, minor)
                assert answer.cost_change[row] == network.pair_cost[after[after >= 0]].sum() - plan.cost


def test_same_regrets_under_any_order_of_rows() -> None:
    rng = np.random.default_rng(14)
    for _ in range(10 * PROOFS):
        network = random_network(rng, 25, 12, share=0.2)
        other, minors, pairs = shuffled(rng, network)
        plan, answer = flow.solve(network), flow.solve(other)
        names = dict(enumerate(pairs.tolist())) | {-1: -1}
        for new, old in enumerate(minors[:8].tolist()):
            here, there = regret.column(network, plan, old), regret.column(other, answer, new)
            row = {pair: k for k, pair in enumerate(here.pairs.tolist())}
            for k, pair in enumerate(there.pairs.tolist()):
                same = row[names[pair]]
                assert there.possible[k] == here.possible[same]
                assert there.lost[k].tolist() == here.lost[same].tolist()
                assert there.cost_change[k] == here.cost_change[same]
                if there.possible[k]:
                    told = [(minors[i], names[a], names[b]) for i, a, b in there.moves(pair)]
                    assert told == list(here.moves(names[pair]))


def test_pruning_keeps_every_regret_of_the_asked_minor() -> None:
    rng = np.random.default_rng(15)
    for _ in range(40 * PROOFS):
        network = random_network(rng, int(rng.integers(2, 8)), 20, share=0.5)
        pruned, rows = prune(network, 1), [*kept_pairs(network, 1).tolist(), -1]
        whole = regret.column(network, flow.solve(network), 1)
        part = regret.column(pruned, flow.solve(pruned), 1)
        assert [rows[pair] for pair in part.pairs] == whole.pairs.tolist()
        assert part.possible.tolist() == whole.possible.tolist()
        assert part.lost.tolist() == whole.lost.tolist()
        assert part.cost_change.tolist() == whole.cost_change.tolist()
        for pair in part.pairs[part.possible].tolist():
            told = [(minor, rows[a], rows[b]) for minor, a, b in part.moves(pair)]
            assert told == list(whole.moves(rows[pair]))


def worked() -> Network:
    """Ada, Bo and Cy; house x has one bed, house y one; Bo is less urgent than the others."""
    return Network(
        minors=("ada", "bo", "cy"),
        tier=np.array([1, 3, 2]),
        pair_minor=np.array([0, 0, 1, 2]),
        pair_contract=np.array([0, 1, 1, 0]),
        pair_cost=np.array([10, 70, 20, 5]),
        contracts=("x", "y"),
        contract_unit=np.array([0, 1]),
        unit_facility=np.array([0, 1]),
        contract_places=np.array([3, 3]),
        unit_beds=np.array([1, 2]),
        facility_places=np.array([1, 1]),
    )


def test_worked_example() -> None:
    """Ada at y and Cy at x leave Bo out; Ada at x puts Cy out, who is more urgent than Bo, who then has y."""
    network = worked()
    plan = flow.solve(network)
    assert plan.chosen.tolist() == [1, -1, 3]
    assert (plan.placed.tolist(), plan.cost) == ([1, 1, 0, 0], 75)
    ada = regret.column(network, plan, 0)
    assert ada.lost.tolist() == [[0, 1, -1, 0], [0, 0, 0, 0]]
    assert ada.cost_change.tolist() == [10 + 20 - 75, 0]
    assert ada.moves(0) == ((2, 3, -1), (1, -1, 2))
    assert ada.moves(1) == ()
    bo = regret.column(network, plan, 1)
    assert bo.lost.tolist() == [[0, 1, 0, 0]]
    assert bo.cost_change.tolist() == [20 + 10 - 75]
    assert bo.moves(2) == ((0, 1, 0), (2, 3, -1))


def test_a_pair_without_a_place_is_not_possible() -> None:
    network = Network(**fields(worked()) | {"unit_beds": np.array([0, 2])})
    plan = flow.solve(network)
    ada = regret.column(network, plan, 0)
    assert ada.possible.tolist() == [False, True]
    assert ada.lost.tolist() == [[0, 0, 0, 0]] * 2
    assert ada.cost_change.tolist() == [0, 0]
    with pytest.raises(KeyError):
        ada.moves(0)


def test_a_minor_without_pairs_has_no_regrets() -> None:
    network = Network(**fields(worked()) | {"minors": ("ada", "bo", "cy", "dee"), "tier": np.array([1, 3, 2, 1])})
    dee = regret.column(network, flow.solve(network), 3)
    assert (dee.pairs.size, dee.possible.size, dee.lost.shape, dee.cost_change.size) == (0, 0, (0, 4), 0)


@pytest.mark.parametrize("minor", [-1, 3])
def test_an_unknown_minor_is_refused(minor: int) -> None:
    with pytest.raises(IndexError):
        regret.column(worked(), flow.solve(worked()), minor)


def test_a_pair_of_somebody_else_has_no_moves() -> None:
    with pytest.raises(KeyError):
        regret.column(worked(), flow.solve(worked()), 0).moves(3)


def test_a_plan_that_is_not_optimal_is_refused() -> None:
    network = worked()
    plan = replace(flow.solve(network), chosen=np.array([0, 2, -1]))
    with pytest.raises(ArithmeticError):
        regret.column(network, plan, 1)
    with pytest.raises(ArithmeticError):
        regret.all_pairs(network, plan)
