"""Searching for a young person: two exact facts, one of the own agency at most, counted, and on record."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.access.policy import Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.minors.identity import index_anew
from app.minors.identity_index import IdentityIndex, plain, under_others
from app.minors.searching import PersonSearch
from app.outbox.models import OutboxEvent
from app.sealing.keyring import Keyring, blind
from app.sealing_cli import index_all
from tests.app.test_cli import done
from tests.app.test_identity import JANE
from tests.factories import EIGHT_ANSWERS, Caller, SignedIn, made, new_agency, refused, rows

pytestmark = pytest.mark.one_kind

Json = dict[str, Any]
PATH = "/v1/person-searches"
BOTH = {"given_names": "Canary Jane", "family_name": "Doe-Canary"}


def entered(caller: SignedIn, identity: Json) -> str:
    referral = str(made(caller.post("/v1/referrals", EIGHT_ANSWERS))["id"])
    made(caller.put(f"/v1/referrals/{referral}/identity", identity))
    return referral


@pytest.fixture
def owner(client: TestClient, database: Database) -> SignedIn:
    return SignedIn(client, database, Role.PARTNER)


def found(caller: SignedIn, **sought: str) -> str | None:
    answer: str | None = made(caller.post(PATH, sought))["referral_id"]
    return answer


@pytest.mark.parametrize(
    ("sought", "finds"),
    [
        (BOTH, True),
        ({"given_names": "canary  JANE", "family_name": "Doé Canary"}, True),
        ({"family_name": "Doe-Canary", "also_called": "jay"}, True),
        ({"family_name": "Doe-Canary", "also_called": "Canary Kim"}, True),
        ({"family_name": "Doe-Canary", "born_on": "2011-03-02"}, True),
        ({"family_name": "Doe-Canary", "born_on": "2011-03-03"}, False),
        ({"family_name": "Doe", "born_on": "2011-03-02"}, False),
        ({"family_name": "Canary Jane", "given_names": "Doe-Canary"}, False),
        ({**BOTH, "also_called": "Someone"}, False),
    ],
)
def test_what_is_exact_finds(owner: SignedIn, sought: Json, finds: bool) -> None:
    referral = entered(owner, JANE)
    assert found(owner, **sought) == (referral if finds else None)


@pytest.mark.parametrize("sought", [{}, {"family_name": "Doe"}, {"born_on": "2011-03-02"}, {"family_name": None}])
def test_one_fact_is_too_few(owner: SignedIn, sought: Json) -> None:
    refused(owner.post(PATH, sought), 422, "invalid")


def test_nobody_many_and_another_agency_s_are_one_answer(owner: SignedIn, app: FastAPI, database: Database) -> None:
    entered(owner, JANE)
    entered(owner, {**JANE, "called": "K"})
    elsewhere = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
    other = SignedIn(elsewhere, database, Role.PARTNER, new_agency(database))
    answers = [owner.post(PATH, BOTH), owner.post(PATH, {**BOTH, "family_name": "Roe"}), other.post(PATH, BOTH)]
    assert [answer.content for answer in answers] == [b'{"referral_id":null}'] * 3
    assert found(owner, **BOTH, also_called="K") is not None


def test_a_number_that_two_names_share_finds_neither_for_the_other(owner: SignedIn, database: Database) -> None:
    entered(owner, JANE)
    with database.writing() as session:
        blind = session.scalars(select(IdentityIndex.blind).where(IdentityIndex.field == "family_name")).one()
        other = entered_number(session, owner.agency_id)
        session.execute(update(IdentityIndex).where(IdentityIndex.blind == blind).values(blind=other))
    assert found(owner, given_names="Canary Jane", family_name="Roe") is None


def entered_number(session: Any, agency_id: str) -> int:
    number: int = blind(session.info["keyring"].index_keys()[0], "family_name", agency_id, plain("Roe"))
    return number


def test_everybody_is_found_while_another_key_takes_the_place_of_the_index_s(
    owner: SignedIn, database: Database, settings: Settings
) -> None:
    names = ("Canary Jane", "Canary Ann", "Canary Eve")
    referrals = {name: entered(owner, {**JANE, "given_names": name}) for name in names}
    ring = database.keyring
    assert isinstance(ring, Keyring)

    def all_are_found() -> None:
        assert {name: found(owner, given_names=name, born_on="2011-03-02") for name in referrals} == referrals

    def numbers() -> dict[int, str | None]:
        with database.reading() as session:
            return {row.blind: row.key_id for row in session.scalars(select(IdentityIndex))}

    before, new = numbers(), ring.next_index()
    all_are_found()
    referrals["Canary Zoe"] = entered(owner, {**JANE, "given_names": "Canary Zoe"})
    assert set(numbers().values()) > {new.id}, "who is entered meanwhile stands under the new key"
    all_are_found()
    with database.writing() as session:
        some = under_others(session, new.id, 1)
        index_anew(session, some[0])
    all_are_found()
    url, keys = database.engine.url.render_as_string(), str(settings.keys)
    said = done("sealing", "rotate-index", url=url, BEDNIGHT_KEYS=keys)
    assert said.startswith(f"Names of 2 young people under {new.id} in "), "what was begun goes on where it was"
    all_are_found()
    assert set(numbers().values()) == {new.id}
    assert not set(numbers()) & set(before)
    assert index_all(database, new.id) == 0


def test_another_name_takes_the_place_of_the_one_before(owner: SignedIn) -> None:
    referral = entered(owner, JANE)
    made(owner.put(f"/v1/referrals/{referral}/identity", {**JANE, "family_name": "Roe", "version": 1}))
    assert found(owner, **BOTH) is None
    assert found(owner, **{**BOTH, "family_name": "Roe"}) == referral


def test_the_twenty_first_within_an_hour_is_refused(owner: SignedIn, clock: MovableClock, database: Database) -> None:
    referral = entered(owner, JANE)
    for _ in range(20):
        assert found(owner, **BOTH) == referral
    assert 3590 < int(owner.post(PATH, BOTH).headers["Retry-After"]) <= 3601
    refused(owner.post(PATH, BOTH), 429, "too_many")
    clock.move(timedelta(minutes=14))
    refused(owner.post(PATH, BOTH), 429, "too_many")
    with database.writing() as session:
        session.execute(update(PersonSearch).values(at=clock.now() - timedelta(hours=1)))
    assert found(owner, **BOTH) == referral


def test_the_tenth_that_finds_nobody_is_told_to_supervisors(owner: SignedIn, database: Database) -> None:
    def told() -> int:
        with database.reading() as session:
            kind = OutboxEvent.kind == "person.search_misses"
            return len(session.scalars(select(OutboxEvent).where(kind)).all())

    for _ in range(9):
        assert found(owner, **BOTH) is None
    assert told() == 0
    assert found(owner, **BOTH) is None
    assert (told(), found(owner, **BOTH), told()) == (1, None, 1)


def test_each_search_is_on_record_and_whom_it_found(owner: SignedIn, database: Database) -> None:
    referral = entered(owner, JANE)
    found(owner, **BOTH)
    found(owner, **{**BOTH, "family_name": "Roe"})
    with database.reading() as session:
        acts = session.scalars(select(AuditEvent).where(AuditEvent.action == "person.search")).all()
        assert [act.reason for act in acts] == ["found", "not_found"]
    assert "identity.search" in [row["action"] for row in rows(owner.get(f"/v1/referrals/{referral}/looks?limit=100"))]


def test_a_program_searches_for_nobody(owner: SignedIn, client: TestClient, database: Database) -> None:
    program = Caller(client, database, Role.PARTNER, owner.agency_id)
    client.cookies.clear()
    refused(program.post(PATH, BOTH), 403, "forbidden")
