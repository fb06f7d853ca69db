"""From one placement into the next: nobody is in two places, caps that are used stay used, and clashes are a task."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.policy import Role
from app.beds import ledger
from app.beds.models import FormerBedNight, Movement, Resident
from app.placements import due
from app.referrals.models import Referral, ReferralStatus
from app.stays.models import Admission, Stay
from tests.app.test_due import both, capped, lived_in, told
from tests.app.test_workflow import beds, scene
from tests.factories import Caller, SignedIn, made, refused, rows
from tests.scenes import Scene

__all__ = ["scene"]

Json = dict[str, Any]


def ask_on(scene: Scene, stay: str, **body: Any) -> tuple[str, str, Json]:
    """The path of the referral for the next placement, its decision's id, and the decision."""
    asked = made(scene.coordinator.post(f"/v1/stays/{stay}/next", body))
    path = f"/v1/referrals/{asked['referral_id']}"
    return path, asked["run_id"], made(scene.coordinator.get(f"{path}/rankings/{asked['run_id']}"))


def accepted(scene: Scene, path: str, run: str, facility: str) -> Json:
    """A house says yes to a question that keeps no bed."""
    offer = made(scene.ask(path, run, facility, "offers"))
    answer: Json = made(scene.answer(facility, offer["id"]))
    return answer


def stays(scene: Scene) -> list[Stay]:
    with scene.database.reading() as session:
        return list(session.scalars(select(Stay).order_by(Stay.admitted_on, Stay.id)))


def test_the_next_placement_is_ranked_from_the_cliff_with_the_nights_that_are_left(scene: Scene) -> None:
    capped(scene)
    stay = lived_in(scene, "fac_k", nights=30)
    path, _, decision = ask_on(scene, stay)
    referral = made(scene.coordinator.get(path))
    assert (referral["needed_from"], referral["nights_needed"]) == ("2026-12-05", 16)
    assert {entry["admit_on"] for entry in decision["options"]} == {"2026-12-05"}
    # The cap that is used stays used: the same house may go on only with a payer that it does not have.
    assert "fac_k" in {e["facility"] for e in decision["excluded"] if e["failed"] == ["funding.clock"]}
    refused(scene.coordinator.post(f"/v1/stays/{stay}/next", {}), 409, "already_exists")
    refused(scene.staff["fac_k"].post(f"/v1/stays/{stay}/next", {}), 404, "not_found")
    refused(Caller(scene.client, scene.database, Role.SUPERVISOR).post(f"/v1/stays/{stay}/next", {}), 404, "not_found")


def test_a_yes_shortens_the_present_stay_in_the_same_transaction(scene: Scene) -> None:
    capped(scene)
    stay = lived_in(scene, "fac_k", nights=30)
    path, run, _ = ask_on(scene, stay)
    refused(scene.ask(path, run, "fac_b"), 409, "not_now")
    yes = accepted(scene, path, run, "fac_b")
    old, new = stays(scene)
    assert (old.id, old.left_on, new.id, new.admitted_on) == (stay, date(2026, 12, 5), yes["stay_id"], old.left_on)
    nights = [(row.night, row.stay_id) for row in scene.nights()]
    assert nights == [(date(2026, 11, 21) + timedelta(days=n), stay if n < 14 else new.id) for n in range(30)]
    with scene.database.reading() as session:
        former = session.scalars(select(FormerBedNight.movement)).all()
    assert former == [Movement.SHORTENED] * 16
    # Until then the young person lives where she lives, and nothing is left to warn of.
    assert made(scene.coordinator.get(f"/v1/stays/{stay}"))["destination"] == "next_placement"
    refused(scene.coordinator.post(f"/v1/stays/{stay}/next", {}), 409, "not_now")
    scene.clock.move(timedelta(days=13))
    due.run(scene.database)
    assert rows(scene.coordinator.get(f"/v1/stays/{stay}/warnings")) == []
    scene.rank(scene.refer(needed_from=None))
    scene.clock.move(timedelta(days=1))
    made(scene.staff["fac_b"].post(f"/v1/stays/{new.id}/arrival"))
    assert beds(scene, "fac_k")["bed_k1"]["status"] == "cleaning"
    refused(scene.staff["fac_k"].post(f"/v1/stays/{stay}/discharge", _home()), 409, "not_now")


def _home() -> Json:
    return {"reason": "completed", "destination": "family"}


