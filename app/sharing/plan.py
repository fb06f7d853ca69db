"""What a viewer may see of a joint plan: lines of young people whom the agency may see, everybody else as counts.

All keys are copied by name: what a later engine adds stays inside until it is named here. What the plan comes to in
cost, who must be kept from whom, and what funds give to others stay inside too.
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.sharing.projection import PARTS, SIBLING_TERMS

Json = dict[str, Any]

HEAD = ("version", "tonight", "rules_version", "engine_version", "proof", "unique")
LINE = (
    "referral", "urgency", "facility", "unit", "bed", "admit_on", "paid_nights", "paid_until", "payers",
    "money_shared", "bed_until", "bed_confirmed_at", "call_first", "provisional", "terms",
)  # fmt: skip
UNPLACED = ("referral", "urgency", "why")
URGENCIES = (1, 2, 3, 4)


def project_plan(document: Mapping[str, Any], visible: Collection[str]) -> Json:
    """The stored plan as an agency may see it that may see these minors; `document` is left as it is."""
    lines, unplaced = document["lines"], document["unplaced"]
    referrals = {row["minor"]: row["referral"] for row in lines if row["minor"] in visible}
    return {key: document[key] for key in HEAD} | {
        "lines": [_line(row, referrals) for row in lines if row["minor"] in visible],
        "unplaced": [{key: row[key] for key in UNPLACED} for row in unplaced if row["minor"] in visible],
        "placed_by_urgency": _counts(lines),
        "unplaced_by_urgency": _counts(unplaced),
        "least_unplaced_by_urgency": list(document["bound"]["unplaced"]),
        "others_placed": sum(row["minor"] not in visible for row in lines),
        "others_unplaced": sum(row["minor"] not in visible for row in unplaced),
        "later": len(document["later"]),
        "careful": [{key: row[key] for key in ("code", "text")} for row in document["careful"]],
    }


def _line(row: Json, referrals: Mapping[str, str]) -> Json:
    """A line without whose it is, but for the referral; a term that says where a sibling lives stays inside."""
    out: Json = {key: row[key] for key in LINE}
    for part in ("payers", "terms"):
        out[part] = [{key: found[key] for key in PARTS[part]} for found in out[part]]
    out["terms"] = [term for term in out["terms"] if term["code"] not in SIBLING_TERMS]
    return out | {"together_with": [referrals[one] for one in row["together_with"] if one in referrals]}


def _counts(rows: Collection[Json]) -> list[int]:
    return [sum(row["urgency"] == urgency for row in rows) for urgency in URGENCIES]
