"""Agreements of agencies: who stands by one, what it opens of a record, and that each end of it counts at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.policy import AgencyKind, Role
from app.clock import MovableClock
from app.db import Database
from app.sharing.codes import OF_RECORD, Item
from tests.app.test_pages import Browser, words
from tests.factories import Caller, lead, made, new_agency, refused, rows

Json = dict[str, Any]
DAY = timedelta(days=1)


class Coalition:
    """A lead, an agency with a record, and a school that works with it."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock) -> None:
        self.clock = clock
        self.lead = lead(client, database)
        self.owner, school = new_agency(database), new_agency(database, AgencyKind.SCHOOL)
        self.shares = Caller(client, database, Role.SUPERVISOR, self.owner)
        self.other = Caller(client, database, Role.PARTNER, school)
        self.administrators = {one: Caller(client, database, Role.ADMINISTRATOR, one) for one in (self.owner, school)}
        flag = {"level": "at_risk", "basis": "observation", "indicators": ["hotels"]}
        self.record = f"/v1/minors/{made(self.shares.post('/v1/minors', {'flag': flag}))['id']}"
        made(self.shares.post(f"{self.record}/activities", {"kind": "school", "words": "seen there"}))

    def until(self, days: int) -> str:
        return (self.clock.now() + days * DAY).isoformat()

    def agree(self, *items: str, days: int = 200) -> str:
        """An agreement on record; its path."""
        body = {"name": "Safe harbor", "approval": "counsel's letter of May 4", "items": list(items)}
        made_of = made(self.lead.post("/v1/agreements", {**body, "valid_until": self.until(days)}))
        return f"/v1/agreements/{made_of['id']}"

    def sign(self, path: str, who: str, **said: bool) -> Json:
        signed: Json = made(self.administrators[who].put(f"{path}/signature", {"signed": True, **said}))
        return signed

    def open(self, path: str, *items: str, days: int = 30) -> Any:
        """Open the record to the school by an agreement."""
        body = {"recipient": self.other.agency_id, "law": "coalition_agreement", "agreement": path.rsplit("/", 1)[1]}
        return self.shares.post(
            f"{self.record}/legal-bases", {**body, "items": list(items), "valid_until": self.until(days)}
        )

    def sees(self) -> list[str]:
        answer = self.other.get(self.record)
        return [] if answer.status_code == 404 else made(answer)["items"]


@pytest.fixture
def coalition(client: TestClient, database: Database, clock: MovableClock) -> Coalition:
    return Coalition(client, database, clock)


def stands(coalition: Coalition) -> str:
    """An agreement by which the record is open; its path."""
    path = coalition.agree("flags", "school")
    coalition.sign(path, coalition.owner, shares=True)
    coalition.sign(path, coalition.other.agency_id)
    made(coalition.open(path, "flags"))
    return path


def test_it_opens_a_record_once_its_owner_says_so_and_only_what_it_names(coalition: Coalition) -> None:
    path = coalition.agree("flags", "school")
    coalition.sign(path, coalition.owner, shares=True)
    coalition.sign(path, coalition.other.agency_id)
    assert coalition.sees() == [], "two signatures open nothing by themselves"
    basis = made(coalition.open(path, "flags"))
    assert (basis["law"], basis["reference"], basis["in_force"]) == ("coalition_agreement", "Safe harbor", True)
    assert coalition.sees() == ["flags"]
    shown = made(coalition.other.get(coalition.record))
    assert [(one["agency"], one["entries"]) for one in shown["not_shared"]] == [(shown["agency"], 1)]
    refused(coalition.open(path, "health"), 422, "invalid")
    refused(coalition.open(path, "flags", days=201), 422, "invalid")


@pytest.mark.parametrize("how", ["owner_back", "recipient_back", "owner_only_reads", "ended", "run_out", "one_record"])
def test_every_end_of_it_counts_at_the_next_look(coalition: Coalition, how: str) -> None:
    path = stands(coalition)
    assert coalition.sees() == ["flags"]
    owner, recipient = coalition.owner, coalition.other.agency_id
    if how == "ended":
        refused(coalition.administrators[owner].put(f"{path}/end", None), 403, "forbidden")
        assert made(coalition.lead.put(f"{path}/end", None))["in_force"] is False
    elif how == "run_out":
        coalition.clock.move(30 * DAY - timedelta(seconds=1))
        assert coalition.sees() == ["flags"]
        coalition.clock.move(timedelta(seconds=1))
    elif how == "owner_only_reads":
        coalition.sign(path, owner, shares=False)
    elif how == "one_record":
        (basis,) = rows(coalition.shares.get(f"{coalition.record}/legal-bases"))
        made(coalition.shares.post(f"{coalition.record}/legal-bases/{basis['id']}/end"))
    else:
        who = owner if how == "owner_back" else recipient
        made(coalition.administrators[who].put(f"{path}/signature", {"signed": False}))
    assert coalition.sees() == []
    assert [row["in_force"] for row in rows(coalition.shares.get(f"{coalition.record}/legal-bases"))] == [False]
    assert rows(coalition.other.get("/v1/minors")) == []


