"""The pages over HTTP, as a browser without scripts uses them."""

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select, update

from app.access.models import Person
from app.access.policy import Role
from app.answers.models import RankingRun
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.errors import FieldError, Problem, conflict, invalid
from app.facilities.models import Bed
from app.minors.models import Minor, MinorAvoids, MinorWish
from app.referrals.form import FIELDS
from app.referrals.models import Referral
from app.stays.models import Stay, StayPayer
from tests.actors import SAME_SITE, sign_in
from tests.factories import fund, house, load, network

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
EIGHT = {
    "age": "15",
    "county": "13121",
    "gender": "female",
    "needed": "1",
    "trafficking": "verified",
    "custody": "none",
    "infants": "0",
    "conditions": "none",
    "nights_needed": "30",
    "press": "find",
}


class Browser:
    """Somebody signed in, who follows links and sends forms with what the page put into them."""

    def __init__(self, client: TestClient, database: Database, role: Role = Role.INTAKE_COORDINATOR) -> None:
        self.client = client
        self.database = database
        self.person: Person = sign_in(client, database, role)
        self.token = self._token()

    def _token(self) -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', self.get("/").text)
        assert found is not None
        return found[1]

    def get(self, path: str) -> Response:
        return self.client.get(path, headers={"accept": "text/html"})

    def send(self, path: str, **fields: str | list[str]) -> Response:
        """Post a form; the answer is what it leads to."""
        sent = self.client.post(
            path, data={"form_token": self.token, **fields}, headers={"accept": "text/html", **SAME_SITE}
        )
        return self.get(sent.headers["location"]) if sent.status_code == 303 else sent

    def refer(self, **changes: str | list[str]) -> Response:
        """Fill in the form for a new referral and press "Find beds"."""
        return self.send("/referrals", **{**EIGHT, **changes})


@pytest.fixture
def browser(client: TestClient, database: Database) -> Browser:
    """A coordinator over a network of a house that fits, a mixed one, and one of which too little is known."""
    found = Browser(client, database)
    unknown = house("fac_c", population=None)
    houses = (house("fac_a"), house("fac_b", population="mixed"), unknown)
    load(database, network(*houses, funds=[fund()]), agency_id=found.person.agency_id)
    return found


def words(answer: Response) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def title(answer: Response) -> str:
    found = re.search(r"<title>(.*?) \u2013 Bednight demo</title>", answer.text)
    assert found is not None
    return html.unescape(found[1])


def action(answer: Response, ending: str) -> str:
    """Where the form goes whose address ends so."""
    found = re.search(rf'action="([^"]*{ending})"', answer.text)
    assert found is not None, ending
    return found[1]


def test_home_with_nothing_waiting(browser: Browser) -> None:
    answer = browser.get("/")
    assert "No open referrals." in words(answer)
    assert 'href="/referrals/new"' in answer.text


def test_eight_answers_lead_to_a_bed_in_one_press(browser: Browser) -> None:
    answer = browser.refer()
    assert re.fullmatch(r"R-\w{5}: 1 bed tonight", title(answer))
    said = words(answer)
    assert "Fits tonight" in said
    assert "Paid: 30 of 30 nights. 30 by county.safe_harbor." in said
    assert "confirmed 2 hours ago" in said
    assert "Nobody else who waits loses a bed or a paid night." in said
    assert title(answer) in words(browser.get("/"))


def test_what_was_not_asked_is_null(browser: Browser, database: Database) -> None:
    browser.refer(
        age="", county="", gender="", needed="", trafficking="", custody="", infants="", conditions=[], nights_needed=""
    )
    with database.reading() as session:
        referral = session.scalars(select(Referral)).one()
        assert (referral.urgency, referral.needed_from, referral.nights_needed) == (None, None, None)
        minor = session.scalars(select(Minor)).one()
    unknown = (
        "born_on",
        "age_min",
        "gender",
        "custody",
        "trafficking",
        "infants",
        "conditions",
        "languages",
        "history",
    )
    assert [getattr(minor, name) for name in unknown] == [None] * len(unknown)


