"""Everybody's chains as they are now: each in turn takes the best that the others leave, siblings theirs together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from matching.admission import earliest, need_nights
from matching.census import Census
from matching.chain_prices import Chain, Pricer, Stayed, summed
from matching.chains_siblings import There, Ties, together
from matching.chains_tonight import TIERS, apart
from matching.facts import Referral
from matching.grounds import Grounds
from matching.nights import Span
from matching.prospects import Ends, Prospect

SHUT = 1000
"""The price of a place that is full, in nights and moves: more than any chain is worth."""

CUTS = 3
"""So many times a chain is looked for within the nights that funds have left."""

SETTLED = 4
"""So many times those of a group who are without a sibling look again, before none of them has a bed."""

Floats = NDArray[np.float64]
Look = Callable[[int, Floats, There, int], Chain]
"""How a chain is looked for: whose, by which prices, where siblings are who are known already, how many move."""


class Turns:
    """Everybody who is planned, all chains found so far for each, and the one that each has now."""

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
        self.tier_place = {tier: self.grounds.add(("tier", str(tier)), self.grounds.plenty) for tier in TIERS}
        self.places = self.grounds.places()
        self.apart = apart(census, self.prospects)
        self._beside: list[list[tuple[int, int]]] = [[] for _ in asked]
        for one, other, place in self.apart.tolist():
            self._beside[one].append((other, place))
            self._beside[other].append((one, place))
        self.together = together(census, self.prospects)
        self.ties = Ties(self.together, self.prospects, night)
        self.found: list[dict[Chain, None]] = [{(): None} for _ in asked]
        self.now: list[Chain] = [() for _ in asked]
        self.used = np.zeros(self.places.room.shape, np.int64)
        self.draw = np.random.default_rng(1)

    @property
    def cost(self) -> int:
        """What the plan costs."""
        return sum(self.cost_of(at, chain) for at, chain in enumerate(self.now))

    def cost_of(self, at: int, chain: Chain) -> int:
        """What a chain of one minor costs: nights of the need without a paid bed, and moves."""
        prospect = self.prospects[at]
        slept = sum(stayed.slept.until - stayed.slept.start for stayed in chain)
        return self.night * (prospect.stop - prospect.first - slept) + self.move * max(0, len(chain) - 1)

    def count(self) -> None:
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
            spans += self._stay_spans(at, stayed, alone=stayed is chain[0])
        if self.tiers[at] and not self.in_tonight(chain):
            spans.append(Span(self.tier_place[self.tiers[at]], 0, 1))
        return spans

    def _stay_spans(self, at: int, stayed: Stayed, *, alone: bool) -> list[Span]:
        """What one stay takes of every place."""
        base, (stand, slept), taken = self.base, stayed, self.prospects[at].taken
        return [Span(place, slept.start - base, slept.until - base) for place in stand.places] + [
            Span(place, block.start - base, block.end - base)
            for block in slept.blocks
            for place in taken(stand.facility, block, slept.start, alone)
        ]

    def in_tonight(self, chain: Chain) -> bool:
        """Whether a chain begins tonight."""
        return bool(chain) and chain[0].slept.start == self.base

    def find(self, at: int, sums: Floats, begins: bool = False, moves: int = 1) -> Chain:
        """A chain of one minor that prices make good, exact; all that are looked at are kept."""
        pricer = self.pricers[at]
        return self._kept(at, pricer.mended(pricer.best(sums, begins, moves)))

    def _worth(self, at: int, chain: Chain, prices: Floats) -> float:
        spans = self.spans(at, chain)
        return self.cost_of(at, chain) + sum(float(prices[one.place, one.first : one.until].sum()) for one in spans)

    def take_turns(self, prices: Floats, turn: int, ends: float | None) -> None:
        """Let each take the best chain that the others leave: the most urgent first, later in any order."""
        order = sorted(range(len(self.asked)), key=lambda at: (self.asked[at].urgency, self.asked[at].id))
        done: set[int] = set()
        for at in self.draw.permutation(len(order)).tolist() if turn else order:
            if is_late(ends):
                break
            if at in self.ties.groups and at not in done:
                self._take_together(self.ties.groups[at], prices)
                done.update(self.ties.groups[at])
            elif at not in done:
                self._take(at, prices)

    def _take(self, at: int, prices: Floats) -> None:
        """Let one take the best chain that the others leave."""
        self._use(at, self.now[at], -1)
        chain, shut = self._left_to(at, prices, begins=self.in_tonight(self.now[at]))
        if self._worth(at, chain, shut) < self._worth(at, self.now[at], shut) and self._fits(at, chain):
            self.now[at] = chain
        self._use(at, self.now[at], 1)

    def _take_together(self, group: Sequence[int], prices: Floats) -> None:
        """Let those who belong together take the best chains that the others leave: each is followed once."""
        best = {at: self.now[at] for at in group}
        begins = {at: self.in_tonight(chain) for at, chain in best.items()}

        def look(at: int, own: Floats, there: There, moves: int) -> Chain:
            return self._left_to(at, own, begins[at], there, moves)[0]

        for leader in group:
            tried = self.follow(leader, prices, look)
            worth, least = (sum(self._worth(at, one[at], prices) for at in group) for one in (tried, best))
            if worth < least and self._all_fit(tried):
                best = tried
        self._put(best)

    def _put(self, chains: Mapping[int, Chain]) -> None:
        for at, chain in chains.items():
            self._use(at, self.now[at], -1)
            self.now[at] = chain
            self._use(at, chain, 1)

    def _all_fit(self, chains: Mapping[int, Chain]) -> bool:
        """Whether chains, once they are put, fit side by side and nobody is without a sibling."""
        self._put(chains)
        found = self.ties.kept({at: self.spans(at, chain) for at, chain in chains.items()})
        for at, chain in chains.items():
            self._use(at, chain, -1)
            found = found and self._fits(at, chain)
            self._use(at, chain, 1)
        return found

    def follow(self, leader: int, prices: Floats, look: Look) -> dict[int, Chain]:
        """Chains of those who belong together: one leads, by prices that look at all of them, the others follow.

        Whoever is without a sibling then looks again, where the sibling is. Nothing that is put now is changed.
        """
        group = self.ties.groups[leader]
        before = {at: self.now[at] for at in group}
        there: dict[int, list[Span]] = {}
        for at in group:
            self._use(at, self.now[at], -1)
            self.now[at] = ()

        def go(at: int, own: Floats, moves: int = 1) -> None:
            if there.pop(at, None) is not None:
                self._use(at, self.now[at], -1)
            self.now[at] = look(at, own, there, moves)
            there[at] = self.spans(at, self.now[at])
            self._use(at, self.now[at], 1)

        go(leader, self.ties.added(leader, prices), len(group))
        for at in group:
            if at != leader:
                go(at, prices)
        for _ in range(SETTLED):
            for at in group:
                if self.ties.lonely(at, there):
                    go(at, prices)
        kept = self.ties.kept(there)
        found = {at: self.now[at] if kept else () for at in group}
        self._put(before)
        return found

    def _left_to(
        self, at: int, prices: Floats, begins: bool, there: There | None = None, moves: int = 1
    ) -> tuple[Chain, Floats]:
        """The best chain that the others leave, and prices by which what is full is too dear.

        Where a chain takes more nights in all than a fund has left, the fund is closed from the first night too many.
        """
        full = (self.used >= self.places.room) | (self.used.sum(axis=1) >= self.places.total)[:, None]
        for met in self._kept_from(at):
            full[met.place, met.first : met.until] = True
        if there:
            self.ties.shut(at, there, full)
        shut = np.where(full, SHUT * (self.night + self.move), prices)
        for _ in range(CUTS):
            chain = self.find(at, summed(shut), begins, moves)
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
            for place, first, until in self._stay_spans(at, stayed, alone=stayed is chain[0]):
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


def is_late(ends: float | None) -> bool:
    """Whether a deadline is over."""
    return ends is not None and monotonic() >= ends