def test_a_bed_is_held_for_the_nights_after_the_present_stay(scene: Scene) -> None:
    """No night of the one is a night of the other: nobody is in two beds, and both are kept."""
    stay = lived_in(scene, "fac_a", nights=10)
    path, run, _ = ask_on(scene, stay, needed_from="2026-12-01", nights_needed=20)
    offer = made(scene.ask(path, run, "fac_b"))
    assert (offer["hold"]["first_night"], offer["hold"]["until_night"]) == ("2026-12-01", "2026-12-21")
    refused(scene.ask(path, run, "fac_c"), 409, "held_already")
    yes = made(scene.answer("fac_b", offer["id"]))
    old, new = stays(scene)
    assert (old.left_on, new.id, new.admitted_on) == (date(2026, 12, 1), yes["stay_id"], date(2026, 12, 1))
    assert [row.stay_id for row in scene.nights()] == [stay] * 10 + [new.id] * 20
    assert beds(scene, "fac_a")[str(old.bed_id)]["status"] == "occupied"


def test_a_hold_that_touches_one_night_of_the_present_stay_is_refused(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=10)
    path, run, _ = ask_on(scene, stay, needed_from="2026-11-30", nights_needed=20)
    refused(scene.ask(path, run, "fac_b"), 409, "not_now")
    made(scene.ask(path, run, "fac_b", "offers"))


def test_whoever_leaves_before_the_next_placement_leaves_earlier(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=30)
    path, run, _ = ask_on(scene, stay, needed_from="2026-12-01")
    accepted(scene, path, run, "fac_b")
    scene.clock.move(timedelta(days=2))
    gone = made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", _home()))
    assert (gone["left_on"], gone["destination"]) == ("2026-11-23", "family")


def test_the_same_house_goes_on_with_the_same_stay(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=10)
    path, run, decision = ask_on(scene, stay, needed_from="2026-11-29", nights_needed=20)
    assert "fac_a" in {entry["facility"] for entry in decision["options"]}
    refused(scene.ask(path, run, "fac_a"), 409, "not_now")
    accepted(scene, path, run, "fac_a")
    (only,) = stays(scene)
    assert (only.id, only.left_on, only.expected_until) == (stay, None, date(2026, 12, 19))
    assert {(row.stay_id, row.bed_id, row.fund_id) for row in scene.nights()} == {(stay, only.bed_id, "fund_a")}
    assert len(scene.nights()) == 28
    assert made(scene.coordinator.get(path))["status"] == "placed"


@pytest.mark.parametrize("kind", ["holds", "offers"])
def test_whoever_gave_the_bed_up_goes_on_in_another_of_the_same_house(scene: Scene, kind: str) -> None:
    stay = lived_in(scene, "fac_a", nights=10)
    out = {"first": "2026-11-21", "until": "2026-11-25", "keep_bed": False, "paid": False}
    made(scene.coordinator.post(f"/v1/stays/{stay}/absences", out))
    path, run, _ = ask_on(scene, stay, nights_needed=20)
    made(scene.answer("fac_a", made(scene.ask(path, run, "fac_a", kind))["id"]))
    (only,) = stays(scene)
    assert (only.id, only.left_on, only.expected_until) == (stay, None, date(2026, 12, 11))
    assert {(row.stay_id, row.bed_id, row.fund_id) for row in scene.nights()} == {(stay, only.bed_id, "fund_a")}
    assert (len(scene.nights()), beds(scene, "fac_a")[str(only.bed_id)]["status"]) == (20, "occupied")
    assert made(scene.coordinator.get(f"/v1/stays/{stay}"))["away"] == []


def test_another_house_from_tonight_and_back_where_nobody_came(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=30)
    scene.clock.move(timedelta(days=2))
    for facility in ("fac_a", "fac_b"):
        made(scene.staff[facility].post(f"/v1/facilities/{facility}/confirmations", {"awake_staff_tonight": 2}))
    path, run, _ = ask_on(scene, stay, needed_from="2026-11-23")
    new = accepted(scene, path, run, "fac_b")["stay_id"]
    old = next(row for row in stays(scene) if row.id == stay)
    assert (old.left_on, beds(scene, "fac_a")[old.bed_id or ""]["status"]) == (date(2026, 11, 23), "cleaning")
    made(scene.coordinator.post(f"/v1/stays/{new}/no-arrival"))
    back = next(row for row in stays(scene) if row.id == stay)
    assert (back.left_on, len(scene.nights())) == (None, 30)
    assert beds(scene, "fac_a")[old.bed_id or ""]["status"] == "occupied"


def test_the_same_key_refers_on_once(scene: Scene) -> None:
    stay = lived_in(scene)
    sent = [scene.coordinator.post(f"/v1/stays/{stay}/next", {}, Idempotency_Key="k") for _ in range(2)]
    assert made(sent[0]) == made(sent[1])
    assert sent[1].headers["Idempotent-Replayed"] == "true"


