"""Which payer pays which night: the best sequence of payers, each with one unbroken block (the rules' section 6).

A block's reach depends on its payer and first night alone, and never falls when the block starts later. So the
longest run is found by letting every block run out (`_Search.reach`), and only switches that keep that run long
are looked at for the finer criteria.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from matching.facts import Payer

MOST_STEPS = 20_000
"""How far a search goes before it takes what it has; a house with eight payers that all differ stays within it."""

FEW = 4
"""So few payers that trying every order takes less than keeping book of it."""

Key = tuple[int, int, tuple[int, ...], tuple[str, ...]]
"""Nights of last resort, blocks, nights of each scarce payer, and who pays, night by night: least is best."""


@dataclass(frozen=True, slots=True)
class PayerRun:
    """One usable payer.

    Attributes
    ----------
    run_end : callable
        `run_end(start, stop)` is the first night a block from `start` does not reach, at most `stop` (ordinals).
    may_return : bool
        Whether it could pay a night after one on which it could not begin; False promises that it cannot.
    alike : callable
        Gives what is equal for payers whose blocks reach equally far from every night; None where that is not known.
    """

    fund: str
    last_resort: bool
    nights_left: int | None
    run_end: Callable[[int, int], int]
    may_return: bool = True
    alike: Callable[[], Hashable | None] = lambda: None


class Coverage(NamedTuple):
    """Who pays which nights, as half-open ranges, and the first night that nobody pays (an ordinal).

    `proved` is False where there were too many ways to look at all of them: the nights are paid as said, but another
    sequence might be better.
    """

    payers: tuple[Payer, ...]
    end: int
    proved: bool = True

    def nights(self, start: int) -> int:
        """Funded nights from an admission (an ordinal)."""
        return self.end - start


def cover(payers: Sequence[PayerRun], start: int, stop: int) -> Coverage:
    """Choose the best sequence of payers for the nights from `start`.

    Parameters
    ----------
    payers : sequence of PayerRun
        Those whose "once" rules are all met.
    start, stop : int
        Ordinals of the admission and of the first night after the need, or after the licence.

    Returns
    -------
    Coverage
        By, in order: the longest run from `start`; fewest nights of last resort; fewest changes; the least taken
        from scarce payers; the smallest list of fund ids, night by night.
    """
    single = _single(payers, start, stop)
    if single is not None:
        return single
    search = _Search(payers, start, stop)
    end = search.reach(search.everyone, start)
    if end == start:
        return Coverage((), start)
    return Coverage(_ranges(search.best(start, end), start), end, not search.cut)


def cover_from(payers: Sequence[PayerRun], head: str, start: int, stop: int) -> Coverage:
    """Choose the best sequence of those in which one payer, named by its fund, pays the first night."""
    search = _Search(payers, start, stop)
    at = next(at for at, payer in enumerate(search.payers) if payer.fund == head)
    end = search.farthest(at, search.everyone, start)
    if end == start:
        return Coverage((), start)
    return Coverage(_ranges(search.best_from(at, start, end), start), end, not search.cut)


class Block(NamedTuple):
    """A payer and the half-open nights that it pays (ordinals)."""

    fund: str
    start: int
    end: int


def sequences(
    payers: Sequence[PayerRun], start: int, stop: int, *, least: int, run_out: bool
) -> Iterator[tuple[Block, ...]]:
    """Every allowed sequence of payers from `start` that ends on `least` or later, each once; longer blocks first.

    Parameters
    ----------
    payers : sequence of PayerRun
        Those whose "once" rules are all met; none of them is left out as being like another.
    start, stop, least : int
        Ordinals of the admission, of the first night after the need or the licence, and of the first end looked for.
    run_out : bool
        Whether only blocks that go on as long as they may are looked at.
    """
    search = _Search([replace(payer, alike=lambda: None) for payer in payers], start, stop)

    def begin(at: int, left: int, night: int, before: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
        rest = left & ~(1 << at)
        end = search.block_end(at, rest, night)
        for until in (end,) * (end > night) if run_out else range(end, night, -1):
            blocks = (*before, Block(search.payers[at].fund, night, until))
            if until >= least:
                yield blocks
            elif search.reach(rest, until) < least and not search.cut:
                continue
            for other in search.followers(at, rest, night, until):
                yield from begin(other, rest, until, blocks)

    for at in search.members(search.everyone):
        yield from begin(at, search.everyone, start, ())


def block_end(payers: Sequence[PayerRun], before: Sequence[Block], fund: str, start: int, stop: int) -> int:
    """The first night that a fund's block after those before does not reach; `start` where it may not follow them.

    Parameters
    ----------
    payers : sequence of PayerRun
        Those whose "once" rules are all met, the fund among them.
    before : sequence of Block
        The blocks of the stay so far, the last of them ending on `start`.
    start, stop : int
        Ordinals of the first night of the block, and of one that it does not reach.
    """
    search = _Search([replace(payer, alike=lambda: None) for payer in payers], start, stop)
    at = {payer.fund: place for place, payer in enumerate(search.payers)}
    left = search.everyone & ~sum(1 << at[block.fund] for block in before if block.fund in at)
    if not left >> at[fund] & 1:
        return start
    if before and search.payers[at[fund]].last_resort:
        last = search.payers[at[before[-1].fund]]
        if not last.last_resort and last.run_end(before[-1].start, stop) > start:
            return start
    return search.block_end(at[fund], left & ~(1 << at[fund]), start)


def farthest(payers: Sequence[PayerRun], start: int, stop: int) -> int:
    """The first night that no sequence reaches, even if no last resort had to wait (ordinals)."""
    search = _Search([replace(payer, last_resort=False) for payer in payers], start, stop)
    end = search.reach(search.everyone, start)
    return stop if search.cut else end


def _ranges(key: Key, start: int) -> tuple[Payer, ...]:
    """Who pays, night by night, as half-open ranges."""
    ranges, night = [], start
    for fund, nights in groupby(key[3]):
        until = night + len(list(nights))
        ranges.append(Payer(fund, date.fromordinal(night), date.fromordinal(until)))
        night = until
    return tuple(ranges)


def heads(payers: Sequence[PayerRun], start: int, stop: int) -> dict[str, int]:
    """How far the nights are paid without a gap if each payer in turn pays the first (ordinals, by fund)."""
    if len(payers) <= FEW and not any(payer.last_resort for payer in payers):
        return {payer.fund: _farthest(payer, payers, start, stop) for payer in payers}
    search = _Search(payers, start, stop)
    return {payer.fund: search.farthest(at, search.everyone, start) for at, payer in enumerate(search.payers)}


def _farthest(first: PayerRun, payers: Sequence[PayerRun], start: int, stop: int) -> int:
    """What a search finds among a few, none of last resort: every block runs out before the next begins."""
    end = found = first.run_end(start, stop)
    if start < end < stop:
        rest = [payer for payer in payers if payer is not first]
        for payer in rest:
            found = max(found, _farthest(payer, rest, end, stop))
            if found == stop:
                break
    return found


def _single(payers: Sequence[PayerRun], start: int, stop: int) -> Coverage | None:
    """The one payer that pays every night, where there is one that is not of last resort."""
    whole = [payer for payer in payers if not payer.last_resort and payer.run_end(start, stop) == stop]
    if not whole or start == stop:
        return None
    unlimited = [payer for payer in whole if payer.nights_left is None]
    scarce = sorted((payer for payer in whole if payer.nights_left is not None), key=_scarcity)
    best = min(unlimited, key=lambda payer: payer.fund) if unlimited else scarce[-1]
    return Coverage((Payer(best.fund, date.fromordinal(start), date.fromordinal(stop)),), stop)


def _scarcity(payer: PayerRun) -> tuple[int, str]:
    return (payer.nights_left or 0, payer.fund)


class _Search:
    """The state of one search: sets of payers are bit masks of those whose block has not been."""

    def __init__(self, payers: Sequence[PayerRun], start: int, stop: int) -> None:
        self.payers = sorted(payers, key=lambda payer: payer.fund)
        self.start = start
        self.stop = stop
        self.everyone = (1 << len(payers)) - 1
        self.alike = [payer.alike() for payer in self.payers]
        self.earlier = [self._alike_before(at) for at in range(len(self.payers))]
        self.steps = 0
        scarce = [at for at, payer in enumerate(self.payers) if payer.nights_left is not None]
        scarce.sort(key=lambda at: _scarcity(self.payers[at]))
        self.scarce = {at: place for place, at in enumerate(scarce)}
        self._reach: dict[tuple[int, int], int] = {}
        self._far: dict[tuple[int, int, int], int] = {}
        self._fewest: dict[tuple[int, int], int] = {}
        self._best: dict[tuple[int, int, int], Key | None] = {}
        self._ends: dict[tuple[int, int, int], int] = {}

    def _alike_before(self, at: int) -> int:
        """The payers of smaller id that would do just what this one does: they come first, so that ids decide."""
        own = self.payers[at]
        if self.alike[at] is None or own.nights_left is not None:
            return 0
        return sum(
            1 << other
            for other, payer in enumerate(self.payers[:at])
            if self.alike[other] == self.alike[at]
            and payer.last_resort == own.last_resort
            and payer.nights_left is None
        )

    def members(self, mask: int) -> list[int]:
        """The payers in a set, of those alike only the first."""
        return [at for at in range(len(self.payers)) if mask >> at & 1 and not mask & self.earlier[at]]

    @property
    def cut(self) -> bool:
        """Whether the search has used up its steps; from then on it takes the first way that it finds."""
        return self.steps > MOST_STEPS

    def block_end(self, at: int, left: int, start: int) -> int:
        """How far a payer's block from a night goes; one of last resort stops where another in `left` could pay."""
        payer = self.payers[at]
        if not payer.last_resort:
            return payer.run_end(start, self.stop)
        key = (at, left, start)
        found = self._ends.get(key)
        if found is None:
            found = self._ends[key] = self._until_another(payer, left, start)
        return found

    def _until_another(self, payer: PayerRun, left: int, start: int) -> int:
        """How far a last resort pays before a payer in `left` that is none could."""
        others = [self.payers[at] for at in self.members(left) if not self.payers[at].last_resort]
        if any(other.run_end(start, self.stop) > start for other in others):
            return start
        back = [other for other in others if other.may_return]
        end = payer.run_end(start, self.stop)
        if not back:
            return end
        nights = range(start + 1, end)
        return next((night for night in nights if any(one.run_end(night, self.stop) > night for one in back)), end)

    @cached_property
    def steady(self) -> bool:
        """Whether starting later never shortens the reach, so that every block may run out.

        It fails only where a payer that cannot pay a night comes back later and then holds back a last resort.
        """
        first = [payer for payer in self.payers if not payer.last_resort]
        if len(first) == len(self.payers) or not first:
            return True
        return all(self._stays_away(payer) for payer in first)

    def _stays_away(self, payer: PayerRun) -> bool:
        if not payer.may_return:
            return True
        could = [payer.run_end(night, self.stop) > night for night in range(self.start, self.stop)]
        return could == sorted(could, reverse=True)

    def reach(self, left: int, start: int) -> int:
        """The farthest that payers in `left` can go from a night."""
        if start >= self.stop or not left:
            return start
        key = (left, start)
        found = self._reach.get(key)
        if found is None:
            self.steps += 1
            ways = self.members(left)
            if self.cut:
                ways = [max(ways, key=lambda at: self.block_end(at, left & ~(1 << at), start))]
            found = self._reach[key] = max(self.farthest(at, left, start) for at in ways)
        return found

    def farthest(self, at: int, left: int, start: int) -> int:
        """The farthest that they can go where this payer's block is the first."""
        rest = left & ~(1 << at)
        end = self.block_end(at, rest, start)
        if end == start:
            return start
        if self.steady:
            return self.reach(rest, end)
        key = (left, at, start)
        found = self._far.get(key)
        if found is None:
            found = end
            for night in range(start + 1, end + 1):
                for other in self.followers(at, rest, start, night):
                    found = max(found, self.farthest(other, rest, night))
            self._far[key] = found
        return found

    def followers(self, at: int, rest: int, start: int, night: int) -> list[int]:
        """Who may pay after a block `[start, night)`: a last resort only where that block's payer cannot go on."""
        goes_on = not self.payers[at].last_resort and self.payers[at].run_end(start, self.stop) > night
        return [other for other in self.members(rest) if not (goes_on and self.payers[other].last_resort)]

    @cached_property
    def counted(self) -> bool:
        """Whether the fewest blocks are best: where a last resort may pay, its nights count first."""
        return not any(payer.last_resort for payer in self.payers)

    def fewest(self, left: int, start: int, goal: int) -> int:
        """How many blocks it takes at the least to go from a night to `goal`, where nobody is of last resort."""
        key = (left, start)
        found = self._fewest.get(key)
        if found is None:
            self.steps += 1
            found = len(self.payers) + 1
            ends = [(at, self.block_end(at, left, start)) for at in self.members(left)]
            if self.cut:
                ends = [max(ends, key=lambda way: way[1])]
            if any(end >= goal for _, end in ends):
                found = 1
            else:
                for at, end in ends:
                    if end > start and self.reach(left & ~(1 << at), end) >= goal:
                        found = min(found, 1 + self.fewest(left & ~(1 << at), end, goal))
            self._fewest[key] = found
        return found

    def best(self, start: int, goal: int) -> Key:
        """The least key of a sequence from `start` to `goal`, which is the farthest reach."""
        blocks = self.fewest(self.everyone, start, goal) if self.counted else len(self.payers)
        keys = []
        if not self.cut:
            found = (self._from(at, self.everyone, start, goal, blocks) for at in self.members(self.everyone))
            keys = [key for key in found if key is not None]
        return min(keys) if keys else self._first_way(self.everyone, start, goal)

    def best_from(self, at: int, start: int, goal: int) -> Key:
        """The least key of a sequence whose first payer is this one, to `goal`, which is its farthest reach."""
        rest, blocks = self.everyone & ~(1 << at), len(self.payers)
        if self.counted:
            end = self.block_end(at, rest, start)
            blocks = 1 if end >= goal else 1 + self.fewest(rest, end, goal)
        key = None if self.cut else self._from(at, self.everyone, start, goal, blocks)
        return key or self._way_from(at, self.everyone, start, goal)

    def _first_way(self, left: int, start: int, goal: int) -> Key:
        """A sequence that goes the farthest, each block as far as it can: the one that `reach` found."""
        if start >= goal:
            return (0, 0, (0,) * len(self.scarce), ())
        return self._way_from(
            max(self.members(left), key=lambda one: self.farthest(one, left, start)), left, start, goal
        )

    def _way_from(self, at: int, left: int, start: int, goal: int) -> Key:
        """The same where this payer is the first."""
        rest = left & ~(1 << at)
        end = min(self.block_end(at, rest, start), goal)
        return self._key(at, start, end, self._first_way(rest, end, goal))

    def _from(self, at: int, left: int, start: int, goal: int, blocks: int) -> Key | None:
        """The least key of at most so many blocks to `goal`, this payer's first; None where they fall short."""
        known = (left, at, start)
        if known not in self._best:
            self._best[known] = self._search(at, left & ~(1 << at), start, goal, blocks)
        return self._best[known]

    def _search(self, at: int, rest: int, start: int, goal: int, blocks: int) -> Key | None:
        end = min(self.block_end(at, rest, start), goal)
        if end == start:
            return None
        best = self._key(at, start, goal, None) if end == goal else None
        if blocks == 1:
            return best
        for night in range(min(end, goal - 1), start, -1):
            if self.reach(rest, night) < goal:
                if self.steady:
                    break
                continue
            if self.counted and self.fewest(rest, night, goal) >= blocks:
                break
            for other in self.followers(at, rest, start, night):
                if self.cut:
                    return best
                self.steps += 1
                tail = self._from(other, rest, night, goal, blocks - 1)
                if tail is not None:
                    key = self._key(at, start, night, tail)
                    best = key if best is None or key < best else best
        return best

    def _key(self, at: int, start: int, end: int, tail: Key | None) -> Key:
        payer, nights = self.payers[at], end - start
        last_resort, blocks, taken, who = tail or (0, 0, (0,) * len(self.scarce), ())
        if at in self.scarce:
            place = self.scarce[at]
            taken = (*taken[:place], taken[place] + nights, *taken[place + 1 :])
        return (last_resort + nights * payer.last_resort, blocks + 1, taken, (payer.fund,) * nights + who)
