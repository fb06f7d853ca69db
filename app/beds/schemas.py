"""What the API takes and answers about what a bed is tonight."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.bodies import Sent
from app.codes import Age, ApiModel, Day, Gender, Ref, ResidentTrafficking, Words, wrong
from app.facilities.models import BedStatus
from app.facilities.schemas import BedRead
from app.versions import Version

MOST_STAFF = 1000
"""Workers that a house can have awake; more is a slip of the pen."""


class Occupant(ApiModel):
    """Who lives in an occupied bed, without a name; null is not known."""

    trafficking: ResidentTrafficking | None = Field(default=None, description="none: here for another reason")
    age: Age | None = None
    gender: Gender | None = Field(default=None, description="As the young person states it")
    until: Day | None = Field(default=None, description="The first night gone; null: no date known")


class BedStatusChange(Sent):
    """What a bed is now."""

    # A bed is held by a hold, for a referral; no hand sets it.
    status: Literal[BedStatus.OPEN, BedStatus.OCCUPIED, BedStatus.CLEANING, BedStatus.OFFLINE]
    reason: Words | None = Field(default=None, description="Required for offline")
    offline_until: Day | None = Field(default=None, description="Of an offline bed: the first night in use again")
    occupant: Occupant | None = Field(
        default=None, description="Of an occupied bed; left out: who lives there is not known"
    )
    version: Version = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.status is BedStatus.OFFLINE and self.reason is None:
            raise wrong("Offline needs a reason.", "reason")
        if self.offline_until is not None and self.status is not BedStatus.OFFLINE:
            raise wrong("Only an offline bed is offline until a day.", "offline_until")
        if self.occupant is not None and self.status is not BedStatus.OCCUPIED:
            raise wrong("Only an occupied bed has an occupant.", "occupant")
        return self


class BedTonight(ApiModel):
    """By what somebody has a bed tonight, until when, and who pays."""

    by: Literal["stay", "hold", "resident"]
    stay_id: str | None
    until: date = Field(description="The first night that is not taken")
    fund: str | None = Field(description="Who pays tonight; null: nobody")
    paid_until: date | None = Field(
        description="The first night after tonight that nobody pays; null: not even tonight"
    )


class BoardBed(BedRead):
    """A bed on the board of its house."""

    since: datetime | None = Field(description="When its status was last changed; null: not on record")
    changed_by: str | None = Field(description="The person or key that did; null: it followed by itself")
    undo_until: datetime | None = Field(description="Until when the last change can be undone")
    tonight: BedTonight | None


class BoardRead(ApiModel):
    """A house tonight, as those who work there see it."""

    facility_id: str
    version: int = Field(description="Grows with every change of the house")
    alias: str
    tonight: date
    licensed: int | None = Field(description="Young people that the licence in force allows; null: not known")
    staffed: int | None = Field(description="Young people for whom enough workers are awake tonight; null: not known")
    funded: int | None = Field(
        description="Beds that somebody pays tonight, and as many more as the funds it accepts have beds and nights "
        "for, up to the beds of the house; null: the funds are not known"
    )
    occupied: int = Field(description="Beds that somebody has tonight by a stay or the house's own list")
    held: int = Field(description="Beds kept for a referral tonight")
    awake_staff_tonight: int | None
    beds: list[BoardBed]


class BoardBedPut(ApiModel):
    """What one bed is now, as the house's own system has it."""

    id: Ref
    status: BedStatus
    reason: Words | None = None
    offline_until: Day | None = None
    occupant: Occupant | None = Field(default=None, description="Left out: whoever is listed there stays listed")


class BoardPut(Sent):
    """A whole house as it stands: every bed, once. What has not changed is confirmed."""

    awake_staff_tonight: Annotated[int, Field(ge=0, le=MOST_STAFF)] | None = None
    beds: Annotated[list[BoardBedPut], Field(max_length=1000)]
    version: Version = None


class StatusUndo(Sent):
    """Taking back the last change of a bed's status."""

    version: Version = None


class ConfirmationCreate(Sent):
    """Nothing changed: what the house's beds show is true now."""

    awake_staff_tonight: Annotated[int, Field(ge=0, le=MOST_STAFF)] | None = Field(
        default=None, description="Workers awake tonight; left out: what was said before stands"
    )


class ConfirmationRead(ApiModel):
    """A confirmation of a whole house."""

    id: str
    facility_id: str
    confirmed_at: datetime
    beds: int
    awake_staff_tonight: int | None
