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
TELLS_WHEN_IT_LISTENS = """
window.EventSource = class extends EventSource {
  constructor(url) {
    super(url);
    this.addEventListener("open", () => { document.documentElement.dataset.listens = "1"; });
  }
};
"""


def reload_and_listen(page: Page) -> None:
    """Load the page anew, until this very load hears of changes: an answer to the one before it proves nothing."""
    page.add_init_script(TELLS_WHEN_IT_LISTENS)
    page.reload(wait_until="commit")
    page.locator("html[data-listens]").wait_for(state="attached")
    page.evaluate(MARK)


def test_home_is_loaded_again_when_something_changes(site: Site, phone: Page) -> None:
    page = phone
    trouble: list[str] = []
    page.on("console", lambda said: trouble.append(said.text))
    reload_and_listen(page)
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
    reload_and_listen(page)
    with site.database.writing() as session:
        house = session.scalars(select(Facility.id).where(Facility.alias == "Harbor House")).one()
        assert stamp(session, house)
    page.locator("main [data-old]").wait_for(state="detached")
    page.context.close()
