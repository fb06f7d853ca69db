"""What the API takes and answers about the shared record of a young person."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.bodies import Sent
from app.codes import ApiModel, Code, Day, Ref, Words, wrong
from app.minors.identity import Told
from app.minors.linking_models import ContactAnswer, Verdict
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

    id: str | None = Field(description="Null: it stands there by itself, and is entered nowhere")
    on: date
    kind: str = Field(description="Of an activity; or `arrived`, `left`, `follow_up_…` of a stay, `conference`")
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


class LinkSent(Sent):
    """Two records of the same young person, or not."""

    other: Ref = Field(description="Another record of your agency, or one that is shared with it")
    verdict: Verdict


class LinkRead(ApiModel):
    """What your agency says of this record and another one. Whose record the other is learns nothing of it."""

    id: str
    other: str
    other_code: str
    agency: str | None = Field(description="Whose record the other is; null: it is not shared with you now")
    own: bool
    verdict: Verdict
    made_at: datetime
    undone_at: datetime | None


class LikelyRead(ApiModel):
    """Another record of your agency that may be of the same young person: how alike, and in what."""

    id: str
    code: str
    score: float = Field(description="From 0 to 1. It decides nothing: a person does")
    parts: dict[str, float] = Field(description="Of names, other_names and born those that are known on both sides")
    weights: dict[str, int] = Field(description="How much each part counts, of 100")


class ContactAskRead(ApiModel):
    """It was asked. Nobody here is ever told whether another agency has a record."""

    id: str
    asked_at: datetime


class ContactRead(ApiModel):
    """An agency asks to be in contact about a record of yours."""

    id: str
    minor_id: str
    code: str
    asker: str
    found_at: datetime
    answered_at: datetime | None
    answer: ContactAnswer | None


class ContactAnswered(Sent):
    """What you make of it: for your own people; whoever asked is not told."""

    answer: ContactAnswer


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
    links: list[LinkRead] = Field(description="What your agency says of this record and others")


class RecordLine(ApiModel):
    """One record in the list of those that the reader may see."""

    id: str
    code: str
    agency_id: str
    agency: str
    own: bool
    level: FlagLevel | None = Field(description="Of the flags that hold; null: none does")
    review_by: date | None
