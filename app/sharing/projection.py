"""What a viewer may see of a stored decision: the one place where a decision is cut down before it leaves.

A stored decision is whole. Some of its findings are about other people: who lives in a house, how old they are,
how many they are, where a sibling is. "Not there, because of a conflict" tells a recruiter where someone is, so the
agency that asks never sees them, not even as met. Where another rule fails anyway they are left out; where they are
the only obstacle the house reads exactly like a full one with no date known. So it does where they move the night that
is judged: what was true on that night stays inside, and what would be said of a full house is said. All keys are copied
by name: what a later engine adds stays inside until it is named here.

Whether a house lies in a place to avoid is kept back in the same way, not even said as met: the agency names the
places, so each answer would be a yes or no to "does that house stand there?".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Json = dict[str, Any]
Detail = Literal["all", "failed"]

NOT_AVAILABLE = "not_available"
NOT_AVAILABLE_TEXT = "No bed here for this referral now, and no date is known."

CONFLICT, POPULATION, AWAKE_STAFF = "safeguard.conflict", "safeguard.population", "safeguard.awake_staff"
CAPACITY, UNIT_FIT, TOGETHER = "licence.capacity", "unit.fit", "minor.together"
TERRITORY = "safeguard.territory"
ABOUT_PEOPLE = frozenset({CONFLICT, POPULATION, AWAKE_STAFF, CAPACITY, UNIT_FIT, TOGETHER})
PEOPLE_FACTS = "facility.residents"
ROOM_THAT_SUITS = "a room that suits"
NO_ROOM = "no room"
"""What a house has that has entered no bed yet."""
SIBLING_TERMS = frozenset({"siblings.elsewhere"})

LISTS = ("options", "later", "needs_info", "excluded")
DATED_INSIDE = ("needs_info", "excluded")
"""Lists whose entries do not say on which night they were judged."""
HEAD = ("version", "referral", "rules_version", "engine_version")
PLACE = (
    "rank", "facility", "from", "unit", "bed", "admit_on", "funded_nights", "first_unfunded_night", "payers", "binding",
    "bed_until", "bed_confirmed_at", "call_first", "provisional", "terms", "network", "findings", "code", "text",
)  # fmt: skip
NO_PLACE = (
    "from", "unit", "bed", "admit_on", "funded_nights", "first_unfunded_night", "binding", "bed_until",
    "bed_confirmed_at", "call_first", "network",
)  # fmt: skip
KEYS = {
    "options": PLACE,
    "later": PLACE,
    "needs_info": ("facility", "unknown", "ask", "findings"),
    "excluded": ("facility", "failed", "findings", "fix"),
}
PARTS = {
    "findings": ("rule", "outcome", "subject", "have", "need", "text", "citation", "changes_on"),
    "terms": ("code", "value", "unit", "weight", "cost", "text"),
    "payers": ("fund", "from", "until"),
    "ask": ("fact", "decides"),
    "fix": ("rule", "who", "waivable", "text"),
}
NETWORK = ("placed_change", "urgent_placed_change", "nights_change")

# What may be said of a rule about people when the house alone decides it: never a number, never a date.
HOUSE_SAYS = {
    (POPULATION, "not_met"): ("mixed", "trafficking_only", "Also houses young people who were not trafficked"),
    (POPULATION, "unknown"): (None, "trafficking_only", "Whether this house is for this young person is not known yet"),
    (AWAKE_STAFF, "not_met"): (False, True, "No staff awake at night"),
    (AWAKE_STAFF, "unknown"): (None, True, "Whether staff is awake at night is not known"),
    (CAPACITY, "unknown"): (None, "a licensed capacity", "The licensed capacity is not known"),
    (UNIT_FIT, "not_met"): (None, ROOM_THAT_SUITS, "No room suits by gender and age"),
    (UNIT_FIT, "unknown"): (None, ROOM_THAT_SUITS, "Whether a room suits is not known yet"),
}  # fmt: skip
HOUSE_FIXES = {
    POPULATION: "Cannot be waived: a house for trafficked minors only is needed",
    AWAKE_STAFF: "Cannot be waived: staff awake at night",
    UNIT_FIT: "The house may make an exception for a room",
}


class ViewerKind(StrEnum):
    """In whose place the answer is read."""

    AGENCY = "agency"
    FACILITY = "facility"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads a decision: the agency that asks, one facility, or a supervisor on a recorded reason."""

    kind: ViewerKind
    facility: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.kind is ViewerKind.FACILITY and not self.facility:
            raise ValueError("a facility reads as itself: name it")
        if self.kind is ViewerKind.SUPERVISOR and not (self.reason or "").strip():
            raise ValueError("a supervisor reads the whole on a recorded reason only")


