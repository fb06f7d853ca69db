"""Webhooks: an agency's own receivers, signed, thin, shown with what became of each message."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import Role
from app.audit.models import AuditEvent
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.exchange.service import MOST
from app.notices.sentences import SENTENCES
from app.outbox import emit
from app.worker import Worker
from tests.actors import key_headers
from tests.conftest import EVENING
from tests.factories import Caller, made, refused, rows
from tests.receiver import Receiver, documented_verify, receiving

HOSTS = ("127.0.0.1", "hooks.example.org")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """This computer may be sent to."""
    return replace(settings, webhook_hosts=HOSTS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A program that is told."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def admin(client: TestClient, database: Database) -> Caller:
    """An administrator's key."""
    return Caller(client, database, Role.ADMINISTRATOR)


@pytest.fixture
def worker(app: FastAPI) -> Worker:
    """The application's own worker, one round at a time."""
    found: Worker = app.state.worker
    return found


def tell(database: Database, agency_id: str, kind: str = "offer.made", subject: str = "offer_1") -> None:
    with database.writing() as session:
        emit(
            session, kind, agency_id=agency_id, subject_kind="offer", subject_id=subject, facility_id="fac_1", version=3
        )


def bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(got.body) for got in receiver.got]


def test_from_a_receiver_to_a_message_that_verifies(
    admin: Caller, database: Database, worker: Worker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.exchange.webhooks.machine_time", lambda: EVENING)
    hook = made(admin.post("/v1/webhooks", {"url": receiver.url, "kinds": ["offer.made"]}))
    tell(database, admin.agency_id)
    tell(database, admin.agency_id, "offer.declined")
    tell(database, "agency_other")
    worker.round()
    (got,) = receiver.got
    assert json.loads(got.body) == {
        "type": "offer.made",
        "timestamp": "2026-11-22T03:14:00+00:00",
        "data": {"kind": "offer", "id": "offer_1", "facility_id": "fac_1", "version": 3},
    }
    assert got.headers["content-type"] == "application/json"
    verify = documented_verify()
    monkeypatch.setattr("time.time", lambda: EVENING.timestamp() + 299)
    assert verify(hook["secret"], got.headers, got.body)
    assert not verify(hook["secret"], got.headers, got.body + b" ")
    assert not verify(hook["secret"], {**got.headers, "webhook-id": "evt_other"}, got.body)
    assert not verify("whsec_" + "QUJD" * 10, got.headers, got.body)
    monkeypatch.setattr("time.time", lambda: EVENING.timestamp() + 301)
    assert not verify(hook["secret"], got.headers, got.body)


def test_the_secret_is_shown_once(admin: Caller) -> None:
    url = "https://hooks.example.org/x"
    new = admin.post("/v1/webhooks", {"url": url}, Idempotency_Key="k1")
    again = admin.post("/v1/webhooks", {"url": url}, Idempotency_Key="k1")
    hook = made(new)
    assert (new.headers["location"], hook["kinds"], hook["enabled"]) == (f"/v1/webhooks/{hook['id']}", None, True)
    # A lost answer to the very same request can be fetched again by its sender, and by nobody else.
    assert (made(again), again.headers["idempotent-replayed"]) == (hook, "true")
    for answer in (admin.get("/v1/webhooks"), admin.get(f"/v1/webhooks/{hook['id']}")):
        assert answer.is_success
        assert hook["secret"] not in answer.text
        assert "secret" not in answer.text
    assert [row["id"] for row in rows(admin.get("/v1/webhooks"))] == [hook["id"]]


def test_while_it_is_replaced_both_secrets_sign(
    admin: Caller,
    database: Database,
    worker: Worker,
    receiver: Receiver,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.exchange.webhooks.machine_time", lambda: EVENING)
    monkeypatch.setattr("time.time", lambda: EVENING.timestamp())
    old = made(admin.post("/v1/webhooks", {"url": receiver.url}))
    new = made(admin.post(f"/v1/webhooks/{old['id']}/rotation", Idempotency_Key="turn"))
    assert new["secret"] != old["secret"]
    assert made(admin.post(f"/v1/webhooks/{old['id']}/rotation", Idempotency_Key="turn")) == new
    refused(admin.post(f"/v1/webhooks/{old['id']}/rotation"), 409, "conflict")
    for wait in (timedelta(0), timedelta(hours=24)):
        clock.move(wait)
        tell(database, admin.agency_id)
        worker.round()
    verify, verdicts = documented_verify(), []
    for got in receiver.got:
        verdicts.append([verify(hook["secret"], got.headers, got.body) for hook in (old, new)])
    assert verdicts == [[True, True], [False, True]]


def test_an_agency_sees_and_changes_its_own_alone(
    admin: Caller, client: TestClient, database: Database, worker: Worker, receiver: Receiver
) -> None:
    hook = made(admin.post("/v1/webhooks", {"url": receiver.url}))
    tell(database, admin.agency_id)
    worker.round()
    path = f"/v1/webhooks/{hook['id']}"
    (delivery,) = rows(admin.get(f"{path}/deliveries"))
    other = Caller(client, database, Role.ADMINISTRATOR)
    theirs = made(other.post("/v1/webhooks", {"url": receiver.url}))
    for answer in (
        other.get(path),
        other.patch(path, {"enabled": False, "version": 1}),
        other.post(f"{path}/rotation"),
        other.post(f"{path}/test"),
        other.get(f"{path}/deliveries"),
        other.post(f"{path}/deliveries/{delivery['id']}/replay"),
        # A delivery is reached through its own receiver alone.
        other.post(f"/v1/webhooks/{theirs['id']}/deliveries/{delivery['id']}/replay"),
    ):
        refused(answer, 404, "not_found")
    assert [row["id"] for row in rows(other.get("/v1/webhooks"))] == [theirs["id"]]
    worker.round()
    assert len(receiver.got) == 1


@pytest.mark.one_kind
@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"url": "https://evil.example/x"}, "/url", "host_not_listed"),
        ({"url": "https://10.1.2.3/x"}, "/url", "host_not_listed"),
        ({"url": "http://hooks.example.org/x"}, "/url", "not_encrypted"),
        ({"url": "https://a:b@hooks.example.org/"}, "/url", "malformed"),
        ({"url": "javascript:alert(1)"}, "/url", "string_pattern_mismatch"),
        ({"url": "https://hooks.example.org/ x"}, "/url", "string_pattern_mismatch"),
        ({"url": "https://hooks.example.org/" + "x" * 2000}, "/url", "string_too_long"),
        ({}, "/url", "missing"),
        ({"url": "https://hooks.example.org/x", "kinds": []}, "/kinds", "too_short"),
        ({"url": "https://hooks.example.org/x", "kinds": ["Jane Doe"]}, "/kinds/0", "string_pattern_mismatch"),
        ({"url": "https://hooks.example.org/x", "purpose": "spam"}, "/purpose", "enum"),
    ],
)
def test_what_cannot_be_a_receiver_is_refused(admin: Caller, body: Any, pointer: str, code: str) -> None:
    problem = refused(admin.post("/v1/webhooks", body), 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    for said in ("evil", "Jane", "spam", "a:b"):
        assert said not in json.dumps(problem)


def test_a_receiver_is_changed_by_who_read_it(
    admin: Caller, database: Database, worker: Worker, receiver: Receiver
) -> None:
    hook = made(admin.post("/v1/webhooks", {"url": "https://hooks.example.org/x", "kinds": ["offer.made"]}))
    path = f"/v1/webhooks/{hook['id']}"
    refused(admin.patch(path, {"enabled": False}), 428, "version_required")
    refused(admin.patch(path, {"url": "https://evil.example/x", "version": 1}), 422, "invalid")
    tag = admin.get(path).headers["etag"]
    moved = made(admin.patch(path, {"url": receiver.url, "kinds": None}, If_Match=tag))
    assert (moved["url"], moved["kinds"], moved["enabled"], moved["version"]) == (receiver.url, None, True, 2)
    refused(admin.patch(path, {"enabled": False}, If_Match=tag), 412, "precondition_failed")
    off = made(admin.patch(path, {"enabled": False, "version": 2}))
    assert (off["enabled"], off["url"], off["kinds"]) == (False, receiver.url, None)
    refused(admin.post(f"{path}/test"), 409, "conflict")
    tell(database, admin.agency_id)
    worker.round()
    on = made(admin.patch(path, {"enabled": True, "version": 3}))
    assert on["enabled"] is True
    tell(database, admin.agency_id, subject="offer_2")
    worker.round()
    assert [body["data"]["id"] for body in bodies(receiver)] == ["offer_2"]


def test_what_was_on_its_way_when_a_receiver_was_switched_off_is_given_up(
    admin: Caller, database: Database, worker: Worker, receiver: Receiver, clock: MovableClock
) -> None:
    hook = made(admin.post("/v1/webhooks", {"url": receiver.url}))
    receiver.statuses.append(503)
    tell(database, admin.agency_id)
    worker.round()
    made(admin.patch(f"/v1/webhooks/{hook['id']}", {"enabled": False, "version": 1}))
    clock.move(timedelta(minutes=1))
    worker.round()
    (row,) = rows(admin.get(f"/v1/webhooks/{hook['id']}/deliveries"))
    assert (row["last_failure"], row["delivered_at"], len(receiver.got)) == ("disabled", None, 1)
    assert row["given_up_at"] is not None


def test_a_test_goes_to_one_receiver_and_is_in_nobodys_notices(
    admin: Caller, worker: Worker, receiver: Receiver
) -> None:
    hooks = [made(admin.post("/v1/webhooks", {"url": receiver.url + f"&n={n}", "kinds": ["offer.made"]})) for n in "ab"]
    for _ in range(2):
        answer = admin.post(f"/v1/webhooks/{hooks[1]['id']}/test", Idempotency_Key="once")
    assert answer.headers["idempotent-replayed"] == "true"
    assert (answer.status_code, answer.json()) == (202, {"webhook_id": hooks[1]["id"]})
    worker.round()
    (got,) = receiver.got
    assert (got.path, json.loads(got.body)["type"]) == ("/hook?from=bednight&n=b", "webhook.test")
    assert "webhook.test" not in SENTENCES


def test_deliveries_are_listed_with_what_became_of_them_and_replayed(
    admin: Caller, database: Database, worker: Worker, receiver: Receiver, clock: MovableClock
) -> None:
    hook = made(admin.post("/v1/webhooks", {"url": receiver.url}))
    path = f"/v1/webhooks/{hook['id']}/deliveries"
    for n, status in enumerate((204, 500, 302)):
        clock.move(timedelta(seconds=1))
        receiver.statuses.append(status)
        tell(database, admin.agency_id, subject=f"offer_{n}")
        worker.round()
    listed = rows(admin.get(path))
    assert [(row["type"], row["attempts"], row["last_failure"]) for row in listed] == [
        ("offer.made", 1, "status_302"),
        ("offer.made", 1, "status_500"),
        ("offer.made", 1, None),
    ]
    assert [row["event_id"] for row in reversed(listed)] == receiver.ids
    assert [(row["next_try_at"] is None, row["delivered_at"] is None) for row in listed] == [
        (False, True),
        (False, True),
        (True, False),
    ]
    first = made(admin.get(f"{path}?limit=2"))
    second = made(admin.get(f"{path}?limit=2&cursor={first['next_cursor']}"))
    assert [row["id"] for row in first["data"] + second["data"]] == [row["id"] for row in listed]
    again = admin.post(f"{path}/{listed[2]['id']}/replay", Idempotency_Key="again")
    assert (again.status_code, again.json()["delivered_at"], again.json()["attempts"]) == (202, None, 0)
    worker.round()
    sent = len(receiver.ids)
    assert made(admin.post(f"{path}/{listed[2]['id']}/replay", Idempotency_Key="again"))["delivered_at"] is not None
    worker.round()
    assert len(receiver.ids) == sent
    assert receiver.ids[-1] == receiver.ids[0]
    assert rows(admin.get(path))[2]["delivered_at"] is not None


def test_a_gateway_for_messages_learns_that_there_is_a_task_and_nothing_else(
    admin: Caller, database: Database, worker: Worker, receiver: Receiver
) -> None:
    made(admin.post("/v1/webhooks", {"url": receiver.url, "purpose": "messages"}))
    for kind in (*SENTENCES, "bed.changed"):
        tell(database, admin.agency_id, kind)
    worker.round()
    tasks = [kind for kind, sentence in SENTENCES.items() if sentence.task]
    assert len(bodies(receiver)) == len(tasks) > 0
    for body in bodies(receiver):
        assert (body["type"], body["data"]) == (
            "message.task",
            {"facility_id": "fac_1", "text": "You have a task in Bednight."},
        )
        assert "offer" not in json.dumps(body)


@pytest.mark.one_kind
def test_an_agency_has_so_many_and_no_more(admin: Caller) -> None:
    for n in range(MOST):
        made(admin.post("/v1/webhooks", {"url": f"https://hooks.example.org/{n}"}))
    refused(admin.post("/v1/webhooks", {"url": "https://hooks.example.org/more"}), 409, "conflict")


@pytest.mark.one_kind
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_an_administrator_names_receivers(client: TestClient, database: Database, role: Role) -> None:
    answer = client.get("/v1/webhooks", headers=key_headers(database, role))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_every_act_is_on_the_trail(admin: Caller, database: Database, worker: Worker, receiver: Receiver) -> None:
    hook = made(admin.post("/v1/webhooks", {"url": receiver.url}))
    path = f"/v1/webhooks/{hook['id']}"
    admin.post(f"{path}/test")
    worker.round()
    admin.post(f"{path}/deliveries/{rows(admin.get(f'{path}/deliveries'))[0]['id']}/replay")
    admin.post(f"{path}/rotation")
    admin.patch(path, {"enabled": False, "version": 2})
    with database.reading() as session:
        acts = [row.action for row in session.scalars(select(AuditEvent).order_by(AuditEvent.seq))]
        assert hook["secret"] not in str([vars(row) for row in session.scalars(select(AuditEvent))])
    assert [act for act in acts if act.startswith("webhook.")] == [
        "webhook.create",
        "webhook.test",
        "webhook.replay",
        "webhook.rotate",
        "webhook.change",
    ]