def test_every_failing_rule_is_on_the_page_and_safeguards_cannot_be_waived(browser: Browser) -> None:
    said = words(browser.refer(custody="ward_state", age="11"))
    assert "Also houses young people who were not trafficked" in said
    assert "Cannot be waived: a house for trafficked minors only is needed." in said
    assert "Licensed ages" in said
    assert "2 rules in the way: Licensed ages, who lives here" in said


def test_a_house_without_a_room_is_not_close_and_no_exception_opens_one(client: TestClient, database: Database) -> None:
    browser = Browser(client, database)
    bare = house("fac_bare", units=[])
    empty = house("fac_empty", units=[{"id": "unit_empty", "min_age": 18, "beds": []}])
    load(database, network(bare, empty, house("fac_rooms", declines=["arson"])), agency_id=browser.person.agency_id)
    answer = browser.refer(conditions="arson")
    closest = answer.text.split("<h2>Closest</h2>")[1].split("</ol>")[0]
    assert re.findall(r"<h3>(\w+)</h3>", closest) == ["Rooms"]
    said = words(answer)
    assert "No room with a bed is on record" in said
    assert "Cannot be waived. The house has entered no room with a bed yet" in said
    assert "exception for a room" not in said


def test_nineteen_is_an_answer_and_no_error(browser: Browser) -> None:
    answer = browser.refer(age="19")
    assert answer.status_code == 200
    assert title(answer).endswith("No bed fits tonight")
    said = words(answer)
    assert "There is a problem" not in said
    assert "What you can do now" in said
    assert "Age 19; licensed for 12 to 17" in said


def test_a_form_with_problems_keeps_every_answer(browser: Browser, database: Database) -> None:
    answer = browser.refer(age="fifteenish", infants="some", gender="male", languages=["es"], nights_needed="x")
    assert answer.status_code == 422
    assert title(answer) == "Error: New referral"
    for name in ("age", "infant_count", "nights_needed"):
        assert f'<a href="#{name}">' in answer.text
        assert f'id="{name}"' in answer.text
        assert f'id="{name}-wrong"' in answer.text
    assert 'value="fifteenish"' in answer.text
    assert re.search(r'name="gender" value="male"[^>]* checked', answer.text)
    assert re.search(r'name="languages" value="es"[^>]* checked', answer.text)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Referral)) == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("age", "0", "Check the age: it should lie between 1 and 45"),
        ("age", "15-13", "Write the lower age first, such as 14-16"),
        ("needed", "9", "Choose one of the answers"),
        ("conditions", "dragons", "Choose one of the answers"),
        ("infants", "9", "Choose one of the answers"),
        ("county", "99999", "Choose one of the answers"),
        ("languages", "xx", "Choose one of the answers"),
        ("prefer", "fac_none", "Choose one of the answers"),
    ],
)
def test_a_value_that_no_choice_has_is_said_at_its_field(
    browser: Browser, database: Database, name: str, value: str, said: str
) -> None:
    answer = browser.refer(**{name: value})
    assert answer.status_code == 422
    assert f'id="{name}-wrong"' in answer.text
    assert said in words(answer)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Referral)) == 0


def test_one_more_line_keeps_the_draft_without_complaining(browser: Browser) -> None:
    answer = browser.refer(age="fifteenish", press="more_past")
    assert answer.status_code == 200
    assert 'name="past_fund_2"' in answer.text
    assert 'value="fifteenish"' in answer.text
    assert "There is a problem" not in answer.text


def test_nights_already_spent_count_against_the_cap(browser: Browser, database: Database) -> None:
    cap = {"id": "cap", "limit": 14, "unit": "night", "window": "lifetime"}
    capped = network(house("fac_z", funds=["fund_z"]), funds=[fund("fund_z", clocks=[cap])])
    load(database, capped, agency_id=browser.person.agency_id)
    past = {"past_fund_0": "fund_z", "past_from_0": "6/1/2026", "past_nights_0": "12", "history": "complete"}
    said = words(browser.refer(**past))
    assert "Paid: 2 of 30 nights." in said
    assert "Nobody pays from Nov 23: the fund's stay cap is reached." in said
    assert "Caps are counted as far as" not in said
    with database.reading() as session:
        assert session.scalar(select(Stay.in_house)) is False
        assert session.scalar(select(StayPayer.fund_id)) == "fund_z"


