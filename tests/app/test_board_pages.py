"""The bed board as a browser without scripts uses it: every press is a form."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import delete, func, select

from app.access.policy import Role
from app.beds.models import BedNight, Confirmation
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.facilities.models import Bed, NightStaffing
from app.idempotency import Once
from app.minors.models import Minor
from app.stays.models import Discharge, Offer, Stay
from tests.actors import SAME_SITE, sign_in
from tests.app.test_idempotency import counts
from tests.app.test_workflow import held
from tests.factories import made
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]


@pytest.fixture
def settings(database_url: str, keys: Path) -> Settings:
    """A sign-in that outlasts what a test moves the clock by."""
    long = timedelta(days=7)
    return Settings(database_url=database_url, keys=keys, login_links=True, session_lasts=long, session_idles=long)


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


class Phone:
    """Somebody of the first house, signed in, who presses what the board shows."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.person = sign_in(scene.client, scene.database, Role.FACILITY_STAFF, scene.agencies["fac_a"])
        self.page = self.get("/board/fac_a")

    def get(self, path: str) -> Response:
        return self.scene.client.get(path, headers={"accept": "text/html"})

    def press(self, ending: str, within: str = "", **fields: str) -> Response:
        """Send the first form whose address ends so and that holds `within`, with what is hidden in it."""
        forms = re.findall(r'<form[^>]*action="([^"]*)">(.*?)</form>', self.page.text, re.S)
        action, inside = next((to, body) for to, body in forms if to.endswith(ending) and within in body)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside))
        return self.send(html.unescape(action), **{**hidden, **fields})

    def send(self, path: str, **fields: str) -> Response:
        sent = self.scene.client.post(path, data=fields, headers={"accept": "text/html", **SAME_SITE})
        if sent.status_code == 303:
            sent = self.get(sent.headers["location"])
        self.page = sent
        return sent

    def card(self, bed: str) -> str:
        """What the card of a bed says."""
        found = re.search(rf'<article class="card bed" id="{bed}".*?</article>', self.page.text, re.S)
        assert found is not None
        return words(found[0])


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_staff_land_on_the_board_of_their_one_house(scene: Scene) -> None:
    phone = Phone(scene)
    first = scene.client.get("/", headers={"accept": "text/html"})
    assert (first.status_code, first.headers["location"]) == (303, "/board")
    assert phone.get("/board").headers["location"] == "/board/fac_a"
    assert "2 of 2 beds open" in words(phone.page.text)
    assert "data-live" in phone.page.text
    assert phone.get("/board/fac_b").status_code == 404
    assert re.findall(r"Licensed 6 Staffed tonight 8 Funded tonight 2 Occupied tonight 0", words(phone.page.text))


def test_nothing_changed_is_one_press(scene: Scene) -> None:
    scene.clock.move(timedelta(hours=13))
    phone = Phone(scene)
    assert "Call first" in phone.card("bed_a1")
    phone.press("/confirmation", awake="3")
    for bed in ("bed_a1", "bed_a2"):
        assert f"Confirmed just now by {phone.person.name}" in phone.card(bed)
        assert "Call first" not in phone.card(bed)
    assert "Staffed tonight 12" in words(phone.page.text)
    with scene.database.reading() as session:
        assert session.scalars(select(Confirmation.confirmed_by)).one() == phone.person.id


def _field(phone: Phone) -> str:
    """What stands in the field for the workers awake, as a press of the form sends it."""
    found = re.search(r'id="awake" name="awake"[^>]* value="([^"]*)"', phone.page.text)
    assert found is not None
    return found[1]


def test_one_press_confirms_last_nights_staff_too_once_the_night_has_turned(scene: Scene) -> None:
    scene.clock.move(timedelta(hours=24))
    phone = Phone(scene)
    assert "confirm all 2 beds and 2 awake tonight" in words(phone.page.text)
    assert "no answer counts on this house" in words(phone.page.text)
    phone.press("/confirmation", awake=_field(phone))
    assert "Staffed tonight 8" in words(phone.page.text)
    assert "no answer counts on this house" not in words(phone.page.text)


