"""A joint plan as JSON: its document, and the JSON Schema of that."""

from dataclasses import asdict
from typing import Any

from matching.plan import CAREFUL, JointPlan, Line
from matching.schema_parts import made_by, many, record, whole

Document = dict[str, Any]


def plan_document(found: JointPlan) -> Document:
    """Give the JSON of a joint plan, version 1.

    Returns
    -------
    dict
        As `plan_schema` says, with `weight` and `cost` beside each term's value.
    """
    return {
        "version": 1,
        **made_by(found),
        "tonight": found.tonight.isoformat(),
        "lines": [_line(row) for row in found.lines],
        "unplaced": [asdict(row) for row in found.unplaced],
        "later": list(found.later),
        "value": {"unplaced": list(found.value.unplaced), "cost": found.value.cost},
        "bound": {"unplaced": list(found.bound.unplaced), "cost": found.bound.cost},
        "proof": found.proof,
        "unique": found.unique,
        "together": [list(pair) for pair in found.together],
        "apart": [list(pair) for pair in found.apart],
        "funds": [asdict(row) for row in found.funds],
        "certificate": [
            {
                "tier": row.tier,
                "placed": row.placed,
                "prices": [{"of": list(price.of), "price": price.price} for price in row.prices],
            }
            for row in found.certificate
        ],
        "careful": [{"code": code, "text": text} for code, text in CAREFUL.items()],
    }


def _line(row: Line) -> Document:
    return {
        "minor": row.minor,
        "referral": row.referral,
        "urgency": row.urgency,
        "facility": row.facility,
        "unit": row.unit,
        "bed": row.bed,
        "admit_on": row.admit_on.isoformat(),
        "paid_nights": row.paid_nights,
        "paid_until": row.paid_until.isoformat() if row.paid_until else None,
        "payers": [
            {"fund": payer.fund, "from": payer.from_.isoformat(), "until": payer.until.isoformat()}
            for payer in row.payers
            if payer.until is not None
        ],
        "money_shared": row.money_shared,
        "bed_until": row.bed_until.isoformat() if row.bed_until else None,
        "bed_confirmed_at": row.bed_confirmed_at.isoformat() if row.bed_confirmed_at else None,
        "call_first": row.call_first,
        "provisional": list(row.provisional),
        "together_with": list(row.together_with),
        "terms": [{**term._asdict(), "cost": term.cost} for term in row.terms],
    }


def plan_schema() -> Document:
    """Give the JSON Schema of a joint plan, version 1."""
    text, night, count, yes = {"type": "string"}, {"type": "string", "format": "date"}, whole(0), {"type": "boolean"}
    perhaps = {"anyOf": [night, {"type": "null"}]}
    some = {"anyOf": [count, {"type": "null"}]}
    value = record(unplaced=many(count, 4), cost=count)
    line = record(
        minor=text,
        referral=text,
        urgency=whole(1, 4),
        facility=text,
        unit=text,
        bed=text,
        admit_on=night,
        paid_nights=whole(1),
        paid_until=perhaps,
        payers=many(record(fund=text, **{"from": night}, until=night)),
        money_shared=yes,
        bed_until=perhaps,
        bed_confirmed_at={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        call_first=yes,
        provisional=many(text),
        together_with=many(text),
        terms=many(record(code=text, value=count, unit=text, weight=count, text=text, cost=count)),
    )
    why = {"enum": ["no_option", "no_place_left"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A joint plan for everyone who waits tonight",
        **record(
            version={"const": 1},
            snapshot_sha256=text,
            rules_version=text,
            engine_version=text,
            policy=record(id=text, version=whole(1)),
            tonight=night,
            lines=many(line),
            unplaced=many(record(minor=text, referral=text, urgency=whole(1, 4), why=why, houses=count)),
            later=many(text),
            value=value,
            bound=value,
            proof={"enum": ["optimal", "bounded"]},
            unique={"type": ["boolean", "null"]},
            together=many(many(text, 2)),
            apart=many(many(text, 2)),
            funds=many(record(fund=text, beds_tonight=count, beds_left=some, nights=count, nights_left=some)),
            certificate=many(
                record(tier=whole(1, 4), placed=count, prices=many(record(of=many(text), price=count))), 4
            ),
            careful=many(record(code=text, text=text)),
        ),
    }
