"""What comes after each option: stored with the decision, derived again, and shown without a word of anybody else."""

import json
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.access.policy import Role
from app.answers.models import OutlookRun
from app.answers.names import HouseName, Names
from app.answers.outlooks import told
from app.db import Database
from app.placements import replaying
from app.sharing.outlook import project_outlook
from app.sharing.projection import AGENCY, NOT_AVAILABLE, project
from matching.codec import decode
from matching.decision_form import decision_document
from matching.outlook import outlook
from matching.outlook_form import outlook_document
from matching.ranking import rank
from tests.actors import sign_in
from tests.altering import alter
from tests.factories import EIGHT_ANSWERS, TONIGHT, Caller, fund, house, load, made, network, refused

Json = dict[str, Any]

CLIFF, OPENS, ENDS = "2026-12-21", "2026-12-19", "2027-02-19"
"""Thirty nights from tonight, the day on which the other house's bed opens, and the end of ninety nights."""


def leaving(**more: Any) -> Json:
    """Who lives in the other house's only bed."""
    return {"minor": "min_9", "bed": "bed_b1", "trafficking": "verified", "age": 15, "until": OPENS} | more


def two(*residents: Json, **second: Any) -> Json:
    """A house that is paid for thirty nights; another, whose bed opens two nights before that, is paid on and on."""
    rooms = [{"id": "unit_b", "beds": [{"id": "bed_b1", "status": "open"}]}]
    there = house("fac_b", funds=["fund_b"], units=rooms, residents=list(residents)) | second
    cap = {"id": "cap", "limit": 30, "unit": "night", "window": "stay"}
    return network(house("fac_a"), there, funds=[fund("fund_a", clocks=[cap]), fund("fund_b")])


def ranked(caller: Caller, database: Database, document: Json, minor: Json | None = None) -> str:
    """Where the decision about a new referral for ninety nights is."""
    load(database, document, agency_id=caller.agency_id)
    body = {**EIGHT_ANSWERS, "nights_needed": 90, "minor": {**EIGHT_ANSWERS["minor"], **(minor or {})}}
    referral = made(caller.post("/v1/referrals", body))["id"]
    location: str = caller.post(f"/v1/referrals/{referral}/rankings").headers["Location"]
    return location


@pytest.fixture
def coordinator(client: TestClient, database: Database) -> Caller:
    return Caller(client, database, Role.INTAKE_COORDINATOR)


@pytest.fixture
def path(coordinator: Caller, database: Database) -> str:
    """A decision with one option, after which another house follows."""
    return ranked(coordinator, database, two(leaving()))


NEXT: Json = {
    "facility": "fac_b",
    "from": CLIFF,
    "until": ENDS,
    "nights": 60,
    "payers": [{"fund": "fund_b", "from": CLIFF, "until": ENDS}],
    "why": "need_met",
    "binding": None,
}


def test_it_is_told_where_next_from_when_and_who_pays(coordinator: Caller, path: str) -> None:
    answer = coordinator.get(f"{path}/outlook")
    found = made(answer)
    assert found["until"] == ENDS
    after = {"facility": "fac_a", "until": CLIFF, "binding": "funding.clock", "proof": "optimal", "uncovered": []}
    assert found["options"] == [after | {"links": [NEXT]}]
    assert found["referral"] == path.split("/")[3]
    # No bed, nobody, no sum, and not when anybody else leaves.
    assert not any(
        inside in answer.text for inside in ("bed_b1", "min_9", "cost", "bound", "sha256", OPENS, "opened_by")
    )


def test_whoever_may_not_read_the_decision_reads_nothing_of_what_comes_after(
    coordinator: Caller, path: str, client: TestClient, database: Database
) -> None:
    other = refused(Caller(client, database, Role.SUPERVISOR).get(f"{path}/outlook"), 404, "not_found")
    nowhere = refused(coordinator.get(f"{path.rpartition('/')[0]}/run_none/outlook"), 404, "not_found")
    assert {**other, "request_id": ""} == {**nowhere, "request_id": ""}
    for role in (Role.FUNDER_ANALYST, Role.FACILITY_STAFF):
        refused(Caller(client, database, role, coordinator.agency_id).get(f"{path}/outlook"), 403, "forbidden")


def unlock(database: Database) -> None:
    """Take away the triggers that keep what was stored."""
    locked = "ALTER TABLE outlook_runs DISABLE TRIGGER ALL"
    with database.writing() as session:
        postgresql = database.engine.dialect.name == "postgresql"
        session.execute(text(locked if postgresql else "DROP TRIGGER outlook_runs_no_update"))
        if not postgresql:
            session.execute(text("DROP TRIGGER outlook_runs_no_delete"))


