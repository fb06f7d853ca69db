"""The plan of everybody's chains: prices choose chains, each in turn takes what is left, parts are solved anew."""

from collections.abc import Callable, Iterator, Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from matching.admission import earliest, need_nights
from matching.census import Census
from matching.chain_prices import Chain, Pricer, Stayed, summed
from matching.chains_bound import least
from matching.chains_tonight import TIERS, apart, tonight
from matching.coverage import Block
from matching.facts import Referral
from matching.grounds import Grounds
from matching.network import Ints
from matching.nights import Nights, Span, Ways
from matching.nights_linear import Bound, chosen_prices
from matching.nights_search import search
from matching.prospects import Ends, Prospect

ROUNDS = 3
"""So many times chains are priced for everybody before the first plan."""

PARTS = 12
"""So many parts are solved anew between two times that each in turn looks for a better chain."""

TURNS = 4
"""So many times each in turn looks for a better chain, where no deadline is given."""

SHUT = 1000
"""The price of a place that is full, in nights and moves: more than any chain is worth."""

CUTS = 3
"""So many times a chain is looked for within the nights that funds have left."""

SWAY = 0.6
"""How far, as a share of a night's cost, places are made dearer by chance."""

MOST_TRIES, MANY = 24, 80
"""So many times a round prices are changed by chance where few wait, at most; and so many people are many."""

PERIOD = 7
"""Prices are those of so many nights together: else all of a stay's price would stand on one night."""

FIRST, LATER = 0.6, 0.3
"""The share of the prices that counts in the first plan, and once there is one: at all of them nothing is worth it."""

Floats = NDArray[np.float64]
Progress = Callable[[str], None]


