"""What the API takes and answers about emergency access."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.bodies import Sent
from app.codes import ApiModel
from app.emergency.models import EmergencyReason

Explanation = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=20, max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$"),
]


class EmergencyAsked(Sent):
    """Which record, and why nobody could be asked first."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^R-[0-9A-Z]{5}$")] = Field(
        description="The code of a referral of the young person"
    )
    reason: EmergencyReason
    words: Explanation = Field(description="At least 20 characters, without a name; whoever reviews it reads them")


class ReviewSent(Sent):
    """What a supervisor thinks of it."""

    justified: bool


class EmergencyOpened(ApiModel):
    """What is open now, for whom it was opened."""

    id: str
    referral_id: str
    until: datetime
    review_due_at: datetime


class EmergencyRead(ApiModel):
    """One emergency access, for who reviews it; and for the agency whose record it was."""

    id: str
    code: str
    agency: str
    by: str = Field(description="A colleague by name; to the agency whose record it was, the agency's name")
    reason: EmergencyReason
    words: str | None = Field(
        description="For whoever reviews it; null to the agency whose record it was, or once expunged"
    )
    opened_at: datetime
    until: datetime
    ended_at: datetime | None
    review_due_at: datetime
    reviewed_at: datetime | None
    justified: bool | None
    may_review: bool


class EmergencyCount(ApiModel):
    """How often an agency's people took emergency access in a month of the network's own time."""

    month: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")
    opened: int
    justified: int
    not_justified: int
    not_reviewed: int
