"""What the API takes and answers about what follows a stay."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.bodies import Sent
from app.codes import ApiModel, Day, Words
from app.stays.aftercare_models import Support
from app.tasks.models import TaskOutcome
from app.versions import Version


class AftercareItemForm(ApiModel):
    """One thing in a plan."""

    kind: Support
    with_whom: Words = Field(description="An organisation or a role, never a young person")
    starts_on: Day | None = None


class AftercareChange(Sent):
    """The plan as it shall be."""

    items: Annotated[list[AftercareItemForm], Field(max_length=40)]
    version: Version = None


class FollowUp(ApiModel):
    """One look at how the young person fares."""

    task_id: str
    due_at: datetime
    done_at: datetime | None
    outcome: TaskOutcome | None


class AftercareRead(ApiModel):
    """The plan for after a stay, and its follow-ups."""

    stay_id: str
    version: int
    items: list[AftercareItemForm]
    follow_ups: list[FollowUp]
