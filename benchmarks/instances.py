"""Instances as arrays: what the rules left of an invented network, in a file that every contender reads."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.networks import network
from matching.census import Census
from matching.codec import decode
from matching.facts import Snapshot
from matching.groups import Row, Sides, apart, sides, together
from matching.network import Network
from matching.value import DEFAULT_POLICY
from matching.waiting import network_tonight, waiting_tonight

IDS = ("minors", "contracts")
RELATED = 0.1
"""Of those who wait, who have a sibling there; and who must be kept from somebody there."""
SPARSE = ("data", "indices", "indptr")


def judged(waiting: int, facilities: int, seed: int, states: int | None = None) -> Network:
    """Everyone who waits in an invented network, and what each may take at what cost, by all rules."""
    return by_rules(decode(network(facilities, waiting, seed, states=states)))


def by_rules(snapshot: Snapshot) -> Network:
    """The same of a snapshot that has been read."""
    census = Census(snapshot)
    return network_tonight(census, waiting_tonight(census), DEFAULT_POLICY, {}).network


def joined(parts: Sequence[Network]) -> Network:
    """Several networks side by side as one, their ids kept apart."""
    whole: dict[str, Any] = {}
    for name in (row.name for row in fields(Network)):
        values = [getattr(part, name) for part in parts]
        if name in IDS:
            whole[name] = tuple(f"{at:04}/{one}" for at, ids in enumerate(values) for one in ids)
        else:
            whole[name] = np.concatenate([own + start for own, start in zip(values, _starts(parts, name), strict=True)])
    return Network(**whole)


def _starts(parts: Sequence[Network], name: str) -> list[int]:
    """What is added to the indices of each part; nothing to what is no index."""
    counted = {
        "pair_minor": "minors",
        "pair_contract": "contracts",
        "contract_unit": "unit_beds",
        "unit_facility": "facility_places",
    }
    if name not in counted:
        return [0] * len(parts)
    sizes = [len(getattr(part, counted[name])) for part in parts]
    return [sum(sizes[:at]) for at in range(len(parts))]


def related(waiting: int, facilities: int, seed: int) -> tuple[Network, Sides]:
    """The same, with siblings who ask to be together and people to be kept apart among those who wait."""
    census = Census(decode(network(facilities, waiting, seed, related=RELATED)))
    found = network_tonight(census, waiting_tonight(census), DEFAULT_POLICY, {}).network
    at = {minor: place for place, minor in enumerate(found.minors)}
    rows: list[Row] = []
    for minor in map(census.minors.__getitem__, found.minors):
        for other in minor.together_with:
            rows += together(found, at[minor.id], at[other])
        for other in sorted(at.keys() & set(minor.avoid.minors)):
            rows += apart(found, at[minor.id], at[other])
    return found, sides(found, rows)


def save(path: Path, network: Network, conditions: Sides | None = None) -> None:
    """Keep an instance in a file, with conditions or without."""
    conditions = conditions or sides(network, [])
    matrix = conditions.matrix
    arrays: dict[str, Any] = {row.name: np.asarray(getattr(network, row.name)) for row in fields(Network)}
    parts: dict[str, Any] = {
        "data": matrix.data,
        "indices": matrix.indices,
        "indptr": matrix.indptr,
        "most": conditions.most,
    }
    np.savez(path, **arrays, **parts)


def load(path: Path) -> tuple[Network, Sides]:
    """An instance as it was saved."""
    with np.load(path) as file:
        found: dict[str, Any] = {name: file[name] for name in file.files}
    given = {row.name: found[row.name] for row in fields(Network)}
    network = Network(**(given | {name: tuple(given[name].tolist()) for name in IDS}))
    shape = (len(found["most"]), len(network.pair_minor))
    matrix = csr_array(tuple(found[name] for name in SPARSE), shape=shape)
    return network, Sides(matrix, found["most"])
