"""What the API takes and answers about case conferences."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.bodies import Sent
from app.codes import ApiModel, Day, Instant, Ref
from app.minors.identity import Told
from app.minors.record_schemas import Line, NotSharedRead


class ConferenceSent(Sent):
    """A meeting: what it is called, when, and which agencies are asked to come."""

    name: Line = Field(description="Such as the county's team; no names of young people")
    held_at: Instant
    agencies: Annotated[list[Ref], Field(max_length=50)] = Field(description="Beside your own")


class CameSent(Sent):
    """Whether an agency came."""

    agency: Ref
    came: bool


class CaseSent(Sent):
    """A record of your own agency for the agenda."""

    minor: Ref


class DecisionSent(Sent):
    """What was decided."""

    words: Told


class ConferenceTaskSent(Sent):
    """What an agency that was asked to come is to do, until when. It must be able to see the record."""

    words: Line
    agency: Ref
    due_on: Day


class DoneSent(Sent):
    """Whether a task is done."""

    done: bool


class SeatRead(ApiModel):
    """An agency that is asked to come; `came` null: nobody has noted it."""

    agency_id: str
    agency: str
    came: bool | None


class DecisionRead(ApiModel):
    """What was decided, as the agency whose record it is wrote it down."""

    id: str
    words: str
    decided_at: datetime


class ConferenceTaskRead(ApiModel):
    """What an agency is to do about one young person."""

    id: str
    conference_id: str
    minor_id: str
    code: str
    words: str
    agency_id: str
    agency: str
    mine: bool = Field(description="Your agency's to do")
    due_on: date
    done_at: datetime | None
    overdue: bool


class CaseRead(ApiModel):
    """One young person on the agenda, as far as you may see the record."""

    id: str
    minor_id: str
    code: str
    agency_id: str
    agency: str
    own: bool
    taken_off_at: datetime | None
    decisions: list[DecisionRead] | None = Field(description="Null: not shared with you")
    tasks: list[ConferenceTaskRead] | None = Field(description="Null: not shared with you")


class ConferenceRead(ApiModel):
    """A conference, and of its agenda what you may see."""

    id: str
    name: str
    held_at: datetime
    agency_id: str
    agency: str
    own: bool
    seats: list[SeatRead]
    cases: list[CaseRead]
    not_shared: list[NotSharedRead] = Field(description="How many of each agency you may not see")
