"""The pages of the shared record, as a browser without scripts uses them."""

import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.minors.linking_models import Contact, ContactAsk
from app.minors.record_models import ActivityKind, ReportingLine
from app.sharing.codes import Item
from app.sharing.models import Release
from app.web import words_paper
from tests.app.test_linking import begin
from tests.app.test_pages import Browser, browser, title, words
from tests.app.test_record import Desk
from tests.factories import Caller, made, new_agency

pytestmark = pytest.mark.one_kind

__all__ = ["browser"]

NOW = datetime(2026, 11, 21, tzinfo=UTC)
THREE: dict[str, str | list[str]] = {"level": "at_risk", "basis": "observation", "indicator": ["hotels", "gifts"]}


def test_where_no_state_has_a_line_nobody_is_said_to_take_reports(browser: Browser, database: Database) -> None:
    with database.writing() as session:
        session.delete(session.get_one(ReportingLine, "GA"))
    said = words(browser.get("/minors/new"))
    assert "Childhelp National Child Abuse Hotline, 1-800-422-4453, tells where to report; it takes no reports" in said


def test_flagged_in_two_clicks_and_three_answers(browser: Browser) -> None:
    listed = browser.get("/minors")
    assert 'href="/minors/new"' in listed.text, "the first click"
    form = browser.get("/minors/new")
    assert "A flag is no report. Georgia Division of Family and Children Services: 1-855-422-4453" in words(form)
    answer = browser.send("/minors", **THREE, days="90")
    assert re.fullmatch(r"M-\w{6}: At risk", title(answer))
    said = words(answer)
    assert "Holds until Feb 19" in said
    assert "Hotel rooms, keys or receipts" in said
    assert re.search(r"M-\w{6} At risk review by Feb 19", words(browser.get("/minors")))


def test_what_is_missing_is_said_and_what_was_answered_stays(browser: Browser) -> None:
    answer = browser.send("/minors", **{**THREE, "level": ""}, words="x")
    assert answer.status_code == 422
    assert title(answer) == "Error: Flag a young person"
    assert "Choose one of the answers" in words(answer)
    assert re.search(r'name="indicator" value="hotels"[^>]* checked', answer.text)
    alone = {"tool": "CSE-IT", "tool_version": "2.0", "screened_on": "11/20/2026", "screen_level": "clear_concern"}
    answer = browser.send("/minors", **{**THREE, "level": "verified", "basis": "screening"}, **alone)
    assert "A screening alone makes nobody verified" in words(answer)
    answer = browser.send("/minors", **{**THREE, "basis": "screening"}, **{**alone, "screened_on": "yesterday"})
    assert (answer.status_code, "Write the date as month/day/year" in words(answer)) == (422, True)
    answer = browser.send("/minors", **{**THREE, "basis": "screening"}, **alone)
    assert "CSE-IT 2.0 on Nov 20: clear concern" in words(answer)


def test_a_record_is_lived_with(browser: Browser, clock: MovableClock) -> None:
    here = str(browser.send("/minors", **THREE, days="30").url.path)
    answer = browser.send(f"{here}/activities", kind="school", on="", words="back in class")
    assert "School Nov 21" in words(answer)
    assert "back in class" in words(answer)
    answer = browser.send(f"{here}/activities", kind="", on="", words="kept line")
    assert (answer.status_code, 'value="kept line"' in answer.text) == (422, True)
    entry = re.search(rf"{here}/activities/(act_\w+)/withdrawal", browser.get(here).text)
    assert entry is not None
    answer = browser.send(f"{here}/activities/{entry[1]}/withdrawal")
    assert "Nothing entered." in words(answer)
    flag = re.search(rf"{here}/flags/(flag_\w+)/review", answer.text)
    assert flag is not None
    answer = browser.send(f"{here}/flags/{flag[1]}/review", days="365", version="1")
    assert "Holds until Nov 21, 2027" in words(answer)
    answer = browser.send(f"{here}/flags/{flag[1]}/end", reason="safe_now", version="1")
    assert answer.status_code == 409
    answer = browser.send(f"{here}/flags/{flag[1]}/end", reason="safe_now", version="2")
    assert re.fullmatch(r"M-\w{6}: no flag", title(answer))
    assert "Safe now" in words(answer)


def test_more_than_a_hundred_entries_are_asked_for(browser: Browser, database: Database) -> None:
    here = str(browser.send("/minors", **THREE).url.path)
    me = Caller(browser.client, database, Role.PARTNER, browser.person.agency_id)
    for _ in range(101):
        made(me.post(f"/v1{here}/activities", {"kind": "mentoring"}))
    assert "1 earlier entry" in words(browser.get(here))
    assert browser.get(f"{here}?all=1").text.count("<b>Mentoring</b>") == 101


