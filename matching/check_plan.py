"""The plan tonight for the checker: everybody placed by shortest paths, in whole numbers, and what room costs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

Place = tuple[str, ...]
"""What it is (contract, unit or facility) and its ids; the empty one is being left out, where there is always room."""

OUT: Place = ()
COST_BITS, TIE_BITS = 20, 64
TIERS = (1, 2, 3, 4)


class Pair(NamedTuple):
    """What a minor at a contract costs, and the nights paid there while the bed is free."""

    cost: int
    nights: int


class Effect(NamedTuple):
    """Places that others lose, less those they gain, by tier; the change of all cost; the change of others' nights."""

    lost: tuple[int, ...]
    cost: int
    nights: int


class Way(NamedTuple):
    """The least weight of making room for one more somewhere: who leaves, if anybody, and where room is made then."""

    weight: int
    to: Place
    mover: str | None


@dataclass
class Network:
    """Who waits, in which tier, the contracts each may have, and the places there are; None sets no number."""

    tier: dict[str, int] = field(default_factory=dict)
    pairs: dict[str, dict[Place, Pair]] = field(default_factory=dict)
    above: dict[Place, Place] = field(default_factory=dict)
    room: dict[Place, int | None] = field(default_factory=dict)

    def add(self, place: Place, above: Place, room: int | None) -> None:
        """Add a contract, unit or facility; of a place that is there already, nothing changes."""
        self.above.setdefault(place, above)
        self.room.setdefault(place, room)

    def weight(self, minor: str, place: Place) -> int:
        """What is minimised: the tiers of those left out, then the costs, then the ties.

        One minor of a tier outweighs all of the tiers below and all costs; one unit of cost outweighs all ties.
        """
        if place == OUT:
            steps: int = (len(self.tier) + 1) ** (5 - self.tier[minor])
            return steps << COST_BITS + TIE_BITS
        return (self.pairs[minor][place].cost << TIE_BITS) + _tie(minor, place)


class Plan:
    """Who is where, of the minors placed so far: at the least weight there is."""

    def __init__(self, network: Network, minors: Iterable[str]) -> None:
        self.network = network
        self.at: dict[str, Place] = {}
        self._weight = {
            minor: {place: network.weight(minor, place) for place in (*network.pairs[minor], OUT)}
            for minor in network.tier
        }
        self._choices = {
            minor: sorted((weight, place) for place, weight in places.items()) for minor, places in self._weight.items()
        }
        for minor in minors:
            ways = self._ways()
            place = self._best(minor, ways)
            for mover, to in (*_moves(place, ways), (minor, place)):
                self.at[mover] = to

    def effects(self, asked: str, imposed: Mapping[str, Place]) -> dict[str, Effect]:
        """What each imposed contract with room does, held against the best plan, for a minor who is not in this one."""
        ways = self._ways()
        best = self._change(asked, self._best(asked, ways), ways)
        found = {}
        for name, place in imposed.items():
            if place not in ways:
                continue
            change = self._change(asked, place, ways)
            lost = tuple(more - less for more, less in zip(change.lost, best.lost, strict=True))
            found[name] = Effect(lost, change.cost - best.cost, change.nights - best.nights)
        return found

    def _best(self, minor: str, ways: Mapping[Place, Way]) -> Place:
        """Where one more minor weighs least, the room to be made there included."""
        return min((weight + ways[place].weight, place) for weight, place in self._choices[minor] if place in ways)[1]

    def _change(self, asked: str, place: Place, ways: Mapping[Place, Way]) -> Effect:
        """What changes where the asked minor comes to a place and the others make room."""
        nobody = Pair(0, 0)
        lost: Counter[int] = Counter()
        cost, nights = self.network.pairs[asked].get(place, nobody).cost, 0
        for mover, to in _moves(place, ways):
            pairs = self.network.pairs[mover]
            before, after = pairs.get(self.at[mover], nobody), pairs.get(to, nobody)
            lost[self.network.tier[mover]] += to == OUT
            cost += after.cost - before.cost
            nights += after.nights - before.nights
        return Effect(tuple(lost[tier] for tier in TIERS), cost, nights)

    def _ways(self) -> dict[Place, Way]:
        """The way of least weight to make room in every place (Bellman and Ford: rounds until nothing gets less).

        Room is made above where there are places left, by those below, or by a minor who is there and goes elsewhere.
        """
        within: dict[Place, list[str]] = {}
        below: dict[Place, set[Place]] = {}
        used: Counter[Place] = Counter()
        for minor, contract in self.at.items():
            within.setdefault(contract, []).append(minor)
            place = contract
            while place != OUT:
                used[place] += 1
                below.setdefault(self.network.above[place], set()).add(place)
                place = self.network.above[place]
        ways = {OUT: Way(0, OUT, None)}
        changed = True
        while changed:
            changed = False
            for place, above in self.network.above.items():
                if place in ways and ways[place].weight == 0:
                    continue
                room = self.network.room[place]
                next_to = [above] if room is None or used[place] < room else []
                found = [Way(ways[to].weight, to, None) for to in (*next_to, *below.get(place, ())) if to in ways]
                found += [self._leave(minor, place, ways) for minor in within.get(place, ())]
                best = min(found, key=lambda way: way.weight, default=None)
                if best is not None and (place not in ways or best.weight < ways[place].weight):
                    ways[place] = best
                    changed = True
        return ways

    def _leave(self, minor: str, here: Place, ways: Mapping[Place, Way]) -> Way:
        """The best that a minor can do who leaves a place. Room never weighs less than nothing."""
        now = self._weight[minor][here]
        best = Way(self._weight[minor][OUT] - now, OUT, minor)
        for weight, place in self._choices[minor]:
            if weight - now < best.weight and place != here and place in ways:
                best = min(best, Way(weight - now + ways[place].weight, place, minor))
        return best


def _moves(place: Place, ways: Mapping[Place, Way]) -> Iterator[tuple[str, Place]]:
    """Who goes where so that there is room in a place."""
    while place != OUT:
        _, to, mover = ways[place]
        if mover is not None:
            yield mover, to
        place = to


def _tie(minor: str, contract: Place) -> int:
    """A share below 2**40 that depends on the two ids alone, mixed so that two minors who swap do not tie again."""
    return _mixed((_mixed(_hash(minor, b"minor")) + _hash("\x1f".join(contract[1:]), b"contract")) % 2**64) >> 24


def _hash(text: str, kind: bytes) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=kind).digest(), "little")


def _mixed(value: int) -> int:
    """The splitmix64 function."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
    return value ^ (value >> 31)
