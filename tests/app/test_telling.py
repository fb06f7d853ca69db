"""Who the young person is: told to the house that said yes, as far as a release or a law names it, and for as long."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.notices.channel import Notices
from app.notices.models import Notice
from app.notices.service import concerns
from app.outbox.delivery import deliver_due
from app.sharing.codes import OF_RECORD, Item
from tests.app.test_pages import words
from tests.app.test_releases import DAY
from tests.app.test_workflow import held, scene
from tests.factories import SignedIn, made, new_agency, refused, rows
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["scene"]

Json = dict[str, Any]
SECOND = timedelta(seconds=1)


def release(scene: Scene, path: str, *items: str, house: str = "fac_a", days: int = 90) -> str:
    """A paper by which a house's agency may know these items."""
    paper = {
        "recipient": scene.agencies[house], "purpose": "placement", "items": items, "given": "written",
        "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "explained": True,
        "valid_until": (scene.clock.now() + days * DAY).isoformat(),
    }  # fmt: skip
    return str(made(scene.coordinator.post(f"{path}/releases", paper))["id"])


def staff(scene: Scene, house: str = "fac_a") -> SignedIn:
    """Somebody who works in a house, and has just proved who they are."""
    return SignedIn(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies[house])


def coming(scene: Scene) -> tuple[str, str]:
    """A referral and the stay behind the yes of the first house."""
    path, offer = held(scene)
    return path, made(scene.answer("fac_a", offer["id"]))["stay_id"]


def told(scene: Scene, stay: str, house: str = "fac_a") -> Json:
    """What a house is told, by item."""
    facts = made(staff(scene, house).get(f"/v1/stays/{stay}/identity"))["facts"]
    return {fact["item"]: fact["values"] for fact in facts}


def test_the_house_that_said_yes_is_told_what_is_named_and_nothing_else(scene: Scene) -> None:
    path, stay = coming(scene)
    assert told(scene, stay) == {}
    release(scene, path, "born_on", "counties")
    assert told(scene, stay) == {"born_on": ["2011-03-02"], "counties": ["residence 13121"]}
    until = (scene.clock.now() + DAY).isoformat()
    law = {"recipient": scene.agencies["fac_a"], "law": "court_order", "reference": "x", "items": ["languages"]}
    made(scene.coordinator.post(f"{path}/legal-bases", {**law, "valid_until": until}))
    assert told(scene, stay)["languages"] is None  # not known, and said to be so


def test_every_item_has_its_reading(scene: Scene) -> None:
    path, stay = coming(scene)
    release(scene, path, *(item.value for item in Item))
    found = told(scene, stay)
    assert set(found) == {item.value for item in Item} - {"case"} - (OF_RECORD - {"stays"})
    assert [found[name] for name in ("given_names", "aliases", "contact")] == [None] * 3  # nobody entered them
    assert found["age"] == ["15"]
    assert (found["gender"], found["custody"], found["conditions"]) == (["female"], ["none"], [])
    assert found["stays"] == ["2026-11-21/"]


