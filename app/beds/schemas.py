"""What the API takes and answers about what a bed is tonight."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.bodies import Sent
from app.codes import Age, ApiModel, Day, ResidentTrafficking, Words, wrong
from app.facilities.models import BedStatus
from app.versions import Version


class Occupant(ApiModel):
    """Who lives in an occupied bed, without a name; null is not known."""

    trafficking: ResidentTrafficking | None = Field(default=None, description="none: here for another reason")
    age: Age | None = None
    until: Day | None = Field(default=None, description="The first night gone; null: no date known")


class BedStatusChange(Sent):
    """What a bed is now."""

    # A bed is held by a hold, for a referral; no hand sets it.
    status: Literal[BedStatus.OPEN, BedStatus.OCCUPIED, BedStatus.CLEANING, BedStatus.OFFLINE]
    reason: Words | None = Field(default=None, description="Required for offline")
    occupant: Occupant | None = Field(
        default=None, description="Of an occupied bed; left out: who lives there is not known"
    )
    version: Version = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.status is BedStatus.OFFLINE and self.reason is None:
            raise wrong("Offline needs a reason.")
        if self.occupant is not None and self.status is not BedStatus.OCCUPIED:
            raise wrong("Only an occupied bed has an occupant.")
        return self


class ConfirmationCreate(Sent):
    """Nothing changed: what the house's beds show is true now."""

    awake_staff_tonight: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="Workers awake tonight; left out: what was said before stands"
    )


class ConfirmationRead(ApiModel):
    """A confirmation of a whole house."""

    id: str
    facility_id: str
    confirmed_at: datetime
    beds: int
    awake_staff_tonight: int | None
