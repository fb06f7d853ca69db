"""What the API takes and answers about tasks."""

from datetime import datetime

from pydantic import Field

from app.bodies import Sent
from app.codes import ApiModel, Instant
from app.tasks.models import TaskKind, TaskOutcome
from app.versions import Version


class TaskRead(ApiModel):
    """Something to do; about whom stands elsewhere."""

    id: str
    version: int
    kind: TaskKind
    subject_kind: str = Field(description="What it is about: stay, referral, offer, exception or minor")
    subject_id: str
    facility_id: str | None
    made_at: datetime
    due_at: datetime
    overdue: bool
    done_at: datetime | None
    outcome: TaskOutcome | None
    outcomes: list[TaskOutcome] = Field(description="What may come of it")


class TaskDone(Sent):
    """What came of it."""

    outcome: TaskOutcome
    until: Instant | None = Field(default=None, description="Required where an authority is renewed: when it ends now")
    version: Version = None
