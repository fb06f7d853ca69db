"""Somebody who left needs a bed again: the same young person, and the nights that were slept are counted."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.minors.models import Minor
from app.referrals.models import Referral
from tests.app.test_due import capped, lived_in
from tests.app.test_hold_pages import Hand, title
from tests.factories import Caller, made, refused
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
GONE: Json = {"reason": "young_person_left", "destination": "not_known"}
AGAIN: Json = {"needed_from": None, "nights_needed": 30}


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """A sign-in that outlasts what a test moves the clock by."""
    long = timedelta(days=30)
    return Settings(database_url=database_url, keys=keys, login_links=True, session_lasts=long, session_idles=long)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def left(scene: Scene, after: int = 5) -> tuple[str, str]:
    """Somebody who had five of fourteen paid nights: the path of the referral, and the stay."""
    capped(scene, window="lifetime")
    stay = lived_in(scene, "fac_k", nights=30)
    with scene.database.reading() as session:
        path = f"/v1/referrals/{session.scalars(select(Referral.id)).one()}"
    scene.clock.move(timedelta(days=after))
    made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", GONE))
    return path, stay


def test_the_same_young_person_is_referred_again_with_the_nights_that_were_slept(scene: Scene) -> None:
    path, _ = left(scene)
    before = made(scene.coordinator.get(path))
    answer = scene.coordinator.post(f"{path}/again", {**AGAIN, "minor": {"history": "complete"}}, Idempotency_Key="k")
    new = made(answer)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/referrals/{new['id']}")
    assert new["minor"] == {**before["minor"], "history": "complete"}
    assert (new["code"] == before["code"], new["nights_needed"]) == (False, 30)
    made(scene.staff["fac_a"].post("/v1/facilities/fac_k/confirmations", {"awake_staff_tonight": 2}))
    _, decision = scene.rank(answer.headers["Location"])
    (option,) = [entry for entry in decision["options"] if entry["facility"] == "fac_k"]
    assert option["funded_nights"] == 9
    replay = scene.coordinator.post(f"{path}/again", {**AGAIN, "minor": {"history": "complete"}}, Idempotency_Key="k")
    assert (made(replay)["id"], replay.headers["Idempotent-Replayed"]) == (new["id"], "true")
    refused(scene.coordinator.post(f"{path}/again", AGAIN), 409, "already_exists")
    with scene.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Minor)) == 1


def test_whoever_has_a_place_goes_on_from_there(scene: Scene) -> None:
    stay = lived_in(scene, nights=10)
    with scene.database.reading() as session:
        path = f"/v1/referrals/{session.scalars(select(Referral.id)).one()}"
    assert (
        "Plan the next placement" in refused(scene.coordinator.post(f"{path}/again", AGAIN), 409, "not_now")["detail"]
    )
    gone = {"first": "2026-11-21", "until": "2026-11-30", "keep_bed": False, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", gone))
    refused(scene.coordinator.post(f"{path}/again", AGAIN), 409, "not_now")
    other = Caller(scene.client, scene.database, Role.INTAKE_COORDINATOR)
    refused(other.post(f"{path}/again", AGAIN), 404, "not_found")


def test_the_form_holds_what_is_known_and_asks_when_a_bed_is_needed(scene: Scene) -> None:
    path, stay = left(scene)
    hand = Hand(scene.client, scene.database, scene.coordinator.agency_id)
    link = re.findall(r'href="(/referrals/ref_\w+/again)"', hand.get(f"/stays/{stay}").text)
    assert link == [f"{path[3:]}/again"]
    answer = hand.get(hand.get(path[3:]).headers["location"])
    assert f'href="{link[0]}"' in answer.text
    form = hand.get(link[0])
    assert title(form).startswith("New referral after R-")
    assert "For the same young person" in form.text
    fields = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"[^>]*checked', form.text))
    age = re.findall(r'name="age" value="([^"]*)"', form.text) or re.findall(r'id="age"[^>]*value="([^"]*)"', form.text)
    county = re.findall(r'<option value="(\d{5})" selected', form.text)
    said = {**fields, "age": age[0], "county": county[0], "nights_needed": "20", "press": "find"}
    wrong = hand.send(link[0], **{**said, "nights_needed": "x"})
    assert (wrong.status_code, title(wrong)) == (422, title(form))
    answer = hand.send(link[0], **said)
    assert answer.status_code == 200
    with scene.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Minor)) == 1
        assert sorted(
            session.scalars(select(Referral.nights_needed).where(Referral.nights_needed > 0)).all(), key=str
        ) == [20, 30]
