"""Confirms a stored decision, plan or chain: solver-free, and sharing no code with what searched for it.

The facts, the rules and the terms are the engine's; the date, the bed, the lists, the payers and the plan tonight are
found again by the plainest means there are (`check_judging`, `check_nights`, `check_rivals`, `check_plan`); a plan for
everyone in `check_joint`, a chain of stays in `check_chain`, everybody's chains in `check_everyone`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from matching import ENGINE_VERSION, RULES_VERSION, check_chain, check_everyone, check_joint, codec
from matching.case import Case
from matching.check_clocks import Ledger
from matching.check_judged import FreeBed, Judged, Option
from matching.check_judging import Judge
from matching.check_network import Waiting
from matching.check_nights import NIGHT_CODES, Book, Nights, TooManyWays
from matching.check_payers import TOO_MANY, day_of, paid_by
from matching.check_plan import Effect
from matching.check_shape import LISTS, Document, differences, misshapen, same
from matching.check_worth import said_terms
from matching.facts import Referral, Snapshot
from matching.findings import MET, Finding
from matching.value import DEFAULT_POLICY, Placing, Policy, terms

NO_DATE: Document = {
    **dict.fromkeys(("unit", "bed", "admit_on", "from", "room_from", "bed_until", "bed_confirmed_at", "call_first")),
    **dict.fromkeys(("funded_nights", "first_unfunded_night", "binding")),
    "payers": [],
    "terms": [],
}
"""A later entry where no night with a bed is known."""

CALL_FIRST_AFTER = timedelta(hours=12)
URGENT_TIERS = 2
MOST_PAYERS = 6
NOT_SEARCHED = "funding.payers"
"""With more usable payers an entry may say, among what is provisional, that not every sequence was looked at."""


def faults(document: Document, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> list[str]:
    """Say what is wrong with a stored decision, a plan or a chain.

    Parameters
    ----------
    document : dict
        The JSON of a decision with every finding, as `decision_form.decision_document` gives it, of a joint plan, of
        a chain or of everybody's chains.
    snapshot : Snapshot
        What it was decided from, as `codec.decode` gives it.
    policy : Policy
        The order of terms that the snapshot names.

    Returns
    -------
    list of str
        One sentence for each fault, with ids and rules but no facts about a person; none where it is confirmed.
    """
    if isinstance(document, dict) and "lines" in document:
        return check_joint.faults(document, snapshot, policy)
    if isinstance(document, dict) and "chains" in document:
        return check_everyone.faults(document, snapshot, policy)
    if isinstance(document, dict) and "links" in document:
        return check_chain.faults(document, snapshot, policy)
    found = list(misshapen(document)) or list(_header(document, snapshot, policy))
    return found or list(_Check(document, snapshot, policy).faults())


def _header(document: Document, snapshot: Snapshot, policy: Policy) -> Iterator[str]:
    """Whether the decision belongs to this snapshot, these rules and this order of terms."""
    expected = {
        "version": 1,
        "snapshot_sha256": codec.sha256(snapshot),
        "rules_version": RULES_VERSION,
        "engine_version": ENGINE_VERSION,
    }
    yield from (f"{name} is another one" for name, value in expected.items() if not same(document[name], value))
    if document["referral"] not in [row.id for row in snapshot.referrals]:
        yield "the referral is not in the snapshot"
    if (snapshot.policy.id, snapshot.policy.version) != (policy.id, policy.version):
        yield "the snapshot asks for another order of terms"
    entries = [(name, entry) for name in LISTS for entry in document[name]]
    listed = Counter(entry["facility"] for _, entry in entries)
    known = {facility.id for facility in snapshot.facilities}
    yield from (f"{facility} is not in the snapshot" for facility in sorted(set(listed) - known))
    yield from (f"{facility} stands in no list" for facility in sorted(known - set(listed)))
    yield from (f"{facility} stands in more than one place" for facility, times in listed.items() if times > 1)
    outcomes = {row["outcome"] for _, entry in entries for row in entry["findings"] if isinstance(row["outcome"], str)}
    if entries and MET.value not in outcomes:
        yield "findings that are met were left out: not a stored decision"


class _Check:
    """A decision of the right shape, against everything judged afresh."""

    def __init__(self, document: Document, snapshot: Snapshot, policy: Policy) -> None:
        self.document = document
        self.policy = policy
        self.judge = Judge(snapshot)
        self.book = Book(Ledger(snapshot))
        self.referral: Referral = next(row for row in snapshot.referrals if row.id == document["referral"])
        self.judged = {row.id: self.judge.judge(self.referral, row) for row in snapshot.facilities}
        self.tonight = self.judge.first_night(self.referral) == snapshot.tonight
        self.costs: dict[str, int] = {}
        self.effects: dict[str, Effect] = {}

    def faults(self) -> Iterator[str]:
        """Every fault, list by list; the effects on others and the order of the lists come last."""
        asked = Counter(fact for row in self.judged.values() if row.listed == "needs_info" for fact in row.asks)
        for name, where, entry, judged in self._entries():
            if judged.listed != name:
                yield f"{where}: it belongs to {judged.listed}"
                continue
            yield from _findings(where, entry["findings"], judged)
            if name != "options":
                yield from self._full(where, entry["as_full"], judged)
            yield from self._counted(where, judged)
            if name == "needs_info":
                yield from differences(where, entry, _needs_info(judged, asked))
            elif name == "excluded":
                yield from differences(where, entry, _excluded(judged))
            else:
                yield from self._placed(where, entry, judged)
        yield from self._network()
        yield from self._orders()

    def _entries(self) -> Iterator[tuple[str, str, Document, Judged]]:
        for name in LISTS:
            for entry in self.document[name]:
                yield name, f"{name}, {entry['facility']}", entry, self.judged[entry["facility"]]

    def _counted(self, where: str, judged: Judged) -> Iterator[str]:
        """Whether the rules find on the first night what a count of nights finds."""
        night = judged.case.admit_on.toordinal()
        for payer in judged.payers:
            if payer.funding.limit is not None:
                met = payer.codes(MET)
                refused = self.book.payer(payer.funding).refuses(night, night)
                if refused != next((code for code in NIGHT_CODES if code not in met), None):
                    yield f"{where}: whether {payer.funding.fund.id} pays the first night is counted otherwise"

    def _full(self, where: str, full: Document | None, judged: Judged) -> Iterator[str]:
        """What would be said of the house without a bed, where the entry itself tells of other people."""
        if (full is not None) != judged.tells_of_people:
            yield f"{where}: as_full is {'missing' if full is None else 'not called for'}"
        elif full is not None:
            where, without = f"{where}, as full", self.judge.without_bed(self.referral, judged.case.facility)
            unknown = [] if without.failed else without.unknown
            yield from _findings(where, full["findings"], without)
            expected = {"waits_for_people": judged.waits_for_people, "list": without.listed, "unknown": unknown}
            yield from differences(where, full, expected | _excluded(without))

    def _placed(self, where: str, entry: Document, judged: Judged) -> Iterator[str]:
        """An option, or one for later: its date and bed, its payers and its terms."""
        expected: Document = {"provisional": [] if judged.case.minor.history == "complete" else ["minor.history"]}
        place = judged.place
        if place is None:
            expected |= NO_DATE
        else:
            nights = Nights(judged.case, judged.usable, self.book)
            searched = len(judged.usable) <= MOST_PAYERS or not _says(entry, NOT_SEARCHED)
            paid = paid_by(nights, entry["payers"], searched=searched)
            if paid.wrong is None:
                expected["binding"] = paid.binding
            else:
                yield f"{where}: {paid.wrong}"
            expected["provisional"] += [] if searched else [NOT_SEARCHED]
            expected |= self._bed(judged, place)
            expected["terms"] = self._terms(judged.case, place, paid.end)
            expected["funded_nights"] = paid.end - nights.first
            expected["first_unfunded_night"] = None if paid.end == judged.case.until.toordinal() else day_of(paid.end)
        self.costs[judged.case.facility.id] = sum(term["cost"] for term in expected["terms"])
        yield from differences(where, entry, {key: value for key, value in expected.items() if key in entry})

    def _bed(self, judged: Judged, place: FreeBed) -> Document:
        confirmed, on = place.bed.confirmed_at, judged.case.admit_on.isoformat()
        return {
            "unit": place.unit.id,
            "bed": place.bed.id,
            "admit_on": on,
            "from": on,
            "room_from": judged.room_from.isoformat() if judged.room_from else None,
            "bed_until": place.until.isoformat() if place.until else None,
            "bed_confirmed_at": confirmed.isoformat() if confirmed else None,
            "call_first": confirmed is None or self.judge.snapshot.as_of - confirmed > CALL_FIRST_AFTER,
        }

    def _terms(self, case: Case, place: FreeBed, end: int) -> list[Document]:
        """The terms of the policy, for the nights that are paid while the bed is free."""
        usable = min(end, (place.until or case.until).toordinal()) - case.admit_on.toordinal()
        rows = terms(Placing(case, self.referral, place.bed, usable), self.policy)
        return said_terms(rows, self.judge, self.policy, place.unit, usable)

    def _network(self) -> Iterator[str]:
        """What each option does to the others who wait; nothing where the need begins later than tonight."""
        options = {facility: row.option for facility, row in self.judged.items() if row.option is not None}
        waits = self.tonight and bool(options)
        if waits:
            try:
                self.effects = self._effects(options)
            except TooManyWays:
                yield f"the plan tonight: {TOO_MANY}"
                return
        for name, where, entry, judged in self._entries():
            expected = None
            if name == judged.listed == "options" and waits:
                effect = self.effects.get(entry["facility"])
                if effect is None:
                    yield f"{where}: its bed and first payer are no place of the plan tonight"
                    continue
                expected = {
                    "placed_change": -sum(effect.lost),
                    "urgent_placed_change": -sum(effect.lost[:URGENT_TIERS]),
                    "nights_change": effect.nights,
                }
            if "network" in entry and not same(entry["network"], expected):
                yield f"{where}: network is not what the plan tonight gives"

    def _effects(self, options: Mapping[str, Option]) -> dict[str, Effect]:
        """By facility, for the bed that is the option's and the payer that the document names first."""
        waiting = Waiting(self.judge, self.book, self.referral, options, self.policy)
        imposed = {}
        for name, _, entry, judged in self._entries():
            if name == judged.listed == "options" and entry["payers"]:
                contract = waiting.contract(options[entry["facility"]], entry["payers"][0]["fund"])
                if contract is not None:
                    imposed[entry["facility"]] = contract
        return waiting.effects(imposed)

    def _orders(self) -> Iterator[str]:
        """Whether each list is in its order, and the options are numbered."""
        keys: Mapping[str, Callable[[str], Any]] = {
            "options": self._option_key,
            "later": self._later_key,
            "needs_info": lambda facility: (len(self.judged[facility].unknown), facility),
            "excluded": lambda facility: (len(self.judged[facility].failed), facility),
        }
        for name, key in keys.items():
            listed = [entry["facility"] for entry in self.document[name]]
            listed = [facility for facility in listed if self.judged[facility].listed == name]
            for is_there, expected in zip(listed, sorted(listed, key=key), strict=True):
                if is_there != expected:
                    yield f"{name}, {is_there}: {expected} comes before it"
                    break
        for rank, entry in enumerate(self.document["options"], start=1):
            if not same(entry["rank"], rank):
                yield f"options, {entry['facility']}: its rank is not its place in the list"

    def _option_key(self, facility: str) -> tuple[tuple[int, ...], int, int, str]:
        """Places lost to others by tier, own cost, the network's cost, id."""
        effect = self.effects.get(facility, Effect((), 0, 0))
        return effect.lost, self.costs[facility], effect.cost, facility

    def _later_key(self, facility: str) -> tuple[date, int, str]:
        """The soonest first, then own cost; no date known comes last."""
        judged = self.judged[facility]
        return judged.case.admit_on if judged.place else date.max, self.costs[facility], facility


