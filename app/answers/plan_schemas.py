"""The form of a joint plan as the API answers it: cut to what the viewer may see."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.answers.schemas import PaidNights, TermRead
from app.bodies import Sent
from app.codes import ApiModel

Counts = Annotated[list[int], Field(min_length=4, max_length=4, description="For urgency 1, 2, 3 and 4")]


class PlanAsked(Sent):
    """How long a plan is looked for; then the best that was found by then is kept, with what is proved of it."""

    seconds: float = Field(default=10.0, ge=1, le=30)


class PlanLineRead(ApiModel):
    """Where one young person would go: advice, which becomes a hold by a person's act."""

    referral: str
    urgency: int
    facility: str
    unit: str
    bed: str
    admit_on: date
    paid_nights: int = Field(description="Nights that are paid while the bed is free")
    paid_until: date | None = Field(description="The first night that is not; null where the need is met")
    payers: list[PaidNights]
    money_shared: bool = Field(description="Alone she or he would have other payers or more nights")
    bed_until: date | None
    bed_confirmed_at: datetime | None
    call_first: bool
    provisional: list[str]
    terms: list[TermRead]
    together_with: list[str] = Field(description="Referrals of siblings who would be in the same house")


class PlanUnplacedRead(ApiModel):
    """One young person without a place: no house could tonight, or all that could are for others."""

    referral: str
    urgency: int
    why: Literal["no_option", "no_place_left"]


class CarefulRead(ApiModel):
    """Where the plan is more careful than it would have to be."""

    code: str
    text: str


class PlanListed(ApiModel):
    """That a plan was made; its address says what is in it."""

    id: str
    decided_at: datetime
    tonight: date


class PlanRead(ApiModel):
    """Everyone who waits, planned at once: who would go where, why, and what is proved. It keeps no bed."""

    id: str
    decided_at: datetime
    version: int
    tonight: date
    rules_version: str
    engine_version: str
    proof: Literal["optimal", "bounded"]
    unique: bool | None = Field(description="Whether no other plan is as good; null: not known")
    lines: list[PlanLineRead]
    unplaced: list[PlanUnplacedRead]
    placed_by_urgency: Counts
    unplaced_by_urgency: Counts
    least_unplaced_by_urgency: Counts
    others_placed: int = Field(description="Young people whom your agency may not see")
    others_unplaced: int
    later: int = Field(description="Who needs a bed for a later night only")
    careful: list[CarefulRead]
