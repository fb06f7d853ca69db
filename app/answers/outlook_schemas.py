"""The form of what comes after the options of a decision as the API answers it: cut to what the viewer may see."""

from datetime import date
from typing import Literal

from pydantic import Field

from app.answers.plan_schemas import CarefulRead
from app.answers.schemas import PaidNights
from app.codes import ApiModel


class NightsRead(ApiModel):
    """The nights `[from, until)`."""

    from_: date = Field(alias="from")
    until: date


class NextRead(NightsRead):
    """A stay that could follow, every night of it paid. Nothing is kept for it."""

    facility: str
    nights: int
    payers: list[PaidNights]
    why: Literal["need_met", "cliff", "early"] = Field(
        description="The need is met; it cannot go on; or it is left early, for a night that is gained later"
    )
    binding: str | None = Field(description="The rule that ends it, or `bed`: the bed is no longer free")


class AfterRead(ApiModel):
    """What could follow one option whose paid nights, or whose bed, end before the need does."""

    facility: str
    until: date = Field(description="The first night of the need that is not paid there in a bed that is free")
    binding: str = Field(description="The rule that ends the nights, or `bed`: the bed is no longer free")
    links: list[NextRead]
    uncovered: list[NightsRead] = Field(description="Nights for which no paid bed is known")
    proof: Literal["optimal", "least", "bounded"] = Field(
        description="Nothing is better, down to who pays; nothing has fewer such nights and moves; or something might"
    )


class OutlookRead(ApiModel):
    """What comes after each option of a decision that ends before the need does."""

    version: int
    referral: str
    rules_version: str
    engine_version: str
    until: date = Field(description="The first night that is not needed any more")
    options: list[AfterRead]
    careful: list[CarefulRead]
