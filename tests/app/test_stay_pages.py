"""What a stay leads to, from its own page: the next placement through to the asking, and the plan for after it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.sharing.models import Relation
from app.sharing.service import grant
from app.stays.aftercare_models import Support
from app.stays.aftercare_view import SUPPORT
from app.stays.models import Stay
from app.tasks.service import tell_due
from tests.actors import sign_in
from tests.app.test_due import capped, lived_in
from tests.app.test_hold_pages import Hand, title
from tests.factories import Caller, made, refused
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """A sign-in that outlasts what a test moves the clock by."""
    long = timedelta(days=400)
    return Settings(database_url=database_url, keys=keys, login_links=True, session_lasts=long, session_idles=long)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


@pytest.fixture
def hand(scene: Scene) -> Hand:
    return Hand(scene.client, scene.database, scene.coordinator.agency_id)


def test_the_next_placement_is_planned_from_the_stay_and_asked_for(scene: Scene, hand: Hand) -> None:
    capped(scene)
    stay = lived_in(scene, "fac_k", nights=30)
    page = hand.get(f"/stays/{stay}")
    assert "Nothing is arranged from the night of Dec 5 on." in page.text
    answer = hand.send(f"/stays/{stay}/next")
    assert title(answer).endswith("2 beds on Dec 5") or title(answer).endswith("3 beds on Dec 5")
    assert "16 nights" in answer.text
    # The young person has a bed until then: houses are asked, and none is held.
    assert "Ask this house" in answer.text
    assert "Hold bed" not in answer.text
    asking = re.findall(r'formaction="([^"]+/offers)"', answer.text)[0]
    said = {"authority": "court_order", "choice_reason": "clinical_advice"}
    offer = hand.send(asking, facility="fac_b", **said)
    assert "waiting for B" in title(offer)
    again = hand.get(f"/stays/{stay}")
    assert re.search(r"R-\w{5}: it is being looked for", again.text)
    assert "Plan next placement" not in again.text
    twice = hand.send(f"/stays/{stay}/next")
    assert twice.status_code == 409
    assert "The next placement is being looked for already." in twice.text


def test_a_bed_that_is_held_leaves_the_others_to_be_asked(scene: Scene, hand: Hand) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    made(scene.ask(path, run, "fac_a"))
    page = hand.get(f"{path[3:]}/rankings/{run}")
    assert "Hold bed" not in page.text
    assert page.text.count('formaction="') == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"needed_from": "soon"}, "Write the date as month/day/year"),
        ({"needed_from": "11/20/2026"}, "The first night cannot lie in the past"),
        ({"nights_needed": "0"}, "Write a whole number from 1 to 3650"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(scene: Scene, hand: Hand, fields: Json, said: str) -> None:
    stay = lived_in(scene, nights=10)
    page = hand.send(f"/stays/{stay}/next", **fields)
    assert page.status_code == 422
    assert said in page.text
    assert f'value="{next(iter(fields.values()))}"' in page.text
    assert "<title>Error: R-" in page.text


def test_a_stay_without_an_end_asks_for_the_night(scene: Scene, hand: Hand) -> None:
    stay = lived_in(scene, nights=10)
    answer = hand.send(f"/stays/{stay}/next", needed_from="11/25/2026", nights_needed="5")
    assert "on Nov 25" in title(answer)


def test_a_house_plans_no_next_placement(scene: Scene) -> None:
    stay = lived_in(scene, nights=10)
    sign_in(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    page = scene.client.get(f"/stays/{stay}", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "Next placement" not in page.text
    assert "After the stay" not in page.text


def test_what_follows_a_stay_is_for_the_agency_that_placed(scene: Scene) -> None:
    """Another agency may see the young person and the stay, and not what comes after."""
    stay = lived_in(scene, nights=10)
    other = Caller(scene.client, scene.database, Role.INTAKE_COORDINATOR)
    with scene.database.writing() as session:
        minor_id = session.get_one(Stay, stay).minor_id
        grant(session, minor_id, other.agency_id, Relation.REFERRED, scene.clock.now())
    assert made(other.get(f"/v1/stays/{stay}"))["id"] == stay
    refused(other.get(f"/v1/stays/{stay}/aftercare"), 404, "not_found")
    page = Hand(scene.client, scene.database, other.agency_id).get(f"/stays/{stay}")
    assert page.status_code == 200
    assert "After the stay" not in page.text


def test_the_plan_for_after_is_written_line_by_line(scene: Scene, hand: Hand) -> None:
    assert set(SUPPORT) == set(Support)
    stay = lived_in(scene, nights=10)
    here = f"/stays/{stay}/aftercare"
    line = {"press": "add", "version": "1", "kind": "mentoring", "with_whom": "Youth Center"}
    page = hand.send(here, **line, starts_on="12/1/2026")
    assert "Mentoring: Youth Center, from Dec 1" in page.text
    stale = hand.send(here, **line)
    assert stale.status_code == 409
    assert "Someone changed this since you read it" in stale.text
    version = re.findall(r'name="version" value="(\d+)"', hand.get(f"/stays/{stay}").text)[0]
    wrong = hand.send(here, press="add", version=version, kind="", with_whom="  ", starts_on="x")
    assert wrong.status_code == 422
    for said in ("Choose what it is", "Write with whom", "Write the date as month/day/year"):
        assert said in wrong.text
    assert hand.send(here, press="remove:0", version="9" * 5000).status_code == 428
    gone = hand.send(here, press="remove:0", version=version)
    assert "Nothing planned yet." in gone.text


def test_follow_ups_stand_on_the_stay_and_lead_to_their_tasks(scene: Scene, hand: Hand) -> None:
    stay = lived_in(scene, nights=10)
    hand.send(f"/stays/{stay}/discharge", reason="completed", destination="family")
    page = hand.get(f"/stays/{stay}")
    assert page.text.count("To come") == 4
    scene.clock.move(timedelta(days=25))
    tell_due(scene.database)
    page = hand.get(f"/stays/{stay}")
    task = re.findall(r'href="/tasks#(task_\w+)"', page.text)
    assert len(task) == 1
    hand.send(f"/tasks/{task[0]}", press="needs_help")
    assert "Needs help" in hand.get(f"/stays/{stay}").text


def test_a_discharge_that_is_refused_is_said_on_the_page(scene: Scene, hand: Hand) -> None:
    stay = lived_in(scene, nights=10)
    page = hand.send(f"/stays/{stay}/discharge", reason="completed")
    assert page.status_code == 422
    assert "Choose one of the answers" in page.text