def test_where_the_staff_was_never_said_the_press_asks_for_it_and_the_beds_alone_are_a_press_of_their_own(
    scene: Scene,
) -> None:
    with scene.database.writing() as session:
        session.execute(delete(NightStaffing))
    phone = Phone(scene)
    assert "no answer to a referral counts on this house" in words(phone.page.text)
    phone.press("/confirmation", awake=_field(phone))
    assert (phone.page.status_code, _confirmations(scene)) == (422, 0)
    assert "Error: Say how many workers are awake tonight" in words(phone.page.text)
    phone.press("/confirmation", awake="", press="beds_alone")
    assert (phone.page.status_code, _confirmations(scene)) == (200, 1)
    assert "Staffed tonight not known" in words(phone.page.text)


@pytest.mark.parametrize("typed", ["two", "2.5", "-1", "1001"])
def test_a_number_of_staff_that_is_none_is_said_beside_the_field(scene: Scene, typed: str) -> None:
    phone = Phone(scene)
    phone.press("/confirmation", awake=typed)
    assert (phone.page.status_code, _confirmations(scene)) == (422, 0)
    assert _field(phone) == typed
    assert 'id="awake-wrong"' in phone.page.text
    assert "Error: Write a whole number from 0 to 1000" in words(phone.page.text)


def test_a_press_on_a_page_that_was_left_open_acts_again(scene: Scene, clock: MovableClock) -> None:
    """Within minutes it is the first press sent again; on the next evening it is meant."""
    phone = Phone(scene)
    page = phone.page
    for later, confirmed in ((timedelta(), 1), (timedelta(minutes=9), 1), (timedelta(days=1), 2), (timedelta(), 2)):
        clock.move(later)
        phone.page = page
        phone.press("/confirmation", awake="3")
        assert (phone.page.status_code, _confirmations(scene)) == (200, confirmed)


def _confirmations(scene: Scene) -> int:
    with scene.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Confirmation)) or 0


def test_one_press_per_status_and_undo(scene: Scene) -> None:
    phone = Phone(scene)
    phone.press("/beds/bed_a1", press="cleaning")
    assert phone.card("bed_a1").startswith("Bed 1 Cleaning")
    assert "Undo: back to Open" in phone.card("bed_a1")
    phone.press("/beds/bed_a1", press="undo")
    assert phone.card("bed_a1").startswith("Bed 1 Open")
    history = phone.card("bed_a1").split("History ")[1]
    assert history == f"22:14: Cleaning → Open, {phone.person.name} (undo) 22:14: Open → Cleaning, {phone.person.name}"
    phone.press("/beds/bed_a1", press="occupied:verified")
    assert "Nobody pays tonight" in phone.card("bed_a1")
    phone.press("/beds/bed_a1", press="offline", why="Repair", days="1")
    assert "Repair, back on Nov 22" in phone.card("bed_a1")
    scene.clock.move(timedelta(minutes=11))
    phone.page = phone.get("/board/fac_a")
    assert "Undo" not in phone.card("bed_a1")


def test_a_lost_race_shows_both_values_and_who(scene: Scene) -> None:
    phone = Phone(scene)
    bed = made(scene.staff["fac_a"].get("/v1/facilities/fac_a/beds/bed_a1"))
    change = {"status": "cleaning", "version": bed["version"]}
    made(scene.staff["fac_a"].put("/v1/facilities/fac_a/beds/bed_a1/status", change))
    lost = phone.press("/beds/bed_a1", press="occupied:none")
    assert lost.status_code == 409
    assert "data-live" not in lost.text
    said = "You pressed Occupied. Meanwhile Bed 1 was set to Cleaning by test, just now. Nothing of yours was changed."
    assert said in words(lost.text)
    assert phone.card("bed_a1").startswith("Bed 1 Cleaning")


