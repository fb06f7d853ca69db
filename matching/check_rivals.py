"""Whether a sequence of payers is the best of those that run as long, for the checker (the rules' section 6)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matching.check_nights import Block, Nights, Over, bits


class Key(NamedTuple):
    """What sequences of one length are compared by, in this order: the least is the best."""

    last_resort: int
    blocks: int
    taken: tuple[int, ...]
    """Nights of each payer that has a number of nights left, the scarcest first."""
    who: tuple[str, ...]
    """Who pays, night by night."""


def better_exists(nights: Nights, claim: Sequence[Block]) -> bool:
    """Whether a sequence as long as an allowed claim comes before it."""
    rivals = _Rivals(nights, claim)
    return any(key < rivals.claimed for at in nights.unused(0) for key in rivals.keys(0, at, 0, rivals.most))


class _Rivals:
    """The sequences that run as far as a claim. What comes before a night never changes which tail is the best."""

    def __init__(self, nights: Nights, claim: Sequence[Block]) -> None:
        self.nights = nights
        self.goal = claim[-1].end - nights.first
        scarce = [(payer.nights_left, payer.fund, at) for at, payer in enumerate(nights.payers)]
        self.scarce = [at for _, _, at in sorted((left, fund, at) for left, fund, at in scarce if left is not None)]
        self.nothing = Key(0, 0, (0,) * len(self.scarce), ())
        places = {payer.fund: at for at, payer in enumerate(nights.payers)}
        self.claimed = self.nothing
        for block in reversed(claim):
            self.claimed = self._before(places[block.fund], block.end - block.start, self.claimed)
        # More blocks than claimed are better only where they take fewer nights of last resort.
        self.most = len(nights.payers) if self.claimed.last_resort else len(claim)
        self._finish: dict[int, Over] = {}
        self._tails: dict[tuple[int, int, int], Key | None] = {}

    def keys(self, used: int, at: int, start: int, blocks: int) -> Iterator[Key]:
        """For each way to end a block begun on `start`, the least key from there to the goal in so many blocks."""
        block = self.nights.block(used, at, start)
        if block.every >> self.goal & 1:
            yield self._before(at, self.goal - start, self.nothing)
        used |= 1 << at
        finish = self._finishing(used, blocks - 1)
        handed = block.every & finish.every | block.spent & finish.spent
        for end in bits(handed & ~(-1 << self.goal)):
            for other in self.nights.unused(used):
                self.nights.step()
                if block.before(self.nights.payers[other]) >> end & 1:
                    tail = self._tail(used, other, end, blocks - 1)
                    if tail is not None:
                        yield self._before(at, end - start, tail)

    def _tail(self, used: int, at: int, start: int, blocks: int) -> Key | None:
        known = (used, at, start)
        if known not in self._tails:
            self._tails[known] = min(self.keys(used, at, start, blocks), default=None)
        return self._tails[known]

    def _finishing(self, used: int, blocks: int) -> Over:
        """The nights from which payers not used reach the goal in so many blocks; `spent`: a last resort may begin."""
        found = Over(1 << self.goal, 1 << self.goal)
        if blocks == 0:
            return found
        if used not in self._finish:
            for at in self.nights.unused(used):
                after = self._finishing(used | 1 << at, blocks - 1)
                starts = 0
                for start in range(self.goal):
                    block = self.nights.block(used, at, start)
                    if block.every & after.every or block.spent & after.spent:
                        starts |= 1 << start
                last_resort = self.nights.payers[at].last_resort
                found = Over(found.every | (0 if last_resort else starts), found.spent | starts)
            self._finish[used] = found
        return self._finish[used]

    def _before(self, at: int, nights: int, tail: Key) -> Key:
        """The key of a block and what follows it."""
        payer = self.nights.payers[at]
        taken = tuple(more + nights * (one == at) for one, more in zip(self.scarce, tail.taken, strict=True))
        last_resort = tail.last_resort + nights * payer.last_resort
        return Key(last_resort, tail.blocks + 1, taken, (payer.fund,) * nights + tail.who)
