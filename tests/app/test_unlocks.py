"""What would have opened a bed: the worker looks into decisions that found none, and the lead alone reads of it."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.clock import MovableClock
from app.db import Database
from app.referrals.models import Referral, ReferralStatus
from app.reports import unlocks
from app.reports.models import GapUnlock
from app.sealing.keyring import Expunged
from matching.gaps import Change, Unlocks
from tests.app.test_cli import bednight
from tests.factories import house, lead, made
from tests.scenes import Scene

Json = dict[str, Any]
QUARTER = "2026-Q4"


@pytest.fixture
def two(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    """One house that declines a condition, and one that is never an answer."""
    return Scene(client, database, clock, house("fac_a", declines=["arson"]), house("fac_b", population="mixed"))


def looked(scene: Scene) -> list[GapUnlock]:
    with scene.database.reading() as session:
        return list(session.scalars(select(GapUnlock).order_by(GapUnlock.run_id)))


def two_gaps(two: Scene) -> None:
    """One whom nobody houses for want of an answer, and one whom a house declines."""
    for conditions in (None, ["arson"]):
        path = two.refer()
        minor: Json = {"minor": {"needs": {"conditions": conditions}}, "version": 1}
        made(two.coordinator.patch(path, minor))
        two.clock.move(timedelta(minutes=1))
        two.rank(path)


def test_the_worker_looks_into_what_found_no_bed_once_the_night_is_over(two: Scene) -> None:
    two_gaps(two)
    assert unlocks.look_into_gaps(two.database) == 0
    two.clock.move(timedelta(days=1))
    assert unlocks.look_into_gaps(two.database, 1) == 1
    assert unlocks.look_into_gaps(two.database) == 1
    assert unlocks.look_into_gaps(two.database) == 0
    declines = ["house", "facility.declines", "fac_a", "facility"]
    condition = ["fact", "minor.needs.conditions", "", "agency"]
    found = looked(two)
    assert sorted(row.sets for row in found) == [[[condition], [declines]], [[declines]]]
    assert all(row.known and row.whole for row in found)
    assert "min_" not in str([row.sets for row in found])


def test_who_was_placed_meanwhile_is_not_looked_into(two: Scene) -> None:
    two_gaps(two)
    two.clock.move(timedelta(days=1))
    with two.database.writing() as session:
        session.execute(update(Referral).values(status=ReferralStatus.PLACED))
    assert unlocks.look_into_gaps(two.database) == 0


def test_what_can_no_longer_be_read_is_kept_as_not_known(two: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    two_gaps(two)
    two.clock.move(timedelta(days=1))

    def expunged(*_: object) -> str:
        raise Expunged

    monkeypatch.setattr("app.answers.sealed.snapshot", expunged)
    assert unlocks.look_into_gaps(two.database) == 2
    assert [(row.known, row.whole, row.sets) for row in looked(two)] == [(False, False, [])] * 2
    report = made(lead(two.client, two.database).get(f"/v1/reports/quarters/{QUARTER}"))["unlocks"]
    assert (report["unplaced"], report["looked_into"], report["none"]) == (2, 0, 0)


def test_the_lead_alone_reads_it_everywhere_alike(two: Scene) -> None:
    two_gaps(two)
    two.clock.move(timedelta(days=1))
    unlocks.look_into_gaps(two.database)
    the_lead = lead(two.client, two.database)
    found = made(the_lead.get(f"/v1/reports/quarters/{QUARTER}"))["unlocks"]
    assert (found["unplaced"], found["looked_into"], found["none"], found["pairs"]) == (2, 2, 0, [])
    lines = [([one["code"] for one in row["changes"]], row["count"]) for row in found["alone"]]
    assert lines == [(["facility.declines"], 2), (["minor.needs.conditions"], 1)]
    assert found["alone"][0]["changes"][0]["alias"] == "A"

    text = two.client.get(f"/reports/{QUARTER}/figures.csv", headers=the_lead.headers).text
    table = [
        (row["of"], row["count"]) for row in csv.DictReader(io.StringIO(text)) if row["measure"].startswith("opened_by")
    ]
    assert table == [("facility.declines fac_a", "2"), ("minor.needs.conditions", "1")]
    page = two.client.get(f"/reports/{QUARTER}", headers=the_lead.headers).text
    assert "Put aside by A: What the house declines" in page
    assert "2 young people were not placed; for 2 of them a decision found no bed" in page
    assert (
        json.loads(bednight("gaps", "--whole", "--json", url=str(two.database.engine.url)).stdout)["unlocks"] == found
    )


def test_of_several_decisions_the_fewest_changes_count() -> None:
    one, other = Change("fact", "minor.custody", "", "agency"), Change("fund", "funding.clock", "fund_a", "funder")
    decisions = [Unlocks("", False, ((one, other),)), Unlocks("", False, ()), Unlocks("", False, ((other,),))]
    assert unlocks._fewest(decisions).sets == ((other,),)
    assert unlocks._fewest(decisions[1:2]).sets == ()
