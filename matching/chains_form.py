"""Everybody's chains of stays as JSON: the document, and the JSON Schema of it."""

from typing import Any

from matching.canonical import plain
from matching.chain_search import MOST_STAYS
from matching.chains import CAREFUL, JointChains, OwnChain, Stay
from matching.schema_parts import made_by, many, perhaps, record, whole

Document = dict[str, Any]


def chains_document(found: JointChains) -> Document:
    """Give the JSON of everybody's chains, version 1, as `chains_schema` says."""
    return {
        "version": 1,
        **made_by(found),
        "tonight": found.tonight.isoformat(),
        "chains": [_chain(row) for row in found.chains],
        "value": {"unplaced": list(found.value.unplaced), "cost": found.value.cost},
        "bound": {"unplaced": list(found.bound.unplaced), "cost": found.bound.cost},
        "proof": found.proof,
        "certificate": [
            {"of": list(row.of), "from": plain(row.start), "until": plain(row.until), "price": row.price}
            for row in found.certificate
        ],
        "careful": [{"code": code, "text": text} for code, text in CAREFUL.items()],
    }


def _chain(row: OwnChain) -> Document:
    return {
        "minor": row.minor,
        "referral": row.referral,
        "urgency": row.urgency,
        "from": row.start.isoformat(),
        "until": row.until.isoformat(),
        "stays": [_stay(stay) for stay in row.stays],
        "uncovered": row.uncovered,
        "moves": max(0, len(row.stays) - 1),
    }


def _stay(row: Stay) -> Document:
    return {
        "facility": row.facility,
        "unit": row.unit,
        "bed": row.bed,
        "from": row.start.isoformat(),
        "until": row.until.isoformat(),
        "payers": [
            {"fund": payer.fund, "from": payer.from_.isoformat(), "until": payer.until.isoformat()}
            for payer in row.payers
            if payer.until is not None
        ],
    }


def chains_schema() -> Document:
    """Give the JSON Schema of everybody's chains, version 1."""
    text, night, count = {"type": "string"}, {"type": "string", "format": "date"}, whole(0)
    range_ = {"from": night, "until": night}
    value = record(unplaced=many(count, 4), cost=count)
    stay = record(facility=text, unit=text, bed=text, **range_, payers=many(record(fund=text, **range_)))
    chain = record(
        minor=text,
        referral=text,
        urgency=whole(1, 4),
        **range_,
        stays=many(stay) | {"maxItems": MOST_STAYS},
        uncovered=count,
        moves=count,
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Everybody's chains of stays and payers, planned together",
        **record(
            version={"const": 1},
            snapshot_sha256=text,
            rules_version=text,
            engine_version=text,
            policy=record(id=text, version=whole(1)),
            tonight=night,
            chains=many(chain),
            value=value,
            bound=value | {"description": "No plan has fewer without a bed tonight, nor as few at a lower cost."},
            proof={"enum": ["optimal", "bounded"]},
            certificate=many(record(of=many(text), **{"from": perhaps(night)}, until=perhaps(night), price=count))
            | {"description": "Prices in thousandths of cost, from which the cost of the bound can be reckoned."},
            careful=many(record(code=text, text=text)),
        ),
    }
