"""Confirms a chain of stays, for the checker: every stay judged afresh after those before it, and the best there is.

It shares the facts and the rules with the search, and nothing of how it searches: after each stay the snapshot itself
is written anew, with that stay as a past one, and nights are gone through one by one (`check_chains`).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from matching.check_chains import BED, Door, Stayed, TooManyChains, World, better_chain
from matching.check_payers import blocks, ordinal
from matching.check_shape import ROWS, Document, differences, misplaced
from matching.facts import Facility, Snapshot
from matching.value import Policy

HEADER = {
    *("version", "referral", "snapshot_sha256", "rules_version", "engine_version", "policy", "from", "until"),
    *("links", "uncovered", "value", "bound", "proof", "provisional", "careful"),
}
LINK = {
    *("facility", "unit", "bed", "from", "until", "nights", "payers", "why", "binding", "bed_until"),
    *("bed_confirmed_at", "call_first", "open_from", "opened_by"),
}
CAREFUL = [
    *("beds.planned", "people.planned", "others.wait", "house.once", "bed.one", "siblings.come", "stays.most"),
]
MOST_STAYS = 4
CALL_FIRST_HOURS = 12


def faults(document: Document, snapshot: Snapshot, policy: Policy) -> list[str]:
    """Say what is wrong with a chain: one sentence for each fault; none where it is confirmed."""
    found = list(_misshapen(document)) or list(_header(document, snapshot, policy))
    return found or list(_Check(document, snapshot, policy).faults())


def _misshapen(document: Document) -> Iterator[str]:
    """Keys that are missing or not known, as far as the rest relies on them."""
    if set(document) != HEADER:
        yield "the keys of the chain are not those of its schema"
        return
    links = document["links"]
    if not isinstance(links, list) or not all(isinstance(row, dict) and set(row) == LINK for row in links):
        yield "links have not the keys of the schema"
        return
    for at, row in enumerate(links):
        payers = row["payers"]
        if not isinstance(payers, list) or not all(
            isinstance(one, dict) and set(one) == ROWS["payers"] for one in payers
        ):
            yield f"link {at}: payers have not the keys of the schema"
        elif not blocks(payers):
            yield f"link {at}: a payer is not a fund and two dates"
        if ordinal(row["from"]) is None or ordinal(row["until"]) is None or not isinstance(row["facility"], str):
            yield f"link {at}: no house, or not two dates"
    if document["proof"] not in ("optimal", "bounded") or type(document["bound"]) is not int:
        yield "the bound is no number, or the proof has another name"
    careful = document["careful"]
    if not isinstance(careful, list) or [isinstance(row, dict) and row.get("code") for row in careful] != CAREFUL:
        yield "careful does not say what is taken for granted"


def _header(document: Document, snapshot: Snapshot, policy: Policy) -> Iterator[str]:
    """Whether the chain belongs to this snapshot, these rules and this order of terms."""
    yield from misplaced(document, snapshot, policy)
    if document["referral"] not in [row.id for row in snapshot.referrals]:
        yield "the referral is not in the snapshot"
    houses = {facility.id for facility in snapshot.facilities}
    yield from (
        f"{row['facility']} is not in the snapshot" for row in document["links"] if row["facility"] not in houses
    )


class _Check:
    """A chain of the right shape, against everything judged afresh."""

    def __init__(self, document: Document, snapshot: Snapshot, policy: Policy) -> None:
        self.document = document
        self.world = World(snapshot, document["referral"], policy)
        self.houses = {facility.id: facility for facility in snapshot.facilities}

    def faults(self) -> Iterator[str]:
        """Every fault of a stay, of the sums and of the claim that it is best; the first kind that there is."""
        chain = self._chain()
        found = list(self._order(chain))
        for at, stayed in enumerate(chain if not found else ()):
            found += self._stay(f"link {at}, {stayed.facility}", self.document["links"][at], chain[:at], stayed)
        found += self._sums(chain)
        yield from found or self._best(chain)

    def _chain(self) -> tuple[Stayed, ...]:
        rows = []
        for row in self.document["links"]:
            start, until = ordinal(row["from"]), ordinal(row["until"])
            if start is not None and until is not None:
                rows.append(Stayed(row["facility"], start, until, tuple(blocks(row["payers"]) or ())))
        return tuple(rows)

    def _order(self, chain: tuple[Stayed, ...]) -> Iterator[str]:
        """Whether the stays follow one another within the need, each in another house."""
        night = self.world.first
        for at, row in enumerate(chain):
            if row.start < night or row.until <= row.start or row.until > self.world.stop:
                yield f"link {at}: its nights do not follow those before, or lie outside the need"
            night = row.until
        if len({row.facility for row in chain}) < len(chain) or len(chain) > MOST_STAYS:
            yield "a house stands in it twice, or there are too many stays"

    def _stay(self, where: str, row: Document, before: tuple[Stayed, ...], stayed: Stayed) -> Iterator[str]:
        door = self.world.door(before, self.houses[stayed.facility], stayed.start)
        if door is None or door.judged.place is None or door.judged.listed != "options":
            yield f"{where}: it does not take the minor on {row['from']}"
            return
        wrong, place = forbidden(door, stayed), door.judged.place
        if wrong is not None:
            yield f"{where}: {wrong}"
            return
        confirmed = place.bed.confirmed_at
        age = None if confirmed is None else (self.world.snapshot.as_of - confirmed).total_seconds() / 3600
        why, binding = ending(self.world, door, stayed)
        open_from, opened_by = self._opened(before, self.houses[stayed.facility], stayed.start)
        expected: Document = {
            "unit": place.unit.id,
            "bed": place.bed.id,
            "nights": stayed.until - stayed.start,
            "why": why,
            "binding": binding,
            "bed_until": place.until.isoformat() if place.until else None,
            "bed_confirmed_at": confirmed.isoformat() if confirmed else None,
            "call_first": age is None or age > CALL_FIRST_HOURS,
            "open_from": date.fromordinal(open_from).isoformat(),
            "opened_by": opened_by,
        }
        yield from differences(where, row, expected)

    def _opened(self, before: tuple[Stayed, ...], house: Facility, start: int) -> tuple[int, list[str]]:
        """Since which night the house would take her or him without a night between, and what kept it shut before."""
        night = start
        while night > self.world.first:
            shut = self.world.shut_by(before, house, night - 1)
            if shut:
                return night, shut
            night -= 1
        return night, []

    def _sums(self, chain: tuple[Stayed, ...]) -> Iterator[str]:
        """The nights left over, and what all costs."""
        world = self.world
        edges = [world.first, *(edge for row in chain for edge in (row.start, row.until)), world.stop]
        day = [date.fromordinal(edge).isoformat() for edge in edges]
        gaps = [at for at in range(0, len(edges), 2) if edges[at] < edges[at + 1]]
        left, moves = sum(edges[at + 1] - edges[at] for at in gaps), max(0, len(chain) - 1)
        minor = world.minor
        expected: dict[str, Any] = {
            "from": day[0],
            "until": day[-1],
            "uncovered": [{"from": day[at], "until": day[at + 1]} for at in gaps],
            "value": {"uncovered": left, "moves": moves, "cost": left * world.night + moves * world.move},
            "provisional": [] if minor.history == "complete" else ["minor.history"],
        }
        yield from differences("the chain", self.document, expected)
        cost = expected["value"]["cost"]
        if self.document["bound"] > cost or (self.document["proof"] == "optimal" and self.document["bound"] != cost):
            yield "the bound does not fit what the chain costs"

    def _best(self, chain: tuple[Stayed, ...]) -> Iterator[str]:
        """Whether there is a better one, as far as can be looked at; where not all was claimed, none is looked for."""
        if self.document["proof"] == "optimal":
            try:
                if better_chain(self.world, chain, MOST_STAYS):
                    yield "a better chain exists"
            except TooManyChains:
                yield "more chains than could be looked at"


def forbidden(door: Door, stayed: Stayed) -> str | None:
    """What keeps a stay from being slept and paid on all its nights, in a house that takes the minor on the first."""
    wrong = door.nights.forbidden(stayed.blocks)
    if wrong is not None or stayed.blocks[-1].end != stayed.until:
        return wrong or "its payers do not pay just its nights"
    return None if stayed.until <= door.stop else "its bed is taken, or the licence is over, before it ends"


def ending(world: World, door: Door, stayed: Stayed) -> tuple[str, str | None]:
    """Why a stay ends, by what would be refused on the night after."""
    night, last = stayed.until, stayed.blocks[-1]
    if night == world.stop:
        return "need_met", None
    if (unlicensed := door.nights.unlicensed(night)) is not None:
        return "cliff", unlicensed
    if night == door.stop:
        return "cliff", BED
    paid = {block.fund for block in stayed.blocks}
    refused = None
    for payer in door.nights.payers:
        if payer.fund == last.fund:
            refused = payer.refuses(last.start, night)
            if refused is None:
                return "early", None
        elif payer.fund not in paid and payer.refuses(night, night) is None:
            return "early", None
    return "cliff", refused
