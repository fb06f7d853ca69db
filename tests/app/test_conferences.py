"""Case conferences: seats, an agenda of which each sees what the records allow, decisions, and tasks with their day."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.minors.conference_models import ConferenceDecision, ConferenceTask
from app.outbox.models import OutboxEvent
from app.sharing.codes import Item
from tests.app.test_pages import Browser, browser, words
from tests.factories import Caller, made, new_agency, refused, rows

__all__ = ["browser"]

Json = dict[str, Any]
FLAG: Json = {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}


class Table:
    """Three agencies that sit together: one calls, one has the record, one is a school. A fourth does not sit there."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.caller = Caller(client, database, Role.PARTNER, new_agency(database, AgencyKind.COALITION_LEAD))
        self.owner = Caller(client, database, Role.SUPERVISOR)
        self.school = Caller(client, database, Role.PARTNER, new_agency(database, AgencyKind.SCHOOL))
        self.outside = Caller(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.HEALTH))
        self.minor = str(made(self.owner.post("/v1/minors", {"flag": FLAG}))["id"])
        called = made(self.caller.post("/v1/conferences", self.body()))
        self.path = f"/v1/conferences/{called['id']}"

    def body(self, **more: Any) -> Json:
        seats = [self.owner.agency_id, self.school.agency_id]
        return {"name": "County team", "held_at": self.clock.now().isoformat(), "agencies": seats, **more}

    def put(self) -> str:
        """The record on the agenda; its path there."""
        case = made(self.owner.post(f"{self.path}/cases", {"minor": self.minor}))["id"]
        return f"{self.path}/cases/{case}"

    def release(self, *items: Item) -> str:
        """A paper for the school; its path."""
        body = {
            "recipient": self.school.agency_id, "purpose": "schooling", "items": list(items), "given": "written",
            "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "explained": True,
            "valid_until": (self.clock.now() + timedelta(days=30)).isoformat(),
        }  # fmt: skip
        at = f"/v1/minors/{self.minor}/releases"
        return f"{at}/{made(self.owner.post(at, body))['id']}"

    def task(self, **more: Any) -> Json:
        return {"words": "find a class", "agency": self.school.agency_id, "due_on": "2026-12-01", **more}


@pytest.fixture
def table(client: TestClient, database: Database, clock: MovableClock) -> Table:
    return Table(client, database, clock)


def test_each_sees_what_the_records_allow_and_of_the_rest_how_many(table: Table) -> None:
    case = table.put()
    made(table.owner.post(f"{case}/decisions", {"words": "a mentor, and school again"}))
    seen = made(table.owner.get(table.path))
    assert [one["words"] for one in seen["cases"][0]["decisions"]] == ["a mentor, and school again"]
    for somebody in (table.caller, table.school):
        shown = made(somebody.get(table.path))
        assert (shown["cases"], [one["entries"] for one in shown["not_shared"]]) == ([], [1])
    timeline = made(table.owner.get(f"/v1/minors/{table.minor}"))["timeline"]
    assert [(one["kind"], one["on"]) for one in timeline] == [("conference", "2026-11-21")]
    refused(table.outside.get(table.path), 404, "not_found")
    flags = table.release(Item.FLAGS)
    (one,) = made(table.school.get(table.path))["cases"]
    assert (one["minor_id"], one["decisions"], one["tasks"]) == (table.minor, None, None), "plans are another kind"
    plans = table.release(Item.SUPPORT)
    (one,) = made(table.school.get(table.path))["cases"]
    assert [said["words"] for said in one["decisions"]] == ["a mentor, and school again"]
    for paper in (flags, plans):
        made(table.owner.post(f"{paper}/withdrawal"))
    assert made(table.school.get(table.path))["cases"] == []


def test_a_task_goes_to_who_may_see_it_and_leaves_with_the_paper(table: Table) -> None:
    case = table.put()
    refused(table.owner.post(f"{case}/tasks", table.task()), 409, "not_now")
    paper = table.release(Item.SUPPORT)
    made(table.owner.post(f"{case}/tasks", table.task()))
    (todo,) = rows(table.school.get("/v1/conferences/tasks"))
    assert (todo["words"], todo["due_on"], todo["mine"], todo["overdue"]) == ("find a class", "2026-12-01", True, False)
    table.clock.move(timedelta(days=11))
    assert rows(table.school.get("/v1/conferences/tasks"))[0]["overdue"] is True
    at = f"{table.path}/tasks/{todo['id']}"
    refused(table.caller.put(at, {"done": True}), 404, "not_found")
    assert made(table.school.put(at, {"done": True}))["done_at"] is not None
    assert made(table.owner.put(at, {"done": False}))["done_at"] is None
    made(table.owner.post(f"{paper}/withdrawal"))
    assert rows(table.school.get("/v1/conferences/tasks")) == []
    refused(table.school.put(at, {"done": True}), 404, "not_found")


def test_no_word_of_it_stands_in_the_database(table: Table) -> None:
    table.release(Item.SUPPORT)
    case = table.put()
    made(table.owner.post(f"{case}/decisions", {"words": "CANARY decided"}))
    made(table.owner.post(f"{case}/tasks", table.task(words="CANARY task")))
    with table.database.reading() as session:
        for kind in (ConferenceDecision, ConferenceTask):
            assert b"CANARY" not in session.scalars(select(kind.words)).one()


