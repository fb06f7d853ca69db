"""The beds of all regions as those who place see them: bands, freshness, and never where or how many."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.facilities.models import Bed, BedStatus, Facility
from tests.actors import sign_in
from tests.factories import Caller, house, made, rows
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
    short: Json = house("fac_c", staffing={"night_ratio": 0, "awake_staff_tonight": 2})
    licence = {**house()["licence"], "min_age": 16, "genders": ["male"], "capacity": 1}
    found = Scene(client, database, clock, house("fac_a"), house("fac_b", licence=licence), short)
    with database.writing() as session:
        session.execute(update(Facility).where(Facility.id != "fac_b").values(region="Region 1"))
        session.execute(update(Facility).where(Facility.id == "fac_b").values(region="Region 2", duty_phone="555-0101"))
    sign_in(client, database, Role.INTAKE_COORDINATOR)
    return found


def beds(scene: Scene, query: str = "") -> str:
    answer = scene.client.get(f"/beds{query}", headers=HTML)
    assert answer.status_code == 200
    found = re.search(r"<main.*</main>", answer.text, re.S)
    assert found is not None
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def card(said: str, name: str) -> str:
    """From the name of a house to the next one."""
    return re.split(r" (?=[ABC] (?:None|1|2 or more) open)", said.partition(f" {name} ")[2])[0]


def test_open_beds_are_bands_and_a_house_that_can_take_nobody_has_none(scene: Scene) -> None:
    said = beds(scene)
    assert said.startswith("2 houses with an open bed tonight")
    assert card(said, "A").startswith("2 or more open")
    assert card(said, "B").startswith("1 open")  # two beds, and a licence for one
    assert card(said, "C").startswith("None open")  # nobody who could look after them
    assert "Licensed for 6" in card(said, "A")
    assert "Staffed" not in said  # of other people's houses
    assert "Call 555-0101" in card(said, "B")


def test_no_bed_is_open_in_a_house_that_an_answer_called_not_available(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    """Beside an open bed, "not available" would say that somebody who lives there is the reason."""
    lives_there = {"minor": None, "bed": None, "trafficking": "none", "age": 16, "from": None, "until": None}
    found = Scene(client, database, clock, house("fac_a", residents=[lives_there]), house("fac_b"))
    other = Caller(client, database, Role.INTAKE_COORDINATOR)

    def open_beds(who: Caller) -> dict[str, str]:
        return {row["id"]: row["open_beds"] for row in rows(who.get("/v1/facilities"))}

    assert open_beds(found.coordinator) == {"fac_a": "2_or_more", "fac_b": "2_or_more"}
    _, decision = found.rank(found.refer())
    assert [(row["facility"], row["code"]) for row in decision["later"]] == [("fac_a", "not_available")]
    assert open_beds(found.coordinator) == {"fac_a": "none", "fac_b": "2_or_more"}
    assert open_beds(other) == {"fac_a": "2_or_more", "fac_b": "2_or_more"}
    assert open_beds(found.staff["fac_b"]) == {"fac_a": None, "fac_b": None}
    sign_in(client, database, Role.INTAKE_COORDINATOR, agency_id=found.coordinator.agency_id)
    assert card(beds(found), "A").startswith("None open")
    clock.move(timedelta(days=1))
    assert open_beds(found.coordinator) == {"fac_a": "2_or_more", "fac_b": "2_or_more"}


def test_a_hold_and_a_bed_out_of_use_are_not_open(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    made(scene.ask(path, run, "fac_a"))
    assert card(beds(scene), "A").startswith("1 open")
    scene.clock.move(timedelta(hours=3))  # the hold has run out
    with scene.database.writing() as session:
        tomorrow = scene.clock.tonight() + timedelta(days=1)
        off = {"status": BedStatus.OFFLINE, "held_for": None, "reason": "Repair", "offline_until": tomorrow}
        session.execute(update(Bed).where(Bed.facility_id == "fac_a").values(**off))
    assert "No beds open tonight in Region 1. 2 open tomorrow." in beds(scene, "?region=Region+1")


def test_what_nobody_confirmed_is_to_be_called_first(scene: Scene) -> None:
    assert "Confirmed 2 hours ago" in card(beds(scene), "A")
    made(scene.staff["fac_a"].post("/v1/facilities/fac_a/confirmations", {}))
    assert "Confirmed within the hour" in card(beds(scene), "A")
    assert "Call first" not in card(beds(scene), "A")
    said_no = {"referral": scene.refer().rsplit("/", 1)[1], "reason": "no_bed"}
    made(scene.coordinator.post("/v1/facilities/fac_a/calls", said_no))
    assert "Call first Not confirmed" in card(beds(scene), "A")
    assert "Call first" not in card(beds(scene), "B")
    scene.clock.move(timedelta(hours=10))
    assert "Call first Confirmed 12 hours ago" in card(beds(scene), "B")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", "ABC"),
        ("?region=Region+2", "B"),
        ("?age=14", "AC"),
        ("?age=16&gender=female", "AC"),
        ("?age=17&gender=male", "ABC"),
        ("?age=19", ""),
        ("?age=x&gender=%00", "ABC"),
    ],
)
def test_the_choices_narrow_by_region_and_licence(scene: Scene, query: str, shown: str) -> None:
    assert "".join(sorted(re.findall(r" ([ABC]) (?:None|1|2 or more) open", beds(scene, query)))) == shown


def test_own_houses_say_how_many_are_staffed_and_funded(scene: Scene) -> None:
    sign_in(scene.client, scene.database, Role.SUPERVISOR, scene.agencies["fac_a"])
    assert "Licensed for 6, Staffed tonight 8, Funded tonight 2" in card(beds(scene), "A")
    assert "Staffed" not in card(beds(scene), "B")


def test_the_page_is_in_the_frame_of_those_who_place(scene: Scene) -> None:
    assert 'href="/beds"' in scene.client.get("/", headers=HTML).text
    sign_in(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    assert scene.client.get("/beds").status_code == 403
