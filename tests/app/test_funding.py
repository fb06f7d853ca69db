"""Funds and their limits: who may change which, and what a limit may say."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.db import Database
from app.funding.limits import governing, limits_on
from app.funding.models import FundLimit
from tests.factories import Caller, fund, lead, load, made, network, new_agency, refused, rows

Json = dict[str, Any]

LIMIT: Json = {
    "valid_from": "2026-07-01",
    "valid_until": "2027-07-01",
    "citation": "contract 2026-14, section 3",
    "min_age": 12,
    "max_age": 17,
    "leaves_at_age": 18,
    "residence": {"basis": ["residence", "found"], "counties": ["13121"], "places": ["1304000"], "states": ["GA"]},
    "custody": {"allow": ["none", "parent"], "deny": ["ward_state"]},
    "trafficking": ["verified", "at_risk"],
    "genders": ["female"],
    "facility_kinds": ["safe_house"],
    "excluded_facility_kinds": ["secure_detention"],
    "requires": ["agency_placement"],
    "clocks": [
        {
            "id": "cap14",
            "limit": 14,
            "unit": "night",
            "window": "trailing",
            "window_days": None,
            "window_months": 12,
            "scope": "facility",
            "gap_days": 2,
            "absence": "pauses",
            "fiscal_year_start": "07-01",
            "extension": {"by": 14, "times": 1, "approval": "county_extension"},
        },
        {
            "id": "cap90",
            "limit": 90,
            "unit": "day",
            "window": "chain",
            "window_days": None,
            "window_months": None,
            "scope": "fund",
            "gap_days": 0,
            "absence": "counts",
            "fiscal_year_start": None,
            "extension": None,
        },
    ],
    "beds_per_night": 4,
    "nights_granted": 210,
    "rate_cents": 18500,
}
NOTHING = {name: None for name in LIMIT if name not in ("valid_from", "clocks")}


@pytest.fixture
def administrator(client: TestClient, database: Database) -> Caller:
    return lead(client, database)


@pytest.fixture
def fund_id(administrator: Caller) -> str:
    answer = made(administrator.post("/v1/funds", {"funder": "Fulton County", "program": "county.safe_harbor"}))
    return str(answer["id"])


def test_a_fund_is_entered_read_and_changed(administrator: Caller) -> None:
    answer = administrator.post("/v1/funds", {"funder": "Fulton County", "program": "p", "last_resort": True})
    assert answer.status_code == 201
    fund_id = made(answer)["id"]
    read = administrator.get(answer.headers["Location"])
    assert made(read) == {
        "id": fund_id,
        "version": 1,
        "funder": "Fulton County",
        "program": "p",
        "last_resort": True,
    }
    assert read.headers["ETag"] == answer.headers["ETag"]
    changed = made(administrator.patch(f"/v1/funds/{fund_id}", {"program": "q", "version": 1}))
    assert (changed["program"], changed["last_resort"], changed["version"]) == ("q", True, 2)
    assert made(administrator.get("/v1/funds"))["data"] == [changed]


def test_two_funds_share_a_funder(administrator: Caller) -> None:
    for program in ("a", "b"):
        made(administrator.post("/v1/funds", {"funder": "State", "program": program}))
    assert [row["funder"] for row in made(administrator.get("/v1/funds"))["data"]] == ["State", "State"]


def test_a_funder_of_another_agency_is_not_taken_over(administrator: Caller, database: Database) -> None:
    own = {"funder": "State", "program": "a", "funder_agency_id": administrator.agency_id}
    made(administrator.post("/v1/funds", own))
    other = {"funder": "State", "program": "b", "funder_agency_id": new_agency(database)}
    refused(administrator.post("/v1/funds", other), 409, "already_exists")
    unknown = {"funder": "City", "program": "b", "funder_agency_id": "agency_none"}
    problem = refused(administrator.post("/v1/funds", unknown), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/funder_agency_id"


def test_every_field_of_a_limit_comes_back_as_it_was_sent(administrator: Caller, fund_id: str) -> None:
    answer = administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT)
    limit = made(answer)
    assert {name: limit[name] for name in LIMIT} == LIMIT
    read = made(administrator.get(answer.headers["Location"]))
    assert read == limit
    assert rows(administrator.get(f"/v1/funds/{fund_id}/limits")) == [limit]


def test_what_is_left_out_of_a_limit_is_no_rule(administrator: Caller, fund_id: str) -> None:
    limit = made(administrator.post(f"/v1/funds/{fund_id}/limits", {"valid_from": "2026-07-01"}))
    assert {name: limit[name] for name in NOTHING} == NOTHING
    assert limit["clocks"] == []


def test_a_limit_is_replaced_whole(administrator: Caller, fund_id: str) -> None:
    limit = made(administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT))
    path = f"/v1/funds/{fund_id}/limits/{limit['id']}"
    one_clock = {"valid_from": "2026-08-01", "clocks": LIMIT["clocks"][1:], "version": 1}
    changed = made(administrator.put(path, one_clock))
    assert changed["version"] == 2
    assert changed["clocks"] == LIMIT["clocks"][1:]
    assert {name: changed[name] for name in NOTHING} == NOTHING
    assert made(administrator.get(path)) == changed


def test_a_change_of_clocks_alone_is_a_new_version(administrator: Caller, fund_id: str) -> None:
    limit = made(administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT))
    path = f"/v1/funds/{fund_id}/limits/{limit['id']}"
    made(administrator.put(path, {**LIMIT, "clocks": [], "version": 1}))
    problem = refused(administrator.put(path, {**LIMIT, "version": 1}), 409, "stale_update")
    assert (problem["current"]["version"], problem["current"]["clocks"]) == (2, [])


def test_who_changes_a_limit_says_which_version_was_read(administrator: Caller, fund_id: str) -> None:
    answer = administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT)
    path, tag = answer.headers["Location"], answer.headers["ETag"]
    refused(administrator.put(path, LIMIT), 428, "version_required")
    refused(administrator.put(path, {**LIMIT, "version": 2}), 409, "stale_update")
    made(administrator.put(path, {**LIMIT, "min_age": 13}, If_Match=tag))
    problem = refused(administrator.put(path, LIMIT, If_Match=tag), 412, "precondition_failed")
    assert problem["current"]["min_age"] == 13
    made(administrator.put(path, LIMIT, If_Match='"nothing", ' + administrator.get(path).headers["ETag"]))
    made(administrator.put(path, LIMIT, If_Match="*"))


MALFORMED_LIMITS: list[tuple[Any, ...]] = [
    ({"valid_until": "2026-06-30"}, "/valid_until"),
    ({"min_age": 18}, "/max_age"),
    ({"max_age": -1}, "/max_age"),
    ({"leaves_at_age": 151}, "/leaves_at_age"),
    ({"trafficking": []}, "/trafficking"),
    ({"trafficking": ["none"]}, "/trafficking/0"),
    ({"residence": {"basis": []}}, "/residence/basis"),
    ({"residence": {"counties": ["13121"]}}, "/residence/basis"),
    ({"residence": {"basis": ["residence"], "counties": ["1312"]}}, "/residence/counties/0"),
    ({"residence": {"basis": ["residence"], "places": ["13121"]}}, "/residence/places/0"),
    ({"residence": {"basis": ["residence"], "states": ["ga"]}}, "/residence/states/0"),
    ({"custody": {"allow": []}}, "/custody/allow"),
    ({"nights_granted": -1}, "/nights_granted"),
    ({"valid_from": "20260701"}, "/valid_from"),
    ({"citation": "line\u0000break"}, "/citation"),
    ({"colour": "red"}, "/*"),
]


@pytest.mark.one_kind
def test_a_malformed_limit_is_refused(administrator: Caller, fund_id: str) -> None:
    for change, pointer in MALFORMED_LIMITS:
        problem = refused(administrator.post(f"/v1/funds/{fund_id}/limits", {**LIMIT, **change}), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


MALFORMED_CLOCKS: list[tuple[Any, ...]] = [
    ({"unit": "day", "window": "trailing"}, "/clocks/0/window"),
    ({"unit": "business_day", "window": "lifetime"}, "/clocks/0/window"),
    ({"window_days": 365}, "/clocks/0/window_days"),
    ({"window_months": None}, "/clocks/0/window_days"),
    ({"window": "fiscal_year", "fiscal_year_start": None}, "/clocks/0/fiscal_year_start"),
    ({"fiscal_year_start": "02-29"}, "/clocks/0/fiscal_year_start"),
    ({"fiscal_year_start": "7-1"}, "/clocks/0/fiscal_year_start"),
    ({"window_months": 0}, "/clocks/0/window_months"),
    ({"extension": {"by": 1, "times": 1}}, "/clocks/0/extension/approval"),
]


@pytest.mark.one_kind
def test_a_malformed_clock_is_refused(administrator: Caller, fund_id: str) -> None:
    for change, pointer in MALFORMED_CLOCKS:
        body = {**LIMIT, "clocks": [{**LIMIT["clocks"][0], **change}]}
        problem = refused(administrator.post(f"/v1/funds/{fund_id}/limits", body), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert problem["errors"][0]["message"] != "This value cannot be used here."


def test_one_row_for_each_date(administrator: Caller, fund_id: str) -> None:
    limit = made(administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT))
    refused(administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT), 409, "already_exists")
    later = made(administrator.post(f"/v1/funds/{fund_id}/limits", {"valid_from": "2026-07-02"}))
    path = f"/v1/funds/{fund_id}/limits/{later['id']}"
    refused(administrator.put(path, {"valid_from": "2026-07-01", "version": 1}), 409, "already_exists")
    made(administrator.put(path, {"valid_from": "2026-07-02", "version": 1}))
    assert [row["id"] for row in rows(administrator.get(f"/v1/funds/{fund_id}/limits"))] == [
        later["id"],
        limit["id"],
    ]


def test_a_funder_changes_its_own_limits_and_no_others(client: TestClient, database: Database) -> None:
    own = Caller(client, database, Role.FUNDER_ANALYST, new_agency(database, AgencyKind.FUNDER))
    other = Caller(client, database, Role.FUNDER_ANALYST, new_agency(database, AgencyKind.FUNDER))
    load(database, network(), funder_agencies={"Fulton County": own.agency_id})
    limit = rows(own.get("/v1/funds/fund_a/limits"))[0]
    path = f"/v1/funds/fund_a/limits/{limit['id']}"
    assert made(own.put(path, {"valid_from": "2020-01-01", "min_age": 14, "version": 1}))["min_age"] == 14
    made(own.post("/v1/funds/fund_a/limits", {"valid_from": "2027-01-01"}))
    assert len(rows(other.get("/v1/funds/fund_a/limits"))) == 2
    refused(other.put(path, {"valid_from": "2020-01-01", "version": 2}), 404, "not_found")
    refused(other.post("/v1/funds/fund_a/limits", {"valid_from": "2028-01-01"}), 404, "not_found")
    refused(own.post("/v1/funds", {"funder": "Own", "program": "more"}), 403, "forbidden")
    refused(own.patch("/v1/funds/fund_a", {"last_resort": True, "version": 1}), 403, "forbidden")


@pytest.mark.one_kind
def test_a_coordinator_reads_and_changes_nothing(client: TestClient, database: Database) -> None:
    load(database, network())
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
    assert made(coordinator.get("/v1/funds/fund_a"))["program"] == "county.safe_harbor"
    refused(coordinator.post("/v1/funds/fund_a/limits", {"valid_from": "2027-01-01"}), 403, "forbidden")
    staff = Caller(client, database, Role.FACILITY_STAFF)
    refused(staff.get("/v1/funds"), 403, "forbidden")


def test_a_limit_is_found_through_its_own_fund_only(client: TestClient, database: Database) -> None:
    load(database, network(funds=[fund("fund_a"), fund("fund_b")]))
    administrator = lead(client, database)
    limit = rows(administrator.get("/v1/funds/fund_b/limits"))[0]
    refused(administrator.get(f"/v1/funds/fund_a/limits/{limit['id']}"), 404, "not_found")
    body = {"valid_from": "2020-01-01", "version": 1}
    refused(administrator.put(f"/v1/funds/fund_a/limits/{limit['id']}", body), 404, "not_found")
    for path in ("/v1/funds/fund_none", "/v1/funds/fund_none/limits", "/v1/funds/%00"):
        assert administrator.get(path).status_code in (404, 422)


def test_each_change_is_on_record(administrator: Caller, fund_id: str, database: Database) -> None:
    limit = made(administrator.post(f"/v1/funds/{fund_id}/limits", LIMIT))
    made(administrator.put(f"/v1/funds/{fund_id}/limits/{limit['id']}", {**LIMIT, "version": 1}))
    made(administrator.patch(f"/v1/funds/{fund_id}", {"program": "q", "version": 1}))
    with database.reading() as session:
        rows = session.execute(select(AuditEvent.action, AuditEvent.subject).order_by(AuditEvent.seq))
        acts = [tuple(row) for row in rows if row.action.startswith(("fund.", "limit."))]
    assert acts == [
        ("fund.create", fund_id),
        ("limit.create", limit["id"]),
        ("limit.change", limit["id"]),
        ("fund.change", fund_id),
    ]


@pytest.mark.one_kind
def test_a_fund_cannot_be_left_without_a_name(administrator: Caller, fund_id: str) -> None:
    problem = refused(administrator.patch(f"/v1/funds/{fund_id}", {"program": None, "version": 1}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/program"


@pytest.mark.parametrize(
    ("day", "governs"),
    [
        ("2026-06-30", None),
        ("2026-07-01", "first"),
        ("2026-08-01", "listed before its equal"),
        ("2026-08-31", "listed before its equal"),
        ("2026-09-01", "first"),
        ("2027-06-30", "first"),
        ("2027-07-01", None),
    ],
)
def test_the_latest_limit_in_force_governs_and_of_equal_ones_the_first_listed(
    database: Database, day: str, governs: str | None
) -> None:
    paying = fund()
    paying["limits"] = [
        {"valid_from": "2026-07-01", "valid_until": "2027-07-01", "citation": "first"},
        {"valid_from": "2026-08-01", "valid_until": "2026-09-01", "citation": "listed before its equal"},
        {"valid_from": "2026-08-01", "valid_until": "2026-09-01", "citation": "its equal"},
    ]
    load(database, network(funds=[paying]))
    on = date.fromisoformat(day)
    with database.reading() as session:
        listed = session.scalars(select(FundLimit).order_by(FundLimit.position)).all()
        place = governing(listed, on)
        assert (None if place is None else listed[place].citation) == governs
        by_rows = limits_on(session, ["fund_a"], on).get("fund_a")
        assert by_rows == (None if place is None else listed[place].id)