AGENCY = Viewer(ViewerKind.AGENCY)


def project(document: Mapping[str, Any], *, viewer: Viewer, findings: Detail = "failed") -> Json:
    """The stored decision (with all its findings) as this viewer may see it; `document` is left as it is."""
    lists: dict[str, list[Json]] = {name: list(document.get(name, ())) for name in LISTS}
    head = {key: document[key] for key in HEAD if key in document}
    if viewer.kind is ViewerKind.AGENCY:
        lists = _for_agency(lists)
    elif viewer.kind is ViewerKind.FACILITY:
        lists = {name: [e for e in entries if e["facility"] == viewer.facility] for name, entries in lists.items()}
    elif "snapshot_sha256" in document:
        # A hash of everybody's facts changes when somebody else's do; only who may see those may compare it.
        head["snapshot_sha256"] = document["snapshot_sha256"]
    return head | {name: [_named(name, e, findings) for e in entries] for name, entries in lists.items()}


def _named(name: str, entry: Json, detail: Detail) -> Json:
    """The entry with nothing but the keys that this list may carry."""
    out: Json = {key: entry[key] for key in KEYS[name] if key in entry}
    if detail == "failed":
        out["findings"] = [found for found in out.get("findings", ()) if found["outcome"] != "met"]
    for part, keys in PARTS.items():
        if part in out:
            out[part] = [{key: row[key] for key in keys if key in row} for row in out[part]]
    if out.get("network") is not None:
        out["network"] = {key: out["network"][key] for key in NETWORK if key in out["network"]}
    return out


def _for_agency(lists: Mapping[str, list[Json]]) -> dict[str, list[Json]]:
    """The four lists as if nobody else's facts had been looked at, but for the beds that are not to be had."""
    out: dict[str, list[Json]] = {name: [] for name in LISTS}
    for name, entries in lists.items():
        for entry in entries:
            place, shown = _shown(name, entry)
            out[place].append(shown)
    _hide_where_siblings_are(out["options"] + out["later"])
    _count_again(out["needs_info"])
    # The engine's order counted what was just taken out: put them in the same order by what is left.
    out["needs_info"].sort(key=lambda entry: (len(entry["unknown"]), _facility(entry)))
    out["excluded"].sort(key=lambda entry: (len(entry["failed"]), _facility(entry)))
    dated = [e for e in out["later"] if e["from"] is not None]
    out["later"] = dated + sorted((e for e in out["later"] if e["from"] is None), key=_facility)
    return out


def _shown(name: str, entry: Json) -> tuple[str, Json]:
    """The list in which the agency finds the house, and what it reads there."""
    if name in DATED_INSIDE and "as_full" not in entry:
        # Stored by an engine that did not say on which night it was judged, nor for whom the house waits.
        return "later", _not_available(entry["facility"])
    full = entry.get("as_full")
    if full is None or not full["waits_for_people"]:
        place, shown = _placed(name, entry)
        if full is None or shown.get("code") != NOT_AVAILABLE:
            return place, shown
    return _placed(full["list"], full | {"facility": entry["facility"]})


def _house_alone(finding: Json) -> Json | None:
    """The finding as it would read with nobody else in the house; None where nothing is left to say."""
    rule, outcome = finding["rule"], finding["outcome"]
    if rule == TERRITORY and outcome != "unknown":
        return None
    if rule not in ABOUT_PEOPLE:
        return finding
    asks = [fact for fact in finding.get("asks_alone", _asks(finding)) if not fact.startswith(PEOPLE_FACTS)]
    if rule == UNIT_FIT and finding.get("need") != ROOM_THAT_SUITS:
        return None  # the ages of those who live there alone make the doubt
    by_house = {
        POPULATION: finding.get("have") == "mixed",
        AWAKE_STAFF: finding.get("have") is False,
        UNIT_FIT: True,  # only ever not met where no bed is free, and then judged without the residents' ages
    }.get(rule, False)
    if outcome == "not_met" and not by_house and asks:
        outcome = "unknown"  # other people decide, and cover a question that would be asked without them
    if not (asks if outcome == "unknown" else outcome == "not_met" and by_house):
        return None
    if (rule, outcome) not in HOUSE_SAYS:
        return None
    have, need, text = HOUSE_SAYS[rule, outcome]
    if rule == UNIT_FIT and finding.get("have") == NO_ROOM:
        have, text = NO_ROOM, "No room with a bed is on record"
    return {
        "rule": rule, "outcome": outcome, "subject": finding["subject"], "have": have, "need": need, "text": text,
        "citation": finding.get("citation"), "changes_on": None, "asks": asks,
    }  # fmt: skip