class Planner:
    """Everybody who is planned, all chains found so far for each, and the one that each has now.

    Attributes
    ----------
    unplaced, low : dict of int, int
        Minors without a bed tonight by tier, at the least; the cost that no plan is below.
    proved : bool
        Whether there are no fewer.
    """

    def __init__(self, census: Census, asked: Sequence[Referral], night: int, move: int) -> None:
        self.census, self.asked, self.night, self.move = census, asked, night, move
        firsts = [earliest(census, row).toordinal() for row in asked]
        needs = [need_nights(census, row) for row in asked]
        self.base = census.tonight.toordinal()
        stops = [first + need - self.base for first, need in zip(firsts, needs, strict=True)]
        self.grounds = Grounds(census, max(stops, default=1))
        ends = Ends()
        self.prospects = [Prospect(self.grounds, *row, ends) for row in zip(asked, firsts, needs, strict=True)]
        self.pricers = [Pricer(prospect, night, move) for prospect in self.prospects]
        self.tiers = [0 if prospect.first else row.urgency for row, prospect in zip(asked, self.prospects, strict=True)]
        self._tier_place = {tier: self.grounds.add(("tier", str(tier)), self.grounds.plenty) for tier in TIERS}
        self.places = self.grounds.places()
        self.apart = apart(census, self.prospects)
        self._beside: list[list[tuple[int, int]]] = [[] for _ in asked]
        for one, other, place in self.apart.tolist():
            self._beside[one].append((other, place))
            self._beside[other].append((one, place))
        self.found: list[dict[Chain, None]] = [{(): None} for _ in asked]
        self.now: list[Chain] = [() for _ in asked]
        self.used = np.zeros(self.places.room.shape, np.int64)
        self._draw = np.random.default_rng(1)

    def run(self, ends: float | None, progress: Progress, turns: int = TURNS) -> None:
        """Plan until nothing is better by the bound, or to a deadline, or so many turns."""
        begun = tonight(self.prospects, self.tiers, self.places, self._tier_place, self.apart)
        self.unplaced, self.proved = begun.unplaced, begun.proved
        for tier, most in begun.unplaced.items():
            self.places.total[self._tier_place[tier]] = most
        progress(f"{sum(begun.unplaced.values())} without a bed tonight")
        bound = least(self.prospects, self.places, self.grounds.names(), self.night, self.move)
        self.low, self.certificate = bound.cost, bound.certificate
        progress(f"no plan costs less than {self.low:,}")
        self._begin(begun.placed)
        prices = bound.prices
        self._take_turns(prices * FIRST, 0, ends)
        progress(f"cost {self.cost:,}")
        for turn in range(turns if ends is None else 10**6):
            before = self.cost
            prices = self._price(prices, ends)
            self._take_turns(prices * LATER, turn + 1, ends)
            self._improve(prices, ends)
            above = 100 * (self.cost - self.low) / max(1, self.low)
            progress(f"cost {self.cost:,}, at most {above:.2f} % above the least")
            late = _late(ends) if ends is not None else turn > 1 and self.cost == before
            if self.cost <= self.low or late:
                break

    @property
    def cost(self) -> int:
        """What the plan costs."""
        return sum(self.cost_of(at, chain) for at, chain in enumerate(self.now))

    def cost_of(self, at: int, chain: Chain) -> int:
        """What a chain of one minor costs: nights of the need without a paid bed, and moves."""
        prospect = self.prospects[at]
        slept = sum(stayed.slept.until - stayed.slept.start for stayed in chain)
        return self.night * (prospect.stop - prospect.first - slept) + self.move * max(0, len(chain) - 1)

    def _begin(self, placed: dict[int, tuple[int, int]]) -> None:
        """Give those who can have a bed tonight one night of it."""
        for at, (stand, purse) in placed.items():
            prospect = self.prospects[at]
            block = Block(prospect.purses[purse].fund.id, self.base, self.base + 1)
            self.now[at] = self.pricers[at].mended([(prospect.stands[stand], self.base, [block])])
            self.found[at][self.now[at]] = None
        self._count()

    def _count(self) -> None:
        self.used[:] = 0
        for at, chain in enumerate(self.now):
            self._use(at, chain, 1)

    def _use(self, at: int, chain: Chain, count: int) -> None:
        for span in self.spans(at, chain):
            self.used[span.place, span.first : span.until] += count

    def spans(self, at: int, chain: Chain) -> list[Span]:
        """What a chain takes of every place; without a bed tonight, a place among those of its tier."""
        spans: list[Span] = []
        for stayed in chain:
            spans += self._stay_spans(at, stayed)
        if self.tiers[at] and not self.in_tonight(chain):
            spans.append(Span(self._tier_place[self.tiers[at]], 0, 1))
        return spans

    def _stay_spans(self, at: int, stayed: Stayed) -> list[Span]:
        """What one stay takes of every place."""
        base, (stand, slept) = self.base, stayed
        places = {purse.fund.id: purse.places for purse in self.prospects[at].purses}
        return [Span(place, slept.start - base, slept.until - base) for place in stand.places] + [
            Span(place, block.start - base, block.end - base) for block in slept.blocks for place in places[block.fund]
        ]

    def in_tonight(self, chain: Chain) -> bool:
        """Whether a chain begins tonight."""
        return bool(chain) and chain[0].slept.start == self.base

    def _price(self, begin: Floats, ends: float | None) -> Floats:
        """Find chains for everybody by prices, and better prices by all chains found so far, some times over."""
        prices = begin
        for _ in range(ROUNDS):
            for swayed in range(min(MOST_TRIES, 1 + MANY // len(self.asked))):
                sums = summed(self._swayed(prices) if swayed else prices)
                for at in range(len(self.asked)):
                    if _late(ends):
                        return prices
                    self._find(at, sums)
            ways = self._ways()[1]
            prices = (prices + chosen_prices(ways, self.places, len(self.asked), PERIOD)) / 2
        return prices

    def _swayed(self, prices: Floats) -> Floats:
        """Prices that are higher at each place by chance, otherwise from some night on: so other chains are found."""
        before, after = SWAY * self.night * self._draw.random((2, len(prices), 1))
        night, cut = np.arange(prices.shape[1]), self._draw.integers(prices.shape[1] + 1)
        return np.asarray(prices + np.where(night < cut, before, after), np.float64)

    def _find(self, at: int, sums: Floats, begins: bool = False) -> Chain:
        """A chain of one minor that prices make good, exact; all that are looked at are kept."""
        pricer = self.pricers[at]
        return self._kept(at, pricer.mended(pricer.best(sums, begins)))

    def _ways(self) -> tuple[list[tuple[int, Chain]], Ways]:
        """All chains found so far, and what they take."""
        owned = [(at, chain) for at, found in enumerate(self.found) for chain in found]
        return owned, Ways.of([(at, self.cost_of(at, chain), self.spans(at, chain)) for at, chain in owned])

    def _worth(self, at: int, chain: Chain, prices: Floats) -> float:
        spans = self.spans(at, chain)
        return self.cost_of(at, chain) + sum(float(prices[one.place, one.first : one.until].sum()) for one in spans)

    def _take_turns(self, prices: Floats, turn: int, ends: float | None) -> None:
        """Let each take the best chain that the others leave: the most urgent first, later in any order."""
        order = sorted(range(len(self.asked)), key=lambda at: (self.asked[at].urgency, self.asked[at].id))
        for at in self._draw.permutation(len(order)).tolist() if turn else order:
            if _late(ends):
                break
            self._use(at, self.now[at], -1)
            chain, shut = self._left_to(at, prices)
            if self._worth(at, chain, shut) < self._worth(at, self.now[at], shut) and self._fits(at, chain):
                self.now[at] = chain
            self._use(at, self.now[at], 1)

    def _left_to(self, at: int, prices: Floats) -> tuple[Chain, Floats]:
        """The best chain that the others leave, and prices by which what is full is too dear.

        Where a chain takes more nights in all than a fund has left, the fund is closed from the first night too many.
        """
        full = (self.used >= self.places.room) | (self.used.sum(axis=1) >= self.places.total)[:, None]
        for met in self._kept_from(at):
            full[met.place, met.first : met.until] = True
        shut = np.where(full, SHUT * (self.night + self.move), prices)
        for _ in range(CUTS):
            chain = self._find(at, summed(shut), self.in_tonight(self.now[at]))
            for _ in range(CUTS):
                chain = self._cut(at, chain, full)
            beyond = list(self._beyond(at, chain))
            if not beyond:
                break
            for place, night in beyond:
                shut[place, night:] = SHUT * (self.night + self.move)
        return chain, shut

    def _cut(self, at: int, chain: Chain, full: NDArray[np.bool_]) -> Chain:
        """A chain without the nights of each stay from the first on which something is full or used up."""
        left, base, rows = self.places.total - self.used.sum(axis=1), self.base, []
        for stayed in chain:
            stand, slept = stayed
            end = slept.until
            for place, first, until in self._stay_spans(at, stayed):
                shut = first + np.flatnonzero(full[place, first:until])[:1]
                if left[place] < until - first:
                    shut = np.append(shut, first + left[place])
                end = min([end, *(base + shut).tolist()])
                left[place] -= until - first
            blocks = [block._replace(end=min(block.end, end)) for block in slept.blocks if block.start < end]
            if blocks:
                rows.append((stand, slept.start, blocks))
        cut = [blocks[-1].end for _, _, blocks in rows] != [slept.until for _, slept in chain]
        return self._kept(at, self.pricers[at].mended(rows)) if cut else chain

    def _kept(self, at: int, chain: Chain) -> Chain:
        self.found[at][chain] = None
        return chain

    def _beyond(self, at: int, chain: Chain) -> Iterator[tuple[int, int]]:
        """The places that have fewer nights left in all than a chain takes, and the first night too many."""
        left = self.places.total - self.used.sum(axis=1)
        for place, first, until in sorted(self.spans(at, chain), key=lambda span: span.first):
            if 0 <= left[place] < until - first:
                yield place, first + int(left[place])
            left[place] -= until - first

    def _fits(self, at: int, chain: Chain) -> bool:
        """Whether the others leave room for a chain on every night and in all, and nobody is there to be kept from."""
        left, room = self.places.total - self.used.sum(axis=1), self.places.room - self.used
        spans = self.spans(at, chain)
        for span in spans:
            left[span.place] -= span.until - span.first
            if left[span.place] < 0 or np.any(room[span.place, span.first : span.until] <= 0):
                return False
        return not any(
            span.place == met.place and span.first < met.until and met.first < span.until
            for met in self._kept_from(at)
            for span in spans
        )

    def _kept_from(self, at: int) -> Iterator[Span]:
        """Where and when others are beside whom a minor may not be."""
        for other, place in self._beside[at]:
            yield from (span for span in self.spans(other, self.now[other]) if span.place == place)

    def _improve(self, prices: Floats, ends: float | None) -> None:
        """Solve parts of the plan anew among all chains found so far."""
        owned, ways = self._ways()
        sums = summed(prices)
        taken = sums[ways.place, ways.until] - sums[ways.place, ways.first]
        priced = ways.cost + np.bincount(ways.way, taken, len(owned))
        cheapest = np.full(len(self.asked), np.inf)
        np.minimum.at(cheapest, ways.person, priced)
        nights = Nights(np.zeros(len(self.asked), np.int64), self.places, ways, self.apart)
        place = {one: way for way, one in enumerate(owned)}
        begin: Ints = np.array([place[at, chain] for at, chain in enumerate(self.now)], np.int64)
        left = None if ends is None else max(0.0, ends - monotonic())
        bound = Bound(self.low, priced - cheapest[ways.person])
        found = search(nights, seconds=left, parts=PARTS, bound=bound, begin=begin)
        self.now = [owned[way][1] for way in found.chosen.tolist()]
        self._count()


def _late(ends: float | None) -> bool:
    """Whether a deadline is over."""
    return ends is not None and monotonic() >= ends
