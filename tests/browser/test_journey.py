"""The coordinator at two in the morning, with scripts and without: presses are counted."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.access.actor import Actor
from app.access.models import Agency
from app.access.policy import Role
from app.facilities.models import Facility
from app.placements.offers import answer
from app.placements.workflow import Answer
from app.stays.models import Admission, Offer
from tests.browser.conftest import Site, rank
from tests.browser.test_looks import looks_of


class Presses:
    """Presses on controls, counted as the plan counts them: choosing and typing are answers."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def press(self, role: str, name: str | re.Pattern[str]) -> None:
        self.count += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]


def answer_eight(page: Page, custody: str = "none") -> None:
    """What a coordinator knows, and "not known" for the rest."""
    page.fill("#age", "about 15")
    page.select_option("#county", label="DeKalb")
    page.check("input[name=gender][value=female]")
    page.check("input[name=needed][value='1']")
    page.check("input[name=trafficking][value=verified]")
    page.check(f"input[name=custody][value='{custody}']")
    page.check("input[name=infants][value='0']")
    page.check("input[name=conditions][value=none]")


def say_yes(site: Site, offer_id: str) -> str:
    """The house takes the young person; the id of the stay."""
    with site.database.reading() as session:
        offer = session.get_one(Offer, offer_id)
        agency = session.get_one(Agency, session.get_one(Facility, offer.facility_id).agency_id)
    staff = Actor(agency_id=agency.id, kind=agency.kind, role=Role.FACILITY_STAFF, person_id="person_night")
    answer(site.database, staff, offer.facility_id, offer_id, Answer(accept=True))
    with site.database.reading() as session:
        return str(session.scalar(select(Admission.stay_id).where(Admission.offer_id == offer_id)))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_home_to_a_bed_in_two_presses(chromium: Browser, site: Site, scripts: bool) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page = site.sign_in(context)
    hand = Presses(page)
    hand.press("link", "New referral")
    answer_eight(page, custody="")
    hand.press("button", "Find beds")
    page.wait_for_url("**/rankings/run_*")
    assert hand.count == 2
    expect(page.get_by_text("Ask on the call: who has legal custody?")).to_be_visible()

    page.get_by_label("Ask on the call").select_option("none")
    hand.press("button", "Answer")
    expect(page).to_have_title(re.compile(r"^R-\w{5}: 3 beds tonight, 1 tomorrow "))
    assert hand.count == 3
    first = page.locator("article").first
    expect(first.get_by_role("heading")).to_contain_text("Harbor House")
    expect(first).to_contain_text("Paid: 30 of 30 nights")

    page.get_by_role("link", name="Copy as text: no names").click()
    assert page.url.endswith("/text")
    expect(page.locator("body")).to_contain_text("WHY NOT THE OTHERS")
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_home_to_a_held_bed_in_three_presses(chromium: Browser, site: Site, scripts: bool) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page = site.sign_in(context)
    hand = Presses(page)
    hand.press("link", "New referral")
    answer_eight(page)
    hand.press("button", "Find beds")
    page.wait_for_url("**/rankings/run_*")
    page.get_by_label("By what right").first.select_option("protective_custody")
    hand.press("button", "Hold bed for 2 hours Harbor House")
    page.wait_for_url("**/offers/offer_*")
    assert hand.count == 3
    expect(page).to_have_title(re.compile(r"^R-\w{5}: waiting for an answer"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("waiting for Harbor House")
    expect(page.get_by_role("status")).to_contain_text("Answer due 04:14")
    hand.press("button", "Undo")
    page.wait_for_url("**/rankings/run_*")
    context.close()


def test_the_pages_of_an_offer_and_a_stay_are_read_by_axe(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = site.sign_in(context)
    page.goto(site.base + "/referrals/new")
    answer_eight(page)
    page.get_by_role("button", name="Find beds").click()
    page.wait_for_url("**/rankings/run_*")
    page.get_by_label("By what right").first.select_option("protective_custody")
    page.get_by_role("button", name="Hold bed for 2 hours Harbor House").click()
    page.wait_for_url("**/offers/offer_*")
    here = page.url
    found = looks_of(page)
    stay = say_yes(site, here.rsplit("/", 1)[1])
    page.goto(here)
    expect(page.get_by_role("heading", name="On the way")).to_be_visible()
    found += looks_of(page)
    page.goto(f"{site.base}/stays/{stay}")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found += looks_of(page)
    page.goto(here)
    page.get_by_role("button", name="Did not come").click()
    page.wait_for_load_state()
    expect(page.get_by_role("link", name="See the next option")).to_be_visible()
    assert found == []
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_problem_takes_the_reader_to_the_field(chromium: Browser, site: Site, scripts: bool) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page = site.sign_in(context)
    page.goto(site.base + "/referrals/new")
    answer_eight(page)
    page.fill("#age", "fifteenish")
    page.get_by_role("button", name="Find beds").click()
    expect(page).to_have_title(re.compile("^Error: New referral"))
    if scripts:
        expect(page.locator("#errors")).to_be_focused()
    page.get_by_role("link", name="Write the age as 15").click()
    assert page.url.endswith("#age")
    expect(page.locator("#age")).to_have_value("fifteenish")
    expect(page.locator("input[name=gender][value=female]")).to_be_checked()
    context.close()


def test_what_to_do_first_is_seen_without_scrolling(phone: Page, site: Site) -> None:
    rank(phone, site, "R-0412")
    box = phone.get_by_role("button", name="Hold bed for 2 hours Harbor House").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 844


def test_the_first_call_is_seven_keys_away(phone: Page, site: Site) -> None:
    rank(phone, site, "R-0412")
    phone.reload()
    keys = 0

    def press(key: str) -> str:
        nonlocal keys
        keys += 1
        phone.keyboard.press(key)
        return str(phone.evaluate("document.activeElement.textContent"))

    while press("Tab") != "Skip to the beds":
        assert keys < 7
    press("Enter")
    while not press("Tab").startswith("Call 555-0134"):
        assert keys < 7
    assert keys <= 7


def test_a_draft_outlives_a_reload_and_no_other_page(phone: Page, site: Site) -> None:
    phone.goto(site.base + "/referrals/new")
    answer_eight(phone)
    phone.locator("#age").blur()
    phone.reload()
    expect(phone.locator("#age")).to_have_value("about 15")
    expect(phone.locator("input[name=custody][value=none]")).to_be_checked()
    expect(phone.locator("#county")).to_have_value("13089")
    phone.goto(site.base + "/")
    phone.goto(site.base + "/referrals/new")
    expect(phone.locator("#age")).to_have_value("")


def test_exit_leaves_nothing_to_come_back_to(phone: Page, site: Site) -> None:
    rank(phone, site, "R-0412")
    answer = phone.url
    phone.route("https://www.weather.gov/**", lambda route: route.fulfill(body="weather", content_type="text/html"))
    phone.get_by_role("link", name="Exit this page").click()
    phone.wait_for_url("https://www.weather.gov/")
    phone.go_back()
    assert phone.url != answer
    assert phone.evaluate("sessionStorage.length") == 0


def test_signing_out_ends_it(phone: Page, site: Site) -> None:
    phone.get_by_role("button", name="Sign out").click()
    expect(phone.get_by_role("heading", name="You are signed out")).to_be_visible()
    answer = phone.goto(site.base + "/")
    assert answer is not None
    assert answer.status == 401
