"""The gap ledger: what each decision found by fund, in narrow rows, so that what a rule costs is counted by a query.

Counted from the findings, not from the list of rules that decided: a fund that refuses everybody shows even where
another fund paid.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, load_only

from app.answers.models import RankingRun
from app.codes import FacilityKind
from app.db import Database, table_of
from app.facilities.models import Facility
from app.gaps.models import DecisionCounted, FundRefusal
from app.sealing.keyring import Expunged
from app.sharing.projection import LISTS

Json = dict[str, Any]

OF_FUNDS = "funding."
OF_THE_HOUSE = frozenset({"funding.accepted"})
"""What is called after funds and is the house's."""
NO_REFUSAL = frozenset({"funding.last_resort"})
"""A payer of last resort steps back where another pays: nobody is turned away by that."""
AT_ONCE = 50
"""Decisions of which the findings are written in one transaction, where it is made up for."""

_DECISION = insert(table_of(DecisionCounted))
_REFUSALS = insert(table_of(FundRefusal))


class Refusal(NamedTuple):
    """That a fund pays nowhere, by the fewest rules that stood in the way at one house."""

    fund: str
    rules: tuple[str, ...]
    facility_kind: FacilityKind
    decisive: bool


class _AtHouse(NamedTuple):
    """One fund at one house: its rules that are not met, and whether all else there is met."""

    rules: tuple[str, ...]
    kind: FacilityKind
    else_met: bool


def of_run(session: Session, run: RankingRun, answer: Json, kinds: Mapping[str, FacilityKind]) -> None:
    """Keep what a decision found by fund: one row for each rule of each fund that refused, all at once."""
    session.execute(_DECISION, {"run_id": run.id, "referral_id": run.referral_id, "night": run.tonight})
    rows = [
        {
            "run_id": run.id,
            "fund_id": found.fund,
            "rule": rule,
            "night": run.tonight,
            "facility_kind": found.facility_kind,
            "alone": len(found.rules) == 1,
            "decisive": found.decisive,
        }
        for found in refusals(answer, kinds)
        for rule in found.rules
    ]
    if rows:
        session.execute(_REFUSALS, rows)


def refusals(answer: Json, kinds: Mapping[str, FacilityKind]) -> Iterator[Refusal]:
    """Each fund that pays at no house that accepts it; one of which an answer is missing refuses nobody."""
    at_houses: dict[str, list[_AtHouse]] = {}
    for entry in (row for listed in LISTS for row in answer[listed]):
        for fund, found in _funds_at(entry, kinds[entry["facility"]]):
            at_houses.setdefault(fund, []).append(found)
    nowhere = not answer["options"] and not answer["later"]
    for fund, houses in sorted(at_houses.items()):
        nearest = min(houses, key=lambda house: (len(house.rules), house.rules, house.kind))
        if nearest.rules:
            alone = any(house.else_met and house.rules == nearest.rules for house in houses)
            yield Refusal(fund, nearest.rules, nearest.kind, nowhere and len(nearest.rules) == 1 and alone)


def _funds_at(entry: Json, kind: FacilityKind) -> Iterator[tuple[str, _AtHouse]]:
    failed: dict[str, list[str]] = {}
    open_funds: set[str] = set()
    house_met = True
    for finding in entry["findings"]:
        rule, outcome = finding["rule"], finding["outcome"]
        if not rule.startswith(OF_FUNDS) or rule in OF_THE_HOUSE:
            house_met = house_met and outcome == "met"
            continue
        rules = failed.setdefault(finding["subject"], [])
        if outcome == "unknown":
            open_funds.add(finding["subject"])
        elif outcome == "not_met" and rule not in NO_REFUSAL:
            rules.append(rule)
    for fund, rules in failed.items():
        yield fund, _AtHouse(tuple(sorted(rules)), kind, house_met and fund not in open_funds)


def make_up(database: Database) -> int:
    """Keep the findings of decisions that were stored before there was a ledger; how many these were."""
    done = 0
    while ids := _without(database):
        with database.writing() as session:
            kinds = {row.id: row.kind for row in session.execute(select(Facility.id, Facility.kind))}
            # Looked at again in here: another worker may have been quicker.
            left = session.scalars(
                select(RankingRun)
                .where(RankingRun.id.in_(ids), RankingRun.id.not_in(select(DecisionCounted.run_id)))
                .options(load_only(RankingRun.referral_id, RankingRun.tonight, RankingRun.sealed_answer))
            ).all()
            for run in left:
                of_run(session, run, _answer(run), kinds)
            done += len(left)
    return done


def _answer(run: RankingRun) -> Json:
    """What was answered; of somebody who was expunged nothing, so that no fund is said to have refused her or him."""
    try:
        answer: Json = json.loads(run.answer)
    except Expunged:
        return {listed: [] for listed in LISTS}
    return answer


def _without(database: Database) -> list[str]:
    with database.reading() as session:
        query = select(RankingRun.id).where(RankingRun.id.not_in(select(DecisionCounted.run_id)))
        return list(session.scalars(query.order_by(RankingRun.id).limit(AT_ONCE)))
