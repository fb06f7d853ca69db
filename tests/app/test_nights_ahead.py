"""Nights beyond the first: on all of them whom to keep apart, what the licence allows and what bed is in use hold."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.clock import MovableClock
from app.db import Database
from app.facilities.models import BedUnavailable
from app.stays.models import Stay
from tests.app.test_moves import ask_on
from tests.app.test_stays import arrived, other_bed
from tests.app.test_workflow import scene
from tests.factories import EIGHT_ANSWERS, house, made, refused
from tests.scenes import Scene

__all__ = ["scene"]

Json = dict[str, Any]
LATER = "2026-12-01"


@pytest.fixture
def of_one(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    """A house with two beds that is licensed for one."""
    small = house("fac_a")
    return Scene(client, database, clock, {**small, "licence": {**small["licence"], "capacity": 1}})


def apart_from(scene: Scene, stay: str) -> Json:
    """Facts of somebody who must not live with whoever has that stay."""
    with scene.database.reading() as session:
        other = session.get_one(Stay, stay).minor_id
    return {**EIGHT_ANSWERS["minor"], "avoid": {"minors": [other]}}


def planned(scene: Scene, bed: str, **referral: Any) -> str:
    """A stay in that bed of the first house, from a later night on."""
    path = scene.refer(10, needed_from=LATER, **referral)
    offer = made(scene.ask(path, scene.rank(path)[0], "fac_a"))
    stay = str(made(scene.answer("fac_a", offer["id"]))["stay_id"])
    scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": bed})  # it may be that bed already
    return stay


def extended(scene: Scene, stay: str, until: str = "2026-12-05") -> Any:
    return scene.staff["fac_a"].post(f"/v1/stays/{stay}/extension", {"until": until})


def test_more_nights_stay_within_the_licence(of_one: Scene) -> None:
    stay, bed = arrived(of_one, nights=10)
    planned(of_one, other_bed(of_one, bed))
    before = len(of_one.nights())
    refused(extended(of_one, stay), 409, "not_available")
    assert len(of_one.nights()) == before


def test_more_nights_bring_nobody_together_who_is_kept_apart(scene: Scene) -> None:
    stay, bed = arrived(scene, nights=9)
    planned(scene, other_bed(scene, bed), minor=apart_from(scene, stay))
    refused(extended(scene, stay), 409, "not_available")
    made(extended(scene, stay, LATER))


@pytest.mark.parametrize(("nights", "status"), [(10, 201), (11, 409)])
def test_a_bed_tonight_ends_before_somebody_comes_who_is_kept_apart(scene: Scene, nights: int, status: int) -> None:
    stay = planned(scene, "bed_a1")
    path = scene.refer(nights, minor=apart_from(scene, stay))
    answer = scene.ask(path, scene.rank(path)[0], "fac_a")
    assert (answer.status_code, answer.json().get("code")) == (status, "not_available" if status == 409 else None)


def out_of_use(scene: Scene, bed: str) -> None:
    """A bed in which nobody can sleep for four nights after a fortnight."""
    first = scene.clock.tonight() + timedelta(days=14)
    with scene.database.writing() as session:
        nights = {"from_night": first, "until_night": first + timedelta(days=4)}
        session.add(BedUnavailable(id="out_later", bed_id=bed, **nights))


def test_no_stay_goes_on_in_a_bed_that_is_out_of_use(scene: Scene) -> None:
    stay, bed = arrived(scene, nights=10)
    out_of_use(scene, bed)
    refused(extended(scene, stay, "2026-12-06"), 409, "not_now")
    path, run, decision = ask_on(scene, stay, needed_from=LATER, nights_needed=20)
    assert "fac_a" in {entry["facility"] for entry in decision["options"]}
    offer = made(scene.ask(path, run, "fac_a", "offers"))
    refused(scene.answer("fac_a", offer["id"]), 409, "not_now")
    made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other_bed(scene, bed)}))
    made(scene.answer("fac_a", offer["id"]))
    made(extended(scene, stay, "2026-12-25"))
