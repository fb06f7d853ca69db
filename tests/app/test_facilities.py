"""The directory: what everyone reads of a house, what only the house reads, and who changes it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.db import Database
from app.facilities.models import FacilityAddress, FacilityPoint
from tests.factories import Caller, house, lead, load, made, network, new_agency, refused, rows

Json = dict[str, Any]

LICENCE: Json = {
    "status": "active",
    "valid_from": "2026-01-01",
    "expires_on": "2027-01-01",
    "capacity": 6,
    "min_age": 12,
    "max_age": 17,
    "genders": ["female"],
    "infants": False,
    "evidence": "licence 2026-114",
}
FACTS: Json = {
    "region": "Region 2",
    "duty_phone": "555-0134",
    "population": "trafficking_only",
    "admits": ["verified", "at_risk"],
    "services": ["trauma_therapy"],
    "languages": ["en", "es"],
    "declines": ["arson"],
    "night_ratio": 4,
    "funds": [],
}
HOUSE: Json = {"alias": "Harbor", "kind": "safe_house", "state": "GA"}
EVIDENCE: Json = {
    "value": "unlocked",
    "verified_on": "2026-06-01",
    "verified_by": "State licensing, visit of June 1",
    "expires_on": "2027-06-01",
}


@pytest.fixture
def administrator(client: TestClient, database: Database) -> Caller:
    return lead(client, database)


@pytest.fixture
def path(administrator: Caller) -> str:
    """The address of a house of which nothing is known."""
    return administrator.post("/v1/facilities", HOUSE).headers["Location"]


def test_a_new_house_is_not_known(administrator: Caller, path: str) -> None:
    read = made(administrator.get(path))
    assert {read[name] for name in FACTS} == {None}
    assert (read["alias"], read["kind"], read["state"], read["version"]) == ("Harbor", "safe_house", "GA", 1)
    assert read["open_beds"] is None  # for those alone who place young people
    assert read["house_only"] == {"county": None, "place": None, "awake_staff_tonight": None}
    safeguards = rows(administrator.get(f"{path}/safeguards"))
    assert len(safeguards) == 8
    assert {(row["value"], row["verified_by"], row["version"]) for row in safeguards} == {(None, None, 0)}
    assert rows(administrator.get(f"{path}/licences")) == rows(administrator.get(f"{path}/units")) == []


def test_facts_come_back_as_they_were_sent(administrator: Caller) -> None:
    made_house = made(administrator.post("/v1/facilities", {**HOUSE, **FACTS}))
    assert {name: made_house[name] for name in FACTS} == FACTS
    assert made(administrator.get(f"/v1/facilities/{made_house['id']}")) == made_house


def test_a_change_leaves_what_it_does_not_name(administrator: Caller) -> None:
    path = administrator.post("/v1/facilities", {**HOUSE, **FACTS}).headers["Location"]
    changed = made(administrator.patch(path, {"services": None, "languages": [], "version": 1}))
    assert (changed["services"], changed["languages"], changed["version"]) == (None, [], 2)
    assert {name: changed[name] for name in FACTS} == {**FACTS, "services": None, "languages": []}
    changed = made(administrator.patch(path, {"funds": None, "version": 2}))
    assert changed["funds"] is None


MALFORMED_CHANGES: list[tuple[Any, ...]] = [
    ({"alias": None}, "/alias"),
    ({"funds": ["fund_none"]}, "/funds/0"),
    ({"admits": []}, "/admits"),
    ({"county": "1312"}, "/county"),
    ({"night_ratio": -1}, "/night_ratio"),
    ({"point": [91, 0]}, "/point/0"),
    ({"duty_phone": "call me"}, "/duty_phone"),
    ({"address": "1 Main Street"}, "/*"),
]


@pytest.mark.one_kind
def test_a_malformed_change_is_refused(administrator: Caller, path: str) -> None:
    for change, pointer in MALFORMED_CHANGES:
        problem = refused(administrator.patch(path, {**change, "version": 1}), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert made(administrator.get(path))["version"] == 1


def test_where_a_house_is_stands_in_no_answer(client: TestClient, database: Database, administrator: Caller) -> None:
    body = {**HOUSE, "county": "13121", "place": "1304000", "point": [33.7512, -84.3987]}
    answers = [administrator.post("/v1/facilities", body)]
    path = answers[0].headers["Location"]
    where: Json = {"lines": ["12 Canary Street", "Atlanta"], "shown": "on_screen"}
    answers += [administrator.put(f"{path}/address", where), administrator.put(f"{path}/address", where)]
    with database.reading() as session:
        kept = session.scalars(select(FacilityAddress)).one()
        assert (kept.facility_id, kept.shown, kept.lines) == (path.split("/")[-1], "on_screen", where["lines"])
        assert session.scalars(select(FacilityPoint.latitude)).one() == 33.7512
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
    parts = ("", "/licences", "/safeguards", "/units")
    answers += [who.get(path + part) for who in (administrator, coordinator) for part in parts]
    answers += [who.get("/v1/facilities") for who in (administrator, coordinator)]
    answers += [
        administrator.get(f"{path}/beds"),
        administrator.patch(path, {"point": [33.7512, -84.3987], "version": 1}),
    ]
    text = "".join(answer.text for answer in answers)
    assert "Harbor" in text
    assert not any(secret in text for secret in ("33.75", "84.39", "Canary", "Atlanta"))
    assert made(administrator.get(path))["house_only"]["county"] == "13121"
    seen = coordinator.get(path)
    assert made(seen)["house_only"] is None
    assert not any(secret in seen.text for secret in ("13121", "1304000"))


def test_an_address_is_entered_by_the_house_s_own_people(client: TestClient, database: Database) -> None:
    own, other = (new_agency(database, AgencyKind.RESIDENTIAL) for _ in range(2))
    load(database, network(), operators={"fac_a": own})
    where = "/v1/facilities/fac_a/address"
    said = made(Caller(client, database, Role.FACILITY_STAFF, own).put(where, {"lines": ["12 Canary Street"]}))
    assert said == {"facility_id": "fac_a", "shown": "by_phone"}
    refused(Caller(client, database, Role.FACILITY_STAFF, other).put(where, {"lines": ["x"]}), 404, "not_found")
    refused(Caller(client, database, Role.SUPERVISOR, own).put(where, {"lines": ["x"]}), 403, "forbidden")
    staff = Caller(client, database, Role.FACILITY_STAFF, own)
    for lines in ([], ["a"] * 7, [""], ["a\u0000"]):
        refused(staff.put(where, {"lines": lines}), 422, "invalid")
    assert staff.client.get(where, headers=staff.headers).status_code == 405
    with database.reading() as session:
        assert session.scalars(select(FacilityAddress.lines)).all() == [["12 Canary Street"]]


def test_the_point_can_be_taken_back(administrator: Caller, path: str, database: Database) -> None:
    made(administrator.patch(path, {"point": [33.7, -84.3], "version": 1}))
    made(administrator.patch(path, {"point": None, "version": 2}))
    with database.reading() as session:
        assert session.scalars(select(FacilityPoint)).all() == []


def test_how_many_beds_are_open_is_told_in_bands_to_those_who_place(client: TestClient, database: Database) -> None:
    def beds(*statuses: str) -> list[Json]:
        return [{"id": f"bed_{len(statuses)}{n}", "status": status} for n, status in enumerate(statuses)]

    houses = [
        house(f"fac_{n}", units=[{"id": f"unit_{n}", "beds": beds(*statuses)}])
        for n, statuses in enumerate([("occupied",), ("open", "held"), ("open", "open", "cleaning"), ("open",) * 4])
    ]
    load(database, network(*houses))
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
    shown = [row["open_beds"] for row in made(coordinator.get("/v1/facilities"))["data"]]
    assert shown == ["none", "1", "2_or_more", "2_or_more"]


def test_a_licence_is_entered_read_and_replaced(administrator: Caller, path: str) -> None:
    answer = administrator.post(f"{path}/licences", LICENCE)
    licence = made(answer)
    assert {name: licence[name] for name in LICENCE} == LICENCE
    where = answer.headers["Location"]
    assert made(administrator.get(where)) == licence
    refused(administrator.put(where, LICENCE), 428, "version_required")
    changed = made(administrator.put(where, {"evidence": "letter of May 4", "capacity": 8, "version": 1}))
    assert (changed["capacity"], changed["status"], changed["version"]) == (8, None, 2)
    refused(administrator.put(where, {**LICENCE, "version": 1}), 409, "stale_update")
    assert rows(administrator.get(f"{path}/licences")) == [changed]


@pytest.mark.one_kind
def test_a_licence_needs_its_evidence(administrator: Caller, path: str) -> None:
    problem = refused(administrator.post(f"{path}/licences", {"status": "active"}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["/evidence"]
    backwards = {**LICENCE, "expires_on": "2025-01-01"}
    problem = refused(administrator.post(f"{path}/licences", backwards), 422, "invalid")
    assert [(error["pointer"], error["message"]) for error in problem["errors"]] == [
        ("/expires_on", "Expected valid_from or later.")
    ]


def test_a_safeguard_keeps_its_history(administrator: Caller, path: str) -> None:
    where = f"{path}/safeguards/egress"
    first = made(administrator.put(where, {**EVIDENCE, "version": 0}))
    assert first == {**EVIDENCE, "code": "egress", "version": 1}
    second = made(administrator.put(where, {**EVIDENCE, "value": "locked_no_release", "version": 1}))
    assert made(administrator.get(where)) == second
    assert rows(administrator.get(f"{where}/history")) == [second, first]
    refused(administrator.put(where, {**EVIDENCE, "version": 1}), 409, "stale_update")
    refused(administrator.put(where, EVIDENCE), 428, "version_required")
    tag = administrator.get(where).headers["ETag"]
    third = made(administrator.put(where, {"value": None}, If_Match=tag))
    assert (third["value"], third["version"]) == (None, 3)


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("egress", "unlocked"),
        ("egress", "delayed_release"),
        ("egress", "locked_with_release"),
        ("egress", "locked_no_release"),
        ("outside_contact", "open"),
        ("outside_contact", "reviewed_individually"),
        ("outside_contact", "blanket_ban"),
        ("remote", True),
        ("remote", False),
        ("education", True),
    ],
)
def test_each_safeguard_has_its_values(administrator: Caller, path: str, code: str, value: object) -> None:
    where = f"{path}/safeguards/{code}"
    assert made(administrator.put(where, {"value": value, "version": 0}))["value"] == value


NO_VALUES: list[tuple[Any, ...]] = [
    ("egress", True),
    ("egress", "open"),
    ("outside_contact", False),
    ("remote", "true"),
    ("education", "yes"),
]


@pytest.mark.one_kind
def test_a_safeguard_has_no_other_value(administrator: Caller, path: str) -> None:
    for code, value in NO_VALUES:
        problem = refused(
            administrator.put(f"{path}/safeguards/{code}", {"value": value, "version": 0}), 422, "invalid"
        )
        assert problem["errors"][0]["pointer"] == "/value"
        assert administrator.get(f"{path}/safeguards/nonsense").status_code == 422


@pytest.mark.one_kind
@pytest.mark.parametrize(("name", "code"), [("county", "12011"), ("place", "1224000"), ("county", "99001")])
def test_a_house_lies_in_a_county_and_place_of_its_own_state(
    administrator: Caller, path: str, name: str, code: str
) -> None:
    entered = refused(administrator.post("/v1/facilities", {**HOUSE, name: code}), 422, "invalid")
    version = made(administrator.get(path))["version"]
    changed = refused(administrator.patch(path, {"version": version, name: code}), 422, "invalid")
    assert entered["errors"][0]["pointer"] == changed["errors"][0]["pointer"] == f"/{name}"


def test_units_and_beds(administrator: Caller, path: str) -> None:
    rule: Json = {"name": "East", "genders": ["female"], "min_age": 12, "max_age": 15, "max_age_gap_years": 3}
    rule["one_gender_a_night"] = True
    unit = made(administrator.post(f"{path}/units", rule))
    assert {name: unit[name] for name in rule} == rule
    where = f"{path}/units/{unit['id']}"
    changed = made(administrator.put(where, {"name": "East", "version": 1}))
    assert (changed["genders"], changed["max_age_gap_years"], changed["version"]) == (None, None, 2)
    assert changed["one_gender_a_night"] is None
    refused(administrator.put(where, {"name": "East", "version": 1}), 409, "stale_update")
    nights = [{"from": "2026-12-24", "until": "2026-12-27", "reason": "Repair"}]
    answer = administrator.post(
        f"{path}/beds",
        {
            "unit_id": unit["id"],
            "name": "Bed 1",
            "unavailable": [{"from": "2026-12-24", "until": "2026-12-27", "reason": "Repair"}],
        },
    )
    bed = made(answer)
    assert (bed["status"], bed["confirmed_at"], bed["unavailable"]) == ("offline", None, nights)
    where = answer.headers["Location"]
    assert made(administrator.get(where)) == bed
    changed = made(administrator.put(where, {"name": "Bed 2", "version": 1}))
    assert (changed["name"], changed["unavailable"], changed["version"]) == ("Bed 2", [], 2)
    assert rows(administrator.get(f"{path}/beds")) == [changed]
    no_unit = {"unit_id": "unit_none", "name": "Bed 3"}
    assert refused(administrator.post(f"{path}/beds", no_unit), 422, "invalid")["errors"][0]["pointer"] == "/unit_id"


def test_no_two_rooms_of_a_house_share_a_name(administrator: Caller, path: str) -> None:
    east, west = (made(administrator.post(f"{path}/units", {"name": name})) for name in ("East", "West"))
    for twin in ("East", " east", "EAST", "E\uff41st"):
        refused(administrator.post(f"{path}/units", {"name": twin}), 409, "already_exists")
    where = f"{path}/units/{west['id']}"
    refused(administrator.put(where, {"name": "East", "version": 1}), 409, "already_exists")
    assert made(administrator.put(where, {"name": "West", "min_age": 12, "version": 1}))["min_age"] == 12
    assert made(administrator.put(where, {"name": "west", "version": 2}))["name"] == "west"
    bed = administrator.post(f"{path}/beds", {"unit_id": east["id"], "name": "Bed 1"})
    for unit in (east, west):
        body = {"unit_id": unit["id"], "name": "bed  1"}
        refused(administrator.post(f"{path}/beds", body), 409, "already_exists")
    other = made(administrator.post(f"{path}/beds", {"unit_id": west["id"], "name": "Bed 2"}))
    refused(administrator.put(f"{path}/beds/{other['id']}", {"name": "Bed 1", "version": 1}), 409, "already_exists")
    made(administrator.put(bed.headers["Location"], {"name": "Bed 1", "version": 1}))
    elsewhere = administrator.post("/v1/facilities", HOUSE).headers["Location"]
    made(administrator.post(f"{elsewhere}/units", {"name": "East"}))


@pytest.mark.one_kind
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\u2028", "\x85"])
def test_a_name_shows_as_it_is(administrator: Caller, path: str, sign: str) -> None:
    problem = refused(administrator.post(f"{path}/units", {"name": f"East{sign}1"}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["/name"]
    made(administrator.post(f"{path}/units", {"name": "Sala Niño, «Ala 2», غرفة"}))


def test_a_child_is_found_through_its_own_house_only(client: TestClient, database: Database) -> None:
    load(database, network(house("fac_a"), house("fac_b")))
    administrator = lead(client, database)
    licence = rows(administrator.get("/v1/facilities/fac_b/licences"))[0]["id"]
    for child in (f"licences/{licence}", "units/unit_b", "beds/bed_b1"):
        made(administrator.get(f"/v1/facilities/fac_b/{child}"))
        refused(administrator.get(f"/v1/facilities/fac_a/{child}"), 404, "not_found")
    wrong = [
        (f"licences/{licence}", {**LICENCE, "version": 1}),
        ("units/unit_b", {"name": "x", "version": 1}),
        ("beds/bed_b1", {"name": "x", "version": 1}),
        ("beds/bed_b1/status", {"status": "cleaning", "version": 1}),
    ]
    for child, body in wrong:
        refused(administrator.put(f"/v1/facilities/fac_a/{child}", body), 404, "not_found")
    assert refused(administrator.post("/v1/facilities/fac_a/beds", {"unit_id": "unit_b", "name": "x"}), 422, "invalid")


def test_an_absent_house_is_the_same_everywhere(administrator: Caller) -> None:
    gets = ("", "/licences", "/safeguards", "/safeguards/egress", "/safeguards/egress/history", "/units", "/beds")
    bodies = [refused(administrator.get(f"/v1/facilities/fac_none{part}"), 404, "not_found") for part in gets]
    posts = [("/licences", LICENCE), ("/units", {"name": "x"}), ("/beds", {"unit_id": "u", "name": "x"})]
    bodies += [refused(administrator.post(f"/v1/facilities/fac_none{p}", b), 404, "not_found") for p, b in posts]
    bodies += [refused(administrator.post("/v1/facilities/fac_none/confirmations", {}), 404, "not_found")]
    bodies += [refused(administrator.patch("/v1/facilities/fac_none", {"version": 1}), 404, "not_found")]
    assert len({tuple(sorted((k, str(v)) for k, v in body.items() if k != "request_id")) for body in bodies}) == 1


def test_the_directory_is_read_in_pages(client: TestClient, database: Database) -> None:
    load(database, network(*(house(f"fac_{n:02}", units=[]) for n in range(7))))
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
    seen, path = [], "/v1/facilities?limit=3"
    while path:
        answer = coordinator.get(path)
        page = made(answer)
        seen += [row["id"] for row in page["data"]]
        assert page["has_more"] == (page["next_cursor"] is not None) == ("Link" in answer.headers)
        path = answer.links["next"]["url"] if page["has_more"] else ""
    assert seen == [f"fac_{n:02}" for n in range(7)]
    for query, pointer in (
        ("cursor=x", "/cursor"),
        ("cursor=W10=", "/cursor"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
    ):
        problem = refused(coordinator.get(f"/v1/facilities?{query}"), 422, "invalid")
        assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.one_kind
def test_only_the_administrator_changes_the_directory(client: TestClient, database: Database) -> None:
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    load(database, network(), operators={"fac_a": agency})
    for role in (Role.FACILITY_STAFF, Role.INTAKE_COORDINATOR, Role.SUPERVISOR):
        caller = Caller(client, database, role, agency)
        refused(caller.post("/v1/facilities", HOUSE), 403, "forbidden")
        refused(caller.patch("/v1/facilities/fac_a", {"population": "mixed", "version": 1}), 403, "forbidden")
        refused(caller.put("/v1/facilities/fac_a/safeguards/egress", {**EVIDENCE, "version": 1}), 403, "forbidden")
        refused(caller.post("/v1/facilities/fac_a/licences", LICENCE), 403, "forbidden")
    refused(Caller(client, database, Role.FUNDER_ANALYST).get("/v1/facilities"), 403, "forbidden")


def test_an_agency_that_runs_no_houses_lists_none(client: TestClient, database: Database) -> None:
    for kind in (AgencyKind.CHILD_PROTECTION, AgencyKind.LAW_ENFORCEMENT, AgencyKind.FUNDER):
        caller = Caller(client, database, Role.ADMINISTRATOR, new_agency(database, kind))
        refused(caller.post("/v1/facilities", HOUSE), 403, "forbidden")
    for kind in (AgencyKind.SHELTER, AgencyKind.RESIDENTIAL):
        made(Caller(client, database, Role.ADMINISTRATOR, new_agency(database, kind)).post("/v1/facilities", HOUSE))


def test_a_house_does_not_say_by_itself_that_a_fund_pays_it(client: TestClient, database: Database) -> None:
    agency = new_agency(database, AgencyKind.RESIDENTIAL)
    load(database, network(), operators={"fac_a": agency})
    own = Caller(client, database, Role.ADMINISTRATOR, agency)
    path, whole = "/v1/facilities/fac_a", lead(client, database)
    body = {**HOUSE, "funds": ["fund_a"]}
    problem = refused(own.post("/v1/facilities", body), 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/funds/0", "not_theirs")]
    version = made(own.patch(path, {"funds": ["fund_a"], "version": 1}))["version"]  # as it was already
    version = made(own.patch(path, {"funds": [], "version": version}))["version"]
    refused(own.patch(path, {"funds": ["fund_a"], "version": version}), 422, "invalid")
    assert made(whole.patch(path, {"funds": ["fund_a"], "version": version}))["funds"] == ["fund_a"]


def test_each_change_is_on_record(administrator: Caller, path: str, database: Database) -> None:
    made(administrator.patch(path, {"region": "Region 3", "version": 1}))
    licence = made(administrator.post(f"{path}/licences", LICENCE))
    made(administrator.put(f"{path}/licences/{licence['id']}", {**LICENCE, "version": 1}))
    made(administrator.put(f"{path}/safeguards/egress", {**EVIDENCE, "version": 0}))
    unit = made(administrator.post(f"{path}/units", {"name": "East"}))
    made(administrator.put(f"{path}/units/{unit['id']}", {"name": "West", "version": 1}))
    bed = made(administrator.post(f"{path}/beds", {"unit_id": unit["id"], "name": "Bed 1"}))
    made(administrator.put(f"{path}/beds/{bed['id']}", {"name": "Bed 2", "version": 1}))
    with database.reading() as session:
        rows = session.execute(select(AuditEvent.action, AuditEvent.subject).order_by(AuditEvent.seq)).all()
    house_id = path.split("/")[-1]
    assert [tuple(row) for row in rows if row.action.split(".")[0] not in ("agency", "key", "sign_in")] == [
        ("facility.create", house_id),
        ("facility.change", house_id),
        ("licence.create", licence["id"]),
        ("licence.change", licence["id"]),
        ("safeguard.record", house_id),
        ("unit.create", unit["id"]),
        ("unit.change", unit["id"]),
        ("bed.create", bed["id"]),
        ("bed.change", bed["id"]),
    ]