@pytest.mark.parametrize(
    ("press", "status", "decided", "reason"),
    [
        ("accept", "accepted", None, None),
        ("no_staffed_bed:facility", "declined", "facility", "no_staffed_bed"),
        ("minor_declined:young_person", "declined", "young_person", "minor_declined"),
    ],
)
def test_an_offer_is_answered_on_the_board(
    scene: Scene, press: str, status: str, decided: str | None, reason: str | None
) -> None:
    held(scene)
    phone = Phone(scene)
    assert len(re.findall(r'name="press" value="\w+:(?:facility|young_person)"', phone.page.text)) <= 8
    assert "needs a bed. Answer by 00:14 age 15, female. Arrives tonight." in words(phone.page.text)
    phone.press("", within=f'value="{press}"', press=press)
    assert "Answer by" not in words(phone.page.text)
    with scene.database.reading() as session:
        offer = session.scalars(select(Offer)).one()
    assert (offer.status, offer.decided_by, offer.reason) == (status, decided, reason)


def test_a_bed_that_breaks_while_it_is_held_leads_to_the_question(scene: Scene) -> None:
    _, offer = held(scene)
    phone = Phone(scene)
    found = re.search(r'name="form_token" value="(\w+)"', phone.page.text)
    assert found is not None
    bed = offer["hold"]["bed_id"]
    with scene.database.reading() as session:
        version = str(session.get_one(Bed, bed).version)
    fields = {"press": "offline", "why": "Repair", "days": "1", "version": version, "form_token": found[1]}
    page = phone.send(f"/board/fac_a/beds/{bed}", **fields)
    assert page.status_code == 409
    assert "Decline the question first" in words(page.text)
    assert f'href="#o-{offer["id"]}"' in page.text
    assert f'id="o-{offer["id"]}"' in page.text


def test_who_is_on_the_way_is_expected_and_does_not_count_as_there(scene: Scene) -> None:
    _, offer = held(scene)
    made(scene.answer("fac_a", offer["id"]))
    phone = Phone(scene)
    assert "Occupied tonight 0 Expected tonight 1" in words(phone.page.text)
    phone.press("", within='value="arrived"', press="arrived")
    assert "Occupied tonight 1 Beds" in words(phone.page.text)


def test_who_came_last_night_is_there_since_then_by_one_press_in_the_morning(scene: Scene) -> None:
    _, offer = held(scene)
    made(scene.answer("fac_a", offer["id"]))
    phone = Phone(scene)
    assert "Here since" not in phone.page.text
    scene.clock.move(timedelta(hours=11))
    phone.page = phone.get("/board/fac_a")
    assert "Here since the night of Nov 21" in words(phone.page.text)
    phone.press("", within='value="arrived"', press="arrived:2026-11-21")
    assert "night 2, paid through Nov 30, which is night 10" in phone.card(offer["hold"]["bed_id"])


def test_who_leaves_in_the_morning_has_slept_the_night_by_the_same_presses(scene: Scene) -> None:
    _, offer = held(scene)
    stay = made(scene.answer("fac_a", offer["id"]))["stay_id"]
    made(scene.staff["fac_a"].post(f"/v1/stays/{stay}/arrival"))
    phone = Phone(scene)
    box = 'name="left_on" value="2026-11-22"'
    assert box not in phone.page.text
    scene.clock.move(timedelta(hours=4))
    assert f"{box}>" in phone.get("/board/fac_a").text, "who leaves at two has rather run away"
    scene.clock.move(timedelta(hours=6))
    phone.page = phone.get("/board/fac_a")
    assert f"{box} checked>" in phone.page.text
    assert f"{box} checked>" in phone.get(f"/stays/{stay}").text
    phone.press("", within=box, press="family", reason="completed", left_on="2026-11-22")
    card = phone.card(offer["hold"]["bed_id"])
    assert "Cleaning" in card
    assert "has left this morning" in card
    assert "Discharge" not in card
    assert "Left on Nov 22" in words(phone.get(f"/stays/{stay}").text)


