"""A flagged young person is referred, missing, found, or leaves: who may know is told at once, by ids."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.access.policy import Role
from app.clock import MovableClock
from app.db import Database
from app.minors.record_models import ActivityKind
from app.notices.channel import Notices
from app.outbox.delivery import deliver_due
from app.outbox.models import OutboxEvent
from app.referrals.models import Referral
from app.sharing.codes import Item
from app.tasks.models import Task, TaskKind, TaskOutcome
from tests.app.test_pages import Browser, words
from tests.app.test_record import AT_RISK, Desk, desk
from tests.app.test_workflow import scene
from tests.factories import made, new_agency
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["desk", "scene"]


def told(database: Database) -> list[tuple[str, str, str]]:
    """Who was told what, about which id."""
    query = select(OutboxEvent).where(OutboxEvent.kind.startswith("record.")).order_by(OutboxEvent.seq)
    with database.reading() as session:
        return [(row.agency_id, row.kind, row.subject_id) for row in session.scalars(query)]


def test_who_may_see_the_flags_is_told_and_nobody_else(desk: Desk, database: Database) -> None:
    minor = desk.path.rsplit("/", 1)[1]
    desk.enter(ActivityKind.MISSING)
    assert told(database) == [], "nobody flagged her"
    made(desk.owner.post(f"{desk.path}/flags", {**AT_RISK, "review_by": "2026-11-22"}))
    desk.enter(ActivityKind.MISSING)
    assert told(database) == [], "nobody may know"
    school = new_agency(database)
    desk.release(Item.SCHOOL, Item.CASE, to=school)
    release = desk.release(Item.FLAGS)
    desk.enter(ActivityKind.MISSING)
    desk.enter(ActivityKind.RETURNED)
    desk.enter(ActivityKind.SCHOOL)
    there = desk.other.agency_id
    assert told(database) == [(there, "record.missing", minor), (there, "record.found", minor)]
    made(desk.owner.post(f"{desk.referral}/end", {"how": "closed"}))
    made(desk.owner.post(f"{desk.referral}/again", {"needed_from": None}))
    assert told(database)[2:] == [(there, "record.referred", minor)]
    desk.clock.move(timedelta(days=2))
    desk.enter(ActivityKind.MISSING)
    assert len(told(database)) == 3, "the flag ran out"
    made(desk.owner.post(f"{desk.path}/flags", AT_RISK))
    made(desk.signs.post(f"{release}/withdrawal"))
    desk.enter(ActivityKind.MISSING)
    assert len(told(database)) == 3, "what was agreed to was taken back"


def test_a_flag_on_a_linked_record_counts_too(desk: Desk, database: Database) -> None:
    other = str(made(desk.owner.post("/v1/minors", {"flag": AT_RISK}))["id"])
    desk.release(Item.FLAGS)
    made(desk.owner.post(f"/v1/minors/{other}/links", {"other": desk.path.rsplit("/", 1)[1], "verdict": "same"}))
    made(desk.owner.post(f"/v1/minors/{other}/activities", {"kind": "missing"}))
    assert [(agency, kind) for agency, kind, _ in told(database)] == [(desk.other.agency_id, "record.missing")]


def test_of_a_missing_child_two_reports_are_owed_within_a_day(desk: Desk, database: Database) -> None:
    desk.enter(ActivityKind.MISSING)
    with database.reading() as session:
        tasks = session.scalars(select(Task)).all()
    assert {row.kind for row in tasks} == {TaskKind.REPORT_POLICE, TaskKind.REPORT_NCMEC}
    assert {row.due_at for row in tasks} == {desk.clock.now() + timedelta(hours=24)}
    assert {row.agency_id for row in tasks} == {desk.owner.agency_id}
    desk.enter(ActivityKind.RETURNED)
    with database.reading() as session:
        assert {row.outcome for row in session.scalars(select(Task))} == {TaskOutcome.FOUND_BEFORE}


def test_leaving_a_house_is_told(scene: Scene, database: Database) -> None:
    path = scene.refer()
    with database.reading() as session:
        minor = session.get_one(Referral, path.rsplit("/", 1)[1]).minor_id
    made(scene.coordinator.post(f"/v1/minors/{minor}/flags", AT_RISK))
    reader = new_agency(database)
    paper: dict[str, Any] = {
        "recipient": reader, "purpose": "treatment", "items": ["flags"], "given": "written", "explained": True,
        "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}],
        "valid_until": (scene.clock.now() + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    made(scene.coordinator.post(f"{path}/releases", paper))
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a"))
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", {"reason": "completed", "destination": "family"}))
    assert told(database) == [(reader, "record.left", minor)]
    shown = made(scene.coordinator.get(f"/v1/minors/{minor}"))["timeline"]
    assert [(row["kind"], row["id"]) for row in shown] == [("left", None), ("arrived", None)]


def test_the_pages_say_what_is_owed_and_what_was_told(
    client: Any, database: Database, clock: MovableClock, desk: Desk
) -> None:
    made(desk.owner.post(f"{desk.path}/flags", AT_RISK))
    page = desk.path.removeprefix("/v1")
    browser = Browser(client, database, Role.PARTNER)
    desk.release(Item.FLAGS, to=browser.person.agency_id)
    desk.enter(ActivityKind.MISSING)
    deliver_due(database, [Notices()])
    said = words(browser.get("/minors"))
    assert "A flagged young person whose flags are shared with you is missing. M-" in said
    mine = str(browser.send("/minors", level="at_risk", basis="observation").url.path)
    answer = browser.send(f"{mine}/activities", kind="missing", on="", words="")
    assert "Report to law enforcement that she or he is missing. By" in words(answer)
    with database.reading() as session:
        task = session.scalars(select(Task.id).where(Task.agency_id == browser.person.agency_id).limit(1)).one()
    assert browser.send(f"{page}/tasks/{task}", outcome="reported", version="1").status_code == 404
    assert "Report to NCMEC that she or he is missing" in words(browser.get(mine))
    with database.writing() as session:
        session.execute(update(Task).values(due_at=clock.now()))
    assert "Overdue since" in words(browser.get(mine))
    assert words(browser.send(f"{mine}/tasks/{task}", outcome="reported", version="1")).count("Overdue since") == 1
