"""Every refusal has one shape, its texts from one catalogue, and nothing in it that was sent."""

import json
import logging
from typing import Annotated, Any, Literal, Self

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.access.models import Agency
from app.access.policy import AgencyKind
from app.beds.schemas import BedStatusChange
from app.bodies import Sent
from app.clock import Now
from app.codes import Day, Gender, in_order, place_of
from app.db import DbSession
from app.edge import SECURITY_HEADERS
from app.errors import CATALOGUE, FieldError, Problem, conflict, invalid, not_found, stale_update
from app.facilities.models import BedStatus
from app.facilities.schemas import NightsForm, UnitCreate
from app.funding.schemas import LimitCreate
from app.minors.schemas import MinorFacts, WhereForm
from app.placements.workflow import Answer

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
CANARY = "JANE DOE 2009-03-02"
MEMBERS = {"type", "code", "title", "status", "detail", "fix", "request_id", "doc_url", "errors"}
CRASHES: dict[str, Exception] = {
    "bug": RuntimeError(CANARY),
    "stale": StaleDataError(CANARY),
    "absent": not_found(),
    "taken": conflict("bed_taken", options=["bed_2"]),
    "changed": stale_update({"version": 3}),
    "field": invalid([FieldError("/beds/0", "unknown_bed", "No such bed.", "Read the list again.")]),
    "locked": OperationalError(CANARY, None, type("Locked", (Exception,), {"sqlstate": "55P03"})()),
    "waiting": OperationalError(CANARY, None, type("Busy", (Exception,), {"sqlite_errorname": "SQLITE_BUSY"})()),
    "disk": OperationalError(CANARY, None, Exception(CANARY)),
}


