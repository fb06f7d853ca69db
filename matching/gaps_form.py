"""What would have opened a bed as JSON: its document, and the JSON Schema of that."""

from collections.abc import Sequence
from typing import Any

from matching import ENGINE_VERSION, RULES_VERSION
from matching.codec import sha256
from matching.facts import Snapshot
from matching.gaps import Change, Unlocks, totals
from matching.schema_parts import many, record, whole

Document = dict[str, Any]

CAREFUL = {
    "provisional": "a fact that is obtained is taken to be no obstacle: what it opens is provisional until it is known",
    "one_by_one": "each gap is looked at by itself: two of them may need the same bed",
}
"""What has to be kept in mind of such an answer."""


def gaps_document(snapshot: Snapshot, found: Sequence[Unlocks]) -> Document:
    """Give the JSON of what would have opened a bed for each referral without one, version 1."""
    counted = totals(found)
    return {
        "version": 1,
        "snapshot_sha256": sha256(snapshot),
        "rules_version": RULES_VERSION,
        "engine_version": ENGINE_VERSION,
        "tonight": snapshot.tonight.isoformat(),
        "open": [row.referral for row in found if row.open],
        "gaps": [
            {
                "referral": row.referral,
                "sets": [list(map(change_document, some)) for some in row.sets],
                "all": row.whole,
            }
            for row in found
            if not row.open
        ],
        "totals": {
            "gaps": counted.asked,
            "no_change_of_these_opens": counted.none,
            "alone": [{"change": change_document(one), "count": count} for one, count in by_count(counted.alone)],
            "pairs": [
                {"changes": list(map(change_document, two)), "count": count} for two, count in by_count(counted.pairs)
            ],
        },
        "careful": [{"code": code, "text": text} for code, text in CAREFUL.items()],
    }


def by_count(counts: dict[Any, int]) -> list[tuple[Any, int]]:
    """Counts, the largest first, and equal ones by name."""
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def change_document(change: Change) -> Document:
    """One change; of a fact that it matters not of whom, `of` is null."""
    return {"kind": change.kind, "code": change.code, "of": change.of or None, "who": change.who}


def gaps_schema() -> Document:
    """Give the JSON Schema of what would have opened a bed, version 1."""
    text, night, count = {"type": "string"}, {"type": "string", "format": "date"}, whole(0)
    change = record(
        kind={"enum": ["fact", "house", "fund"]},
        code=text,
        of={"type": ["string", "null"]},
        who={"enum": ["agency", "facility", "funder"]},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The smallest changes that would have opened a bed for those who have none",
        **record(
            version={"const": 1},
            snapshot_sha256=text,
            rules_version=text,
            engine_version=text,
            tonight=night,
            open=many(text),
            gaps=many(record(referral=text, sets=many(many(change)), all={"type": "boolean"})),
            totals=record(
                gaps=count,
                no_change_of_these_opens=count,
                alone=many(record(change=change, count=whole(1))),
                pairs=many(record(changes=many(change, 2), count=whole(1))),
            ),
            careful=many(record(code=text, text=text)),
        ),
    }
