"""A stay that goes on in its own bed by a yes of its own: how long it is needed, and by what right, is said anew."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.clock import MovableClock
from app.db import Database
from app.facilities.models import BedUnavailable
from app.placements import due
from tests.app.test_due import lived_in
from tests.app.test_moves import ask_on
from tests.factories import house, made, rows
from tests.scenes import Scene


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    """A house with one bed, which is out of use from 21 December on."""
    small = house("fac_a")
    (unit,) = small["units"]
    made_of = Scene(client, database, clock, {**small, "units": [{**unit, "beds": unit["beds"][:1]}]})
    first = clock.tonight() + timedelta(days=30)
    with database.writing() as session:
        nights = {"from_night": first, "until_night": first + timedelta(days=4)}
        session.add(BedUnavailable(id="out_later", bed_id="bed_a1", **nights))
    return made_of


def went_on(scene: Scene, **ask: str) -> str:
    """A stay of ten nights that is needed for forty more, and has a bed for twenty of them."""
    stay = lived_in(scene, nights=10)
    path, run, _ = ask_on(scene, stay, needed_from="2026-12-01", nights_needed=40)
    made(scene.answer("fac_a", made(scene.ask(path, run, "fac_a", "offers", **ask))["id"]))
    assert made(scene.coordinator.get(f"/v1/stays/{stay}"))["expected_until"] == "2026-12-21"
    return stay


def test_its_cliff_is_warned_of_as_the_newest_need_has_it(scene: Scene) -> None:
    stay = went_on(scene)
    scene.clock.move(timedelta(days=27))
    due.run(scene.database)
    (warning,) = rows(scene.coordinator.get(f"/v1/stays/{stay}/warnings"))
    assert (warning["cliff"], warning["nights"]) == ("2026-12-21", 3)
    asked = made(scene.coordinator.post(f"/v1/stays/{stay}/next", {}))
    referral = made(scene.coordinator.get(f"/v1/referrals/{asked['referral_id']}"))
    assert (referral["needed_from"], referral["nights_needed"]) == ("2026-12-21", 20)


@pytest.mark.parametrize("left", [False, True])
def test_its_right_is_warned_of_while_it_lasts(scene: Scene, left: bool) -> None:
    stay = went_on(scene, authority_until="2026-12-10T12:00:00-05:00")
    scene.clock.move(timedelta(days=3))
    if left:
        made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", {"reason": "completed", "destination": "family"}))
    scene.clock.move(timedelta(days=15))
    due.run(scene.database)
    assert len(rows(scene.coordinator.get("/v1/tasks?kind=authority"))) == (0 if left else 1)
