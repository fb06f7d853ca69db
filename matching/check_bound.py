"""Reckons again what everybody's chains cost at the least, for the checker: from the prices given with them alone.

A plan is taken apart into nights: of a minor, at a house, paid by a fund. Each lowers the cost by what an unpaid night
costs, and takes of what there is: of the minor's nights, of the fund's cap for her or him, of a bed, and so on. At
any prices, what is there at its price, and what is still worth taking beyond its price, is the most by which any plan
lowers the cost. How many nights there could be is judged afresh (`check_could`), and only where prices ask for it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from math import gcd
from typing import Any, NamedTuple

from matching.check_chains import World
from matching.check_clocks import Ledger
from matching.check_could import Could
from matching.check_payers import ordinal
from matching.check_room import room
from matching.check_shape import Document
from matching.facts import Facility, Snapshot

SCALE = 1000
MOST_STAYS = 4
KEYS = {"of", "from", "until", "price"}
NAMES = {"beds": 0, "house": 1, "fund.beds": 1, "fund.nights": 2, "nights": 1, "fund": 2, "block": 3, "stay": 2}
NAMES |= {"first": 1, "stays": 1}
"""What can have a price, and how many ids name it; 0 for any number."""

OF_NIGHTS = {"beds", "house", "fund.beds", "nights"}


def misread(certificate: Any) -> bool:
    """Whether a certificate is anything else than prices, each of something known."""
    return not isinstance(certificate, list) or not all(map(_is_price, certificate))


def _is_price(row: Any) -> bool:
    if not isinstance(row, dict) or set(row) != KEYS or type(row["price"]) is not int or row["price"] < 0:
        return False
    of = row["of"]
    if not isinstance(of, list) or not of or not all(isinstance(one, str) for one in of) or of[0] not in NAMES:
        return False
    if len(of) - 1 != (NAMES[of[0]] or max(1, len(of) - 1)):
        return False
    first, until = ordinal(row["from"]), ordinal(row["until"])
    if of[0] not in OF_NIGHTS:
        return row["from"] is None and row["until"] is None
    return first is not None and until is not None and first < until


class _Price(NamedTuple):
    """A price of all nights, or of those from the first to the last, half-open (ordinals)."""

    first: int
    until: int
    price: int


Prices = dict[tuple[str, ...], list[_Price]]


def overclaimed(document: Document, snapshot: Snapshot, worlds: Mapping[str, World]) -> Iterator[str]:
    """Say where the bound of cost is more than what its prices prove, or they are of something that is not there."""
    reckoning = Reckoning(document["certificate"], snapshot, worlds)
    try:
        most = reckoning.least()
    except LookupError:
        yield "the certificate has a price for what is not in the snapshot"
        return
    if document["bound"]["cost"] > max(0, most):
        yield "the bound is more than its prices prove"


class Reckoning:
    """The prices of a certificate, and what they come to."""

    def __init__(self, certificate: list[Document], snapshot: Snapshot, worlds: Mapping[str, World]) -> None:
        self.snapshot, self.ledger = snapshot, Ledger(snapshot)
        self.worlds = {world.minor.id: world for world in worlds.values()}
        self.could = {minor: Could(world) for minor, world in self.worlds.items()}
        self.houses = {row.id: row for row in snapshot.facilities}
        self.prices: Prices = {}
        self.of_bed: Prices = {}
        for row in certificate:
            price = _Price(ordinal(row["from"]) or 0, ordinal(row["until"]) or 0, row["price"])
            self.prices.setdefault(tuple(row["of"]), []).append(price)
            for bed in row["of"][1:] if row["of"][0] == "beds" else ():
                self.of_bed.setdefault((bed,), []).append(price)
        dated = [one for rows in self.prices.values() for one in rows if one.until]
        self.edges = {edge for one in dated for edge in (one.first, one.until)}

    def least(self) -> int:
        """What no plan costs less than, in whole steps of cost."""
        nights = sum(world.night * (world.stop - world.first) for world in self.worlds.values())
        worth = sum(self._worth(minor) for minor in self.worlds)
        found = SCALE * nights + worth - sum(self._there(*name) for name in self.prices)
        step = gcd(*(gcd(world.night, world.move) for world in self.worlds.values())) or 1
        return step * -(-found // (step * SCALE))

    def _flat(self, *name: str) -> int:
        """The price of something that no nights are said of."""
        return sum(one.price for one in self.prices.get(name, ()))

    def _there(self, kind: str, *ids: str) -> int:
        """All that there is of something, at its price."""
        rows = self.prices[kind, *ids]
        if kind in ("beds", "house", "fund.beds"):
            return sum(one.price * self._room(kind, ids, night) for one in rows for night in range(*one[:2]))
        flat = sum(one.price for one in rows)
        if kind == "fund.nights":
            fund = next(row for row in self.snapshot.funds if row.id == ids[0])
            left = fund.limits[int(ids[1])].nights_left
            if left is None:
                raise LookupError(ids[1])
            return flat * left
        world = self.worlds[ids[0]]
        if kind == "nights":
            spans = ((max(one.first, world.first), min(one.until, world.stop), one.price) for one in rows)
            return sum(price * max(0, until - first) for first, until, price in spans)
        if kind == "fund":
            return flat * self.could[ids[0]].total(ids[1])
        if kind == "block":
            return flat * self.could[ids[0]].block(self.houses[ids[1]], ids[2])
        return flat * MOST_STAYS if kind == "stays" else 0

    def _room(self, kind: str, ids: tuple[str, ...], night: int) -> int:
        """How many more there may be on a night."""
        on = date.fromordinal(night)
        if kind == "house":
            return room(self.houses[ids[0]], self.snapshot, on)
        if kind == "fund.beds":
            fund = next(row for row in self.snapshot.funds if row.id == ids[0])
            beds = [row.beds_per_night for row in fund.limits if row.beds_per_night is not None]
            if not beds:
                raise LookupError(fund.id)
            return max(0, min(beds) - self.ledger.taken(fund.id, on, ""))
        judge, _ = next(iter(self.worlds.values())).after(())
        beds_at = {bed.id: bed for house in self.houses.values() for unit in house.units for bed in unit.beds}
        waits = {row.minor for row in self.snapshot.referrals}
        count = 0
        for bed in (beds_at[one] for one in ids):
            named = bed.held_for is not None or any(row.minor in waits for row in judge.entries.get(bed.id, ()))
            count += named or judge.free(bed, on, "", frozenset())
        return count

    def _worth(self, minor: str) -> int:
        """By how much at most a minor's nights and stays lower the cost beyond their prices: 0 or less."""
        world, first = self.worlds[minor], self._flat("first", minor)
        segments = list(pairwise(sorted({edge for edge in self.edges if world.first < edge < world.stop}
                                        | {world.first, world.stop})))  # fmt: skip
        found = min(0, first - SCALE * world.move)
        stay = SCALE * world.move - first + self._flat("stays", minor)
        for house in self.snapshot.facilities:
            found += self._at_house(world, house, segments, stay)
        return found

    def _at_house(self, world: World, house: Facility, segments: list[tuple[int, int]], stay: int) -> int:
        """The same of one house."""
        minor, could = world.minor.id, self.could[world.minor.id]
        beds = [bed.id for unit in house.units for bed in unit.beds]
        long = self._flat("stay", minor, house.id)
        asked = [
            (fund, row, segment)
            for fund in house.funds or ()
            for row in self._rows(world, fund)
            for segment in segments
            if self._unit(world, house, fund, row, segment, beds) < 0
        ]
        found = 0
        if long or stay < 0:
            longest = sum(could.block(house, fund) for fund in house.funds or ()) if long else 0
            found += min(0, stay - longest * long)
        beds = could.beds(house) if asked else beds
        for fund, row, segment in asked:
            count = min(could.block(house, fund), could.nights(house, fund, row, *segment))
            if count:
                found += count * min(0, self._unit(world, house, fund, row, segment, beds))
        return found

    def _rows(self, world: World, fund: str) -> list[int]:
        """The rows of a fund that are in force within the need."""
        limits = next(row.limits for row in self.snapshot.funds if row.id == fund)
        first, stop = date.fromordinal(world.first), date.fromordinal(world.stop)
        return [
            at
            for at, row in enumerate(limits)
            if row.valid_from < stop and (row.valid_until is None or first < row.valid_until)
        ]

    def _unit(
        self, world: World, house: Facility, fund: str, row: int, segment: tuple[int, int], beds: list[str]
    ) -> int:
        """What one night of a stretch costs, less what it saves: at the cheapest bed, in a stay that a row governs."""
        minor, night = world.minor.id, segment[0]
        return (
            -SCALE * world.night
            + min((self._on(self.of_bed.get((bed,), ()), night) for bed in beds), default=0)
            + self._on(self.prices.get(("house", house.id), ()), night)
            + self._on(self.prices.get(("fund.beds", fund), ()), night)
            + self._flat("fund.nights", fund, str(row))
            + self._on(self.prices.get(("nights", minor), ()), night)
            + self._flat("fund", minor, fund)
            + self._flat("block", minor, house.id, fund)
            + self._flat("stay", minor, house.id)
        )

    @staticmethod
    def _on(rows: "list[_Price] | tuple[()]", night: int) -> int:
        return sum(one.price for one in rows if one.first <= night < one.until)