def _placed(name: str, entry: Json) -> tuple[str, Json]:
    """List and entry with nothing left but what the house, the money and the minor decide."""
    seen = [s for f in entry.get("findings", ()) if (s := _house_alone(f)) is not None]
    shown = entry | {"findings": seen}
    if name == "options":
        return name, shown
    if name == "later":
        # A bed that waits for someone else to leave shows no date: the date would be that person's.
        freed_by_beds = entry.get("from") is not None and entry.get("room_from") == entry["from"]
        return name, shown if freed_by_beds else _not_available(entry["facility"])
    if name == "excluded":
        left = {finding["rule"] for finding in seen if finding["outcome"] == "not_met"}
        failed = [code for code in entry["failed"] if code in left]
        if failed:
            roomless = any(f["rule"] == UNIT_FIT and f["have"] == NO_ROOM for f in seen)
            fix = [_fix(row, roomless=roomless) for row in entry["fix"] if row["rule"] in failed]
            return name, shown | {"failed": failed, "fix": fix}
    doubts = _doubts(seen)
    if not doubts:
        return "later", _not_available(entry["facility"])
    ask = [{"fact": fact, "decides": 1} for fact in {fact for finding in doubts for fact in _asks(finding)}]
    return "needs_info", shown | {"unknown": sorted({f["rule"] for f in doubts}), "ask": ask}


def _not_available(facility: str) -> Json:
    """The one entry for a full house with no date and for whatever must not be told from it."""
    nothing = dict.fromkeys(NO_PLACE)
    empty: Json = {"payers": [], "provisional": [], "terms": [], "findings": []}
    return {"facility": facility, "code": NOT_AVAILABLE, "text": NOT_AVAILABLE_TEXT} | nothing | empty


def _doubts(seen: list[Json]) -> list[Json]:
    """The findings whose doubt decides: of the house, and of payers that nothing else rules out, where none pays."""
    payers: dict[str, list[Json]] = {}
    for finding in filter(_of_fund, seen):
        payers.setdefault(finding["subject"], []).append(finding)
    asked = [finding for finding in seen if not _of_fund(finding)]
    if not any(all(f["outcome"] == "met" for f in own) for own in payers.values()):
        asked += [f for own in payers.values() if all(f["outcome"] != "not_met" for f in own) for f in own]
    return [finding for finding in asked if finding["outcome"] == "unknown"]


def _fix(row: Json, *, roomless: bool) -> Json:
    """A fix of a rule about people says what the house could change, not what the engine knew.

    Where there is no room, the house could waive its rule for rooms, and nothing would come of it.
    """
    if roomless and row["rule"] == UNIT_FIT:
        return row | {"waivable": False, "text": "The house has entered no room with a bed yet"}
    return row | {"text": HOUSE_FIXES[row["rule"]]} if row["rule"] in ABOUT_PEOPLE else row


def _count_again(needs_info: list[Json]) -> None:
    """How many of the houses shown here wait for each fact: the engine's count knew of more houses."""
    counts: dict[str, int] = {}
    for entry in needs_info:
        for row in entry["ask"]:
            counts[row["fact"]] = counts.get(row["fact"], 0) + 1
    for entry in needs_info:
        ask = [r | {"decides": counts[r["fact"]] if r["fact"].startswith("minor.") else 1} for r in entry["ask"]]
        entry["ask"] = sorted(ask, key=lambda row: (-row["decides"], row["fact"]))


def _hide_where_siblings_are(entries: list[Json]) -> None:
    """A term that differs between houses because a sibling lives in one of them says in which."""
    values = {
        (term["code"], term["value"])
        for entry in entries
        for term in entry.get("terms", ())
        if term["code"] in SIBLING_TERMS
    }
    if len({code for code, _ in values}) == len(values):
        return
    for entry in entries:
        entry["terms"] = [term for term in entry.get("terms", ()) if term["code"] not in SIBLING_TERMS]


def _of_fund(finding: Json) -> bool:
    rule = str(finding["rule"])
    return rule.startswith("funding.") and rule != "funding.accepted"


def _asks(finding: Json) -> list[str]:
    return list(finding.get("asks", ()))


def _facility(entry: Json) -> str:
    return str(entry["facility"])
