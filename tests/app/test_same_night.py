"""What is asked of a house is one night, once: nobody is placed on another one without having read it."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.clock import MovableClock
from app.db import Database
from tests.factories import fund, house, load, made, network, refused
from tests.scenes import Scene

Json = dict[str, Any]


def one_bed_tonight(identifier: str) -> Json:
    """A house with one bed tonight, and a second from two weeks later."""
    place = house(identifier)
    place["units"][0]["beds"][1]["unavailable"] = [["2026-11-21", "2026-12-05"]]
    return place


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock, one_bed_tonight("fac_a"), house("fac_b"))


def faster(scene: Scene, facility: str) -> None:
    """Somebody else holds a bed there."""
    path = scene.refer()
    made(scene.ask(path, scene.rank(path)[0], facility))


def awake(scene: Scene, facility: str, people: int = 2) -> None:
    """How many are awake there in the night that has begun."""
    made(scene.staff[facility].post(f"/v1/facilities/{facility}/confirmations", {"awake_staff_tonight": people}))


def test_who_was_slower_is_told_and_given_no_later_night(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    faster(scene, "fac_a")
    problem = refused(scene.ask(path, run, "fac_a"), 409, "bed_taken")
    assert [row["facility"] for row in problem["next_options"]] == ["fac_b"]
    assert problem["run"] != run
    # Who has read that it is the later night may have it.
    later = made(scene.ask(path, problem["run"], "fac_a"))
    assert later["hold"]["first_night"] == "2026-12-05"


def test_another_bed_of_the_house_on_the_same_night_is_what_was_read(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    faster(scene, "fac_b")
    assert made(scene.ask(path, run, "fac_b"))["hold"]["first_night"] == "2026-11-21"


def test_a_night_that_is_over_is_tonight(scene: Scene) -> None:
    scene.clock.move(timedelta(hours=10, minutes=30))
    path = scene.refer()
    run, decision = scene.rank(path)
    assert {row["admit_on"] for row in decision["options"]} == {"2026-11-21"}
    scene.clock.move(timedelta(minutes=30))
    awake(scene, "fac_b")
    assert made(scene.ask(path, run, "fac_b", called=True))["hold"]["first_night"] == "2026-11-22"


def correct(scene: Scene, path: str, **minor: Any) -> None:
    """Correct what is known of the young person."""
    version = made(scene.coordinator.get(path))["version"]
    made(scene.coordinator.patch(path, {"version": version, "minor": minor}))


def held(scene: Scene, facility: str) -> tuple[str, Json]:
    path = scene.refer()
    return path, made(scene.ask(path, scene.rank(path)[0], facility))


def still_asked(scene: Scene, path: str, offer: Json) -> bool:
    """Nothing came of a yes: the question is open, and so is the referral."""
    read = made(scene.coordinator.get(f"{path}/offers/{offer['id']}"))
    return (read["status"], read["stay_id"], made(scene.coordinator.get(path))["status"]) == ("open", None, "open")


def test_a_yes_counts_for_no_later_night_than_was_asked_for(scene: Scene) -> None:
    path = scene.refer()
    offer = made(scene.ask(path, scene.rank(path)[0], "fac_a", "offers"))
    faster(scene, "fac_a")
    problem = refused(scene.answer("fac_a", offer["id"]), 409, "not_now")
    assert "Call the agency that asked" in problem["detail"]
    assert still_asked(scene, path, offer)


def test_a_hold_is_no_yes_for_somebody_whom_the_house_may_not_take(scene: Scene) -> None:
    path, offer = held(scene, "fac_b")
    correct(scene, path, born_on=None, age_range=[19, 19])
    refused(scene.answer("fac_b", offer["id"]), 409, "not_now")
    assert still_asked(scene, path, offer)


def test_a_hold_is_no_yes_of_a_house_that_may_take_nobody_now(scene: Scene) -> None:
    path, offer = held(scene, "fac_b")
    awake(scene, "fac_b", 0)
    refused(scene.answer("fac_b", offer["id"]), 409, "not_now")
    assert still_asked(scene, path, offer)
    awake(scene, "fac_b", 2)
    assert made(scene.answer("fac_b", offer["id"]))["status"] == "accepted"


def test_what_does_not_matter_changes_nothing_about_a_yes(scene: Scene) -> None:
    path, offer = held(scene, "fac_b")
    kept = {(row.bed_id, row.night, row.fund_id, row.limit_id) for row in scene.nights()}
    correct(scene, path, needs={"infants": 0, "conditions": [], "languages": ["en"]})
    awake(scene, "fac_b")
    yes = made(scene.answer("fac_b", offer["id"]))
    nights = scene.nights()
    assert {(row.bed_id, row.night, row.fund_id, row.limit_id) for row in nights} == kept
    assert {(row.stay_id, row.hold_id) for row in nights} == {(yes["stay_id"], None)}


def test_a_hold_from_before_the_night_turned_is_for_tonight(scene: Scene) -> None:
    scene.clock.move(timedelta(hours=10, minutes=30))
    path = scene.refer()
    offer = made(scene.ask(path, scene.rank(path)[0], "fac_b", called=True))
    assert offer["hold"]["first_night"] == "2026-11-21"
    scene.clock.move(timedelta(minutes=30))
    awake(scene, "fac_b")
    yes = made(scene.answer("fac_b", offer["id"]))
    assert (yes["admit_on"], min(row.night for row in scene.nights()).isoformat()) == ("2026-11-22", "2026-11-22")


def test_a_house_is_asked_once_for_one_young_person(scene: Scene) -> None:
    path, offer = held(scene, "fac_b")
    run, _ = scene.rank(path)
    problem = refused(scene.ask(path, run, "fac_b", "offers"), 409, "asked_already")
    assert "take the question back" in problem["fix"]
    made(scene.ask(path, run, "fac_a", "offers"))
    refused(scene.ask(path, run, "fac_a", "offers"), 409, "asked_already")
    made(scene.coordinator.post(f"{path}/offers/{offer['id']}/withdrawal", {}))
    made(scene.ask(path, scene.rank(path)[0], "fac_b"))


def test_who_is_refused_money_that_a_hold_keeps_is_led_to_a_house_that_another_payer_pays(scene: Scene) -> None:
    houses = [house(name, funds=["fund_one"]) for name in ("fac_p", "fac_q")]
    load(scene.database, network(*houses, funds=[fund("fund_one", beds_per_night=1)]))
    faster(scene, "fac_p")
    path = scene.refer()
    run, decision = scene.rank(path)
    assert {"fac_p", "fac_q", "fac_b"} <= {entry["facility"] for entry in decision["options"]}
    problem = refused(scene.ask(path, run, "fac_p"), 409, "money_held")
    assert {row["facility"] for row in problem["next_options"]} == {"fac_a", "fac_b"}
    made(scene.ask(path, problem["run"], "fac_b"))
