"""A house's own year: slept, open, and open while somebody waited; for the house and the lead alone."""

import csv
import io
import re
from datetime import timedelta

from sqlalchemy import update

from app.access.policy import Role
from app.facilities.models import Licence
from app.placements import due
from tests.app.test_stays import arrived
from tests.app.test_workflow import scene
from tests.factories import Caller, lead, made, refused
from tests.scenes import Scene

__all__ = ["scene"]

PATH = "/v1/facilities/fac_a/year"


def test_a_house_sees_its_nights_and_when_somebody_waited(scene: Scene) -> None:
    arrived(scene)
    scene.clock.move(timedelta(days=1))
    path = scene.refer(needed_from="2026-11-22")
    with scene.database.writing() as session:
        session.execute(update(Licence).values(status="suspended"))
    _, answer = scene.rank(path)
    assert answer["options"] == []
    scene.clock.move(timedelta(days=1))
    due.run(scene.database)
    found = made(scene.staff["fac_a"].get(PATH))
    assert (found["beds"], found["alias"]) == (2, "A")
    one = {"slept": 1, "unpaid": 0, "open": 1}
    assert found["nights"] == [
        {"night": "2026-11-21", **one, "waited": False}, {"night": "2026-11-22", **one, "waited": True},
    ]  # fmt: skip

    client, headers = scene.client, scene.staff["fac_a"].headers
    rows = list(csv.DictReader(io.StringIO(client.get("/board/fac_a/year.csv", headers=headers).text)))
    assert [int(row["beds_slept"]) for row in rows] == [night["slept"] for night in found["nights"]]
    assert [row["somebody_waited"] == "yes" for row in rows] == [night["waited"] for night in found["nights"]]
    html = client.get("/board/fac_a/year", headers=headers).text
    assert "Nights with a bed open here while somebody in the network waited: 1." in html
    assert (html.count('class="missed"'), html.count('class="open"'), html.count('class="full"')) == (1, 1, 0)
    assert not re.search(r"min_|ref_|R-\d", html)

    assert made(lead(client, scene.database).get(PATH))["nights"] == found["nights"]
    refused(scene.staff["fac_b"].get(PATH), 404, "not_found")
    refused(Caller(client, scene.database, Role.FUNDER_ANALYST).get(PATH), 403, "forbidden")


def test_its_own_noes_though_every_rule_was_met(scene: Scene) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    offer = made(scene.ask(path, run, "fac_a"))
    made(scene.answer("fac_a", offer["id"], accept=False, decided_by="facility", reason="run_risk"))
    scene.clock.move(timedelta(days=1))
    assert made(scene.staff["fac_a"].get(PATH))["refused_though_met"] == [{"reason": "run_risk", "count": 1}]
    other = made(scene.staff["fac_b"].get("/v1/facilities/fac_b/year"))
    assert (other["refused_though_met"], len(other["nights"])) == ([], 364)
