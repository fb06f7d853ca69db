"""Whom a State has people call who must report abuse: read by all who place, changed by the lead."""

import pytest
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.db import Database
from tests.actors import sign_in
from tests.app.test_pages import Browser, words
from tests.factories import Caller, lead, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

LINE = {"name": "Florida Abuse Hotline", "phone": "1-800-962-2873", "citation": "s. 39.201, Florida Statutes"}


def test_the_lead_alone_changes_a_line_and_flags_say_it(client: TestClient, database: Database) -> None:
    mine, own = lead(client, database), Caller(client, database, Role.ADMINISTRATOR)
    refused(own.put("/v1/reporting-lines/FL", LINE), 403, "forbidden")
    assert made(mine.put("/v1/reporting-lines/FL", LINE)) == {"state": "FL", **LINE}
    made(mine.put("/v1/reporting-lines/GA", {**LINE, "phone": "404 555 0100"}))
    found = {row["state"]: row["phone"] for row in rows(own.get("/v1/reporting-lines"))}
    assert (found["FL"], found["GA"]) == ("1-800-962-2873", "404 555 0100")
    for wrong in ({**LINE, "phone": "call us"}, {**LINE, "name": ""}):
        refused(mine.put("/v1/reporting-lines/FL", wrong), 422, "invalid")
    refused(mine.put("/v1/reporting-lines/Florida", LINE), 422, "invalid")


def test_the_page_does_the_same(client: TestClient, database: Database) -> None:
    browser = Browser(client, database, Role.ADMINISTRATOR)
    assert 'href="/reporting-lines"' in browser.get("/").text
    assert "Enter a line" not in words(browser.get("/reporting-lines"))
    assert browser.send("/reporting-lines", state="FL", **LINE).status_code == 403
    sign_in(client, database, Role.ADMINISTRATOR, new_agency(database, AgencyKind.COALITION_LEAD))
    browser.token = browser._token()
    wrong = browser.send("/reporting-lines", state="Florida", **LINE)
    assert (wrong.status_code, 'value="Florida Abuse Hotline"' in wrong.text) == (422, True)
    assert "FL Florida Abuse Hotline: 1-800-962-2873" in words(browser.send("/reporting-lines", state="fl", **LINE))
