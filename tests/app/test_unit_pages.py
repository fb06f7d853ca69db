"""The rooms of a house by forms: what is saved, what is wrong beside its field, and who may."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.access.policy import Role
from app.clock import MovableClock
from app.db import Database
from tests.actors import SAME_SITE, sign_in
from tests.factories import Caller, rows
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
UNITS = "/board/fac_a/units"


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    """The administrator of the house's own agency is signed in."""
    scene = Scene(client, database, clock)
    sign_in(client, database, Role.ADMINISTRATOR, scene.agencies["fac_a"])
    return scene


def get(scene: Scene, path: str = UNITS) -> Response:
    return scene.client.get(path, headers={"accept": "text/html"})


def press(scene: Scene, action: str, **fields: Any) -> Response:
    """Send the form at an address with what is hidden in it; what comes of it, unfollowed."""
    inside = re.findall(rf'<form[^>]*action="{action}"[^>]*>(.*?)</form>', get(scene).text, re.S)[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside))
    headers = {"accept": "text/html", **SAME_SITE}
    return scene.client.post(action, data={**hidden, **fields}, headers=headers, follow_redirects=False)


def units(scene: Scene) -> dict[str, Json]:
    caller = Caller(scene.client, scene.database, Role.ADMINISTRATOR, scene.agencies["fac_a"])
    return {row["name"]: row for row in rows(caller.get("/v1/facilities/fac_a/units"))}


RULE: Json = {
    "genders": ["female", "nonbinary"],
    "min_age": "12",
    "max_age": "17",
    "max_age_gap_years": "3",
    "one_gender_a_night": "yes",
}
SAVED: Json = {
    "genders": ["female", "nonbinary"],
    "min_age": 12,
    "max_age": 17,
    "max_age_gap_years": 3,
    "one_gender_a_night": True,
}


def test_a_room_is_added_and_its_rule_changed_and_lifted(scene: Scene) -> None:
    assert UNITS in get(scene, "/board/fac_a").text
    added = press(scene, UNITS, name="North", **RULE)
    north = units(scene)["North"]
    assert (added.status_code, added.headers["location"]) == (303, f"{UNITS}#{north['id']}")
    assert {name: north[name] for name in SAVED} == SAVED
    page = get(scene).text
    inside = page[page.index(f'id="{north["id"]}"') :].partition("</form>")[0]
    assert inside.count("checked") == 3
    assert [f'value="{number}"' in inside for number in (12, 17, 3)] == [True] * 3
    assert press(scene, f"{UNITS}/{north['id']}", name="North wing").status_code == 303
    changed = units(scene)["North wing"]
    assert {name: changed[name] for name in SAVED} == dict.fromkeys(SAVED)
    assert changed["version"] == north["version"] + 1


WRONG: tuple[tuple[Json, str, str], ...] = (
    ({"name": ""}, "name", "Write a name"),
    ({"min_age": "twelve"}, "min_age", "Write a whole number from 0 to 150"),
    ({"max_age": "151"}, "max_age", "Write a whole number from 0 to 150"),
    ({"min_age": "17", "max_age": "16"}, "max_age", "The oldest is not younger than the youngest"),
    ({"max_age_gap_years": "-1"}, "max_age_gap_years", "Write a whole number from 0 to 150"),
    ({"genders": ["other"]}, "genders", "Choose one of the answers"),
)


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(scene: Scene) -> None:
    before = units(scene)
    for fields, field, said in WRONG:
        answer = press(scene, UNITS, **{"name": "North", "max_age_gap_years": "4"} | fields)
        assert answer.status_code == 422, field
        place = answer.text.index(f'id="{field}-new-wrong"')
        assert said in answer.text[place : place + 300]
        assert answer.text.count('class="wrongtext"') == 1
        typed = 'id="max_age_gap_years-new" name="max_age_gap_years" value="4"'
        assert (typed in answer.text) is (field != "max_age_gap_years")
    assert units(scene) == before


def test_a_name_that_is_taken_and_a_room_that_somebody_changed_are_refused_on_the_page(scene: Scene) -> None:
    name, unit = next(iter(units(scene).items()))
    taken = press(scene, UNITS, name=name)
    assert (taken.status_code, "Another unit of this house has this name." in taken.text) == (409, True)
    stale = press(scene, f"{UNITS}/{unit['id']}", name="West", version=str(unit["version"] + 1))
    assert (stale.status_code, 'role="alert"' in stale.text, name in units(scene)) == (409, True, True)
    assert 'value="West"' in stale.text


def test_another_agency_s_house_is_not_there_and_staff_may_not(scene: Scene) -> None:
    headers = {"accept": "text/html", **SAME_SITE}
    assert get(scene, "/board/fac_b/units").status_code == 404
    for fields in ({"name": "North"}, {"name": ""}):
        assert scene.client.post("/board/fac_b/units", data=fields, headers=headers).status_code in (403, 404)
    sign_in(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    assert get(scene).status_code == 403
    assert "/units" not in get(scene, "/board/fac_a").text
