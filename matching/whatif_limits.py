"""Changed limits of funds, for a re-run of the past: never a safeguard, nor any rule of a house or of a minor."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from matching.admission import admission
from matching.census import Census
from matching.eligibility import sibling_outcome
from matching.facts import Fund, Limit, Snapshot
from matching.payers import accepted_payers


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed in the limits of a fund, and which rules look at it.

    `valid_from` names one row of the limits as it was; None: all of them.
    """

    fund: str
    rules: frozenset[str]
    apply: Callable[[Limit], Limit]
    valid_from: date | None = None


ASIDE: Mapping[str, Mapping[str, Any]] = {
    "funding.age_band": {"min_age": None, "max_age": None},
    "funding.residence": {"residence": None},
    "funding.custody": {"custody": None},
    "funding.trafficking": {"trafficking": None},
    "funding.gender": {"genders": None},
    "funding.facility_kind": {"facility_kinds": None, "excluded_facility_kinds": None},
    "funding.ages_out": {"leaves_at_age": None},
    "funding.clock": {"clocks": ()},
    "funding.beds": {"beds_per_night": None},
    "funding.budget": {"nights_left": None},
}
"""What of a fund's limits makes a rule: without it there is no such rule. An approval is not the funder's to spare."""


def put_aside(fund: str, rule: str) -> Change:
    """A fund without one of its rules."""
    return Change(fund, frozenset({rule}), lambda limit: replace(limit, **ASIDE[rule]))


def changed(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """The snapshot with the limits that it would have had."""
    by_fund: dict[str, list[Change]] = {}
    for change in changes:
        by_fund.setdefault(change.fund, []).append(change)
    if not by_fund:
        return snapshot
    return replace(snapshot, funds=tuple(_fund(fund, by_fund.get(fund.id, ())) for fund in snapshot.funds))


def _fund(fund: Fund, changes: Iterable[Change]) -> Fund:
    rows = list(fund.limits)
    for change in changes:
        for at, row in enumerate(fund.limits):
            if change.valid_from in (None, row.valid_from):
                rows[at] = change.apply(rows[at])
    return replace(fund, limits=tuple(rows))


def lets(snapshot: Snapshot, referral_id: str, fund: str) -> bool:
    """Whether a fund's rules are all met at some house that accepts it, whatever beds there are; the last resort aside.

    Judged on the night on which that house could take the young person, or else on the first that is asked for.
    """
    census = Census(snapshot)
    referral = census.referrals[referral_id]
    minor = census.minors[referral.minor]
    try:
        for house in snapshot.facilities:
            if fund in (house.funds or ()):
                case = admission(census, minor, house, referral, sibling_outcome).case
                if any(payer.own_met for payer in accepted_payers(case) if payer.funding.fund.id == fund):
                    return True
        return False
    finally:
        census.forget()