def test_money_that_reaches_years_ahead_is_told_without_a_date(scene: Scene) -> None:
    _, offer = held(scene)
    made(scene.answer("fac_a", offer["id"]))
    phone = Phone(scene)
    phone.press("", within='value="arrived"', press="arrived")
    assert "paid through Nov 30" in phone.card(offer["hold"]["bed_id"])
    with scene.database.writing() as session:
        night = session.scalars(select(BedNight).order_by(BedNight.night.desc())).first()
        assert night is not None
        kept = {c.key: getattr(night, c.key) for c in BedNight.__table__.columns if c.key != "night"}
        session.add_all(BedNight(night=night.night + timedelta(days=n), **kept) for n in range(1, 200))
    phone.page = phone.get("/board/fac_a")
    assert "night 1, paid for more than 180 nights (county.safe_harbor)" in phone.card(offer["hold"]["bed_id"])


def test_an_offer_that_ended_says_so_on_the_board(scene: Scene) -> None:
    held(scene)
    phone = Phone(scene)
    scene.clock.move(timedelta(hours=2))
    late = phone.press("", within='value="accept"', press="accept")
    assert late.status_code == 409
    assert "This offer has ended" in words(late.text)


def test_arrival_night_by_night_and_discharge(scene: Scene) -> None:
    _, offer = held(scene)
    bed = offer["hold"]["bed_id"]
    phone = Phone(scene)
    phone.press("", within='value="accept"', press="accept")
    assert "is expected" in phone.card(bed)
    phone.press("", within='value="arrived"', press="arrived")
    scene.clock.move(timedelta(days=2))
    phone.page = phone.get("/board/fac_a")
    assert re.search(r"R-\w+, night 3, paid through Nov 30, which is night 10 \(county.safe_harbor\)", phone.card(bed))
    phone.press("", within='name="reason"', reason="maximum_time", press="family")
    assert phone.card(bed).startswith(f"Bed {bed[-1]} Cleaning")
    with scene.database.reading() as session:
        left = session.scalars(select(Discharge)).one()
    assert (left.reason, left.destination) == ("maximum_time", "family")


def test_who_did_not_come_frees_the_bed(scene: Scene) -> None:
    _, offer = held(scene)
    phone = Phone(scene)
    phone.press("", within='value="accept"', press="accept")
    phone.press("", within='value="not_arrived"', press="not_arrived")
    assert phone.card(offer["hold"]["bed_id"]).split()[2] == "Open"


def test_a_discharge_without_a_reason_is_asked_again(scene: Scene) -> None:
    phone = Phone(scene)
    phone.press("/walk-ins", bed="bed_a1", press="verified")
    again = phone.press("", within='name="reason"', press="family")
    assert again.status_code == 422
    assert "Choose one of the answers" in words(again.text)


def test_a_walk_in_takes_a_bed_in_one_press(scene: Scene) -> None:
    phone = Phone(scene)
    phone.press("/walk-ins", bed="bed_a1", press="unknown")
    assert re.search(r"R-\w{5}, night 1 Nobody", phone.card("bed_a1"))
    assert "Nobody pays tonight" in phone.card("bed_a1")
    with scene.database.reading() as session:
        assert session.scalars(select(Stay.bed_id)).one() == "bed_a1"


