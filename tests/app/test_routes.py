"""Every route asks who is asking. The matrix is made from the routes themselves, so a new one cannot be forgotten."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.testclient import TestClient

from app.access.guard import Guard
from app.access.policy import CLOSED_TO_KEYS, POLICY, Permission, Role
from app.db import Database
from tests.actors import SAME_SITE, key_headers

pytestmark = pytest.mark.one_kind

# What answers without asking, and why it may.
PUBLIC = {
    ("GET", "/login/{token}"): "the link itself is the proof, on loopback only",
    ("POST", "/login/{token}"): "the link itself is the proof, on loopback only",
    ("GET", "/sign-in"): "how to sign in",
    ("POST", "/sign-in"): "password and code are the proof, and guesses are counted",
    ("POST", "/sign-in/passkey/options"): "asks for a signature, of nobody in particular",
    ("POST", "/sign-in/passkey"): "the signature is the proof",
    ("POST", "/enrol/{token}/passkey/options"): "the link itself is the proof, for setting up a sign-in alone",
    ("POST", "/enrol/{token}/passkey"): "the link itself is the proof, for setting up a sign-in alone",
    ("POST", "/sign-in/agency"): "leads to an agency's own sign-in, for nobody in particular",
    ("GET", "/sign-in/agency/answer"): "what that one says is the proof, in the browser that went there, and once",
    ("POST", "/sign-in/agency/out"): "what an agency's own sign-in signed is the proof, and ends sessions alone",
    ("POST", "/enrol/{token}/agency"): "the link itself is the proof, for setting up a sign-in alone",
    ("GET", "/recover"): "how to sign in",
    ("GET", "/signed-out"): "how to sign in",
    ("GET", "/enrol/{token}"): "the link itself is the proof, for setting up a sign-in alone",
    ("POST", "/enrol/{token}"): "the link itself is the proof, for setting up a sign-in alone",
    ("GET", "/docs"): "describes the product, not a deployment",
    ("GET", "/openapi.json"): "describes the product, not a deployment",
    ("GET", "/errors"): "describes the product, not a deployment",
    ("*", "/static"): "style and icon, the same for everyone",
}


def guards(dependant: Dependant | None) -> Iterator[Permission]:
    """The permissions that a route demands, wherever in its dependencies they stand."""
    if dependant is None:
        return
    if isinstance(dependant.call, Guard):
        yield dependant.call.permission
    for inner in dependant.dependencies:
        yield from guards(inner)


def table(app: FastAPI) -> dict[tuple[str, str], set[Permission]]:
    """Each method and path with the permissions it demands."""
    rows: dict[tuple[str, str], set[Permission]] = {}
    for context in iter_route_contexts(app.routes):
        demanded = set(guards(_dependant(context)))
        for method in (context.methods or {"*"}) - {"HEAD"}:
            rows[method, str(context.path)] = demanded
    return rows


def _dependant(context: RouteContext) -> Dependant | None:
    found: Dependant | None = getattr(context, "dependant", None)
    return found


def guarded(app: FastAPI) -> list[tuple[str, str, set[Permission]]]:
    return [(method, path, demanded) for (method, path), demanded in sorted(table(app).items()) if demanded]


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x_1", path)


def test_every_route_demands_a_permission_or_is_public_for_a_reason(app: FastAPI) -> None:
    open_routes = {route for route, demanded in table(app).items() if not demanded}
    assert open_routes <= set(PUBLIC), "a route without a permission"
    assert ("POST", "/sign-out") in table(app)


def test_a_route_without_a_permission_would_be_seen(app: FastAPI) -> None:
    @app.get("/v1/forgotten")
    def forgotten() -> None: ...

    assert table(app)["GET", "/v1/forgotten"] == set()


def test_nobody_gets_in_without_proof(app: FastAPI, client: TestClient) -> None:
    for method, path, _ in guarded(app):
        answer = client.request(method, filled(path), headers=SAME_SITE)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (method, path)


@pytest.mark.parametrize("role", Role)
def test_a_key_gets_what_its_role_may_and_nothing_else(
    app: FastAPI, client: TestClient, database: Database, role: Role
) -> None:
    """On the pages; of the API, and of people, the matrix asks."""
    headers = key_headers(database, role)
    pages = [(method, path, demanded) for method, path, demanded in guarded(app) if not path.startswith("/v1/")]
    assert len(pages) > 100
    for method, path, demanded in pages:
        answer = client.request(method, filled(path), headers=headers)
        refused = answer.status_code == 403 and answer.json()["code"] == "forbidden"
        assert refused == (not demanded <= POLICY[role] - CLOSED_TO_KEYS), (method, path)
