"""Who changes facts and ranks again, over and over, is noticed; who only ranks again is not."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.placements import probing
from tests.actors import sign_in
from tests.factories import Caller, house, load, made, network
from tests.scenes import Scene

AGES = [[age, age] for age in range(11, 18)]


class Prober:
    """A coordinator who changes one fact after another."""

    def __init__(self, client: TestClient, database: Database, agency_id: str) -> None:
        self.caller = Caller(client, database, Role.INTAKE_COORDINATOR, agency_id)
        self.path = self.caller.post("/v1/referrals", {"minor": {}, "needed_from": None}).headers["Location"]
        self.referral_id = self.path.split("/")[-1]

    def rank(self) -> None:
        made(self.caller.post(f"{self.path}/rankings"))

    def change(self, **facts: Any) -> None:
        made(self.caller.patch(self.path, {"minor": facts}, If_Match=self.caller.get(self.path).headers["ETag"]))


def alerts(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.is_alert()).order_by(AuditEvent.seq))
        return [(row.subject_kind, row.subject) for row in rows]


@pytest.fixture
def supervisor(client: TestClient, database: Database) -> str:
    """The agency of a supervisor who is signed in."""
    load(database, network(house("fac_a")))
    return sign_in(client, database, Role.SUPERVISOR).agency_id


@pytest.fixture
def prober(client: TestClient, database: Database, supervisor: str) -> Prober:
    return Prober(client, database, supervisor)


def test_the_sixth_answer_to_changed_facts_is_an_alert(
    client: TestClient, prober: Prober, database: Database, clock: MovableClock
) -> None:
    prober.rank()
    for age in AGES[:5]:
        prober.change(age_range=age)
        prober.rank()
    assert alerts(database) == []
    assert "Look at these" not in client.get("/").text
    prober.change(age_range=AGES[5])
    assert alerts(database) == []
    prober.rank()
    assert alerts(database) == [("referral", prober.referral_id)]
    prober.rank()
    assert len(alerts(database)) == 1
    prober.change(age_range=AGES[6])
    prober.rank()
    assert len(alerts(database)) == 2
    clock.move(timedelta(minutes=7))
    home = client.get("/").text
    assert "ranked again 7 times, the last time 7 min ago" in home
    assert home.count("Facts were changed") == 1
    assert f'href="/referrals/{prober.referral_id}"' in home
    sign_in(client, database, Role.SUPERVISOR)
    assert "Facts were changed" not in client.get("/").text


def test_ranking_again_and_correcting_before_the_first_answer_are_none(prober: Prober, database: Database) -> None:
    for age in AGES:
        prober.change(age_range=age)
    for _ in range(8):
        prober.rank()
    assert alerts(database) == []


def test_each_referral_counts_for_itself(client: TestClient, database: Database, supervisor: str) -> None:
    for prober in (Prober(client, database, supervisor), Prober(client, database, supervisor)):
        for age in AGES[:4]:
            prober.rank()
            prober.change(age_range=age)
    assert alerts(database) == []


def test_the_alert_is_for_supervisors_and_for_a_week(
    client: TestClient, database: Database, prober: Prober, clock: MovableClock
) -> None:
    for age in AGES:
        prober.rank()
        prober.change(age_range=age)
    assert len(alerts(database)) == 1
    assert "Facts were changed" in client.get("/").text
    clock.move(timedelta(days=7))
    with database.reading() as session:
        actor = Actor(agency_id=prober.caller.agency_id, kind=AgencyKind.SHELTER, role=Role.SUPERVISOR)
        assert probing.alerts(session, actor, clock.now()) == []
        assert len(probing.alerts(session, actor, clock.now() - timedelta(seconds=1))) == 1


def test_areas_of_one_young_person_after_another_are_an_alert(
    client: TestClient, database: Database, supervisor: str, clock: MovableClock
) -> None:
    """Where a house is can be closed in on without ever changing a referral."""
    area = {"avoid": {"circles": [[33.7, -84.4, 5]]}}
    for _ in range(5):
        prober = Prober(client, database, supervisor)
        prober.change(**area)
        prober.rank()
    Prober(client, database, supervisor).rank()  # nothing to avoid
    assert alerts(database) == []
    sixth = Prober(client, database, supervisor)
    sixth.change(**area)
    sixth.rank()
    sixth.rank()
    assert alerts(database) == [("referral", sixth.referral_id)]
    assert "Areas to avoid of one young person after another were tried" in client.get("/").text
    clock.move(timedelta(days=1, minutes=1))
    later = Prober(client, database, supervisor)
    later.change(**area)
    later.rank()
    assert len(alerts(database)) == 1


@pytest.mark.parametrize("let_go", ["runs out", "taken back", "undone"])
def test_the_fourth_hold_of_one_house_for_one_young_person_is_an_alert(
    client: TestClient, database: Database, clock: MovableClock, let_go: str
) -> None:
    scene = Scene(client, database, clock)
    path = scene.refer()
    for held in range(1, 6):
        run, _ = scene.rank(path)
        offer = made(scene.ask(path, run, "fac_a"))["id"]
        assert len(alerts(database)) == max(0, held - 3)
        if let_go == "runs out":
            clock.move(timedelta(hours=2))
        else:
            made(scene.coordinator.post(f"{path}/offers/{offer}/withdrawal", {"undo": let_go == "undone"}))
    made(scene.ask(path, scene.rank(path)[0], "fac_b", called=True))
    assert len(alerts(database)) == 2
    sign_in(client, database, Role.SUPERVISOR, scene.coordinator.agency_id)
    assert "A bed of one house was held 5 times within a day" in client.get("/").text