class Probe(BaseModel):
    """Something with every kind of field."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]+$")]
    number: Annotated[int, Field(ge=1, le=9)] = 1
    kind: Literal["a", "b"] = "a"
    at: AwareDatetime | None = None
    tags: Annotated[list[str], Field(max_length=2)] = []


@pytest.fixture(autouse=True)
def probe(app: FastAPI) -> None:
    """Routes that fail in every way."""

    @app.post("/v1/probe")
    def take(body: Probe) -> None:
        raise Problem("bad_request")

    @app.get("/v1/probe/{number}")
    def number(number: int, limit: Annotated[int, Field(le=100)] = 25) -> None:
        raise Problem("bad_request")

    @app.get("/v1/crash/{name}")
    @app.get("/crash/{name}")
    def crash(name: str) -> None:
        raise CRASHES[name]

    @app.post("/v1/twice")
    def twice(session: DbSession, clock: Now) -> None:
        for key in ("agency_1", "agency_2"):
            session.add(Agency(id=key, name=CANARY, kind=AgencyKind.SCHOOL, created_at=clock.now()))


def problem(answer: Response, status: int, code: str) -> dict[str, Any]:
    """The answer's body, once everything about its shape is as promised."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text
    assert "JANE" not in answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) >= MEMBERS
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"] == CATALOGUE[code].title
    assert body["fix"] == CATALOGUE[code].fix
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["doc_url"] == f"/errors#{code}"
    return body


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "code"),
    [
        ("POST", "/v1/probe", b'{"name": "\xff\xfe"}', JSON, 400, "bad_request"),
        ("GET", "/v1/nowhere/JANE", None, {}, 404, "not_found"),
        ("GET", "/nowhere/JANE", None, {}, 404, "not_found"),
        ("DELETE", "/v1/probe", None, {}, 405, "method_not_allowed"),
        ("POST", "/v1/probe", b"x" * 1_000_001, JSON, 413, "too_large"),
        ("POST", "/v1/probe", b"JANE DOE", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        ("POST", "/v1/probe", b"{}", {}, 415, "unsupported_media_type"),
        (
            "POST",
            "/v1/probe",
            b"a=1",
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            "unsupported_media_type",
        ),
        ("POST", "/login/x", b"{}", JSON, 415, "unsupported_media_type"),
        ("POST", "/v1/probe", b'{"name": JANE}', JSON, 422, "invalid"),
        ("POST", "/v1/probe", b"{}", JSON, 422, "invalid"),
        ("POST", "/v1/twice", None, {}, 409, "conflict"),
        ("GET", "/v1/crash/absent", None, {}, 404, "not_found"),
        ("GET", "/v1/crash/stale", None, {}, 409, "stale_update"),
        ("GET", "/v1/crash/locked", None, {}, 503, "busy"),
        ("GET", "/v1/crash/waiting", None, {}, 503, "busy"),
        ("GET", "/v1/crash/disk", None, {}, 500, "internal"),
        ("GET", "/v1/crash/bug", None, {}, 500, "internal"),
        ("GET", "/v1/crash/JANE", None, {}, 500, "internal"),
    ],
)
def test_one_shape(
    client: TestClient, method: str, path: str, content: bytes | None, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.request(method, path, content=content, headers=headers)
    problem(answer, status, code)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_not_allowed_says_what_is(client: TestClient) -> None:
    assert client.delete("/v1/probe").headers["allow"] == "OPTIONS, POST"


def test_a_busy_database_says_when_to_come_back(client: TestClient) -> None:
    assert client.get("/v1/crash/locked").headers["retry-after"] == "1"


def test_what_lost_against_another_is_tried_again_three_times(app: FastAPI, client: TestClient) -> None:
    deadlock = OperationalError(CANARY, None, type("Deadlock", (Exception,), {"sqlstate": "40P01"})())
    to_lose = [3]

    @app.post("/v1/loses")
    def lose(body: Probe) -> str:
        if to_lose[0]:
            to_lose[0] -= 1
            raise deadlock
        return body.name

    assert client.post("/v1/loses", json={"name": "abc"}).json() == "abc"
    to_lose[0] = 5
    problem(client.post("/v1/loses", json={"name": "abc"}), 503, "busy")
    assert to_lose[0] == 1


def test_a_body_without_a_length_is_limited_too(client: TestClient) -> None:
    chunks = (b"x" * 100_000 for _ in range(11))
    problem(client.post("/v1/probe", content=chunks, headers=JSON), 413, "too_large")


def test_a_body_at_the_limit_is_taken(client: TestClient) -> None:
    padded = b'{"name": "abc"}'.ljust(1_000_000)
    problem(client.post("/v1/probe", content=padded, headers=JSON), 400, "bad_request")


@pytest.mark.parametrize(
    ("body", "pointer", "code", "message"),
    [
        ({}, "/name", "missing", "This field is required."),
        ({"name": CANARY}, "/name", "string_too_long", "Expected at most 5 characters."),
        ({"name": "J"}, "/name", "string_too_short", "Expected at least 2 characters."),
        ({"name": "JANE"}, "/name", "string_pattern_mismatch", "This text does not have the form expected here."),
        ({"name": 7}, "/name", "string_type", "Expected text."),
        ({"name": "abc", "number": 10}, "/number", "less_than_equal", "Expected 9 or less."),
        ({"name": "abc", "number": CANARY}, "/number", "int_parsing", "Expected a whole number."),
        ({"name": "abc", "kind": CANARY}, "/kind", "literal_error", "Expected one of a, b."),
        ({"name": "abc", "at": CANARY}, "/at", "datetime_from_date_parsing", None),
        ({"name": "abc", "at": "2026-11-21T22:14:00"}, "/at", "timezone_aware", None),
        ({"name": "abc", "tags": ["a", CANARY, "c"]}, "/tags", "too_long", "Expected at most 2 entries."),
        ({"name": "abc", "tags": ["a", 5]}, "/tags/1", "string_type", "Expected text."),
        ({"name": "abc", "jane_doe": CANARY}, "/*", "extra_forbidden", "This field is not known here."),
        ({"name": "abc", CANARY: 1}, "/*", "extra_forbidden", "This field is not known here."),
        ([CANARY], "", "model_attributes_type", "Expected an object."),
    ],
)
def test_a_malformed_body_is_told_where_and_what(
    client: TestClient, body: Any, pointer: str, code: str, message: str | None
) -> None:
    found = problem(client.post("/v1/probe", json=body), 422, "invalid")["errors"]
    assert [(error["pointer"], error["code"]) for error in found] == [(pointer, code)]
    if message is not None:
        assert found[0]["message"] == message


class Night(BaseModel):
    """A model inside another, with fields that may contradict each other."""

    first: Day | None = None
    until: Annotated[Day | None, Field(alias="to")] = None
    lowest: int = 0
    highest: int = 9

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order(self, "first", "until")
        in_order(self, "lowest", "highest")
        return self


class Nights(Sent):
    """Members as the API's own bodies have them."""

    status: Literal[BedStatus.OPEN, BedStatus.OFFLINE] = BedStatus.OPEN
    gender: Gender | None = None
    nights: list[Night] = Field(default_factory=list)


@pytest.mark.parametrize(
    ("body", "pointer", "message"),
    [
        ({"status": "held"}, "/status", "Expected one of open, offline."),
        ({"gender": CANARY}, "/gender", "Expected one of female, male, nonbinary."),
        ({"nights": [{"first": "1980-01-01"}]}, "/nights/0/first", "Expected 1990-01-01 or more."),
        ({"nights": [{"first": "2200-01-01"}]}, "/nights/0/first", "Expected 2199-12-31 or less."),
        ({"nights": [{}, {"lowest": 3, "highest": 2}]}, "/nights/1/highest", "Expected lowest or more."),
        (
            {"nights": [{"first": "2026-11-22", "to": "2026-11-21"}]},
            "/nights/0/to",
            "Expected first or later.",
        ),
    ],
)
def test_no_text_is_how_the_program_writes_it(
    app: FastAPI, client: TestClient, body: Json, pointer: str, message: str
) -> None:
    @app.post("/v1/nights")
    def take(body: Nights) -> None:
        raise Problem("bad_request")

    found = problem(client.post("/v1/nights", json=body), 422, "invalid")["errors"]
    assert [(error["pointer"], error["message"]) for error in found] == [(pointer, message)]


CONTRADICTIONS: list[tuple[type[BaseModel], Json, str]] = [
    (BedStatusChange, {"status": "offline"}, "reason"),
    (BedStatusChange, {"status": "open", "offline_until": "2026-12-01"}, "offline_until"),
    (UnitCreate, {"name": "A", "min_age": 15, "max_age": 12}, "max_age"),
    (NightsForm, {"from": "2026-12-02", "until": "2026-12-01"}, "until"),
    (LimitCreate, {"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "valid_until"),
    (WhereForm, {"county": "13121", "state": "FL"}, "county"),
    (MinorFacts, {"age_range": [16, 14]}, "age_range"),
    (Answer, {"accept": False, "reason": "no_bed"}, "decided_by"),
]


@pytest.mark.parametrize(("model", "body", "field"), CONTRADICTIONS)
def test_what_contradicts_another_field_is_told_at_a_field(model: type[BaseModel], body: Json, field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate_json(json.dumps(body))
    assert [place_of(error) for error in refusal.value.errors()] == [(field,)]


def test_a_malformed_parameter_is_told_where_and_what(client: TestClient) -> None:
    found = problem(client.get("/v1/probe/JANE?limit=101"), 422, "invalid")["errors"]
    assert [error["pointer"] for error in found] == ["/number", "/limit"]


def test_own_members_and_fields_are_passed_on(client: TestClient) -> None:
    assert problem(client.get("/v1/crash/taken"), 409, "bed_taken")["options"] == ["bed_2"]
    assert problem(client.get("/v1/crash/changed"), 409, "stale_update")["current"] == {"version": 3}
    field = problem(client.get("/v1/crash/field"), 422, "invalid")["errors"][0]
    assert field == {
        "pointer": "/beds/0",
        "code": "unknown_bed",
        "message": "No such bed.",
        "fix": "Read the list again.",
    }


def test_the_log_of_a_crash_names_the_place_and_no_text(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        request_id = client.get("/v1/crash/bug").headers["x-request-id"]
    assert request_id in caplog.text
    assert "RuntimeError at " in caplog.text
    assert "test_errors.py" in caplog.text
    assert "JANE" not in caplog.text


@pytest.mark.parametrize("name", ["bug", "absent", "taken"])
def test_a_browser_gets_a_page(client: TestClient, name: str) -> None:
    answer = client.get(f"/crash/{name}", headers={"Accept": "text/html,*/*"})
    status = {"bug": 500, "absent": 404, "taken": 409}[name]
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text
    assert CANARY not in answer.text


def test_the_api_answers_json_even_to_a_browser(client: TestClient) -> None:
    problem(client.get("/v1/crash/absent", headers={"Accept": "text/html"}), 404, "not_found")


def test_the_page_of_codes_has_every_code(client: TestClient) -> None:
    page = client.get("/errors").text
    assert all(f'id="{code}"' in page for code in CATALOGUE)


def test_a_refusal_is_not_a_conflict_by_accident() -> None:
    with pytest.raises(ValueError, match="not a conflict"):
        conflict("not_found")
