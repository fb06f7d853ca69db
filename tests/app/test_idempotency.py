"""Whatever is created by POST is created once for each Idempotency-Key. The routes are taken from the application."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.idempotency import IdempotentRequest, Once
from app.models import Base
from tests.factories import Caller, house, load, made, network, new_agency, refused

Json = dict[str, Any]

FLAG: Json = {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}
FACILITY: Json = {"alias": "Harbor", "kind": "safe_house", "state": "GA"}
# What is made of another row of a test's own, and where the key is tried.
ELSEWHERE = {
    "/v1/referrals/{referral_id}/holds": "test_workflow.py",
    "/v1/referrals/{referral_id}/offers": "the same code as holds",
    "/v1/plans": "test_plans.py",
    "/v1/referrals/{referral_id}/again": "test_again.py",
    "/v1/agreements": "test_agreements.py",
    "/v1/continuum": "test_continuum.py",
    "/v1/conferences": "test_conferences.py",
    "/v1/conferences/{conference_id}/cases": "test_conferences.py",
    "/v1/conferences/{conference_id}/cases/{case_id}/decisions": "test_conferences.py",
    "/v1/conferences/{conference_id}/cases/{case_id}/tasks": "test_conferences.py",
    "/v1/webhooks": "test_webhooks.py",
    "/v1/stays/{stay_id}/next": "test_moves.py",
    "/v1/referrals/{referral_id}/exceptions": "test_exceptions.py",
    "/v1/facilities/{facility_id}/calls": "test_gaps.py",
    "/v1/referrals/{referral_id}/releases": "test_releases.py",
    "/v1/referrals/{referral_id}/legal-bases": "test_laws.py",
    "/v1/minors/{minor_id}/referrals": "test_record_alone.py",
    "/v1/minors/{minor_id}/releases": "test_record_alone.py",
    "/v1/minors/{minor_id}/legal-bases": "test_record_alone.py",
    "/v1/emergency-accesses": "test_emergency.py",
    "/v1/facilities/{facility_id}/walk-ins": "test_walk_in.py",
    "/v1/minors/{minor_id}/contact-asks": "test_linking.py: asked again it is the same ask",
}
# What moves a row on: sent twice in test_acts_once.py.
ACTS = {
    "/v1/facilities/{facility_id}/beds/{bed_id}/status/undo",
    "/v1/referrals/{referral_id}/offers/{offer_id}/withdrawal",
    "/v1/facilities/{facility_id}/offers/{offer_id}/answer",
    "/v1/referrals/{referral_id}/end",
    "/v1/referrals/{referral_id}/exceptions/{exception_id}/second",
    "/v1/referrals/{referral_id}/releases/{release_id}/withdrawal",
    "/v1/referrals/{referral_id}/legal-bases/{basis_id}/end",
    "/v1/emergency-accesses/{access_id}/review",
    "/v1/stays/{stay_id}/arrival",
    "/v1/stays/{stay_id}/no-arrival",
    "/v1/stays/{stay_id}/discharge",
    "/v1/stays/{stay_id}/transfer",
    "/v1/stays/{stay_id}/extension",
    "/v1/stays/{stay_id}/absences",
    "/v1/stays/{stay_id}/return",
    "/v1/stays/{stay_id}/corrections",
    "/v1/tasks/{task_id}/done",
    "/v1/minors/{minor_id}/flags/{flag_id}/end",
    "/v1/minors/{minor_id}/flags/{flag_id}/review",
    "/v1/minors/{minor_id}/activities/{activity_id}/withdrawal",
    "/v1/minors/{minor_id}/links/{link_id}/undo",
    "/v1/minors/{minor_id}/releases/{release_id}/withdrawal",
    "/v1/minors/{minor_id}/legal-bases/{basis_id}/end",
    "/v1/webhooks/{webhook_id}/rotation",
    "/v1/webhooks/{webhook_id}/test",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
}
# What needs no key, and why.
KEYLESS = {
    "/v1/person-searches": "finds somebody or nobody: each is on record, and counts",
    "/v1/referrals/{referral_id}/rankings/{run_id}/whole-views": "shows something: each look is on record",
    "/v1/test-clock/advance": "the clock of a demo",
}
# Every POST that creates: two addresses to send it to, a body and another; a route that is missing here fails.
POSTS: dict[str, tuple[tuple[str, str], Json | None, Json | None]] = {
    "/v1/facilities": (("/v1/facilities",) * 2, FACILITY, {**FACILITY, "alias": "Haven"}),
    "/v1/facilities/{facility_id}/licences": (
        ("/v1/facilities/fac_a/licences", "/v1/facilities/fac_b/licences"), {"evidence": "a"}, {"evidence": "b"},
    ),
    "/v1/facilities/{facility_id}/units": (
        ("/v1/facilities/fac_a/units", "/v1/facilities/fac_b/units"), {"name": "East"}, {"name": "West"},
    ),
    "/v1/facilities/{facility_id}/beds": (
        ("/v1/facilities/fac_a/beds", "/v1/facilities/fac_b/beds"),
        {"unit_id": "unit_a", "name": "a"},
        {"unit_id": "unit_a", "name": "b"},
    ),
    "/v1/facilities/{facility_id}/confirmations": (
        ("/v1/facilities/fac_a/confirmations", "/v1/facilities/fac_b/confirmations"),
        {"awake_staff_tonight": 3},
        {"awake_staff_tonight": 2},
    ),
    "/v1/funds": (("/v1/funds",) * 2, {"funder": "a", "program": "a"}, {"funder": "a", "program": "b"}),
    "/v1/funds/{fund_id}/limits": (
        ("/v1/funds/fund_a/limits", "/v1/funds/fund_none/limits"),
        {"valid_from": "2027-01-01"},
        {"valid_from": "2028-01-01"},
    ),
    "/v1/referrals": (
        ("/v1/referrals",) * 2,
        {"minor": {}, "needed_from": None},
        {"minor": {}, "needed_from": None, "urgency": 2},
    ),
    "/v1/referrals/{referral_id}/past-stays": (
        ("/v1/referrals/ref_1/past-stays", "/v1/referrals/ref_2/past-stays"),
        {"outside_facility": "elsewhere", "admitted_on": "2026-01-01", "left_on": "2026-01-05"},
        {"outside_facility": "elsewhere", "admitted_on": "2026-02-01", "left_on": "2026-02-05"},
    ),
    "/v1/referrals/{referral_id}/rankings": (
        ("/v1/referrals/ref_1/rankings", "/v1/referrals/ref_2/rankings"), None, None,
    ),
    "/v1/minors": (("/v1/minors",) * 2, {"flag": FLAG}, {"flag": {**FLAG, "basis": "disclosure"}}),
    "/v1/minors/{minor_id}/flags": (
        ("/v1/minors/min_1/flags", "/v1/minors/min_2/flags"), FLAG, {**FLAG, "basis": "disclosure"},
    ),
    "/v1/minors/{minor_id}/activities": (
        ("/v1/minors/min_1/activities", "/v1/minors/min_2/activities"), {"kind": "school"}, {"kind": "medical"},
    ),
    "/v1/minors/{minor_id}/links": (
        ("/v1/minors/min_1/links", "/v1/minors/min_2/links"),
        {"other": "min_3", "verdict": "same"},
        {"other": "min_3", "verdict": "different"},
    ),
}  # fmt: skip


@pytest.fixture
def callers(client: TestClient, database: Database) -> dict[bool, Caller]:
    """Who writes the directory, and who (True) refers young people."""
    agency = new_agency(database, AgencyKind.COALITION_LEAD)
    waiting: Json = {
        "minors": [{"id": "min_1"}, {"id": "min_2"}, {"id": "min_3"}],
        "referrals": [{"id": f"ref_{n}", "minor": f"min_{n}", "urgency": 1, "needed_from": None} for n in (1, 2)],
    }
    load(database, network(house("fac_a"), house("fac_b"), **waiting), agency_id=agency)
    roles = {False: Role.ADMINISTRATOR, True: Role.INTAKE_COORDINATOR}
    return {cases: Caller(client, database, role, agency) for cases, role in roles.items()}


def counts(database: Database) -> dict[str, int]:
    """How many rows every table has, but for who looked at what."""
    looked = {AuditEvent.__tablename__, "audit_head"}
    with database.reading() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
            if table.name not in looked
        }


def posts(app: FastAPI) -> dict[str, Json]:
    """Every POST that creates something or moves it on."""
    found = {path: operations["post"] for path, operations in app.openapi()["paths"].items() if "post" in operations}
    return {path: operation for path, operation in found.items() if path not in KEYLESS}


def test_every_post_takes_a_key_and_is_tried_here(app: FastAPI) -> None:
    found = posts(app)
    assert set(found) == {*POSTS, *ELSEWHERE, *ACTS}
    for path, operation in found.items():
        assert "idempotency-key" in {parameter["name"] for parameter in operation["parameters"]}, path
        done = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        assert "Idempotent-Replayed" in done["headers"], path


@pytest.mark.parametrize("path", POSTS)
def test_a_post_sent_twice_acts_once(path: str, callers: dict[bool, Caller], database: Database) -> None:
    (here, elsewhere), body, other = POSTS[path]
    caller = callers["referrals" in path or "minors" in path]
    before = counts(database)
    first = caller.post(here, body, Idempotency_Key="k")
    assert "Idempotent-Replayed" not in first.headers
    after = counts(database)
    assert sum(after.values()) > sum(before.values())
    second = caller.post(here, body, Idempotency_Key="k")
    assert made(second) == made(first)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert [second.headers.get(name) for name in ("Location", "ETag")] == [
        first.headers.get(name) for name in ("Location", "ETag")
    ]
    if elsewhere != here:
        refused(caller.post(elsewhere, body, Idempotency_Key="k"), 422, "idempotency_mismatch")
    if other is not None:
        refused(caller.post(here, other, Idempotency_Key="k"), 422, "idempotency_mismatch")
    assert counts(database) == after
    if not path.endswith(
        ("limits", "past-stays", "units", "beds")
    ):  # of which one more of the same date or name is refused
        made(caller.post(here, body, Idempotency_Key="k2"))


@pytest.mark.parametrize("path", POSTS)
def test_while_the_same_key_is_at_work_nothing_else_is_made(
    path: str, callers: dict[bool, Caller], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here, _), body, _ = POSTS[path]
    caller = callers["referrals" in path or "minors" in path]
    with database.writing() as session:
        Once("k", "").remember(session, _key_id(caller, database), "row_1")
    before = counts(database)
    # What the other transaction writes is not to be seen before it ends.
    monkeypatch.setattr(Once, "earlier", lambda *_: None)
    refused(caller.post(here, body, Idempotency_Key="k"), 409, "conflict")
    assert counts(database) == before


def _key_id(caller: Caller, database: Database) -> str:
    """Whose keys they are: the API key of the caller."""
    path = "/v1/facilities" if caller.get("/v1/referrals").status_code == 403 else "/v1/referrals"
    made(caller.post(path, POSTS[path][1], Idempotency_Key="who"))
    with database.reading() as session:
        return session.scalars(select(IdempotentRequest.actor_id)).one()


def test_the_order_of_members_makes_no_other_request(callers: dict[bool, Caller]) -> None:
    body = dict(reversed(FACILITY.items()))
    assert list(body) != list(FACILITY)
    first = made(callers[False].post("/v1/facilities", FACILITY, Idempotency_Key="k"))
    assert made(callers[False].post("/v1/facilities", body, Idempotency_Key="k")) == first


def test_a_replayed_confirmation_says_the_staff_of_its_own_night(
    callers: dict[bool, Caller], database: Database
) -> None:
    where, body = "/v1/facilities/fac_a/confirmations", {"awake_staff_tonight": 3}
    first = made(callers[False].post(where, body, Idempotency_Key="k"))
    assert isinstance(database.clock, MovableClock)
    database.clock.move(timedelta(hours=24))
    made(callers[False].post(where, {"awake_staff_tonight": 1}))
    assert made(callers[False].post(where, body, Idempotency_Key="k")) == first