def test_what_the_house_knows_of_a_walk_in_is_kept_and_a_slip_is_said(scene: Scene) -> None:
    phone = Phone(scene)
    slip = phone.press("/walk-ins", bed="bed_a1", press="verified", age="151")
    assert slip.status_code == 422
    assert "Write a whole number from 1 to 45" in words(slip.text)
    phone.press("/walk-ins", bed="bed_a1", press="verified", age="15", gender="male")
    with scene.database.reading() as session:
        stay = session.scalars(select(Stay)).one()
        minor = session.get_one(Minor, stay.minor_id)
    assert (minor.age_min, minor.age_max, minor.gender) == (15, 15, "male")
    assert f'href="/stays/{stay.id}"' in phone.page.text


def test_strange_answers_are_no_crash(scene: Scene) -> None:
    phone = Phone(scene)
    token = re.search(r'name="form_token" value="(\w+)"', phone.page.text)
    assert token is not None
    for path, fields in (
        ("beds/bed_a1", {"press": "", "version": "1"}),
        ("beds/bed_a1", {"press": "held", "version": "1"}),
        ("beds/bed_a1", {"press": "occupied:nobody", "version": "1"}),
        ("beds/bed_a1", {"press": "open", "version": "x"}),
        ("beds/bed_x", {"press": "open", "version": "1"}),
        ("confirmation", {"awake": "many"}),
        ("confirmation", {"awake": "99999"}),
        ("offers/offer_x", {"press": "accept"}),
        ("offers/offer_x", {"press": ""}),
        ("stays/stay_x", {"press": "family", "reason": "completed"}),
        ("walk-ins", {"bed": "", "press": "verified"}),
        ("walk-ins", {"bed": "bed_x", "press": "verified"}),
    ):
        answer = phone.send(f"/board/fac_a/{path}", form_token=token[1], **fields)
        assert answer.status_code in (200, 404, 409, 422, 428), (path, fields)
    with scene.database.reading() as session:
        assert set(session.scalars(select(Bed.status))) == {"open"}


def _steps(scene: Scene, phone: Phone) -> Iterator[tuple[str, str, dict[str, str]]]:
    """An evening at the board: which form, by what is in it, and what is pressed."""
    yield "/confirmation", "", {"awake": "3"}
    yield "/beds/bed_a2", "", {"press": "cleaning"}
    yield "/beds/bed_a2", "", {"press": "undo"}
    yield "/walk-ins", "", {"bed": "bed_a2", "press": "verified"}
    _, offer = held(scene)
    phone.get("/board/fac_a")
    yield f"/offers/{offer['id']}", "", {"press": "accept"}
    yield "", 'value="arrived"', {"press": "arrived"}
    yield "", 'name="reason"', {"press": "family", "reason": "completed"}


def _not_seen_at_first(patch: pytest.MonkeyPatch) -> None:
    """What the first request wrote is not to be seen before it ends."""
    seen, hidden = Once.earlier, iter([True])
    patch.setattr(Once, "earlier", lambda *own: None if next(hidden, False) else seen(*own))


@pytest.mark.parametrize("at_work", [False, True])
def test_a_second_tap_answers_as_the_first(scene: Scene, monkeypatch: pytest.MonkeyPatch, at_work: bool) -> None:
    phone = Phone(scene)
    for ending, within, fields in _steps(scene, phone):
        phone.page = phone.get("/board/fac_a")
        before = phone.page
        first = phone.press(ending, within, **fields)
        assert "note bad" not in first.text, (fields, words(first.text))
        rows = counts(scene.database)
        phone.page = before
        with monkeypatch.context() as patch:
            if at_work:
                _not_seen_at_first(patch)
            second = phone.press(ending, within, **fields)
        assert (second.status_code, "note bad" in second.text) == (200, False), (fields, words(second.text))
        assert counts(scene.database) == rows, fields


def test_another_button_of_the_same_page_is_another_press(scene: Scene) -> None:
    phone = Phone(scene)
    before = phone.page
    phone.press("/beds/bed_a1", press="cleaning")
    phone.page = before
    again = phone.press("/beds/bed_a1", press="offline", why="Repair", days="1")
    assert again.status_code == 409
    assert "You pressed Offline" in words(again.text)
