"""A first plan under conditions, quickly and without proof: the most urgent first, each at the cheapest place left."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from matching.network import Ints, Network


def first_plan(network: Network, matrix: csr_array, most: Ints) -> NDArray[np.bool_]:
    """Place everybody who can be placed, the most urgent first; those who only go together at once, or not at all.

    Parameters
    ----------
    network : Network
    matrix, most : int64 csr_array[rows, pairs], int64[rows]
        Everything that a plan must keep, places included; nothing taken at all keeps it.

    Returns
    -------
    bool[pairs]
    """
    tied = np.asarray((matrix < 0).sum(axis=1)).ravel() > 0
    rows = _Rows(matrix, most, tied)
    order = np.lexsort((network.pair_tie, network.pair_cost, network.pair_minor))
    own = np.split(order, np.searchsorted(network.pair_minor[order], np.arange(1, len(network.minors))))
    taken = np.zeros(len(network.pair_minor), np.bool_)
    for party in _parties(network, matrix, tied):
        choices = [own[minor] for minor in party]
        at = network.pair_facility if len(party) > 1 else np.zeros_like(network.pair_facility)
        best: tuple[int, list[int]] | None = None
        for house in np.unique(at[np.concatenate(choices)]).tolist():
            found = _together(rows, [pairs[at[pairs] == house] for pairs in choices])
            if found:
                cost = int(network.pair_cost[found].sum())
                best = min(best or (cost, found), (cost, found))
        if best is not None:
            rows.take(best[1])
            taken[best[1]] = True
    return taken


class _Rows:
    """What is used of each row so far."""

    def __init__(self, matrix: csr_array, most: Ints, tied: NDArray[np.bool_]) -> None:
        self.columns, self.most, self.tied = csc_array(matrix), most, tied
        self.used = np.zeros_like(most)

    def fits(self, pair: int) -> bool:
        """Whether one more pair keeps every row, but for those in which it needs somebody else."""
        at, counts = self._column(pair)
        return bool(np.all((self.used[at] + counts <= self.most[at]) | self.tied[at]))

    def keep(self) -> bool:
        """Whether every row is kept."""
        return bool(np.all(self.used <= self.most))

    def take(self, pairs: list[int], times: int = 1) -> None:
        """Use what these pairs use."""
        for pair in pairs:
            at, counts = self._column(pair)
            self.used[at] += times * counts

    def _column(self, pair: int) -> tuple[Ints, Ints]:
        begin, end = self.columns.indptr[pair], self.columns.indptr[pair + 1]
        return self.columns.indices[begin:end].astype(np.int64), self.columns.data[begin:end]


def _parties(network: Network, matrix: csr_array, tied: NDArray[np.bool_]) -> Iterator[list[int]]:
    """Those who only go together, or one alone; the party of the most urgent first, then by id."""
    held = matrix[np.flatnonzero(tied)].tocoo()
    ends = (network.pair_minor[held.col], len(network.minors) + held.row)
    size = len(network.minors) + int(tied.sum())
    graph = coo_array((np.ones(len(held.col), np.int8), ends), shape=(size, size))
    label = connected_components(graph, directed=False)[1][: len(network.minors)]
    parties: dict[int, list[int]] = {}
    for minor in sorted(range(len(network.minors)), key=lambda at: (network.tier[at], network.minors[at])):
        parties.setdefault(int(label[minor]), []).append(minor)
    yield from parties.values()


def _together(rows: _Rows, choices: Sequence[Ints]) -> list[int]:
    """The first of each list of pairs that still fits, one after another; none where not everybody has one."""
    found: list[int] = []
    for pairs in choices:
        pair = next((pair for pair in pairs.tolist() if rows.fits(pair)), None)
        if pair is None:
            break
        rows.take([pair])
        found.append(pair)
    whole = len(found) == len(choices) and rows.keep()
    rows.take(found, -1)
    return found if whole else []
