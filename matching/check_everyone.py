"""Confirms everybody's chains of stays, for the checker: each stay judged afresh, and all held against what they share.

It shares the facts and the rules with the planner, and nothing of how it plans: each minor's snapshot is written anew
after each stay (`check_chains`), and beds, houses and funds are counted night by night. The bound of cost is reckoned
again from its prices (`check_bound`). That nobody more could have a bed tonight is not, and no better plan is looked
for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any, NamedTuple

from matching.bands import years_between
from matching.check_bound import misread, overclaimed
from matching.check_chain import forbidden
from matching.check_chains import Door, Stayed, World
from matching.check_clocks import Ledger
from matching.check_payers import blocks, ordinal
from matching.check_room import most, present
from matching.check_shape import ROWS, TIERS, Document, differences, misplaced, misvalued, same
from matching.facts import Bed, Fund, Limit, Referral, Snapshot, Unit
from matching.findings import MET
from matching.rules.fit import unit_outcome
from matching.value import Policy

HEADER = {
    *("version", "snapshot_sha256", "rules_version", "engine_version", "policy", "tonight"),
    *("chains", "value", "bound", "proof", "certificate", "careful"),
}
CHAIN = {"minor", "referral", "urgency", "from", "until", "stays", "uncovered", "moves"}
STAY = {"facility", "unit", "bed", "from", "until", "payers"}
CAREFUL = ["beds.planned", "residents.stay", "money.stays", "newcomers.unknown", "siblings.come"]
MOST_STAYS = 4


class Slept(NamedTuple):
    """One stay that was confirmed for itself, with what it shares with others."""

    referral: Referral
    unit: Unit
    bed: Bed
    door: Door
    stayed: Stayed


def faults(document: Document, snapshot: Snapshot, policy: Policy) -> list[str]:
    """Say what is wrong with everybody's chains: one sentence for each fault; none where they are confirmed."""
    found = list(_misshapen(document)) or list(
        misplaced(document, snapshot, policy, tonight=snapshot.tonight.isoformat())
    )
    return found or list(_Check(document, snapshot, policy).faults())


def _misshapen(document: Document) -> Iterator[str]:
    """Keys that are missing or not known, as far as the rest relies on them."""
    if set(document) != HEADER:
        yield "the keys of the chains are not those of their schema"
        return
    rows = document["chains"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) == CHAIN for row in rows):
        yield "chains have not the keys of the schema"
        return
    for row in rows:
        if not isinstance(row["referral"], str) or not isinstance(row["stays"], list):
            yield "a chain has no referral, or no list of stays"
        else:
            yield from (f"{row['referral']}: {wrong}" for stay in row["stays"] if (wrong := _no_stay(stay)))
    if misread(document["certificate"]):
        yield "the certificate is not a list of prices"
    yield from misvalued(document)


def _no_stay(stay: Any) -> str | None:
    if not isinstance(stay, dict) or set(stay) != STAY:
        return "a stay has not the keys of the schema"
    if not all(isinstance(stay[key], str) for key in ("facility", "unit", "bed")):
        return "a stay is not at a house, a unit and a bed"
    if ordinal(stay["from"]) is None or ordinal(stay["until"]) is None:
        return "a stay has not two dates"
    payers = stay["payers"]
    if not isinstance(payers, list) or not all(isinstance(one, dict) and set(one) == ROWS["payers"] for one in payers):
        return "payers have not the keys of the schema"
    return None if blocks(payers) else "a payer is not a fund and two dates"


