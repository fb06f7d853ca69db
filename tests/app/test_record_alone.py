"""A record of somebody for whom nobody has asked a bed: papers, laws, expunging, and the referral that follows."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.minors.models import Minor
from app.sharing.codes import Item
from tests.app.test_expunging import somebody
from tests.app.test_pages import Browser, browser, title, words
from tests.factories import Caller, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

__all__ = ["browser"]

Json = dict[str, Any]
VERIFIED: Json = {"level": "verified", "basis": "disclosure", "indicators": ["hotels"]}


class Record:
    """A flagged young person's record, its people, and another agency."""

    def __init__(self, app: FastAPI, client: TestClient, database: Database, clock: MovableClock) -> None:
        agency = new_agency(database)
        self.owner, self.second = (somebody(app, database, agency) for _ in range(2))
        self.other = Caller(client, database, Role.PARTNER, new_agency(database, AgencyKind.SCHOOL))
        self.path = f"/v1/minors/{made(self.owner.post('/v1/minors', {'flag': VERIFIED}))['id']}"
        self.until = (clock.now() + timedelta(days=30)).isoformat()

    def paper(self, *items: Item) -> Json:
        """What a signed paper says."""
        signers = [{"relation": "minor"}, {"relation": "parent", "abuser": False}]
        return {"recipient": self.other.agency_id, "purpose": "schooling", "items": list(items), "given": "written",
                "signers": signers, "explained": True, "valid_until": self.until}  # fmt: skip


@pytest.fixture
def record(app: FastAPI, client: TestClient, database: Database, clock: MovableClock) -> Record:
    return Record(app, client, database, clock)


def test_a_paper_opens_a_record_without_a_referral_and_taken_back_shuts_it(record: Record) -> None:
    refused(record.other.get(record.path), 404, "not_found")
    answer = record.owner.post(f"{record.path}/releases", record.paper(Item.FLAGS), Idempotency_Key="k")
    release = made(answer)
    assert answer.headers["Location"] == f"{record.path}/releases/{release['id']}"
    again = record.owner.post(f"{record.path}/releases", record.paper(Item.FLAGS), Idempotency_Key="k")
    assert (made(again)["id"], again.headers["Idempotent-Replayed"]) == (release["id"], "true")
    assert made(record.other.get(record.path))["items"] == ["flags"]
    assert [row["id"] for row in rows(record.owner.get(f"{record.path}/releases"))] == [release["id"]]
    made(record.owner.post(f"{record.path}/releases/{release['id']}/withdrawal"))
    refused(record.other.get(record.path), 404, "not_found")
    refused(record.other.get(f"{record.path}/releases"), 403, "forbidden")


def test_a_law_opens_it_too(record: Record) -> None:
    law = {"recipient": record.other.agency_id, "law": "court_order", "reference": "order 26-118"}
    body = {**law, "items": ["school"], "valid_until": record.until}
    basis = made(record.owner.post(f"{record.path}/legal-bases", body, Idempotency_Key="k"))
    again = record.owner.post(f"{record.path}/legal-bases", body, Idempotency_Key="k")
    assert (made(again)["id"], again.headers["Idempotent-Replayed"]) == (basis["id"], "true")
    assert made(record.other.get(record.path))["items"] == ["school"]
    made(record.owner.post(f"{record.path}/legal-bases/{basis['id']}/end"))
    refused(record.other.get(record.path), 404, "not_found")


def test_two_people_expunge_it(record: Record) -> None:
    at = f"{record.path}/expungement"
    assert made(record.owner.get(at))["state"] == "not_asked"
    made(record.owner.put(at, {"reason": "entered_by_mistake"}))
    refused(record.owner.put(f"{at}/decision", {"agree": True}), 403, "forbidden")
    assert made(record.second.put(f"{at}/decision", {"agree": True}))["state"] == "expunged"
    assert made(record.owner.get(record.path))["flags"] == []
    refused(record.owner.post(f"{record.path}/referrals", {"needed_from": None}), 410, "expunged")