def test_a_clash_is_a_supervisor_s_task_and_says_nothing_to_whoever_asked(scene: Scene) -> None:
    lived_in(scene, "fac_a")
    path = scene.refer()
    # Two records of one young person: the second referral is for the minor who sleeps elsewhere.
    with scene.database.writing() as session:
        taken, again = session.scalars(select(Referral).order_by(Referral.status.desc())).all()
        assert (taken.status, again.status) == (ReferralStatus.PLACED, ReferralStatus.OPEN)
        again.minor_id = taken.minor_id
    run, _ = scene.rank(path)
    problem = refused(scene.ask(path, run, "fac_b"), 409, "conflict")
    assert problem["detail"] is None
    assert "stay" not in str(problem).lower()
    refused(scene.ask(path, run, "fac_b"), 409, "conflict")
    assert rows(scene.coordinator.get("/v1/tasks?kind=clash")) == []
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    (task,) = rows(supervisor.get("/v1/tasks?kind=clash"))
    assert task["subject_id"] == path.rsplit("/", 1)[1]
    done = made(supervisor.post(f"/v1/tasks/{task['id']}/done", {"outcome": "same_person_twice"}))
    assert done["outcome"] == "same_person_twice"


def nobody_came(scene: Scene, **next_body: Any) -> str:
    """The id of a stay from which somebody was to go on to another house, and did not come there."""
    stay = lived_in(scene, "fac_a", nights=10)
    path, run, _ = ask_on(scene, stay, **{"needed_from": "2026-11-25", **next_body})
    new = accepted(scene, path, run, "fac_b")["stay_id"]
    made(scene.staff["fac_b"].post(f"/v1/stays/{new}/no-arrival"))
    return stay


def test_who_did_not_come_to_the_next_house_stops_no_ranking(scene: Scene) -> None:
    stay = nobody_came(scene)
    assert [row["id"] for row in scene.snapshot()["stays"]] == [stay]
    _, decision = scene.rank(scene.refer())
    assert decision["options"]


def test_who_did_not_come_has_the_nights_and_the_payers_again(scene: Scene) -> None:
    stay = nobody_came(scene)
    back = next(row for row in stays(scene) if row.id == stay)
    assert [(row.night, row.stay_id, row.bed_id, row.fund_id) for row in scene.nights()] == [
        (date(2026, 11, 21) + timedelta(days=n), stay, back.bed_id, "fund_a") for n in range(10)
    ]
    shown = made(scene.coordinator.get(f"/v1/stays/{stay}"))
    assert (shown["left_on"], shown["reason"], shown["version"] > 2) == (None, None, True)


def test_a_bed_that_somebody_has_meanwhile_is_a_supervisor_s_question(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=10)
    path, run, _ = ask_on(scene, stay, needed_from="2026-11-25")
    new = accepted(scene, path, run, "fac_b")["stay_id"]
    with scene.database.writing() as session:
        gone = next(row for row in stays(scene) if row.id == stay)
        named = Resident(id="res_later", facility_id="fac_a", bed_id=gone.bed_id)
        session.add(named)
        session.flush()
        bed_id, first = gone.bed_id or "", date(2026, 11, 28)
        holder = ledger.Holder(resident_id=named.id)
        ledger.claim(
            session,
            facility_id="fac_a",
            bed_id=bed_id,
            minor_id=None,
            first=first,
            until=first + ledger.NIGHT,
            holder=holder,
            now=scene.clock.now(),
        )
    made(scene.staff["fac_b"].post(f"/v1/stays/{new}/no-arrival"))
    own = [row.night for row in scene.nights() if row.stay_id == stay]
    assert own == [date(2026, 11, 21) + timedelta(days=n) for n in range(7)]
    supervisor = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.agencies["fac_a"])
    (task,) = rows(supervisor.get("/v1/tasks?kind=clash"))
    assert task["subject_id"] == stay


def test_who_left_before_the_next_placement_is_not_back_where_nobody_came(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=30)
    path, run, _ = ask_on(scene, stay, needed_from="2026-12-01")
    new = accepted(scene, path, run, "fac_b")["stay_id"]
    scene.clock.move(timedelta(days=2))
    gone = {"reason": "completed", "destination": "next_placement"}
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", gone))
    made(scene.staff["fac_b"].post(f"/v1/stays/{new}/no-arrival"))
    assert made(scene.coordinator.get(f"/v1/stays/{stay}"))["left_on"] == "2026-11-23"


