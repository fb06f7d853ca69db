"""What can still be done at a house of an answer, by forms: exceptions, a second person, an unpaid night, a no."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.gaps.models import Call, Gap
from app.gaps.on_record import KINDS
from app.stays.models import Offer
from tests.actors import sign_in
from tests.app.test_exceptions import added, excluded, strict, unpaid_why
from tests.app.test_hold_pages import Hand, title
from tests.factories import fund, house
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
WHY: Json = {"role": "program manager", "reason": "a bed tonight", "days": "30"}
RIGHT: Json = {"from": "house", "facility": "fac_x", "authority": "court_order", "choice_reason": "clinical_advice"}


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """A sign-in that outlasts what a test moves the clock by."""
    long = timedelta(days=7)
    return Settings(database_url=database_url, keys=keys, login_links=True, session_lasts=long, session_idles=long)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


@pytest.fixture
def hand(scene: Scene) -> Hand:
    return Hand(scene.client, scene.database, scene.coordinator.agency_id)


def said(page: Response) -> str:
    main = re.findall(r"<main.*</main>", page.text, re.S)[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_a_rule_is_waived_and_the_house_held_from_its_page(scene: Scene, hand: Hand) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    here = f"{path[3:]}/rankings/{run}"
    answer = hand.get(here)
    assert re.search(r'<form id="house" method="get" action="[^"]+/house">', answer.text)
    assert re.search(r'form="house" name="facility" value="fac_x"', answer.text)
    page = hand.get(f"{here}/house?facility=fac_x")
    assert "Record an exception" in said(page)
    assert "Hold bed" not in said(page)
    assert "X" not in re.findall(r"<title>(.*?)</title>", page.text)[0].replace(" ", "")[6:]
    waive: Json = {"facility": "fac_x", "rule": "facility.declines", "party": "facility"}
    wrong = hand.send(f"{here}/exceptions", **waive, role="", reason="kept as typed", days="30")
    assert wrong.status_code == 422
    assert "Write the role of the person who decided" in wrong.text
    assert 'value="kept as typed"' in wrong.text
    theirs = hand.send(f"{here}/exceptions", **{**waive, "party": "funder"}, **WHY)
    assert theirs.status_code == 422
    assert "This rule is another party's to waive." in said(theirs)
    page = hand.send(f"{here}/exceptions", **waive, **WHY)
    assert "Waived" in said(page)
    assert "House, program manager: a bed tonight" in said(page)
    assert "Every rule in the way is waived" in said(page)
    asked = hand.send(f"{here}/holds", **{**RIGHT, "authority": ""}, press="waived")
    assert asked.status_code == 422
    assert "Choose by what right the young person is placed" in asked.text
    assert "waiting for X" in title(hand.send(f"{here}/holds", **RIGHT, press="waived"))


def test_a_second_person_looks_at_it_and_the_first_cannot(scene: Scene, hand: Hand) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    here = f"{path[3:]}/rankings/{run}"
    hand.send(f"{here}/exceptions", facility="fac_x", rule="facility.declines", party="facility", **WHY)
    assert f'href="{path[3:]}/exceptions"' in hand.get(here).text
    mine = hand.get(f"{path[3:]}/exceptions")
    assert "A second person must look at it by" in said(mine)
    assert "I looked at it, and agree" not in mine.text
    exception = re.findall(r'id="(exc_\w+)"', mine.text)[0]
    refused = hand.send(f"{path[3:]}/exceptions/{exception}/second")
    assert refused.status_code == 409
    assert "A second person must look at it: somebody else than who recorded it." in said(refused)
    colleague = Hand(scene.client, scene.database, scene.coordinator.agency_id)
    assert "Look at a colleague's exception" in html.unescape(colleague.get("/tasks").text)
    assert f'href="{path[3:]}/exceptions"' in colleague.get("/tasks").text
    scene.clock.move(timedelta(hours=25))
    colleague = Hand(scene.client, scene.database, scene.coordinator.agency_id)  # signed in anew
    late = colleague.get(f"{path[3:]}/exceptions")
    assert "it counts for nothing new until one agrees" in said(late)
    assert "I looked at it, and agree" in late.text
    agreed = colleague.send(f"{path[3:]}/exceptions/{exception}/second")
    assert "A second person agreed on" in said(agreed)
    assert "Nothing to do" in colleague.get("/tasks").text


def test_what_nobody_may_waive_offers_no_exception(scene: Scene, hand: Hand) -> None:
    safeguards = {**house()["safeguards"], "grievance_contact": {**house()["safeguards"]["egress"], "value": False}}
    added(scene, strict(safeguards=safeguards), funds=[fund("fund_x")])
    path, run = excluded(scene)
    page = hand.get(f"{path[3:]}/rankings/{run}/house?facility=fac_x")
    assert "Cannot be waived" in said(page)
    assert "Record an exception" not in said(page)
    assert "Hold" not in said(page)


def test_a_bed_that_nobody_pays_is_taken_for_tonight_with_its_reason(scene: Scene, hand: Hand) -> None:
    limit = fund("fund_x", min_age=16, max_age=17)
    added(scene, house("fac_x", funds=["fund_x"]), funds=[limit])
    path = scene.refer()
    run, _ = scene.rank(path)
    here = f"{path[3:]}/rankings/{run}"
    page = hand.get(f"{here}/house?facility=fac_x")
    assert "Only a payer is missing" in said(page)
    asked = hand.send(f"{here}/holds", **RIGHT, press="unfunded", unfunded_reason="")
    assert asked.status_code == 422
    offer = hand.send(f"{here}/holds", **RIGHT, press="unfunded", unfunded_reason="no safe place")
    assert "waiting for X" in title(offer)
    with scene.database.reading() as session:
        kept = session.scalars(select(Offer)).one()
        assert (kept.unfunded, unpaid_why(session)) == (True, ["no safe place"])


def test_a_no_on_the_phone_is_one_press_on_the_page_of_any_house(scene: Scene, hand: Hand) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    here = f"{path[3:]}/rankings/{run}"
    page = hand.get(f"{here}/house?facility=fac_a")
    assert "Called, and they said no" in said(page)
    assert page.text.count('name="press"') <= 8
    odd = hand.send(f"{here}/calls", facility="fac_a", press="because")
    assert odd.status_code == 422
    after = hand.send(f"{here}/calls", facility="fac_a", press="no_bed")
    assert "Their no is on record." in said(after)
    assert "Call first" in said(after)
    with scene.database.reading() as session:
        assert [(row.facility_id, row.reason) for row in session.scalars(select(Call))] == [("fac_a", "no_bed")]


def test_a_press_that_is_sent_twice_acts_once(scene: Scene, hand: Hand) -> None:
    added(scene, strict(), funds=[fund("fund_x")])
    path, run = excluded(scene)
    here = f"{path[3:]}/rankings/{run}"
    page = hand.get(f"{here}/house?facility=fac_x")
    once = re.findall(r'name="once" value="(form_\w+)"', page.text)[0]
    waive: Json = {"facility": "fac_x", "rule": "facility.declines", "party": "facility", "once": once}
    for _ in range(2):
        assert said(hand.send(f"{here}/exceptions", **waive, **WHY)).count("program manager") == 1
        assert "Their no is on record." in said(hand.send(f"{here}/calls", facility="fac_x", press="no_bed", once=once))
        got = hand.send(f"{here}/holds", **RIGHT, press="waived", once=once, called="fac_x")
        assert "waiting for X" in title(got), said(got)
    with scene.database.reading() as session:
        assert len(session.scalars(select(Call)).all()) == len(session.scalars(select(Offer)).all()) == 1


def test_the_gap_on_record_says_why_nobody(scene: Scene, hand: Hand) -> None:
    minor: Json = {"born_on": "2006-03-02", "gender": "female", "trafficking": "verified", "custody": "none"}
    path = scene.refer(minor=minor)
    run, _ = scene.rank(path)
    page = hand.get(f"{path[3:]}/rankings/{run}")
    assert (
        "On record as a gap. Night of Nov 21: no house whose rules let the young person in (licensed ages)."
        in page.text
    )
    with scene.database.reading() as session:
        assert {gap.kind for gap in session.scalars(select(Gap))} <= set(KINDS)


def test_houses_and_exceptions_of_others_are_hidden(scene: Scene, hand: Hand) -> None:
    path = scene.refer()
    run, _ = scene.rank(path)
    here = f"{path[3:]}/rankings/{run}"
    assert hand.get(f"{here}/house?facility=fac_none").status_code == 404
    sign_in(scene.client, scene.database, Role.INTAKE_COORDINATOR)
    assert hand.get(f"{here}/house?facility=fac_a").status_code == 404
    assert hand.get(f"{path[3:]}/exceptions").status_code == 404
