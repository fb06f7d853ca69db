"""What the API answers about looks."""

from datetime import datetime

from pydantic import Field

from app.audit.models import Outcome
from app.codes import ApiModel


class Look(ApiModel):
    """One act on a young person's record, from the audit trail."""

    at: datetime
    by: str | None = Field(
        description="A colleague or own key by name, anybody else by the agency's; null: the service itself"
    )
    agency: str | None = Field(description="The agency for which it was done; null: the operator or the service itself")
    action: str = Field(description="What was done, such as `referral.read`")
    outcome: Outcome = Field(description="`denied`: somebody tried, and was refused")
    reason: str | None = Field(description="The coded reason that was given or why it was refused; null: none")
    under_release: bool = Field(description="A release of information let them in")
