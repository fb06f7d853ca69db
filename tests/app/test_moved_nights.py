"""Over HTTP: a house that waits for people to leave, or for a birthday, and the same house full.

Whatever an agency is sent must be the same letter for letter: answers, pages, the text to copy, refusals, sizes.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from fastapi.testclient import TestClient

from app.access.policy import Role
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.main import create_app
from app.placements import service
from app.sealing import opening
from app.sharing.projection import NOT_AVAILABLE, NOT_AVAILABLE_TEXT
from matching.decision import Decision
from matching.decision_form import decision_document
from tests.actors import sign_in
from tests.conftest import EVENING
from tests.factories import Caller, fund, house, load, made, network, refused

Json = dict[str, Any]

ID = re.compile(r"\b(run|form|req|agency|person|exc|gap)_[0-9a-z]{20}\b|(?<=name=\"form_token\" value=\")[0-9a-f]+")
TURNS_16, TURNS_12 = "2010-12-05", "2014-12-05"
IN_A_MONTH = "2026-12-10"


def crowd(letter: str, until: str | None = IN_A_MONTH, *, gap: int | None = None, **who: Any) -> Json:
    """A house with an open bed, and somebody in the other one."""
    one, two = (f"bed_{letter}{at}" for at in (1, 2))
    lives = {"minor": f"min_{letter}", "bed": two, "trafficking": "verified", "age": 15, "from": None, "until": until}
    beds = [{"id": one, "status": "open"}, {"id": two, "status": "occupied"}]
    rooms = {"id": f"unit_{letter}", "beds": beds, "max_age_gap_years": gap}
    return house(f"fac_{letter}", units=[rooms], residents=[lives | who], declines=["arson"])


def full(like: Json) -> Json:
    """The same house with somebody in each bed, for good, in nobody's way."""
    [rooms] = like["units"]
    lives = {"trafficking": "verified", "age": 15, "from": None, "until": None}
    people = [lives | {"minor": f"min_in_{bed['id']}", "bed": bed["id"]} for bed in rooms["beds"]]
    beds = [bed | {"status": "occupied"} for bed in rooms["beds"]]
    return like | {"units": [rooms | {"beds": beds}], "residents": people}


CROWDS = {
    "an age gap that a birthday ends": crowd("b", None, gap=2, age=18),
    "an age gap to who leaves": crowd("c", gap=2, age=19),
    "a conflict": crowd("d", minor="min_9"),
    "somebody who was not trafficked": crowd("e", trafficking="none"),
}
ASKS: dict[str, Json] = {
    "all known": {},
    "custody not known": {"custody": None},
    "declined": {"needs": {"infants": 0, "conditions": ["arson"]}},
    "too young until then": {"born_on": TURNS_12},
}


def asked(**changes: Any) -> Json:
    plain: Json = {
        "id": "min_1",
        "born_on": TURNS_16,
        "gender": "female",
        "residence": {"county": "13121", "state": "GA"},
        "custody": "none",
        "trafficking": "verified",
        "needs": {"infants": 0, "conditions": []},
        "approvals": [],
        "avoid": {"minors": ["min_9"]},
        "history": "complete",
    }
    return plain | changes


@contextmanager
def running(template: Path, path: Path, houses: Iterable[Json], minor: Json) -> Iterator["Agency"]:
    """The product over a network of a house that fits and these, and the agency that asks."""
    shutil.copy(template, path)
    settings = Settings(database_url=f"sqlite:///{path}", login_links=True, keys=path.with_suffix(".keys"))
    opening.init(settings, path.with_suffix(".keys"))
    app = create_app(settings, clock=MovableClock(settings.time_zone, settings.night_turns_at, EVENING))
    document = network(
        house("fac_a"),
        *houses,
        funds=[fund()],
        minors=[minor],
        referrals=[{"id": "ref_1", "minor": "min_1", "urgency": 1, "nights_needed": 30}],
    )
    database: Database = app.state.database
    try:
        owner = load(database, document, referral_codes={"ref_1": "R-AAAAA"})
        client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
        yield Agency(client, database, owner)
    finally:
        database.close()


