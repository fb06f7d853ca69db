"""Tasks with their deadlines and what was told, on one page: done with one press, read or not, and led on from."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.notices.channel import Notices
from app.outbox.delivery import deliver_due
from app.placements.todo import OUTCOMES, TASKS
from app.tasks.models import TaskKind, TaskOutcome
from app.tasks.service import open_task
from tests.actors import SAME_SITE, sign_in
from tests.app.test_workflow import held
from tests.factories import made
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
HTML = {"accept": "text/html"}


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """A sign-in that outlasts what a test moves the clock by."""
    long = timedelta(days=7)
    return Settings(database_url=database_url, keys=keys, login_links=True, session_lasts=long, session_idles=long)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


class Reader:
    """Somebody signed in, with the page of tasks open."""

    def __init__(self, scene: Scene, role: Role, agency_id: str) -> None:
        self.client = scene.client
        self.person = sign_in(scene.client, scene.database, role, agency_id)
        self.token = re.findall(r'name="form_token" value="(\w+)"', self.open().text)[0]

    def open(self) -> Response:
        self.page = self.client.get("/tasks", headers=HTML)
        assert self.page.status_code == 200
        return self.page

    def press(self, path: str, **fields: str) -> Response:
        sent = self.client.post(path, data={"form_token": self.token, **fields}, headers={**HTML, **SAME_SITE})
        if sent.status_code == 303:
            return self.open()
        self.page = sent
        return sent

    @property
    def said(self) -> str:
        main = re.findall(r"<main.*</main>", self.page.text, re.S)[0]
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def owed(scene: Scene, kind: TaskKind, agency_id: str, subject: tuple[str, str], **more: Any) -> str:
    """A task that is due in an hour."""
    now = scene.clock.now()
    with scene.database.writing() as session:
        made_id = open_task(
            session, kind, agency_id=agency_id, subject=subject, now=now, due_at=now + timedelta(hours=1), **more
        )
    assert made_id is not None
    return made_id


def test_every_task_and_outcome_has_words() -> None:
    assert set(TASKS) == set(TaskKind)
    assert set(OUTCOMES) == set(TaskOutcome)


def test_a_task_says_until_when_and_is_done_with_one_press(scene: Scene) -> None:
    path = scene.refer()
    own = scene.coordinator.agency_id
    task = owed(scene, TaskKind.WALK_IN, own, ("referral", path.rsplit("/", 1)[1]))
    reader = Reader(scene, Role.INTAKE_COORDINATOR, own)
    code = made(scene.coordinator.get(path))["code"]
    assert f"1 task {code}: Judge who is in a house against a rule By 23:14" in reader.said
    assert f'href="/referrals/{path.rsplit("/", 1)[1]}"' in reader.page.text
    assert "1 task" in scene.client.get("/", headers=HTML).text
    scene.clock.move(timedelta(hours=2))
    assert "1 task, 1 overdue" in scene.client.get("/", headers=HTML).text
    reader.open()
    assert reader.said.startswith("1 task, 1 overdue")
    assert "Overdue since 23:14" in reader.said
    wrong = reader.press(f"/tasks/{task}", press="reached", version="1")
    assert wrong.status_code == 422
    assert "<title>Error: 1 task" in wrong.text
    assert reader.press(f"/tasks/{task}", press="reached", version="9" * 5000).status_code == 422
    reader.press(f"/tasks/{task}", press="fits", version="1")
    assert reader.said.startswith("Nothing to do")
    late = reader.press(f"/tasks/{task}", press="ended", version="2")
    assert late.status_code == 409
    assert "This task is done." in reader.said
    done = made(scene.coordinator.get(f"/v1/tasks/{task}"))
    assert (done["outcome"], done["done_at"] is not None) == ("fits", True)


def test_what_another_page_answers_is_answered_there(scene: Scene) -> None:
    own = scene.coordinator.agency_id
    owed(scene, TaskKind.ARRIVAL, own, ("referral", scene.refer().rsplit("/", 1)[1]))
    reader = Reader(scene, Role.INTAKE_COORDINATOR, own)
    assert "Answer it there" in reader.said
    assert 'name="press"' not in reader.page.text


def test_a_task_of_another_agency_is_neither_shown_nor_done(scene: Scene) -> None:
    task = owed(scene, TaskKind.WALK_IN, scene.agencies["fac_a"], ("stay", "stay_1"), facility_id="fac_a")
    reader = Reader(scene, Role.INTAKE_COORDINATOR, scene.coordinator.agency_id)
    assert reader.said.startswith("Nothing to do")
    assert reader.press(f"/tasks/{task}", press="fits").status_code == 404
    house = Reader(scene, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    assert house.said.startswith("1 task Judge who is in a house")


def test_notices_are_new_until_read_and_lead_to_what_they_are_about(scene: Scene) -> None:
    path, offer = held(scene)
    deliver_due(scene.database, [Notices()])
    house = Reader(scene, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    assert "A bed is asked for. Answer the offer." in house.said
    made(scene.answer("fac_a", offer["id"]))
    deliver_due(scene.database, [Notices()])
    reader = Reader(scene, Role.INTAKE_COORDINATOR, scene.coordinator.agency_id)
    code = made(scene.coordinator.get(path))["code"]
    assert f"(1 not read) Mark all as read New: {code}: A house has accepted. See the arrival" in reader.said
    assert f'href="{path[3:]}/offers/{offer["id"]}"' in reader.page.text
    notice = re.findall(r'name="press" value="(note_\w+)"', reader.page.text)[0]
    reader.press("/tasks/notices", press=notice)
    assert "New:" not in reader.said
    assert "not read" not in reader.said


def test_a_notice_of_a_task_leads_to_it_while_it_is_open(scene: Scene) -> None:
    own = scene.coordinator.agency_id
    task = owed(scene, TaskKind.WALK_IN, own, ("referral", scene.refer().rsplit("/", 1)[1]))
    deliver_due(scene.database, [Notices()])
    reader = Reader(scene, Role.INTAKE_COORDINATOR, own)
    assert f'href="#{task}"' in reader.page.text
    reader.press(f"/tasks/{task}", press="fits")
    assert f'href="#{task}"' not in reader.page.text
    assert "A task is due." in reader.said


def test_all_read_is_all_that_was_shown(scene: Scene) -> None:
    held(scene)
    deliver_due(scene.database, [Notices()])
    reader = Reader(scene, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    newest = re.findall(r'name="newest" value="(\w+)"', reader.page.text)[0]
    held(scene)
    deliver_due(scene.database, [Notices()])
    reader.press("/tasks/notices", newest=newest)
    assert "(1 not read)" in reader.said
    assert reader.press("/tasks/notices", newest="note_none").status_code == 404
    assert reader.press("/tasks/notices", press="note_none").status_code == 404


def test_the_page_is_in_the_frame_of_those_who_have_tasks(scene: Scene) -> None:
    for role, status in ((Role.FACILITY_STAFF, 200), (Role.SUPERVISOR, 200), (Role.FUNDER_ANALYST, 403)):
        sign_in(scene.client, scene.database, role, scene.agencies["fac_a"])
        assert scene.client.get("/tasks").status_code == status


def test_an_authority_is_renewed_until_an_hour_of_the_network_s_own_time(scene: Scene) -> None:
    path, offer = held(scene)
    owed(scene, TaskKind.AUTHORITY, scene.coordinator.agency_id, ("offer", offer["id"]))
    reader = Reader(scene, Role.INTAKE_COORDINATOR, scene.coordinator.agency_id)
    where = re.findall(r'action="(/tasks/task_\w+)"', reader.page.text)[0]
    for wrong in ({}, {"until": "soon"}, {"until": "2026-11-20T10:00"}):
        assert reader.press(where, press="renewed", **wrong).status_code == 422
    reader.press(where, press="renewed", until="2026-11-24T09:30")
    assert "Nothing to do" in reader.said
    assert made(scene.coordinator.get(f"{path}/offers/{offer['id']}"))["authority_until"] == "2026-11-24T14:30:00Z"
