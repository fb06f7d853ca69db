"""The bed board in one hand: presses counted, with scripts and without, and the page read by axe."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.access.policy import Role
from tests.browser.conftest import Site, served
from tests.browser.test_journey import Presses, answer_eight
from tests.browser.test_looks import MOST_BYTES, MOST_REQUESTS, PRIMARY, SMALLEST, TARGETS, looks_of


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A demo of its own: what is pressed here changes beds."""
    with served(tmp_path_factory.mktemp("board")) as found:
        yield found


def board(chromium: Browser, site: Site, *, scripts: bool = True) -> Page:
    """The phone of Harbor House's staff, on its board."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page = site.sign_in(context, Role.FACILITY_STAFF)
    assert page.url == f"{site.base}/board"
    page.get_by_role("link", name="Harbor House").click()
    expect(page).to_have_title(re.compile(r"^\d of \d beds open: Harbor House"))
    return page


def ask_harbor(chromium: Browser, site: Site) -> None:
    """A coordinator holds a bed of the house."""
    context = chromium.new_context(viewport={"width": 1280, "height": 844})
    page = site.sign_in(context)
    page.goto(site.base + "/referrals/new")
    answer_eight(page)
    page.get_by_role("button", name="Find beds").click()
    page.wait_for_url("**/rankings/run_*")
    page.get_by_label("By what right").first.select_option("protective_custody")
    page.get_by_role("button", name="Hold bed for 2 hours Harbor House").click()
    page.wait_for_url("**/offers/offer_*")
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_night_shift_in_few_presses(chromium: Browser, site: Site, scripts: bool) -> None:
    ask_harbor(chromium, site)
    page = board(chromium, site, scripts=scripts)
    hand = Presses(page)

    def took(presses: int) -> None:
        assert hand.count == presses
        hand.count = 0

    hand.press("button", re.compile("^Nothing changed: confirm all"))
    expect(page.locator("article.bed").first).to_contain_text("Confirmed just now")
    took(1)

    page.locator("summary", has_text="Decline").click()
    page.get_by_role("button", name="Not enough staff for this bed").click()
    expect(page.get_by_text("Answer by")).to_have_count(0)

    opened = page.locator("article.bed", has=page.locator(".tag", has_text="Open")).first
    name = opened.get_by_role("heading").inner_text()
    card = page.locator("article.bed", has=page.get_by_role("heading", name=name, exact=True))
    hand.press("button", f"Cleaning {name}")
    expect(card).to_contain_text("Undo: back to Open")
    took(1)
    hand.press("button", f"Undo: back to Open {name}")
    expect(card.locator(".tag").first).to_have_text("Open")
    took(1)

    ask_harbor(chromium, site)
    page.reload()
    hand.press("button", re.compile("^Accept R-"))
    expect(page.get_by_role("heading", name="Expected")).to_be_visible()
    took(1)
    hand.press("button", re.compile("^Arrived R-"))
    there = page.locator("article.bed", has_text=re.compile(r"R-\w+, night 1, paid through")).first
    expect(there).to_be_visible()
    took(1)

    there.locator("summary", has_text="Discharge").click()
    there.locator("label", has_text="Completed").click()
    there.get_by_role("button", name="Family").click()
    expect(page.locator(".tag", has_text="Cleaning").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Open Bed")).first.click()
    page.context.close()


def test_the_board_is_read_by_axe_fits_and_can_be_hit(chromium: Browser, site: Site) -> None:
    ask_harbor(chromium, site)
    page = board(chromium, site)
    sizes: dict[str, int] = {}
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.reload(wait_until="networkidle")
    assert said == []
    assert len(sizes) <= MOST_REQUESTS
    assert sum(sizes.values()) <= MOST_BYTES
    first = page.get_by_role("button", name=re.compile("^Accept R-")).bounding_box()
    assert first is not None
    assert first["y"] + first["height"] <= 844
    found = looks_of(page, "board")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found += looks_of(page, "board open")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        found += [
            f"{width}: {text} {wide:.0f} x {high:.0f}"
            for text, wide, high, primary in page.evaluate(TARGETS)
            if high < (PRIMARY if primary else SMALLEST) - 0.5 or wide < SMALLEST
        ]
    assert found == []
    page.goto(site.base + "/board")
    assert looks_of(page, "boards") == []
    page.context.close()
