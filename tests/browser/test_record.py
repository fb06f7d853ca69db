"""Flagging a young person on a phone, with scripts and without: presses and answers are counted."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site
from tests.browser.test_journey import Presses


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_flagged_in_two_presses_and_three_answers(chromium: Browser, site: Site, scripts: bool) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page = site.sign_in(context)
    page.goto(site.base + "/minors")
    hand = Presses(page)
    hand.press("link", "Flag a young person")
    answers = (("level", "at_risk"), ("basis", "disclosure"), ("indicator", "traded"))
    for name, value in answers:
        page.check(f"input[name={name}][value={value}]")
    hand.press("button", "Flag")
    page.wait_for_url("**/minors/min_*")
    assert (hand.count, len(answers)) == (2, 3)
    expect(page).to_have_title(re.compile(r"^M-\w{6}: At risk"))
    expect(page.get_by_role("link", name="Exit this page")).to_be_visible()
    # The identity is entered apart, and stands in no address and no title.
    page.get_by_role("link", name="Who the young person is").click()
    page.get_by_label("Given names").fill("Zephyrine")
    page.get_by_role("button", name="Keep").click()
    page.wait_for_load_state()
    assert page.get_by_label("Given names").input_value() == "Zephyrine"
    assert "zephyrine" not in (page.url + page.title()).lower()
    context.close()
