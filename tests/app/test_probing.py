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
from app.placements import areas, probing
from tests.actors import sign_in
from tests.factories import EIGHT_ANSWERS, Caller, house, load, made, network, new_agency
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


SHUT = "More places to avoid were asked about today"
COUNTIES = [f"13{number:03d}" for number in range(1, 322, 2)]
WHOLE: Any = {**EIGHT_ANSWERS["minor"], "residence": {"county": "13121"}}


class Asker:
    """Refers one young person after another, each with places to avoid of her own."""

    def __init__(self, client: TestClient, database: Database, agency_id: str) -> None:
        self.caller = Caller(client, database, Role.INTAKE_COORDINATOR, agency_id)

    def options(self, **avoid: Any) -> set[str]:
        """The houses that are had, where these places are avoided."""
        return {entry["facility"] for entry in self.rank(**avoid)["options"]}

    def refer(self, **avoid: Any) -> None:
        body = {**EIGHT_ANSWERS, "needed_from": None, "minor": {**WHOLE, "avoid": avoid}}
        self.path = self.caller.post("/v1/referrals", body).headers["Location"]

    def rank(self, **avoid: Any) -> Any:
        self.refer(**avoid)
        return made(self.caller.post(f"{self.path}/rankings"))


@pytest.fixture
def asker(client: TestClient, database: Database) -> Asker:
    houses = [house("fac_a"), house("fac_b", county="13001"), house("fac_c", state="TN", county="47037")]
    load(database, network(*houses))
    return Asker(client, database, sign_in(client, database, Role.SUPERVISOR).agency_id)


def test_counties_past_those_of_a_day_tell_nothing_more(
    client: TestClient, database: Database, asker: Asker, clock: MovableClock
) -> None:
    """Whether a house stands in one of them or not, it reads the same; elsewhere it is an option as before."""
    there = asker.options()
    assert there >= {"fac_a", "fac_b"}
    assert SHUT not in client.get(asker.path.removeprefix("/v1"), follow_redirects=True).text
    for county in COUNTIES[:10]:
        assert asker.options(counties=[county]) == there - ({"fac_b"} if county == "13001" else set())
    assert alerts(database) == []
    for county in COUNTIES[10:20]:
        assert asker.options(counties=[county]) == there
    assert len(alerts(database)) == 10
    assert asker.options(counties=["13121"]) == asker.options(counties=[COUNTIES[21]]) == there - {"fac_a", "fac_b"}
    body = asker.rank(counties=["13121"])
    shut = [e for e in body["later"] if e["facility"] in ("fac_a", "fac_b")]
    assert [entry["code"] for entry in shut] == ["not_available"] * 2
    assert body["excluded"] == []
    assert SHUT in client.get(asker.path.removeprefix("/v1"), follow_redirects=True).text
    told = len(alerts(database))
    # What was asked about before is answered as before, and so is everything when the day is over.
    assert asker.options(counties=["13001"]) == there - {"fac_b"}
    clock.move(timedelta(days=1, minutes=1))
    assert {entry["facility"] for entry in asker.rank(counties=["13001"])["needs_info"]} == there
    assert len(alerts(database)) == told


def test_halving_the_counties_of_a_state_ends_after_two_lists(asker: Asker) -> None:
    halves = [[county for n, county in enumerate(COUNTIES) if n >> bit & 1] for bit in range(3)]
    assert asker.options(counties=halves[0]) >= {"fac_b"}
    assert asker.options(counties=halves[1]) >= {"fac_b"}
    assert not asker.options(counties=halves[2]) & {"fac_a", "fac_b"}
    assert asker.options(counties=halves[0]) >= {"fac_b"}


def test_circles_past_those_of_a_day_shut_every_house(asker: Asker, database: Database) -> None:
    there = asker.options()
    for kilometres in range(2, 18, 2):
        assert asker.options(circles=[[10.0, 10.0, kilometres]]) == there
    assert asker.options(circles=[[10.0, 10.0, 18]]) == set()
    assert len(alerts(database)) == 5


def test_a_plan_asks_about_no_place_to_avoid_anew(client: TestClient, database: Database, asker: Asker) -> None:
    """Whether a house stands there or not, no line is of one that might, until a ranking has had the answer."""
    agency = new_agency(database, AgencyKind.COALITION_LEAD)
    lead = Caller(client, database, Role.SUPERVISOR, agency)

    def line() -> str | None:
        plan = made(asker.caller.get(f"/v1/plans/{made(lead.post('/v1/plans'))['id']}"))
        return {row["referral"]: row["facility"] for row in plan["lines"]}.get(asker.path.split("/")[-1])

    for avoid, before in (
        ({"counties": ["13001"]}, {"fac_c"}),
        ({"counties": [COUNTIES[5]]}, {"fac_c"}),
        ({"circles": [[10.0, 10.0, 3]]}, {None}),
    ):
        asker.refer(**avoid)
        assert line() in before
        made(asker.caller.post(f"{asker.path}/rankings"))
        with database.reading() as session:
            assert not any(one.shut for one in areas.unasked(session).values())
        assert line() is not None
        made(asker.caller.post(f"{asker.path}/end", {"how": "closed"}))
    asker.refer(counties=["47037"])
    assert line() in {"fac_a", "fac_b"}
    assert alerts(database) == []


def test_who_is_told_of_places_to_avoid(client: TestClient, database: Database, asker: Asker) -> None:
    """The agency's supervisors, its security administrators, and the lead of the coalition; nobody else."""
    for county in COUNTIES[:12]:
        asker.options(counties=[county])
    said = "Many different places to avoid were asked about within a day"
    home = client.get("/").text
    assert said in home
    assert f'href="{asker.path.removeprefix("/v1")}"' in home
    told: dict[tuple[Role, str], bool] = {}
    for role in (Role.SUPERVISOR, Role.SECURITY_ADMINISTRATOR):
        lead = new_agency(database, AgencyKind.COALITION_LEAD)
        for who, agency in {"own": asker.caller.agency_id, "lead": lead, "other": new_agency(database)}.items():
            sign_in(client, database, role, agency)
            page = client.get("/").text
            told[role, who] = said in page
            rows = {"own": 2 if role is Role.SUPERVISOR else 1, "lead": 1, "other": 0}
            assert page.count(said) == rows[who]
            assert (asker.path.rsplit("/", 1)[1] in page) == (who == "own" and role is Role.SUPERVISOR)
    assert told == {key: key[1] != "other" for key in told}


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
