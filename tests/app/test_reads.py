"""Whoever looks at a young person's data is on record, by whatever door: the routes are taken from the application."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.access.policy import POLICY, AgencyKind, Permission, Role
from app.access.tokens import form_token
from app.audit.models import AuditEvent, Outcome
from app.db import Database
from tests.actors import SAME_SITE, sign_in
from tests.app.test_routes import guarded
from tests.factories import EIGHT_ANSWERS, Caller, house, load, made, network, new_agency, rows

pytestmark = pytest.mark.one_kind

CASE = {
    permission for permission in Permission if permission.value.startswith(("minor_", "referral_", "ranking_", "plan_"))
}
CASE |= {Permission.OFFER_READ, Permission.OFFER_ANSWER, Permission.STAY_READ, Permission.FINDINGS_WHOLE}
CASE |= {Permission.TASK_READ, Permission.RELEASE_READ, Permission.EMERGENCY_REVIEW, Permission.IDENTITY_READ}
CASE |= {Permission.IDENTITY_TOLD}
# What shows nobody's data, and why.
EMPTY = {
    "/plans": "nights for which there is a plan, and nobody",
    "/v1/plans": "the same",
    "/referrals/{referral_id}/rankings/{run_id}/whole": "asks why, before anything is shown",
    "/referrals/new": "a form without a referral",
    "/minors/new": "a form without a record",
    "/referrals/{referral_id}": "leads to the newest answer",
}

# What one's own agency is not told of itself: each look is counted in test_telling.py.
OTHERS = {"/v1/shared/{source_id}", "/shared/{source_id}"}
# What an address asks for beside its steps.
QUERIES = {"/referrals/{referral_id}/rankings/{run_id}/house": "?facility=fac_a"}


@pytest.fixture
def known(client: TestClient, database: Database) -> dict[str, Any]:
    """A supervisor signed in; a referral of the own agency, its answer, and a stay in a house of the same agency."""
    person = sign_in(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.COALITION_LEAD))
    minors = [{"id": "min_1"}, {"id": "min_2"}]
    referrals = [{"id": f"ref_{n}", "minor": f"min_{n}", "urgency": 1, "needed_from": None} for n in (1, 2)]
    own = person.agency_id
    document = network(house(), minors=minors, referrals=referrals)
    load(database, document, agency_id=own, operators={"fac_a": own})
    minor = {**EIGHT_ANSWERS["minor"], "found": None}
    supervisor, staff = (Caller(client, database, role, own) for role in (Role.SUPERVISOR, Role.FACILITY_STAFF))
    made(supervisor.patch("/v1/referrals/ref_1", {"minor": minor, "version": 1}))
    answer = client.post("/referrals/ref_1/rankings", data=token(client), headers=SAME_SITE)
    run = answer.headers["Location"].split("/")[-1]
    question = {"run": run, "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
    offer = made(supervisor.post("/v1/referrals/ref_1/holds", question))["id"]
    stay = made(staff.post(f"/v1/facilities/fac_a/offers/{offer}/answer", {"accept": True}))["stay_id"]
    made(staff.post(f"/v1/stays/{stay}/arrival"))
    task = rows(staff.get("/v1/tasks"))[0]["id"]
    paths = {"referral_id": "ref_1", "run_id": run, "facility_id": "fac_a", "offer_id": offer, "stay_id": stay}
    paths |= {"task_id": task, "minor_id": "min_1"}
    paths["plan_id"] = made(supervisor.post("/v1/plans"))["id"]
    past = {"outside_facility": "x", "admitted_on": "2026-01-01", "left_on": "2026-01-05"}
    paper = {
        "recipient": new_agency(database), "purpose": "legal_help", "items": ["age"], "given": "written",
        "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "explained": True,
        "valid_until": "2026-12-20T00:00:00Z",
    }  # fmt: skip
    law = {"recipient": paper["recipient"], "law": "court_order", "reference": "x", "items": ["age"]}
    law["valid_until"] = paper["valid_until"]
    paths["basis_id"] = made(supervisor.post("/v1/referrals/ref_1/legal-bases", law))["id"]
    paths["release_id"] = made(supervisor.post("/v1/referrals/ref_1/releases", paper))["id"]
    meeting = {"name": "a", "held_at": database.clock.now().isoformat(), "agencies": []}
    paths["conference_id"] = made(supervisor.post("/v1/conferences", meeting))["id"]
    paths["past_stay_id"] = made(supervisor.post("/v1/referrals/ref_1/past-stays", past))["id"]
    return {**paths, "staff": staff.headers}


def token(client: TestClient) -> dict[str, str]:
    return {"form_token": form_token(client.cookies["bednight"])}


def looks(database: Database, request_id: str) -> list[str]:
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.request_id == request_id))
        return sorted(row.action for row in rows if row.outcome is Outcome.OK)


def test_every_look_at_a_case_is_on_record(
    app: FastAPI, client: TestClient, database: Database, known: dict[str, Any]
) -> None:
    seen: dict[str, list[str]] = {}
    for method, path, demanded in guarded(app):
        if method != "GET" or path in {*EMPTY, *OTHERS} or not (demanded & CASE or path == "/"):
            continue
        headers = {} if demanded <= POLICY[Role.SUPERVISOR] else known["staff"]
        answer = client.get(path.format(**known) + QUERIES.get(path, ""), headers=headers)
        assert answer.status_code == 200, (path, answer.text)
        seen[path] = looks(database, answer.headers["X-Request-Id"])
    assert [path for path, actions in seen.items() if not actions] == []
    assert seen["/"] == seen["/v1/referrals"] == ["referral.list"]
    assert seen["/v1/referrals/{referral_id}"] == seen["/referrals/{referral_id}/change"] == ["referral.read"]
    answers = {"/referrals/{referral_id}/rankings/{run_id}", "/referrals/{referral_id}/rankings/{run_id}/text"}
    assert {tuple(seen[path]) for path in answers} == {("ranking.read", "referral.read")}


def test_a_form_that_is_shown_again_is_a_look_too(
    client: TestClient, database: Database, known: dict[str, Any]
) -> None:
    sent = {**token(client), "version": "1", "age": "not an age"}
    again = client.post("/referrals/ref_2", data=sent, headers=SAME_SITE)
    assert again.status_code == 422
    assert looks(database, again.headers["X-Request-Id"]) == ["referral.read"]
    sent = {**token(client), "version": "1", "fact": "minor.born_on", "answer": "not an age"}
    where = f"/referrals/ref_1/rankings/{known['run_id']}/answers"
    again = client.post(where, data=sent, headers=SAME_SITE)
    assert again.status_code == 422
    assert looks(database, again.headers["X-Request-Id"]) == ["ranking.read", "referral.read"]


def test_what_is_hidden_is_no_look(client: TestClient, database: Database, known: dict[str, Any]) -> None:
    sign_in(client, database, Role.SUPERVISOR)
    for path in ("/v1/referrals/ref_1", f"/referrals/ref_1/rankings/{known['run_id']}", "/referrals/ref_1/change"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert looks(database, answer.headers["X-Request-Id"]) == []


def test_where_the_trail_cannot_be_written_nothing_is_shown(
    client: TestClient, database: Database, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError

    with database.reading() as session:
        before = session.scalar(select(func.count()).select_from(AuditEvent))
    monkeypatch.setattr(database, "writing", full)
    answer = client.get("/v1/referrals/ref_1")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    monkeypatch.undo()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == before