def test_a_record_is_referred_and_stays_the_same_record(record: Record) -> None:
    body: Json = {"needed_from": None, "minor": {"trafficking": "verified", "age_range": [15, 15]}}
    answer = record.owner.post(f"{record.path}/referrals", body, Idempotency_Key="k")
    referral = made(answer)
    assert answer.headers["Location"] == f"/v1/referrals/{referral['id']}"
    assert f"/v1/minors/{referral['minor']['id']}" == record.path
    assert (referral["minor"]["trafficking"], referral["minor"]["approvals"]) == ("verified", None)
    again = record.owner.post(f"{record.path}/referrals", body, Idempotency_Key="k")
    assert (made(again)["id"], again.headers["Idempotent-Replayed"]) == (referral["id"], "true")
    refused(record.owner.post(f"{record.path}/referrals", body), 409, "already_exists")
    refused(record.other.post(f"{record.path}/referrals", body), 404, "not_found")
    made(record.owner.post(f"/v1/referrals/{referral['id']}/end", {"how": "closed"}))
    next_one = made(record.owner.post(f"{record.path}/referrals", {"needed_from": None}))
    assert next_one["minor"]["trafficking"] == "verified", "what is known stays"


def test_what_the_flag_says_stands_in_the_form_and_nothing_is_typed_twice(browser: Browser, database: Database) -> None:
    here = str(browser.send("/minors", level="verified", basis="disclosure", days="90").url.path)
    assert f'href="{here}/referral"' in browser.get(here).text
    form = browser.get(f"{here}/referral")
    assert re.fullmatch(r"New referral of M-\w{6}", title(form))
    assert re.search(r'name="trafficking" value="verified"[^>]* checked', form.text)
    wrong = browser.send(f"{here}/referral", needed="1", trafficking="verified", age="seventy-seven")
    assert (wrong.status_code, 'value="seventy-seven"' in wrong.text) == (422, True)
    answer = browser.send(f"{here}/referral", needed="1", trafficking="verified", age="15", nights_needed="30")
    assert re.match(r"/referrals/ref_\w+/rankings/run_\w+", str(answer.url.path))
    shown = browser.get(here)
    assert "A bed is being looked for" in words(shown)
    assert f'href="{here}/referral"' not in shown.text, "nobody looks for two beds"
    with database.reading() as session:
        minor = session.get_one(Minor, here.rsplit("/", 1)[1])
        assert (minor.trafficking, minor.age_min, minor.approvals) == ("verified", 15, [])


def test_the_pages_put_a_paper_on_record_and_take_it_back(
    browser: Browser, client: TestClient, database: Database
) -> None:
    school = Caller(client, database, Role.PARTNER, new_agency(database, AgencyKind.SCHOOL)).agency_id
    here = str(browser.send("/minors", level="at_risk", basis="observation", days="90").url.path)
    assert f'href="{here}/papers"' in browser.get(f"{here}/releases").text
    said: dict[str, str | list[str]] = {
        "recipient": school, "purpose": "schooling", "item": ["flags"], "minor": "1", "second": "parent",
        "abuser": "no", "days": "30",
    }  # fmt: skip
    missing = browser.send(f"{here}/papers", **said)
    assert (missing.status_code, "Explain it to the young person first" in words(missing)) == (422, True)
    answer = browser.send(f"{here}/papers", **said, explained="1")
    assert str(answer.url.path) == f"{here}/papers"
    taken = re.search(rf'action="({here}/papers/rel_\w+/withdrawal)"', answer.text)
    assert taken is not None
    assert "Taken back" in words(browser.send(taken[1]))
    law = browser.send(
        f"{here}/legal-bases", recipient=school, law="court_order", reference="12", item=["flags"], days="30"
    )
    ended = re.search(rf'action="({here}/legal-bases/law_\w+/end)"', law.text)
    assert ended is not None
    assert "Does not hold now" in words(browser.send(ended[1]))


def test_the_page_asks_to_expunge_it(browser: Browser) -> None:
    here = str(browser.send("/minors", level="at_risk", basis="observation", days="90").url.path)
    answer = browser.send(f"{here}/expungement", press="ask", reason="court_order")
    assert "Asked for" in words(answer)
    assert f'action="{here}/expungement"' in answer.text
