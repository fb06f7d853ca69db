"""Whose houses and funds an administrator reaches, and no child under another's parent: both over every such route."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.access.policy import CLOSED_TO_KEYS, POLICY, AgencyKind, Role
from app.db import Database
from app.exceptions.models import Party, RuleException
from app.facilities.models import Facility
from tests.app.test_routes import table
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, lead, load, made, network, new_agency, refused, rows
from tests.migrations.rows import SEALED

Json = dict[str, Any]

HOUSE, FUND = "/v1/facilities/{facility_id}", "/v1/funds/{fund_id}"
STATUS: Json = {"status": "cleaning", "version": 1}
# Every route that writes to a house or a fund, and a body that is right; a route that is missing here fails.
WRITES: dict[tuple[str, str], Json] = {
    ("PATCH", HOUSE): {"region": "Region 3", "version": 1},
    ("PUT", f"{HOUSE}/address"): {"lines": ["12 Canary Street"]},
    ("POST", f"{HOUSE}/licences"): {"evidence": "letter of May 4"},
    ("PUT", f"{HOUSE}/licences/{{licence_id}}"): {"evidence": "letter of May 4", "version": 1},
    ("PUT", f"{HOUSE}/safeguards/{{code}}"): {"value": None, "version": 1},
    ("POST", f"{HOUSE}/units"): {"name": "East"},
    ("PUT", f"{HOUSE}/units/{{unit_id}}"): {"name": "West", "version": 1},
    ("POST", f"{HOUSE}/beds"): {"unit_id": "unit_a", "name": "Bed 9"},
    ("PUT", f"{HOUSE}/beds/{{bed_id}}"): {"name": "Bed 8", "version": 1},
    ("PUT", f"{HOUSE}/beds/{{bed_id}}/status"): STATUS,
    ("POST", f"{HOUSE}/beds/{{bed_id}}/status/undo"): {"version": 1},
    ("PUT", f"{HOUSE}/board"): {"beds": [], "version": 1},
    ("POST", f"{HOUSE}/confirmations"): {},
    ("PATCH", FUND): {"program": "county.other", "version": 1},
    ("POST", f"{FUND}/limits"): {"valid_from": "2027-01-01"},
    ("PUT", f"{FUND}/limits/{{limit_id}}"): {"valid_from": "2020-01-01", "version": 1},
}
# What is right only after something else, and is tried with it.
AFTER = ("/status/undo", "/board")
# Whose parent is no house, fund or referral: tried in test_webhooks.py.
OTHERS = "/v1/webhooks"
# What names no row of its own: a word of a fixed list.
WORDS = {"code": "egress"}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Each method and path of the API."""
    found = [(str(c.path), c.methods or set()) for c in iter_route_contexts(app.routes)]
    return sorted((m, path) for path, methods in found for m in methods - {"HEAD"} if path.startswith("/v1/"))


def parameters(path: str) -> list[str]:
    return [step.strip("{}") for step in path.split("/") if step.startswith("{")]


@pytest.fixture
def operator(client: TestClient, database: Database) -> Caller:
    """The administrator of an agency that runs the first of two houses and stands behind the first of two funds."""
    own = new_agency(database, AgencyKind.RESIDENTIAL)
    other_fund = {**fund("fund_b"), "funder": "State"}
    document = network(house("fac_a"), house("fac_b", funds=["fund_b"]), funds=[fund("fund_a"), other_fund])
    other = new_agency(database, AgencyKind.RESIDENTIAL)
    agencies = {"Fulton County": own, "State": other}
    load(database, document, operators={"fac_a": own, "fac_b": other}, funder_agencies=agencies)
    return Caller(client, database, Role.ADMINISTRATOR, own)


@pytest.fixture
def everything(client: TestClient, database: Database) -> Caller:
    return lead(client, database)


def ids(caller: Caller, letter: str) -> dict[str, str]:
    """The ids of one house, one fund and what belongs to them."""
    house_path, fund_path = f"/v1/facilities/fac_{letter}", f"/v1/funds/fund_{letter}"
    return WORDS | {
        "facility_id": f"fac_{letter}",
        "licence_id": rows(caller.get(f"{house_path}/licences"))[0]["id"],
        "unit_id": f"unit_{letter}",
        "bed_id": f"bed_{letter}1",
        "fund_id": f"fund_{letter}",
        "limit_id": rows(caller.get(f"{fund_path}/limits"))[0]["id"],
    }


