"""What-ifs over HTTP: the lead edits a limit as a sentence, and nobody else is shown that there is such a page."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.whatif.preview import HIGH, LEFT, TOP, WIDE
from app.whatif.service import for_lead
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, lead, load, made, network, new_agency, refused

Json = dict[str, Any]
OLDER = {"fund": "fund_a", "min_age": "", "max_age": "15", "leaves_at_age": "", "counties": "", "beds_per_night": ""}
CAP = {"id": "cap30", "limit": 30, "unit": "night", "window": "trailing", "window_days": 90}


@pytest.fixture
def the_lead(client: TestClient, database: Database, clock: MovableClock) -> Caller:
    """One young person was too old for the only fund by a year, a day ago."""
    load(database, network(house("fac_a"), funds=[fund(max_age=14, clocks=[CAP])]))
    coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
    path = coordinator.post("/v1/referrals", {**EIGHT_ANSWERS, "nights_needed": 10}).headers["Location"]
    assert made(coordinator.post(f"{path}/rankings"))["options"] == []
    clock.move(timedelta(days=1))
    return lead(client, database)


def page(the_lead: Caller, path: str, **query: str) -> str:
    answer = the_lead.client.get(path, params=query, headers=the_lead.headers)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_the_lead_edits_a_limit_and_reads_what_it_would_have_done(the_lead: Caller) -> None:
    asked = "/v1/whatif?set=fund_a.max_age=15"
    found = made(the_lead.get(asked))
    assert found["placed"] == {"how": "re-run with beds", "then": 0, "now": 1}
    assert (found["would_gain"], found["would_lose"]) == (1, 0)
    assert found["turned_away"] == [{"how": "rule alone", "fund": "fund_a", "turned_away": 1, "let": 1}]
    assert made(the_lead.get("/v1/whatif"))["would_gain"] == 0
    (error,) = refused(the_lead.get("/v1/whatif?set=fund_a.max_age=old"), 422, "invalid")["errors"]
    assert error["pointer"] == "/set/0"

    assert "up to" in page(the_lead, "/whatif", fund="fund_a")
    text = page(the_lead, "/whatif", **OLDER, **{"clock.cap30": "30"})
    assert "Young people who would have had a bed and had none: 1. Who would have lost theirs: 0." in text
    assert "Referrals placed re-run with beds 0 1 +1" in text
    assert "Turned away by county.safe_harbor rule alone 1 0 -1" in text
    sheet = the_lead.client.get("/whatif/figures.csv", params=OLDER, headers=the_lead.headers).text
    rows = {row["measure"]: row for row in csv.DictReader(io.StringIO(sheet)) if not row["of"]}
    assert (rows["placed"]["then"], rows["placed"]["now"]) == ("0", "1")

    same = page(the_lead, "/whatif", **{**OLDER, "max_age": "14"})
    assert "Nothing was changed: this is the limit as it is." in same
    assert "Expected a whole number from 0 to 150, or none." in page(the_lead, "/whatif", **{**OLDER, "max_age": "x"})
    assert "Run the past again" not in page(the_lead, "/whatif", fund="fund_nowhere")


def test_the_best_few_changes_are_read_alike(the_lead: Caller) -> None:
    found = made(the_lead.get("/v1/whatif/best?most=1"))
    (line,) = found["curve"]
    assert (found["could"], line["value"], line["proved"], line["rerun"]["would_gain"]) == (1, 1, True, 1)
    assert [(one["fund"], one["rule"]) for one in line["levers"]] == [("fund_a", "funding.age_band")]
    assert "1. county.safe_harbor: Age 1 proved 1 0" in page(the_lead, "/whatif/best")
    sheet = the_lead.client.get("/whatif/best.csv", headers=the_lead.headers).text
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert (rows[0]["most_rules"], rows[0]["design"], rows[0]["rerun_would_gain"]) == ("1", "1", "1")
    drawn = the_lead.client.get("/whatif/best", headers=the_lead.headers).text
    # From nobody at the foot of the axis to the one young person at its top.
    assert f'points="{LEFT},{TOP + HIGH} {LEFT + WIDE // len(rows)},{TOP}' in drawn
    refused(the_lead.get("/v1/whatif/best?most=9"), 422, "invalid")


def test_nobody_else_is_shown_any_of_it(client: TestClient, database: Database) -> None:
    other = Caller(client, database, Role.ADMINISTRATOR, new_agency(database))
    funder = Caller(client, database, Role.FUNDER_ANALYST, new_agency(database, AgencyKind.FUNDER))
    for path in ("/v1/whatif", "/v1/whatif/best"):
        refused(other.get(path), 404, "not_found")
        refused(funder.get(path), 403, "forbidden")
    for path in ("/whatif", "/whatif/best", "/whatif/best.csv", "/whatif/figures.csv"):
        assert client.get(path, headers=other.headers).status_code == 404
        assert client.get(path, headers=funder.headers).status_code == 403


def test_one_at_a_time(the_lead: Caller) -> None:
    actor = Actor(agency_id="agency", kind=AgencyKind.COALITION_LEAD, role=Role.ADMINISTRATOR, person_id="person")
    with for_lead(actor):
        refused(the_lead.get("/v1/whatif"), 409, "not_now")
        assert the_lead.client.get("/whatif", params=OLDER, headers=the_lead.headers).status_code == 409
        assert "Run the past again" in page(the_lead, "/whatif", fund="fund_a")
    assert the_lead.get("/v1/whatif").status_code == 200