def _needs_info(judged: Judged, asked: Mapping[str, int]) -> Document:
    """The open codes, and the facts to ask for: a fact of the minor decides every facility that lacks it."""
    decides = {fact: asked[fact] if fact.startswith("minor.") else 1 for fact in judged.asks}
    ask = sorted(decides.items(), key=lambda row: (-row[1], row[0]))
    return {"unknown": judged.unknown, "ask": [{"fact": fact, "decides": number} for fact, number in ask]}


def _excluded(judged: Judged) -> Document:
    return {"failed": judged.failed, "fix": [judged.fix(code)._asdict() for code in judged.failed]}


def _findings(where: str, rows: Sequence[Document], judged: Judged) -> Iterator[str]:
    """Every finding of every rule, field by field, in the order of the catalogue and of the payers' ids."""
    expected = {f"{row.rule} of {row.subject}": _finding(row) for row in judged.findings}
    given = [f"{row['rule']} of {row['subject']}" for row in rows]
    yield from (f"{where}: the finding {name} is missing" for name in expected if name not in given)
    yield from (f"{where}: the finding {name} has no place here" for name in given if name not in expected)
    yield from (f"{where}: the finding {name} is there twice" for name, times in Counter(given).items() if times > 1)
    if given != list(expected) and sorted(given) == sorted(expected):
        yield f"{where}: the findings are out of order"
    for name, row in zip(given, rows, strict=True):
        if name in expected:
            yield from differences(f"{where}, {name}", row, expected[name])
            yield from (f"{where}, {name}: {key} has no place here" for key in row.keys() - expected[name].keys())


def _finding(row: Finding) -> Document:
    found = row._asdict() | {"outcome": row.outcome.value, "asks": list(row.asks)}
    found["changes_on"] = row.changes_on.isoformat() if row.changes_on else None
    if not row.asks:
        del found["asks"]
    if row.asks_alone is None:
        del found["asks_alone"]
    else:
        found["asks_alone"] = list(row.asks_alone)
    return found


def _says(entry: Document, what: str) -> bool:
    return isinstance(entry["provisional"], list) and what in entry["provisional"]
