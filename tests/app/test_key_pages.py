"""The page of keys: made with what they may do and until when, shown once, listed, and ended at once."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access import keys
from app.access.models import ApiKey
from app.access.policy import CLOSED_TO_KEYS, POLICY, AgencyKind, Permission, Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.db import Database
from app.entry.key_pages import FOR_PROGRAMS
from app.web.words_keys import MAY
from tests.actors import key_headers
from tests.app.test_people import Keeper
from tests.entering import said
from tests.factories import new_agency

pytestmark = pytest.mark.one_kind

SHOWN = re.compile(r"<code>(bn_test_[0-9a-f]{40})</code>")


@pytest.fixture
def keeper(app: FastAPI, database: Database) -> Keeper:
    return Keeper(app, database, new_agency(database, AgencyKind.SHELTER))


def test_a_key_is_made_shown_once_used_and_ended(
    app: FastAPI, keeper: Keeper, database: Database, clock: MovableClock
) -> None:
    form = keeper.client.get("/keys?role=partner").text
    assert set(re.findall(r'name="may" value="(\w+)"', form)) == {
        one.value for one in POLICY[Role.PARTNER] - CLOSED_TO_KEYS
    }
    made = keeper.send("/keys", name="Case system", role="partner", days="30", may="referral_read")
    (secret,) = SHOWN.findall(made.text)
    assert "Read referrals" in made.text
    assert "<dd>never</dd>" in made.text
    listed = keeper.client.get("/keys").text
    assert secret not in listed
    assert secret[:12] in listed
    program = TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/v1/referrals").status_code == 200
    assert program.post("/v1/referrals", json={}).status_code == 403, "no more than what was ticked"
    assert "<dd>never</dd>" not in keeper.client.get("/keys").text
    with database.reading() as session:
        key = session.scalars(select(ApiKey)).one()
    assert (key.agency_id, key.permissions, key.expires_at) == (
        keeper.person.agency_id, ["referral_read"], clock.now() + timedelta(days=30),
    )  # fmt: skip
    ended = keeper.send(f"/keys/{key.id}")
    assert '<span class="tag bad">ended</span>' in ended.text
    assert program.get("/v1/referrals").status_code == 401
    with database.reading() as session:
        mine = select(AuditEvent.action).where(AuditEvent.actor_id == keeper.person.id).order_by(AuditEvent.seq)
        acts = [act for act in session.scalars(mine) if act.startswith("key.")]
    assert acts == ["key.issue", "key.revoke"]


def test_what_will_not_do_is_said_and_a_second_tap_shows_no_key(keeper: Keeper, database: Database) -> None:
    right = {"name": "x", "role": "partner", "days": "90", "may": "referral_read", "once": "form_again"}
    for other, words in (
        ({"days": "91"}, "between 1 and 90 days"),
        ({"days": "0"}, "between 1 and 90 days"),
        ({"days": "²"}, "between 1 and 90 days"),
        ({"may": "identity_read"}, "no more than its role"),
        ({"may": "people_write"}, "no more than its role"),
        ({"may": "nonsense"}, "Tick what"),
        ({"name": ""}, "Expected a name"),
        ({"role": "security_administrator"}, "Choose a role"),
        ({"role": "administrator"}, "Choose a role"),
    ):
        answer = keeper.send("/keys", **{**right, **other, "once": f"form_{len(words)}{other}"[:40].replace(" ", "")})
        assert (answer.status_code, words in said(answer)) == (422, True), other
    with database.reading() as session:
        assert not session.scalars(select(ApiKey)).all()
    assert SHOWN.search(keeper.send("/keys", **right).text)
    assert not SHOWN.search(keeper.send("/keys", **right).text)
    with database.reading() as session:
        assert len(session.scalars(select(ApiKey)).all()) == 1


def test_it_takes_a_fresh_proof_and_reaches_the_own_agency_alone(
    app: FastAPI, keeper: Keeper, database: Database, clock: MovableClock
) -> None:
    key_headers(database, Role.PARTNER)
    with database.reading() as session:
        others = session.scalars(select(ApiKey.id)).one()
    assert others not in keeper.client.get("/keys").text
    assert keeper.send(f"/keys/{others}").status_code == 404
    with database.reading() as session:
        assert session.scalars(select(ApiKey.revoked_at)).all() == [None]
    clock.move(timedelta(minutes=6))
    assert keeper.client.get("/keys").status_code == 200
    assert keeper.send("/keys", name="x", role="partner", days="9", may="referral_read").status_code == 403


def test_every_permission_of_a_key_has_words() -> None:
    assert set(MAY) == set(Permission) - CLOSED_TO_KEYS
    assert timedelta(days=90) == keys.LONGEST
    assert {Role.ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR}.isdisjoint(FOR_PROGRAMS)
