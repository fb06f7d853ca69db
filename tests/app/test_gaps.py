"""Gaps on record: what a ranking could not give, each night that somebody waited, and a house's no on the phone."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.access.policy import Role
from app.clock import MovableClock
from app.db import Database
from app.facilities.models import Licence
from app.gaps.models import GapKind
from app.gaps.service import what_is_missing
from app.placements import due
from tests.app.test_workflow import scene
from tests.factories import Caller, house, made, refused, rows
from tests.scenes import Scene

__all__ = ["scene"]

Json = dict[str, Any]


def gaps(scene: Scene) -> list[Json]:
    """What a supervisor of the agency that asks is shown, the oldest first."""
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    return list(reversed(rows(supervisor.get("/v1/gaps"))))


def offline(scene: Scene) -> None:
    """No house has a bed."""
    for facility in ("fac_a", "fac_b"):
        for n in (1, 2):
            bed = f"/v1/facilities/{facility}/beds/bed_{facility[-1]}{n}"
            body = {"status": "offline", "reason": "repair", "version": 1}
            made(scene.staff[facility].put(f"{bed}/status", body))


@pytest.fixture
def two(scene: Scene) -> Scene:
    """The stage with the third house closed to everyone by its licence."""
    with scene.database.writing() as session:
        session.execute(update(Licence).where(Licence.facility_id == "fac_c").values(status="suspended"))
    return scene


def test_a_ranking_with_a_bed_for_tonight_leaves_no_gap_nor_one_for_later(two: Scene) -> None:
    two.rank(two.refer())
    offline(two)
    two.rank(two.refer(needed_from="2026-12-01"))
    assert gaps(two) == []


def test_no_bed_and_ineligible_are_two_things(two: Scene) -> None:
    offline(two)
    path = two.refer()
    two.rank(path)
    minor: Json = {"minor": {"born_on": "2006-01-01"}, "version": 1}
    made(two.coordinator.patch(path, minor))
    two.clock.move(timedelta(minutes=1))
    two.rank(path)
    assert [(gap["kind"], gap["rule"], gap["source"]) for gap in gaps(two)] == [
        ("no_bed", None, "ranking"),
        ("ineligible", "licence.age", "ranking"),
    ]
    refused(two.coordinator.get("/v1/gaps"), 403, "forbidden")
    stranger = Caller(two.client, two.database, Role.SUPERVISOR)
    assert rows(stranger.get("/v1/gaps")) == []


@pytest.mark.parametrize(
    ("lists", "kind", "rule"),
    [
        ({"later": [{}]}, GapKind.NO_BED, None),
        ({"needs_info": [{"unknown": ["a"]}], "excluded": [{"failed": ["b"]}]}, GapKind.NEEDS_INFO, "a"),
        ({"excluded": [{"failed": ["a", "b"]}, {"failed": ["b", "a"]}, {"failed": ["c"]}]}, GapKind.INELIGIBLE, "c"),
        ({"excluded": [{"failed": ["b", "a"]}, {"failed": ["b", "c"]}]}, GapKind.INELIGIBLE, "b"),
        ({}, GapKind.INELIGIBLE, None),
    ],
)
def test_what_is_missing(lists: Json, kind: GapKind, rule: str | None) -> None:
    empty: Json = {"options": [], "later": [], "needs_info": [], "excluded": []}
    assert what_is_missing({**empty, **lists}) == (kind, rule)


def test_what_only_other_people_stand_in_the_way_of_reads_as_no_bed(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    resident: Json = {"minor": None, "bed": "bed_a2", "trafficking": "none", "age": 15, "from": None, "until": None}
    stage = Scene(client, database, clock, house("fac_a", residents=[resident]))
    path = stage.refer()
    _, decision = stage.rank(path)
    assert [entry["code"] for entry in decision["later"]] == ["not_available"]
    assert [(gap["kind"], gap["rule"]) for gap in gaps(stage)] == [("no_bed", None)]


def test_each_night_that_somebody_waited_is_written_once(two: Scene) -> None:
    offline(two)
    path = two.refer()
    two.rank(path)
    asleep = two.refer(needed_from="2026-11-23")
    assert due.run(two.database) == 0
    two.clock.move(timedelta(days=3))
    # Both were looked at after three nights in which nothing ran.
    assert due.run(two.database) == 2
    assert due.run(two.database) == 0
    waited = [(gap["referral_id"], gap["night"], gap["kind"]) for gap in gaps(two) if gap["source"] == "night"]
    one, two_ = path.rsplit("/", 1)[1], asleep.rsplit("/", 1)[1]
    nights = ("2026-11-21", "2026-11-22", "2026-11-23")
    assert sorted(waited) == sorted([(one, night, "no_bed") for night in nights] + [(two_, "2026-11-23", "needs_info")])


def test_a_no_on_the_phone_asks_for_a_call_until_the_house_confirms_and_bars_nobody(scene: Scene) -> None:
    path = scene.refer()
    run, decision = scene.rank(path)
    assert {entry["call_first"] for entry in decision["options"]} == {False}
    body = {"referral": path.rsplit("/", 1)[1], "reason": "no_staffed_bed"}
    sent = [scene.coordinator.post("/v1/facilities/fac_a/calls", body, Idempotency_Key="k") for _ in range(2)]
    assert made(sent[0]) == made(sent[1])
    assert [(gap["kind"], gap["reason"]) for gap in gaps(scene)] == [("no_bed", "no_staffed_bed")]
    # The decision that was read looked at something else by now.
    refused(scene.ask(path, run, "fac_a"), 409, "call_first")
    run, decision = scene.rank(path)
    call = {entry["facility"]: entry["call_first"] for entry in decision["options"]}
    assert call == {"fac_a": True, "fac_b": False, "fac_c": False}
    scene.clock.move(timedelta(minutes=1))
    made(scene.staff["fac_a"].post("/v1/facilities/fac_a/confirmations", {}))
    _, decision = scene.rank(path)
    assert {entry["call_first"] for entry in decision["options"]} == {False}


def test_whose_no_it_is_and_whose_referral(scene: Scene) -> None:
    path = scene.refer()
    body = {"referral": path.rsplit("/", 1)[1], "reason": "minor_declined"}
    refused(scene.coordinator.post("/v1/facilities/fac_a/calls", body), 422, "invalid")
    stranger = Caller(scene.client, scene.database, Role.INTAKE_COORDINATOR)
    body["reason"] = "no_response"
    refused(stranger.post("/v1/facilities/fac_a/calls", body), 404, "not_found")
    refused(scene.coordinator.post("/v1/facilities/fac_none/calls", body), 404, "not_found")
    made(scene.coordinator.post("/v1/facilities/fac_a/calls", body))
    assert gaps(scene) == []


@pytest.mark.parametrize(
    ("whose", "reason", "kind"),
    [
        ("facility", "no_staffed_bed", "no_bed"),
        ("facility", "payer", "ineligible"),
        ("facility", "run_risk", None),
        ("young_person", "minor_declined", None),
    ],
)
@pytest.mark.parametrize("how", ["holds", "offers"])
def test_a_no_to_an_offer_is_a_gap_as_it_is_on_the_phone(
    scene: Scene, how: str, whose: str, reason: str, kind: str | None
) -> None:
    path = scene.refer(needed_from="2026-11-24")
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a", how))
    for _ in range(2):
        said: Json = {"accept": False, "decided_by": whose, "reason": reason}
        body = (f"/v1/facilities/fac_a/offers/{offer['id']}/answer", said)
        made(scene.staff["fac_a"].post(*body, Idempotency_Key="k"))
    found = [(gap["night"], gap["kind"], gap["source"], gap["reason"]) for gap in gaps(scene)]
    assert found == ([] if kind is None else [("2026-11-24", kind, "offer", reason)])
