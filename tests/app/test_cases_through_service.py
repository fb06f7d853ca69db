"""The worked cases, entered as rows and ranked through the API, give the lists that they expect."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import Role
from app.answers.models import RankingRun
from app.clock import MovableClock
from app.db import Database
from app.placements.replaying import of_ranking
from matching.codec import decode
from tests.factories import Caller, load, made

Json = dict[str, Any]

CASES = sorted((Path(__file__).parents[1] / "matching" / "cases").glob("*.json"))


def summary(decision: Json, expected: Json) -> Json:
    """As much of a decision as the cases compare."""
    nights = ("funded_nights", "first_unfunded_night", "binding", "payers")
    named = {row["facility"]: row.keys() for name in ("options", "later") for row in expected[name]}

    def option(row: Json, *more: str) -> Json:
        own = [name for name in ("provisional", "bed_until") if name in named.get(row["facility"], ())]
        return {name: row[name] for name in (*nights, *more, *own)}

    return {
        "options": {row["facility"]: option(row) for row in decision["options"]},
        "later": {row["facility"]: option(row, "from") for row in decision["later"]},
        "needs_info": {row["facility"]: set(row["unknown"]) for row in decision["needs_info"]},
        "excluded": {row["facility"]: set(row["failed"]) for row in decision["excluded"]},
    }


def test_there_are_cases() -> None:
    assert len(CASES) >= 40


@pytest.mark.one_kind  # how a network is read from either kind is for test_snapshot.py
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, client: TestClient, database: Database, clock: MovableClock) -> None:
    case = json.loads(path.read_text())
    snapshot = decode(case["snapshot"])
    clock.set(snapshot.as_of)
    assert clock.tonight() == snapshot.tonight
    agency_id = load(database, case["snapshot"])
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR, agency_id)
    answer = coordinator.post(f"/v1/referrals/{case['referral']}/rankings?findings=all")
    made(answer)
    with database.reading() as session:
        run = session.scalars(select(RankingRun)).one()
        assert answer.headers["Location"].endswith(run.id)
        again = of_ranking(session, run.id)
    assert summary(json.loads(run.answer), case["expected"]) == summary(case["expected"], case["expected"])
    assert again is not None
    assert (again.identical, again.differences, again.faults) == (True, (), ())