def replayed(database: Database, path: str) -> replaying.Replay:
    with database.reading() as session:
        found = replaying.of_ranking(session, path.rpartition("/")[2])
    assert found is not None
    return found


def test_it_is_stored_with_the_decision_and_comes_out_the_same(path: str, database: Database) -> None:
    for act in ("UPDATE outlook_runs SET answer = answer", "DELETE FROM outlook_runs"):
        with pytest.raises(DBAPIError, match="does not change"), database.writing() as session:
            session.execute(text(act))
    assert replayed(database, path) == replaying.Replay(
        path.rpartition("/")[2], True, (), (), replayed(database, path).versions
    )


def test_whatever_is_altered_in_it_is_noticed(path: str, database: Database) -> None:
    unlock(database)
    with database.writing() as session:
        row = session.scalars(select(OutlookRun)).one()
        kept = json.loads(row.answer)
        kept["options"][0]["links"][0]["facility"] = "fac_c"
        alter(session, row, answer=json.dumps(kept))
    found = replayed(database, path)
    assert (found.identical, found.differences) == (False, ("/after/options/0/links/0/facility: differs",))
    assert found.faults == ("after fac_a, link 0: its house is not in the snapshot, or stands in the chain twice",)


def test_a_decision_from_before_has_none_and_is_shown_without(
    coordinator: Caller, path: str, database: Database, client: TestClient
) -> None:
    unlock(database)
    with database.writing() as session:
        session.execute(text("DELETE FROM outlook_runs"))
    refused(coordinator.get(f"{path}/outlook"), 404, "not_found")
    assert replayed(database, path).identical
    sign_in(client, database, Role.INTAKE_COORDINATOR, coordinator.agency_id)
    page = client.get(path.removeprefix("/v1"))
    assert (page.status_code, "After that" in page.text) == (200, False)


def test_the_page_says_it_under_the_option(
    coordinator: Caller, path: str, database: Database, client: TestClient
) -> None:
    """When the bed opens is repeated from the list of later beds, where this reader finds it too."""
    sign_in(client, database, Role.INTAKE_COORDINATOR, coordinator.agency_id)
    shown = path.removeprefix("/v1")
    said = "B from Dec 21: 60 nights, paid by county.safe_harbor. Its bed opens on Dec 19."
    page = client.get(shown).text
    assert f"<dt>After that</dt><dd>{said}</dd>" in page
    assert "nothing is kept for it" in page
    assert f"After that: {said}" in client.get(f"{shown}/text").text


def test_where_no_house_follows_the_page_says_so(coordinator: Caller, database: Database, client: TestClient) -> None:
    path = ranked(coordinator, database, two(leaving(until=None)))
    sign_in(client, database, Role.INTAKE_COORDINATOR, coordinator.agency_id)
    said = "No house is known that could take over for the 60 nights left."
    assert said in client.get(path.removeprefix("/v1")).text


# In words.

NAMES = Names(houses={"fac_b": HouseName("Birch"), "fac_c": HouseName("Cedar")}, funds={"fund_b": "Fund B"})


def sentences(links: list[Json], uncovered: list[tuple[str, str]], proof: str = "optimal") -> list[str]:
    gaps = [{"from": start, "until": until} for start, until in uncovered]
    row = {"facility": "fac_a", "until": CLIFF, "links": links, "uncovered": gaps, "proof": proof}
    outlook = {"until": ENDS, "options": [row]}
    return told(outlook, {"later": []}, NAMES, date.fromisoformat(TONIGHT))["fac_a"]


def test_nights_between_and_after_are_said_with_the_rule_that_ends_a_stay() -> None:
    link = NEXT | {"from": "2026-12-23", "until": "2027-02-01", "nights": 40, "binding": "bed", "why": "cliff"}
    assert sentences([link], [(CLIFF, "2026-12-23"), ("2027-02-01", ENDS)]) == [
        "No paid bed is known for 2 nights from Dec 21.",
        "Birch from Dec 23: 40 nights, paid by Fund B. That ends on Feb 1: the bed is no longer free.",
        "No paid bed is known for 18 nights from Feb 1.",
    ]


