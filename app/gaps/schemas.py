"""What the API takes and answers about gaps and calls."""

from datetime import date, datetime

from pydantic import Field

from app.bodies import Sent
from app.codes import ApiModel, Ref
from app.gaps.models import DeclineReason, GapKind, GapSource


class GapRead(ApiModel):
    """A night on which something was missing for a referral."""

    id: str
    referral_id: str
    night: date
    kind: GapKind
    source: GapSource
    rule: str | None = Field(description="The rule that stood in the way; null: none alone")
    reason: DeclineReason | None = Field(description="Of a call: what the house said")
    made_at: datetime


class CallCreate(Sent):
    """The house was called, and said no."""

    referral: Ref
    reason: DeclineReason


class CallRead(ApiModel):
    """A call that was answered with no."""

    id: str
    facility_id: str
    referral_id: str
    reason: DeclineReason
    made_at: datetime
