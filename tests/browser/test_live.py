"""A page shows what has changed by itself."""

from playwright.sync_api import Page
from sqlalchemy import select

from app.access.models import Person
from app.access.policy import Role
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