@pytest.mark.one_kind
def test_who_only_reads_opens_nothing_and_who_has_not_signed_is_no_recipient(coalition: Coalition) -> None:
    path = coalition.agree("flags")
    refused(coalition.open(path, "flags"), 422, "invalid")
    coalition.sign(path, coalition.owner, shares=False)
    found = refused(coalition.open(path, "flags"), 422, "invalid")
    assert found["errors"][0]["pointer"] == "/agreement"
    coalition.sign(path, coalition.owner, shares=True)
    found = refused(coalition.open(path, "flags"), 422, "invalid")
    assert found["errors"][0]["pointer"] == "/recipient"


@pytest.mark.one_kind
@pytest.mark.parametrize("item", sorted(set(Item) - OF_RECORD))
def test_it_never_names_anybody(coalition: Coalition, item: Item) -> None:
    body = {"name": "a", "approval": "b", "items": [item, "flags"], "valid_until": coalition.until(9)}
    assert refused(coalition.lead.post("/v1/agreements", body), 422, "invalid")["errors"][0]["pointer"] == "/items"


@pytest.mark.one_kind
def test_the_lead_alone_puts_one_on_record_once(coalition: Coalition) -> None:
    body = {"name": "a", "approval": "b", "items": ["flags"], "valid_until": coalition.until(9)}
    refused(coalition.administrators[coalition.owner].post("/v1/agreements", body), 403, "forbidden")
    refused(coalition.lead.post("/v1/agreements", {**body, "valid_until": coalition.until(0)}), 422, "invalid")
    first = made(coalition.lead.post("/v1/agreements", body, Idempotency_Key="k"))
    again = coalition.lead.post("/v1/agreements", body, Idempotency_Key="k")
    assert (made(again)["id"], again.headers["Idempotent-Replayed"]) == (first["id"], "true")
    assert [row["id"] for row in rows(coalition.lead.get("/v1/agreements"))] == [first["id"]]
    refused(coalition.lead.put("/v1/agreements/none/signature", {"signed": True}), 404, "not_found")
    made(coalition.lead.put(f"/v1/agreements/{first['id']}/end", None))
    refused(coalition.lead.put(f"/v1/agreements/{first['id']}/signature", {"signed": True}), 409, "not_now")


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"agreement": None}, "/agreement"), ({"law": "court_order"}, "/agreement"),
     ({"law": "court_order", "agreement": None}, "/reference")],
)  # fmt: skip
def test_a_law_is_no_agreement_and_an_agreement_no_law(coalition: Coalition, changes: Json, pointer: str) -> None:
    body = {"recipient": coalition.other.agency_id, "law": "coalition_agreement", "agreement": "agr_1"}
    sent = {**body, "items": ["flags"], "valid_until": coalition.until(9), **changes}
    found = refused(coalition.shares.post(f"{coalition.record}/legal-bases", sent), 422, "invalid")
    assert found["errors"][0]["pointer"] == pointer


@pytest.mark.one_kind
def test_a_record_is_linked_by_it_and_the_grid_says_so(coalition: Coalition, client: TestClient) -> None:
    stands(coalition)
    flag = {"level": "at_risk", "basis": "disclosure", "indicators": []}
    own = f"/v1/minors/{made(coalition.other.post('/v1/minors', {'flag': flag}))['id']}"
    made(coalition.other.post(f"{own}/links", {"other": coalition.record.rsplit("/", 1)[1], "verdict": "same"}))
    assert len(made(coalition.other.get(own))["flags"]) == 2


@pytest.mark.one_kind
def test_the_pages_put_it_on_record_sign_it_and_take_it_back(
    client: TestClient, database: Database, clock: MovableClock
) -> None:
    coalition = Coalition(client, database, clock)
    school = coalition.other.agency_id
    path = coalition.agree("flags")
    coalition.sign(path, school)
    coalition.administrators[coalition.owner].put(f"{path}/signature", {"signed": True, "shares": True})
    browser = Browser(client, database, Role.ADMINISTRATOR)
    listed = browser.get("/agreements")
    assert "Another agreement" not in words(listed), "the lead alone puts one on record"
    assert "Safe harbor Holds until" in words(listed)
    at = path.removeprefix("/v1")
    assert "which only reads" in words(browser.send(at, press="reads"))
    assert browser.send("/agreements", name="x", approval="y", item=["flags"], days="90").status_code == 403
    assert re.search(r"Take our signature back", words(browser.get("/agreements")))
    assert "Take our signature back" not in words(browser.send(at, press="back"))
