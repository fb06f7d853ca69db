"""A decision, and an explanation of one pair, as the JSON of the contract, version 1."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

from matching.canonical import plain
from matching.decision import AsFull, Decision, Option
from matching.eligibility import Assessment
from matching.findings import MET, Finding, Outcome, Scalar

_SAID = {outcome: outcome.value for outcome in Outcome}


def decision_document(decision: Decision, findings: Literal["all", "failed"] = "all") -> dict[str, Any]:
    """Give the JSON of a decision, version 1.

    Parameters
    ----------
    decision : Decision
    findings : {"all", "failed"}
        Whether findings that are met are in it.

    Returns
    -------
    dict
        As the contract says, with `weight` and `cost` beside each term's value.
    """
    keep = findings == "all"
    return {
        "version": 1,
        "referral": decision.referral,
        "snapshot_sha256": decision.snapshot_sha256,
        "rules_version": decision.rules_version,
        "engine_version": decision.engine_version,
        "options": [_option(row, keep) for row in decision.options],
        "later": [_option(row, keep) for row in decision.later],
        "needs_info": [
            {
                "facility": row.facility,
                "unknown": list(row.unknown),
                "ask": [ask._asdict() for ask in row.ask],
                "findings": _findings(row.findings, keep),
                "as_full": _as_full(row.as_full, keep),
            }
            for row in decision.needs_info
        ],
        "excluded": [
            {
                "facility": row.facility,
                "failed": list(row.failed),
                "fix": [fix._asdict() for fix in row.fix],
                "findings": _findings(row.findings, keep),
                "as_full": _as_full(row.as_full, keep),
            }
            for row in decision.excluded
        ],
    }


def explanation_document(assessment: Assessment, findings: Literal["all", "failed"] = "all") -> dict[str, Any]:
    """Give the JSON of every rule for one referral at one facility, and the list they put it in."""
    case = assessment.case
    lists = {"option": "options", "later": "later", "needs_info": "needs_info", "excluded": "excluded"}
    return {
        "version": 1,
        "referral": assessment.admission.referral,
        "facility": case.facility.id,
        "list": lists[assessment.verdict],
        "admit_on": case.admit_on.isoformat(),
        "bed_known": case.bed_known,
        "failed": assessment.failed,
        "unknown": assessment.unknown,
        "findings": _findings(assessment.all_findings, findings == "all"),
    }


def _option(row: Option, keep: bool) -> dict[str, Any]:
    first = {"rank": row.rank} if row.rank is not None else {}
    when, last = {"admit_on": plain(row.admit_on)}, {}
    if row.rank is None:
        when |= {"from": when["admit_on"], "room_from": plain(row.room_from)}
        last = {"as_full": _as_full(row.as_full, keep)}
    return {
        **first,
        "facility": row.facility,
        "unit": row.unit,
        "bed": row.bed,
        **when,
        "funded_nights": row.funded_nights,
        "first_unfunded_night": plain(row.first_unfunded_night),
        "payers": plain(row.payers),
        "binding": row.binding,
        "bed_until": plain(row.bed_until),
        "bed_confirmed_at": plain(row.bed_confirmed_at),
        "call_first": row.call_first,
        "provisional": list(row.provisional),
        "terms": [{**term._asdict(), "cost": term.cost} for term in row.terms],
        "network": plain(row.network),
        "findings": _findings(row.findings, keep),
        **last,
    }


def _as_full(full: AsFull | None, keep: bool) -> dict[str, Any] | None:
    if full is None:
        return None
    return {
        "waits_for_people": full.waits_for_people,
        "list": full.listed,
        "unknown": list(full.unknown),
        "failed": list(full.failed),
        "fix": [fix._asdict() for fix in full.fix],
        "findings": _findings(full.findings, keep),
    }


def _findings(findings: Iterable[Finding], keep: bool) -> list[dict[str, Any]]:
    return [_finding(*row) for row in findings if keep or row.outcome is not MET]


def _finding(
    rule: str,
    outcome: Outcome,
    subject: str,
    have: Scalar,
    need: Scalar,
    text: str,
    citation: str | None,
    changes_on: date | None,
    asks: tuple[str, ...],
    asks_alone: tuple[str, ...] | None,
) -> dict[str, Any]:
    """A finding, taken apart: a decision holds some forty for each facility."""
    form: dict[str, Any] = {
        "rule": rule,
        "outcome": _SAID[outcome],
        "subject": subject,
        "have": have,
        "need": need,
        "text": text,
        "citation": citation,
        "changes_on": changes_on.isoformat() if changes_on else None,
    }
    if asks:
        form["asks"] = list(asks)
    if asks_alone is not None:
        form["asks_alone"] = list(asks_alone)
    return form
