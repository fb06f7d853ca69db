"""What the API takes and answers about a stay."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.bodies import Sent
from app.codes import Age, ApiModel, Day, Gender, Ref, Trafficking, Words, in_order, wrong
from app.referrals.schemas import Nights
from app.stays.codes import Destination, StayEnd
from app.versions import Version


class PayerNights(ApiModel):
    """A fund that pays the nights `[from, until)`; until null: it goes on."""

    fund: str
    from_: Annotated[date, Field(alias="from")]
    until: date | None


class NightsAway(ApiModel):
    """The nights `[from, until)` of a stay that are slept elsewhere."""

    from_: Annotated[date, Field(alias="from")]
    until: date


class StayRead(ApiModel):
    """A stay, its bed and its payers; who it is stands elsewhere."""

    id: str
    version: int
    facility_id: str | None
    bed_id: str | None
    admitted_on: date
    left_on: date | None
    expected_until: date | None
    arrived: bool = Field(description="False: accepted, and still on the way")
    payers: list[PayerNights]
    away: list[NightsAway]
    reason: StayEnd | None
    destination: Destination | None


class CapWarningRead(ApiModel):
    """A warning that nothing is arranged from a night on."""

    cliff: date = Field(description="The first night without a payer, or without a bed though one is needed")
    nights: int = Field(description="Which warning: of 7, 3 or 1 nights")
    made_at: datetime
    fund_id: str | None = Field(description="Who pays until then; null: nobody")
    approval: str | None = Field(description="What would let that fund go on paying; null: nothing that is known")


class NextCreate(Sent):
    """Asking for the next placement; what is left out follows from the present one."""

    needed_from: Day | None = Field(
        default=None, description="Null: the first night for which nothing is arranged; tonight: another house at once"
    )
    nights_needed: Nights | None = Field(default=None, description="Null: what is left of the need")


class NextRead(ApiModel):
    """A referral for the next placement, and the decision about it."""

    referral_id: str
    run_id: str


class ArrivalCreate(Sent):
    """Arriving: since when the young person sleeps there."""

    on: Day | None = Field(
        default=None,
        description="The first night slept there; null: tonight. Nights kept before it were not slept",
    )


class DischargeCreate(Sent):
    """Leaving: why, and where to."""

    reason: StayEnd
    destination: Destination
    left_on: Day | None = Field(
        default=None,
        description="The first night not slept there; null: tonight. Before the night turns it may be the day that has "
        "begun: this night was slept. Before last night, a supervisor says why",
    )
    note: Words | None = Field(default=None, description="Why nights that are over are taken back")
    version: Version = None

    @model_validator(mode="after")
    def _left(self) -> Self:
        if self.reason is StayEnd.NOT_ARRIVED:
            raise wrong("Who never came is recorded as not arrived.", "reason")
        return self


class AbsenceCreate(Sent):
    """Nights slept elsewhere, `[first, until)`."""

    first: Day = Field(description="Before last night, a supervisor says why")
    until: Day
    keep_bed: bool = Field(description="Whether the bed is kept; as the fund's rule and the house say")
    paid: bool = Field(description="Whether the payers pay a kept bed")
    note: Words | None = Field(default=None, description="How it is known of nights before the last one")
    version: Version = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        in_order(self, "first", "until")
        if self.paid and not self.keep_bed:
            raise wrong("A bed that is given up is not paid.", "paid")
        return self


class ReturnCreate(Sent):
    """Back before the nights away were to end."""

    on: Day | None = Field(default=None, description="The first night slept in the house again; null: tonight")
    version: Version = None


class TransferCreate(Sent):
    """Another bed of the same house, from tonight on."""

    bed: Ref
    version: Version = None


class ExtensionCreate(Sent):
    """More nights in the same bed that nobody pays yet; what a fund shall pay is judged as the next placement."""

    until: Day = Field(description="The first night that is not kept; half a year from tonight at the latest")
    reason: Words | None = Field(
        default=None, description="Why nobody pays; needed where the bed was taken without a payer"
    )
    version: Version = None


class CorrectionCreate(Sent):
    """Who really paid nights that are over."""

    first: Day
    until: Day
    fund: Ref | None = Field(description="Null: nobody paid")
    reason: Words
    version: Version = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        in_order(self, "first", "until")
        return self


class WalkInCreate(Sent):
    """A young person who is in the house already: the bed, and what the house knows; null is not known."""

    bed: Ref
    trafficking: Trafficking | None = None
    gender: Gender | None = None
    age: Age | None = None


class WalkInRead(ApiModel):
    """The stay of a walk-in. What the rules say of it is in the ranking that follows."""

    id: str = Field(description="The stay")
    code: str = Field(description="Of the referral that was made for it")
    facility_id: str
    bed_id: str | None
    admitted_on: date
