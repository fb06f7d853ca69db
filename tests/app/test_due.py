"""What time brings: holds and offers run out, cliffs and authorities are warned of, arrivals are asked about."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.beds.models import Hold
from app.outbox.models import OutboxEvent
from app.placements import due, holding
from app.placements.home import overview
from app.stays.authority import warn_at
from app.stays.models import CapWarning, Offer
from tests.app.test_workflow import beds, held, scene
from tests.factories import Caller, fund, house, load, made, network, refused, rows
from tests.scenes import Scene

__all__ = ["scene"]

Json = dict[str, Any]
ZONE = ZoneInfo("America/New_York")


def told(scene: Scene, kind: str) -> list[tuple[str, str]]:
    """Which agencies were told something, and about what."""
    with scene.database.reading() as session:
        query = select(OutboxEvent.agency_id, OutboxEvent.subject_id).where(OutboxEvent.kind == kind)
        return sorted((agency, subject) for agency, subject in session.execute(query))


def both(scene: Scene, subject: str, facility: str = "fac_a") -> list[tuple[str, str]]:
    """The agency that asks and the one that runs the house, about one thing."""
    return sorted([(scene.coordinator.agency_id, subject), (scene.agencies[facility], subject)])


def lived_in(scene: Scene, facility: str = "fac_a", nights: int = 10, **ask: Any) -> str:
    """The id of a stay that has begun."""
    path = scene.refer(nights)
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, facility, **ask))
    stay = str(made(scene.answer(facility, offer["id"]))["stay_id"])
    made(scene.staff[facility].post(f"/v1/stays/{stay}/arrival"))
    return stay


def capped(scene: Scene, **clock: Any) -> None:
    """A house whose one fund pays 14 nights."""
    cap = {"id": "cap14", "limit": 14, "unit": "night", "window": "stay", **clock}
    document = network(house("fac_k", funds=["fund_k"]), funds=[fund("fund_k", clocks=[cap])])
    load(scene.database, document, operators={"fac_k": scene.agencies["fac_a"]})
    scene.agencies["fac_k"], scene.staff["fac_k"] = scene.agencies["fac_a"], scene.staff["fac_a"]


def test_a_hold_ends_at_its_hour_and_both_sides_are_told_once(scene: Scene) -> None:
    path, offer = held(scene)
    scene.clock.move(timedelta(hours=2) - timedelta(seconds=1))
    assert due.run(scene.database) == 0
    scene.clock.move(timedelta(seconds=1))
    assert due.run(scene.database) == 1
    assert due.run(scene.database) == 0
    assert told(scene, "hold.ran_out") == both(scene, offer["id"])
    (shown,) = rows(scene.coordinator.get(f"{path}/offers"))
    assert (shown["status"], shown["hold"]["ended_how"]) == ("ran_out", "ran_out")
    assert scene.nights() == []
    with scene.database.reading() as session:
        card = session.get_one(Hold, offer["hold"]["id"])
        assert card.ended_at == scene.clock.now()
    refused(scene.answer("fac_a", offer["id"]), 409, "offer_ended")


def test_a_question_without_a_hold_ends_too(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_b", "offers"))
    scene.clock.move(timedelta(hours=2))
    assert due.run(scene.database) == 1
    assert told(scene, "offer.ran_out") == both(scene, offer["id"], "fac_b")


def test_the_home_page_says_who_did_not_answer_before_and_after_the_worker_came_round(scene: Scene) -> None:
    path, offer = held(scene)
    code = made(scene.coordinator.get(path))["code"]
    actor = Actor(agency_id=scene.coordinator.agency_id, kind=AgencyKind.CHILD_PROTECTION, role=Role.INTAKE_COORDINATOR)

    def shown() -> list[tuple[str, str]]:
        with scene.database.reading() as session:
            return [(row["code"], row["href"]) for row in overview(session, actor, scene.clock)["unanswered"]]

    assert shown() == []
    scene.clock.move(timedelta(hours=2))
    for _ in range(2):
        assert shown() == [(code, f"{path.removeprefix('/v1')}/offers/{offer['id']}")]
        due.run(scene.database)
    scene.clock.move(timedelta(days=1))
    assert shown() == []


def test_a_bed_that_is_held_again_stays_held_when_the_first_hold_is_cleared(scene: Scene) -> None:
    path, first = held(scene)
    scene.clock.move(timedelta(hours=2))
    run, _ = scene.rank(path)
    second = made(scene.ask(path, run, "fac_a", called=True))
    assert second["hold"]["bed_id"] == first["hold"]["bed_id"]
    assert due.run(scene.database) == 1
    card = beds(scene, "fac_a")[first["hold"]["bed_id"]]
    assert (card["status"], card["held_for"]) == ("held", path.rsplit("/", 1)[1])
    assert {row.hold_id for row in scene.nights()} == {second["hold"]["id"]}


def test_one_that_fails_keeps_nobody_else_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = held(scene)
    run, _ = scene.rank(path)
    soft = made(scene.ask(path, run, "fac_b", "offers"))
    scene.clock.move(timedelta(hours=2))
    plain = holding.tell_house

    def fails_once(session: Session, kind: str, offer: Offer) -> None:
        if offer.id == soft["id"]:
            raise RuntimeError("cut off")
        plain(session, kind, offer)

    monkeypatch.setattr(due, "tell_house", fails_once)
    assert due.run(scene.database) == 1
    monkeypatch.undo()
    # What was cut off left nothing behind, and is done in the next round.
    assert told(scene, "offer.ran_out") == []
    assert due.run(scene.database) == 1
    assert told(scene, "offer.ran_out") == both(scene, soft["id"], "fac_b")


def test_two_workers_at_once_do_each_thing_once(scene: Scene) -> None:
    offers = [held(scene, facility)[1]["id"] for facility in ("fac_a", "fac_a", "fac_b", "fac_b")]
    scene.clock.move(timedelta(hours=2))
    start = Barrier(2)

    def work(_: int) -> int:
        start.wait()
        return due.run(scene.database)

    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(work, range(2)))
    assert done == len(offers)
    assert due.run(scene.database) == 0
    assert sorted(subject for _, subject in told(scene, "hold.ran_out")) == sorted([*offers, *offers])
    assert scene.nights() == []


def test_two_workers_at_once_warn_once(scene: Scene) -> None:
    capped(scene)
    stay = lived_in(scene, "fac_k", nights=30)
    scene.clock.move(timedelta(days=11))
    start = Barrier(2)

    def work(_: int) -> int:
        start.wait()
        return due.run(scene.database)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert told(scene, "stay.cap_warning") == both(scene, stay)


def test_a_cliff_is_warned_of_7_3_and_1_nights_before_it_each_once(scene: Scene) -> None:
    extension = {"by": 14, "times": 1, "approval": "county_extension"}
    capped(scene, extension=extension)
    stay = lived_in(scene, "fac_k", nights=30)
    given: list[tuple[str, int]] = []
    for _ in range(20):
        due.run(scene.database)
        due.run(scene.database)
        with scene.database.reading() as session:
            found = session.execute(select(CapWarning.cliff, CapWarning.nights).order_by(CapWarning.made_at)).all()
        if len(found) > len(given):
            given = [(str(cliff), nights) for cliff, nights in found]
            assert date(2026, 12, 5) - scene.clock.tonight() == timedelta(days=given[-1][1])
        scene.clock.move(timedelta(days=1))
    assert given == [("2026-12-05", 7), ("2026-12-05", 3), ("2026-12-05", 1)]
    assert told(scene, "stay.cap_warning") == sorted(both(scene, stay) * 3)
    newest = rows(scene.staff["fac_k"].get(f"/v1/stays/{stay}/warnings"))[0]
    assert (newest["nights"], newest["fund_id"], newest["approval"]) == (1, "fund_k", "county_extension")
    refused(scene.staff["fac_b"].get(f"/v1/stays/{stay}/warnings"), 404, "not_found")


def test_where_the_cliff_moves_new_warnings_are_due(scene: Scene) -> None:
    capped(scene)
    stay = lived_in(scene, "fac_k", nights=30)
    scene.clock.move(timedelta(days=11))
    due.run(scene.database)
    with scene.database.writing() as session:
        from app.beds import ledger
        from app.beds.models import Movement

        paid = dict.fromkeys(ledger.nights(date(2026, 12, 5), date(2026, 12, 8)), ledger.Payer("fund_k"))
        ledger.repay(session, stay, paid, Movement.REPAID, "test", scene.clock.now())
    due.run(scene.database)
    with scene.database.reading() as session:
        found = session.execute(select(CapWarning.cliff, CapWarning.nights).order_by(CapWarning.cliff)).all()
    assert [(str(cliff), nights) for cliff, nights in found] == [("2026-12-05", 3), ("2026-12-08", 7)]


def test_the_end_of_a_stay_is_a_cliff_only_where_the_need_goes_on(scene: Scene) -> None:
    lived_in(scene, "fac_a", nights=5)
    due.run(scene.database)
    assert told(scene, "stay.cap_warning") == []
    stay = lived_in(scene, "fac_b", nights=5)
    with scene.database.writing() as session:
        from app.referrals.models import Referral
        from app.stays.models import Admission

        offer = session.get_one(Offer, session.get_one(Admission, stay).offer_id)
        session.get_one(Referral, offer.referral_id).nights_needed = 60
    due.run(scene.database)
    assert {subject for _, subject in told(scene, "stay.cap_warning")} == {stay}


def test_whoever_was_expected_and_not_seen_is_asked_about_in_the_morning(scene: Scene) -> None:
    _, offer = held(scene)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    assert due.run(scene.database) == 0
    scene.clock.move(timedelta(hours=11))
    assert (due.run(scene.database), due.run(scene.database)) == (1, 0)
    for caller in (scene.coordinator, scene.staff["fac_a"]):
        (task,) = rows(caller.get("/v1/tasks?kind=arrival"))
        assert (task["subject_id"], task["outcomes"]) == (stay, ["arrived", "not_arrived"])
        # Said on the task alone it would leave the stay as it was, and nobody would be asked again.
        refused(caller.post(f"/v1/tasks/{task['id']}/done", {"outcome": "arrived"}), 409, "not_now")
    assert rows(scene.staff["fac_b"].get("/v1/tasks")) == []
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    for caller in (scene.coordinator, scene.staff["fac_a"]):
        assert rows(caller.get("/v1/tasks?kind=arrival")) == []
        (task,) = rows(caller.get("/v1/tasks?kind=arrival&done=true"))
        assert task["outcome"] == "arrived"


def test_an_authority_that_is_about_to_end_is_warned_of_once(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a", authority_until="2026-11-22T21:00:00-05:00"))
    made(scene.answer("fac_a", offer["id"]))
    scene.clock.set(datetime(2026, 11, 22, 16, 59, tzinfo=ZONE))
    due.run(scene.database)
    assert told(scene, "authority.ending") == []
    scene.clock.set(datetime(2026, 11, 22, 17, 0, tzinfo=ZONE))
    due.run(scene.database)
    due.run(scene.database)
    assert told(scene, "authority.ending") == both(scene, offer["id"])
    (task,) = rows(scene.coordinator.get("/v1/tasks?kind=authority"))
    assert task["subject_id"] == offer["id"]
    assert rows(scene.staff["fac_a"].get("/v1/tasks?kind=authority")) == []


def test_a_renewed_authority_ends_anew_and_is_warned_of_anew(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a", authority_until="2026-11-22T21:00:00-05:00"))
    made(scene.answer("fac_a", offer["id"]))
    scene.clock.set(datetime(2026, 11, 22, 20, 0, tzinfo=ZONE))
    due.run(scene.database)
    (task,) = rows(scene.coordinator.get("/v1/tasks?kind=authority"))
    here = f"/v1/tasks/{task['id']}/done"
    for wrong in ({}, {"until": "2026-11-22T21:00:00-05:00"}, {"until": "2026-11-22T19:00:00-05:00"}):
        refused(scene.coordinator.post(here, {"outcome": "renewed", **wrong}), 422, "invalid")
    refused(scene.coordinator.post(here, {"outcome": "ended", "until": "2026-11-23T18:00:00-05:00"}), 422, "invalid")
    made(scene.coordinator.post(here, {"outcome": "renewed", "until": "2026-11-23T18:00:00-05:00"}))
    assert made(scene.coordinator.get(f"{path}/offers/{offer['id']}"))["authority_until"] == "2026-11-23T23:00:00Z"
    # Given anew for less than a day: warned of four hours before.
    for at in (datetime(2026, 11, 23, 13, 59, tzinfo=ZONE), datetime(2026, 11, 23, 14, 0, tzinfo=ZONE)):
        assert rows(scene.coordinator.get("/v1/tasks?kind=authority")) == []
        scene.clock.set(at)
        due.run(scene.database)
    (again,) = rows(scene.coordinator.get("/v1/tasks?kind=authority"))
    assert (again["subject_id"], again["due_at"]) == (offer["id"], "2026-11-23T23:00:00Z")
    assert again["id"] != task["id"]


@pytest.mark.parametrize(
    ("until", "at"),
    [
        (datetime(2026, 11, 21, 20, tzinfo=ZONE), datetime(2026, 11, 21, 16, tzinfo=ZONE)),  # given a day before
        (datetime(2026, 11, 25, 20, tzinfo=ZONE), datetime(2026, 11, 24, 20, tzinfo=ZONE)),
        # Thanksgiving and the Friday after it, then a weekend: Wednesday is the last day of business.
        (datetime(2026, 11, 27, 20, tzinfo=ZONE), datetime(2026, 11, 25, 20, tzinfo=ZONE)),
        (datetime(2026, 11, 30, 10, tzinfo=ZONE), datetime(2026, 11, 25, 10, tzinfo=ZONE)),
    ],
)
def test_when_to_warn_of_an_authority(until: datetime, at: datetime) -> None:
    given = datetime(2026, 11, 20, 22, tzinfo=ZONE)
    holidays = {date(2026, 11, 26), date(2026, 11, 27)}
    assert warn_at(given, until, holidays, ZONE) == at


def test_nobody_s_task_is_anybody_else_s(scene: Scene) -> None:
    stay = lived_in(scene)
    (task,) = rows(scene.staff["fac_a"].get("/v1/tasks?kind=parent_contact"))
    assert (task["subject_id"], task["due_at"]) == (stay, "2026-11-25T03:14:00Z")
    path = f"/v1/tasks/{task['id']}"
    stranger = Caller(scene.client, scene.database, Role.SUPERVISOR)
    for caller in (scene.coordinator, scene.staff["fac_b"], stranger):
        refused(caller.get(path), 404, "not_found")
        refused(caller.post(f"{path}/done", {"outcome": "reached"}), 404, "not_found")
    refused(scene.staff["fac_a"].post(f"{path}/done", {"outcome": "safe"}), 422, "invalid")
    done = made(scene.staff["fac_a"].post(f"{path}/done", {"outcome": "unsafe_to_contact"}))
    assert (done["outcome"], done["overdue"]) == ("unsafe_to_contact", False)
    refused(scene.staff["fac_a"].post(f"{path}/done", {"outcome": "reached"}), 409, "not_now")


def test_a_missing_child_is_reported_within_a_day(scene: Scene) -> None:
    stay = lived_in(scene)
    body = {"reason": "missing", "destination": "not_known"}
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", body))
    found = rows(scene.coordinator.get("/v1/tasks"))
    assert {(task["kind"], task["due_at"]) for task in found} == {
        ("report_police", "2026-11-23T03:14:00Z"),
        ("report_ncmec", "2026-11-23T03:14:00Z"),
    }
    made(scene.coordinator.post(f"/v1/tasks/{found[0]['id']}/done", {"outcome": "reported"}))
