"""Who pays a stay, in the contract's form: what is stated of nights beside the ledger, then what the ledger holds."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from app.beds.ledger import PaidRun

Json = dict[str, Any]


def payers_of(stay: Any, stated: Iterable[Any], paid: Iterable[PaidRun]) -> list[Json]:
    """Half-open ranges by fund, equal neighbours joined; the last of a stay without a known end goes on."""
    ranges: list[Json] = [{"fund": row.fund_id, "from": row.paid_from, "until": row.paid_until} for row in stated]
    endless = stay.left_on is None and stay.expected_until is None
    for run in paid:
        until = None if endless and run.to_the_end else run.last + timedelta(days=1)
        before = ranges[-1] if ranges else None
        if before is not None and (before["fund"], before["until"]) == (run.fund_id, run.first):
            before["until"] = until
        else:
            ranges.append({"fund": run.fund_id, "from": run.first, "until": until})
    return ranges
