"""Small random networks, and every assignment of them written out: what the plan and the regrets are held against."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.network import Network
from tests.proofs import times

PROOFS = times(1)
"""How many times the usual number of random networks to go through."""

COSTS = ((0, 1), (0, 3), (0, 2**20), (2**20 - 3, 2**20))


def random_network(rng: np.random.Generator, minors: int, facilities: int, share: float = 0.6) -> Network:
    """A network with capacities that bind at every level, full houses and ties among the costs."""
    unit_facility = np.repeat(np.arange(facilities), rng.integers(1, 3, facilities))
    contract_unit = np.repeat(np.arange(len(unit_facility)), rng.integers(1, 3, len(unit_facility)))
    pair_minor, pair_contract = np.nonzero(rng.random((minors, len(contract_unit))) < share)
    low, high = COSTS[rng.integers(len(COSTS))]
    least = rng.integers(2)
    return Network(
        minors=tuple(f"ref_{i}" for i in rng.choice(10**6, minors, replace=False)),
        tier=rng.integers(1, 5, minors),
        pair_minor=pair_minor,
        pair_contract=pair_contract,
        pair_cost=rng.integers(low, high, len(pair_minor)),
        contracts=tuple(f"con_{i}" for i in rng.choice(10**6, len(contract_unit), replace=False)),
        contract_unit=contract_unit,
        unit_facility=unit_facility,
        contract_places=rng.integers(least, 3, len(contract_unit)),
        unit_beds=rng.integers(least, 4, len(unit_facility)),
        facility_places=rng.integers(least, 4, facilities),
    )


def small_networks(count: int, seed: int) -> list[Network]:
    """Random networks of up to five minors whose assignments can be written out."""
    rng = np.random.default_rng(seed)
    found: list[Network] = []
    while len(found) < count:
        minors, facilities, share = rng.integers(1, 6), rng.integers(1, 6), rng.choice([0.15, 0.3, 0.6])
        network = random_network(rng, int(minors), int(facilities), float(share))
        if np.prod(np.bincount(network.pair_minor, minlength=len(network.minors)) + 1) <= 1500:
            found.append(network)
    return found


def fields(network: Network) -> dict[str, Any]:
    """What a network was made from."""
    return {name: getattr(network, name) for name in Network.__dataclass_fields__}


def shuffled(rng: np.random.Generator, network: Network) -> tuple[Network, NDArray[np.int64], NDArray[np.int64]]:
    """The same network with all its rows in another order; the old minor and the old pair of each new row."""
    minors, contracts = rng.permutation(len(network.minors)), rng.permutation(len(network.contracts))
    units, houses = rng.permutation(len(network.unit_beds)), rng.permutation(len(network.facility_places))
    pairs = rng.permutation(len(network.pair_minor))
    other = Network(
        minors=tuple(network.minors[i] for i in minors),
        tier=network.tier[minors],
        pair_minor=np.argsort(minors)[network.pair_minor[pairs]],
        pair_contract=np.argsort(contracts)[network.pair_contract[pairs]],
        pair_cost=network.pair_cost[pairs],
        contracts=tuple(network.contracts[c] for c in contracts),
        contract_unit=np.argsort(units)[network.contract_unit[contracts]],
        unit_facility=np.argsort(houses)[network.unit_facility[units]],
        contract_places=network.contract_places[contracts],
        unit_beds=network.unit_beds[units],
        facility_places=network.facility_places[houses],
    )
    return other, minors, pairs


def within_capacity(network: Network, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows of `chosen` (one pair or -1 per minor) leave no contract, unit or facility overfull."""
    fine = np.ones(len(chosen), np.bool_)
    contract = np.append(network.pair_contract, -1)[chosen]
    unit = np.where(chosen < 0, -1, network.contract_unit[contract])
    house = np.where(chosen < 0, -1, network.unit_facility[unit])
    for where, places in (
        (contract, network.contract_places),
        (unit, network.unit_beds),
        (house, network.facility_places),
    ):
        for index, room in enumerate(places):
            fine &= (where == index).sum(axis=1) <= room
    return fine


class Assignments:
    """Every assignment within capacity, the best first: tiers, then cost, then ties.

    Attributes
    ----------
    chosen : int64[assignments, minors]
    unplaced : int64[assignments, 4]
    cost, tie : int64[assignments]
    """

    def __init__(self, network: Network) -> None:
        pairs = [[-1, *np.flatnonzero(network.pair_minor == i)] for i in range(len(network.minors))]
        chosen = np.array(list(product(*pairs)), dtype=np.int64)
        chosen = chosen[within_capacity(network, chosen)]
        unplaced = np.stack([((chosen < 0) & (network.tier == tier)).sum(axis=1) for tier in (1, 2, 3, 4)], axis=1)
        cost = np.append(network.pair_cost, 0)[chosen].sum(axis=1)
        tie = np.append(network.pair_tie, 0)[chosen].sum(axis=1)
        order = np.lexsort((tie, cost, *unplaced.T[::-1]))
        self.chosen, self.unplaced, self.cost, self.tie = chosen[order], unplaced[order], cost[order], tie[order]

    def imposing(self, minor: int, pair: int) -> int | None:
        """The best assignment with the minor at the pair; None where there is none."""
        rows = np.flatnonzero(self.chosen[:, minor] == pair)
        return int(rows[0]) if len(rows) else None

    def alike(self) -> int:
        """How many assignments are as good as the best, ties apart."""
        same = (self.cost == self.cost[0]) & (self.unplaced == self.unplaced[0]).all(axis=1)
        return int(same.sum())
