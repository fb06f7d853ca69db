"""What the API takes and answers about exceptions."""

from datetime import datetime

from pydantic import Field

from app.bodies import Sent
from app.codes import ApiModel, Code, Instant, Ref, Words
from app.exceptions.models import Party


class ExceptionCreate(Sent):
    """A rule that its party waives for this referral at this house."""

    run: Ref = Field(description="The decision that was read")
    facility: Ref
    rule: Code = Field(description="One of the codes under the house's `failed`")
    party: Party = Field(description="Whose it is to waive: as the decision's `fix` says")
    role: Words = Field(description="The role of the person who decided; no name")
    reason: Words = Field(description="Why, in words that name nobody")
    until: Instant


class ExceptionRead(ApiModel):
    """An exception, and whether it counts now."""

    id: str
    referral_id: str
    facility_id: str
    rule: str
    party: Party
    role: str
    reason: str | None = Field(description="Null: the record was expunged")
    until: datetime
    recorded_at: datetime
    recorded_by: str
    second_due_at: datetime
    second_at: datetime | None
    in_force: bool
    awaits_second: bool = Field(description="A second person may still agree, if late")