class Agency:
    """A coordinator who asks, with a key and signed in to the pages."""

    def __init__(self, client: TestClient, database: Database, agency_id: str) -> None:
        self.client, self.database = client, database
        sign_in(client, database, Role.INTAKE_COORDINATOR, agency_id)
        self.key = Caller(client, database, Role.INTAKE_COORDINATOR, agency_id)
        self.here = "/v1/referrals/ref_1"

    def rank(self) -> str:
        """The id of a fresh decision."""
        answer = self.key.post(f"{self.here}/rankings?findings=all")
        made(answer)
        return str(answer.headers["Location"]).rsplit("/", 1)[1]

    def page(self, path: str) -> str:
        answer = self.client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200, path
        return sized(answer.text)

    def seen(self, houses: Iterable[str]) -> dict[str, str]:
        """Everything that is sent about the houses, and what comes of asking for one."""
        answer = self.key.post(f"{self.here}/rankings?findings=all")
        run = str(answer.headers["Location"]).rsplit("/", 1)[1]
        page = f"/referrals/ref_1/rankings/{run}"
        found = {"answer": sized(answer.text), "headers": " ".join(sorted(answer.headers))}
        found |= {path: self.page(page + path) for path in ("", "/text")} | {"home": self.page("/")}
        found |= {"read": sized(self.key.get(f"{self.here}/rankings/{run}").text)}
        found["gaps"] = sized(self.key.get("/v1/gaps").text)
        for name in houses:
            found[f"page of {name}"] = self.page(f"{page}/house?facility={name}")
            found |= self._asks_for(name, run)
        return found

    def _asks_for(self, name: str, run: str) -> dict[str, str]:
        """What is refused, without an exception and with one."""
        body = {"run": run, "facility": name, "authority": "court_order", "choice_reason": "clinical_advice"}
        until = (EVENING + timedelta(days=7)).isoformat()
        waived = {"rule": "facility.declines", "party": "facility", "role": "director", "reason": "They will take her"}

        def hold(**more: str) -> str:
            return _refusal(self.key.post(f"{self.here}/holds", body | more))

        first, unpaid = hold(), hold(unfunded_reason="no other bed")
        put = self.key.post(f"{self.here}/exceptions", waived | {"run": run, "facility": name, "until": until})
        said = {"hold": first, "unfunded": unpaid, "exception": str(put.status_code), "hold on it": hold()}
        return {f"{what} in {name}": answer for what, answer in said.items()}


def sized(text: str) -> str:
    """A body without its random ids, and its length with them."""
    return f"{len(text)} {ID.sub('', text)}"


def _refusal(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    body = answer.json()
    return str({key: value for key, value in body.items() if key != "request_id"})


@pytest.mark.parametrize("ask", ASKS)
def test_houses_that_wait_for_people_are_told_as_full_ones(ask: str, migrated_sqlite: Path, tmp_path: Path) -> None:
    minor, names = asked(**ASKS[ask]), [one["id"] for one in CROWDS.values()]
    with (
        running(migrated_sqlite, tmp_path / "crowd.db", CROWDS.values(), minor) as crowded,
        running(migrated_sqlite, tmp_path / "full.db", map(full, CROWDS.values()), minor) as plain,
    ):
        seen, allowed = crowded.seen(names), plain.seen(names)
        assert seen.keys() == allowed.keys()
        for what, said in seen.items():
            assert said == allowed[what], what


def test_a_decision_stored_before_says_no_more(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word on the night that was judged, a house that asks for something reads as one without a bed."""

    def as_before(decision: Decision, findings: Literal["all", "failed"]) -> Json:
        document = decision_document(decision, findings)
        for entry in (row for name in ("later", "needs_info", "excluded") for row in document[name]):
            del entry["as_full"]
        return document

    monkeypatch.setattr(service, "decision_document", as_before)
    second = [CROWDS["an age gap that a birthday ends"]]
    with running(migrated_sqlite, tmp_path / "crowd.db", second, asked(custody=None)) as agency:
        run = agency.rank()
        shown = made(agency.key.get(f"{agency.here}/rankings/{run}?findings=all"))
        codes = [(row["facility"], row["code"]) for row in shown["later"]]
        assert codes == [("fac_a", NOT_AVAILABLE), ("fac_b", NOT_AVAILABLE)]
        assert shown["needs_info"] == []
        page = agency.page(f"/referrals/ref_1/rankings/{run}/house?facility=fac_b")
        assert NOT_AVAILABLE_TEXT in page
        body = {"run": run, "facility": "fac_b", "authority": "court_order", "choice_reason": "clinical_advice"}
        refused(agency.key.post(f"{agency.here}/holds", body), 409, "not_an_option")