TOO_LATE = {"past_from_0": "11/20/2026", "past_nights_0": "5"}
TWICE = {
    "past_from_0": "6/1/2026",
    "past_nights_0": "5",
    "past_fund_1": "fund_a",
    "past_from_1": "6/5/2026",
    "past_nights_1": "1",
}


@pytest.mark.parametrize(("past", "wrong"), [(TOO_LATE, "past_from_0"), (TWICE, "past_from_1")])
def test_earlier_stays_lie_in_the_past_and_one_at_a_time(browser: Browser, past: dict[str, str], wrong: str) -> None:
    answer = browser.refer(past_fund_0="fund_a", **past)
    assert answer.status_code == 422
    assert re.findall(r'<a href="#(\w+)">', answer.text)[-1] == wrong


def test_an_answer_on_the_call_ranks_again_in_place(browser: Browser, database: Database) -> None:
    first = browser.refer(custody="")
    assert "Ask on the call: who has legal custody?" in words(first)
    assert title(first).endswith("No bed fits tonight")
    version = re.search(r'name="version" value="(\d+)"', first.text)
    assert version is not None
    second = browser.send(action(first, "/answers"), fact="minor.custody", answer="none", version=version[1])
    assert title(second).endswith("1 bed tonight")
    assert "who has legal custody" not in words(second)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RankingRun)) == 2


def test_an_answer_that_cannot_be_read_is_asked_again(browser: Browser) -> None:
    first = browser.refer(age="")
    version = re.search(r'name="version" value="(\d+)"', first.text)
    assert version is not None
    sent = {"fact": "minor.born_on", "version": version[1]}
    again = browser.send(action(first, "/answers"), **sent, answer="fifteenish")
    assert again.status_code == 422
    assert 'value="fifteenish"' in again.text
    assert "Write the age as 15" in words(again)
    assert title(browser.send(action(first, "/answers"), **sent, answer="")) == title(first)
    assert title(browser.send(action(first, "/answers"), **sent, answer="about 15")).endswith("1 bed tonight")


def test_a_stale_answer_is_refused_kindly(browser: Browser) -> None:
    first = browser.refer(custody="")
    sent = {"fact": "minor.custody", "version": "1"}
    browser.send(action(first, "/answers"), **sent, answer="none")
    late = browser.send(action(first, "/answers"), **sent, answer="parent")
    assert late.status_code == 409
    assert "Someone changed this since you read it" in words(late)


def test_a_birth_date_that_nobody_here_can_have_is_said_beside_the_field(browser: Browser, database: Database) -> None:
    first = browser.refer(age="")
    path = action(first, "/answers").split("/rankings")[0]
    change = browser.get(f"{path}/change")
    version = re.search(r'name="version" value="(\d+)"', change.text)
    assert version is not None
    tonight = "11/21/2026"
    for at in ("/referrals", path):
        answer = browser.send(at, **{**EIGHT, "version": version[1], "age": tonight, "languages": "es"})
        assert answer.status_code == 422
        assert "There is a problem" in words(answer)
        assert "Your answers are kept." in words(answer)
        assert '<a href="#age">' in answer.text
        assert 'id="age-wrong"' in answer.text
        assert re.search(r'name="languages" value="es"[^>]* checked', answer.text)
    box = browser.send(action(first, "/answers"), fact="minor.born_on", version=version[1], answer=tonight)
    assert box.status_code == 422
    assert f'value="{tonight}"' in box.text
    assert "This birth date cannot be" in words(box)
    with database.reading() as session:
        assert session.scalars(select(Minor.born_on)).all() == [None]


