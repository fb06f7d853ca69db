"""`/v1/webhooks`: programs of an agency that are told, and what they were told."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from app.access.actor import Actor
from app.access.guard import require
from app.access.policy import Permission
from app.clock import Now
from app.codes import Ref, address
from app.db import DbSession
from app.exchange import service
from app.exchange.schemas import DeliveryRead, TestSent, WebhookChange, WebhookCreate, WebhookRead, WebhookSecret
from app.idempotency import REPLAYED, Idempotent
from app.paging import PageOf, Place, link_next, whole
from app.versions import IfMatch, tag

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Writer = Annotated[Actor, require(Permission.WEBHOOK_WRITE)]


@router.post("", status_code=status.HTTP_201_CREATED)
def create_webhook(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    new: WebhookCreate,
    once: Idempotent,
) -> WebhookSecret:
    """Name a program that is to be told. Its secret is in the answer to this request, and in no other."""
    now, hosts = clock.now(), request.app.state.settings.webhook_hosts
    hook = once.make(
        response,
        session,
        actor.id,
        act=lambda: service.create_webhook(session, actor, new, now, hosts),
        again=lambda made: service.with_secret(session, service.find(session, actor, made), now),
    )
    response.headers["Location"] = address("webhooks", hook.id)
    return hook


@router.get("")
def list_webhooks(session: DbSession, actor: Writer, clock: Now) -> PageOf[WebhookRead]:
    """Every receiver of your agency."""
    return whole(service.list_webhooks(session, actor, clock.now()))


@router.get("/{webhook_id}")
def read_webhook(response: Response, session: DbSession, actor: Writer, clock: Now, webhook_id: Ref) -> WebhookRead:
    """One receiver."""
    hook = service.shown(service.find(session, actor, webhook_id), clock.now())
    tag(response, hook)
    return hook


@router.patch("/{webhook_id}")
def change_webhook(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    webhook_id: Ref,
    change: WebhookChange,
    if_match: IfMatch = None,
) -> WebhookRead:
    """Send elsewhere, send other kinds, or stop sending; what is absent stays."""
    hosts = request.app.state.settings.webhook_hosts
    hook = service.change_webhook(session, actor, webhook_id, change, if_match, clock.now(), hosts)
    tag(response, hook)
    return hook


@router.post("/{webhook_id}/rotation")
def rotate(
    response: Response, session: DbSession, actor: Writer, clock: Now, webhook_id: Ref, once: Idempotent
) -> WebhookSecret:
    """A new secret, shown once. For 24 hours both sign."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: service.rotate(session, actor, webhook_id, clock.now()),
        again=lambda made: service.with_secret(session, service.find(session, actor, made), clock.now()),
    )


@router.post("/{webhook_id}/test", status_code=status.HTTP_202_ACCEPTED)
def send_test(response: Response, session: DbSession, actor: Writer, webhook_id: Ref, once: Idempotent) -> TestSent:
    """Send `webhook.test` to this receiver alone."""
    if once.earlier(session, actor.id) is not None:
        response.headers[REPLAYED] = "true"
    else:
        service.test(session, actor, webhook_id)
        once.remember(session, actor.id, webhook_id)
    return TestSent(webhook_id=webhook_id)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Writer,
    webhook_id: Ref,
    place: Annotated[Place, Depends()],
) -> PageOf[DeliveryRead]:
    """What was sent to it, the newest first."""
    rows, cursor = service.list_deliveries(session, actor, webhook_id, place)
    link_next(request, response, cursor)
    return PageOf(data=rows, next_cursor=cursor, has_more=cursor is not None)


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", status_code=status.HTTP_202_ACCEPTED)
def replay(
    response: Response,
    session: DbSession,
    actor: Writer,
    clock: Now,
    webhook_id: Ref,
    delivery_id: Ref,
    once: Idempotent,
) -> DeliveryRead:
    """Send it again, under the same id."""
    return once.make(
        response,
        session,
        actor.id,
        act=lambda: service.replay(session, actor, webhook_id, delivery_id, clock.now()),
        again=lambda made: service.read_delivery(session, actor, webhook_id, made),
    )
