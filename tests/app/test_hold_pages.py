"""Holding a bed by forms alone: the press, the waiting page, the way there, and a stay as a page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import insert, select

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.facilities.models import AddressShown, FacilityAddress
from app.placements import due
from app.stays.models import Offer
from tests.actors import SAME_SITE, sign_in
from tests.app.test_pages import words
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, load, made, network, new_agency, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
ADDRESS = "17 Hidden Lane"


class Hand:
    """A coordinator, or another role, with a browser that only follows links and sends forms."""

    def __init__(
        self, client: TestClient, database: Database, agency_id: str, role: Role = Role.INTAKE_COORDINATOR
    ) -> None:
        self.client = client
        sign_in(client, database, role, agency_id)
        self.token = str(re.findall(r'name="form_token" value="(\w+)"', self.get("/").text)[0])

    def get(self, path: str) -> Response:
        return self.client.get(path, headers={"accept": "text/html"})

    def send(self, path: str, **fields: str) -> Response:
        """Send a form and follow where it leads."""
        data = {"form_token": self.token, **fields}
        answer = self.client.post(path, data=data, headers={"accept": "text/html", **SAME_SITE})
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer


class Night:
    """A house with one agency, a coordinator, and a referral that is ranked."""

    def __init__(self, client: TestClient, database: Database, *houses: Json) -> None:
        self.database = database
        self.run_by = new_agency(database, AgencyKind.RESIDENTIAL)
        document = network(*(houses or (house("fac_a"), house("fac_b"))), funds=[fund(nights_left=100, clocks=[])])
        load(database, document, operators={"fac_a": self.run_by})
        with database.writing() as session:
            row = {"facility_id": "fac_a", "shown": AddressShown.ON_SCREEN, "lines": [ADDRESS]}
            session.execute(insert(FacilityAddress), [row])
        self.api = Caller(client, database, Role.INTAKE_COORDINATOR)
        self.staff = Caller(client, database, Role.FACILITY_STAFF, self.run_by)
        self.hand = Hand(client, database, self.api.agency_id)
        self.path = str(self.api.post("/v1/referrals", {**EIGHT_ANSWERS, "nights_needed": 10}).headers["Location"])[3:]
        self.ranking = self.hand.send(f"{self.path}/rankings")

    def hold(self, facility: str = "fac_a") -> Response:
        """Press the button on the card of a house."""
        action = re.findall(r'action="([^"]+/holds)"', self.ranking.text)[0]
        fields = {"facility": facility, "authority": "protective_custody", "choice_reason": "clinical_advice"}
        return self.hand.send(action, **fields)

    def say(self, offer: str, **said: Any) -> Json:
        """What the house answers."""
        return dict(made(self.staff.post(f"/v1/facilities/fac_a/offers/{offer}/answer", said)))


@pytest.fixture
def night(client: TestClient, database: Database) -> Night:
    return Night(client, database)


def offer_of(page: Response) -> str:
    return str(re.findall(r"/offers/(offer_\w+)", page.text)[0])


def title(page: Response) -> str:
    return str(re.findall(r"<h1>(.*?)</h1>", page.text)[0])


def test_a_bed_is_held_from_its_card_and_the_page_waits(night: Night) -> None:
    assert "Hold bed for 2 hours" in night.ranking.text
    page = night.hold()
    assert page.status_code == 200
    assert "waiting for A" in title(page)
    assert "Answer due 00:14" in page.text
    assert 'data-refresh="30"' in page.text
    assert ADDRESS not in page.text
    assert "Waiting for an answer" in night.hand.get("/").text


def test_the_address_appears_with_the_yes_and_goes_with_the_arrival(night: Night) -> None:
    offer = offer_of(night.hold())
    here = f"{night.path}/offers/{offer}"
    assert "House A" in words(night.hand.get(here))
    assert "House A, Fulton County" not in words(night.hand.get(here))
    night.say(offer, accept=True)
    page = night.hand.get(here)
    assert "A said yes" in title(page)
    assert "House A, Fulton County, GA" in words(page)
    assert ADDRESS in page.text
    assert "On the way" in night.hand.get("/").text
    there = night.hand.send(f"{here}/arrival", press="arrived")
    assert "arrived at A" in title(there)
    assert ADDRESS not in there.text


def test_who_came_last_night_is_there_since_then(night: Night, clock: MovableClock) -> None:
    offer = offer_of(night.hold())
    here = f"{night.path}/offers/{offer}"
    night.say(offer, accept=True)
    assert "Here since" not in night.hand.get(here).text
    clock.move(timedelta(days=2))
    night.hand = Hand(night.hand.client, night.database, night.api.agency_id)
    page = night.hand.get(here)
    assert re.findall(r'value="(arrived[^"]*)"', page.text) == ["arrived:2026-11-21", "arrived:2026-11-22", "arrived"]
    assert "Here since the night of Nov 22" in words(page)
    stay = made(night.api.get(f"/v1{night.path}/offers/{offer}"))["stay_id"]
    night.hand.send(f"{here}/arrival", press="arrived:2026-11-22")
    assert made(night.api.get(f"/v1/stays/{stay}"))["admitted_on"] == "2026-11-22"


def test_the_address_waits_for_the_day_before_and_no_program_sees_it(night: Night, clock: MovableClock) -> None:
    path = str(night.api.post("/v1/referrals", {**EIGHT_ANSWERS, "needed_from": "2026-11-23"}).headers["Location"])
    run = night.api.post(f"{path}/rankings").headers["Location"].rsplit("/", 1)[1]
    body = {"run": run, "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
    offer = made(night.api.post(f"{path}/holds", body))["id"]
    night.say(offer, accept=True)
    here = f"{path[3:]}/offers/{offer}"
    clock.set(datetime(2026, 11, 22, 17, 59, tzinfo=clock.zone))
    early = Hand(night.hand.client, night.database, night.api.agency_id).get(here)
    assert ADDRESS not in early.text
    assert "The way there is shown from 18:00 on." in early.text
    clock.set(datetime(2026, 11, 22, 18, 0, tzinfo=clock.zone))
    assert ADDRESS in Hand(night.hand.client, night.database, night.api.agency_id).get(here).text
    night.hand.client.cookies.clear()
    program = night.hand.client.get(here, headers={**night.api.headers, "accept": "text/html"})
    assert "A said yes" in title(program)
    assert ADDRESS not in program.text


def test_the_address_is_gone_when_nobody_came_in_time(night: Night, clock: MovableClock) -> None:
    offer = offer_of(night.hold())
    night.say(offer, accept=True)
    clock.move(timedelta(days=1))
    night.hand = Hand(night.hand.client, night.database, night.api.agency_id)
    assert ADDRESS in night.hand.get(f"{night.path}/offers/{offer}").text
    clock.move(timedelta(days=1))
    night.hand = Hand(night.hand.client, night.database, night.api.agency_id)
    assert ADDRESS not in night.hand.get(f"{night.path}/offers/{offer}").text


def test_a_no_says_whose_and_why_and_leads_on(night: Night) -> None:
    offer = offer_of(night.hold())
    night.say(offer, accept=False, decided_by="facility", reason="no_staffed_bed")
    page = night.hand.get(f"{night.path}/offers/{offer}")
    assert "A said no" in title(page)
    assert "The house said no: not enough staff for this bed." in page.text
    assert "See the next option" in page.text


def test_a_form_says_when_protective_custody_ends_and_a_task_warns_of_it(night: Night, clock: MovableClock) -> None:
    ends = "Protective custody, ends Nov 24, 22:14"
    assert ends in night.ranking.text
    assert ">Court order<" in night.ranking.text
    page = night.hold()
    assert ends in page.text
    night.say(offer_of(page), accept=True)
    # A day before falls on Monday, when courts are open.
    clock.set(datetime(2026, 11, 23, 22, 13, tzinfo=clock.zone))
    due.run(night.database)
    assert rows(night.api.get("/v1/tasks?kind=authority")) == []
    clock.move(timedelta(minutes=1))
    due.run(night.database)
    (task,) = rows(night.api.get("/v1/tasks?kind=authority"))
    assert (task["subject_id"], task["due_at"]) == (offer_of(page), "2026-11-25T03:14:00Z")


def test_undo_frees_the_bed(night: Night) -> None:
    offer = offer_of(night.hold())
    page = night.hand.send(f"{night.path}/offers/{offer}/withdrawal", press="undo")
    assert page.status_code in {200, 303}
    assert "taken back from A" in title(night.hand.get(f"{night.path}/offers/{offer}"))


def test_a_press_on_a_bed_that_is_gone_leads_to_a_fresh_answer(night: Night) -> None:
    for _ in range(2):
        path = str(night.api.post("/v1/referrals", {**EIGHT_ANSWERS, "nights_needed": 10}).headers["Location"])
        run = night.api.post(f"{path}/rankings").headers["Location"].rsplit("/", 1)[1]
        body = {"run": run, "facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
        made(night.api.post(f"{path}/holds", body))
    page = night.hold()
    assert "Someone has just taken that bed." in page.text
    assert "Hold bed for 2 hours" in page.text


def test_who_was_slower_is_told_so_and_not_asked_why_a_later_night_is_chosen(
    client: TestClient, database: Database
) -> None:
    place = house("fac_a")
    place["units"][0]["beds"][1]["unavailable"] = [["2026-11-21", "2026-12-05"]]
    night = Night(client, database, place)
    path = str(night.api.post("/v1/referrals", {**EIGHT_ANSWERS, "nights_needed": 10}).headers["Location"])
    run = night.api.post(f"{path}/rankings").headers["Location"].rsplit("/", 1)[1]
    made(night.api.post(f"{path}/holds", {"run": run, "facility": "fac_a", "authority": "court_order"}))
    action = re.findall(r'action="([^"]+/holds)"', night.ranking.text)[0]
    page = night.hand.send(action, facility="fac_a", authority="court_order")
    assert page.status_code == 200
    assert "Someone has just taken that bed." in page.text
    assert "Hold bed for 2 hours" not in page.text


def test_a_house_that_is_asked_is_not_offered_again(night: Night) -> None:
    night.hold()
    page = night.hand.send(f"{night.path}/rankings")
    asks = re.findall(r'formaction="([^"]+/offers)" name="facility" value="(fac_\w)"', page.text)
    assert [facility for _, facility in asks] == ["fac_b"]
    assert page.text.count("Asked: waiting for its answer") == 1
    said = {"facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
    assert "This house is asked already." in night.hand.send(asks[0][0], **said).text


def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(night: Night) -> None:
    action = re.findall(r'action="([^"]+/holds)"', night.ranking.text)[0]
    page = night.hand.send(action, facility="fac_b", choice_reason="clinical_advice")
    assert page.status_code == 422
    assert "<title>Error: R-" in page.text
    assert re.search(r'<select id="right"[^>]+aria-invalid="true"', page.text)
    assert "Choose by what right the young person is placed" in page.text
    assert '<option value="clinical_advice" selected>' in page.text
    second = re.findall(r'form="hold" name="facility" value="(fac_\w)"', night.ranking.text)[1]
    page = night.hand.send(action, facility=second, authority="court_order")
    assert page.status_code == 422
    assert re.search(r'<select id="why"[^>]+aria-invalid="true"', page.text)
    assert '<option value="court_order" selected>' in page.text
    assert "waiting for" in title(
        night.hand.send(action, facility=second, authority="court_order", choice_reason="clinical_advice")
    )


def test_a_bed_that_nobody_confirmed_is_held_after_a_call(night: Night) -> None:
    said_no = {"referral": night.path.rsplit("/", 1)[1], "reason": "facility_other"}
    made(night.api.post("/v1/facilities/fac_b/calls", said_no))
    ranking = night.hand.send(f"{night.path}/rankings")
    action = re.findall(r'action="([^"]+/holds)"', ranking.text)[0]
    said = {"facility": "fac_b", "authority": "court_order", "choice_reason": "clinical_advice"}
    page = night.hand.send(action, **said, called="fac_a")
    assert page.status_code == 422
    assert 'id="called-fac_b-wrong"' in page.text
    assert "waiting for" in title(night.hand.send(action, **said, called="fac_b"))


def test_a_stay_shows_who_pays_and_when_nobody_does(night: Night, clock: MovableClock) -> None:
    offer = offer_of(night.hold())
    stay = night.say(offer, accept=True)["stay_id"]
    night.hand.send(f"{night.path}/offers/{offer}/arrival", press="arrived")
    page = night.hand.get(f"/stays/{stay}")
    assert "Tonight is night 1." in page.text
    assert "The last paid night is Nov 30: 10 nights from tonight on. From Dec 1 nobody pays." in page.text
    gone = night.hand.send(f"/stays/{stay}/discharge", reason="maximum_time", destination="family")
    assert "Left on Nov 21: reached the maximum time allowed. Went to: family." in gone.text


def test_a_right_may_end_at_another_time_which_is_said_on_the_form(night: Night, database: Database) -> None:
    action = re.findall(r'action="([^"]+/holds)"', night.ranking.text)[0]
    fields = {"facility": "fac_a", "authority": "court_order", "choice_reason": "clinical_advice"}
    for wrong, said in (
        ("tomorrow", "Write a moment to come"),
        ("2026-11-21T20:00", "Write a moment to come"),
    ):
        again = night.hand.send(action, **fields, authority_until=wrong)
        assert (again.status_code, said in again.text) == (422, True)
        assert f'name="authority_until" value="{wrong}"' in again.text
    page = night.hand.send(action, **fields, authority_until="2026-12-01T12:30")
    assert "waiting for A" in title(page)
    with database.reading() as session:
        kept = session.scalars(select(Offer.authority_until)).one()
    assert kept == datetime(2026, 12, 1, 17, 30, tzinfo=UTC)
