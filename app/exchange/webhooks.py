"""The channel of webhooks: which receivers an event goes to, and what is posted to them. Ids and codes only."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import machine_time
from app.db import Database
from app.exchange.models import Purpose, WebhookEndpoint
from app.exchange.signing import headers
from app.notices.sentences import SENTENCES
from app.outbox.channels import Parcel, Undelivered
from app.outbox.models import OutboxEvent
from app.outbox.posting import post
from app.sealing.keyring import Keyring, keyring_of

TEST = "webhook.test"
# What stands on a lock screen for everyone to read.
MESSAGE = "You have a task in Bednight."


class Webhooks:
    """Posts events to the receivers of the agency that is told."""

    name = "webhooks"

    def __init__(self, hosts: Sequence[str]) -> None:
        self.hosts = hosts

    def hand_on(self, session: Session, event: OutboxEvent) -> Iterable[str]:
        """The receivers that want this kind; a test goes to the one that is tested."""
        receivers = session.scalars(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.agency_id == event.agency_id, WebhookEndpoint.disabled_at.is_(None))
            .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
        )
        return [receiver.id for receiver in receivers if _wants(receiver, event)]

    def send(self, database: Database, parcel: Parcel) -> None:
        """Post one event; any answer of 200 to 299 means that it was taken."""
        with database.reading() as session:
            receiver = session.get(WebhookEndpoint, parcel.target)
            if receiver is None or receiver.disabled_at is not None:
                raise Undelivered("disabled", final=True)
            signing = _in_force(keyring_of(session), receiver, database.clock.now())
        body = json.dumps(thin_body(receiver.purpose, parcel.event), separators=(",", ":")).encode()
        sent_at = int(machine_time().timestamp())
        signed = headers(signing, parcel.event.id, sent_at, body)
        about = {"Content-Type": "application/json", "User-Agent": "Bednight"}
        status = post(receiver.url, body, about | signed, self.hosts)
        if not 200 <= status <= 299:
            raise Undelivered(f"status_{status}")


def thin_body(purpose: Purpose, event: OutboxEvent) -> dict[str, Any]:
    """What leaves the house: the receiver reads the rest with its own rights. A gateway learns that there is a task."""
    if purpose is Purpose.MESSAGES and event.kind != TEST:
        data: dict[str, Any] = {"facility_id": event.facility_id, "text": MESSAGE}
        return {"type": "message.task", "timestamp": event.due_at.isoformat(), "data": data}
    data = {
        "kind": event.subject_kind,
        "id": event.subject_id,
        "facility_id": event.facility_id,
        "version": event.version,
    }
    return {"type": event.kind, "timestamp": event.due_at.isoformat(), "data": data}


def _wants(receiver: WebhookEndpoint, event: OutboxEvent) -> bool:
    if event.kind == TEST:
        return receiver.id == event.subject_id
    if receiver.purpose is Purpose.MESSAGES and not (event.kind in SENTENCES and SENTENCES[event.kind].task):
        return False
    return receiver.kinds is None or event.kind in receiver.kinds


def _in_force(keyring: Keyring, receiver: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign: the new one, and while it is being replaced the former."""
    previous = receiver.previous(keyring)
    if previous is None or receiver.previous_until is None or receiver.previous_until <= now:
        return [receiver.secret(keyring)]
    return [receiver.secret(keyring), previous]
