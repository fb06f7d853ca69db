"""Confirms a joint plan, for the checker: each line judged afresh, and all of them held against what they share."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any

from matching.check_best import Best, best, elsewhere
from matching.check_clocks import Ledger
from matching.check_judged import Option
from matching.check_judging import Judge
from matching.check_lines import LINE, Line
from matching.check_network import waiting
from matching.check_nights import Book
from matching.check_one_step import LeftOver, better_by_one_step
from matching.check_plan import Network
from matching.check_prices import Reckoning, misread, overclaimed
from matching.check_shape import TIERS, Document, differences, misplaced, misvalued, same
from matching.facts import Facility, Fund, Minor, Referral, Snapshot
from matching.value import Policy

HEADER = {
    *("version", "snapshot_sha256", "rules_version", "engine_version", "policy", "tonight"),
    *("lines", "unplaced", "later", "value", "bound", "proof", "unique", "together", "apart", "funds"),
    *("certificate", "careful"),
}
SAID = {"code", "text"}
UNPLACED = {"minor", "referral", "urgency", "why", "houses"}


def faults(document: Document, snapshot: Snapshot, policy: Policy) -> list[str]:
    """Say what is wrong with a joint plan: one sentence for each fault; none where it is confirmed."""
    found = list(_misshapen(document)) or list(
        misplaced(document, snapshot, policy, tonight=snapshot.tonight.isoformat())
    )
    return found or list(_Check(document, snapshot, policy).faults())


def _misshapen(document: Document) -> Iterator[str]:
    """Keys that are missing or not known, as far as the rest relies on them."""
    if set(document) != HEADER:
        yield "the keys of the plan are not those of its schema"
        return
    for name, keys in (("lines", LINE), ("unplaced", UNPLACED)):
        rows = document[name]
        if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) == keys for row in rows):
            yield f"{name} have not the keys of the schema"
        elif not all(isinstance(row[key], str) for row in rows for key in ("minor", "referral")):
            yield f"{name} name somebody by what is no id"
        elif not all(type(row["urgency"]) is int for row in rows):
            yield f"{name} give an urgency that is no number"
    if misread(document["certificate"]):
        yield "the certificate is not four tiers with prices"
    yield from misvalued(document)


class _Check:
    """A plan of the right shape, against everything judged afresh."""

    def __init__(self, document: Document, snapshot: Snapshot, policy: Policy) -> None:
        self.document, self.snapshot, self.policy = document, snapshot, policy
        self.judge = Judge(snapshot)
        self.book = Book(Ledger(snapshot))
        self.waiting = {row.minor: row for row in waiting(self.judge)}
        self.facilities = {row.id: row for row in snapshot.facilities}
        self.funds = {row.id: row for row in snapshot.funds}
        self.options: dict[tuple[str, str], Option | None] = {}
        self.lines: list[Line] = []

    def faults(self) -> Iterator[str]:
        """Every fault: who is in it, then each line, then what they share, then what is said of the whole."""
        yield from self._everyone()
        for row in self.document["lines"]:
            referral = self.waiting.get(row["minor"])
            facility = self.facilities.get(row["facility"]) if isinstance(row["facility"], str) else None
            if referral is None or facility is None:
                yield f"{row['minor']}: does not wait tonight, or the house is not in the snapshot"
                continue
            line = Line(row, referral, self._option(referral, facility), self.judge, self.book, self.policy)
            wrong = list(line.faults())
            yield from wrong
            if not wrong:
                self.lines.append(line)
        if len(self.lines) == len(self.document["lines"]):
            yield from self._beds()
            yield from self._people()
            yield from self._money()
            yield from self._whole()

    def _option(self, referral: Referral, facility: Facility) -> Option | None:
        key = (referral.minor, facility.id)
        if key not in self.options:
            self.options[key] = self.judge.option_tonight(referral, facility)
        return self.options[key]

    def _everyone(self) -> Iterator[str]:
        """Everybody who waits stands in the plan once, by the referral that counts, and in the order of ids."""
        for name in ("lines", "unplaced"):
            rows = self.document[name]
            if [row["minor"] for row in rows] != sorted(row["minor"] for row in rows):
                yield f"{name} are out of order"
            for row in rows:
                referral = self.waiting.get(row["minor"])
                said = [row["referral"], row["urgency"]]
                if referral is not None and not same(said, [referral.id, referral.urgency]):
                    yield f"{row['minor']}: the referral or its urgency is another one"
        times = Counter(row["minor"] for name in ("lines", "unplaced") for row in self.document[name])
        yield from (f"{minor} stands in the plan more than once" for minor, count in times.items() if count > 1)
        yield from (f"{minor} waits and is left out" for minor in self.waiting if minor not in times)
        yield from (f"{minor} does not wait tonight" for minor in times if minor not in self.waiting)
        begun = {row.id for row in self.snapshot.referrals if self.judge.first_night(row) == self.snapshot.tonight}
        later = [row.id for row in self.snapshot.referrals if row.id not in begun]
        if not same(self.document["later"], later):
            yield "later is not who needs a bed later"
        for row in self.document["unplaced"]:
            if row["minor"] in self.waiting:
                houses = sum(
                    self._option(self.waiting[row["minor"]], facility) is not None
                    for facility in self.snapshot.facilities
                )
                why = "no_place_left" if houses else "no_option"
                yield from differences(row["minor"], row, {"houses": houses, "why": why})

    def _beds(self) -> Iterator[str]:
        """No bed twice, and nobody more in a house than its licence and the staff awake allow."""
        times = Counter(line.bed.id for line in self.lines)
        yield from (f"{bed} is given more than once" for bed, count in times.items() if count > 1)
        coming: Counter[str] = Counter()
        for line in self.lines:
            facility, minor = line.case.facility, line.case.minor.id
            lives = any(row.minor == minor and row.present(self.snapshot.tonight) for row in facility.residents)
            own = not self.judge.free(line.bed, self.snapshot.tonight, "", frozenset())
            coming[facility.id] += not (lives and own)
        for name, count in coming.items():
            facility, present = self.facilities[name], self._present(self.facilities[name])
            if count and present + count > self._limit(facility):
                yield f"{name}: more people than licence and staff awake allow"

    def _present(self, facility: Facility) -> int:
        """People who live there tonight, those in occupied beds whom no entry names among them."""
        there = [row for row in facility.residents if row.present(self.snapshot.tonight)]
        begun = {row.bed for row in facility.residents if row.from_ is None or row.from_ <= self.snapshot.tonight}
        beds = [bed for unit in facility.units for bed in unit.beds]
        return len(there) + sum(bed.status == "occupied" and bed.id not in begun for bed in beds)

    @cached_property
    def together(self) -> list[list[str]]:
        """Who asks to be with whom, of those who wait and live nowhere tonight."""
        return [
            [minor, other]
            for minor in sorted(self.waiting)
            for other in sorted(set(self._facts(minor).together_with) - set(self._facts(minor).avoid.minors) - {minor})
            if other in self.waiting
            and not any(row.present(self.snapshot.tonight) for row in self.judge.lives.get(other, ()))
        ]

    @cached_property
    def apart(self) -> list[list[str]]:
        """Who must be kept from whom, of those who wait."""
        return [
            [one, other]
            for one in sorted(self.waiting)
            for other in sorted(self.waiting)
            if one < other and (other in self._facts(one).avoid.minors or one in self._facts(other).avoid.minors)
        ]

    def _facts(self, minor: str) -> Minor:
        return self.judge.census.minors[minor]

    def _people(self) -> Iterator[str]:
        """Siblings, those to be kept apart, and ages in a room."""
        yield from differences("the plan", self.document, {"together": self.together, "apart": self.apart})
        at = {line.case.minor.id: line.case.facility.id for line in self.lines}
        for one, other in self.together:
            if one in at and at[one] != at.get(other):
                yield f"{one} is not in the house of {other}"
        for one, other in self.apart:
            if one in at and at[one] == at.get(other):
                yield f"{one} is in the house of {other}, from whom she or he is to be kept"
        for number, line in enumerate(self.lines):
            here = {who for who, house in at.items() if house == line.case.facility.id}
            with_me = sorted(set(line.case.minor.together_with) & here - {line.case.minor.id})
            yield from differences(line.where, line.row, {"together_with": with_me})
            for other_line in self.lines[:number]:
                most, other_minor = line.unit.max_age_gap_years, other_line.case.minor
                if line.unit.id == other_line.unit.id and most is not None and not line.near(other_line, most):
                    yield f"{line.where}: too far in age from {other_minor.id}, or not known"
                mixed = line.case.minor.gender is None or line.case.minor.gender != other_minor.gender
                if line.unit.id == other_line.unit.id and line.unit.one_gender_a_night and mixed:
                    yield f"{line.where}: of another gender than {other_minor.id}, or not known"

    def _money(self) -> Iterator[str]:
        """No fund pays more beds on any night, or more nights, than it may."""
        use = []
        for name in sorted({block.fund for line in self.lines for block in line.blocks}):
            own = [(line, block) for line in self.lines for block in line.blocks if block.fund == name]
            rows = [line.limits[name] for line, _ in own]
            beds = min((row.beds_per_night for row in rows if row.beds_per_night is not None), default=None)
            left = min((row.nights_left for row in rows if row.nights_left is not None), default=None)
            nights = sum(block.end - block.start for _, block in own)
            tonight = self.snapshot.tonight
            use.append({
                "fund": name,
                "beds_tonight": sum(block.start == tonight.toordinal() for _, block in own),
                "beds_left": None if beds is None else max(0, beds - self.book.ledger.taken(name, tonight, "")),
                "nights": nights,
                "nights_left": left,
            })  # fmt: skip
            yield from self._too_much(self.funds[name], own)
        yield from differences("the plan", self.document, {"funds": use})

    def _too_much(self, fund: Fund, own: list[tuple[Line, Any]]) -> Iterator[str]:
        for limit in fund.limits:
            nights = sum(block.end - block.start for line, block in own if line.limits[fund.id] is limit)
            if limit.nights_left is not None and nights > limit.nights_left:
                yield f"{fund.id}: more nights than it has left"
        last = max(block.end for _, block in own)
        for ordinal in range(self.snapshot.tonight.toordinal(), last):
            night = date.fromordinal(ordinal)
            on = [line for line, block in own if block.start <= ordinal < block.end]
            paid = {line.case.minor.id: line.limits[fund.id] for line in on}
            new = [minor for minor in paid if self._counts(fund.id, night, minor)]
            for limit in paid.values():
                most = limit.beds_per_night
                if most is not None and new and self.book.ledger.taken(fund.id, night, "") + len(new) > most:
                    yield f"{fund.id}: more beds on {night} than it may pay"
                    return

    def _counts(self, fund: str, night: date, minor: str) -> bool:
        """Whether a night would be one more than the fund pays now: not where it pays for this minor already."""
        ledger = self.book.ledger
        return ledger.taken(fund, night, "") == ledger.taken(fund, night, minor)

    def _certificate(self, *, best_asked: bool) -> Iterator[str]:
        """Whether the prices prove, by arithmetic, how many of each tier can be placed at most, and all that can be.

        `best_asked`: whether it is the best plan as well.
        """
        options = {
            minor: [found for house in self.snapshot.facilities if (found := self._option(referral, house))]
            for minor, referral in self.waiting.items()
        }
        room = {row.id: max(0, self._limit(row) - self._present(row)) for row in self.snapshot.facilities}
        reckoning = Reckoning(self.judge, self.book, options, room, {"together": self.together, "apart": self.apart})
        tiers = {minor: referral.urgency for minor, referral in self.waiting.items()}
        placed = Counter(line.referral.urgency for line in self.lines)
        yield from overclaimed(self.document["certificate"], reckoning, tiers, placed)
        known = best(reckoning, self.policy, self.waiting) if best_asked else None
        if known is not None:
            yield from self._reached(*known, placed)

    def _reached(self, found: Best, network: Network, placed: Counter[int]) -> Iterator[str]:
        """A plan that is called optimal, against the best there is."""
        for tier, most in zip(TIERS, found.placed, strict=True):
            if placed[tier] < most:
                yield f"the plan: called optimal, but more of tier {tier} can be placed"
                return
        if found.cost < self.document["value"]["cost"]:
            yield "the plan: called optimal, but another costs less"
            return
        at = {line.case.minor.id: line.case.facility.id for line in self.lines}
        if self.document["unique"] is True and elsewhere(found, network, at):
            yield "the plan: called the only one, but others could have these beds at no more cost"

    def _limit(self, facility: Facility) -> int:
        """People whom licence and staff awake allow."""
        awake = (facility.staffing.night_ratio or 0) * (facility.staffing.awake_staff_tonight or 0)
        return min(facility.licence.capacity or 0, awake)

    def _left_over(self) -> LeftOver:
        """What the lines leave: who has no place and might have one, room in houses, and money for tonight."""
        tied = {minor for pair in (*self.together, *self.apart) for minor in pair}
        alone = [row["minor"] for row in self.document["unplaced"] if row["minor"] in self.waiting.keys() - tied]
        options = {
            minor: [found for house in self.snapshot.facilities if (found := self._option(self.waiting[minor], house))]
            for minor in alone
        }
        room: dict[str, int] = {}
        for facility in self.snapshot.facilities:
            here = sum(line.case.facility.id == facility.id for line in self.lines)
            room[facility.id] = self._limit(facility) - self._present(facility) - here
        return LeftOver(options, room)

    def _whole(self) -> Iterator[str]:
        """What is said of the plan as a whole: what it comes to, and that nothing is better."""
        out = Counter(row["urgency"] for row in self.document["unplaced"])
        cost = sum(term["value"] * term["weight"] for line in self.lines for term in line.row["terms"])
        value = {"unplaced": [out[tier] for tier in TIERS], "cost": cost}
        yield from differences("the plan", self.document, {"value": value})
        reached, least = (
            (*self.document[name]["unplaced"], self.document[name]["cost"]) for name in ("value", "bound")
        )
        if least > reached:
            yield "the plan: better than what it says no plan can be better than"
        if self.document["proof"] not in ("optimal", "bounded"):
            yield "the plan: proof is neither optimal nor bounded"
        if self.document["proof"] == "optimal" and least != reached:
            yield "the plan: called optimal, but its bound is another"
        steps: list[str] = []
        if self.document["proof"] == "optimal":
            steps = list(better_by_one_step(self.judge, self.book, self.policy, self.lines, self._left_over()))
            yield from steps
        yield from self._certificate(best_asked=self.document["proof"] == "optimal" and not steps)
        if type(self.document["unique"]) is not bool and self.document["unique"] is not None:
            yield "the plan: unique is neither yes nor no nor not known"
        careful = self.document["careful"]
        if not isinstance(careful, list) or not all(isinstance(row, dict) and set(row) == SAID for row in careful):
            yield "the plan: what it is careful about is no code and text"
        elif [row["code"] for row in careful] != list(CAREFUL) or not all(_is_text(row["text"]) for row in careful):
            yield "the plan: what it is careful about was left out"


CAREFUL = ("residents.stay", "money.stays", "last_resort.alone", "payers.tried", "siblings.later")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
