"""Nights slept in a bed that nobody pays: each is a gap on record once it is over, and only then."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import Role
from app.clock import MovableClock
from app.db import Database
from app.gaps.models import GapLook
from app.placements import due
from app.stays.rolling import roll
from tests.app.test_due import lived_in
from tests.app.test_stays import supervisor
from tests.factories import Caller, made, rows
from tests.scenes import Scene

Json = dict[str, Any]


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def gaps(scene: Scene, agency_id: str | None = None) -> list[str]:
    """The nights on record that somebody slept unpaid."""
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, agency_id or scene.coordinator.agency_id)
    found = rows(supervisor.get("/v1/gaps"))
    return sorted(gap["night"] for gap in found if gap["kind"] == "unfunded_tonight")


def nights_pass(scene: Scene, nights: int) -> None:
    for _ in range(nights):
        scene.clock.move(timedelta(days=1))
        roll(scene.database)
        due.run(scene.database)


def test_nights_kept_longer_than_anybody_pays_are_gaps_once_slept(scene: Scene) -> None:
    stay = lived_in(scene, nights=1)
    made(scene.coordinator.post(f"/v1/stays/{stay}/extension", {"until": "2026-11-24"}))
    due.run(scene.database)
    assert gaps(scene) == []
    nights_pass(scene, 2)
    assert gaps(scene) == ["2026-11-22"]
    nights_pass(scene, 2)
    assert gaps(scene) == ["2026-11-22", "2026-11-23", "2026-11-24"], "past its end a stay goes on unpaid"
    due.run(scene.database)
    assert len(gaps(scene)) == 3
    said = {"first": "2026-11-22", "until": "2026-11-23", "fund": "fund_a", "reason": "the invoice says so"}
    made(supervisor(scene).post(f"/v1/stays/{stay}/corrections", said))
    due.run(scene.database)
    assert gaps(scene) == ["2026-11-23", "2026-11-24"]


def test_a_bed_kept_for_somebody_who_sleeps_elsewhere_is_no_gap(scene: Scene) -> None:
    stay = lived_in(scene, nights=10)
    away = {"first": "2026-11-21", "until": "2026-11-24", "keep_bed": True, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", away))
    nights_pass(scene, 4)
    assert gaps(scene) == []


def test_the_nights_of_a_walk_in_are_gaps_of_its_house(scene: Scene) -> None:
    made(scene.staff["fac_a"].post("/v1/facilities/fac_a/walk-ins", {"bed": "bed_a1", "trafficking": "verified"}))
    nights_pass(scene, 2)
    assert gaps(scene, scene.agencies["fac_a"]) == ["2026-11-21", "2026-11-22"]
    assert gaps(scene) == []


def test_each_night_that_a_correction_leaves_unpaid_is_a_gap_however_long_ago(scene: Scene) -> None:
    stay = lived_in(scene, nights=30)
    away = {"first": "2026-11-24", "until": "2026-11-26", "keep_bed": True, "paid": True}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", away))
    scene.clock.move(timedelta(days=12))
    due.run(scene.database)
    assert gaps(scene) == []
    said = {"first": "2026-11-21", "until": "2026-12-02", "fund": None, "reason": "the fund has sent it back"}
    made(supervisor(scene).post(f"/v1/stays/{stay}/corrections", said))
    slept = [f"2026-11-{day}" for day in (21, 22, 23, 26, 27, 28, 29, 30)] + ["2026-12-01"]
    assert gaps(scene) == slept
    due.run(scene.database)
    assert gaps(scene) == slept
    made(supervisor(scene).post(f"/v1/stays/{stay}/corrections", {**said, "fund": "fund_a", "until": "2026-11-28"}))
    assert gaps(scene) == slept[5:]


def test_nights_that_passed_while_nothing_was_running_are_gaps_however_many_they_are(scene: Scene) -> None:
    stay = lived_in(scene, nights=1)
    made(scene.coordinator.post(f"/v1/stays/{stay}/extension", {"until": "2026-12-06"}))
    due.run(scene.database)
    scene.clock.move(timedelta(days=15))
    due.run(scene.database)
    assert (len(gaps(scene)), gaps(scene)[0], gaps(scene)[-1]) == (14, "2026-11-22", "2026-12-05")
    with scene.database.reading() as session:
        assert session.scalars(select(GapLook.night)).all() == [scene.clock.tonight()]