def test_what_was_not_looked_at_to_the_end_is_said() -> None:
    assert sentences([NEXT], [], "bounded")[1:] == ["Not every way was looked at: there may be a better one."]
    assert sentences([NEXT], [], "least")[1:] == []
    assert sentences([], [(CLIFF, ENDS)], "bounded") == ["Not every way was looked at, and no house was found yet."]
    assert told(None, {"later": []}, NAMES, date.fromisoformat(TONIGHT)) == {}


# What is kept back.


def shown(document: Json, minor: Json) -> tuple[str, str]:
    """What the agency reads of the option's decision, and of what comes after, as bytes."""
    asked = {"id": "ref_1", "minor": "min_1", "urgency": 1, "nights_needed": 90, "needed_from": TONIGHT}
    whole = document | {"minors": [minor], "referrals": [asked]}
    facts = decode(whole)
    decision = decision_document(rank(facts, "ref_1"), findings="all")
    seen = project(decision, viewer=AGENCY, findings="all")
    return json.dumps(seen), json.dumps(project_outlook(outlook_document(outlook(facts, decision)), seen))


MINOR: Json = {"id": "min_1", **EIGHT_ANSWERS["minor"], "history": "complete", "avoid": {"minors": ["min_7"]}}
OPEN = [{"id": f"bed_b{n}", "status": "open"} for n in (1, 2)]
FULL = [{"id": f"bed_b{n}", "status": "occupied"} for n in (1, 2)]


def crowd(*residents: Json, beds: list[Json] = OPEN) -> Json:
    """The second house with two beds, and whoever lives there."""
    return two(*residents, units=[{"id": "unit_b", "beds": deepcopy(beds)}])


def full() -> Json:
    both = [leaving(minor=f"min_{n}", bed=f"bed_b{n}", until=None) for n in (1, 2)]
    return crowd(*[row | {"minor": f"min_{n + 20}"} for n, row in enumerate(both)], beds=FULL)


@pytest.mark.parametrize("leaves", ["2026-12-01", "2026-12-19", "2026-12-25", None])
@pytest.mark.parametrize("who", [{"minor": "min_7"}, {"trafficking": "none"}, {"trafficking": None}, {"minor": None}])
def test_whom_to_keep_apart_reads_like_a_full_house_whenever_they_leave(leaves: str | None, who: Json) -> None:
    """Both of them, the decision and what comes after: to the last byte, however soon she could come."""
    there = crowd(leaving(bed="bed_b2", until=leaves) | who)
    assert shown(there, MINOR) == shown(full(), MINOR)


@pytest.mark.parametrize("comes", ["2026-11-25", "2026-12-21", "2027-01-31"])
@pytest.mark.parametrize("leaves", ["2027-02-10", None])
def test_when_somebody_to_keep_apart_comes_does_not_show(comes: str, leaves: str | None) -> None:
    """The house is an option tonight; who comes later, and when, changes nothing that is read of what comes after."""
    one = leaving(minor="min_7", bed="bed_b2", until=leaves)
    first, other = (shown(crowd(one | {"from": day}), MINOR)[1] for day in (comes, "2027-01-01"))
    assert first == other
    assert json.loads(first)["options"][0]["links"] == []
    harmless = shown(crowd(one | {"minor": "min_8", "from": comes}), MINOR)[1]
    assert [link["facility"] for link in json.loads(harmless)["options"][0]["links"]] == ["fac_b"]


def test_whatever_an_engine_says_nothing_names_a_house_that_is_not_available() -> None:
    document = {
        **dict.fromkeys(("version", "referral", "rules_version", "engine_version", "until", "snapshot_sha256")),
        "options": [
            {"facility": "fac_a", "until": CLIFF, "binding": "bed", "proof": "optimal", "bound": 1, "bed": "bed_1"}
            | {
                "links": [NEXT | {"opened_by": ["bed"], "bed": "bed_b1"}],
                "uncovered": [{"from": 1, "until": 2, "x": 3}],
            }
        ],
        "careful": [{"code": "c", "text": "t", "more": "m"}],
    }
    decision: Json = {"options": [{"facility": "fac_a"}], "later": [{"facility": "fac_b"}]}
    [row] = project_outlook(document, decision)["options"]
    assert set(row) == {"facility", "until", "binding", "proof", "links", "uncovered"}
    assert (row["links"], row["uncovered"]) == ([NEXT], [{"from": 1, "until": 2}])
    assert "snapshot_sha256" not in project_outlook(document, decision)
    hidden = {"options": decision["options"], "later": [{"facility": "fac_b", "code": NOT_AVAILABLE}]}
    assert project_outlook(document, hidden)["options"] == []
    assert project_outlook(document, {"options": [], "later": []})["options"] == []
