"""A live server over the invented state, a browser, and people signed in."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select

from app.access import signin
from app.access.models import Person
from app.access.policy import Role
from app.db import Database
from app.demo import scene
from app.main import create_app
from app.sealing import opening
from migrations.run import upgrade
from tests import needs

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ON_CALL = "555-0100"


@dataclass(frozen=True, slots=True)
class Site:
    """Where the server answers, and its database."""

    base: str
    database: Database

    def sign_in(self, context: BrowserContext, role: Role = Role.INTAKE_COORDINATOR) -> Page:
        """A page on which somebody of that role has just signed in."""
        with self.database.writing() as session:
            person = session.scalars(select(Person).where(Person.role == role)).first()
            assert person is not None
            link = signin.issue_link(session, person.id, self.database.clock.now())
        page = context.new_page()
        page.goto(self.base + link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login/" not in url)
        return page


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """The demo, served on a free port of loopback, on a clock that stands still."""
    play = scene.invented(7, None)
    url = f"sqlite:///{folder / 'demo.db'}"
    settings = replace(
        play.settings, database_url=url, on_call_phone=ON_CALL, keys=folder / "keys", sign_in_hosts=("127.0.0.1",)
    )
    opening.init(settings, folder / "keys")
    upgrade(url)
    scene.load(play, settings)
    app = create_app(settings, clock=play.clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", app.state.database)
    app.state.live.end_all()
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One demo for all who leave it as it was."""
    with served(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this machine."""
    path = needs.chromium()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Page]:
    """A coordinator's phone, signed in, at home."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield site.sign_in(context)
    context.close()


def rank(page: Page, site: Site, code: str) -> str:
    """Open the answer for a referral of the demo, ranking it first if nobody has; where it is."""
    page.goto(site.base + "/")
    card = page.locator("li.card", has=page.locator("h3", has_text=code))
    button = card.get_by_role("button")
    (button if button.count() else card.get_by_role("link")).click()
    page.wait_for_url("**/rankings/run_*")
    return page.url


def save_shot(page: Page, folder: Path | None, name: str) -> None:
    """Keep a picture where BEDNIGHT_SHOTS says: for a person to look at, never for a test to compare."""
    if folder is not None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)
