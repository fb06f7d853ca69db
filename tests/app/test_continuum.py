"""The directory of the continuum of care: who offers what, whom to call, and that no address gets in."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.db import Database
from app.web.words_record import CARE
from tests.app.test_pages import Browser, words
from tests.factories import Caller, lead, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
OFFER: Json = {
    "kind": "drop_in", "name": "A meal and a shower", "for_whom": "whoever comes", "min_age": 12, "max_age": 24,
    "counties": ["13121"], "contact": "the person on duty", "phone": "404-555-0100", "hours": "day and night",
}  # fmt: skip


def test_what_is_offered_is_found_by_kind_and_county_by_all_who_work_with_young_people(
    client: TestClient, database: Database
) -> None:
    own = Caller(client, database, Role.ADMINISTRATOR, new_agency(database, AgencyKind.DROP_IN))
    first = made(own.post("/v1/continuum", OFFER, Idempotency_Key="k"))
    again = own.post("/v1/continuum", OFFER, Idempotency_Key="k")
    assert (made(again)["id"], again.headers["Idempotent-Replayed"]) == (first["id"], "true")
    anywhere = made(own.post("/v1/continuum", {**OFFER, "kind": "aftercare", "counties": []}))
    school = Caller(client, database, Role.PARTNER, new_agency(database, AgencyKind.SCHOOL))
    for asked, found in (
        ("", [first, anywhere]), ("?kind=aftercare", [anywhere]), ("?county=13121", [first, anywhere]),
        ("?county=13089", [anywhere]),
    ):  # fmt: skip
        assert [row["id"] for row in rows(school.get(f"/v1/continuum{asked}"))] == [one["id"] for one in found]
    funder = Caller(client, database, Role.FUNDER_ANALYST, new_agency(database, AgencyKind.FUNDER))
    refused(funder.get("/v1/continuum"), 403, "forbidden")


def test_whose_it_is_and_the_lead_change_it_and_what_is_off_the_list_is_gone(
    client: TestClient, database: Database
) -> None:
    own, other = (Caller(client, database, Role.ADMINISTRATOR, new_agency(database)) for _ in range(2))
    at = f"/v1/continuum/{made(own.post('/v1/continuum', OFFER))['id']}"
    refused(other.put(at, {**OFFER, "version": 1}), 404, "not_found")
    refused(own.put(at, OFFER), 428, "version_required")
    assert made(own.put(at, {**OFFER, "hours": "until ten", "version": 1}))["hours"] == "until ten"
    refused(own.put(at, {**OFFER, "version": 1}), 409, "stale_update")
    made(lead(client, database).put(at, {**OFFER, "listed": False, "version": 2}))
    assert rows(other.get("/v1/continuum")) == []
    assert [row["listed"] for row in rows(own.get("/v1/continuum"))] == [False]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("12 Canary Street", False), ("come to 9 N. Oak Hill Rd.", False), ("1600 peachtree ave", False),
        ("Suite 4", True), ("12 beds, day and night", True), ("ages 12 to 17", True), ("24 hours a day", True),
        ("2 beds on the way home", True), ("9 to 5", True),
    ],
)  # fmt: skip
def test_no_address_gets_in(client: TestClient, database: Database, text: str, kept: bool) -> None:
    own = Caller(client, database, Role.ADMINISTRATOR)
    for name in ("name", "for_whom", "contact", "hours"):
        answer = own.post("/v1/continuum", {**OFFER, name: text})
        if kept:
            made(answer)
        else:
            assert refused(answer, 422, "invalid")["errors"][0]["pointer"] == f"/{name}"
            assert text not in answer.text


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"min_age": 18, "max_age": 12}, "/max_age"), ({"phone": "call us"}, "/phone"), ({"kind": "x"}, "/kind")],
)
def test_what_is_wrong_is_said(client: TestClient, database: Database, changes: Json, pointer: str) -> None:
    own = Caller(client, database, Role.ADMINISTRATOR)
    answer = refused(own.post("/v1/continuum", {**OFFER, **changes}), 422, "invalid")
    assert answer["errors"][0]["pointer"] == pointer


def test_the_pages_list_enter_change_and_take_off(client: TestClient, database: Database) -> None:
    browser = Browser(client, database, Role.ADMINISTRATOR)
    assert 'href="/continuum"' in browser.get("/").text
    typed = {"kind": "drop_in", "name": "A meal", "contact": "on duty", "phone": "404-555-0100", "hours": "always"}
    wrong = browser.send("/continuum", **typed, counties="Nowhere, XX")
    assert (wrong.status_code, 'value="A meal"' in wrong.text) == (422, True)
    listed = browser.send("/continuum", **typed, counties="Fulton, GA", min_age="12", max_age="24")
    assert all(said in words(listed) for said in (CARE["drop_in"], "A meal", "Ages 12 to 24", "Fulton, GA"))
    assert "A meal" not in words(browser.get("/continuum?county=DeKalb,+GA"))
    assert "Everything is shown" in words(browser.get("/continuum?county=xyz"))
    at = re.search(r'action="(/continuum/care_\w+)"', listed.text)
    assert at is not None
    address = browser.send(at[1], **{**typed, "name": "12 Canary Street"}, version="1", press="keep")
    assert address.status_code == 422
    assert "Off the list" in words(browser.send(at[1], **typed, version="1", press="off"))
