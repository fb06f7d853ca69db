"""Contracts, capacities and connected components: the arrays a solver sees."""

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]

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
    def minor_component(self) -> Ints:
        """The component of each minor; -1 for a minor without pairs."""
        label = np.full(len(self.minors), -1, np.int64)
        for number, part in enumerate(self.components):
            label[part.minors] = number
        return label

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The connected components that hold at least one pair, in the order of their least minor id."""
        first = _ranks(self.minors)[_least_member(self, _ranks(self.minors))]
        minor_order = np.lexsort((_ranks(self.minors), first))
        position = _inverse(minor_order)
        key = position[self.pair_minor] * max(len(self.contracts), 1) + _ranks(self.contracts)[self.pair_contract]
        pairs = np.argsort(key)
        if np.any(np.diff(key[pairs]) == 0):
            raise ValueError("a pair of one minor and one contract occurs twice")
        group = first[self.pair_minor[pairs]]
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        ends = np.append(starts[1:], len(pairs))
        return tuple(_component(self, pairs[a:b]) for a, b in zip(starts, ends, strict=True))
