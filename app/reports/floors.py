"""From how many young people on a count may leave: ten and fewer are hidden, unless the lead says otherwise."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.audit.service import record
from app.bodies import Sent
from app.codes import Words
from app.errors import FieldError, invalid
from app.reports.models import ReportFloor
from matching.disclosure import DEFAULT, LEAST_ALLOWED, MOST_SMALL, NOT_WITHIN_TWO, Floor

MOST = 50


class FloorSent(Sent):
    """Which counts are small, from the next quarter that is published on; what is out stays as it is."""

    most_small: Annotated[int, Field(ge=LEAST_ALLOWED, le=MOST)] = Field(
        description="Counts from 1 to this are not shown, nor what would give them away"
    )
    reason: Words | None = Field(
        default=None, description=f"Needed below {MOST_SMALL}: such as the funders' agreement that allows it"
    )


def current(session: Session) -> Floor:
    """The floor that was set last, else the default."""
    row = session.scalars(select(ReportFloor).order_by(ReportFloor.id.desc())).first()
    return DEFAULT if row is None else _floor(row.most_small, row.reason)


def read(session: Session) -> FloorSent:
    """What is set."""
    floor = current(session)
    return FloorSent(most_small=floor.most_small, reason=floor.reason)


def put(session: Session, actor: Actor, sent: FloorSent, now: datetime) -> FloorSent:
    """Set it, for an administrator of the coalition's lead; each change stays on record with who made it."""
    if not actor.leads:
        raise Denied(actor, "report_floor.put", "not_the_lead", detail="For administrators of the coalition's lead.")
    if sent.most_small < MOST_SMALL and not sent.reason:
        raise invalid([FieldError("/reason", "missing", f"Say why counts of {MOST_SMALL} and fewer may be shown.")])
    row = ReportFloor(most_small=sent.most_small, reason=sent.reason, set_at=now, set_by=actor.id)
    session.add(row)
    session.flush()
    record(session, actor, "report_floor.put", "report_floor", str(row.id))
    return read(session)


def _floor(most_small: int, reason: str | None) -> Floor:
    """A hidden count is as open as the whole range of small ones, never less than no reason allows."""
    return Floor(most_small=most_small, width=max(NOT_WITHIN_TWO, most_small - 1), reason=reason)
