"""An intake coordinator over the invented state, by forms alone: what the demo promises, it does."""

import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from app.access import signin
from app.access.models import Person
from app.access.policy import Role
from app.db import Database
from app.demo import scene
from app.main import create_app
from app.sealing import opening
from tests.actors import SAME_SITE

EIGHT = {
    "age": "about 15",
    "county": "13089",
    "gender": "female",
    "needed": "1",
    "trafficking": "verified",
    "custody": "none",
    "infants": "0",
    "conditions": "none",
    "nights_needed": "30",
    "press": "find",
}


class Coordinator:
    """Somebody signed in who only follows links and sends forms."""

    def __init__(self, client: TestClient, database: Database) -> None:
        self.client = client
        with database.writing() as session:
            person = session.scalars(select(Person).where(Person.role == Role.INTAKE_COORDINATOR)).first()
            assert person is not None
            link = signin.issue_link(session, person.id, database.clock.now())
        assert client.post(link, headers=SAME_SITE).status_code == 303
        found = re.search(r'name="form_token" value="(\w+)"', self.get("/").text)
        assert found is not None
        self.token = found[1]

    def get(self, path: str) -> Response:
        return self.client.get(path, headers={"accept": "text/html"})

    def send(self, path: str, **fields: str) -> Response:
        data = {"form_token": self.token, **fields}
        sent = self.client.post(path, data=data, headers={"accept": "text/html", **SAME_SITE})
        assert sent.status_code == 303, words(sent)
        return self.get(sent.headers["location"])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """The demo's database."""
    path = tmp_path_factory.mktemp("journey") / "demo.db"
    shutil.copy(migrated_sqlite, path)
    play = scene.invented(7, None)
    opening.init(play.settings, path.parent / "keys")
    scene.load(play, replace(play.settings, database_url=f"sqlite:///{path}", keys=path.parent / "keys"))
    return path


@pytest.fixture
def coordinator(loaded: Path) -> Iterator[Coordinator]:
    play = scene.invented(7, None)
    app = create_app(
        replace(play.settings, database_url=f"sqlite:///{loaded}", keys=loaded.parent / "keys"), clock=play.clock
    )
    client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
    yield Coordinator(client, app.state.database)
    app.state.database.close()


def words(answer: Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def heading(answer: Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found is not None
    return html.unescape(found[1])


def labels(answer: Response) -> dict[str, str]:
    """Every house or group that is turned away, with the rules in its way."""
    found = re.findall(r"<summary>([^<]+?) <span class=\"rest\">\d+ rules? in the way: ([^<]+)</span>", answer.text)
    return {html.unescape(name): html.unescape(rules) for name, rules in found}


def test_the_eight_answers_alone_give_options(coordinator: Coordinator) -> None:
    answer = coordinator.send("/referrals", **EIGHT)
    assert re.fullmatch(r"R-\w{5}: 3 beds tonight, 1 tomorrow", heading(answer))


def test_with_no_answer_at_all_nothing_passes(coordinator: Coordinator) -> None:
    """What was not asked is not known: no house is an option, and the page says what to ask."""
    nothing = dict.fromkeys(EIGHT, "") | {"press": "find"}
    answer = coordinator.send("/referrals", **nothing)
    assert heading(answer).endswith("No bed fits tonight")
    assert "Ask on the call" in words(answer)
    assert "Need to know first" in words(answer)


@pytest.mark.parametrize("left_out", ["age", "county", "gender", "trafficking", "custody", "infants", "conditions"])
def test_an_answer_left_out_is_asked_for_and_never_assumed(coordinator: Coordinator, left_out: str) -> None:
    whole = coordinator.send("/referrals", **EIGHT)
    less = coordinator.send("/referrals", **{**EIGHT, left_out: ""})
    beds = [int(found[1]) if (found := re.search(r": (\d+) bed", heading(page))) else 0 for page in (whole, less)]
    assert beds[1] <= beds[0]
    asked = {
        "age": "what is the birth date?",
        "county": "in which county does the young person live?",
        "gender": "what gender does the young person state?",
        "trafficking": "is trafficking verified, or is the young person at risk?",
        "custody": "who has legal custody?",
        "infants": "does an infant come along?",
        "conditions": "is there any condition that a house may exclude?",
    }[left_out]
    assert asked in words(less).lower().replace("ask on the call: ", "")
    assert asked not in words(whole).lower() or left_out in ("age", "county")


def test_all_failing_rules_stay_listed_when_one_is_satisfied(coordinator: Coordinator) -> None:
    """A boy of 11: the house for girls from 12 says both; at 16 the one rule left is still said."""
    young = coordinator.send("/referrals", **{**EIGHT, "age": "11", "gender": "male"})
    assert any("Licensed ages, licensed genders" in rules for rules in labels(young).values())
    path = re.search(r'href="(/referrals/ref_\w+)/change"', young.text)
    assert path is not None
    version = re.search(r'name="version" value="(\d+)"', coordinator.get(f"{path[1]}/change").text)
    assert version is not None
    older = coordinator.send(path[1], **{**EIGHT, "age": "16", "gender": "male", "version": version[1]})
    rules = labels(older)
    assert not any("Licensed ages, licensed genders" in one for one in rules.values())
    assert any(one.startswith("Licensed genders") for one in rules.values())


def test_everyone_who_waits_has_an_answer(coordinator: Coordinator) -> None:
    """Each of the thirty gets a page with beds or with what to do next, and none the word error."""
    forms = re.findall(r'action="(/referrals/ref_\w+/rankings)"', coordinator.get("/").text)
    assert len(forms) >= 20
    for path in forms:
        answer = coordinator.send(path)
        said = words(answer)
        assert re.search(r"bed|What you can do now", said)
        assert "rror" not in said
        assert len(answer.content) <= 36_000


def test_the_home_page_shows_the_answer_that_each_got(coordinator: Coordinator) -> None:
    answer = coordinator.send("/referrals", **EIGHT)
    assert heading(answer) in words(coordinator.get("/"))
