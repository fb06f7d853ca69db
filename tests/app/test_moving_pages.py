"""Moving whoever stays by forms: nights away, back sooner, another bed, more nights; with a house's own sign-in."""

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
from tests.actors import sign_in
from tests.app.test_board_pages import Phone, words
from tests.app.test_stays import arrived, other_bed, statuses
from tests.factories import made
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """A sign-in that outlasts what a test moves the clock by."""
    long = timedelta(days=7)
    return Settings(database_url=database_url, keys=keys, login_links=True, session_lasts=long, session_idles=long)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def staff_at(scene: Scene) -> tuple[Phone, str, str]:
    """Somebody of the house on the page of a stay; the stay and its bed."""
    stay, bed = arrived(scene)
    phone = Phone(scene)
    phone.page = phone.get(f"/stays/{stay}")
    assert phone.page.status_code == 200
    return phone, stay, bed


def stay_of(scene: Scene, stay: str) -> Json:
    return dict(made(scene.coordinator.get(f"/v1/stays/{stay}")))


def test_nights_away_are_entered_and_end_sooner(scene: Scene) -> None:
    phone, stay, _ = staff_at(scene)
    assert "nights away" in words(phone.page.text).lower()
    for fields, said in (
        ({}, "Write from which night on the young person is back"),
        ({"back_on": "2026-11-21"}, "The night of the return comes after the first night away"),
        ({"first": "soon", "back_on": "2026-11-24"}, "Write the date as month/day/year"),
    ):
        phone.page = phone.get(f"/stays/{stay}")
        wrong = phone.press("/away", press="kept", **fields)
        assert (wrong.status_code, said in words(wrong.text)) == (422, True), words(wrong.text)
        assert re.search(r'<details class="card" open id="away">', wrong.text)
    page = phone.press("/away", press="kept", back_on="11/25/2026")
    assert "Away Nights of Nov 21 through Nov 24" in words(page.text)
    assert "Nobody pays tonight" not in words(page.text)
    assert [row.fund_id for row in scene.nights()[:5]] == [None] * 4 + ["fund_a"]
    early = phone.press("/back", within="Back tonight")
    assert ">Away<" not in early.text
    assert (stay_of(scene, stay)["away"], {row.fund_id for row in scene.nights()}) == ([], {"fund_a"})
    phone.press("/away", press="paid", first="2026-11-24", back_on="2026-11-27")
    later = phone.press("/back", on="2026-11-25")
    assert "Night of Nov 24" in words(later.text)


@pytest.mark.parametrize(
    ("ending", "fields", "field"),
    [
        ("/away", {"press": "kept", "first": "2199-11-21", "back_on": "2199-11-24"}, "first"),
        ("/longer", {"until": "2199-11-21"}, "until"),
    ],
)
def test_a_date_out_of_reach_is_said_beside_its_field(
    scene: Scene, ending: str, fields: dict[str, str], field: str
) -> None:
    phone, _, _ = staff_at(scene)
    wrong = phone.press(ending, **fields)
    beside = re.search(rf'id="{field}-wrong"[^>]*>(.*?)</p>', wrong.text)
    assert beside is not None
    assert "within reach." in words(beside[1])
    assert (wrong.status_code, "missing or malformed" in wrong.text) == (422, False)


def test_a_press_that_says_nothing_is_told_once(scene: Scene) -> None:
    phone, _, _ = staff_at(scene)
    said = words(phone.press("/discharge").text)
    assert (said.count("Choose one of the answers"), said.count("missing or malformed")) == (1, 0)


def test_a_bed_given_up_is_chosen_anew_on_the_way_back(scene: Scene) -> None:
    phone, stay, bed = staff_at(scene)
    gone = phone.press("/away", press="given", back_on="2026-11-27")
    assert "Choose a bed below when the young person is back" in words(gone.text)
    assert "there is nothing to pay until a bed is chosen again" in words(gone.text)
    assert "No bed kept" in words(gone.text)
    assert "Nobody pays" not in words(gone.text)
    assert "Stay longer" not in words(gone.text)
    board = phone.get("/board/fac_a")
    assert re.search(rf'<a href="/stays/{stay}">R-\w{{5}}: back sooner, or another bed</a>', board.text)
    assert "Nights of Nov 21 through Nov 26, no bed is kept" in words(board.text)
    scene.clock.move(timedelta(days=1))
    phone.page = phone.get(f"/stays/{stay}")
    back = phone.press("/bed", bed=other_bed(scene, bed))
    assert back.status_code == 200
    assert stay_of(scene, stay)["away"] == [{"from": "2026-11-21", "until": "2026-11-22"}]
    assert statuses(scene)[other_bed(scene, bed)] == "occupied"
    assert len(scene.nights()) == 9


def test_another_bed_is_one_press_and_a_second_tap_is_the_same(scene: Scene) -> None:
    phone, stay, bed = staff_at(scene)
    before, other = phone.page, other_bed(scene, bed)
    for _ in range(2):
        phone.page = before
        there = phone.press("/bed", bed=other)
        assert (there.status_code, "note bad" in there.text) == (200, False)
    assert stay_of(scene, stay)["bed_id"] == other
    phone.page = before
    assert phone.press("/bed", bed=bed).status_code == 409


def test_more_nights_are_asked_for_by_the_day_of_leaving(scene: Scene) -> None:
    phone, stay, _ = staff_at(scene)
    wrong = phone.press("/longer", until="")
    assert "Write the day of leaving" in words(wrong.text)
    late = phone.press("/longer", until="2026-11-22")
    assert "Expected a day after the stay's end" in words(late.text)
    phone.press("/longer", until="2026-12-03")
    assert stay_of(scene, stay)["expected_until"] == "2026-12-03"


def test_whoever_may_only_read_a_stay_is_shown_no_form(scene: Scene) -> None:
    stay, _ = arrived(scene)
    sign_in(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", {"reason": "completed", "destination": "family"}))
    ended = scene.client.get(f"/stays/{stay}", headers={"accept": "text/html"})
    assert "Nights away" not in ended.text


def test_a_supervisor_corrects_who_paid_and_the_staff_are_not_asked(scene: Scene) -> None:
    phone, stay, _ = staff_at(scene)
    scene.clock.move(timedelta(days=2))
    assert "Correct who paid" not in phone.get(f"/stays/{stay}").text
    sign_in(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    phone.page = phone.get(f"/stays/{stay}")
    wrong = phone.press("/payers", paid_from="2026-11-22", paid_through="2026-11-21", fund="", because="")
    for said in ("The last night comes after the first", "Choose who paid, or nobody", "Write how that is known"):
        assert said in words(wrong.text)
    phone.page = phone.get(f"/stays/{stay}")
    fields = {"paid_from": "2026-11-21", "paid_through": "2026-11-22", "fund": "nobody", "because": "the invoice"}
    late = phone.press("/payers", **{**fields, "paid_through": "2026-11-23"})
    assert "Only nights of this stay that are over can be corrected" in words(late.text)
    phone.page = phone.get(f"/stays/{stay}")
    done = phone.press("/payers", **fields)
    assert done.status_code == 200
    assert [row.fund_id for row in scene.nights()[:3]] == [None, None, "fund_a"]