def writes(app: FastAPI) -> list[tuple[str, str]]:
    """What an administrator may send to a house or a fund."""
    demanded = table(app)
    return [
        (m, path)
        for m, path in routes(app)
        if m != "GET" and path.startswith((HOUSE, FUND)) and demanded[m, path] <= POLICY[Role.ADMINISTRATOR]
    ]


def test_every_write_to_a_house_or_a_fund_is_tried_here(app: FastAPI) -> None:
    assert set(writes(app)) == set(WRITES)


def test_an_administrator_writes_what_the_own_agency_runs(app: FastAPI, operator: Caller) -> None:
    known = ids(operator, "a")
    for method, path in sorted(writes(app), reverse=True):
        if path.endswith(AFTER):
            continue
        found = operator.send(method, path.format(**known), WRITES[method, path])
        if found.status_code == 409:  # what was written a moment ago has moved on
            found = operator.send(method, path.format(**known), {**WRITES[method, path], "version": 2})
        made(found)


def test_what_another_agency_runs_is_like_nothing(app: FastAPI, operator: Caller) -> None:
    known = ids(operator, "b")
    for method, path in writes(app):
        bodies = []
        for facility_id, fund_id in (("fac_b", "fund_b"), ("fac_none", "fund_none")):
            where = path.format(**{**known, "facility_id": facility_id, "fund_id": fund_id})
            bodies.append(refused(operator.send(method, where, WRITES[method, path]), 404, "not_found"))
        assert {**bodies[0], "request_id": ""} == {**bodies[1], "request_id": ""}, (method, path)
    assert made(operator.get("/v1/facilities/fac_b"))["house_only"] is None
    assert made(operator.get("/v1/facilities/fac_a"))["house_only"] is not None


def test_the_coalition_s_lead_writes_everywhere(app: FastAPI, operator: Caller, everything: Caller) -> None:
    known = ids(operator, "b")
    for path in ("/v1/facilities/fac_b", "/v1/funds/fund_b"):
        made(everything.patch(path, WRITES["PATCH", HOUSE if "fac" in path else FUND]))
    made(everything.put("/v1/facilities/fac_b/beds/bed_b1/status", STATUS))
    made(everything.put(f"/v1/funds/fund_b/limits/{known['limit_id']}", {"valid_from": "2020-01-01", "version": 1}))


def test_a_house_that_nobody_runs_is_the_lead_s_alone(operator: Caller, everything: Caller, database: Database) -> None:
    with database.writing() as session:
        session.get_one(Facility, "fac_a").agency_id = None
    refused(operator.patch("/v1/facilities/fac_a", {"region": "x", "version": 2}), 404, "not_found")
    made(everything.patch("/v1/facilities/fac_a", {"region": "x", "version": 2}))


def test_a_new_house_is_of_the_agency_that_enters_it(operator: Caller, everything: Caller, database: Database) -> None:
    new: Json = {"alias": "Harbor", "kind": "safe_house", "state": "GA"}
    for body in (new, {**new, "agency_id": operator.agency_id}):
        facility_id = made(operator.post("/v1/facilities", body))["id"]
        with database.reading() as session:
            assert session.get_one(Facility, facility_id).agency_id == operator.agency_id
    answers = [
        refused(operator.post("/v1/facilities", {**new, "agency_id": named}), 422, "invalid")["errors"]
        for named in (everything.agency_id, "agency_none")
    ]
    assert answers[0] == answers[1]
    assert (answers[0][0]["pointer"], answers[0][0]["code"]) == ("/agency_id", "not_own")
    given = made(everything.post("/v1/facilities", {**new, "agency_id": operator.agency_id}))["id"]
    made(operator.patch(f"/v1/facilities/{given}", {"region": "Region 1", "version": 1}))


def test_a_new_fund_is_of_the_agency_that_enters_it(operator: Caller, everything: Caller) -> None:
    fund_id = made(operator.post("/v1/funds", {"funder": "Our own", "program": "p"}))["id"]
    made(operator.post(f"/v1/funds/{fund_id}/limits", {"valid_from": "2027-01-01"}))
    refused(operator.post("/v1/funds", {"funder": "State", "program": "p"}), 409, "already_exists")
    for named in (everything.agency_id, "agency_none"):
        body = {"funder": "Another", "program": "p", "funder_agency_id": named}
        problem = refused(operator.post("/v1/funds", body), 422, "invalid")
        assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == ("/funder_agency_id", "not_own")


ACTS: dict[str, Json] = {
    "withdrawal": {},
    "answer": {"accept": True},
    "end": {"reason": "safe_now", "version": 1},
    "review": {"review_by": "2027-01-02", "version": 1},
    "undo": {},
    "decisions": {"words": "x"},
    "{todo_id}": {"done": True},
}


