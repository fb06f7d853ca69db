"""The best plan under conditions, tier after tier and then by cost, proved or with a bound by a deadline."""

from math import ceil
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from matching import flow
from matching.greedy import first_plan
from matching.network import COST_LIMIT, Ints, Network, by_appearance
from matching.whole import Linear, NoAnswer, solve_linear, solve_whole

ROUNDING = 0.01  # floating point may be off by this much: aims are whole, so nothing is lost
FIRST_PAIRS = 8  # of each minor, on average, in the first program
GUIDE = -4 * COST_LIMIT * flow.TIER_WEIGHT  # one aim for all: it only says which pairs are tried first


class Search:
    """Tier after tier, then the cost: each the least there is, over the pairs that its linear bound leaves in play.

    Rows and pairs stand in an order that ids decide, so that the solver is asked the same whatever that of the network.
    """

    def __init__(self, network: Network, matrix: csr_array, limits: Ints, waiting: Ints, seconds: float | None) -> None:
        self.network, self.waiting = network, waiting
        self.ends = None if seconds is None else monotonic() + seconds
        self.order = np.argsort(network.pair_tie, kind="stable")
        rows, most = places(network, self.order)
        self.matrix = vstack((rows, matrix[:, self.order]), format="csr")
        self.most = np.concatenate((most, limits))
        tier = network.tier[network.pair_minor[self.order]]
        self.tiers = [-(tier == one).astype(np.int64) for one in (1, 2, 3, 4)]
        self.cost = network.pair_cost[self.order]
        self.guide = self.cost + GUIDE[tier]
        self._taken = first_plan(network, self.matrix[:, np.argsort(self.order)], self.most)[self.order]
        self.proved = True
        self.bound = [0] * 5
        self._linear: Linear | None = None

    @property
    def taken(self) -> Ints:
        """The rows of the pairs of the best plan found."""
        return self.order[self._taken]

    @property
    def _out_of_time(self) -> bool:
        """Whether time has run out; then nothing is proved from here on."""
        self.proved = self.proved and (self._left is None or self._left > 0)
        return not self.proved

    def _begin(self) -> None:
        """Rank the pairs by one aim for all, and take the best plan of the first of them by it."""
        found = solve_linear(self.guide, self.matrix, self.most)
        self.rank = np.empty_like(self.order)
        self.rank[np.argsort(found.excess, kind="stable")] = np.arange(len(self.order))
        self.count = FIRST_PAIRS * len(self.network.minors)
        core = (self.rank < self.count) | self._taken
        answer = solve_whole(self.guide[core], self.matrix[:, core], self.most, seconds=self._left)
        if answer.taken is not None and self.guide[core] @ answer.taken < self.guide @ self._taken:
            self._taken = np.zeros_like(core)
            self._taken[core] = answer.taken

    def begin(self, taken: NDArray[np.bool_]) -> None:
        """Begin with a plan that is the best, as bool[pairs]."""
        self._taken = taken[self.order]
        for tier in self.tiers:
            self._hold(tier)

    def run(self) -> None:
        """Search until it is proved, or time has run out."""
        if self._out_of_time or not len(self.order):
            return
        self._begin()
        for at, tier in enumerate(self.tiers):
            if not self._least(at, tier, int(self.waiting[at])):
                return
            self._hold(tier)
        self._least(4, self.cost, 0)

    def alone(self) -> bool | None:
        """Whether no other plan has the tiers and the cost of the best one; None where time ran out."""
        if not self._taken.any():
            return True
        cost = int(self.cost @ self._taken)
        found = self._linear or solve_linear(self.cost, self.matrix, self.most)
        core = self._taken | (found.excess <= cost - found.bound + ROUNDING)
        same = self._taken[core].astype(np.int64)
        matrix = vstack((self.matrix[:, core], csr_array(same[None, :])), format="csr")
        most = np.append(self.most, int(same.sum()) - 1)
        try:
            answer = solve_whole(self.cost[core], matrix, most, seconds=self._left)
        except NoAnswer:
            return True
        if answer.taken is not None and int(self.cost[core] @ answer.taken) <= cost:
            return False
        return True if answer.proved else None

    def _least(self, at: int, aim: Ints, beside: int) -> bool:
        """Find the least of one aim, those before it held; False where time ran out."""
        if self._out_of_time:
            return False
        found = self._linear = solve_linear(aim, self.matrix, self.most)
        least = ceil(found.bound - ROUNDING)
        self.bound[at] = beside + least
        while int(aim @ self._taken) > least:
            core = (self.rank < self.count) | self._taken
            answer = solve_whole(aim[core], self.matrix[:, core], self.most, seconds=self._left)
            if answer.taken is not None and aim[core] @ answer.taken <= aim @ self._taken:
                self._taken = np.zeros_like(core)
                self._taken[core] = answer.taken
            if not answer.proved:
                beyond = found.bound + found.excess[~core].min(initial=np.inf)
                self.bound[at] = beside + ceil(max(found.bound, min(answer.bound, beyond)) - ROUNDING)
                self.proved = False
                return False
            reached = int(aim @ self._taken)
            better = found.excess <= reached - 1 - found.bound + ROUNDING
            self.bound[at] = beside + reached
            if not np.any(better & ~core):
                break
            self.bound[at] = beside + least
            self.count = min(4 * self.count, 1 + int(self.rank[better].max()))
        return True

    def _hold(self, aim: Ints) -> None:
        self.matrix = vstack((self.matrix, csr_array(aim[None, :])), format="csr")
        self.most = np.append(self.most, int(aim @ self._taken))

    @property
    def _left(self) -> float | None:
        return None if self.ends is None else self.ends - monotonic()


def places(network: Network, pairs: Ints) -> tuple[csr_array, Ints]:
    """A row for each minor, contract, unit and facility of these pairs, and how many may be taken there."""
    blocks, limits = [], []
    for at, room in (
        (network.pair_minor[pairs], np.ones(len(network.minors), np.int64)),
        (network.pair_contract[pairs], network.contract_places),
        (network.pair_unit[pairs], network.unit_beds),
        (network.pair_facility[pairs], network.facility_places),
    ):
        ones, row = by_appearance(at)
        blocks.append(coo_array((np.ones(len(pairs), np.int64), (row, np.arange(len(pairs)))), (len(ones), len(pairs))))
        limits.append(np.minimum(room[ones], len(pairs)))
    return vstack(blocks, format="csr"), np.concatenate(limits)
