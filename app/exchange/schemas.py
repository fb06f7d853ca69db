"""What the API takes and answers about webhooks."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.bodies import Sent
from app.codes import ApiModel
from app.exchange.models import Purpose
from app.versions import Version

Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, pattern=r"^https?://[\x21-\x7e]+$"),
    Field(description="https, to a host that the operator lists in BEDNIGHT_WEBHOOK_HOSTS"),
]
Kind = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
Kinds = Annotated[
    list[Kind] | None,
    Field(min_length=1, max_length=100, description="Such as `offer.made`; null: every kind, those to come included"),
]


class WebhookCreate(Sent):
    """A program that is to be told."""

    url: Url
    purpose: Purpose = Field(
        default=Purpose.EVENTS, description="messages: a gateway that texts a house's duty phone that there is a task"
    )
    kinds: Kinds = None


class WebhookChange(Sent):
    """What is absent stays. Of a URL or a switch, null is absent too."""

    url: Url | None = None
    kinds: Kinds = None
    enabled: bool | None = None
    version: Version = None


class WebhookRead(ApiModel):
    """A receiver of the agency; its secret is never shown again."""

    id: str
    version: int
    url: str
    purpose: Purpose
    kinds: list[str] | None
    enabled: bool
    rotating_until: datetime | None = Field(description="Until then the former secret signs too")
    created_at: datetime


class WebhookSecret(WebhookRead):
    """A receiver with its secret: shown now and never again."""

    secret: str


class DeliveryRead(ApiModel):
    """One event on its way to one receiver."""

    id: str
    event_id: str = Field(description="The `webhook-id` under which it arrives")
    type: str
    created_at: datetime
    attempts: int
    last_failure: str | None = Field(description="Such as `status_500`, `timeout` or `private_address`")
    next_try_at: datetime | None = Field(description="Null once it was delivered or given up")
    delivered_at: datetime | None
    given_up_at: datetime | None


class TestSent(ApiModel):
    """A test event is on its way to this receiver alone."""

    webhook_id: str
