"""What an address answers beside its own methods: nothing is guessed, HEAD is GET, and it says what it takes."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.access.policy import Role
from app.db import Database
from tests.actors import SAME_SITE, sign_in
from tests.app.test_routes import filled, table
from tests.factories import Caller, load, network

pytestmark = pytest.mark.one_kind


def addresses(app: FastAPI) -> dict[str, set[str]]:
    """Every address with its methods, ids filled in."""
    found: dict[str, set[str]] = {}
    for method, path in table(app):
        if method != "*":
            found.setdefault(filled(path), set()).add(method)
    return found


def test_a_slash_too_many_is_an_address_like_any_unknown_one(
    app: FastAPI, client: TestClient, database: Database
) -> None:
    caller = Caller(client, database, Role.SUPERVISOR)
    unknown = client.get("/v1/nowhere", headers=caller.headers).json()
    for path, methods in addresses(app).items():
        for method in methods if path != "/" else ():
            for headers in ({}, caller.headers):
                answer = client.request(method, f"{path}/", headers=headers)
                assert (answer.status_code, "location" in answer.headers) == (404, False), (method, path)
                assert {**answer.json(), "request_id": ""} == {**unknown, "request_id": ""}, (method, path)


def test_every_address_says_what_it_takes(app: FastAPI, client: TestClient) -> None:
    for path, methods in addresses(app).items():
        if path == "/referrals/new":
            methods = methods | {"POST"}  # the address of a referral, too
        takes = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}))
        asked = client.request("OPTIONS", path)
        assert (asked.status_code, asked.headers["allow"], asked.content) == (204, takes, b""), path
        wrong = client.request("DELETE", path)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, takes), path
        assert wrong.json()["code"] == "method_not_allowed"
    assert client.request("OPTIONS", "/v1/nowhere").status_code == 404
    assert client.post("/static/app.css").headers["allow"] == "GET, HEAD, OPTIONS"
    assert {"GET", "POST"} <= set(client.request("OPTIONS", "/v1/facilities").headers["allow"].split(", "))


GROWS = {"/", *(f"{what}/x_1/looks" for what in ("/v1/referrals", "/referrals", "/v1/minors", "/minors"))}
"""What says who looked, and when, is another after each look."""
ENDLESS = "/events"
"""Its answer goes on as long as somebody listens; `test_live.py` listens."""


def test_head_is_get_without_the_body(app: FastAPI, client: TestClient, database: Database) -> None:
    person = sign_in(client, database, Role.SUPERVISOR)
    waiting = {"id": "x_1", "minor": "x_1", "urgency": 1, "needed_from": None}
    load(database, network(minors=[{"id": "x_1"}], referrals=[waiting]), agency_id=person.agency_id)
    answered = set()
    for path, methods in addresses(app).items():
        if "GET" not in methods or path == ENDLESS:
            continue
        read, head = client.get(path, headers=SAME_SITE), client.head(path, headers=SAME_SITE)
        assert head.status_code == read.status_code, path
        assert head.content == b"", path
        for name in ("content-type", "content-length", "etag", "location", "cache-control"):
            if name != "content-length" or (read.status_code == 200 and path not in GROWS):
                assert head.headers.get(name) == read.headers.get(name), (path, name)
        answered.add(read.status_code)
    assert {200, 404} <= answered
    assert client.head("/static/app.css").content == b""