@pytest.mark.parametrize(
    ("problem", "link", "said"),
    [
        (invalid([FieldError("/minor/wishes/prefer/0", "unknown", "There is no such house.")]), ["prefer"], "no such"),
        (invalid([FieldError("/minor/approvals/0", "unknown", "No such approval.")]), [], "No such approval."),
        (conflict("in_use"), [], "Something else still depends on this."),
    ],
)
def test_no_refusal_of_a_service_costs_an_answer(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, problem: Problem, link: list[str], said: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise problem

    monkeypatch.setattr("app.referrals.service.create_minor", refuse)
    answer = browser.refer(court_county="Bibb, GA", custody="ward_state", languages="es")
    assert answer.status_code == problem.status
    assert re.findall(r'<a href="#(\w+)">', answer.text) == link
    assert said in words(answer).split("Your answers are kept.")[0]
    assert 'value="Bibb, GA"' in answer.text
    assert re.search(r'name="languages" value="es"[^>]* checked', answer.text)


def test_every_field_that_a_problem_can_stand_beside_is_on_the_form(browser: Browser) -> None:
    form = browser.get("/referrals/new")
    shown = {name for name in FIELDS if not re.fullmatch(r"past_\w+_([2-9]|1\d)", name)}
    assert {name for name in shown if f'id="{name}"' in form.text} == shown


def test_a_form_that_someone_else_was_faster_with_keeps_its_answers(browser: Browser) -> None:
    path = action(browser.refer(custody=""), "/answers").split("/rankings")[0]
    mine = {**EIGHT, "version": "1"}
    browser.send(path, **{**mine, "age": "16"})
    for _ in range(2):
        late = browser.send(path, **{**mine, "age": "17", "languages": "es"})
        assert late.status_code == 409
        assert "Someone changed this since you read it" in words(late)
        assert "Open it again: it shows what stands there now." in words(late)
        assert 'value="17"' in late.text
        assert re.search(r'name="languages" value="es"[^>]* checked', late.text)
        assert 'name="version" value="1"' in late.text


def test_change_shows_what_was_answered_and_changes_only_that(browser: Browser, database: Database) -> None:
    answer = browser.refer(
        age="about 15", custody="ward_state", court_county="Bibb, GA", infants="some", infant_count="1"
    )
    path = re.search(r'href="(/referrals/ref_\w+)/change"', answer.text)
    assert path is not None
    form = browser.get(f"{path[1]}/change")
    assert 'value="14-16"' in form.text
    assert re.search(r'name="custody" value="ward_state"[^>]* checked', form.text)
    assert 'value="Bibb, GA"' in form.text
    version = re.search(r'name="version" value="(\d+)"', form.text)
    assert version is not None
    fields = {**EIGHT, "age": "16", "custody": "none", "version": version[1]}
    left = browser.send(path[1], **{**fields, "court_county": "Bibb, GA", "infant_count": "1"})
    assert re.findall(r'<a href="#(\w+)">', left.text) == ["court_county", "infant_count"]
    assert 'class="more shut"' in left.text.split('name="needed_from"')[0]
    assert 'class="more shut"' not in left.text.split('name="needed_from"')[1]
    changed = browser.send(path[1], **fields)
    assert title(changed).endswith("1 bed tonight")
    assert "Age 16, Fulton County, GA, female, verified, nobody has custody" in words(changed)
    stale = browser.send(path[1], **{**fields, "age": "17"})
    assert stale.status_code == 409


def test_a_bed_that_was_needed_last_night_is_needed_tonight(browser: Browser, database: Database) -> None:
    path = action(browser.refer(custody="", needed_from="11/21/2026"), "/answers").split("/rankings")[0]
    with database.writing() as session:
        session.execute(update(Referral).values(needed_from=date(2026, 11, 20)))
    form = browser.get(f"{path}/change").text
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version is not None
    assert 'value="11/20/2026"' not in form
    assert browser.send(path, **{**EIGHT, "version": version[1]}).status_code == 200
    with database.reading() as session:
        assert session.scalar(select(Referral.needed_from)) == date(2026, 11, 20)


def test_find_beds_on_the_home_page(browser: Browser, database: Database) -> None:
    waits = network(
        house("fac_h", funds=["fund_h"]),
        funds=[fund("fund_h")],
        minors=[{"id": "min_w", "gender": "female"}],
        referrals=[{"id": "ref_w", "minor": "min_w", "urgency": 1}],
    )
    load(database, waits, agency_id=browser.person.agency_id)
    home = browser.get("/")
    assert "Not ranked yet." in words(home)
    answer = browser.send("/referrals/ref_w/rankings")
    assert "Need to know first" in words(answer)
    assert browser.get("/referrals/ref_w").headers["location"].startswith("/referrals/ref_w/rankings/run_")


def test_an_old_answer_says_so_first(browser: Browser, clock: MovableClock) -> None:
    answer = browser.refer()
    path = action(answer, "/rankings")
    run = re.search(r"run_\w+", answer.text)
    assert run is not None
    clock.move(timedelta(minutes=12))
    assert "Beds change" not in words(browser.get(f"{path}/{run[0]}"))
    clock.move(timedelta(minutes=13))
    browser.get("/")
    clock.move(timedelta(minutes=8))
    assert "This answer was given 33 min ago. Beds change: rank again before you call." in words(
        browser.get(f"{path}/{run[0]}")
    )


def test_an_answer_on_earlier_facts_says_so_and_holds_nothing(browser: Browser) -> None:
    first = browser.refer()
    path = action(first, "/holds").removesuffix("/holds")
    change = re.search(r'href="([^"]+/change)"', first.text)
    assert change is not None
    version = re.search(r'name="version" value="([0-9]+)"', browser.get(change[1]).text)
    assert version is not None
    fields = {**EIGHT, "age": "19", "version": version[1]}
    browser.send(change[1].removesuffix("/change"), **fields)
    said = words(browser.get(path))
    assert "What was answered about this young person was changed since." in said
    assert "Rank again before you call." in said
    assert "Age 19" not in said
    assert "Hold bed" not in said
    text = browser.get(f"{path}/text").text
    assert "changed since" in text
    assert "Rank again before you call." in text


def test_the_text_says_what_the_page_says_about_its_own_limits(browser: Browser, database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Bed).values(confirmed_at=None, confirmed_by=None))
    answer = browser.refer()
    assert "Call first" in words(answer)
    link = re.search(r'href="([^"]+/text)"', answer.text)
    assert link is not None
    text = browser.get(link[1]).text
    assert "Call first" in text
    assert "Caps are counted as far as earlier stays are on record" in text


