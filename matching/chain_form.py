"""A chain of stays as JSON: its document, and the JSON Schema of that."""

from typing import Any

from matching.chain import CAREFUL, Chain, Link
from matching.chain_search import MOST_STAYS
from matching.doors import NO_BED
from matching.schema_parts import made_by, many, perhaps, record, whole

Document = dict[str, Any]


def chain_document(found: Chain) -> Document:
    """Give the JSON of a chain of stays, version 1, as `chain_schema` says."""
    return {
        "version": 1,
        "referral": found.referral,
        **made_by(found),
        "from": found.start.isoformat(),
        "until": found.until.isoformat(),
        "links": [_link(row) for row in found.links],
        "uncovered": [{"from": start.isoformat(), "until": until.isoformat()} for start, until in found.uncovered],
        "value": {"uncovered": found.nights_uncovered, "moves": found.moves, "cost": found.cost},
        "bound": found.bound,
        "proof": found.proof,
        "provisional": list(found.provisional),
        "careful": [{"code": code, "text": text} for code, text in CAREFUL.items()],
    }


def _link(row: Link) -> Document:
    return {
        "facility": row.facility,
        "unit": row.unit,
        "bed": row.bed,
        "from": row.start.isoformat(),
        "until": row.until.isoformat(),
        "nights": row.nights,
        "payers": [
            {"fund": payer.fund, "from": payer.from_.isoformat(), "until": payer.until.isoformat()}
            for payer in row.payers
            if payer.until is not None
        ],
        "why": row.why,
        "binding": row.binding,
        "bed_until": row.bed_until.isoformat() if row.bed_until else None,
        "bed_confirmed_at": row.bed_confirmed_at.isoformat() if row.bed_confirmed_at else None,
        "call_first": row.call_first,
        "open_from": row.open_from.isoformat(),
        "opened_by": list(row.opened_by),
    }


def chain_schema() -> Document:
    """Give the JSON Schema of a chain of stays, version 1."""
    text, night, count, yes = {"type": "string"}, {"type": "string", "format": "date"}, whole(0), {"type": "boolean"}
    range_ = {"from": night, "until": night}
    link = record(
        facility=text,
        unit=text,
        bed=text,
        **range_,
        nights=whole(1),
        payers=many(record(fund=text, **range_)),
        why={"enum": ["need_met", "cliff", "early"]},
        binding=perhaps(text)
        | {"description": f"The rule that ends the stay, or {NO_BED}: the bed is no longer free; null unless a cliff."},
        bed_until=perhaps(night),
        bed_confirmed_at=perhaps({"type": "string", "format": "date-time"}),
        call_first=yes,
        open_from=night | {"description": "The house would take her or him on every night from here to the stay."},
        opened_by=many(text) | {"description": f"What kept the house shut the night before: rules, or {NO_BED}."},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The best chain of stays and payers for one minor",
        **record(
            version={"const": 1},
            referral=text,
            snapshot_sha256=text,
            rules_version=text,
            engine_version=text,
            policy=record(id=text, version=whole(1)),
            **range_,
            links=many(link) | {"maxItems": MOST_STAYS},
            uncovered=many(record(**range_)),
            value=record(uncovered=count, moves=count, cost=count),
            bound=count,
            proof={"enum": ["optimal", "bounded"]},
            provisional=many(text),
            careful=many(record(code=text, text=text)),
        ),
    }
