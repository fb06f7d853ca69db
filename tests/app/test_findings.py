"""The gap ledger: which fund refused whom by which rules, in rows that a count is a query over."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from app.clock import MovableClock
from app.codes import FacilityKind
from app.db import Database
from app.funding.models import FundLimit
from app.gaps.findings import Refusal, make_up, refusals
from app.gaps.models import DecisionCounted, FundRefusal
from tests.factories import house
from tests.scenes import Scene

Json = dict[str, Any]
KINDS = {"fac_a": FacilityKind.SAFE_HOUSE, "fac_b": FacilityKind.GROUP_HOME}


def entry(facility: str, house_rule: str = "met", **funds: str) -> Json:
    """What an answer says of a house: of each fund the rules that are not met; `?` before one that is not known."""
    findings = [{"rule": "licence.age", "outcome": house_rule, "subject": facility}]
    findings.append({"rule": "funding.accepted", "outcome": "met", "subject": facility})
    for name, rules in funds.items():
        said = {rule.lstrip("?"): "unknown" if "?" in rule else "not_met" for rule in rules.split()}
        for rule in ("age_band", "residence", "last_resort"):
            findings.append({"rule": f"funding.{rule}", "outcome": said.get(rule, "met"), "subject": name})
    return {"facility": facility, "findings": findings}


def answer(*excluded: Json, options: tuple[Json, ...] = (), later: tuple[Json, ...] = ()) -> Json:
    return {"options": list(options), "later": list(later), "needs_info": [], "excluded": list(excluded)}


def found(said: Json) -> list[tuple[str, str, FacilityKind, bool]]:
    return [
        (row.fund, " ".join(rule.rpartition(".")[2] for rule in row.rules), *row[2:]) for row in refusals(said, KINDS)
    ]


def test_a_fund_that_refuses_everywhere_shows_even_where_another_pays() -> None:
    said = answer(options=(entry("fac_a", one="", two="age_band"),))
    assert found(said) == [("two", "age_band", FacilityKind.SAFE_HOUSE, False)]


def test_a_fund_that_pays_somewhere_refuses_nobody() -> None:
    assert found(answer(entry("fac_a", one="age_band"), entry("fac_b", one=""))) == []


def test_the_house_where_the_fewest_rules_are_in_the_way_counts() -> None:
    said = answer(entry("fac_a", one="age_band residence"), entry("fac_b", "not_met", one="residence"))
    assert found(said) == [("one", "residence", FacilityKind.GROUP_HOME, False)]


@pytest.mark.parametrize(
    ("said", "decisive"),
    [
        (answer(entry("fac_a", one="residence")), True),
        (answer(entry("fac_a", "not_met", one="residence")), False),
        (answer(entry("fac_a", "unknown", one="residence")), False),
        (answer(entry("fac_a", one="residence ?age_band")), False),
        (answer(entry("fac_a", one="residence"), options=(entry("fac_b", two=""),)), False),
        (answer(entry("fac_a", one="residence"), later=(entry("fac_b", two=""),)), False),
        (answer(entry("fac_a", "not_met", one="residence"), entry("fac_b", one="residence")), True),
    ],
)
def test_a_rule_decides_where_nothing_else_is_in_the_way(said: Json, decisive: bool) -> None:
    assert [row[3] for row in found(said)] == [decisive]


def test_two_rules_together_decide_nothing_alone() -> None:
    assert list(refusals(answer(entry("fac_a", one="residence age_band")), KINDS)) == [
        Refusal("one", ("funding.age_band", "funding.residence"), FacilityKind.SAFE_HOUSE, False)
    ]


def test_what_is_not_known_and_stepping_back_for_another_payer_refuse_nobody() -> None:
    assert found(answer(entry("fac_a", one="?age_band", two="last_resort"))) == []


def kept(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        table = FundRefusal.__table__
        return sorted(tuple(row) for row in session.execute(select(table)))


def test_each_decision_keeps_its_rows_and_an_old_one_gets_the_same(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    scene = Scene(client, database, clock, house("fac_a"), house("fac_b", kind="group_home"))
    scene.rank(scene.refer())
    paid = kept(database)
    with database.writing() as session:
        session.execute(update(FundLimit).values(min_age=16))
    run, _ = scene.rank(scene.refer())
    rows = kept(database)
    assert paid == []
    night, kind = clock.tonight(), FacilityKind.GROUP_HOME
    assert rows == [(run, "fund_a", "funding.age_band", night, kind, True, True)]
    with database.writing() as session:
        assert session.scalars(select(DecisionCounted.night)).all() == [clock.tonight()] * 2
        session.execute(delete(FundRefusal))
        session.execute(delete(DecisionCounted))
    assert make_up(database) == 2
    assert kept(database) == rows
    assert make_up(database) == 0
