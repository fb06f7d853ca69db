"""The receivers of the actor's own agency, and what was sent to them."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.db import new_id
from app.errors import FieldError, conflict, invalid
from app.exchange.models import WebhookEndpoint
from app.exchange.schemas import DeliveryRead, WebhookChange, WebhookCreate, WebhookRead, WebhookSecret
from app.exchange.signing import new_secret
from app.exchange.webhooks import TEST
from app.outbox import emit
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.outbox.posting import REFUSALS, Refused, check_url
from app.paging import Place, page
from app.sealing.keyring import keyring_of
from app.versions import must_be_current

ROTATION_LASTS = timedelta(hours=24)
MOST = 20


def create_webhook(
    session: Session, actor: Actor, new: WebhookCreate, now: datetime, hosts: tuple[str, ...]
) -> WebhookSecret:
    """Enter a receiver. Its secret is in the answer and nowhere else."""
    _must_be_allowed(new.url, hosts)
    others = session.scalars(select(WebhookEndpoint.id).where(WebhookEndpoint.agency_id == actor.agency_id)).all()
    if len(others) >= MOST:
        raise conflict("conflict", f"An agency has {MOST} receivers at most. Change one that is there.")
    row = WebhookEndpoint(
        id=new_id("hook"),
        agency_id=actor.agency_id,
        url=new.url,
        purpose=new.purpose,
        kinds=new.kinds,
        created_at=now,
        created_by=actor.id,
    )
    row.set_secret(keyring_of(session), new_secret())
    session.add(row)
    session.flush()
    record(session, actor, "webhook.create", "webhook", row.id)
    return with_secret(session, row, now)


def find(session: Session, actor: Actor, webhook_id: str, action: str = "webhook.read") -> WebhookEndpoint:
    """A receiver of the actor's agency, or the same 404 as for one that is not there."""
    row = session.get(WebhookEndpoint, webhook_id)
    if row is None or row.agency_id != actor.agency_id:
        raise hidden(actor, action, "webhook", webhook_id)
    return row


def list_webhooks(session: Session, actor: Actor, now: datetime) -> list[WebhookRead]:
    """Every receiver of the agency, the oldest first."""
    own = select(WebhookEndpoint).where(WebhookEndpoint.agency_id == actor.agency_id)
    return [shown(row, now) for row in session.scalars(own.order_by(WebhookEndpoint.created_at, WebhookEndpoint.id))]


def change_webhook(
    session: Session,
    actor: Actor,
    webhook_id: str,
    change: WebhookChange,
    if_match: str | None,
    now: datetime,
    hosts: tuple[str, ...],
) -> WebhookRead:
    """Send elsewhere, send other kinds, or stop sending; what is absent stays."""
    row = find(session, actor, webhook_id, "webhook.change")
    must_be_current(shown(row, now), change.version, if_match)
    if change.url is not None:
        _must_be_allowed(change.url, hosts)
        row.url = change.url
    if "kinds" in change.model_fields_set:
        row.kinds = change.kinds
    if change.enabled is not None:
        row.disabled_at = None if change.enabled else (row.disabled_at or now)
    session.flush()
    record(session, actor, "webhook.change", "webhook", row.id)
    return shown(row, now)


def rotate(session: Session, actor: Actor, webhook_id: str, now: datetime) -> WebhookSecret:
    """A new secret; the former one signs too for a day, so that the receiver can change over in its own time."""
    row = find(session, actor, webhook_id, "webhook.rotate")
    if row.previous_until is not None and row.previous_until > now:
        raise conflict("conflict", "The former secret still signs. Rotate again once it has ended.")
    row.set_secret(keyring_of(session), new_secret())
    row.previous_until = now + ROTATION_LASTS
    session.flush()
    record(session, actor, "webhook.rotate", "webhook", row.id)
    return with_secret(session, row, now)


