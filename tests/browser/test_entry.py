"""The door in a browser: a passkey set up by a link and signed in with, and the page of those who let people in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.access import enrolment, signin
from app.access.models import Agency, Person
from app.access.policy import Role
from tests.actors import add_person
from tests.browser.conftest import Site
from tests.browser.test_looks import looks_of
from tests.identity_provider import CLIENT, SECRET, providing


@pytest.fixture
def laptop(chromium: Browser) -> Iterator[Page]:
    """A browser whose device asks its holder, who says yes."""
    context = chromium.new_context()
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    line.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page
    context.close()


def test_an_agency_s_own_sign_in_is_set_and_lets_in(chromium: Browser, site: Site) -> None:
    context = chromium.new_context()
    with site.database.writing() as session:
        person = session.scalars(select(Person).where(Person.role == Role.INTAKE_COORDINATOR)).first()
        assert person is not None
        agency = session.get_one(Agency, person.agency_id)
        keeper = add_person(session, site.database.clock, Role.SECURITY_ADMINISTRATOR, agency)
        path = signin.issue_link(session, keeper.id, site.database.clock.now())
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(site.base + path)
    page.get_by_role("button", name="Sign in").click()
    with providing() as provider:
        page.goto(f"{site.base}/agency-sign-in")
        typed = {"Word": "harbor-house", "Issuer": provider.issuer, "Client": CLIENT, "Client secret": SECRET}
        for label, value in typed.items():
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_role("button", name="Set", exact=True).click()
        page.get_by_text("0 people").wait_for()
        assert looks_of(page, "agency-sign-in") == []
        page.goto(f"{site.base}/security")
        provider.subject = "k-wu"
        page.get_by_role("button", name="Sign in as at your agency from now on").click()
        page.get_by_text("bound").first.wait_for()
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.goto(f"{site.base}/sign-in?agency=harbor-house")
        assert looks_of(page, "sign-in-agency") == []
        page.get_by_role("button", name="Go to your agency's sign-in").click()
        page.wait_for_url(f"{site.base}/")
        assert page.get_by_role("link", name="People").count() == 1
    assert said == []
    context.close()


def test_a_passkey_is_set_up_and_signs_in(laptop: Page, site: Site) -> None:
    said: list[str] = []
    laptop.on("console", lambda message: said.append(message.text))
    with site.database.writing() as session:
        person = session.scalars(select(Person).where(Person.role == Role.AUDITOR)).first()
        person = person or session.scalars(select(Person)).first()
        assert person is not None
        link = enrolment.issue(session, None, person.id, site.database.clock.now(), anew=True)
    base = site.base.replace("127.0.0.1", "localhost")  # a number is no host that a passkey could be bound to
    laptop.goto(base + link)
    laptop.get_by_role("button", name="Set up a passkey").click()
    laptop.get_by_role("heading", name="Your sign-in is set up").wait_for()
    laptop.goto(base + "/security")
    assert laptop.get_by_text("Passkey: Chrome").count() == 1
    laptop.get_by_role("button", name="Sign out", exact=True).click()
    laptop.get_by_role("link", name="Sign in").click()
    laptop.get_by_role("button", name="Sign in with a passkey").click()
    laptop.wait_for_url(lambda url: "/sign-in" not in url)
    laptop.goto(base + "/prove?to=/security")
    laptop.get_by_role("button", name="Use your passkey").click()
    laptop.wait_for_url("**/security")
    assert said == []


def test_who_looks_after_people_adds_one_and_asks_a_second_person(chromium: Browser, site: Site) -> None:
    with site.database.writing() as session:
        add_person(session, site.database.clock, Role.SECURITY_ADMINISTRATOR)
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = site.sign_in(context, Role.SECURITY_ADMINISTRATOR)
    page.goto(site.base + "/people")
    page.get_by_label("Name").fill("A. Wren")
    page.get_by_label("Email address").fill("wren@example.org")
    page.locator("#role").select_option("partner")
    page.get_by_role("button", name="Add, and make their link").click()
    assert page.get_by_text(f"{site.base}/enrol/").count() == 1
    page.get_by_text("Change A. Wren").click()
    page.locator("details[open] select").select_option("administrator")
    page.get_by_role("button", name="Give this role").click()
    page.get_by_text("It takes a second person").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert looks_of(page, "people") == []
    page.goto(site.base + "/keys")
    page.get_by_label("In place of").select_option("partner")
    page.get_by_role("button", name="Show what it may do").click()
    page.get_by_label("What it is for").fill("Case system")
    page.get_by_label("Read referrals").check()
    assert looks_of(page, "keys-form") == []
    page.get_by_role("button", name="Make the key").click()
    page.get_by_text("This is the key.").wait_for()
    assert looks_of(page, "keys") == []
    context.close()
