"""A referral ends without a placement: what was asked is taken back, and nobody holds a bed for it."""

import re

import pytest
from fastapi.testclient import TestClient

from app.access.policy import Role
from app.db import Database
from app.facilities.models import Bed, BedStatus
from tests.actors import SAME_SITE, sign_in
from tests.app.test_workflow import beds, held, scene
from tests.factories import Caller, made, refused
from tests.scenes import Scene

__all__ = ["scene"]


@pytest.mark.parametrize("how", ["withdrawn", "closed"])
def test_a_referral_that_ends_frees_its_bed_and_tells_the_house(scene: Scene, how: str) -> None:
    path, offer = held(scene)
    run, _ = scene.rank(path)
    assert scene.nights()
    assert made(scene.coordinator.post(f"{path}/end", {"how": how}))["status"] == how
    assert scene.nights() == []
    assert made(scene.coordinator.get(f"{path}/offers/{offer['id']}"))["status"] == "withdrawn"
    refused(scene.answer("fac_a", offer["id"]), 409, "offer_ended")
    refused(scene.coordinator.post(f"{path}/end", {"how": how}), 409, "referral_closed")
    refused(scene.ask(path, run, "fac_b"), 409, "referral_closed")
    refused(scene.coordinator.post(f"{path}/rankings"), 409, "referral_closed")


@pytest.mark.parametrize("ends", [True, False])
def test_a_bed_that_a_file_said_was_kept_is_open_once_nobody_needs_it(scene: Scene, ends: bool) -> None:
    path = scene.refer(10)
    with scene.database.writing() as session:
        kept = session.get_one(Bed, "bed_a1")
        kept.status, kept.held_for = BedStatus.HELD, path.rsplit("/", 1)[1]
    if ends:
        made(scene.coordinator.post(f"{path}/end", {"how": "closed"}))
    else:
        offer = made(scene.ask(path, scene.rank(path)[0], "fac_b"))
        made(scene.answer("fac_b", offer["id"]))
        assert beds(scene, "fac_b")[offer["hold"]["bed_id"]]["status"] == "held"
    assert beds(scene, "fac_a")["bed_a1"]["status"] == "open"


def test_another_agency_s_referral_is_not_ended(scene: Scene, client: TestClient, database: Database) -> None:
    path, _ = held(scene)
    stranger = Caller(client, database, Role.INTAKE_COORDINATOR)
    refused(stranger.post(f"{path}/end", {"how": "closed"}), 404, "not_found")
    refused(scene.coordinator.post(f"{path}/end", {"how": "placed"}), 422, "invalid")
    assert made(scene.coordinator.get(path))["status"] == "open"


def test_one_press_on_the_page_ends_it(scene: Scene, client: TestClient, database: Database) -> None:
    path, _ = held(scene)
    sign_in(client, database, Role.INTAKE_COORDINATOR, scene.coordinator.agency_id)
    page = path.removeprefix("/v1")
    html = {"accept": "text/html", **SAME_SITE}
    answer = client.get(page, headers=html, follow_redirects=True)
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text)
    assert token is not None
    assert f'action="{page}/end"' in answer.text
    client.post(f"{page}/end", data={"form_token": token[1], "how": "gone"}, headers=html)
    assert made(scene.coordinator.get(path))["status"] == "open"
    sent = client.post(
        f"{page}/end", data={"form_token": token[1], "how": "closed"}, headers=html, follow_redirects=False
    )
    assert (sent.status_code, sent.headers["location"]) == (303, "/")
    assert made(scene.coordinator.get(path))["status"] == "closed"
    assert f'action="{page}/end"' not in client.get(page, headers=html, follow_redirects=True).text
