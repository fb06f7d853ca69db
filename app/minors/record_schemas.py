"""What the API takes and answers about the shared record of a young person."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.bodies import Sent
from app.codes import ApiModel, Code, Day, Words, wrong
from app.minors.identity import Told
from app.minors.record_models import ActivityKind, FlagBasis, FlagEnd, FlagLevel, Indicator, ScreenLevel
from app.sharing.codes import Item
from app.versions import Version

Line = Annotated[Words, StringConstraints(max_length=200)]
NO_SCORE = "A screening alone makes nobody verified: flag as at risk, or name what else it rests on."


class Screening(ApiModel):
    """A tool for screening, and what it came to. It is kept as what it is, and decides nothing."""

    tool: Code = Field(description="Such as `cse_it`")
    version: Code = Field(description="Of the tool, such as `2.0`")
    on: Day
    level: ScreenLevel


class FlagSent(Sent):
    """A flag: three answers, and what else is known."""

    level: FlagLevel
    basis: FlagBasis
    indicators: Annotated[list[Indicator], Field(max_length=len(Indicator))]
    screening: Screening | None = Field(default=None, description="Required where the basis is a screening")
    words: Told | None = Field(default=None, description="500 letters at most, sealed")
    review_by: Day | None = Field(default=None, description="The last day on which it holds; null: in 90 days")

    @model_validator(mode="after")
    def _of_a_piece(self) -> Self:
        if (self.basis is FlagBasis.SCREENING) != (self.screening is not None):
            raise wrong("Name the screening where the flag rests on one, and nowhere else.", "screening")
        if self.level is FlagLevel.VERIFIED and self.basis is FlagBasis.SCREENING:
            raise wrong(NO_SCORE, "level")
        return self


class FlagReview(Sent):
    """Somebody looked again, and the flag holds on."""

    review_by: Day
    version: Version = None


class FlagEnding(Sent):
    """A flag that holds no more."""

    reason: FlagEnd
    version: Version = None


class FlagRead(ApiModel):
    """A flag, and whether it holds now."""

    id: str
    version: int
    agency_id: str
    level: FlagLevel
    basis: FlagBasis
    indicators: list[Indicator]
    screening: Screening | None
    words: str | None
    flagged_at: datetime
    flagged_by: str | None = Field(description="A colleague by name, anybody else by the agency's")
    review_by: date
    reviewed_at: datetime | None
    ended_at: datetime | None
    end_reason: FlagEnd | None
    in_force: bool


class MinorSent(Sent):
    """A young person whom nobody asks a bed for yet: a record of the own agency, begun with a flag."""

    flag: FlagSent


class ActivitySent(Sent):
    """A service that was given, or something that happened."""

    kind: ActivityKind
    on: Day | None = Field(default=None, description="Null: today")
    words: Line | None = Field(default=None, description="One line, sealed")


class ActivityRead(ApiModel):
    """An entry of the own agency."""

    id: str
    kind: ActivityKind
    on: date
    words: str | None
    entered_at: datetime
    entered_by: str | None
    withdrawn_at: datetime | None


class EntryRead(ApiModel):
    """One line of the timeline."""

    id: str | None = Field(description="Null: a movement, which its stay tells of by itself")
    on: date
    kind: str = Field(description="Of an activity; or `arrived` and `left`, of a stay")
    agency_id: str
    agency: str
    words: str | None
    by: str | None
    own: bool


class NotSharedRead(ApiModel):
    """How many entries of an agency's record are not shown: no release or law names their kind."""

    agency_id: str
    agency: str
    entries: int


class RecordRead(ApiModel):
    """What the reader may see of a young person: flags and timeline, drawn from the records that are linked."""

    id: str
    code: str
    agency_id: str
    agency: str
    own: bool
    items: list[Item] = Field(description="The kinds of information that are shown of this record")
    flags: list[FlagRead]
    timeline: list[EntryRead] = Field(description="The newest first")
    not_shared: list[NotSharedRead]


class RecordLine(ApiModel):
    """One record in the list of those that the reader may see."""

    id: str
    code: str
    agency_id: str
    agency: str
    own: bool
    level: FlagLevel | None = Field(description="Of the flags that hold; null: none does")
    review_by: date | None
