"""The whole decision: a supervisor's, for a reason, within the own agency, and each look on record."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import Role
from app.access.tokens import form_token
from app.answers.models import WholeView
from app.audit.models import AuditEvent
from app.db import Database
from app.sealing.box import Place
from app.sealing.keyring import keyring_of
from app.sharing.models import Relation
from app.sharing.service import grant
from tests.actors import SAME_SITE, sign_in
from tests.factories import EIGHT_ANSWERS, Caller, house, load, made, network, refused

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]

CONFLICT = "safeguard.conflict"
WHY: Json = {"reason": "court_asks", "words": "The court asks why this house was not offered."}


class Scene:
    """A signed-in supervisor, and a referral that one house cannot take since somebody lives there."""

    def __init__(self, client: TestClient, database: Database, role: Role = Role.SUPERVISOR) -> None:
        self.client, self.database = client, database
        self.agency_id = sign_in(client, database, role).agency_id
        facts = {**EIGHT_ANSWERS["minor"], "found": None}
        minors = [{"id": "min_1", **facts, "avoid": {"minors": ["min_2"]}}, {"id": "min_2", **facts}]
        resident = {"minor": "min_2", "bed": "bed_a1", "trafficking": "verified", "age": 15, "until": None}
        referral = {"id": "ref_1", "minor": "min_1", "urgency": 1, "needed_from": None}
        document = network(house("fac_a", residents=[resident]), house("fac_b"), minors=minors, referrals=[referral])
        load(database, document, agency_id=self.agency_id)
        caller = Caller(client, database, Role.INTAKE_COORDINATOR, self.agency_id)
        self.run = caller.post("/v1/referrals/ref_1/rankings").headers["Location"].split("/")[-1]
        self.page = f"/referrals/ref_1/rankings/{self.run}/whole"
        self.path = f"/v1/referrals/ref_1/rankings/{self.run}/whole-views"

    def ask(self, body: Json, path: str = "") -> Any:
        headers = SAME_SITE | {"X-Form-Token": form_token(self.client.cookies["bednight"])}
        return self.client.post(path or self.path, json=body, headers=headers)

    def send(self, **fields: str) -> Any:
        token = {"form_token": form_token(self.client.cookies["bednight"])}
        return self.client.post(self.page, data=token | fields, headers=SAME_SITE)

    def views(self) -> list[tuple[str, str]]:
        """What was kept, and what the trail says."""
        with self.database.reading() as session:
            kept = session.execute(select(WholeView)).scalars().all()
            told = session.scalars(select(AuditEvent).where(AuditEvent.action == "ranking.whole"))
            noted = [(row.subject, row.reason or "") for row in told if row.outcome == "ok"]
            ring = keyring_of(session)
            said = [ring.open(Place("whole_views", "words", row.id), row.sealed_words) for row in kept]
        assert [(row.run_id, f"whole.{row.reason}") for row in kept] == noted
        return [(row.reason.value, text) for row, text in zip(kept, said, strict=True)]


@pytest.fixture
def scene(client: TestClient, database: Database) -> Scene:
    return Scene(client, database)


def test_what_concerns_others_is_seen_for_a_reason(scene: Scene) -> None:
    plain = scene.client.get(f"/v1/referrals/ref_1/rankings/{scene.run}?findings=all")
    assert CONFLICT not in plain.text
    assert made(plain)["later"][0]["code"] == "not_available"
    whole = made(scene.ask(WHY))
    (excluded,) = whole["excluded"]
    assert (excluded["facility"], excluded["failed"]) == ("fac_a", [CONFLICT])
    assert whole["snapshot_sha256"]
    assert scene.views() == [("court_asks", WHY["words"])]
    made(scene.ask({**WHY, "reason": "complaint"}))
    assert len(scene.views()) == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"words": WHY["words"]}, "/reason"),
        ({"reason": "curious", "words": WHY["words"]}, "/reason"),
        ({"reason": "complaint"}, "/words"),
        ({"reason": "complaint", "words": "x" * 19}, "/words"),
        ({"reason": "complaint", "words": f"x{' ' * 30}"}, "/words"),
        ({"reason": "complaint", "words": "x" * 1001}, "/words"),
        ({"reason": "complaint", "words": "x" * 30 + "\u0000"}, "/words"),
    ],
)
def test_without_a_reason_nothing_is_seen(scene: Scene, body: Json, pointer: str) -> None:
    answer = scene.ask(body)
    assert [error["pointer"] for error in refused(answer, 422, "invalid")["errors"]] == [pointer]
    assert scene.views() == []


def test_the_page_asks_why_and_then_shows_it(scene: Scene) -> None:
    assert scene.page in scene.client.get(f"/referrals/ref_1/rankings/{scene.run}").text
    form = scene.client.get(scene.page)
    assert (form.status_code, "Fac" in form.text) == (200, False)
    again = scene.send(reason="complaint", words="too short")
    assert again.status_code == 422
    assert 'value="too short"' in again.text
    assert "Write at least 20 characters" in again.text
    assert "Choose one of the reasons" in scene.send(words=WHY["words"]).text
    assert scene.views() == []
    shown = scene.send(**WHY)
    assert shown.status_code == 200
    assert "Does not fit (1)" in shown.text
    assert "Not met" in shown.text
    assert scene.views() == [("court_asks", WHY["words"])]
    assert WHY["words"] not in shown.text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SUPERVISOR])
def test_nobody_else_sees_it(client: TestClient, database: Database, role: Role) -> None:
    scene = Scene(client, database, role)
    refused(scene.ask(WHY), 403, "forbidden")
    assert scene.send(**WHY).status_code == scene.client.get(scene.page).status_code == 403
    assert scene.page not in scene.client.get(f"/referrals/ref_1/rankings/{scene.run}").text
    assert scene.views() == []


def test_a_key_never_sees_it(scene: Scene) -> None:
    key = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.agency_id)
    refused(key.post(scene.path, WHY), 403, "forbidden")


def test_a_run_of_another_referral_is_not_found(scene: Scene) -> None:
    caller = Caller(scene.client, scene.database, Role.SUPERVISOR, scene.agency_id)
    other = made(caller.post("/v1/referrals", EIGHT_ANSWERS))["id"]
    refused(scene.ask(WHY, scene.path.replace("ref_1", other)), 404, "not_found")
    assert scene.client.get(scene.page.replace("ref_1", other)).status_code == 404
    assert scene.views() == []


def test_another_agency_s_supervisor_finds_nothing(scene: Scene, client: TestClient, database: Database) -> None:
    other = sign_in(client, database, Role.SUPERVISOR)
    with database.writing() as session:  # who was let in to read sees the projection, as everyone does
        grant(session, "min_1", other.agency_id, Relation.REFERRED, database.clock.now())
    assert client.get(f"/v1/referrals/ref_1/rankings/{scene.run}").status_code == 200
    hidden = refused(scene.ask(WHY), 404, "not_found")
    absent = refused(scene.ask(WHY, scene.path.replace("ref_1", "ref_none")), 404, "not_found")
    assert {**hidden, "request_id": ""} == {**absent, "request_id": ""}
    assert client.get(scene.page).status_code == scene.send(**WHY).status_code == 404
    assert scene.views() == []
