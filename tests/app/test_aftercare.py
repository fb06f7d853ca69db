"""After a stay: the plan that is always there, who writes it, and the follow-ups of a year."""

from datetime import timedelta

from app.access.policy import Role
from app.stays.models import Stay
from app.tasks.service import tell_due
from tests.app.test_due import lived_in, told
from tests.app.test_workflow import scene
from tests.factories import Caller, made, refused, rows
from tests.scenes import Scene

__all__ = ["scene"]

HOME = {"reason": "completed", "destination": "family"}
ITEM = {"kind": "mentoring", "with_whom": "Big Sister programme", "starts_on": "2026-12-01"}


def test_a_discharge_leaves_an_empty_plan_and_four_follow_ups(scene: Scene) -> None:
    stay = lived_in(scene)
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", HOME))
    plan = made(scene.coordinator.get(f"/v1/stays/{stay}/aftercare"))
    assert (plan["version"], plan["items"]) == (1, [])
    days = ("2026-12-22", "2027-02-20", "2027-05-21", "2027-11-22")
    assert [row["due_at"][:10] for row in plan["follow_ups"]] == list(days)
    # What is to be done in a month is no task of tonight.
    assert rows(scene.coordinator.get("/v1/tasks")) == []
    scene.clock.move(timedelta(days=23))
    assert (tell_due(scene.database), tell_due(scene.database)) == (1, 0)
    (task,) = rows(scene.coordinator.get("/v1/tasks"))
    assert told(scene, "follow_up.due") == [(scene.coordinator.agency_id, task["id"])]
    made(scene.coordinator.post(f"/v1/tasks/{task['id']}/done", {"outcome": "needs_help"}))
    with scene.database.reading() as session:
        record = f"/v1/minors/{session.get_one(Stay, stay).minor_id}"
    shown = [(one["kind"], one["on"]) for one in made(scene.coordinator.get(record))["timeline"]]
    assert shown == [("follow_up_needs_help", "2026-12-14"), ("left", "2026-11-21"), ("arrived", "2026-11-21")]
    plan = made(scene.coordinator.get(f"/v1/stays/{stay}/aftercare"))
    assert [row["outcome"] for row in plan["follow_ups"]] == ["needs_help", None, None, None]


def test_the_agency_writes_the_plan_and_nobody_else_reads_it(scene: Scene) -> None:
    stay = lived_in(scene)
    path = f"/v1/stays/{stay}/aftercare"
    refused(scene.coordinator.put(path, {"items": [ITEM]}), 428, "version_required")
    plan = made(scene.coordinator.put(path, {"items": [ITEM], "version": 1}))
    assert (plan["version"], plan["items"], plan["follow_ups"]) == (2, [ITEM], [])
    refused(scene.coordinator.put(path, {"items": [], "version": 1}), 409, "stale_update")
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", HOME))
    plan = made(scene.coordinator.get(path))
    assert (plan["items"], len(plan["follow_ups"])) == ([ITEM], 4)
    made(scene.coordinator.put(path, {"items": [], "version": 2}))
    for caller in (scene.staff["fac_a"], Caller(scene.client, scene.database, Role.SUPERVISOR)):
        refused(caller.get(path), 404, "not_found")
        refused(caller.put(path, {"items": [], "version": 3}), 404, "not_found")