def test_the_text_has_the_same_answer_in_codes(browser: Browser) -> None:
    answer = browser.refer()
    link = re.search(r'href="([^"]+/text)"', answer.text)
    assert link is not None
    text = browser.get(link[1])
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text.startswith(title(answer))
    assert "WHY NOT THE OTHERS" in text.text
    assert "NEED TO KNOW FIRST" in text.text


def test_terms_add_up_on_the_page(browser: Browser, database: Database) -> None:
    bed = {"id": "bed_y1", "status": "open", "confirmed_at": "2026-11-21T20:02:00-05:00"}
    second = house("fac_y", funds=["fund_y"], units=[{"id": "unit_y", "beds": [bed]}])
    clocks = [{"id": "cap", "limit": 10, "unit": "night", "window": "stay"}]
    load(database, network(second, funds=[fund("fund_y", clocks=clocks)]), agency_id=browser.person.agency_id)
    answer = browser.refer()
    table = re.search(r"<table class=\"stack nums\".*?</table>", answer.text, re.S)
    assert table is not None
    rows = [
        re.findall(r'<td role="cell"[^>]*>(.*?)</td>', row) for row in re.findall(r"<tr.*?</tr>", table[0], re.S)[1:]
    ]
    cells = [[html.unescape(re.sub(r"<.*", "", cell)).replace(",", "").strip() for cell in row] for row in rows]
    *terms, totals = cells
    assert len(totals) == 2
    for column in range(2):
        costs = []
        for row in terms:
            product, _, cost = row[column].rpartition("= ")
            if product:
                value, weight = product.split(" \u00d7 ")
                assert int(value) * int(weight) == int(cost)
            costs.append(int(cost))
        assert sum(costs) == int(totals[column])
    assert int(totals[0]) < int(totals[1])
    assert "30 of 30 nights are paid while the bed is free. At" in words(answer)


