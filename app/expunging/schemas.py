"""What the API takes and answers about expunging."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.bodies import Sent
from app.codes import ApiModel
from app.expunging.models import ExpungeReason


class State(StrEnum):
    """How far it is."""

    NOT_ASKED = "not_asked"
    ASKED = "asked"
    EXPUNGED = "expunged"


class ExpungeAsked(Sent):
    """Why the record is to be expunged."""

    reason: ExpungeReason


class ExpungeDecided(Sent):
    """What a second person says."""

    agree: bool = Field(description="true cannot be undone by anybody")


class ExpungementRead(ApiModel):
    """How far the expunging of a young person's record is."""

    state: State
    reason: ExpungeReason | None = None
    asked_at: datetime | None = None
    asked_by_you: bool = False
    decided_at: datetime | None = None