def test(session: Session, actor: Actor, webhook_id: str) -> None:
    """Send an event that means nothing to this receiver alone."""
    row = find(session, actor, webhook_id, "webhook.test")
    if row.disabled_at is not None:
        raise conflict("conflict", "This receiver is switched off. Switch it on first.")
    emit(session, TEST, agency_id=row.agency_id, subject_kind="webhook", subject_id=row.id, version=row.version)
    record(session, actor, "webhook.test", "webhook", row.id)


def list_deliveries(
    session: Session, actor: Actor, webhook_id: str, place: Place
) -> tuple[list[DeliveryRead], str | None]:
    """What was sent to a receiver or is to be, the newest first."""
    row = find(session, actor, webhook_id, "webhook.deliveries")
    query = select(OutboxDelivery).where(OutboxDelivery.target == row.id)
    rows, cursor = page(session, query, [OutboxDelivery.created_at, OutboxDelivery.id], place, newest_first=True)
    events = session.scalars(select(OutboxEvent).where(OutboxEvent.seq.in_([delivery.event_seq for delivery in rows])))
    by_seq = {event.seq: event for event in events}
    return [_delivery(delivery, by_seq[delivery.event_seq]) for delivery in rows], cursor


def replay(session: Session, actor: Actor, webhook_id: str, delivery_id: str, now: datetime) -> DeliveryRead:
    """Send it again from the beginning, under the same id."""
    row = find(session, actor, webhook_id, "webhook.replay")
    delivery = _own_delivery(session, actor, row, delivery_id)
    if row.disabled_at is not None:
        raise conflict("conflict", "This receiver is switched off. Switch it on first.")
    delivery.delivered_at = delivery.dead_at = delivery.last_failure = None
    delivery.attempts, delivery.next_try_at = 0, now
    record(session, actor, "webhook.replay", "delivery", delivery.id)
    return _delivery(delivery, session.get_one(OutboxEvent, delivery.event_seq))


def read_delivery(session: Session, actor: Actor, webhook_id: str, delivery_id: str) -> DeliveryRead:
    """One sending, as it stands."""
    delivery = _own_delivery(session, actor, find(session, actor, webhook_id, "webhook.replay"), delivery_id)
    return _delivery(delivery, session.get_one(OutboxEvent, delivery.event_seq))


def _own_delivery(session: Session, actor: Actor, row: WebhookEndpoint, delivery_id: str) -> OutboxDelivery:
    delivery = session.get(OutboxDelivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.target != row.id:
        raise hidden(actor, "webhook.replay", "delivery", delivery_id)
    return delivery


def shown(row: WebhookEndpoint, now: datetime) -> WebhookRead:
    """A receiver without its secret."""
    rotating = row.previous_until is not None and row.previous_until > now
    return WebhookRead(
        id=row.id,
        version=row.version,
        url=row.url,
        purpose=row.purpose,
        kinds=row.kinds,
        enabled=row.disabled_at is None,
        rotating_until=row.previous_until if rotating else None,
        created_at=row.created_at,
    )


def with_secret(session: Session, row: WebhookEndpoint, now: datetime) -> WebhookSecret:
    """A receiver with its secret, for the one answer that shows it."""
    return WebhookSecret(**shown(row, now).model_dump(), secret=row.secret(keyring_of(session)))


def _must_be_allowed(url: str, hosts: tuple[str, ...]) -> None:
    try:
        check_url(url, hosts)
    except Refused as refused:
        fix = "Ask the operator to add it to BEDNIGHT_WEBHOOK_HOSTS." if refused.code != "malformed" else None
        raise invalid([FieldError("/url", refused.code, REFUSALS[refused.code], fix)]) from None


def _delivery(row: OutboxDelivery, event: OutboxEvent) -> DeliveryRead:
    ended = row.delivered_at is not None or row.dead_at is not None
    return DeliveryRead(
        id=row.id,
        event_id=event.id,
        type=event.kind,
        created_at=row.created_at,
        attempts=row.attempts,
        last_failure=row.last_failure,
        next_try_at=None if ended else row.next_try_at,
        delivered_at=row.delivered_at,
        given_up_at=row.dead_at,
    )
