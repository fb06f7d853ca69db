"""The plan of everybody's chains: prices choose chains, each in turn takes what is left, parts are solved anew."""

from collections.abc import Callable
from time import monotonic

import numpy as np

from matching.chain_prices import Chain, summed
from matching.chains_bound import least
from matching.chains_siblings import NEVER, There
from matching.chains_tonight import tonight
from matching.chains_turns import Floats, Turns, is_late
from matching.coverage import Block
from matching.network import Ints
from matching.nights import Nights, Ways
from matching.nights_linear import Bound, chosen_prices
from matching.nights_search import search

ROUNDS = 3
"""So many times chains are priced for everybody before the first plan."""

PARTS = 12
"""So many parts are solved anew between two times that each in turn looks for a better chain."""

TURNS = 4
"""So many times each in turn looks for a better chain, where no deadline is given."""

SWAY = 0.6
"""How far, as a share of a night's cost, places are made dearer by chance."""

MOST_TRIES, MANY = 24, 80
"""So many times a round prices are changed by chance where few wait, at most; and so many people are many."""

PERIOD = 7
"""Prices are those of so many nights together: else all of a stay's price would stand on one night."""

FIRST, LATER = 0.6, 0.3
"""The share of the prices that counts in the first plan, and once there is one: at all of them nothing is worth it."""

Progress = Callable[[str], None]


class Planner(Turns):
    """Finds everybody's chains.

    Attributes
    ----------
    unplaced, low : dict of int, int
        Minors without a bed tonight by tier, at the least; the cost that no plan is below.
    proved : bool
        Whether there are no fewer.
    """

    def run(self, ends: float | None, progress: Progress, turns: int = TURNS) -> None:
        """Plan until nothing is better by the bound, or to a deadline, or so many turns."""
        begun = tonight(self.prospects, self.tiers, self.places, self.tier_place, self.apart, self.together)
        self.unplaced, self.proved = begun.unplaced, begun.proved
        for tier, most in begun.unplaced.items():
            self.places.total[self.tier_place[tier]] = most
        progress(f"{sum(begun.unplaced.values())} without a bed tonight")
        bound = least(self.prospects, self.places, self.grounds.names(), self.night, self.move)
        self.low, self.certificate = bound.cost, bound.certificate
        progress(f"no plan costs less than {self.low:,}")
        self._begin(begun.placed)
        prices = bound.prices
        self.take_turns(prices * FIRST, 0, ends)
        progress(f"cost {self.cost:,}")
        for turn in range(turns if ends is None else 10**6):
            if self.cost <= self.low:
                break
            before = self.cost
            prices = self._price(prices, ends)
            self.take_turns(prices * LATER, turn + 1, ends)
            self._improve(prices, ends)
            above = 100 * (self.cost - self.low) / max(1, self.low)
            progress(f"cost {self.cost:,}, at most {above:.2f} % above the least")
            late = is_late(ends) if ends is not None else turn > 1 and self.cost == before
            if late:
                break

    def _begin(self, placed: dict[int, tuple[int, int]]) -> None:
        """Give those who can have a bed tonight one night of it."""
        for at, (stand, purse) in placed.items():
            prospect = self.prospects[at]
            block = Block(prospect.purses[purse].fund.id, self.base, self.base + 1)
            self.now[at] = self.pricers[at].mended([(prospect.stands[stand], self.base, [block])])
            self.found[at][self.now[at]] = None
        self.count()

    def _price(self, begin: Floats, ends: float | None) -> Floats:
        """Find chains for everybody by prices, and better prices by all chains found so far, some times over."""
        prices = begin
        for _ in range(ROUNDS):
            for swayed in range(min(MOST_TRIES, 1 + MANY // len(self.asked))):
                own = self._swayed(prices) if swayed else prices
                sums = summed(own)
                for at in range(len(self.asked)):
                    if is_late(ends):
                        return prices
                    if at in self.ties.groups:
                        self.follow(at, own, self._freely)
                    else:
                        self.find(at, sums)
            ways = self._ways()[1]
            prices = (prices + chosen_prices(ways, self.places, len(self.asked), PERIOD)) / 2
        return prices

    def _freely(self, at: int, prices: Floats, there: There, moves: int) -> Chain:
        """A chain by prices alone, where siblings are."""
        full = np.zeros(prices.shape, np.bool_)
        self.ties.shut(at, there, full)
        return self.find(at, summed(np.where(full, NEVER, prices)), moves=moves)

    def _swayed(self, prices: Floats) -> Floats:
        """Prices that are higher at each place by chance, otherwise from some night on: so other chains are found."""
        before, after = SWAY * self.night * self.draw.random((2, len(prices), 1))
        night, cut = np.arange(prices.shape[1]), self.draw.integers(prices.shape[1] + 1)
        return np.asarray(prices + np.where(night < cut, before, after), np.float64)

    def _ways(self) -> tuple[list[tuple[int, Chain]], Ways]:
        """All chains found so far, and what they take."""
        owned = [(at, chain) for at, found in enumerate(self.found) for chain in found]
        return owned, Ways.of([(at, self.cost_of(at, chain), self.spans(at, chain)) for at, chain in owned])

    def _improve(self, prices: Floats, ends: float | None) -> None:
        """Solve parts of the plan anew among all chains found so far."""
        owned, ways = self._ways()
        sums = summed(prices)
        taken = sums[ways.place, ways.until] - sums[ways.place, ways.first]
        priced = ways.cost + np.bincount(ways.way, taken, len(owned))
        cheapest = np.full(len(self.asked), np.inf)
        np.minimum.at(cheapest, ways.person, priced)
        nights = Nights(np.zeros(len(self.asked), np.int64), self.places, ways, self.apart, self.together)
        place = {one: way for way, one in enumerate(owned)}
        begin: Ints = np.array([place[at, chain] for at, chain in enumerate(self.now)], np.int64)
        left = None if ends is None else max(0.0, ends - monotonic())
        bound = Bound(self.low, priced - cheapest[ways.person])
        found = search(nights, seconds=left, parts=PARTS, bound=bound, begin=begin)
        self.now = [owned[way][1] for way in found.chosen.tolist()]
        self.count()
