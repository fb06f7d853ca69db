"""What comes after the options of a decision as JSON: its document, and the JSON Schema of that."""

from typing import Any

from matching.chain import CAREFUL
from matching.chain_search import MOST_STAYS
from matching.doors import NO_BED
from matching.outlook import BY_BEDS, After, Next, Outlook
from matching.schema_parts import many, perhaps, record, whole

Document = dict[str, Any]


def outlook_document(found: Outlook) -> Document:
    """Give the JSON of what comes after the options, version 1, as `outlook_schema` says."""
    return {
        "version": 1,
        "referral": found.referral,
        "snapshot_sha256": found.snapshot_sha256,
        "rules_version": found.rules_version,
        "engine_version": found.engine_version,
        "policy": {"id": found.policy.id, "version": found.policy.version},
        "until": found.until.isoformat(),
        "options": [_after(row) for row in found.options],
        "careful": [{"code": code, "text": text} for code, text in (CAREFUL | BY_BEDS).items()],
    }


def _after(row: After) -> Document:
    return {
        "facility": row.facility,
        "until": row.until.isoformat(),
        "binding": row.binding,
        "links": [_next(link) for link in row.links],
        "uncovered": [{"from": start.isoformat(), "until": until.isoformat()} for start, until in row.uncovered],
        "value": {"uncovered": row.nights_uncovered, "moves": len(row.links), "cost": row.cost},
        "bound": row.bound,
        "proof": row.proof,
    }


def _next(row: Next) -> Document:
    return {
        "facility": row.facility,
        "from": row.start.isoformat(),
        "until": row.until.isoformat(),
        "nights": (row.until - row.start).days,
        "payers": [
            {"fund": payer.fund, "from": payer.from_.isoformat(), "until": payer.until.isoformat()}
            for payer in row.payers
            if payer.until is not None
        ],
        "why": row.why,
        "binding": row.binding,
    }


def outlook_schema() -> Document:
    """Give the JSON Schema of what comes after the options of a decision, version 1."""
    text, night, count = {"type": "string"}, {"type": "string", "format": "date"}, whole(0)
    range_ = {"from": night, "until": night}
    ends = text | {"description": f"The rule that ends the nights, or {NO_BED}: the bed is no longer free."}
    link = record(
        facility=text,
        **range_,
        nights=whole(1),
        payers=many(record(fund=text, **range_)),
        why={"enum": ["need_met", "cliff", "early"]},
        binding=perhaps(ends),
    )
    after = record(
        facility=text,
        until=night | {"description": "The first night of the need that is not paid here in a bed that is free."},
        binding=ends,
        links=many(link) | {"maxItems": MOST_STAYS - 1},
        uncovered=many(record(**range_)),
        value=record(uncovered=count, moves=count, cost=count),
        bound=count,
        proof={"enum": ["optimal", "least", "bounded"]}
        | {"description": "Nothing is better, down to who pays; nothing costs less; or not all was looked at."},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What comes after each option of a decision that ends before the need does",
        **record(
            version={"const": 1},
            referral=text,
            snapshot_sha256=text,
            rules_version=text,
            engine_version=text,
            policy=record(id=text, version=whole(1)),
            until=night | {"description": "The first night that is not needed any more."},
            options=many(after),
            careful=many(record(code=text, text=text)),
        ),
    }
