"""A yes is judged on what is known then: nights told or put right since, and whom somebody there has come to avoid."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.clock import MovableClock
from app.db import Database
from app.facilities.stamps import stamps
from app.referrals.models import Referral
from tests.app.test_due import lived_in
from tests.app.test_moves import ask_on
from tests.app.test_stays import supervisor
from tests.factories import fund, house, lead, load, made, network, refused, rows
from tests.scenes import Scene

Json = dict[str, Any]
CAP = {"id": "cap14", "limit": 14, "unit": "night", "window": "trailing", "window_months": 12}
TWELVE: Json = {"outside_facility": "A house in Macon", "admitted_on": "2026-10-01", "left_on": "2026-10-13"}


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    """Two houses whose one fund pays 14 nights a year."""
    made_of = Scene(client, database, clock, house("fac_b"))
    capped = network(house("fac_a", funds=["fund_k"]), funds=[fund("fund_k", clocks=[CAP])])
    load(database, capped, operators=made_of.agencies)
    return made_of


def asked(scene: Scene, nights: int = 10) -> tuple[str, str]:
    """A referral for which a bed of the capped house is kept, and the offer."""
    path = scene.refer(nights)
    return path, str(made(scene.ask(path, scene.rank(path)[0], "fac_a"))["id"])


def paid(scene: Scene) -> list[str]:
    return [str(row.night) for row in scene.nights() if row.fund_id == "fund_k"]


def test_nights_that_were_told_since_the_ranking_are_counted_at_the_yes(scene: Scene) -> None:
    path, offer = asked(scene)
    payers = [{"fund": "fund_k", "from": TWELVE["admitted_on"], "until": TWELVE["left_on"]}]
    made(scene.coordinator.post(f"{path}/past-stays", {**TWELVE, "payers": payers}))
    made(scene.answer("fac_a", offer))
    assert paid(scene) == ["2026-11-21", "2026-11-22"]


def test_nights_that_were_put_right_since_are_counted_at_the_yes(scene: Scene) -> None:
    path = scene.refer(10)
    stay = made(scene.coordinator.post(f"{path}/past-stays", TWELVE))["id"]
    offer = str(made(scene.ask(path, scene.rank(path)[0], "fac_a"))["id"])
    who_paid = {"first": TWELVE["admitted_on"], "until": TWELVE["left_on"], "fund": "fund_k", "reason": "the invoice"}
    made(supervisor(scene).post(f"/v1/stays/{stay}/corrections", who_paid))
    made(scene.answer("fac_a", offer))
    assert paid(scene) == ["2026-11-21", "2026-11-22"]


def test_nights_that_a_fund_grants_no_more_are_not_paid_at_the_yes(scene: Scene) -> None:
    path, offer = asked(scene)
    administrator = lead(scene.client, scene.database)
    limit, *_ = rows(administrator.get("/v1/funds/fund_k/limits"))
    granted = limit | {"nights_granted": 3}
    at = f"/v1/funds/fund_k/limits/{limit['id']}"
    made(administrator.put(at, {name: value for name, value in granted.items() if name != "id"}))
    made(scene.answer("fac_a", offer))
    assert paid(scene) == ["2026-11-21", "2026-11-22", "2026-11-23"]
    again = scene.refer(10)
    answer = made(scene.coordinator.get(path))
    assert answer["status"] == "placed"
    assert scene.rank(again)[1]["options"][0]["facility"] == "fac_b"


def test_holidays_that_were_entered_since_are_counted_at_the_yes(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    scene = Scene(client, database, clock, house("fac_b"))
    five_days = {"id": "cap5", "limit": 5, "unit": "business_day", "window": "stay"}
    counted = network(house("fac_a", funds=["fund_d"]), funds=[fund("fund_d", clocks=[five_days])])
    load(database, counted, operators=scene.agencies)
    path = scene.refer(20)
    offer = str(made(scene.ask(path, scene.rank(path)[0], "fac_a"))["id"])
    made(lead(client, database).put("/v1/states/GA/holidays", {"days": ["2026-11-26"]}))
    made(scene.answer("fac_a", offer))
    paid_by = [str(row.night) for row in scene.nights() if row.fund_id == "fund_d"]
    # From a Saturday to the fifth business day: a Friday, and with Thanksgiving among them the Monday after.
    assert (paid_by[0], paid_by[-1]) == ("2026-11-21", "2026-11-29")


def test_nobody_is_let_in_beside_somebody_who_has_come_to_avoid_them(scene: Scene) -> None:
    there = lived_in(scene, "fac_a", nights=30)
    later, *_ = ask_on(scene, there, needed_from="2026-12-10")
    path, offer = asked(scene)
    with scene.database.reading() as session:
        newcomer = session.get_one(Referral, path.rsplit("/", 1)[1]).minor_id
    version = made(scene.coordinator.get(later))["version"]
    avoid = {"version": version, "minor": {"avoid": {"minors": [newcomer]}}}
    made(scene.coordinator.patch(later, avoid))
    refused(scene.answer("fac_a", offer), 409, "not_now")
    assert {row.stay_id for row in scene.nights() if row.hold_id is None} == {there}


def test_whoever_gave_a_bed_up_is_looked_at_in_that_house_all_the_same(scene: Scene) -> None:
    there = lived_in(scene, "fac_b", nights=30)
    later, *_ = ask_on(scene, there, needed_from="2026-12-10")
    gone = {"first": "2026-11-21", "until": "2026-11-25", "keep_bed": False, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{there}/absences", gone))
    with scene.database.reading() as session:
        before = stamps(session)
    version = made(scene.coordinator.get(later))["version"]
    made(scene.coordinator.patch(later, {"version": version, "minor": {"trafficking": "screening_pending"}}))
    with scene.database.reading() as session:
        assert stamps(session) == before | {"fac_b": before["fac_b"] + 1}