def test_who_keeps_someone_out_is_on_no_page(browser: Browser, database: Database) -> None:
    """The one to keep apart from lives in the only house: it reads as a full one, and nobody is named."""
    beds = [{"id": "bed_x1", "status": "open"}, {"id": "bed_x2", "status": "occupied"}]
    lives = {
        "minor": "min_canary",
        "bed": "bed_x2",
        "trafficking": "verified",
        "age": 15,
        "from": None,
        "until": "2026-12-19",
    }
    crowd = house("fac_x", funds=["fund_x"], units=[{"id": "unit_x", "beds": beds}], residents=[lives])
    waits = {"id": "ref_canary", "minor": "min_canary", "urgency": 4, "needed_from": "2026-12-19"}
    document = network(crowd, funds=[fund("fund_x")], minors=[{"id": "min_canary"}], referrals=[waits])
    load(database, document, agency_id=browser.person.agency_id, referral_codes={"ref_canary": "R-77777"})
    answer = browser.refer(apart="R-77777")
    said = words(answer)
    assert "Not available now (1)" in said
    assert "No bed here for this referral now, and no date is known" in said
    for leak in (
        "min_canary",
        "ref_canary",
        "R-77777",
        "kept apart",
        "conflict",
        "Dec 19",
        "2026-12-19",
        "would live here",
    ):
        assert leak not in answer.text


def test_hidden_and_absent_answer_alike(client: TestClient, database: Database, browser: Browser) -> None:
    answer = browser.refer()
    path = action(answer, "/rankings")
    run = re.search(r"run_\w+", answer.text)
    assert run is not None
    other = Browser(client, database)
    texts = set()
    own = [path.removesuffix("/rankings"), f"{path}/{run[0]}", f"{path}/{run[0]}/text"]
    for address in [*own, "/referrals/ref_nobody/rankings/run_none", "/referrals/ref_nobody/change"]:
        refused = other.get(address)
        assert refused.status_code == 404
        texts.add(re.sub(r"req_\w+", "req", refused.text))
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("role", "says"),
    [
        (Role.AUDITOR, "Nothing here for your role yet"),
        (Role.SUPERVISOR, "No open referrals."),
        (Role.PARTNER, "No open referrals."),
    ],
)
def test_home_of_each_role(client: TestClient, database: Database, role: Role, says: str) -> None:
    browser = Browser(client, database, role)
    assert says in words(browser.get("/"))
    may_refer = 'href="/referrals/new"' in browser.get("/").text
    assert may_refer == (browser.get("/referrals/new").status_code == 200)


def test_a_partner_refers_and_does_not_rank(client: TestClient, database: Database) -> None:
    browser = Browser(client, database, Role.PARTNER)
    load(database, network(), agency_id=browser.person.agency_id)
    assert "Send referral" in words(browser.get("/referrals/new"))
    home = browser.refer()
    assert "1 open referral" in title(home)
    assert "Find beds" not in home.text
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RankingRun)) == 0


def test_not_signed_in_is_a_page_with_a_way_on(client: TestClient) -> None:
    answer = client.get("/", headers={"accept": "text/html"})
    assert answer.status_code == 401
    assert "Sign in first" in words(answer)
    assert "one of the links" in words(client.get("/signed-out", headers={"accept": "text/html"}))


def test_a_form_from_another_site_is_refused(browser: Browser, database: Database) -> None:
    data = {**EIGHT, "form_token": browser.token}
    elsewhere = {"accept": "text/html", "Sec-Fetch-Site": "cross-site"}
    assert browser.client.post("/referrals", data=data, headers=elsewhere).status_code == 403
    forged = browser.client.post("/referrals", data={**data, "form_token": "0" * 64}, headers=SAME_SITE)
    assert forged.status_code == 403
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Referral)) == 0


