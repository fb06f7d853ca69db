"""What a bed is, over the ledger: who has it outweighs a hand, every change is kept, and ten minutes undo it."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.beds.models import BedChange, BedNight, FormerBedNight, Movement, Resident
from app.clock import MovableClock
from app.db import Database
from app.facilities.models import BedUnavailable
from app.facilities.stamps import stamps
from tests.app.test_stays import arrived
from tests.app.test_workflow import held
from tests.factories import lead, made, refused
from tests.scenes import Scene

Json = dict[str, Any]
TONIGHT = date(2026, 11, 21)
BED = "/v1/facilities/fac_a/beds/bed_a1"
WEEK = {"trafficking": "verified", "age": 15, "until": "2026-11-28"}


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def put(scene: Scene, **change: Any) -> Any:
    """Say what the bed is, having just read it."""
    staff = scene.staff["fac_a"]
    return staff.put(f"{BED}/status", {"version": made(staff.get(BED))["version"], **change})


def undo(scene: Scene) -> Any:
    """Take the last change back, having just read the bed."""
    staff = scene.staff["fac_a"]
    return staff.post(f"{BED}/status/undo", {"version": made(staff.get(BED))["version"]})


def nights(scene: Scene) -> list[date]:
    """The nights of the bed that somebody listed has."""
    return [row.night for row in scene.nights() if row.bed_id == "bed_a1" and row.resident_id is not None]


def resident(scene: Scene) -> list[Json]:
    return [dict(row) for row in next(h for h in scene.snapshot()["facilities"] if h["id"] == "fac_a")["residents"]]


def card(scene: Scene) -> Json:
    """The bed as its house reads it, without the count of its changes."""
    return {name: value for name, value in made(scene.staff["fac_a"].get(BED)).items() if name != "version"}


def test_whoever_lives_in_a_bed_has_its_nights_in_the_ledger(scene: Scene) -> None:
    made(put(scene, status="occupied", occupant=WEEK))
    assert nights(scene) == [TONIGHT + timedelta(days=n) for n in range(7)]
    made(put(scene, status="open"))
    assert nights(scene) == []
    with scene.database.reading() as session:
        former = session.scalars(select(FormerBedNight)).all()
    assert [(row.movement, row.resident_id is not None) for row in former] == [(Movement.CLOSED, True)] * 7


def test_without_a_date_there_are_thirty_nights(scene: Scene) -> None:
    made(put(scene, status="occupied", occupant={"trafficking": "verified", "age": 15, "gender": "male"}))
    assert len(nights(scene)) == 30
    with scene.database.reading() as session:
        assert [row.gender for row in session.scalars(select(Resident))] == ["male"]
    path = scene.refer()
    run, decision = scene.rank(path)
    assert "bed_a1" not in [option["bed"] for option in decision["options"]]
    assert made(scene.ask(path, run, "fac_a"))["hold"]["bed_id"] == "bed_a2"


def test_a_bed_held_or_slept_in_is_not_written_over(scene: Scene) -> None:
    _, offer = held(scene)
    other = {"bed_a1": "bed_a2", "bed_a2": "bed_a1"}[offer["hold"]["bed_id"]]
    staff, path = scene.staff["fac_a"], f"/v1/facilities/fac_a/beds/{offer['hold']['bed_id']}"
    for status in ("open", "cleaning", "occupied"):
        version = made(staff.get(path))["version"]
        problem = refused(staff.put(f"{path}/status", {"status": status, "version": version}), 409, "not_now")
        assert "Decline the question first" in problem["detail"]
    made(scene.answer("fac_a", offer["id"]))
    version = made(staff.get(path))["version"]
    offline = {"status": "offline", "reason": "Repair", "version": version}
    problem = refused(staff.put(f"{path}/status", offline), 409, "not_now")
    assert "Discharge" in problem["detail"]
    made(staff.put(f"/v1/facilities/fac_a/beds/{other}/status", {"status": "cleaning", "version": 1}))


def test_who_is_to_come_later_is_not_written_over_either(scene: Scene) -> None:
    path = scene.refer(needed_from="2026-11-25", urgency=4)
    run, decision = scene.rank(path)
    assert {option["admit_on"] for option in decision["options"]} == {"2026-11-25"}
    bed = made(scene.ask(path, run, "fac_a"))["hold"]["bed_id"]
    staff, status = scene.staff["fac_a"], f"/v1/facilities/fac_a/beds/{bed}/status"
    refused(staff.put(status, {"status": "offline", "reason": "Repair", "version": 1}), 409, "not_now")
    refused(staff.put(status, {"status": "occupied", "occupant": WEEK, "version": 1}), 409, "not_now")
    made(staff.put(status, {"status": "occupied", "version": 1}))
    mine = [row.night.isoformat() for row in scene.nights() if row.resident_id is not None]
    assert mine == ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"]
    made(staff.put(status, {"status": "open", "version": 2}))
    back = {"status": "offline", "reason": "Repair", "offline_until": "2026-11-25", "version": 3}
    made(staff.put(status, back))


def test_a_hold_that_ran_out_is_in_nobody_s_way(scene: Scene) -> None:
    _, offer = held(scene)
    scene.clock.move(timedelta(hours=2))
    staff, path = scene.staff["fac_a"], f"/v1/facilities/fac_a/beds/{offer['hold']['bed_id']}"
    version = made(staff.get(path))["version"]
    bed = made(staff.put(f"{path}/status", {"status": "occupied", "occupant": WEEK, "version": version}))
    assert (bed["status"], bed["held_for"]) == ("occupied", None)
    assert {row.hold_id for row in scene.nights() if row.night < TONIGHT + timedelta(days=7)} == {None}


def test_offline_with_a_day_is_a_bed_from_that_day_on(scene: Scene) -> None:
    made(put(scene, status="offline", reason="Repair"))
    bed = next(b for b in beds(scene) if b["id"] == "bed_a1")
    assert (bed["status"], bed["unavailable"]) == ("offline", [])
    made(put(scene, status="offline", reason="Repair", offline_until="2026-11-23"))
    bed = next(b for b in beds(scene) if b["id"] == "bed_a1")
    assert (bed["status"], bed["unavailable"]) == ("open", [["2026-11-21", "2026-11-23"]])
    scene.clock.move(timedelta(days=2))
    bed = next(b for b in beds(scene) if b["id"] == "bed_a1")
    assert (bed["status"], bed["unavailable"]) == ("offline", [])


def beds(scene: Scene) -> list[Json]:
    found = next(h for h in scene.snapshot()["facilities"] if h["id"] == "fac_a")
    return list(found["units"][0]["beds"])


@pytest.mark.parametrize("status", ["open", "cleaning", "offline", "occupied"])
def test_undo_restores_exactly_what_was_there(scene: Scene, status: str) -> None:
    made(put(scene, status="occupied", occupant=WEEK))
    scene.clock.move(timedelta(hours=1))
    before = card(scene), resident(scene), nights(scene)
    more = {"reason": "Repair", "offline_until": "2026-12-01"} if status == "offline" else {}
    made(put(scene, status=status, **more))
    assert (card(scene), resident(scene), nights(scene)) != before
    scene.clock.move(timedelta(minutes=10))
    made(undo(scene))
    assert (card(scene), resident(scene), nights(scene)) == before
    with scene.database.reading() as session:
        kept = session.scalars(select(BedChange).order_by(BedChange.version)).all()
    assert [(row.status, row.was_status) for row in kept] == [
        ("occupied", "open"),
        (status, "occupied"),
        ("occupied", status),
    ]
    refused(undo(scene), 409, "not_now")


def test_undo_of_an_entry_leaves_nobody(scene: Scene) -> None:
    before = card(scene)
    made(put(scene, status="occupied", occupant=WEEK))
    made(undo(scene))
    assert (card(scene), resident(scene), nights(scene)) == (before, [], [])


def test_undo_ends_after_ten_minutes(scene: Scene) -> None:
    made(put(scene, status="cleaning"))
    scene.clock.move(timedelta(minutes=10, seconds=1))
    refused(undo(scene), 409, "too_late")
    staff = scene.staff["fac_a"]
    refused(staff.post(f"{BED}/status/undo", {"version": 1}), 409, "stale_update")
    refused(staff.post(f"{BED}/status/undo", {}), 428, "version_required")
    refused(scene.staff["fac_b"].post(f"{BED}/status/undo", {"version": 2}), 404, "not_found")


def test_a_stay_is_not_undone_on_the_board(scene: Scene) -> None:
    _, offer = held(scene)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", {"reason": "completed", "destination": "family"}))
    path = f"/v1/facilities/fac_a/beds/{offer['hold']['bed_id']}"
    bed = made(scene.staff["fac_a"].get(path))
    assert bed["status"] == "cleaning"
    refused(scene.staff["fac_a"].post(f"{path}/status/undo", {"version": bed["version"]}), 409, "not_now")


def test_whose_night_was_taken_meanwhile_does_not_come_back(scene: Scene) -> None:
    made(put(scene, status="occupied", occupant=WEEK))
    made(put(scene, status="open"))
    with scene.database.writing() as session:
        session.add(
            BedNight(bed_id="bed_a1", night=date(2026, 11, 25), facility_id="fac_a", resident_id=_other(session))
        )
    refused(undo(scene), 409, "not_now")
    assert nights(scene) == [date(2026, 11, 25)]


def _other(session: Any) -> str:
    session.add(Resident(id="res_other", facility_id="fac_a", present_from=date(2026, 11, 25)))
    session.flush()
    return "res_other"


CHANGES: list[tuple[str, str, Json]] = [
    ("PUT", "/beds/bed_a1/status", {"status": "cleaning", "version": 1}),
    ("POST", "/confirmations", {"awake_staff_tonight": 3}),
    ("POST", "/confirmations", {}),
]
BY_ADMINISTRATOR: list[tuple[str, str, Json]] = [
    ("PATCH", "", {"night_ratio": 5, "version": 1}),
    ("POST", "/licences", {"status": "active", "evidence": "letter"}),
    ("PUT", "/safeguards/egress", {"value": "unlocked", "version": 1}),
    ("POST", "/units", {"name": "Unit B"}),
    ("PUT", "/units/unit_a", {"name": "Unit A", "version": 1}),
    ("POST", "/beds", {"name": "Bed 9", "unit_id": "unit_a"}),
    ("PUT", "/beds/bed_a1", {"name": "Bed 1", "version": 1}),
]


@pytest.mark.one_kind
@pytest.mark.parametrize(("method", "path", "body"), CHANGES + BY_ADMINISTRATOR)
def test_every_change_of_a_house_is_counted(
    scene: Scene, client: TestClient, method: str, path: str, body: Json
) -> None:
    caller = lead(client, scene.database) if (method, path, body) in BY_ADMINISTRATOR else scene.staff["fac_a"]
    made(caller.send(method, f"/v1/facilities/fac_a{path}", body))
    with scene.database.reading() as session:
        assert stamps(session) == {"fac_a": 1}


@pytest.mark.parametrize(
    ("out", "why"),
    [
        (("2026-11-21", "2026-11-22"), "Discharge, or record that nobody came"),
        (("2026-11-30", "2026-12-02"), "Move the stay to another bed first"),
        (("2026-12-01", "2026-12-09"), None),
    ],
)
def test_nights_that_somebody_has_are_not_put_out_of_use(scene: Scene, out: tuple[str, str], why: str | None) -> None:
    _, bed = arrived(scene)
    keeper, where = lead(scene.client, scene.database), f"/v1/facilities/fac_a/beds/{bed}"
    now = made(keeper.get(where))
    form = {"name": now["name"], "version": now["version"], "unavailable": [{"from": out[0], "until": out[1]}]}
    if why is None:
        made(keeper.put(where, form))
    else:
        assert why in refused(keeper.put(where, form), 409, "not_now")["detail"]
        assert made(keeper.get(where)) == now


def test_a_bed_that_is_held_is_not_put_out_of_use_and_keeps_the_nights_that_it_was(scene: Scene) -> None:
    keeper = lead(scene.client, scene.database)
    out = [{"from": "2026-12-24", "until": "2026-12-27"}]
    bed = held(scene)[1]["hold"]["bed_id"]
    where = f"/v1/facilities/fac_a/beds/{bed}"
    with scene.database.writing() as session:
        session.add(BedUnavailable(id="away_1", bed_id=bed, from_night=TONIGHT, until_night=date(2026, 11, 23)))
    now = made(keeper.get(where))
    was = {"from": "2026-11-21", "until": "2026-11-23"}
    form = {"name": "By the window", "version": now["version"], "unavailable": [was, *out]}
    named = made(keeper.put(where, form))
    assert named["name"] == "By the window"
    longer = {**form, "version": named["version"], "unavailable": [{**was, "until": "2026-11-24"}]}
    assert "held for a referral" in refused(keeper.put(where, longer), 409, "not_now")["detail"]
