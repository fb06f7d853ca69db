"""A young person who is in the house already: a bed at once, and the judgement after."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import AgencyKind, Role
from app.answers.models import RankingRun
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.facilities.models import Facility
from app.minors.models import Minor
from app.notices.channel import Notices
from app.outbox.delivery import deliver_due
from app.outbox.models import OutboxEvent
from app.placements import service
from app.placements.todo import todo_view
from app.placements.walk_in import judge_cut_off
from app.referrals.models import Referral
from app.stays.rolling import roll
from app.worker import DUE
from tests.actors import actor_of, add_agency, add_person
from tests.app.test_board_pages import Phone, words
from tests.app.test_workflow import held
from tests.factories import Caller, house, made, refused
from tests.scenes import Scene

Json = dict[str, Any]
WALK_INS = "/v1/facilities/fac_a/walk-ins"


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """With links to sign in."""
    return Settings(database_url=database_url, keys=keys, login_links=True, on_call_phone="555-0100")


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock, house("fac_a"), house("fac_b", admits=["verified"]))


def told(scene: Scene, kind: str) -> list[str]:
    with scene.database.reading() as session:
        return list(session.scalars(select(OutboxEvent.subject_id).where(OutboxEvent.kind == kind)))


def test_a_bed_at_once_that_nobody_pays_and_nothing_assumed(scene: Scene) -> None:
    staff = scene.staff["fac_a"]
    stay = made(staff.post(WALK_INS, {"bed": "bed_a1"}))
    assert [(row.bed_id, row.stay_id, row.fund_id) for row in scene.nights()] == [("bed_a1", stay["id"], None)]
    bed = made(staff.get("/v1/facilities/fac_a/board"))["beds"][0]
    assert (bed["status"], bed["tonight"]["fund"]) == ("occupied", None)
    with scene.database.reading() as session:
        minor = session.scalars(select(Minor)).one()
        referral = session.scalars(select(Referral)).one()
        run = session.scalars(select(RankingRun)).one()
    unknown = ("born_on", "age_min", "gender", "custody", "trafficking", "infants", "conditions", "history")
    assert [getattr(minor, name) for name in unknown] == [None] * len(unknown)
    assert (referral.code, referral.status, run.referral_id) == (stay["code"], "placed", referral.id)
    assert referral.agency_id == scene.agencies["fac_a"]
    assert told(scene, "walk_in.against_a_rule") == []


def test_each_further_night_is_one_that_nobody_pays(scene: Scene) -> None:
    stay = made(scene.staff["fac_a"].post(WALK_INS, {"bed": "bed_a1", "trafficking": "verified"}))
    scene.clock.move(timedelta(days=1))
    assert roll(scene.database) == 1
    gone = {"reason": "young_person_left", "destination": "not_known"}
    left = made(scene.staff["fac_a"].post(f"/v1/stays/{stay['id']}/discharge", gone))
    assert (left["left_on"], left["payers"]) == ("2026-11-22", [])
    assert len(scene.nights()) == 1


def test_a_rule_against_the_house_is_its_supervisor_s_to_look_at(scene: Scene) -> None:
    staff = scene.staff["fac_b"]
    made(staff.post("/v1/facilities/fac_b/walk-ins", {"bed": "bed_b1", "trafficking": "at_risk", "age": 15}))
    (run,) = told(scene, "walk_in.against_a_rule")
    with scene.database.reading() as session:
        assert session.scalars(select(RankingRun.id)).one() == run
    assert len(scene.nights()) == 1


def test_nobody_s_bed_is_given_away(scene: Scene) -> None:
    _, offer = held(scene)
    problem = refused(scene.staff["fac_a"].post(WALK_INS, {"bed": offer["hold"]["bed_id"]}), 409, "not_now")
    assert "open" in problem["detail"]
    refused(scene.staff["fac_a"].post(WALK_INS, {"bed": "bed_b1"}), 404, "not_found")
    refused(scene.staff["fac_b"].post(WALK_INS, {"bed": "bed_a1"}), 404, "not_found")
    with scene.database.reading() as session:
        assert len(session.scalars(select(Referral)).all()) == 1


def test_the_same_key_records_one(scene: Scene) -> None:
    staff = scene.staff["fac_a"]
    one = staff.post(WALK_INS, {"bed": "bed_a1"}, Idempotency_Key="k1")
    two = staff.post(WALK_INS, {"bed": "bed_a1"}, Idempotency_Key="k1")
    assert made(one) == made(two)
    assert two.headers["Idempotent-Replayed"] == "true"
    assert len(scene.nights()) == 1


def test_what_was_cut_off_and_not_sent_again_is_judged_by_the_worker(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, said = scene.staff["fac_b"], {"bed": "bed_b1", "trafficking": "at_risk", "age": 15}
    with monkeypatch.context() as cut:
        cut.setattr(service, "rank_for", lambda *_, **__: 1 / 0)
        assert staff.post("/v1/facilities/fac_b/walk-ins", said).status_code == 500
    assert judge_cut_off(scene.database) == 0
    scene.clock.move(timedelta(minutes=5))
    assert [judge_cut_off(scene.database) for _ in range(2)] == [1, 0]
    with scene.database.reading() as session:
        (referral,) = session.scalars(select(Referral))
        (run,) = session.scalars(select(RankingRun.id))
    assert (referral.status, judge_cut_off in DUE) == ("placed", True)
    assert told(scene, "walk_in.against_a_rule") == [run]


def test_the_same_request_judges_what_was_cut_off_before(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    staff, said = scene.staff["fac_b"], {"bed": "bed_b1", "trafficking": "at_risk", "age": 15}
    here = "/v1/facilities/fac_b/walk-ins"
    with monkeypatch.context() as cut:
        cut.setattr(service, "rank_for", lambda *_, **__: 1 / 0)
        assert staff.post(here, said, Idempotency_Key="k1").status_code == 500
    for _ in range(2):
        again = staff.post(here, said, Idempotency_Key="k1")
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    with scene.database.reading() as session:
        (referral,) = session.scalars(select(Referral))
        (run,) = session.scalars(select(RankingRun.id))
    assert referral.status == "placed"
    assert told(scene, "walk_in.against_a_rule") == [run]
    assert len(scene.nights()) == 1


def test_a_house_asks_for_what_follows_its_walk_in_and_whoever_places_is_told(scene: Scene) -> None:
    staff = scene.staff["fac_a"]
    stay = made(staff.post(WALK_INS, {"bed": "bed_a1", "trafficking": "verified", "age": 15}))
    scene.clock.move(timedelta(days=2))
    roll(scene.database)
    asked = made(staff.post(f"/v1/stays/{stay['id']}/next", {"nights_needed": 5}))
    assert told(scene, "stay.next_asked") == [asked["referral_id"]]
    own = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.agencies["fac_a"])
    referral = made(own.get(f"/v1/referrals/{asked['referral_id']}"))
    assert (referral["needed_from"], referral["nights_needed"]) == ("2026-11-23", 5)
    refused(staff.get(f"/v1/referrals/{asked['referral_id']}/rankings/{asked['run_id']}"), 403, "forbidden")
    refused(staff.post(f"/v1/stays/{stay['id']}/next", {}), 409, "already_exists")


def test_a_house_asks_for_nothing_after_a_stay_that_somebody_else_placed(scene: Scene) -> None:
    _, offer = held(scene)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    refused(scene.staff["fac_a"].post(f"/v1/stays/{stay}/next", {}), 404, "not_found")


def test_the_page_of_a_walk_in_asks_for_what_follows(scene: Scene) -> None:
    stay = made(scene.staff["fac_a"].post(WALK_INS, {"bed": "bed_a1", "trafficking": "verified"}))["id"]
    phone = Phone(scene)
    phone.page = phone.get(f"/stays/{stay}")
    page = phone.press("/next", needed_from="", nights_needed="")
    assert page.status_code == 200
    said = "Nobody of your agency places young people. Nobody was told. Call as well, and give the code."
    assert said in words(page.text)
    assert 'href="tel:555-0100"' in page.text
    _employ(scene, AgencyKind.RESIDENTIAL, scene.agencies["fac_a"])
    assert "Whoever places for your agency was told." in words(phone.get(f"/stays/{stay}").text)


def _employ(scene: Scene, kind: AgencyKind, agency_id: str | None = None) -> Actor:
    """A supervisor, of an agency of a kind or of one that is there."""
    with scene.database.writing() as session:
        agency = session.get_one(Agency, agency_id) if agency_id else add_agency(session, scene.clock, kind)
        return actor_of(add_person(session, scene.clock, Role.SUPERVISOR, agency), agency)


def test_where_nobody_of_the_agency_places_the_coalitions_lead_is_told_which_house_asks(scene: Scene) -> None:
    lead = _employ(scene, AgencyKind.COALITION_LEAD)
    stay = made(scene.staff["fac_a"].post(WALK_INS, {"bed": "bed_a1", "trafficking": "verified"}))["id"]
    phone = Phone(scene)
    phone.page = phone.get(f"/stays/{stay}")
    page = phone.press("/next", needed_from="", nights_needed="")
    assert "was told which house asks. Call as well" in words(page.text)
    assert told(scene, "stay.next_nobody") == ["fac_a"]
    deliver_due(scene.database, (Notices(),))
    with scene.database.reading() as session:
        seen = todo_view(session, lead, scene.clock)["notices"]
        alias = session.get_one(Facility, "fac_a").alias
    assert [(row["text"].split(":")[0], row["href"]) for row in seen] == [(alias, "/beds")]


def test_the_lead_is_not_told_where_the_agency_itself_places(scene: Scene) -> None:
    _employ(scene, AgencyKind.COALITION_LEAD)
    _employ(scene, AgencyKind.RESIDENTIAL, scene.agencies["fac_a"])
    stay = made(scene.staff["fac_a"].post(WALK_INS, {"bed": "bed_a1", "trafficking": "verified"}))["id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/next", {}))
    assert told(scene, "stay.next_nobody") == []
