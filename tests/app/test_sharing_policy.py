"""What a network's counsel sets: how long a house reads on, from which age the young sign alone; and what is purged."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.db import Database
from tests.app.test_due import lived_in
from tests.app.test_workflow import held, scene
from tests.factories import Caller, lead, made, new_agency, refused, rows
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["scene"]

Json = dict[str, Any]
HOME: Json = {"reason": "completed", "destination": "family"}


def read_on(scene: Scene, nights: int) -> None:
    sent = {"former_nights": nights, "release_days": 90}
    assert made(lead(scene.client, scene.database).put("/v1/sharing-policy", sent)) == sent


@pytest.mark.parametrize(
    ("nights", "days", "reads"), [(0, 0, False), (1, 0, True), (1, 1, False), (3, 2, True), (3, 3, False)]
)
def test_a_house_reads_a_stay_as_many_nights_after_its_end_as_the_policy_has(
    scene: Scene, nights: int, days: int, reads: bool
) -> None:
    read_on(scene, nights)
    stay = lived_in(scene)
    staff = scene.staff["fac_a"]
    made(staff.get(f"/v1/stays/{stay}"))
    scene.clock.move(timedelta(days=1))
    made(scene.coordinator.post(f"/v1/stays/{stay}/discharge", HOME))
    scene.clock.move(timedelta(days=days))
    assert (staff.get(f"/v1/stays/{stay}").status_code == 200) is reads
    made(scene.coordinator.get(f"/v1/stays/{stay}"))  # whose record it is


@pytest.mark.parametrize("ending", ["no", "taken_back", "another"])
def test_the_profile_is_gone_at_a_house_that_is_not_asked_any_more(scene: Scene, ending: str) -> None:
    path, offer = held(scene)
    where = f"/v1/facilities/fac_a/offers/{offer['id']}/answer"
    (waiting,) = rows(scene.staff["fac_a"].get("/v1/facilities/fac_a/offers"))
    assert (waiting["age"], waiting["gender"]) == ("15", "female")
    if ending == "no":
        no = {"accept": False, "decided_by": "facility", "reason": "no_bed"}
        said = [made(scene.staff["fac_a"].post(where, no, Idempotency_Key="k")) for _ in range(2)]
        for answer in said:
            assert [answer[name] for name in ("age", "gender", "infants")] == [None] * 3
            assert [answer[name] for name in ("conditions", "services", "languages")] == [[]] * 3
    elif ending == "taken_back":
        made(scene.coordinator.post(f"{path}/offers/{offer['id']}/withdrawal", {}))
    else:
        run, _ = scene.rank(path)
        other = made(scene.ask(path, run, "fac_b", "offers"))
        made(scene.answer("fac_b", other["id"]))
    assert rows(scene.staff["fac_a"].get("/v1/facilities/fac_a/offers")) == []
    if ending != "no":
        refused(scene.staff["fac_a"].post(where, {"accept": True}), 409, "offer_ended")


def test_a_yes_still_shows_whom_it_is_about(scene: Scene) -> None:
    _, offer = held(scene)
    assert made(scene.answer("fac_a", offer["id"]))["age"] == "15"


def test_the_lead_enters_from_which_age_a_law_lets_sign_alone(client: TestClient, database: Database) -> None:
    everything = lead(client, database)
    row = {"service": "safe_harbor", "state": "MN", "from_age": 13, "citation": "the statute, as counsel read it"}
    entered = made(everything.put("/v1/lone-consents", row))
    assert made(everything.put("/v1/lone-consents", {**row, "from_age": 14}))["id"] == entered["id"]
    found = {(one["service"], one["state"]): one["from_age"] for one in rows(everything.get("/v1/lone-consents"))}
    assert found == {("safe_harbor", "MN"): 14, ("substance_treatment", None): None}
    own = Caller(client, database, Role.ADMINISTRATOR, new_agency(database, AgencyKind.RESIDENTIAL))
    refused(own.put("/v1/lone-consents", row), 403, "forbidden")
    refused(own.put("/v1/sharing-policy", {"former_nights": 0, "release_days": 1}), 403, "forbidden")
