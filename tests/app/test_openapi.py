"""The OpenAPI document says what is really sent, and nothing of the product loads from elsewhere."""

import html
import re
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission

pytestmark = pytest.mark.one_kind


class Probe(BaseModel):
    """A body."""

    name: str


_served: list[dict[str, Any]] = []


@pytest.fixture
def document(app: FastAPI, client: TestClient) -> dict[str, Any]:
    """The document as it is served, with a route of each kind in it; the first one, for all are alike."""

    @app.post("/v1/probe/{name}")
    def take(
        name: str, body: Probe, actor: Annotated[Actor, require(Permission.REFERRAL_WRITE)], limit: int = 25
    ) -> None: ...

    @app.get("/v1/probe")
    def give() -> None: ...

    if not _served:
        _served.append(client.get("/openapi.json").json())
    return _served[0]


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {status: r for status, r in operation["responses"].items() if not status.startswith(("2", "3"))}
            assert "default" in errors, (method, path)
            for status, response in errors.items():
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, (method, path, status)


def test_the_frameworks_own_error_is_gone(document: dict[str, Any]) -> None:
    assert "ValidationError" not in str(document).replace("HTTPValidationError", "ValidationError")


def test_a_route_lists_what_it_can_answer(document: dict[str, Any]) -> None:
    taking = set(document["paths"]["/v1/probe/{name}"]["post"]["responses"])
    assert taking == {"200", "400", "401", "403", "404", "409", "413", "415", "422", "default"}
    assert set(document["paths"]["/v1/probe"]["get"]["responses"]) == {"200", "default"}


def test_the_key_is_described(document: dict[str, Any]) -> None:
    assert document["paths"]["/v1/probe/{name}"]["post"]["security"] == [{"HTTPBearer": []}]
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [("POST", "/v1/probe/x", b"{"), ("POST", "/v1/probe/x", b"{}"), ("GET", "/v1/x", None)],
)
def test_what_is_sent_fits_the_schema(
    document: dict[str, Any], client: TestClient, method: str, path: str, content: bytes | None
) -> None:
    schema = document["components"]["schemas"]["Problem"] | {"components": document["components"]}
    answer = client.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code >= 400
    Draft202012Validator(schema).validate(answer.json())


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect", "/errors", "/", "/nowhere"])
def test_no_page_loads_from_elsewhere(client: TestClient, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"})
    assert not re.search(r"(src|href|action)\s*=\s*[\"']?(https?:)?//", page.text)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in page.headers["content-security-policy"]


def test_docs_names_every_address_and_every_form(document: dict[str, Any], client: TestClient) -> None:
    page = client.get("/docs", headers={"Accept": "text/html"})
    assert (page.status_code, "<script>" in page.text) == (200, False)
    text = html.unescape(page.text)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"<code>{method.upper()} {path}</code>" in text
            assert operation.get("description", "") in text
    anchors = set(re.findall(r'id="(\w+)"', page.text))
    assert set(document["components"]["schemas"]) <= anchors
    assert set(re.findall(r'href="#(\w+)"', page.text)) <= anchors
    # Style and icon come from here, and so works with the network off.
    for address in re.findall(r'(?:src|href)="(/[^"#]*)"', page.text):
        assert client.get(address).status_code in (200, 401), address
