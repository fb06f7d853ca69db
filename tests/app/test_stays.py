"""Movements of a stay: what the cards say follows the ledger, and what must not be moved is refused."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.beds import due as due_beds
from app.beds.models import FormerBedNight
from app.clock import MovableClock
from app.db import Database
from app.facilities.models import BedUnavailable
from app.funding.models import FundLimit
from app.placements import due, pending
from app.sealing.words import words_at
from app.sharing.models import Relation
from app.sharing.service import grant
from app.stays.models import Stay
from tests.app.test_workflow import beds
from tests.factories import Caller, SignedIn, fund, house, load, made, network, refused, rows
from tests.scenes import Scene

Json = dict[str, Any]


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def accepted(scene: Scene, facility: str = "fac_a", nights: int = 10, **changes: Any) -> tuple[str, str]:
    """A stay for which the house has said yes, and its bed."""
    path = scene.refer(nights, **changes)
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, facility))
    return str(made(scene.answer(facility, offer["id"]))["stay_id"]), str(offer["hold"]["bed_id"])


def arrived(scene: Scene, **changes: Any) -> tuple[str, str]:
    stay, bed = accepted(scene, **changes)
    made(scene.coordinator.post(f"/v1/stays/{stay}/arrival"))
    return stay, bed


def other_bed(scene: Scene, bed: str) -> str:
    return next(other for other in beds(scene, "fac_a") if other != bed)


def statuses(scene: Scene) -> dict[str, str]:
    return {bed: card["status"] for bed, card in beds(scene, "fac_a").items()}


def test_another_bed_turns_both_cards(scene: Scene) -> None:
    stay, bed = arrived(scene)
    other = other_bed(scene, bed)
    made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other}))
    assert statuses(scene) == {bed: "cleaning", other: "occupied"}
    assert {row.bed_id for row in scene.nights()} == {other}


def test_moving_who_comes_later_leaves_tonight_s_cards(scene: Scene) -> None:
    stay, bed = accepted(scene, needed_from="2026-11-25")
    other = other_bed(scene, bed)
    made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other}))
    assert statuses(scene) == {bed: "open", other: "open"}


def test_nobody_moves_in_a_stay_to_which_nobody_came_though_its_first_night_is_to_come(scene: Scene) -> None:
    stay, bed = accepted(scene, needed_from="2026-11-25")
    made(scene.coordinator.post(f"/v1/stays/{stay}/no-arrival"))
    refused(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other_bed(scene, bed)}), 409, "not_now")
    refused(scene.coordinator.post(f"/v1/stays/{stay}/extension", {"until": "2026-12-20"}), 409, "not_now")
    assert scene.nights() == []


def test_the_card_is_held_when_the_night_comes(scene: Scene) -> None:
    _, bed = accepted(scene, needed_from="2026-11-23")
    assert statuses(scene)[bed] == "open"
    scene.clock.move(timedelta(days=2))
    assert due.run(scene.database) >= 1
    assert statuses(scene)[bed] == "held"


def test_a_bed_that_comes_back_into_use_on_the_day_it_is_kept_for_is_held_and_the_house_may_say_yes(
    scene: Scene,
) -> None:
    for bed in beds(scene, "fac_a"):
        body = {"status": "offline", "reason": "Repair", "offline_until": "2026-11-22", "version": 1}
        made(scene.staff["fac_a"].put(f"/v1/facilities/fac_a/beds/{bed}/status", body))
    scene.clock.move(timedelta(hours=10))
    path = scene.refer(10, needed_from=None)
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a", called=True))
    scene.clock.move(timedelta(hours=1))
    assert due.run(scene.database) >= 1
    kept = offer["hold"]["bed_id"]
    assert statuses(scene) == {kept: "held", other_bed(scene, kept): "offline"}
    made(scene.staff["fac_a"].post("/v1/facilities/fac_a/confirmations", {"awake_staff_tonight": 2}))
    made(scene.answer("fac_a", offer["id"]))


def test_a_room_for_others_is_no_bed_to_move_to(scene: Scene) -> None:
    stay, bed = arrived(scene)
    with scene.database.writing() as session:
        from app.facilities.models import Bed, Unit

        session.get_one(Unit, session.get_one(Bed, bed).unit_id).max_age = 14
    refused(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other_bed(scene, bed)}), 409, "not_now")


def test_a_bed_that_is_not_open_is_no_bed_to_move_to(scene: Scene) -> None:
    stay, bed = arrived(scene)
    other = other_bed(scene, bed)
    with scene.database.writing() as session:
        from app.facilities.models import Bed, BedStatus

        session.get_one(Bed, other).status = BedStatus.CLEANING
    refused(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other}), 409, "not_now")


def test_more_nights_are_paid_by_nobody_and_end_within_reach(scene: Scene) -> None:
    stay, _ = arrived(scene)
    refused(
        scene.coordinator.post(f"/v1/stays/{stay}/extension", {"until": "2026-12-05", "fund": "fund_a"}), 422, "invalid"
    )
    refused(scene.coordinator.post(f"/v1/stays/{stay}/extension", {"until": "2199-12-31"}), 422, "invalid")
    longer = made(scene.coordinator.post(f"/v1/stays/{stay}/extension", {"until": "2026-12-05"}))
    assert (longer["expected_until"], longer["payers"][-1]["until"]) == ("2026-12-05", "2026-12-01")


def test_nights_away_are_counted_once_and_a_bed_is_given_up_on_the_day(scene: Scene) -> None:
    stay, bed = arrived(scene)
    later = {"first": "2026-11-25", "until": "2026-11-27", "keep_bed": False, "paid": False}
    refused(scene.coordinator.post(f"/v1/stays/{stay}/absences", later), 409, "not_now")
    kept = {**later, "keep_bed": True}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", kept))
    refused(scene.coordinator.post(f"/v1/stays/{stay}/absences", kept), 409, "not_now")
    assert statuses(scene)[bed] == "occupied"
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", {**later, "first": "2026-11-21", "until": "2026-11-23"}))
    assert statuses(scene)[bed] == "cleaning"


def test_a_fund_that_pays_again_after_unpaid_nights_pays_twice(scene: Scene) -> None:
    stay, _ = arrived(scene)
    away = {"first": "2026-11-25", "until": "2026-11-27", "keep_bed": True, "paid": False}
    payers = made(scene.coordinator.post(f"/v1/stays/{stay}/absences", away))["payers"]
    assert [(payer["from"], payer["until"]) for payer in payers] == [
        ("2026-11-21", "2026-11-25"),
        ("2026-11-27", "2026-12-01"),
    ]
    assert len({payer["fund"] for payer in payers}) == 1


def test_a_movement_on_what_was_not_read_is_stale(scene: Scene) -> None:
    stay, _ = arrived(scene)
    gone = {"reason": "completed", "destination": "family", "version": 1}
    problem = refused(scene.coordinator.post(f"/v1/stays/{stay}/discharge", gone), 409, "stale_update")
    made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", {**gone, "version": problem["current"]["version"]}))


def test_last_night_is_taken_back_by_whoever_discharges_and_earlier_ones_by_a_supervisor_who_says_why(
    scene: Scene,
) -> None:
    stay, _ = arrived(scene)
    other, _ = arrived(scene)
    scene.clock.move(timedelta(days=3))
    path, gone = f"/v1/stays/{stay}/discharge", {"reason": "missing", "destination": "not_known"}
    last, before = {**gone, "left_on": "2026-11-23"}, {**gone, "left_on": "2026-11-22"}
    for caller in (scene.coordinator, scene.staff["fac_a"]):
        assert "supervisor" in refused(caller.post(path, before), 403, "forbidden")["detail"]
    (error,) = refused(supervisor(scene).post(path, before), 422, "invalid")["errors"]
    assert error["pointer"] == "/note"
    assert len(scene.nights()) == 20
    ended = made(supervisor(scene).post(path, {**before, "note": "the house saw it late"}))
    assert (ended["left_on"], len(scene.nights())) == ("2026-11-22", 11)
    with scene.database.reading() as session:
        rows = session.scalars(select(FormerBedNight)).all()
        said = words_at(session, FormerBedNight, "words", {row.id: row.sealed_words for row in rows})
        assert [said[row.id] for row in rows] == ["the house saw it late"] * len(rows)
        assert rows
    made(scene.staff["fac_a"].post(f"/v1/stays/{other}/discharge", last))


def test_whoever_leaves_in_the_morning_has_slept_the_night_though_it_has_not_turned(scene: Scene) -> None:
    stay, bed = arrived(scene)
    path = scene.coordinator.get("/v1/referrals").json()["data"][0]["id"]
    again: Json = {"minor": {}, "needed_from": None}
    scene.clock.move(timedelta(hours=10))
    gone = {"reason": "completed", "destination": "family"}
    tomorrow = {**gone, "left_on": "2026-11-23"}
    refused(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", tomorrow), 422, "invalid")
    ended = made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", {**gone, "left_on": "2026-11-22"}))
    assert ended["left_on"] == "2026-11-22"
    assert [str(row.night) for row in scene.nights()] == ["2026-11-21"]
    due.run(scene.database)
    assert statuses(scene)[bed] == "cleaning"
    refused(scene.coordinator.post(f"/v1/referrals/{path}/again", again), 409, "not_now")
    scene.clock.move(timedelta(hours=5))
    due_beds.reopen(scene.database)
    assert statuses(scene)[bed] == "open"
    assert made(scene.coordinator.post(f"/v1/referrals/{path}/again", again))["status"] == "open"


def test_whoever_has_left_in_the_night_by_mistake_leaves_earlier_by_a_second_word(scene: Scene) -> None:
    stay, _ = arrived(scene)
    scene.clock.move(timedelta(hours=5))
    gone = {"reason": "missing", "destination": "not_known"}
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", {**gone, "left_on": "2026-11-22"}))
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", gone))
    assert scene.nights() == []


def test_a_house_reads_an_ended_stay_until_the_night_turns(scene: Scene) -> None:
    stay, _ = arrived(scene)
    made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", {"reason": "completed", "destination": "family"}))
    made(scene.staff["fac_a"].get(f"/v1/stays/{stay}"))
    scene.clock.move(timedelta(days=1))
    refused(scene.staff["fac_a"].get(f"/v1/stays/{stay}"), 404, "not_found")
    made(scene.coordinator.get(f"/v1/stays/{stay}"))


@pytest.mark.one_kind
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-01T00:00:00Z"])
def test_a_right_that_has_ended_or_never_was_places_nobody(scene: Scene, at: str) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    refused(scene.ask(path, run, "fac_a", authority_until=at), 422, "invalid")


def test_no_yes_is_said_to_a_right_that_has_ended_until_it_is_renewed(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    ends = (scene.clock.now() + timedelta(minutes=30)).isoformat()
    offer = made(scene.ask(path, run, "fac_a", authority_until=ends))["id"]
    scene.clock.move(timedelta(minutes=30))
    refused(scene.answer("fac_a", offer), 409, "not_now")
    due.run(scene.database)
    (task,) = rows(scene.coordinator.get("/v1/tasks?kind=authority"))
    until = (scene.clock.now() + timedelta(days=3)).isoformat()
    made(scene.coordinator.post(f"/v1/tasks/{task['id']}/done", {"outcome": "renewed", "until": until}))
    made(scene.answer("fac_a", offer))


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("discharge", {"reason": "completed", "destination": "family"}),
        ("extension", {"until": "2026-12-05"}),
        ("absences", {"first": "2026-11-22", "until": "2026-11-23", "keep_bed": True, "paid": True}),
    ],
)
def test_whoever_was_let_in_to_read_moves_nobody(scene: Scene, act: str, body: Json) -> None:
    stay, _ = arrived(scene)
    reader = Caller(scene.client, scene.database, Role.INTAKE_COORDINATOR)
    with scene.database.writing() as session:
        minor = session.get_one(Stay, stay).minor_id
        grant(session, minor, reader.agency_id, Relation.REFERRED, scene.clock.now())
    made(reader.get(f"/v1/stays/{stay}"))
    refused(reader.post(f"/v1/stays/{stay}/{act}", body), 404, "not_found")
    made(scene.coordinator.post(f"/v1/stays/{stay}/{act}", body))


@pytest.mark.one_kind
def test_a_house_reads_of_needs_only_what_it_offers(scene: Scene) -> None:
    minor = {"services": ["trauma_therapy", "detox"], "languages": ["fr", "en"], "infants": 0, "conditions": []}
    body = {"minor": {**made(scene.coordinator.get(scene.refer()))["minor"], "needs": minor}}
    path = scene.refer(
        minor={
            k: v
            for k, v in body["minor"].items()
            if k in {"born_on", "gender", "trafficking", "custody", "needs", "residence"}
        }
    )
    run, _ = scene.rank(path)
    made(scene.ask(path, run, "fac_a"))
    asked = made(scene.staff["fac_a"].get("/v1/facilities/fac_a/offers"))["data"][0]
    assert (asked["services"], asked["languages"]) == (["trauma_therapy"], ["en"])


def test_the_stays_of_another_house_read_like_those_of_none(scene: Scene) -> None:
    stay, _ = arrived(scene)
    assert [row["id"] for row in rows(scene.staff["fac_a"].get("/v1/facilities/fac_a/stays"))] == [stay]
    for caller in (scene.staff["fac_b"], scene.coordinator):
        refused(caller.get("/v1/facilities/fac_a/stays"), 404, "not_found")
        refused(caller.get("/v1/facilities/fac_none/stays"), 404, "not_found")


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("discharge", {"reason": "completed", "destination": "family"}),
        ("absences", {"first": "2026-11-22", "until": "2026-11-24", "keep_bed": True, "paid": False}),
        ("extension", {"until": "2026-12-05"}),
        ("transfer", {"bed": "bed_a2"}),
    ],
)
def test_who_has_not_arrived_cannot_leave_or_be_moved(scene: Scene, act: str, body: Json) -> None:
    stay, bed = accepted(scene)
    body = body if act != "transfer" else {"bed": other_bed(scene, bed)}
    problem = refused(scene.staff["fac_a"].post(f"/v1/stays/{stay}/{act}", body), 409, "not_now")
    assert "Record the arrival first" in problem["detail"]
    assert (len(scene.nights()), statuses(scene)[bed]) == (10, "held")
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/{act}", body))


def test_a_bed_given_up_is_needed_again_from_tonight(scene: Scene) -> None:
    stay, _ = arrived(scene)
    out = {"first": "2026-11-21", "until": "2026-11-23", "keep_bed": False, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", out))
    asked = made(scene.coordinator.post(f"/v1/stays/{stay}/next", {}))
    referral = made(scene.coordinator.get(f"/v1/referrals/{asked['referral_id']}"))
    assert referral["needed_from"] == "2026-11-21"


@pytest.mark.parametrize(("first", "status"), [(9, 409), (10, 200)])
def test_a_bed_is_out_of_use_only_on_its_own_nights(scene: Scene, first: int, status: int) -> None:
    stay, bed = arrived(scene)
    other, tonight = other_bed(scene, bed), scene.clock.tonight()
    nights = {"from_night": tonight + timedelta(days=first), "until_night": tonight + timedelta(days=20)}
    with scene.database.writing() as session:
        session.add(BedUnavailable(id="out_later", bed_id=other, **nights))
    assert scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other}).status_code == status


def supervisor(scene: Scene) -> Caller:
    """Who may say who paid: a person who has signed in, of the agency that placed."""
    return SignedIn(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)


def past_night(**changes: Any) -> Json:
    return {"first": "2026-11-21", "until": "2026-11-23", "fund": "fund_a", "reason": "the invoice says so", **changes}


def test_a_correction_names_a_fund_that_the_house_accepts(scene: Scene) -> None:
    stay, _ = arrived(scene)
    load(scene.database, network(house("fac_z", funds=["fund_z"]), funds=[fund("fund_z")]))
    scene.clock.move(timedelta(days=2))
    for unknown in ("fund_z", "fund_none"):
        answer = supervisor(scene).post(f"/v1/stays/{stay}/corrections", past_night(fund=unknown))
        (error,) = refused(answer, 422, "invalid")["errors"]
        assert error["pointer"] == "/fund"
    assert {row.fund_id for row in scene.nights()} == {"fund_a"}


def test_a_correction_is_of_what_was_read(scene: Scene) -> None:
    stay, _ = arrived(scene)
    scene.clock.move(timedelta(days=2))
    path, old = f"/v1/stays/{stay}/corrections", past_night(version=1, fund=None)
    problem = refused(supervisor(scene).post(path, old), 409, "stale_update")
    made(supervisor(scene).post(path, {**old, "version": problem["current"]["version"]}))


def test_a_correction_stays_within_the_granted_nights(scene: Scene) -> None:
    stay, _ = arrived(scene)
    scene.clock.move(timedelta(days=2))
    made(supervisor(scene).post(f"/v1/stays/{stay}/corrections", past_night(fund=None)))
    with scene.database.writing() as session:
        session.execute(update(FundLimit).values(nights_granted=9))
    refused(supervisor(scene).post(f"/v1/stays/{stay}/corrections", past_night()), 409, "money_held")
    made(supervisor(scene).post(f"/v1/stays/{stay}/corrections", past_night(until="2026-11-22")))
    assert sum(row.fund_id is None for row in scene.nights()) == 1


def test_only_a_supervisor_of_who_placed_or_runs_the_house_says_who_paid(scene: Scene) -> None:
    stay, _ = arrived(scene)
    scene.clock.move(timedelta(days=2))
    path = f"/v1/stays/{stay}/corrections"
    refused(scene.coordinator.post(path, past_night(fund=None)), 403, "forbidden")
    refused(scene.staff["fac_a"].post(path, past_night(fund=None)), 403, "forbidden")
    key = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    refused(key.post(path, past_night(fund=None)), 403, "forbidden")
    other = SignedIn(scene.client, scene.database, Role.SUPERVISOR)
    with scene.database.writing() as session:
        minor_id = session.get_one(Stay, stay).minor_id
        grant(session, minor_id, other.agency_id, Relation.REFERRED, scene.clock.now())
    made(other.get(f"/v1/stays/{stay}"))
    refused(other.post(path, past_night(fund=None)), 404, "not_found")
    made(
        SignedIn(scene.client, scene.database, Role.SUPERVISOR, scene.agencies["fac_a"]).post(
            path, past_night(fund=None)
        )
    )
    made(supervisor(scene).post(path, past_night()))


AWAY: Json = {"first": "2026-11-23", "until": "2026-11-27", "keep_bed": True, "paid": False}


def paid(scene: Scene) -> list[str]:
    """The nights that somebody pays."""
    return [str(row.night) for row in scene.nights() if row.fund_id is not None]


def test_a_night_away_in_a_bed_that_is_kept_unpaid_is_no_end_of_the_money(scene: Scene) -> None:
    stay, _ = arrived(scene, nights=30)
    out = {"first": "2026-11-21", "until": "2026-11-23", "keep_bed": True, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", out))
    caller = Actor(
        agency_id=scene.coordinator.agency_id, kind=AgencyKind.CHILD_PROTECTION, role=Role.INTAKE_COORDINATOR
    )
    with scene.database.reading() as session:
        assert pending.ending(session, caller, scene.clock) == []


def test_whoever_is_back_sooner_is_paid_again_and_away_no_longer(scene: Scene) -> None:
    stay, _ = arrived(scene)
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", AWAY))
    refused(scene.coordinator.post(f"/v1/stays/{stay}/return", {"on": "2026-11-27"}), 422, "invalid")
    refused(scene.coordinator.post(f"/v1/stays/{stay}/return", {}), 422, "invalid")
    back = made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/return", {"on": "2026-11-25"}))
    assert back["away"] == [{"from": "2026-11-23", "until": "2026-11-25"}]
    assert "2026-11-24" not in paid(scene)
    assert {"2026-11-25", "2026-11-26"} < set(paid(scene))
    never = made(scene.coordinator.post(f"/v1/stays/{stay}/return", {"on": "2026-11-23"}))
    assert (never["away"], len(paid(scene))) == ([], 10)


def test_money_that_somebody_else_has_by_now_pays_no_return(scene: Scene) -> None:
    stay, _ = arrived(scene)
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", AWAY))
    with scene.database.writing() as session:
        session.execute(update(FundLimit).values(nights_granted=8))
    made(scene.coordinator.post(f"/v1/stays/{stay}/return", {"on": "2026-11-25"}))
    made(scene.coordinator.post(f"/v1/stays/{stay}/return", {"on": "2026-11-24"}))
    assert len(paid(scene)) == 8


@pytest.mark.parametrize(("granted", "nights"), [(100, 8), (7, 0)])
def test_whoever_gave_the_bed_up_is_back_with_the_nights_and_payers_of_before(
    scene: Scene, granted: int, nights: int
) -> None:
    stay, bed = arrived(scene)
    gone = {"first": "2026-11-21", "until": "2026-11-30", "keep_bed": False, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", gone))
    assert scene.nights() == []
    scene.clock.move(timedelta(days=2))
    nobody_there = supervisor(scene).post(f"/v1/stays/{stay}/corrections", past_night())
    assert "No bed was kept" in str(refused(nobody_there, 422, "invalid"))
    with scene.database.writing() as session:
        session.execute(update(FundLimit).values(nights_granted=granted))
    refused(scene.coordinator.post(f"/v1/stays/{stay}/return", {}), 409, "not_now")
    back = made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other_bed(scene, bed)}))
    assert back["away"] == [{"from": "2026-11-21", "until": "2026-11-23"}]
    assert [str(row.night) for row in scene.nights()] == [f"2026-11-{day}" for day in range(23, 31)]
    assert len(paid(scene)) == nights


def test_whoever_comes_after_every_kept_night_has_tonight_unpaid(scene: Scene) -> None:
    stay, bed = accepted(scene, nights=1)
    scene.clock.move(timedelta(days=2))
    made(scene.coordinator.post(f"/v1/stays/{stay}/arrival"))
    assert [(str(row.night), row.bed_id, row.fund_id) for row in scene.nights()] == [("2026-11-23", bed, None)]
    assert statuses(scene)[bed] == "occupied"


def test_whoever_came_last_night_is_on_record_for_it_though_it_is_said_in_the_morning(scene: Scene) -> None:
    stay, bed = accepted(scene, nights=3)
    scene.clock.move(timedelta(days=2))
    read = made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival", {"on": "2026-11-22"}))
    assert (read["admitted_on"], read["expected_until"]) == ("2026-11-22", "2026-11-24")
    assert [(str(row.night), row.fund_id) for row in scene.nights()] == [
        ("2026-11-22", "fund_a"),
        ("2026-11-23", "fund_a"),
    ]
    assert statuses(scene)[bed] == "occupied"


@pytest.mark.one_kind
@pytest.mark.parametrize("on", ["2026-11-20", "2026-11-24"])
def test_nobody_arrives_on_a_night_that_was_not_kept_or_is_to_come(scene: Scene, on: str) -> None:
    stay, _ = accepted(scene, nights=10)
    scene.clock.move(timedelta(days=2))
    refused(scene.coordinator.post(f"/v1/stays/{stay}/arrival", {"on": on}), 422, "invalid")


def test_nights_slept_after_the_last_that_was_kept_are_taken_unpaid(scene: Scene) -> None:
    stay, bed = accepted(scene, nights=1)
    scene.clock.move(timedelta(days=2))
    made(scene.coordinator.post(f"/v1/stays/{stay}/arrival", {"on": "2026-11-21"}))
    assert [(str(row.night), row.bed_id, row.fund_id) for row in scene.nights()] == [
        ("2026-11-21", bed, "fund_a"),
        ("2026-11-22", bed, None),
        ("2026-11-23", bed, None),
    ]


def payers_as_kept(scene: Scene) -> list[tuple[str, str | None, str | None]]:
    return [(str(row.night), row.fund_id, row.limit_id) for row in scene.nights()]


def test_nights_away_that_are_over_are_on_record_and_keep_who_paid_them(scene: Scene) -> None:
    stay, _ = arrived(scene, nights=20)
    scene.clock.move(timedelta(days=10))
    house, before = scene.staff["fac_a"], payers_as_kept(scene)
    out = {"first": "2026-11-21", "until": "2026-12-01", "keep_bed": True, "paid": False}
    refused(house.post(f"/v1/stays/{stay}/absences", out), 403, "forbidden")
    missing = refused(supervisor(scene).post(f"/v1/stays/{stay}/absences", out), 422, "invalid")
    assert missing["errors"][0]["pointer"] == "/note"
    out["note"] = "the hospital's letter"
    told = made(supervisor(scene).post(f"/v1/stays/{stay}/absences", out))
    assert told["away"] == [{"from": "2026-11-21", "until": "2026-12-01"}]
    assert payers_as_kept(scene) == before
    assert made(house.post(f"/v1/stays/{stay}/return", {"on": "2026-11-21"}))["away"] == []
    assert payers_as_kept(scene) == before
    due.run(scene.database)
    made(house.post(f"/v1/stays/{stay}/absences", {**out, "first": "2026-11-30", "until": "2026-12-03"}))
    assert [night for night, fund, _ in payers_as_kept(scene) if fund is None] == ["2026-12-01", "2026-12-02"]


def test_a_bed_given_up_before_planned_unpaid_nights_takes_no_payer_from_whoever_is_back(scene: Scene) -> None:
    stay, bed = arrived(scene)
    before = payers_as_kept(scene)
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", {**AWAY, "until": "2026-11-25"}))
    scene.clock.move(timedelta(minutes=1))
    gone = {"first": "2026-11-21", "until": "2026-11-22", "keep_bed": False, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", gone))
    scene.clock.move(timedelta(minutes=1))
    made(scene.coordinator.post(f"/v1/stays/{stay}/transfer", {"bed": other_bed(scene, bed)}))
    assert [night for night, fund, _ in payers_as_kept(scene) if fund is None] == ["2026-11-23", "2026-11-24"]
    scene.clock.move(timedelta(minutes=1))
    assert made(scene.coordinator.post(f"/v1/stays/{stay}/return", {"on": "2026-11-23"}))["away"] == []
    assert payers_as_kept(scene) == before
