"""What the API takes and answers along the way from an option to a night slept."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.beds.models import HoldEnd
from app.bodies import Sent
from app.codes import ApiModel, Instant, Ref, Words, wrong
from app.gaps.models import DeclineReason
from app.stays.codes import Authority, ChoiceReason, DecidedBy, OfferStatus


class OfferCreate(Sent):
    """The question to a house that a decision names: by what right, and why this one if it is not the first."""

    run: Ref = Field(description="The decision that was read")
    facility: Ref = Field(description="The house of one of its options, or of one that opens later")
    authority: Authority = Field(description="By what right the young person is placed")
    authority_until: Instant | None = Field(
        default=None,
        description="When that right ends; null: 72 hours from now for protective custody, no end for the others",
    )
    choice_reason: ChoiceReason | None = Field(default=None, description="Required where it is not the first option")
    unfunded_reason: Words | None = Field(
        default=None, description="Why a bed that nobody pays is taken for tonight: one night at a time"
    )
    called: bool = Field(default=False, description="The house was called: required where the option says call_first")


class HoldRead(ApiModel):
    """A bed kept for a referral."""

    id: str
    bed_id: str
    bed: str
    first_night: date
    until_night: date = Field(description="The first night that is not kept")
    expires_at: datetime
    ended_at: datetime | None
    ended_how: HoldEnd | None
    undo_until: datetime


class OfferRead(ApiModel):
    """An offer as the agency that asks sees it."""

    id: str
    version: int
    referral_id: str
    facility_id: str
    facility: str
    run_id: str
    rank: int | None
    choice_reason: ChoiceReason | None
    authority: Authority
    authority_until: datetime | None
    unfunded: bool
    status: OfferStatus
    sent_at: datetime
    answer_by: datetime
    answered_at: datetime | None
    decided_by: DecidedBy | None
    reason: DeclineReason | None
    second_reason: DeclineReason | None
    hold: HoldRead | None = Field(description="Null: a question that keeps no bed")
    stay_id: str | None


class HouseOffer(ApiModel):
    """An offer as the house sees it: what its own criteria ask for, and nothing that says who it is."""

    id: str
    version: int
    code: str = Field(description="What people read aloud")
    status: OfferStatus
    sent_at: datetime
    answer_by: datetime
    admit_on: date
    nights: int
    funded_nights: int
    funds: list[str]
    age: str | None = Field(description="`not known` is asked for; null: the offer is over, and the profile is gone")
    gender: str | None
    infants: int | None
    conditions: list[str] = Field(description="Of the house's own exclusion criteria, those that apply")
    services: list[str]
    languages: list[str]
    bed: str | None
    stay_id: str | None


class Answer(Sent):
    """Yes, or no with a reason and whose no it is."""

    accept: bool
    decided_by: DecidedBy | None = Field(default=None, description="Of a no: whose it is")
    reason: DeclineReason | None = Field(default=None, description="Of a no")
    second_reason: DeclineReason | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.accept and (self.reason or self.second_reason or self.decided_by):
            raise wrong("A yes has no reasons.", "accept")
        if not self.accept and (self.reason is None or self.decided_by is None):
            raise wrong("A no needs reason and decided_by.", "decided_by" if self.reason else "reason")
        if self.reason is not None:
            own = self.reason is DeclineReason.MINOR_DECLINED
            if own != (self.decided_by is DecidedBy.YOUNG_PERSON):
                raise wrong("minor_declined is the young person's no; every other reason is the house's.", "decided_by")
        if self.second_reason is not None and self.second_reason == self.reason:
            raise wrong("The second reason is the first again.", "second_reason")
        return self


class NextOption(ApiModel):
    """An option that is still to be had when another one was just taken."""

    rank: int
    facility: str
    name: str
    bed: str
    admit_on: date
    call_first: Annotated[bool, Field(description="Call the house before holding")]