@pytest.mark.one_kind
def test_each_act_sent_twice_acts_once(table: Table) -> None:
    table.release(Item.SUPPORT)
    meeting = table.body()
    first = made(table.caller.post("/v1/conferences", meeting, Idempotency_Key="k"))
    again = table.caller.post("/v1/conferences", meeting, Idempotency_Key="k")
    assert (made(again)["id"], again.headers["Idempotent-Replayed"]) == (first["id"], "true")
    sent: list[tuple[str, Json]] = [(f"{table.path}/cases", {"minor": table.minor})]
    case = table.put()
    sent += [(f"{case}/decisions", {"words": "x"}), (f"{case}/tasks", table.task())]
    for at, body in sent:
        first, again = (made(table.owner.post(at, body, Idempotency_Key=at[-9:])) for _ in range(2))
        assert first == again
    (shown,) = made(table.owner.get(table.path))["cases"]
    assert (len(shown["decisions"]), len(shown["tasks"])) == (1, 1)


@pytest.mark.one_kind
def test_who_called_it_notes_who_came_once_it_has_begun(table: Table) -> None:
    later = (table.clock.now() + timedelta(hours=1)).isoformat()
    at = f"/v1/conferences/{made(table.caller.post('/v1/conferences', table.body(held_at=later)))['id']}/attendance"
    came = {"agency": table.school.agency_id, "came": False}
    refused(table.caller.put(at, came), 409, "not_now")
    table.clock.move(timedelta(hours=1))
    refused(table.owner.put(at, came), 404, "not_found")
    refused(table.caller.put(at, {**came, "agency": table.outside.agency_id}), 422, "invalid")
    seats = {one["agency_id"]: one["came"] for one in made(table.caller.put(at, came))["seats"]}
    assert seats == {table.school.agency_id: False, table.owner.agency_id: None, table.caller.agency_id: None}


@pytest.mark.one_kind
def test_an_own_record_alone_is_put_there_and_taken_off(table: Table) -> None:
    refused(table.school.post(f"{table.path}/cases", {"minor": table.minor}), 404, "not_found")
    refused(table.outside.post(f"{table.path}/cases", {"minor": table.minor}), 404, "not_found")
    case = table.put()
    assert table.put() == case, "once"
    refused(table.caller.put(f"{case}/withdrawal", None), 404, "not_found")
    assert made(table.owner.put(f"{case}/withdrawal", None))["taken_off_at"] is not None
    assert made(table.owner.get(table.path))["cases"] == []
    assert table.put() != case


@pytest.mark.one_kind
@pytest.mark.parametrize("days", [-8, 401])
def test_it_is_held_within_reach(table: Table, days: int) -> None:
    at = (table.clock.now() + timedelta(days=days)).isoformat()
    refused(table.caller.post("/v1/conferences", table.body(held_at=at)), 422, "invalid")
    for none in ("agency_none", new_agency(table.database, AgencyKind.FUNDER)):
        refused(table.caller.post("/v1/conferences", table.body(agencies=[none])), 422, "invalid")
    case = table.put()
    for due in ("2026-11-20", "2027-12-27"):
        refused(table.owner.post(f"{case}/tasks", table.task(due_on=due)), 422, "invalid")


@pytest.mark.one_kind
def test_told_is_who_is_asked_by_ids_alone_and_each_look_is_on_record(table: Table) -> None:
    with table.database.reading() as session:
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "conference.called")).all()
        assert {one.agency_id for one in told} == {table.owner.agency_id, table.school.agency_id}
    table.release(Item.SUPPORT)
    table.put()
    made(table.school.get(table.path))
    with table.database.reading() as session:
        looks = select(AuditEvent).where(AuditEvent.action == "conference.read", AuditEvent.subject_kind == "minor")
        assert [one.release_id is not None for one in session.scalars(looks)] == [False, True]


@pytest.mark.one_kind
def test_the_pages_hold_a_conference(browser: Browser, clock: MovableClock) -> None:
    here = str(browser.send("/minors", level="at_risk", basis="observation", days="90").url.path)
    assert 'href="/conferences"' in browser.get("/minors").text
    missing = browser.send("/conferences", name="County team", held_at="")
    assert (missing.status_code, 'value="County team"' in missing.text) == (422, True)
    called = browser.send("/conferences", name="County team", held_at="2026-11-21T22:00")
    at = str(called.url.path)
    shown = browser.send(f"{at}/cases", minor=here.rsplit("/", 1)[1])
    case = re.search(rf'action="({at}/cases/case_\w+)"', shown.text)
    assert case is not None
    own = re.search(r'name="agency"[^>]*>.*?<option value="(agency_\w+)"', shown.text, re.S)
    assert own is not None
    assert "school first" in words(browser.send(case[1], press="decided", words="school first"))
    wrong = browser.send(case[1], press="task", words="call", agency=own[1], due_on="soon")
    assert (wrong.status_code, "Write the date as" in words(wrong)) == (422, True)
    given = browser.send(case[1], press="task", words="call the school", agency=own[1], due_on="11/24/2026")
    assert "call the school" in words(given)
    todo = re.search(rf'action="({at}/tasks/todo_\w+)"', browser.get("/conferences").text)
    assert todo is not None
    assert "Not done after all" in words(browser.send(todo[1], press="done"))
    assert "Came" in words(browser.send(f"{at}/attendance", agency=own[1], came="yes"))
    assert "Nobody is on the agenda." in words(browser.send(case[1], press="off"))
