"""What a bed is tonight: who may say so, what follows, and one call that confirms a house."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.beds.models import Confirmation, Resident
from app.clock import MovableClock
from app.db import Database
from app.placements.snapshot import build
from tests.factories import Caller, house, lead, load, made, network, new_agency, refused, rows

Json = dict[str, Any]

STATUS = "/v1/facilities/fac_a/beds/bed_a1/status"


@pytest.fixture
def staff(client: TestClient, database: Database) -> Caller:
    """Staff of the first of two houses."""
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    load(database, network(house("fac_a"), house("fac_b")), operators={"fac_a": agency})
    return Caller(client, database, Role.FACILITY_STAFF, agency)


def in_snapshot(database: Database) -> Json:
    with database.reading() as session:
        houses = build(session, database.clock.now(), database.clock.tonight())["facilities"]
    return dict(next(found for found in houses if found["id"] == "fac_a"))


def test_a_status_is_set_and_confirmed(staff: Caller, clock: MovableClock, database: Database) -> None:
    clock.move(timedelta(minutes=5))
    bed = made(staff.put(STATUS, {"status": "cleaning", "version": 1}))
    assert (bed["status"], bed["version"], bed["reason"]) == ("cleaning", 2, None)
    assert bed["confirmed_at"] == "2026-11-22T03:19:00Z"
    assert made(staff.get("/v1/facilities/fac_a/beds/bed_a1")) == bed
    (first,) = [bed for bed in in_snapshot(database)["units"][0]["beds"] if bed["id"] == "bed_a1"]
    assert (first["status"], first["confirmed_at"]) == ("cleaning", "2026-11-22T03:19:00Z")


def test_two_people_do_not_overwrite_each_other(staff: Caller) -> None:
    tag = staff.get("/v1/facilities/fac_a/beds/bed_a1").headers["ETag"]
    made(staff.put(STATUS, {"status": "cleaning", "version": 1}))
    problem = refused(staff.put(STATUS, {"status": "occupied", "version": 1}), 409, "stale_update")
    assert problem["current"]["status"] == "cleaning"
    refused(staff.put(STATUS, {"status": "occupied"}, If_Match=tag), 412, "precondition_failed")
    refused(staff.put(STATUS, {"status": "occupied"}), 428, "version_required")


MALFORMED_STATUSES: list[tuple[Any, ...]] = [
    ({"status": "held"}, "/status"),
    ({"status": "free"}, "/status"),
    ({"status": "offline"}, "/reason"),
    ({"status": "open", "occupant": {}}, "/occupant"),
    ({"status": "open", "offline_until": "2026-12-01"}, "/offline_until"),
    ({"status": "offline", "reason": "Repair", "offline_until": "2026-11-21"}, "/offline_until"),
    ({"status": "occupied", "occupant": {"until": "2026-11-21"}}, "/occupant/until"),
    ({"status": "occupied", "occupant": {"until": "2027-11-24"}}, "/occupant/until"),
    ({"status": "occupied", "occupant": {"name": "x"}}, "/occupant/*"),
    ({"status": "occupied", "occupant": {"trafficking": "yes"}}, "/occupant/trafficking"),
]


def test_a_malformed_status_is_refused(staff: Caller) -> None:
    for body, pointer in MALFORMED_STATUSES:
        problem = refused(staff.put(STATUS, {**body, "version": 1}), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_offline_has_a_reason(staff: Caller) -> None:
    assert made(staff.put(STATUS, {"status": "offline", "reason": "Repair", "version": 1}))["reason"] == "Repair"
    assert made(staff.put(STATUS, {"status": "open", "version": 2}))["reason"] is None


def test_who_lives_in_a_bed_is_said_without_a_name(staff: Caller, database: Database) -> None:
    occupant = {"trafficking": "verified", "age": 15, "gender": "female", "until": "2026-12-10"}
    made(staff.put(STATUS, {"status": "occupied", "occupant": occupant, "version": 1}))
    assert in_snapshot(database)["residents"] == [
        {
            "minor": None,
            "bed": "bed_a1",
            "trafficking": "verified",
            "age": 15,
            "gender": "female",
            "from": "2026-11-21",
            "until": "2026-12-10",
        }
    ]
    made(staff.put(STATUS, {"status": "open", "version": 2}))
    assert in_snapshot(database)["residents"] == []
    with database.reading() as session:
        gone = session.scalars(select(Resident)).one()
    assert (gone.present_until, gone.closed_at) == (date(2026, 11, 21), database.clock.now())


def test_an_occupant_of_whom_nothing_is_said_is_not_known(staff: Caller, database: Database) -> None:
    made(staff.put(STATUS, {"status": "occupied", "occupant": {}, "version": 1}))
    (resident,) = in_snapshot(database)["residents"]
    assert (resident["trafficking"], resident["age"], resident["until"]) == (None, None, None)
    made(staff.put(STATUS, {"status": "occupied", "version": 2}))
    assert in_snapshot(database)["residents"] == [resident]


def test_a_bed_held_for_a_referral_is_not_given_away(client: TestClient, database: Database) -> None:
    beds = [{"id": "bed_a1", "status": "held", "held_for": "ref_1"}, {"id": "bed_a2", "status": "held"}]
    load(database, network(house(units=[{"id": "unit_a", "beds": beds}])))
    administrator = lead(client, database)
    refused(administrator.put(STATUS, {"status": "open", "version": 1}), 409, "not_now")
    other = "/v1/facilities/fac_a/beds/bed_a2/status"
    assert made(administrator.put(other, {"status": "open", "version": 1}))["status"] == "open"


def test_one_call_confirms_a_house(staff: Caller, clock: MovableClock, database: Database) -> None:
    clock.move(timedelta(hours=2))
    done = made(staff.post("/v1/facilities/fac_a/confirmations", {"awake_staff_tonight": 3}))
    assert (done["beds"], done["awake_staff_tonight"], done["confirmed_at"]) == (2, 3, "2026-11-22T05:14:00Z")
    beds = rows(staff.get("/v1/facilities/fac_a/beds"))
    assert {(bed["confirmed_at"], bed["version"]) for bed in beds} == {("2026-11-22T05:14:00Z", 1)}
    assert in_snapshot(database)["staffing"] == {"night_ratio": 4, "awake_staff_tonight": 3}
    again = made(staff.post("/v1/facilities/fac_a/confirmations", {}))
    assert again["awake_staff_tonight"] == 3
    with database.reading() as session:
        assert len(session.scalars(select(Confirmation)).all()) == 2
        houses = build(session, clock.now(), clock.tonight())["facilities"]
    other = next(found for found in houses if found["id"] == "fac_b")
    assert {bed["confirmed_at"] for bed in other["units"][0]["beds"]} == {"2026-11-22T01:02:00Z"}


def test_the_staff_of_one_night_is_not_that_of_the_next(staff: Caller, clock: MovableClock, database: Database) -> None:
    made(staff.post("/v1/facilities/fac_a/confirmations", {"awake_staff_tonight": 3}))
    clock.move(timedelta(days=1))
    assert in_snapshot(database)["staffing"] == {"night_ratio": 4, "awake_staff_tonight": None}
    assert made(staff.get("/v1/facilities/fac_a"))["house_only"]["awake_staff_tonight"] is None


def test_staff_reach_their_own_house_only(staff: Caller) -> None:
    assert len(rows(staff.get("/v1/facilities/fac_a/beds"))) == 2
    made(staff.get("/v1/facilities/fac_b"))
    refused(staff.get("/v1/facilities/fac_b/beds"), 404, "not_found")
    refused(staff.get("/v1/facilities/fac_b/beds/bed_b1"), 404, "not_found")
    path = "/v1/facilities/fac_b/beds/bed_b1/status"
    refused(staff.put(path, {"status": "cleaning", "version": 1}), 404, "not_found")
    refused(staff.post("/v1/facilities/fac_b/confirmations", {}), 404, "not_found")


def test_the_lead_reaches_every_house_and_a_coordinator_none(client: TestClient, database: Database) -> None:
    load(database, network())
    administrator = lead(client, database)
    made(administrator.put(STATUS, {"status": "cleaning", "version": 1}))
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
    refused(coordinator.get("/v1/facilities/fac_a/beds"), 404, "not_found")
    refused(coordinator.put(STATUS, {"status": "open", "version": 2}), 403, "forbidden")


def test_each_act_is_on_record(staff: Caller, database: Database) -> None:
    made(staff.put(STATUS, {"status": "cleaning", "version": 1}))
    made(staff.post("/v1/facilities/fac_a/confirmations", {}))
    refused(staff.post("/v1/facilities/fac_b/confirmations", {}), 404, "not_found")
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()[-3:]
    assert [(row.action, row.subject, row.reason, row.outcome) for row in rows] == [
        ("bed.status", "bed_a1", "bed.cleaning", "ok"),
        ("facility.confirm", "fac_a", None, "ok"),
        ("facility.confirm", "fac_b", "not_visible", "denied"),
    ]