class _Check:
    """Chains of the right shape, against everything judged afresh."""

    def __init__(self, document: Document, snapshot: Snapshot, policy: Policy) -> None:
        self.document, self.snapshot, self.policy = document, snapshot, policy
        self.ledger = Ledger(snapshot)
        self.minors = {row.id: row for row in snapshot.minors}
        self.slept: list[Slept] = []
        self.sums: list[str] = []
        self.unplaced: Counter[int] = Counter()
        self.cost = 0
        self.worlds: dict[str, World] = {}

    def faults(self) -> Iterator[str]:
        """Every fault: who is in it, each stay, and where these are right what they share and the whole."""
        found = list(self._everyone())
        for row in self.document["chains"] if not found else ():
            found += self._chain(row)
        if not found:
            shared = (self._beds(), self._houses(), self._people(), self._siblings(), self._money())
            found = [*self.sums, *chain.from_iterable(shared), *self._whole()]
        yield from found

    def _everyone(self) -> Iterator[str]:
        """Everybody who waits stands in it once, by the referral that counts, in the order of ids."""
        last = self.snapshot.tonight + timedelta(days=self.snapshot.horizon_nights - 1)
        first: dict[str, Referral] = {}
        for row in sorted(self.snapshot.referrals, key=lambda row: (row.urgency, row.id)):
            if row.needed_from is None or row.needed_from <= last:
                first.setdefault(row.minor, row)
        said = [[row["minor"], row["referral"], row["urgency"]] for row in self.document["chains"]]
        if not same(said, [[first[minor].minor, first[minor].id, first[minor].urgency] for minor in sorted(first)]):
            yield "the chains are not those of everyone who waits, in order"

    def _chain(self, row: Document) -> Iterator[str]:
        """One minor's stays, one after another."""
        world = self.worlds[row["referral"]] = World(self.snapshot, row["referral"], self.policy)
        before: tuple[Stayed, ...] = ()
        slept: list[Slept] = []
        for at, stay in enumerate(row["stays"]):
            where = f"{row['referral']}, stay {at}"
            stayed = Stayed(
                stay["facility"],
                ordinal(stay["from"]) or 0,
                ordinal(stay["until"]) or 0,
                tuple(blocks(stay["payers"]) or ()),
            )
            wrong = _out_of_order(world, before, stayed) or self._stay(world, before, stay, stayed, slept)
            if wrong:
                yield f"{where}: {wrong}"
                return
            before = (*before, stayed)
        self.slept += slept
        nights = sum(stayed.until - stayed.start for stayed in before)
        moves = max(0, len(before) - 1)
        left = world.stop - world.first - nights
        expected = {
            "from": date.fromordinal(world.first).isoformat(),
            "until": date.fromordinal(world.stop).isoformat(),
            "uncovered": left,
            "moves": moves,
        }
        self.sums += differences(row["referral"], row, expected)
        self.cost += left * world.night + moves * world.move
        tonight = self.snapshot.tonight.toordinal()
        if world.first == tonight and not (before and before[0].start == tonight):
            self.unplaced[world.referral.urgency] += 1

    def _stay(
        self, world: World, before: tuple[Stayed, ...], row: Document, stayed: Stayed, slept: list[Slept]
    ) -> str | None:
        """What keeps a stay from being slept; where nothing does, it is kept for what it shares."""
        house = next((one for one in self.snapshot.facilities if one.id == stayed.facility), None)
        unit = next((one for one in house.units if one.id == row["unit"]), None) if house else None
        bed = next((one for one in unit.beds if one.id == row["bed"]), None) if unit else None
        if house is None or unit is None or bed is None:
            return "no such bed in the snapshot"
        door = world.door(before, house, stayed.start)
        if door is None or door.judged.listed != "options":
            return f"{house.id} does not take the minor on {row['from']}"
        judge, case = world.after(before)[0], door.judged.case
        if unit_outcome(case, unit, case.admit_on, gap=True) is not MET:
            return f"{unit.id} is not for the minor"
        later = map(date.fromordinal, range(stayed.start + 1, stayed.until))
        if not judge.free(bed, case.admit_on, world.minor.id, case.referrals) or not all(
            judge.stays(case, unit, bed, night) for night in later
        ):
            return f"{bed.id} is not free on all nights"
        slept.append(Slept(world.referral, unit, bed, door, stayed))
        return forbidden(door, stayed)

    def _beds(self) -> Iterator[str]:
        """No bed twice on a night."""
        taken = Counter((one.bed.id, night) for one in self.slept for night in _nights(one))
        yield from sorted({f"{bed}: taken twice on a night" for (bed, _), count in taken.items() if count > 1})

    def _houses(self) -> Iterator[str]:
        """No house above its licence on a night that anybody begins or sleeps there; tonight with the staff awake."""
        here: dict[tuple[str, int], set[str]] = defaultdict(set)
        houses = {house.id: house for house in self.snapshot.facilities}
        for one in self.slept:
            for night in _nights(one):
                here[one.stayed.facility, night].add(one.referral.minor)
        for (house, night), minors in sorted(here.items()):
            on = date.fromordinal(night)
            if len(minors) + present(houses[house], on, minors) > most(houses[house], self.snapshot, on):
                yield f"{house}: more people than it may take on {on}"
                return

    def _people(self) -> Iterator[str]:
        """Nobody in one house with somebody to be kept from, nor in a unit with who does not suit in age or gender."""
        for at, one in enumerate(self.slept):
            for other in self.slept[at + 1 :]:
                if one.stayed.facility == other.stayed.facility and one.referral.minor != other.referral.minor:
                    nights = set(_nights(one)) & set(_nights(other))
                    if nights and (wrong := self._beside(one, other, nights)):
                        yield f"{one.referral.id} and {other.referral.id}: {wrong}"

    def _beside(self, one: Slept, other: Slept, nights: set[int]) -> str | None:
        left, right = self.minors[one.referral.minor], self.minors[other.referral.minor]
        if right.id in left.avoid.minors or left.id in right.avoid.minors:
            return "in one house, and to be kept apart"
        if one.unit.id != other.unit.id:
            return None
        if one.unit.one_gender_a_night and (left.gender is None or left.gender != right.gender):
            return "in one unit of one gender a night, and of two, or not known"
        most = one.unit.max_age_gap_years
        if most is None:
            return None
        gaps = [years_between(left, right, date.fromordinal(night)) for night in nights]
        return "in one unit, and too far in age" if any(gap is None or gap > most for gap in gaps) else None

    def _siblings(self) -> Iterator[str]:
        """Nobody sleeps anywhere without those she or he asks to be with who need a bed that night and live nowhere."""
        here = {(one.referral.minor, night): one.stayed.facility for one in self.slept for night in _nights(one)}
        needs = {world.minor.id: range(world.first, world.stop) for world in self.worlds.values()}
        lives = [row for house in self.snapshot.facilities for row in house.residents]
        alone: set[tuple[str, str]] = set()
        for (minor, night), house in here.items():
            own = self.minors[minor]
            for other in set(own.together_with) - set(own.avoid.minors) - {minor}:
                if night in needs.get(other, ()) and here.get((other, night)) != house:
                    on = date.fromordinal(night)
                    if not any(row.minor == other and row.present(on) for row in lives):
                        alone.add((minor, other))
        yield from (f"{minor}: in a house without {other}, on a night that both need" for minor, other in sorted(alone))

    def _money(self) -> Iterator[str]:
        """No fund beyond its beds of a night, beside the stays it pays now, nor beyond the nights it has left."""
        for fund in self.snapshot.funds:
            paid = [
                (self._limit(one, fund), block)
                for one in self.slept
                for block in one.stayed.blocks
                if block.fund == fund.id
            ]
            for limit in fund.limits:
                own = sum(block.end - block.start for row, block in paid if row is limit)
                if limit.nights_left is not None and own > limit.nights_left:
                    yield f"{fund.id}: more nights than it has left"
            beds = Counter(night for _, block in paid for night in range(block.start, block.end))
            most = min((row.beds_per_night for row, _ in paid if row.beds_per_night is not None), default=None)
            if most is not None and any(
                count + self.ledger.taken(fund.id, date.fromordinal(night), "") > most for night, count in beds.items()
            ):
                yield f"{fund.id}: more beds on a night than it may pay"

    def _limit(self, one: Slept, fund: Fund) -> Limit:
        """The row of a fund's limits that governs a stay."""
        payers = one.door.judged.payers
        governing = next(payer.funding.governing for payer in payers if payer.funding.fund.id == fund.id)
        found = fund.limit_on(governing)
        return found if found is not None else fund.limits[0]

    def _whole(self) -> Iterator[str]:
        """What all comes to, and whether what is claimed of it fits."""
        value: Document = {"unplaced": [self.unplaced[tier] for tier in TIERS], "cost": self.cost}
        yield from differences("the chains", self.document, {"value": value})
        bound = self.document["bound"]
        if bound["unplaced"] > value["unplaced"] or bound["cost"] > value["cost"]:
            yield "better than what is said that nothing can be better than"
        yield from overclaimed(self.document, self.snapshot, self.worlds)
        proof = self.document["proof"]
        if proof not in ("optimal", "bounded") or (proof == "optimal") is not same(bound, value):
            yield "the proof does not fit the bound"
        careful = self.document["careful"]
        if not isinstance(careful, list) or [isinstance(row, dict) and row.get("code") for row in careful] != CAREFUL:
            yield "careful does not say what is taken for granted"


def _out_of_order(world: World, before: tuple[Stayed, ...], stayed: Stayed) -> str | None:
    """Whether a stay follows those before within the need, in another house."""
    night = before[-1].until if before else world.first
    if stayed.start < night or stayed.until <= stayed.start or stayed.until > world.stop:
        return "its nights do not follow those before, or lie outside the need"
    if stayed.facility in {one.facility for one in before} or len(before) == MOST_STAYS:
        return "a house for a second time, or one stay too many"
    return None


def _nights(one: Slept) -> range:
    return range(one.stayed.start, one.stayed.until)
