"""From a ranked option to a night slept: hold, offer, answer, arrival, discharge, and what each refuses."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.beds.models import FormerBedNight, Hold
from app.clock import MovableClock
from app.db import Database
from app.referrals.models import Referral, ReferralStatus
from tests.factories import fund, house, load, made, network, refused, rows
from tests.scenes import Scene

Json = dict[str, Any]
TONIGHT = date(2026, 11, 21)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def held(scene: Scene, facility: str = "fac_a", nights: int = 10) -> tuple[str, Json]:
    """A referral with a hold in a house."""
    path = scene.refer(nights)
    run, _ = scene.rank(path)
    return path, made(scene.ask(path, run, facility))


def beds(scene: Scene, facility: str) -> dict[str, Json]:
    houses = {row["id"]: row for row in scene.snapshot()["facilities"]}
    return {bed["id"]: bed for unit in houses[facility]["units"] for bed in unit["beds"]}


def test_a_hold_keeps_the_bed_every_night_of_the_need_and_asks_the_house(scene: Scene) -> None:
    path, offer = held(scene)
    hold = offer["hold"]
    assert (offer["status"], hold["first_night"], hold["until_night"]) == ("open", "2026-11-21", "2026-12-01")
    assert [row.night for row in scene.nights()] == [TONIGHT + timedelta(days=n) for n in range(10)]
    assert {(row.hold_id, row.fund_id, row.stay_id) for row in scene.nights()} == {(hold["id"], "fund_a", None)}
    card = beds(scene, "fac_a")[hold["bed_id"]]
    assert (card["status"], card["held_for"]) == ("held", path.rsplit("/", 1)[1])
    (asked,) = rows(scene.staff["fac_a"].get("/v1/facilities/fac_a/offers"))
    assert (asked["id"], asked["age"], asked["nights"], asked["funded_nights"]) == (offer["id"], "15", 10, 10)
    assert not {"born_on", "residence", "minor", "minor_id", "referral_id"} & set(asked)


def test_a_bed_held_for_a_referral_stays_free_for_it_and_for_nobody_else(scene: Scene) -> None:
    path, offer = held(scene)
    run, again = scene.rank(path)
    assert offer["hold"]["bed_id"] in [option["bed"] for option in again["options"]]
    other = scene.refer()
    _, decision = scene.rank(other)
    assert offer["hold"]["bed_id"] not in [option["bed"] for option in decision["options"]]
    refused(scene.ask(path, run, "fac_b"), 409, "held_already")


def test_a_second_claim_of_a_bed_is_refused_with_what_is_still_to_be_had(scene: Scene) -> None:
    one, two = scene.refer(), scene.refer()
    (run_one, _), (run_two, decision) = scene.rank(one), scene.rank(two)
    first = made(scene.ask(one, run_one, "fac_a"))
    wanted = next(option for option in decision["options"] if option["facility"] == "fac_a")
    assert wanted["bed"] == first["hold"]["bed_id"]
    # The house changed since: it is judged again, and its other bed is taken instead.
    second = made(scene.ask(two, run_two, "fac_a"))
    assert second["hold"]["bed_id"] != first["hold"]["bed_id"]
    three = scene.refer()
    run_three, _ = scene.rank(three)
    refused(scene.ask(three, run_three, "fac_a"), 409, "not_an_option")


def test_a_yes_makes_the_stay_and_the_others_stand_down(scene: Scene) -> None:
    path, offer = held(scene)
    run, _ = scene.rank(path)
    soft = made(scene.ask(path, run, "fac_b", "offers"))
    yes = made(scene.answer("fac_a", offer["id"]))
    assert yes["status"] == "accepted"
    assert {row.stay_id for row in scene.nights()} == {yes["stay_id"]}
    listed = {row["id"]: row for row in rows(scene.coordinator.get(path + "/offers"))}
    assert (listed[offer["id"]]["status"], listed[soft["id"]]["status"]) == ("accepted", "stood_down")
    refused(scene.answer("fac_b", soft["id"]), 409, "offer_ended")
    with scene.database.reading() as session:
        assert session.scalar(select(Referral.status)) is ReferralStatus.PLACED
    limit = scene.snapshot()["funds"][0]["limits"][0]
    assert limit["nights_left"] == 90


def test_a_house_may_say_yes_to_a_question_that_kept_no_bed(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_b", "offers"))
    assert scene.nights() == []
    yes = made(scene.answer("fac_b", offer["id"]))
    assert len([row for row in scene.nights() if row.stay_id == yes["stay_id"]]) == 10


@pytest.mark.parametrize(("need", "nights"), [(None, 180), (10, 10)])
def test_a_question_without_a_hold_says_for_how_many_nights_it_is(scene: Scene, need: int | None, nights: int) -> None:
    path = scene.refer(need)
    run, _ = scene.rank(path)
    made(scene.ask(path, run, "fac_a", "offers"))
    (asked,) = rows(scene.staff["fac_a"].get("/v1/facilities/fac_a/offers"))
    assert (asked["nights"], asked["funded_nights"]) == (nights, min(nights, 100))


def test_a_no_frees_the_bed_and_bars_nobody(scene: Scene) -> None:
    path, offer = held(scene)
    no = {"accept": False, "decided_by": "facility", "reason": "no_staffed_bed", "second_reason": "acuity_psych"}
    assert made(scene.answer("fac_a", offer["id"], **no))["status"] == "declined"
    assert scene.nights() == []
    run, decision = scene.rank(path)
    assert "fac_a" in [option["facility"] for option in decision["options"]]
    made(scene.ask(path, run, "fac_a"))


def test_taking_back_is_no_decline_and_undo_ends_after_ten_minutes(scene: Scene) -> None:
    path, offer = held(scene)
    withdrawal = f"{path}/offers/{offer['id']}/withdrawal"
    scene.clock.move(timedelta(minutes=11))
    refused(scene.coordinator.post(withdrawal, {"undo": True}), 409, "too_late")
    back = made(scene.coordinator.post(withdrawal, {}))
    assert (back["status"], back["hold"]["ended_how"], back["reason"]) == ("withdrawn", "released", None)
    assert beds(scene, "fac_a")[offer["hold"]["bed_id"]]["status"] == "open"
    refused(scene.coordinator.post(withdrawal, {}), 409, "offer_ended")


def test_a_hold_that_ran_out_is_nobody_s(scene: Scene) -> None:
    _, offer = held(scene)
    scene.clock.move(timedelta(hours=2))
    refused(scene.answer("fac_a", offer["id"]), 409, "offer_ended")
    assert beds(scene, "fac_a")[offer["hold"]["bed_id"]]["status"] == "open"
    other = scene.refer()
    run, decision = scene.rank(other)
    assert offer["hold"]["bed_id"] in [option["bed"] for option in decision["options"]]
    made(scene.ask(other, run, "fac_a"))
    assert {row.hold_id for row in scene.nights()} != {offer["hold"]["id"]}


@pytest.mark.parametrize(("whose", "reason"), [("young_person", "no_bed"), ("facility", "minor_declined")])
def test_a_reason_belongs_to_whose_no_it_is(scene: Scene, whose: str, reason: str) -> None:
    path = scene.refer()
    offer = made(scene.ask(path, scene.rank(path)[0], "fac_a"))["id"]
    refused(scene.answer("fac_a", offer, accept=False, decided_by=whose, reason=reason), 422, "invalid")
    made(scene.answer("fac_a", offer, accept=False, decided_by="young_person", reason="minor_declined"))


def test_another_option_than_the_first_takes_a_reason(scene: Scene) -> None:
    path = scene.refer()
    run, decision = scene.rank(path)
    second = decision["options"][1]["facility"]
    problem = refused(scene.ask(path, run, second, choice_reason=None), 409, "reason_needed")
    assert [error["pointer"] for error in problem["errors"]] == ["/choice_reason"]
    made(scene.ask(path, run, second, choice_reason="young_person_wish"))


@pytest.mark.parametrize("held_after", [0, 1, 2])
def test_one_hold_and_two_further_questions_at_most(scene: Scene, held_after: int) -> None:
    """Whenever the hold comes: what is only asked never keeps a bed from being held."""
    load(scene.database, network(house("fac_d", funds=["fund_d"]), funds=[fund("fund_d")]))
    path = scene.refer()
    run, _ = scene.rank(path)
    kinds = ["offers"] * 2
    kinds.insert(held_after, "holds")
    for facility, kind in zip(("fac_a", "fac_b", "fac_c"), kinds, strict=True):
        made(scene.ask(path, run, facility, kind))
    refused(scene.ask(path, run, "fac_d", "offers"), 409, "offers_full")
    refused(scene.ask(path, run, "fac_d"), 409, "held_already")


def test_a_third_question_without_a_hold_is_refused(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    for facility in ("fac_a", "fac_b"):
        made(scene.ask(path, run, facility, "offers"))
    refused(scene.ask(path, run, "fac_c", "offers"), 409, "offers_full")
    made(scene.ask(path, run, "fac_c"))


def test_arriving_and_leaving(scene: Scene) -> None:
    _, offer = held(scene)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    scene.clock.move(timedelta(days=1))
    there = made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    assert (there["admitted_on"], there["arrived"]) == ("2026-11-22", True)
    assert there["payers"] == [{"fund": "fund_a", "from": "2026-11-22", "until": "2026-12-01"}]
    scene.clock.move(timedelta(days=3))
    gone = made(
        scene.coordinator.post(f"/v1/stays/{stay}/discharge", {"reason": "maximum_time", "destination": "family"})
    )
    assert (gone["left_on"], gone["payers"][0]["until"]) == ("2026-11-25", "2026-11-25")
    with scene.database.reading() as session:
        former = session.scalars(select(FormerBedNight.movement)).all()
    assert sorted(former) == ["discharged"] * 6 + ["not_arrived"]
    assert beds(scene, "fac_a")[offer["hold"]["bed_id"]]["status"] == "cleaning"
    refused(scene.coordinator.post(f"/v1/stays/{stay}/arrival"), 409, "not_now")


def test_who_never_comes_waits_again(scene: Scene) -> None:
    path, offer = held(scene)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    made(scene.coordinator.post(f"/v1/stays/{stay}/no-arrival"))
    assert scene.nights() == []
    assert beds(scene, "fac_a")[offer["hold"]["bed_id"]]["status"] == "open"
    assert made(scene.coordinator.get(path))["status"] == "open"


def test_nobody_else_s_house_answers(scene: Scene) -> None:
    _, offer = held(scene)
    stranger = scene.staff["fac_b"]
    refused(stranger.post(f"/v1/facilities/fac_a/offers/{offer['id']}/answer", {"accept": True}), 404, "not_found")
    refused(stranger.post(f"/v1/facilities/fac_b/offers/{offer['id']}/answer", {"accept": True}), 404, "not_found")


def test_the_same_key_holds_once(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    body = {"run": run, "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
    one = scene.coordinator.post(f"{path}/holds", body, Idempotency_Key="k1")
    two = scene.coordinator.post(f"{path}/holds", body, Idempotency_Key="k1")
    assert made(one)["id"] == made(two)["id"]
    assert two.headers["Idempotent-Replayed"] == "true"
    with scene.database.reading() as session:
        assert len(session.scalars(select(Hold)).all()) == 1


def test_money_that_a_hold_keeps_is_counted_for_others_and_not_against_itself(scene: Scene) -> None:
    path, _ = held(scene, nights=60)
    _, again = scene.rank(path)
    assert {option["funded_nights"] for option in again["options"]} == {60}
    _, other = scene.rank(scene.refer(60))
    assert {option["funded_nights"] for option in other["options"]} == {40}
