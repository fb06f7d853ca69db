"""Whoever is at the door is let in and on record; what stands against the house by then is told at once."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.beds.models import Resident
from app.config import Settings
from app.facilities.models import Facility, Unit
from app.minors.models import Minor
from app.outbox.models import OutboxEvent
from app.tasks.models import Task, TaskKind, TaskOutcome
from tests.app.test_board_pages import Phone
from tests.app.test_due import lived_in
from tests.app.test_stays import accepted
from tests.app.test_workflow import scene
from tests.factories import made
from tests.scenes import Scene

__all__ = ["scene"]

Json = dict[str, Any]


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """With links to sign in."""
    return Settings(database_url=database_url, keys=keys, login_links=True)


def told(scene: Scene) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Who has the task, with its house, and whom the notice is for."""
    with scene.database.reading() as session:
        tasks = session.execute(select(Task.agency_id, Task.facility_id).where(Task.kind == TaskKind.WALK_IN)).all()
        events = session.scalars(select(OutboxEvent.agency_id).where(OutboxEvent.kind == "stay.against_a_rule")).all()
    return sorted((agency, house) for agency, house in tasks), sorted(events)


def both(scene: Scene) -> tuple[list[tuple[str, str | None]], list[str]]:
    who = [(scene.coordinator.agency_id, None), (scene.agencies["fac_a"], "fac_a")]
    return sorted(who), sorted(agency for agency, _ in who)


def arrive(scene: Scene, stay: str) -> None:
    assert made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))["arrived"]


def test_an_arrival_that_nothing_stands_against_asks_nobody(scene: Scene) -> None:
    lived_in(scene)
    stay, _ = accepted(scene)
    arrive(scene, stay)
    assert told(scene) == ([], [])


def test_somebody_who_came_meanwhile_and_is_no_trafficked_minor_is_told_of_and_the_arrival_stands(scene: Scene) -> None:
    stay, _ = accepted(scene)
    with scene.database.writing() as session:
        session.add(Resident(id="res_1", facility_id="fac_a", trafficking="none", age=16))
    arrive(scene, stay)
    assert told(scene) == both(scene)


@pytest.mark.parametrize(("table", "column", "value"), [(Facility, "population", "mixed"), (Unit, "max_age", 12)])
def test_a_house_that_has_changed_is_told_of(scene: Scene, table: Any, column: str, value: Any) -> None:
    stay, _ = accepted(scene)
    with scene.database.writing() as session:
        for row in session.scalars(select(table)):
            setattr(row, column, value)
    arrive(scene, stay)
    assert told(scene) == both(scene)


def test_what_is_known_of_her_by_then_is_told_of_and_her_page_says_what_is_safe(scene: Scene) -> None:
    stay, _ = accepted(scene)
    with scene.database.writing() as session:
        session.scalars(select(Minor)).one().trafficking = None
    arrive(scene, stay)
    assert told(scene) == both(scene)
    page = Phone(scene).get(f"/stays/{stay}").text
    assert "Nobody is sent away" in page
    with scene.database.writing() as session:
        for task in session.scalars(select(Task).where(Task.kind == TaskKind.WALK_IN)):
            task.done_at, task.outcome = scene.clock.now(), TaskOutcome.FITS
    assert "Nobody is sent away" not in Phone(scene).get(f"/stays/{stay}").text
