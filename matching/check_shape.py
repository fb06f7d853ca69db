"""Whether a JSON answer has its keys and is of this snapshot, and whether values are equal as JSON, for the checker."""

from collections.abc import Iterator
from typing import Any

from matching import ENGINE_VERSION, RULES_VERSION, codec
from matching.facts import Snapshot
from matching.value import Policy

Document = dict[str, Any]

HEADER = {"version", "referral", "snapshot_sha256", "rules_version", "engine_version"}
PLACED = {
    *("facility", "unit", "bed", "admit_on", "funded_nights", "first_unfunded_night", "payers", "binding"),
    *("bed_until", "bed_confirmed_at", "call_first", "provisional", "terms", "network", "findings"),
}
LISTS = {
    "options": PLACED | {"rank"},
    "later": PLACED | {"from", "room_from", "as_full"},
    "needs_info": {"facility", "unknown", "ask", "findings", "as_full"},
    "excluded": {"facility", "failed", "fix", "findings", "as_full"},
}
VALUE = {"unplaced", "cost"}
TIERS = (1, 2, 3, 4)
AS_FULL = {"waits_for_people", "list", "unknown", "failed", "fix", "findings"}
ROWS = {"findings": {"rule", "outcome", "subject"}, "payers": {"fund", "from", "until"}}


def misshapen(document: Document) -> Iterator[str]:
    """Keys that are missing or not known, as far as the rest relies on them."""
    if not isinstance(document, dict) or set(document) != HEADER | set(LISTS):
        yield "the keys of the decision are not those of the contract"
        return
    for name, keys in LISTS.items():
        if not isinstance(document[name], list):
            yield f"{name} is not a list"
            continue
        for at, entry in enumerate(document[name]):
            if not isinstance(entry, dict) or set(entry) != keys or not isinstance(entry["facility"], str):
                yield f"entry {at} of {name} has not the keys of the contract"
            else:
                yield from _rows(f"{name}, {entry['facility']}", entry)
                yield from _full(f"{name}, {entry['facility']}, as full", entry.get("as_full"))


def _full(where: str, full: Any) -> Iterator[str]:
    if isinstance(full, dict) and set(full) == AS_FULL:
        yield from _rows(where, full)
    elif full is not None:
        yield f"{where}: not the keys of the contract"


def _rows(where: str, entry: Document) -> Iterator[str]:
    for name, keys in ROWS.items():
        rows = entry.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) >= keys for row in rows):
            yield f"{where}: {name} have not the keys of the contract"


def differences(where: str, given: Document, expected: Document) -> Iterator[str]:
    for key, value in expected.items():
        if key not in given or not same(given[key], value):
            yield f"{where}: {key} is not what the snapshot gives"


def same(given: Any, expected: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values."""
    if isinstance(expected, dict):
        return (
            isinstance(given, dict)
            and set(given) == set(expected)
            and all(same(given[key], value) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(given, list) and len(given) == len(expected) and all(map(same, given, expected))
    return type(given) is type(expected) and bool(given == expected)


def misplaced(document: Document, snapshot: Snapshot, policy: Policy, **more: Any) -> Iterator[str]:
    """What shows that a document is of another snapshot, other rules or another order of terms; `more` counts too."""
    expected: Document = {
        "version": 1,
        "snapshot_sha256": codec.sha256(snapshot),
        "rules_version": RULES_VERSION,
        "engine_version": ENGINE_VERSION,
        "policy": {"id": policy.id, "version": policy.version},
        **more,
    }
    yield from (f"{name} is another one" for name, value in expected.items() if not same(document[name], value))
    if (snapshot.policy.id, snapshot.policy.version) != (policy.id, policy.version):
        yield "the snapshot asks for another order of terms"


def misvalued(document: Document) -> Iterator[str]:
    """Of a plan for everyone: a value or bound that is not how many of each tier have no place, and a cost."""
    for name in ("value", "bound"):
        row = document[name]
        if not isinstance(row, dict) or set(row) != VALUE or not _numbers(row["unplaced"], row["cost"]):
            yield f"{name} is not four numbers and a cost"


def _numbers(tiers: object, cost: object) -> bool:
    return isinstance(tiers, list) and len(tiers) == len(TIERS) and all(type(one) is int for one in (*tiers, cost))