def test_another_house_is_told_nothing_whatever_was_signed(scene: Scene) -> None:
    path, stay = coming(scene)
    release(scene, path, "born_on", house="fac_b")
    for house in ("fac_b",):
        refused(staff(scene, house).get(f"/v1/stays/{stay}/identity"), 404, "not_found")
    assert told(scene, stay) == {}
    owner = SignedIn(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    refused(owner.get(f"/v1/stays/{stay}/identity"), 404, "not_found")


def test_taken_back_or_run_out_it_is_gone_at_the_next_look(scene: Scene) -> None:
    path, stay = coming(scene)
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    first, _ = release(scene, path, "born_on"), release(scene, path, "gender", days=2)
    assert set(told(scene, stay)) == {"born_on", "gender"}
    made(scene.coordinator.post(f"{path}/releases/{first}/withdrawal"))
    assert set(told(scene, stay)) == {"gender"}
    scene.clock.move(2 * DAY - SECOND)
    assert set(told(scene, stay)) == {"gender"}
    scene.clock.move(SECOND)
    assert told(scene, stay) == {}


def test_a_house_that_said_no_has_nothing_to_ask_for(scene: Scene) -> None:
    path, offer = held(scene)
    release(scene, path, "born_on")
    no = {"accept": False, "decided_by": "facility", "reason": "no_bed"}
    said = made(scene.answer("fac_a", offer["id"], **no))
    assert said["stay_id"] is None


# The first night is that of the 21st; the window is over once it is the evening of the 23rd, which begins at nine.
@pytest.mark.parametrize(("hours", "open_"), [(34, True), (35, False)])
def test_it_ends_with_the_window_where_nobody_came(scene: Scene, hours: int, open_: bool) -> None:
    path, stay = coming(scene)
    release(scene, path, "born_on")
    scene.clock.move(timedelta(hours=hours))
    answer = staff(scene).get(f"/v1/stays/{stay}/identity")
    assert answer.status_code == (200 if open_ else 404)


def test_it_ends_with_the_stay_at_once(scene: Scene) -> None:
    path, stay = coming(scene)
    release(scene, path, "born_on")
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    scene.clock.move(5 * DAY)
    assert set(told(scene, stay)) == {"born_on"}
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/discharge", {"reason": "completed", "destination": "family"}))
    refused(staff(scene).get(f"/v1/stays/{stay}/identity"), 404, "not_found")


@pytest.mark.parametrize(("after", "right"), [(timedelta(minutes=5), True), (timedelta(minutes=5) + SECOND, False)])
def test_it_takes_a_fresh_proof_and_never_a_key(scene: Scene, after: timedelta, right: bool) -> None:
    path, stay = coming(scene)
    release(scene, path, "born_on")
    refused(scene.staff["fac_a"].get(f"/v1/stays/{stay}/identity"), 403, "forbidden")
    one = staff(scene)
    scene.clock.move(after)
    answer = one.get(f"/v1/stays/{stay}/identity")
    assert answer.status_code == (200 if right else 403)
    assert right or answer.json()["code"] == "proof_needed"


def test_the_owner_is_told_of_each_look_and_under_which_paper(scene: Scene) -> None:
    path, stay = coming(scene)
    told(scene, stay)
    release(scene, path, "born_on")
    told(scene, stay)
    looks = [row for row in rows(scene.coordinator.get(f"{path}/looks")) if row["action"] == "identity.read"]
    assert [(row["by"] == row["agency"], row["under_release"]) for row in looks] == [(True, True), (True, False)]


def test_the_page_says_it_in_words_and_the_stay_leads_to_it(scene: Scene) -> None:
    path, stay = coming(scene)
    release(scene, path, "born_on", "gender", "counties", "custody", "conditions", "languages", "stays")
    one = staff(scene)
    where = f"/stays/{stay}/identity"
    assert where in one.client.get(f"/stays/{stay}", headers={"accept": "text/html"}).text
    said = words(one.client.get(where, headers={"accept": "text/html"}))
    assert "Birth date Mar 2, 2011 Gender Female" in said
    assert "lives in Fulton County, GA" in said
    assert "Languages Not known" in said
    assert "asks about None" in said
    owner = SignedIn(scene.client, scene.database, Role.SUPERVISOR, scene.coordinator.agency_id)
    assert where not in owner.client.get(f"/stays/{stay}", headers={"accept": "text/html"}).text


def test_an_open_page_is_told_that_it_was_taken_back(scene: Scene) -> None:
    """The event stream says that something changed; the page loads again, and the server shows nothing any more."""
    path, stay = coming(scene)
    paper = release(scene, path, "born_on")
    one = staff(scene)
    reader = Actor(agency_id=scene.agencies["fac_a"], kind=AgencyKind.RESIDENTIAL, role=Role.FACILITY_STAFF,
                   person_id="person_1")  # fmt: skip
    where = f"/stays/{stay}/identity"
    open_page = one.client.get(where, headers={"accept": "text/html"})
    assert "Mar 2, 2011" in open_page.text
    assert "data-live" in open_page.text
    made(scene.coordinator.post(f"{path}/releases/{paper}/withdrawal"))
    deliver_due(scene.database, [Notices()])
    with scene.database.reading() as session:
        newest = session.scalars(select(Notice).order_by(Notice.seq.desc()).limit(1)).one()
        assert (newest.kind, newest.agency_id) == ("release.withdrawn", scene.agencies["fac_a"])
        assert concerns(reader, newest)
    again = one.client.get(where, headers={"accept": "text/html"})
    assert again.status_code == 200
    assert "Mar 2, 2011" not in again.text
    assert "Nothing is shared now." in words(again)
    assert "no-store" in again.headers["cache-control"]


def test_an_agency_that_runs_no_house_is_told_by_the_paper_itself(scene: Scene) -> None:
    path = scene.refer()
    scene.agencies["school"] = new_agency(scene.database, AgencyKind.SCHOOL)
    paper, other = release(scene, path, "age", "languages", house="school"), release(scene, path, "born_on")
    school = SignedIn(scene.client, scene.database, Role.PARTNER, scene.agencies["school"])
    (row,) = rows(school.get("/v1/shared"))
    assert (row["id"], row["purpose"], row["law"], row["items"]) == (paper, "placement", None, ["age", "languages"])
    facts = made(school.get(f"/v1/shared/{paper}"))["facts"]
    assert facts == [{"item": "age", "values": ["15"]}, {"item": "languages", "values": None}]
    refused(school.get(path), 404, "not_found")
    refused(school.get(f"/v1/shared/{other}"), 404, "not_found")
    page = school.client.get("/shared", headers={"accept": "text/html"})
    assert f"/shared/{paper}" in page.text
    assert "Age 15 Languages Not known" in words(school.client.get(f"/shared/{paper}"))
    made(scene.coordinator.post(f"{path}/releases/{paper}/withdrawal"))
    refused(school.get(f"/v1/shared/{paper}"), 404, "not_found")
    assert rows(school.get("/v1/shared")) == []
    looks = [row["action"] for row in rows(scene.coordinator.get(f"{path}/looks"))]
    assert looks.count("identity.read") == 2  # by the API, and on the page


def test_a_house_s_agency_is_not_told_by_the_paper_before_it_says_yes(scene: Scene) -> None:
    path = scene.refer()
    paper = release(scene, path, "born_on")
    one = SignedIn(scene.client, scene.database, Role.SUPERVISOR, scene.agencies["fac_a"])
    assert [row["id"] for row in rows(one.get("/v1/shared"))] == [paper]
    refused(one.get(f"/v1/shared/{paper}"), 404, "not_found")


WHO: Json = {
    "given_names": "Canary Wren",
    "family_name": "Canaryson",
    "called": "Wren",
    "aliases": ["Canary One", "Canary Two"],
    "contact": "through the school nurse, canary",
    "words": "afraid of dogs, canary",
}


def test_of_the_sealed_record_the_house_reads_the_named_fields_alone_and_each_look_is_told(scene: Scene) -> None:
    path, offer = held(scene)
    made(scene.coordinator.put(f"{path}/identity", WHO))
    release(scene, path, "called", "aliases", "age")
    for answer in (scene.staff["fac_a"].get("/v1/facilities/fac_a/offers"), scene.answer("fac_a", offer["id"])):
        assert "anary" not in answer.text
        assert "Wren" not in answer.text
    stay = made(scene.coordinator.get(f"{path}/offers/{offer['id']}"))["stay_id"]
    answer = staff(scene).get(f"/v1/stays/{stay}/identity")
    facts = {fact["item"]: fact["values"] for fact in made(answer)["facts"]}
    assert facts == {"called": ["Wren"], "aliases": ["Canary One", "Canary Two"], "age": ["15"]}
    for hidden in ("Canaryson", "nurse", "dogs"):
        assert hidden not in answer.text
    law = {"recipient": scene.agencies["fac_a"], "law": "protective_custody", "reference": "x", "items": ["words"]}
    until = (scene.clock.now() + DAY).isoformat()
    made(scene.coordinator.post(f"{path}/legal-bases", {**law, "valid_until": until}))
    assert told(scene, stay)["words"] == [WHO["words"]]
    looks = [row for row in rows(scene.coordinator.get(f"{path}/looks")) if row["action"] == "identity.read"]
    assert [row["under_release"] for row in looks] == [True, True, True]  # the paper twice, the law once


def test_what_is_matched_on_holds_no_name(scene: Scene) -> None:
    path = scene.refer()
    before = scene.snapshot()
    made(scene.coordinator.put(f"{path}/identity", WHO))
    assert scene.snapshot() == before
    _, decision = scene.rank(path)
    assert "anary" not in str(decision)
