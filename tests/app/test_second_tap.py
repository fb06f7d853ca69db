"""A coordinator on a slow line taps twice: whatever the page, the second tap answers as the first."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from app.access.policy import Role
from app.answers.models import RankingRun
from app.clock import MovableClock
from app.db import Database
from app.idempotency import Once
from app.referrals.models import Referral
from tests.actors import SAME_SITE, sign_in
from tests.app.test_due import lived_in
from tests.app.test_hold_pages import offer_of
from tests.app.test_idempotency import counts
from tests.factories import made
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
RIGHT = {"authority": "court_order", "choice_reason": "clinical_advice"}


@pytest.fixture
def scene(client: TestClient, database: Database, clock: MovableClock) -> Scene:
    return Scene(client, database, clock)


class Pages:
    """A coordinator who presses what a page shows, and follows where it leads."""

    def __init__(self, scene: Scene) -> None:
        self.client = scene.client
        sign_in(scene.client, scene.database, Role.INTAKE_COORDINATOR, scene.coordinator.agency_id)

    def get(self, path: str) -> Response:
        answer = self.client.get(path, headers={"accept": "text/html"}, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer

    def press(self, page: Response, ending: str, **fields: str) -> Response:
        """Send the first form of a page whose address ends so, with what is hidden in it."""
        forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', page.text, re.S)
        found = [(to, body) for to, body in forms if to.endswith(ending)]
        assert found, (ending, [to for to, _ in forms])
        action, inside = found[0]
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside))
        data = {**hidden, **fields}
        sent = self.client.post(html.unescape(action), data=data, headers={"accept": "text/html", **SAME_SITE})
        return self.get(sent.headers["location"]) if sent.status_code == 303 else sent


def _steps(scene: Scene, pages: Pages) -> Iterator[tuple[str, str, Json]]:
    """Pages, and what is pressed on them: the address of the form, and its fields."""
    facts = {"age": "15", "county": "13121", "gender": "female", "needed": "1", "trafficking": "verified"}
    facts |= {"custody": "none", "infants": "0", "conditions": "none", "nights_needed": "10", "press": "find"}
    yield "/referrals/new", "/referrals", facts
    with scene.database.reading() as session:
        referral = f"/referrals/{session.scalars(select(Referral.id)).one()}"
    yield f"{referral}/change", referral, {**facts, "nights_needed": "9"}
    yield referral, "/rankings", {}
    yield referral, "/holds", {**RIGHT, "facility": "fac_a"}
    offer = offer_of(pages.get("/"))
    yield f"{referral}/offers/{offer}", "/withdrawal", {"press": "undo"}
    yield referral, "/end", {"how": "closed"}
    stay = lived_in(scene)
    yield f"/stays/{stay}", "/next", {"needed_from": "", "nights_needed": "3"}
    yield f"/stays/{stay}", "/aftercare", {"press": "add", "kind": "mentoring", "with_whom": "Youth Center"}
    yield f"/stays/{stay}", "/longer", {"until": "2026-12-04"}
    yield f"/stays/{stay}", "/discharge", {"reason": "completed", "destination": "family"}


@pytest.mark.parametrize("at_work", [False, True])
def test_a_second_tap_answers_as_the_first(scene: Scene, monkeypatch: pytest.MonkeyPatch, at_work: bool) -> None:
    pages = Pages(scene)
    for where, ending, fields in _steps(scene, pages):
        scene.clock.move(timedelta(seconds=1))  # the newest answer is the one of the last moment
        page = pages.get(where)
        first = pages.press(page, ending, **fields)
        assert first.status_code == 200, (ending, first.text)
        rows = counts(scene.database)
        with monkeypatch.context() as patch:
            if at_work and ending != "/next":  # there the second one waits for the lock of the stay
                _not_seen_at_first(patch)
            second = pages.press(page, ending, **fields)
        assert (second.status_code, second.url) == (200, first.url), (ending, re.findall("note bad.*", second.text))
        assert counts(scene.database) == rows, ending


def _not_seen_at_first(patch: pytest.MonkeyPatch) -> None:
    """What the first request wrote is not to be seen before it ends."""
    seen, hidden = Once.earlier, iter([True])
    patch.setattr(Once, "earlier", lambda *own: None if next(hidden, False) else seen(*own))


def test_the_same_press_on_a_page_that_was_loaded_again_is_another(scene: Scene) -> None:
    pages = Pages(scene)
    path = scene.refer()[3:]
    made(scene.coordinator.post(f"/v1{path}/rankings"))
    for _ in range(2):
        pages.press(pages.get(path), "/rankings")
    with scene.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RankingRun)) == 3