def test_who_left_for_the_next_house_in_the_morning_and_never_came_is_not_back(scene: Scene) -> None:
    """Somebody who is lost on the way must not read as asleep in the bed of before."""
    stay = lived_in(scene, "fac_a", nights=30)
    path, run, _ = ask_on(scene, stay, needed_from="2026-11-22")
    new = accepted(scene, path, run, "fac_b")["stay_id"]
    scene.clock.move(timedelta(hours=10))
    gone = {"reason": "completed", "destination": "next_placement", "left_on": "2026-11-22"}
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", gone))
    scene.clock.move(timedelta(hours=2))
    made(scene.staff["fac_b"].post(f"/v1/stays/{new}/no-arrival"))
    assert made(scene.coordinator.get(f"/v1/stays/{stay}"))["left_on"] == "2026-11-22"
    assert {row.stay_id for row in scene.nights() if str(row.night) > "2026-11-21"} == set()


def to_come(scene: Scene) -> str:
    """A stay that begins on 1 December."""
    path = scene.refer(nights=10, needed_from="2026-12-01")
    run, _ = scene.rank(path)
    return str(accepted(scene, path, run, "fac_a")["stay_id"])


def told_of(scene: Scene) -> str:
    """The same as a network's own file tells of it: nobody was asked, and nobody is expected."""
    stay = to_come(scene)
    with scene.database.writing() as session:
        session.delete(session.get_one(Admission, stay))
    return stay


def test_nobody_is_looked_for_twice_while_on_the_way(scene: Scene) -> None:
    stay = to_come(scene)
    asked = scene.coordinator.post(f"/v1/stays/{stay}/next", {"needed_from": "2026-12-05"})
    assert "arrived" in refused(asked, 409, "not_now")["detail"]


def test_a_next_placement_begins_when_the_present_stay_has_begun(scene: Scene) -> None:
    stay = told_of(scene)
    asked = scene.coordinator.post(f"/v1/stays/{stay}/next", {"needed_from": "2026-11-28", "nights_needed": 20})
    (error,) = refused(asked, 422, "invalid")["errors"]
    assert error["pointer"] == "/needed_from"
    assert "begun" in error["message"]


def test_no_yes_comes_before_the_present_stay_either(scene: Scene) -> None:
    stay = told_of(scene)
    later, run, _ = ask_on(scene, stay, needed_from="2026-12-03", nights_needed=20)
    with scene.database.writing() as session:
        session.get_one(Referral, later.rsplit("/", 1)[1]).needed_from = date(2026, 11, 28)
    run, _ = scene.rank(later)
    for facility in ("fac_a", "fac_b"):
        offer = made(scene.ask(later, run, facility, "offers"))
        refused(scene.answer(facility, offer["id"]), 409, "not_now")
    assert {row.night for row in scene.nights()} == {date(2026, 12, 1) + timedelta(days=n) for n in range(10)}


def test_whoever_is_back_where_somebody_else_has_the_bed_is_named_as_here_without_one(scene: Scene) -> None:
    stay = lived_in(scene, "fac_a", nights=10)
    before = [(row.night, row.fund_id) for row in scene.nights()]
    for facility in ("fac_a", "fac_b"):
        made(scene.staff[facility].post(f"/v1/facilities/{facility}/confirmations", {"awake_staff_tonight": 2}))
    path, run, _ = ask_on(scene, stay, needed_from="2026-11-21")
    bed = str(next(row for row in stays(scene) if row.id == stay).bed_id)
    new = accepted(scene, path, run, "fac_b")["stay_id"]
    shown = made(scene.staff["fac_a"].get("/v1/facilities/fac_a/board"))["beds"]
    version = next(card["version"] for card in shown if card["id"] == bed)
    said = {"status": "open", "version": version}
    made(scene.staff["fac_a"].put(f"/v1/facilities/fac_a/beds/{bed}/status", said))
    made(scene.staff["fac_a"].post("/v1/facilities/fac_a/walk-ins", {"bed": bed, "trafficking": "verified"}))
    scene.clock.move(timedelta(minutes=1))
    made(scene.staff["fac_b"].post(f"/v1/stays/{new}/no-arrival"))
    back = made(scene.coordinator.get(f"/v1/stays/{stay}"))
    assert (back["left_on"], back["bed_id"]) == (None, None)
    assert told(scene, "stay.no_bed") == both(scene, stay)
    SignedIn(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies["fac_a"])
    board, page = (scene.client.get(to).text for to in ("/board/fac_a", f"/stays/{stay}"))
    assert "Here without a bed" in board
    assert f'href="/stays/{stay}#bed"' in board
    assert "There is no bed for this young person tonight." in page
    other = next(name for name in beds(scene, "fac_a") if name != bed)
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/transfer", {"bed": other}))
    assert [(row.night, row.fund_id) for row in scene.nights() if row.stay_id == stay] == before
    assert "without a bed" not in scene.client.get("/board/fac_a").text
