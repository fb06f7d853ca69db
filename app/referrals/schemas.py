"""What the API takes and answers about a request for a bed."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.bodies import Sent
from app.codes import ApiModel, Day, Latitude, Longitude
from app.minors.schemas import MinorFacts, MinorRead
from app.referrals.models import ReferralStatus
from app.versions import Version

Urgency = Annotated[
    int, Field(ge=1, le=4, description="1 tonight, no safe place; 2 within 24 h; 3 within 72 h; 4 planned")
]
Nights = Annotated[int, Field(ge=1, le=3650)]


def _roughly(point: tuple[float, float]) -> tuple[float, float]:
    """About ten kilometres: travel is told in bands, and moving home a little must not move a house out of its band."""
    return round(point[0], 1), round(point[1], 1)


HomePoint = Annotated[tuple[Latitude, Longitude], AfterValidator(_roughly)]


class ReferralCreate(Sent):
    """A new referral. Two members must be there, though one may be empty and the other null: nothing is assumed."""

    minor: MinorFacts = Field(description="The need profile; whatever is left out is not known")
    needed_from: Day | None = Field(description="The first night needed; null is tonight")
    nights_needed: Nights | None = Field(default=None, description="Null: as long as plans look ahead")
    urgency: Urgency | None = Field(default=None, description="Null: as needed_from says")
    home_point: HomePoint | None = Field(
        default=None, description="Where home is, if home is safe: kept to a tenth of a degree, for distances only"
    )


class ReferralAgain(ReferralCreate):
    """A new referral for the same young person: the record is there, with every stay that caps count."""

    minor: MinorFacts = Field(
        default=MinorFacts(), description="What is given corrects the record; what is absent stays as it is"
    )


class ReferralChange(Sent):
    """What is answered or corrected; what is absent stays, null makes it not known again."""

    minor: MinorFacts = MinorFacts()
    needed_from: Day | None = None
    nights_needed: Nights | None = None
    urgency: Urgency | None = None
    home_point: HomePoint | None = None
    version: Version = None


class ReferralRead(ApiModel):
    """A referral and the profile of the young person it is about."""

    id: str
    code: str = Field(description="What people read aloud; it says nothing about the young person")
    version: int
    status: ReferralStatus
    agency_id: str
    created_at: datetime
    opened_at: datetime | None
    needed_from: date | None
    nights_needed: int | None
    urgency: int = Field(description="As stated, else as needed_from says")
    minor: MinorRead
