"""The best plan under conditions, tier after tier and then by cost, proved or with a bound by a deadline.

A linear bound says of each pair how much worse than the bound a plan with it is at least. Among the pairs of the least
a plan is found; between it and the bound few pairs are left, and only among these a better plan, or another as good,
has to be looked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, vstack

from matching.greedy import first_plan
from matching.network import COST_LIMIT, Ints, Network, by_appearance, restricted
from matching.whole import Linear, NoAnswer, solve_linear, solve_whole

WHOLE = 1e-6  # so near to a whole number a part counts as it
ROUNDING = 0.01  # floating point may be off by this much: aims are whole, so nothing is lost
FIRST_PAIRS = 16  # of each minor, on average: more are looked at only once these have given what they can
GUIDE = -4 * COST_LIMIT * np.array([0, 64, 16, 4, 1])
"""Tiers and cost as one aim: what it gives is improved tier after tier where it is not the best."""


class Search:
    """Tier after tier, then the cost: each the least there is, over the pairs that its linear bound leaves in play.

    Rows and pairs stand in an order that ids decide, so that the solver is asked the same whatever that of the network.

    Parameters
    ----------
    network : Network
    pairs : int64[k]
        The rows of it that may be taken.
    matrix, most : int64 csr_array[rows, k], int64[rows]
        The conditions on these.
    waiting : int64[4]
        Minors by tier.
    relaxed : sequence of five int
        What the best plan without the conditions comes to: unplaced by tier, then the cost.
    seconds : float, optional
        How long to look; None: until it is proved.

    Attributes
    ----------
    proved : bool
        Whether there is no better plan.
    alone : bool or None
        Whether there is no other as good; None where that is not known.
    """

    def __init__(
        self,
        network: Network,
        pairs: Ints,
        matrix: csr_array,
        most: Ints,
        waiting: Ints,
        relaxed: Sequence[int],
        seconds: float | None,
    ) -> None:
        self.network, self.waiting, self.relaxed = network, waiting, list(relaxed)
        self.ends = None if seconds is None else monotonic() + seconds
        self._by_tie = np.argsort(network.pair_tie[pairs], kind="stable")
        self.order = pairs[self._by_tie]
        rows, room = places(network, self.order)
        self.matrix: csc_array = vstack((rows, matrix[:, self._by_tie]), format="csc")
        self.most = np.concatenate((room, most))
        self.minor, self.house = network.pair_minor[self.order], network.pair_facility[self.order]
        tier = network.tier[self.minor]
        self.tiers = [-(tier == one).astype(np.int64) for one in (1, 2, 3, 4)]
        self.cost = network.pair_cost[self.order]
        self.guide = self.cost + GUIDE[tier]
        self._taken = np.zeros(len(pairs), np.bool_)
        self._few = FIRST_PAIRS * int(waiting.sum())
        self._least = [0] * 5
        self.proved = True
        self.alone: bool | None = None

    @property
    def taken(self) -> Ints:
        """The rows of the pairs of the best plan found."""
        return self.order[self._taken]

    @property
    def bound(self) -> list[int]:
        """What no plan is better than: minors unplaced by tier, then the cost; compared in this order."""
        return max(self._least, self.relaxed)

    def run(self, unique: bool) -> None:
        """Search until it is proved, or time has run out; `unique` asks whether another plan is as good."""
        self.proved = self._begin() and all(map(self._fewest, range(4))) and self._cheapest(unique)
        if self.proved:
            self._least[4] = int(self.cost @ self._taken)

    def kept(self, taken: Ints, dearer: Ints) -> None:
        """Ask whether another plan is as good as one that is the best even without the conditions.

        `dearer` says of each pair, in the order given, how much worse a plan with it is at least.
        """
        self._taken = np.isin(self.order, taken)
        for at in range(4):
            self._hold(at)
        self._least = self.relaxed
        self._prove(self.relaxed[4], dearer[self._by_tie], True)

    def _begin(self) -> bool:
        """Find the first plan, by one aim for all; False where time ran out before it."""
        if self._out_of_time:
            self._taken = self._by_urgency()
            return False
        self._guided = solve_linear(self.guide, self.matrix, self.most)
        self._rank = np.argsort(np.argsort(self._guided.excess, kind="stable"))
        found = self._settled(self._guided)
        if found is None or self.guide @ found - self._guided.bound >= -GUIDE[4]:
            found = self._hoped(found)
        self._taken = self._by_urgency() if found is None else found
        return True

    def _hoped(self, other: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """A plan with as many of each tier as the first bound has, from the pairs nearest to what that costs at least.

        Where these have none: the `other`.
        """
        placed = [floor(-aim @ self._guided.parts + WHOLE) for aim in self.tiers]
        matrix = vstack((self.matrix, csr_array(np.stack(self.tiers))), format="csc")
        most = np.concatenate((self.most, np.negative(placed)))
        try:
            found = solve_linear(self.cost, matrix, most)
            core = np.argsort(np.argsort(found.excess, kind="stable")) < self._few
            answer = solve_whole(self.cost[core], matrix[:, core], most, seconds=self._left)
        except NoAnswer:
            return other
        return other if answer.taken is None else _spread(core, answer.taken)

    def _settled(self, found: Linear) -> NDArray[np.bool_] | None:
        """A plan near the bound: whoever is in part here and in part there is settled where more is, one at a time."""
        allowed, parts = self._rank < self._few, found.parts
        while np.any(split := (parts > WHOLE) & (parts < 1 - WHOLE)):
            if self._out_of_time:
                return None
            settled = int(np.argmax(np.where(split, parts, 0)))
            others = allowed & (self.minor == self.minor[settled])
            elsewhere = others & (self.house != self.house[settled])
            if np.any(elsewhere):
                others = elsewhere
            elif np.count_nonzero(others) > 1:
                others[settled] = False
            allowed &= ~others
            near = solve_linear(self.guide[allowed], self.matrix[:, allowed], self.most)
            parts = np.zeros(len(allowed))
            parts[allowed] = near.parts
        taken = parts > WHOLE
        return taken if np.all(self.matrix @ taken.astype(np.int64) <= self.most) else None

    def _by_urgency(self) -> NDArray[np.bool_]:
        return first_plan(restricted(self.network, self.order), self.matrix.tocsr(), self.most)

    def _fewest(self, at: int) -> bool:
        """Place as many of a tier as can be, those before it held; False where time ran out."""
        aim, waiting = self.tiers[at], int(self.waiting[at])
        placed = int(aim @ self._taken)
        if [*self._least[:at], waiting + placed] != self.relaxed[: at + 1]:  # the flow alone does not prove it
            if self._out_of_time:
                return False
            best = self._improve(aim, self._linear(aim), 0)
            self._least[at], placed = waiting + best, int(aim @ self._taken)
            if best < placed:
                return False
        self._least[at] = waiting + placed
        self._hold(at)
        return True

    def _cheapest(self, unique: bool) -> bool:
        """Find the least cost, the tiers held; False where time ran out."""
        if self._out_of_time:
            return False
        placed = [int(-aim @ self._taken) for aim in self.tiers]
        shifted = self._guided.bound - float(GUIDE[1:] @ placed)
        found = replace(self._guided, bound=shifted)
        if np.count_nonzero(self._better(self.cost, found)) > self._few:
            found = self._linear(self.cost)
            self._least[4] = self._improve(self.cost, found, self._few)
        return self._prove(found.bound, found.excess, unique)

    def _improve(self, aim: Ints, found: Linear, few: int) -> int:
        """Take better plans until at most `few` pairs are left that one still better could need.

        Gives what no plan's aim is less than: what is reached, where it is the least.
        """
        count = self._few
        while np.count_nonzero(better := self._better(aim, found)) > few:
            core = (better & (self._rank < count)) | self._taken
            answer = solve_whole(aim[core], self.matrix[:, core], self.most, seconds=self._left)
            if answer.taken is not None and aim[core] @ answer.taken <= aim @ self._taken:
                self._taken = _spread(core, answer.taken)
            if not answer.proved:
                beyond = found.bound + float(found.excess[~core].min(initial=np.inf))
                return ceil(max(found.bound, min(answer.bound, beyond)) - ROUNDING)
            better = self._better(aim, found)
            if not np.any(better & ~core):
                return int(aim @ self._taken)
            count *= 4
        return ceil(found.bound - ROUNDING) if better.any() else int(aim @ self._taken)

    def _better(self, aim: Ints, found: Linear) -> NDArray[np.bool_]:
        """The pairs that a plan of less than what is reached could have."""
        return np.asarray(found.excess <= int(aim @ self._taken) - 1 - found.bound + ROUNDING)

    def _prove(self, bound: float, excess: NDArray[np.float64] | Ints, unique: bool) -> bool:
        """Look for a plan of less cost, or of the same where it is asked for; False where time ran out."""
        self._least[4] = max(self._least[4], ceil(bound - ROUNDING))
        while (reached := int(self.cost @ self._taken)) > self._least[4] or unique:
            if self._out_of_time:
                return reached <= self._least[4]
            wanted = reached if unique else reached - 1
            core = (excess <= wanted - bound + ROUNDING) | self._taken
            same = self._taken[core].astype(np.int64)
            matrix = vstack((self.matrix[:, core], csr_array(np.stack((self.cost[core], same)))), format="csc")
            most = np.append(self.most, (wanted, int(same.sum()) - 1))
            try:
                answer = solve_whole(self.cost[core], matrix, most, seconds=self._left)
            except NoAnswer:
                self.alone = unique
                break
            if answer.taken is not None:
                other = _spread(core, answer.taken)
                if self.cost @ other < reached:
                    self._taken = other
                    continue
                self.alone = False
            if answer.proved:
                break
            self._least[4] = min(reached, max(self._least[4], ceil(max(bound, answer.bound) - ROUNDING)))
            return self._least[4] >= reached
        return True

    def _linear(self, aim: Ints) -> Linear:
        return solve_linear(aim, self.matrix, self.most, (self._rank < self._few) | self._taken)

    def _hold(self, at: int) -> None:
        """Nobody of a tier less than now is placed from here on."""
        aim = self.tiers[at]
        self.matrix = vstack((self.matrix, csr_array(aim[None, :])), format="csc")
        self.most = np.append(self.most, int(aim @ self._taken))

    @property
    def _left(self) -> float | None:
        return None if self.ends is None else self.ends - monotonic()

    @property
    def _out_of_time(self) -> bool:
        return self._left is not None and self._left <= 0


def _spread(core: NDArray[np.bool_], taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is taken of the core, over all pairs."""
    whole = np.zeros_like(core)
    whole[core] = taken
    return whole


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