def test_duplicates_and_contacts_on_pages(browser: Browser, client: TestClient, database: Database) -> None:
    jane = {
        "given_names": "Jane",
        "family_name": "Doe",
        "called": "",
        "aliases": "Star\nSky",
        "contact": "",
        "words": "",
    }
    first = str(browser.send("/minors", **THREE).url.path)
    second = str(browser.send("/minors", **THREE).url.path)
    assert "Jane" in browser.send(f"{first}/identity", **jane, version="").text
    browser.send(f"{second}/identity", **{**jane, "given_names": "Jnae"}, version="")
    found = browser.get(f"{first}/duplicates")
    assert re.fullmatch(r"M-\w{6}: possible duplicates", title(found))
    assert "Given and family name" in words(found)
    assert "Jnae, Doe, Star, Sky" in words(found)
    other = second.rsplit("/", 1)[1]
    said = {"minor": first.rsplit("/", 1)[1], "other": other, "verdict": "same", "from": "duplicates"}
    assert "Nobody else is alike enough." in words(browser.send("/minor-links", **said))
    shown = browser.get(first)
    assert "is the same young person: both are shown as one" in words(shown)
    link = re.search(rf"{first}/links/(link_\w+)/undo", shown.text)
    assert link is not None
    assert "both are shown as one" not in words(browser.send(f"{first}/links/{link[1]}/undo"))
    assert "you are told nothing, whether anybody has or not" in words(browser.send(f"{first}/contact-asks"))
    assert "Nobody asks." in words(browser.get("/minors/contacts"))


def test_the_owner_reads_who_asks_and_answers(browser: Browser, client: TestClient, database: Database) -> None:
    here = str(browser.send("/minors", **THREE).url.path)
    names = {"given_names": "Jane", "family_name": "Doe", "called": "", "aliases": "", "contact": "", "words": ""}
    browser.send(f"{here}/identity", **names, version="")
    asker, asked = new_agency(database), begin(Caller(client, database, Role.PARTNER), given_names="Jane")
    with database.writing() as session:
        session.add(ContactAsk(id="ask_1", minor_id=asked, agency_id=asker, asked_at=NOW, asked_by="x", looked_at=NOW))
        session.flush()
        session.add(
            Contact(
                id="con_1", ask_id="ask_1", asker_id=asker, minor_id=here.rsplit("/", 1)[1], found_at=NOW,
                agency_id=browser.person.agency_id,
            )
        )  # fmt: skip
    assert "asks to be in contact about a record of yours: M-" in words(browser.get("/minors/contacts"))
    assert "We are in contact" in words(browser.send("/minors/contacts/con_1", answer="in_contact"))


def test_what_is_shared_is_linked_with_a_record_of_ones_own(
    browser: Browser, client: TestClient, database: Database, clock: MovableClock
) -> None:
    desk = Desk(client, database, clock)
    desk.enter(ActivityKind.SCHOOL, words="back in class")
    desk.release(Item.SCHOOL, to=browser.person.agency_id)
    mine = str(browser.send("/minors", **THREE).url.path)
    theirs = desk.path.removeprefix("/v1")
    shown = browser.get(theirs)
    assert "Flags are not shared with you." in words(shown)
    assert "There may be more" in words(shown)
    said = {"minor": mine.rsplit("/", 1)[1], "other": theirs.rsplit("/", 1)[1], "verdict": "same"}
    drawn = words(browser.send("/minor-links", **said))
    assert "is linked: what is shared of it is shown here" in drawn
    assert "back in class" in drawn
    desk.enter(ActivityKind.MEDICAL)
    assert re.search(
        r"1 entry from Agency\w+, not shared with you|1 entry from \S+, not shared", words(browser.get(mine))
    )


def test_a_grid_says_what_is_shared_and_one_press_takes_it_back(
    browser: Browser, client: TestClient, database: Database, clock: MovableClock
) -> None:
    referral = str(browser.refer().url.path).split("/rankings")[0]
    found = re.search(r'href="(/minors/min_\w+)"', browser.get(f"{referral}/change").text)
    assert found is not None
    here = f"{found[1]}/releases"
    assert "Nothing is shared with anybody." in words(browser.get(here))
    school, clinic = (new_agency(database, kind) for kind in (AgencyKind.SCHOOL, AgencyKind.HEALTH))
    paper = {"purpose": "schooling", "minor": "1", "second": "parent", "abuser": "no", "explained": "1"}
    browser.send(f"{referral}/releases", recipient=school, item=["school", "flags"], days="90", **paper)
    browser.send(f"{referral}/releases", recipient=school, item=["school"], days="30", **paper)
    law = {"recipient": clinic, "item": "health", "law": "court_order", "reference": "24-1", "days": "30"}
    browser.send(f"{referral}/legal-bases", **law)
    shown = browser.get(here)
    said = words(shown)
    assert sorted(re.findall(r"School (?:No|Until Feb 19) (?:No|Until Feb 19)", said)) != []
    assert "By law, until Dec 21" in said
    assert shown.text.count("Take it back now") == 1, "what a law says is not taken back by a press"
    english, spanish = (words(browser.get(f"{here}/print?language={code}")) for code in ("en", "es"))
    assert "Your school. Until Feb 19, 2027. Because you signed a paper." in english
    assert "Tu escuela. Hasta el 19 de febrero de 2027. Porque firmaste un papel." in spanish
    assert "Tus médicos y consejeros. Hasta el 21 de diciembre de 2026. Porque lo dice una ley" in spanish
    assert 'lang="es"' in browser.get(f"{here}/print?language=es").text
    assert "What is shared about you" in words(browser.get(f"{here}/print?language=xx"))
    after = words(browser.send(f"{here}/withdrawal", agency=school))
    assert "Until Feb 19" not in after
    assert "By law, until Dec 21" in after
    with database.reading() as session:
        assert all(row.revoked_at is not None for row in session.scalars(select(Release)))


def test_each_kind_of_information_has_its_words_in_both_languages() -> None:
    assert set(words_paper.SHARED) == set(Item)
    assert words_paper.PAPER["en"].keys() == words_paper.PAPER["es"].keys()
