"""The pages of the shared record, as a browser without scripts uses them."""

import re

import pytest

from app.access.policy import Role
from app.clock import MovableClock
from app.db import Database
from tests.app.test_pages import Browser, browser, title, words
from tests.factories import Caller, made

pytestmark = pytest.mark.one_kind

__all__ = ["browser"]

THREE: dict[str, str | list[str]] = {"level": "at_risk", "basis": "observation", "indicator": ["hotels", "gifts"]}


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
