"""A page shows what has changed by itself."""

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.access.models import Person
from app.access.policy import Role
from app.facilities.models import Facility
from app.facilities.stamps import stamp
from app.outbox import emit
from tests.browser.conftest import Site

MARK = "document.querySelector('main').firstElementChild.dataset.old = '1'"


def test_home_is_loaded_again_when_something_changes(site: Site, phone: Page) -> None:
    page = phone
    trouble: list[str] = []
    page.on("console", lambda said: trouble.append(said.text))
    with page.expect_response(lambda answer: answer.url.endswith("/events")):
        page.reload(wait_until="commit")
    page.evaluate(MARK)
    with site.database.writing() as session:
        coordinator = session.scalars(select(Person).where(Person.role == Role.INTAKE_COORDINATOR)).first()
        assert coordinator is not None
        emit(session, "offer.accepted", agency_id=coordinator.agency_id, subject_kind="offer", subject_id="offer_1")
    page.locator("main [data-old]").wait_for(state="detached")
    assert page.get_by_role("heading", level=1).count() == 1
    assert trouble == []


@pytest.mark.parametrize("path", ["/beds", "/board"])
def test_beds_are_loaded_again_when_a_house_has_changed(chromium: Browser, site: Site, path: str) -> None:
    """Whoever places sees it, and the house itself."""
    role = Role.INTAKE_COORDINATOR if path == "/beds" else Role.FACILITY_STAFF
    page = site.sign_in(chromium.new_context(viewport={"width": 390, "height": 844}), role)
    page.goto(site.base + path)
    if path == "/board":
        page.get_by_role("link", name="Harbor House").click()
        page.wait_for_url("**/board/*")
    with page.expect_response(lambda answer: answer.url.endswith("/events")):
        page.reload(wait_until="commit")
    page.evaluate(MARK)
    with site.database.writing() as session:
        house = session.scalars(select(Facility.id).where(Facility.alias == "Harbor House")).one()
        assert stamp(session, house)
    page.locator("main [data-old]").wait_for(state="detached")
    page.context.close()
