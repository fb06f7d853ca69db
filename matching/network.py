"""Contracts, capacities and connected components: the arrays a solver sees."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

COST_LIMIT = 2**20
TIE_BITS = 40
TABLE_CELLS = 2**24  # above this the table prune() needs costs more than it saves
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Component:
    """One connected part of a network, in an order that only the ids decide.

    Capacities form a tree. Its elements are the contracts, then the units, then the facilities, then the root
    (everybody who is placed); `parent` and `capacity` are indexed by element, `levels` are the three slices.

    Attributes
    ----------
    minors, pairs : int64 arrays
        Indices into the network: minors by id, pairs by (minor id, contract id).
    tier : int64[minors]
        Urgency tier, 1 to 4.
    pair_minor, pair_contract, cost, tie : int64[pairs]
        Ends of each pair within the component, its cost, and its share in breaking ties, below 2**40.
    parent, capacity : int64[contracts + units + facilities]
        The element above, and the places in it.
    """

    minors: Ints
    pairs: Ints
    tier: Ints
    pair_minor: Ints
    pair_contract: Ints
    cost: Ints
    tie: Ints
    parent: Ints
    capacity: Ints
    levels: tuple[slice, slice, slice]

    @property
    def root(self) -> int:
        """The index of the root, one past the last facility."""
        return len(self.parent)

    @cached_property
    def step(self) -> int:
        """A unit of tier weight: more than twice what all costs of one plan can add up to."""
        dearest = np.zeros(len(self.minors), np.int64)
        np.maximum.at(dearest, self.pair_minor, self.cost)
        return 2 * int(dearest.sum()) + 1

    @cached_property
    def binding(self) -> tuple[Ints, Ints]:
        """The room of each element given those above it, and the first one at or above it that can be full first."""
        room = np.append(np.minimum(self.capacity, len(self.minors)), len(self.minors))
        up = np.arange(self.root + 1)
        for level in reversed(self.levels):
            above = self.parent[level]
            up[level] = np.where(room[level] >= room[above], up[above], up[level])
            room[level] = np.minimum(room[level], room[above])
        return room, up


@dataclass(frozen=True, eq=False)
class Network:
    """Who waits, which contracts each may take at what cost, and how many places there are.

    A contract is one payer's places at one unit; units nest in facilities. The order of rows carries no meaning:
    results refer to the rows given, and depend on the ids alone.

    Parameters
    ----------
    minors : tuple of str
        Distinct ids of the minors waiting.
    tier : int[minors]
        Urgency tier, 1 (most urgent) to 4.
    pair_minor, pair_contract : int[pairs]
        The minor and the contract of each possible pair, as indices; a pair occurs once.
    pair_cost : int[pairs]
        What the policy charges for the pair (`sec` in units of the policy's terms), 0 <= cost < 2**20.
    contracts : tuple of str
        Distinct ids of the contracts; the same contract must keep its id from one network to the next.
    contract_unit, unit_facility : int[contracts], int[units]
        The unit of each contract and the facility of each unit, as indices.
    contract_places, unit_beds, facility_places : int[contracts], int[units], int[facilities]
        Places a payer still has, beds free, and free licensed and staffed capacity; 0 or more.

    Raises
    ------
    ValueError
        Where ids repeat, arrays differ in length, or an index, a tier, a cost or a capacity is out of range.
        A pair that occurs twice is refused on the first use of `components`.
    """

    minors: tuple[str, ...]
    tier: Ints
    pair_minor: Ints
    pair_contract: Ints
    pair_cost: Ints
    contracts: tuple[str, ...]
    contract_unit: Ints
    unit_facility: Ints
    contract_places: Ints
    unit_beds: Ints
    facility_places: Ints

    def __post_init__(self) -> None:
        for ids, what in ((self.minors, "minor"), (self.contracts, "contract")):
            if len(set(ids)) != len(ids):
                raise ValueError(f"{what} ids are not distinct")
        sizes = {"minors": len(self.minors), "contracts": len(self.contracts)}
        sizes |= {"pairs": len(self.pair_minor), "units": len(self.unit_beds), "facilities": len(self.facility_places)}
        for name, size, low, high in (
            ("tier", "minors", 1, 5),
            ("pair_minor", "pairs", 0, sizes["minors"]),
            ("pair_contract", "pairs", 0, sizes["contracts"]),
            ("pair_cost", "pairs", 0, COST_LIMIT),
            ("contract_unit", "contracts", 0, sizes["units"]),
            ("unit_facility", "units", 0, sizes["facilities"]),
            ("contract_places", "contracts", 0, 2**31),
            ("unit_beds", "units", 0, 2**31),
            ("facility_places", "facilities", 0, 2**31),
        ):
            object.__setattr__(self, name, _checked(name, getattr(self, name), sizes[size], low, high))

    @cached_property
    def pair_unit(self) -> Ints:
        """The unit of each pair."""
        return self.contract_unit[self.pair_contract]

    @cached_property
    def pair_facility(self) -> Ints:
        """The facility of each pair."""
        return self.unit_facility[self.pair_unit]

    @cached_property
    def pair_open(self) -> NDArray[np.bool_]:
        """Whether contract, unit and facility of each pair all have a place."""
        contract, unit = self.contract_places[self.pair_contract] > 0, self.unit_beds[self.pair_unit] > 0
        return np.asarray(contract & unit & (self.facility_places[self.pair_facility] > 0))

    @cached_property
    def pair_tie(self) -> Ints:
        """Share of each pair in breaking ties, 0 <= tie < 2**40, from the two ids and nothing else."""
        minors, contracts = _hashes(self.minors, b"minor"), _hashes(self.contracts, b"contract")
        mixed = mix(minors[self.pair_minor], contracts[self.pair_contract])
        return (mixed >> np.uint64(64 - TIE_BITS)).astype(np.int64)

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The connected components that hold at least one pair, in the order of their least minor id."""
        if not len(self.pair_minor):
            return ()
        minor_rank, contract_rank = _ranks(self.minors), _tree_ranks(self)
        group = _groups(self, minor_rank)
        position = np.empty_like(minor_rank)
        position[np.lexsort((minor_rank, group))] = np.arange(len(position))
        key = position[self.pair_minor] * len(self.contracts) + contract_rank[self.pair_contract]
        pairs = np.argsort(key)
        if np.any(np.diff(key[pairs]) == 0):
            raise ValueError("a pair of one minor and one contract occurs twice")
        starts = _starts(group[self.pair_minor[pairs]])
        ends = [*starts[1:], len(pairs)]
        return tuple(_component(self, pairs[a:b], contract_rank) for a, b in zip(starts, ends, strict=True))


def kept_pairs(network: Network, keep_minor: int | None = None) -> Ints:
    """Rows of the pairs that can matter: row k of `prune`'s answer is row `kept_pairs(...)[k]` of `network`.

    With n minors each needs only the pairs of its n cheapest facilities that have a place, facilities ordered by
    their cheapest pair, ties broken. In a plan with a minor at a dearer facility the other n - 1 leave one of those
    n facilities empty, where its cheapest pair is free to take and strictly cheaper, so no optimum has it there.
    The same holds for every other minor where a pair of the asked minor is imposed, who is then one of the n - 1
    and keeps every pair.

    Parameters
    ----------
    network : Network
    keep_minor : int, optional
        Index of the asked minor.

    Returns
    -------
    int64 array
        Rows of `network`, ascending.
    """
    count, facilities = len(network.minors), len(network.facility_places)
    keep = network.pair_open.copy()
    if count < facilities and count * facilities <= TABLE_CELLS:
        best = np.full((count, facilities), _NEVER)
        key = np.where(keep, (network.pair_cost << TIE_BITS) + network.pair_tie, _NEVER)
        np.minimum.at(best, (network.pair_minor, network.pair_facility), key)
        dearest = np.partition(best, count - 1, axis=1)[:, count - 1]
        keep &= best[network.pair_minor, network.pair_facility] <= dearest[network.pair_minor]
    if keep_minor is not None:
        keep |= network.pair_minor == keep_minor
    return np.flatnonzero(keep)


def prune(network: Network, keep_minor: int | None = None) -> Network:
    """The network without the pairs that no plan needs; see `kept_pairs` for the proof.

    The plan, and the plan with any pair of the asked minor imposed, are those of the whole network, as long as places
    are all that minors share: side conditions (siblings, money across facilities) need pairs that are dropped here.
    Minors keep their indices; contracts, units and facilities that no pair is left at are dropped.

    Parameters
    ----------
    network : Network
    keep_minor : int, optional
        Index of the asked minor.

    Returns
    -------
    Network
    """
    return restricted(network, kept_pairs(network, keep_minor))


def restricted(network: Network, pairs: Ints) -> Network:
    """The network of these pairs alone, row by row; what no pair is left at is dropped, but for the minors."""
    contracts, pair_contract = np.unique(network.pair_contract[pairs], return_inverse=True)
    units, contract_unit = np.unique(network.contract_unit[contracts], return_inverse=True)
    facilities, unit_facility = np.unique(network.unit_facility[units], return_inverse=True)
    return Network(
        minors=network.minors,
        tier=network.tier,
        pair_minor=network.pair_minor[pairs],
        pair_contract=pair_contract,
        pair_cost=network.pair_cost[pairs],
        contracts=tuple(network.contracts[c] for c in contracts),
        contract_unit=contract_unit,
        unit_facility=unit_facility,
        contract_places=network.contract_places[contracts],
        unit_beds=network.unit_beds[units],
        facility_places=network.facility_places[facilities],
    )


def mix(minor: NDArray[np.uint64], contract: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix two hashes by splitmix64: not linear, or two minors who swap places would tie again."""
    return _splitmix64(_splitmix64(minor) + contract)


def _splitmix64(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _hashes(ids: tuple[str, ...], kind: bytes) -> NDArray[np.uint64]:
    """64 bits of each id, the same on every machine; `kind` keeps equal ids of two kinds apart."""
    digests = b"".join(blake2b(i.encode(), digest_size=8, person=kind).digest() for i in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _checked(name: str, values: ArrayLike, size: int, low: int, high: int) -> Ints:
    given = np.asarray(values)
    if given.shape != (size,):
        raise ValueError(f"{name} has shape {given.shape}, expected ({size},)")
    if size and given.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {given.dtype}, expected integers")
    if size and not (low <= given.min() and given.max() < high):
        raise ValueError(f"{name} must lie in [{low}, {high})")
    array = given.astype(np.int64)
    array.setflags(write=False)
    return array


def _ranks(ids: tuple[str, ...]) -> Ints:
    ranks = np.empty(len(ids), np.int64)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return ranks


def _tree_ranks(network: Network) -> Ints:
    """Ranks of the contracts with those of one unit and one facility side by side; all by the contracts' ids."""
    rank = _ranks(network.contracts)
    facility = network.unit_facility[network.contract_unit]
    unit_first, facility_first = np.full(len(network.unit_beds), _NEVER), np.full(len(network.facility_places), _NEVER)
    np.minimum.at(unit_first, network.contract_unit, rank)
    np.minimum.at(facility_first, facility, rank)
    order = np.lexsort((rank, unit_first[network.contract_unit], facility_first[facility]))
    rank[order] = np.arange(len(order))
    return rank


def _groups(network: Network, minor_rank: Ints) -> Ints:
    """For each minor the least rank in its component, which names the component whatever the order of rows."""
    count, facilities = len(network.minors), len(network.facility_places)
    ends = (network.pair_minor, count + network.pair_facility)
    graph = coo_array((np.ones(len(network.pair_minor), np.int8), ends), shape=(count + facilities,) * 2)
    label = connected_components(graph, directed=False)[1][:count]
    least = np.full(count + facilities, count)
    np.minimum.at(least, label, minor_rank)
    return least[label]


def _starts(values: Ints) -> Ints:
    """Where a run of equal values begins."""
    return np.flatnonzero(np.diff(values, prepend=-1))


def by_appearance(values: Ints) -> tuple[Ints, Ints]:
    """Distinct values in order of first appearance, and the index of each value among them."""
    distinct, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    return distinct[order], position[inverse]


def _component(network: Network, pairs: Ints, contract_rank: Ints) -> Component:
    starts = _starts(network.pair_minor[pairs])
    minors = network.pair_minor[pairs[starts]]
    pair_minor = np.repeat(np.arange(len(minors)), np.diff(starts, append=len(pairs)))
    row_contract = network.pair_contract[pairs]
    _, first, pair_contract = np.unique(contract_rank[row_contract], return_index=True, return_inverse=True)
    contracts = row_contract[first]
    units, contract_unit = by_appearance(network.contract_unit[contracts])
    facilities, unit_facility = by_appearance(network.unit_facility[units])
    c, u, f = len(contracts), len(contracts) + len(units), len(contracts) + len(units) + len(facilities)
    places = (network.contract_places[contracts], network.unit_beds[units], network.facility_places[facilities])
    return Component(
        minors=minors,
        pairs=pairs,
        tier=network.tier[minors],
        pair_minor=pair_minor,
        pair_contract=pair_contract,
        cost=network.pair_cost[pairs],
        tie=network.pair_tie[pairs],
        parent=np.concatenate((c + contract_unit, u + unit_facility, np.full(len(facilities), f))),
        capacity=np.concatenate(places),
        levels=(slice(0, c), slice(c, u), slice(u, f)),
    )