def test_a_child_under_another_parent_is_not_found(
    app: FastAPI, operator: Caller, everything: Caller, client: TestClient, database: Database
) -> None:
    """Every route with two ids in its path: the child is looked for within the parent."""
    supervisor = Caller(client, database, Role.SUPERVISOR)
    staff = Caller(client, database, Role.FACILITY_STAFF, operator.agency_id)
    referrals = [made(supervisor.post("/v1/referrals", EIGHT_ANSWERS))["id"] for _ in range(2)]
    run = supervisor.post(f"/v1/referrals/{referrals[1]}/rankings").headers["Location"].split("/")[-1]
    question = {"run": run, "facility": "fac_b", "authority": "court_order", "choice_reason": "clinical_advice"}
    offer = made(supervisor.post(f"/v1/referrals/{referrals[1]}/holds", question))["id"]
    past = {"outside_facility": "x", "admitted_on": "2026-01-01", "left_on": "2026-01-05"}
    stay = made(supervisor.post(f"/v1/referrals/{referrals[1]}/past-stays", past))["id"]
    now = database.clock.now()
    paper = {
        "recipient": operator.agency_id, "purpose": "placement", "items": ["age"], "given": "written",
        "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "explained": True,
        "valid_until": (now + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    law: Json = {"recipient": operator.agency_id, "law": "court_order", "reference": "x", "items": ["age"]}
    law["valid_until"] = paper["valid_until"]
    basis = made(supervisor.post(f"/v1/referrals/{referrals[1]}/legal-bases", law))["id"]
    release = made(supervisor.post(f"/v1/referrals/{referrals[1]}/releases", paper))["id"]
    waived = RuleException(
        id="exc_1", referral_id=referrals[1], facility_id="fac_b", agency_id=supervisor.agency_id, rule="unit.fit",
        party=Party.FACILITY, role="manager", sealed_reason=SEALED, until=now + timedelta(days=1), recorded_at=now,
        recorded_by="person_1", second_due_at=now + timedelta(days=1),
    )  # fmt: skip
    with database.writing() as session:
        session.add(waived)
    flagged = {"flag": {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}}
    minors = [made(supervisor.post("/v1/minors", flagged)) for _ in range(3)]
    record = f"/v1/minors/{minors[1]['id']}"
    known = {
        "flag_id": minors[1]["flags"][0]["id"],
        "activity_id": made(supervisor.post(f"{record}/activities", {"kind": "school"}))["id"],
        "link_id": made(supervisor.post(f"{record}/links", {"other": minors[2]["id"], "verdict": "same"}))["id"],
    }
    meetings = [
        made(supervisor.post("/v1/conferences", {"name": "a", "held_at": now.isoformat(), "agencies": []}))["id"]
        for _ in range(2)
    ]
    agenda = f"/v1/conferences/{meetings[1]}/cases"
    case = made(supervisor.post(agenda, {"minor": minors[1]["id"]}))["id"]
    todo = {"words": "call", "agency": supervisor.agency_id, "due_on": "2026-12-01"}
    known["case_id"] = case
    known["todo_id"] = made(supervisor.post(f"{agenda}/{case}/tasks", todo))["tasks"][0]["id"]
    parents = {"facility_id": "fac_a", "fund_id": "fund_a", "referral_id": referrals[0], "minor_id": minors[0]["id"]}
    parents["conference_id"] = meetings[0]
    wrong = {
        **ids(operator, "b"),
        **known,
        "run_id": run,
        "offer_id": offer,
        "past_stay_id": stay,
        "exception_id": "exc_1",
        "release_id": release,
        "basis_id": basis,
        **parents,
    }
    demanded = table(app)
    # What is closed to keys is tried where somebody is signed in: test_whole.py.
    open_to_keys = [
        (m, path) for m, path in routes(app) if not demanded[m, path] & CLOSED_TO_KEYS and not path.startswith(OTHERS)
    ]
    nested = [(m, path) for m, path in open_to_keys if len(set(parameters(path)) - set(WORDS)) > 1]
    assert len(nested) >= 12
    callers = {Role.ADMINISTRATOR: everything, Role.SUPERVISOR: supervisor, Role.FACILITY_STAFF: staff}
    for method, path in nested:
        caller = next(caller for role, caller in callers.items() if demanded[method, path] <= POLICY[role])
        last = path.split("/")[-1]
        body = None if method == "GET" else WRITES.get((method, path), todo if last == "tasks" else ACTS.get(last))
        refused(caller.send(method, path.format(**wrong), body), 404, "not_found")
