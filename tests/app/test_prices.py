"""What beds are worth to those still to come: learnt from the ledger, off until the lead turns it on, replayed."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.answers.models import LearntPrices, Policy, RankingRun
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.facilities.models import NightStaffing
from app.placements import prices, replaying
from app.placements.past import history
from matching.prices import WINDOW
from matching.value import WORTH
from tests.actors import sign_in
from tests.app.test_cli import bednight
from tests.factories import Caller, lead, made, new_agency, refused
from tests.scenes import Scene

Json = dict[str, Any]


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


def learnt(scene: Scene, nights: int = WINDOW, **by_free: list[int]) -> LearntPrices:
    """What was learnt, as if of so many nights."""
    now = scene.clock.now()
    row = LearntPrices(
        id=f"prices_{nights}", learnt_at=now, learnt_on=scene.clock.tonight(), nights=nights, referrals=40,
        history_sha256="0" * 64, units=by_free or {"unit_a": [50, 40]},
    )  # fmt: skip
    with scene.database.writing() as session:
        session.add(row)
        session.flush()
        session.expunge(row)
    return row


def worths(decision: Json) -> dict[str, Json]:
    return {row["facility"]: term for row in decision["options"] for term in row["terms"] if term["code"] == WORTH}


def policies(scene: Scene) -> list[int]:
    with scene.database.reading() as session:
        return list(session.scalars(select(Policy.version).order_by(Policy.version)))


def stored(scene: Scene, run: str) -> RankingRun:
    with scene.database.reading() as session:
        return session.get_one(RankingRun, run)


def test_nothing_is_counted_until_the_lead_turns_it_on_with_enough_history(
    scene: Scene, client: TestClient, database: Database
) -> None:
    admin = lead(client, database)
    assert made(admin.get("/v1/prices")) == {"counted": False, "learnt": None}
    refused(admin.put("/v1/prices", {"counted": True}), 409, "history_too_short")
    learnt(scene, WINDOW - 1)
    refused(admin.put("/v1/prices", {"counted": True}), 409, "history_too_short")
    path = scene.refer()
    before, decision = scene.rank(path)
    assert worths(decision) == {}
    assert "prices" not in json.loads(stored(scene, before).snapshot)

    scene.clock.move(timedelta(minutes=1))
    learnt(scene, fac_a=[1], unit_a=[50, 40], unit_b=[0])
    assert worths(scene.rank(path)[1]) == {}
    found = made(admin.put("/v1/prices", {"counted": True}))
    assert (found["counted"], found["learnt"]["nights"]) == (True, WINDOW)
    assert found["learnt"]["units"][1] == {"unit": "unit_a", "by_free": [50, 40]}
    run, decision = scene.rank(path)
    assert worths(decision)["fac_a"] == {
        "code": WORTH, "value": 400, "unit": "unit of cost", "weight": 1, "cost": 400,
        "text": "To those still to come each of its 10 nights is worth 40",
    }  # fmt: skip
    assert worths(decision)["fac_b"]["text"] == "Those still to come have other beds as good"
    assert [row["facility"] for row in decision["options"]] == ["fac_b", "fac_c", "fac_a"]
    assert json.loads(stored(scene, run).snapshot)["prices"]["history_sha256"] == "0" * 64

    made(admin.put("/v1/prices", {"counted": True}))
    assert policies(scene) == [1, 2]
    scene.clock.move(timedelta(minutes=1))
    learnt(scene, 365, unit_a=[0])
    made(admin.put("/v1/prices", {"counted": False}))
    after, decision = scene.rank(path)
    assert (policies(scene), worths(decision)) == ([1, 2, 3], {})
    with database.reading() as session:
        for one in (before, run, after):
            again = replaying.of_ranking(session, one)
            assert again is not None
            assert (again.identical, again.faults) == (True, ())
        acts = session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("prices.%")))
        assert list(acts) == ["prices.count", "prices.leave"]


def test_only_the_lead_s_administrator_sees_or_turns_it(client: TestClient, database: Database) -> None:
    other = Caller(client, database, Role.ADMINISTRATOR, new_agency(database, AgencyKind.RESIDENTIAL))
    supervisor = Caller(client, database, Role.SUPERVISOR, new_agency(database, AgencyKind.COALITION_LEAD))
    for caller, status, code in ((other, 404, "not_found"), (supervisor, 403, "forbidden")):
        refused(caller.get("/v1/prices"), status, code)
        refused(caller.put("/v1/prices", {"counted": False}), status, code)


def test_terms_that_leave_no_room_are_kept(scene: Scene, client: TestClient, database: Database) -> None:
    learnt(scene)
    with database.writing() as session:
        for term in prices._terms(session, prices._in_force(session, scene.clock.now()))[:1]:
            term.most = 2
    refused(lead(client, database).put("/v1/prices", {"counted": True}), 409, "conflict")


def test_the_past_is_first_decisions_and_slept_nights(scene: Scene, database: Database, clock: MovableClock) -> None:
    first = clock.tonight()
    path = scene.refer()
    run, decision = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a"))["id"]
    stay = made(scene.answer("fac_a", offer))["stay_id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    clock.move(timedelta(days=2))
    with database.writing() as session:
        stated = {"night": clock.tonight(), "awake_staff": 2, "stated_at": clock.now(), "stated_by": "somebody"}
        session.add_all(NightStaffing(facility_id=f"fac_{one}", **stated) for one in "abc")
    other = scene.refer(nights=20, needed_from=None)
    scene.rank(other)
    scene.rank(other)
    scene.rank(scene.refer(needed_from=(first + timedelta(days=9)).isoformat(), urgency=4))
    clock.move(timedelta(days=1))
    with database.reading() as session:
        found = history(session, clock.tonight())
    assert found.units == ("unit_a", "unit_b", "unit_c")
    assert found.night.tolist() == [0, 2], "one that is needed later than now is not the past"
    assert found.free.tolist() == [[1, 2, 2]] * 3
    assert found.allowed.all()
    assert found.nights.tolist() == [[10] * 3, [20] * 3]
    by_house = {row["facility"]: row["terms"] for row in decision["options"]}
    own = [sum(t["cost"] for t in by_house[f"fac_{one}"] if t["code"][:4] != "bed.") for one in "abc"]
    assert found.cost[0].tolist() == own


def test_a_house_without_a_date_is_wanted_for_as_long_as_usual(scene: Scene, database: Database) -> None:
    for bed in ("bed_a1", "bed_a2"):
        path = f"/v1/facilities/fac_a/beds/{bed}"
        made(scene.staff["fac_a"].put(f"{path}/status", {"status": "offline", "version": 1, "reason": "repair"}))
    scene.rank(scene.refer(nights=30))
    scene.clock.move(timedelta(days=1))
    with database.reading() as session:
        found = history(session, scene.clock.tonight())
    assert found.allowed.all()
    assert found.nights.tolist() == [[30] * 3]


def test_the_worker_learns_once_a_week_where_it_counts(
    scene: Scene, client: TestClient, database: Database, clock: MovableClock
) -> None:
    assert prices.learn_anew(database) == 0
    learnt(scene)
    assert prices.learn_anew(database) == 0
    made(lead(client, database).put("/v1/prices", {"counted": True}))
    assert prices.learn_anew(database) == 0
    clock.move(timedelta(days=7))
    assert [prices.learn_anew(database), prices.learn_anew(database)] == [1, 0]
    with database.reading() as session:
        newest = prices.latest(session, clock.now())
        assert newest is not None
        assert newest.learnt_on == clock.tonight() == date(2026, 11, 28)
        assert newest.units == {f"unit_{letter}": [0, 0] for letter in "abc"}


def test_the_page_says_it_in_words(scene: Scene, client: TestClient, database: Database) -> None:
    learnt(scene)
    made(lead(client, database).put("/v1/prices", {"counted": True}))
    person = sign_in(client, database, Role.INTAKE_COORDINATOR, scene.coordinator.agency_id)
    assert person is not None
    path = scene.refer()
    run, _ = scene.rank(path)
    page = client.get(f"{path.removeprefix('/v1')}/rankings/{run}").text
    assert "To those still to come each of its 10 nights is worth 40." in page
    assert "What the bed is worth to those still to come" in page


def test_the_command_learns_and_shows(database: Database, database_url: str) -> None:
    assert "Nothing has been learnt yet" in bednight("prices", url=database_url).stderr
    assert bednight("prices", "learn", url=database_url).stdout == "Learnt from 0 nights and 0 referrals: 0 units.\n"
    shown = bednight("prices", url=database_url)
    assert shown.returncode == 0
    assert "from 0 nights and 0 referrals" in shown.stderr
    assert "Rankings do not count it: that takes 90 nights." in shown.stderr
