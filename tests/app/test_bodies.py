"""A body is read strictly, whichever route takes it: the bodies are taken from the application's routes."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.params import Form
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from pydantic import BaseModel, ValidationError

from app.access.policy import Role
from app.bodies import MOST_ERRORS, Sent
from app.db import Database
from tests.factories import Caller, refused

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
Step = str | int

# What pydantic would take for a value of each type, and no honest client sends.
LOOSE: dict[str, list[Any]] = {
    "integer": ["1", 1.0, True],
    "number": ["1", True],
    "boolean": [1, 0, "true", "yes"],
    "date": [1700006400, "1700006400", 1700006400.0, "2026-11-21T00:00:00", " 2026-11-21", "20261121"],
    "date-time": [1700006400, "1700006400", "2026-11-21", "2026-11-21T22:14:00", "2026-11-21 22:14:00Z"],
    "string": [1, True],
}
OF_TYPE = {
    f"{kind}_{what}" for kind in ("int", "float", "bool", "date", "datetime", "string") for what in ("type", "parsing")
}
OF_TYPE |= {"enum", "literal_error"}
OBJECT = {"Content-Type": "application/json"}


def bodies(app: FastAPI) -> dict[str, type[BaseModel]]:
    """Every route's JSON body by method and path."""
    found: dict[str, type[BaseModel]] = {}
    for context in iter_route_contexts(app.routes):
        for parameter in getattr(getattr(context, "dependant", None), "body_params", []):
            if isinstance(parameter.field_info, Form):
                continue  # what a form sends is text, and read as such
            found[f"{context.methods} {context.path}"] = parameter.field_info.annotation
    return found


def leaves(schema: Json, definitions: Json, at: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
    """The path to every plain value that a schema has room for, and its type."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].split("/")[-1]]
    for choice in schema.get("anyOf", []):
        yield from leaves(choice, definitions, at)
    for name, part in schema.get("properties", {}).items():
        yield from leaves(part, definitions, (*at, name))
    places = schema.get("prefixItems", [schema["items"]] if "items" in schema else [])
    for place, part in enumerate(places):
        yield from leaves(part, definitions, (*at, place))
    kind = schema.get("format") or schema.get("type")
    if kind in LOOSE and "anyOf" not in schema:
        yield at, str(kind)


def holding(at: tuple[Step, ...], value: Any) -> Any:
    """The smallest body in which a value stands in this place."""
    for step in reversed(at):
        value = {step: value} if isinstance(step, str) else [None] * step + [value]
    return value


def told(model: type[BaseModel], body: Any) -> list[tuple[tuple[Step, ...], str]]:
    try:
        model.model_validate(body)
    except ValidationError as error:
        return [(found["loc"], found["type"]) for found in error.errors()]
    return []


def test_every_body_is_read_strictly(app: FastAPI) -> None:
    found = bodies(app)
    assert len(found) > 15
    assert [where for where, model in found.items() if not issubclass(model, Sent)] == []


def test_nothing_is_taken_for_what_it_is_not(app: FastAPI) -> None:
    tried = 0
    for where, model in bodies(app).items():
        schema = model.model_json_schema()
        found = list(leaves(schema, schema.get("$defs", {})))
        # Where a value may be of several types, what is loose for one may be right for another.
        for at, kind in ((at, kind) for at, kind in found if [other for other, _ in found].count(at) == 1):
            for value in LOOSE[kind]:
                at_it = [code for loc, code in told(model, holding(at, value)) if loc[: len(at)] == at]
                assert at_it, (where, at, value)
                assert set(at_it) <= OF_TYPE, (where, at, at_it)
                tried += 1
    assert tried > 300


@pytest.fixture
def coordinator(client: TestClient, database: Database) -> Caller:
    return Caller(client, database, Role.INTAKE_COORDINATOR)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ('{"minor": {}, "needed_from": null, "minor": {}}', [("/minor", "duplicate_key")]),
        ('{"minor": {"custody": "none", "custody": "tribal"}}', [("/minor/custody", "duplicate_key")]),
        ('{"minor": {"avoid": {"circles": [[1, 2, 3], [NaN]]}}}', [("/minor/avoid/circles/1/0", "finite_number")]),
        ('{"minor": {"interstate_approvals": [{"from_state": "GA", "from_state": "NV"}]}}',
         [("/minor/interstate_approvals/0/from_state", "duplicate_key")]),
        ('{"urgency": Infinity, "nights_needed": -Infinity}',
         [("/urgency", "finite_number"), ("/nights_needed", "finite_number")]),
        ('{"home_point": [1e999, 1]}', [("/home_point/0", "finite_number")]),
        ('{"jane_doe": 1, "jane_doe": 2}', [("/*", "duplicate_key")]),
        ('{"JANE DOE": {"urgency": 1, "urgency": 1}}', [("/*/urgency", "duplicate_key")]),
        ('[{"jane_doe": NaN}]', [("/0/*", "finite_number")]),
        ("NaN", [("", "finite_number")]),
        ('{"urgency": 1, "urgency": 1, "urgency": 1}', [("/urgency", "duplicate_key")]),
        ('{"urgency": "1", "needed_from": null, "minor": {}}', [("/urgency", "int_type")]),
        ('{"needed_from": 1700006400, "minor": {}}', [("/needed_from", "date_type")]),
        ('{"needed_from": "1700006400", "minor": {}}', [("/needed_from", "date_parsing")]),
        ('{"needed_from": null, "minor": {"history": "\\ud800"}}', [("/minor/history", "string_unicode")]),
    ],
)  # fmt: skip
def test_a_loose_body_is_told_where(coordinator: Caller, text: str, errors: list[tuple[str, str]]) -> None:
    answer = coordinator.client.post("/v1/referrals", content=text, headers={**coordinator.headers, **OBJECT})
    problem = refused(answer, 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == errors
    assert "jane" not in answer.text.lower()
    assert all(error["message"] != "This value cannot be used here." for error in problem["errors"])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"minor":' * 900 + "1" + "}" * 900, "1" * 5000, '{"a"', '"\\ud800"'])
def test_what_cannot_be_read_is_no_crash(coordinator: Caller, text: str) -> None:
    answer = coordinator.client.post("/v1/referrals", content=text, headers={**coordinator.headers, **OBJECT})
    assert answer.status_code in (400, 422)


def test_a_thousand_faults_are_told_in_part(coordinator: Caller) -> None:
    text = "[" + ",".join(['{"a": 1, "a": 1}'] * 1000) + "]"
    answer = coordinator.client.post("/v1/referrals", content=text, headers={**coordinator.headers, **OBJECT})
    assert len(refused(answer, 422, "invalid")["errors"]) == MOST_ERRORS


def test_the_same_members_in_two_objects_are_no_fault(coordinator: Caller) -> None:
    pairs = [{"from_state": "NV", "to_state": "GA"}, {"from_state": "GA", "to_state": "NV"}]
    body = {"minor": {"interstate_approvals": pairs}, "needed_from": "2026-11-23"}
    assert coordinator.post("/v1/referrals", body).status_code == 201