def test_what_is_typed_is_never_markup(browser: Browser) -> None:
    answer = browser.refer(age='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_pages_are_not_kept_and_every_look_is_on_record(browser: Browser, database: Database) -> None:
    answer = browser.refer()
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", answer.text)
    with database.reading() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("referral.create") == 1
    assert actions.count("ranking.run") == 1
    assert actions.count("ranking.read") == 1


REFUSED: list[tuple[dict[str, str | list[str]], str]] = [
    ({"gender": "x"}, "gender"),
    ({"trafficking": "zzz"}, "trafficking"),
    ({"custody": "zzz"}, "custody"),
    ({"history": "bogus"}, "history"),
    ({"county": "99999"}, "county"),
    ({"county": "Fulton"}, "county"),
    ({"conditions": "a\0b"}, "conditions"),
    ({"conditions": "x" * 300}, "conditions"),
    ({"conditions": [f"c{n}" for n in range(150)]}, "conditions"),
    ({"languages": "x" * 300}, "languages"),
    ({"refuse": "\0"}, "refuse"),
    ({"prefer": [f"fac_{n}" for n in range(420)]}, "prefer"),
    ({"siblings": "R-\0"}, "siblings"),
    ({"apart": "R-1, R-\0"}, "apart"),
    ({"avoid_counties": "Fulton, GA; \0"}, "avoid_counties"),
    ({"needed": "4", "needed_from": "12/31/9999"}, "needed_from"),
    ({"needed": "4", "needed_from": "1/1/2200"}, "needed_from"),
    ({"past_fund_0": "fund_a", "past_from_0": "12/31/9999", "past_nights_0": "3650"}, "past_from_0"),
    ({"past_from_0": "6/1/2026", "past_nights_0": "1"}, "past_fund_0"),
    ({"past_fund_0": "fund_a", "past_from_0": "12/31/1989", "past_nights_0": "1"}, "past_from_0"),
    ({"past_fund_0": "fund_\0", "past_from_0": "6/1/2026", "past_nights_0": "1"}, "past_fund_0"),
]


def test_what_no_record_takes_is_said_beside_the_field(browser: Browser, database: Database) -> None:
    change = re.search(r'href="(/referrals/ref_\w+)/change"', browser.refer().text)
    assert change is not None
    for sent, name in REFUSED:
        for path in ("/referrals", change[1]):
            answer = browser.send(path, **{**EIGHT, "version": "1", **sent})
            assert (answer.status_code, name) == (422, name)
            assert re.findall(r'<a href="#(\w+)">', answer.text) == [name]
            assert f'id="{name}"' in answer.text
            assert f'id="{name}-wrong"' in answer.text
            assert f'aria-describedby="{name}-wrong"' in answer.text or f"{name}-hint {name}-wrong" in answer.text
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Referral)) == 1


def test_every_refused_field_is_named_at_once(browser: Browser) -> None:
    answer = browser.refer(age="fifteenish", gender="x", languages="x" * 300)
    assert set(re.findall(r'<a href="#(\w+)">', answer.text)) == {"age", "gender", "languages"}


def test_what_is_named_twice_is_kept_once(browser: Browser, database: Database) -> None:
    code = re.search(r"R-\w{5}", title(browser.refer()))
    assert code is not None
    siblings, avoided = ", ".join([code[0]] * 500), "; ".join(["Bibb, GA"] * 600)
    assert browser.refer(siblings=siblings, avoid_counties=avoided, prefer=["fac_a"] * 420).status_code == 200
    with database.reading() as session:
        assert session.scalars(select(MinorAvoids.county)).all() == ["13021"]
        assert session.scalars(select(MinorWish.facility)).all() == ["fac_a"]


@pytest.mark.parametrize("version", ["0", "2000000001", "9" * 5000, "-1", "x", "\0", "\u0661"])
def test_a_version_that_no_page_carried_is_stale(browser: Browser, version: str) -> None:
    first = browser.refer(custody="")
    path = action(first, "/answers")
    answered = browser.send(path, fact="minor.custody", answer="none", version=version)
    changed = browser.send(path.split("/rankings")[0], **{**EIGHT, "version": version})
    for late in (answered, changed):
        assert late.status_code == 409
        assert "Someone changed this since you read it" in words(late)
