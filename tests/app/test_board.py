"""The board of a house: three numbers and every bed; and a house's own system that says all of it in one call."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.beds.models import BedChange, Confirmation
from app.clock import MovableClock
from app.db import Database
from tests.app.test_workflow import held
from tests.factories import Caller, fund, house, load, made, network, new_agency, refused
from tests.scenes import Scene

Json = dict[str, Any]
BOARD = "/v1/facilities/fac_a/board"


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def board(scene: Scene) -> Json:
    return dict(made(scene.staff["fac_a"].get(BOARD)))


def put(scene: Scene, *beds: Json, **more: Any) -> Any:
    """Say the whole house, having just read it."""
    return scene.staff["fac_a"].put(BOARD, {"version": board(scene)["version"], "beds": list(beds), **more})


def test_the_board_says_who_has_a_bed_and_who_pays(scene: Scene) -> None:
    _, offer = held(scene)
    before = board(scene)
    assert (before["occupied"], before["held"]) == (0, 1)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    found = board(scene)
    assert (found["licensed"], found["staffed"], found["occupied"], found["held"]) == (6, 8, 1, 0)
    assert found["version"] > before["version"]
    bed = next(bed for bed in found["beds"] if bed["id"] == offer["hold"]["bed_id"])
    assert bed["tonight"] == {
        "by": "stay", "stay_id": stay, "until": "2026-12-01", "fund": "fund_a", "paid_until": "2026-12-01",
    }  # fmt: skip
    assert (bed["status"], bed["since"], bed["undo_until"]) == ("occupied", "2026-11-22T03:14:00Z", None)
    scene.clock.move(timedelta(days=1))
    assert (board(scene)["staffed"], board(scene)["awake_staff_tonight"]) == (None, None)


@pytest.mark.parametrize(
    ("limit", "funds", "funded"),
    [
        ({}, ["fund_a"], 3),
        ({"beds_per_night": 1}, ["fund_a"], 1),
        ({"nights_left": 2}, ["fund_a"], 2),
        ({"beds_per_night": 0}, ["fund_a"], 0),
        ({"valid_until": "2026-11-21"}, ["fund_a"], 0),
        ({}, [], 0),
        ({}, None, None),
    ],
)
def test_funded_beds_are_those_that_somebody_could_pay(
    client: TestClient, database: Database, limit: Json, funds: Any, funded: int | None
) -> None:
    beds = [{"id": f"bed_a{n}", "status": "open"} for n in (1, 2, 3)]
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    place = house(funds=funds, units=[{"id": "unit_a", "beds": beds}])
    load(database, network(place, funds=[fund(**limit)]), operators={"fac_a": agency})
    staff = Caller(client, database, Role.FACILITY_STAFF, agency)
    assert made(staff.get(BOARD))["funded"] == funded


@pytest.mark.parametrize(
    ("licence", "licensed"),
    [
        ({"expires_on": "2026-11-22"}, 6),
        ({"expires_on": "2026-11-21"}, 0),
        ({"valid_from": "2026-11-22"}, 0),
        ({"status": "suspended"}, 0),
        ({"capacity": None}, None),
    ],
)
def test_licensed_is_what_the_licence_in_force_allows(
    client: TestClient, database: Database, licence: Json, licensed: int | None
) -> None:
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    place = house()
    place["licence"] |= licence
    load(database, network(place), operators={"fac_a": agency})
    assert made(Caller(client, database, Role.FACILITY_STAFF, agency).get(BOARD))["licensed"] == licensed


def test_a_house_s_own_system_says_everything_at_once(scene: Scene) -> None:
    scene.clock.move(timedelta(hours=3))
    occupied = {"id": "bed_a2", "status": "occupied", "occupant": {"trafficking": "verified", "age": 15}}
    said = made(put(scene, {"id": "bed_a1", "status": "open"}, occupied, awake_staff_tonight=1))
    assert (said["occupied"], said["awake_staff_tonight"], said["staffed"]) == (1, 1, 4)
    assert {bed["confirmed_at"] for bed in said["beds"]} == {"2026-11-22T06:14:00Z"}
    assert [bed["status"] for bed in said["beds"]] == ["open", "occupied"]
    again = {"id": "bed_a2", "status": "occupied"}
    made(put(scene, {"id": "bed_a1", "status": "open"}, again))
    with scene.database.reading() as session:
        assert len(session.scalars(select(BedChange)).all()) == 1
        assert len(session.scalars(select(Confirmation)).all()) == 2


def test_a_push_need_not_know_of_our_holds_but_cannot_give_them_away(scene: Scene) -> None:
    _, offer = held(scene)
    mine = offer["hold"]["bed_id"]
    other = "bed_a2" if mine == "bed_a1" else "bed_a1"
    for status in ("open", "held"):
        said = made(put(scene, {"id": mine, "status": status}, {"id": other, "status": "cleaning"}))
        assert {bed["id"]: bed["status"] for bed in said["beds"]} == {mine: "held", other: "cleaning"}
    problem = refused(put(scene, {"id": other, "status": "open"}, {"id": mine, "status": "occupied"}), 409, "not_now")
    assert [error["pointer"] for error in problem["errors"]] == ["/beds/1"]
    assert {bed["id"]: bed["status"] for bed in board(scene)["beds"]} == {mine: "held", other: "cleaning"}


def test_a_push_names_every_bed_once_and_what_was_read(scene: Scene) -> None:
    one, two = {"id": "bed_a1", "status": "open"}, {"id": "bed_a2", "status": "open"}
    for beds, pointers in (
        ([one], ["/beds"]),
        ([one, one, two], ["/beds/1/id"]),
        ([one, two, {"id": "bed_b1", "status": "open"}], ["/beds/2/id"]),
        ([one, {"id": "bed_a2", "status": "held"}], ["/beds/1"]),
        ([one, {"id": "bed_a2", "status": "offline"}], ["/beds/1"]),
    ):
        problem = refused(put(scene, *beds), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == pointers
    staff = scene.staff["fac_a"]
    tag = staff.get(BOARD).headers["ETag"]
    refused(staff.put(BOARD, {"beds": [one, two]}), 428, "version_required")
    made(staff.put(BOARD, {"beds": [one, two]}, If_Match=tag))
    refused(staff.put(BOARD, {"beds": [one, two]}, If_Match=tag), 412, "precondition_failed")
    refused(staff.put(BOARD, {"beds": [one, two], "version": 1}), 409, "stale_update")


def test_a_board_is_its_own_house_s(scene: Scene) -> None:
    refused(scene.staff["fac_b"].get(BOARD), 404, "not_found")
    refused(scene.coordinator.get(BOARD), 404, "not_found")
    refused(scene.staff["fac_b"].put(BOARD, {"beds": [], "version": 1}), 404, "not_found")
    assert date.fromisoformat(board(scene)["tonight"]) == date(2026, 11, 21)
