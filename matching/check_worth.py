"""What a bed is worth to those still to come, reckoned again from the prices of the snapshot, bed by bed."""

from collections.abc import Sequence

from matching.check_judging import Judge
from matching.check_shape import Document
from matching.facts import Unit
from matching.value import WORTH, Policy, Term


def said_terms(rows: Sequence[Term], judge: Judge, policy: Policy, unit: Unit, nights: int) -> list[Document]:
    """The terms as a document says them, with what is said of prices counted here."""
    most = {row.code: row.most for row in policy.weights}
    found = []
    for row in rows:
        value = min(price_of_night(judge, unit) * nights, most[WORTH]) if row.code == WORTH else row.value
        found.append({**row._asdict(), "value": value, "cost": value * row.weight})
    return found


def price_of_night(judge: Judge, unit: Unit) -> int:
    """The price of a night under how many beds of the unit anybody could have tonight."""
    prices = judge.snapshot.prices
    listed = [row.by_free for row in prices.units if row.unit == unit.id] if prices else []
    if not listed:
        return 0
    free = sum(judge.free(bed, judge.snapshot.tonight, "", frozenset()) for bed in unit.beds)
    return listed[0][-1] if free > len(listed[0]) else listed[0][max(0, free - 1)]
