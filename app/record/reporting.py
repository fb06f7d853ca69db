"""The reminder to whoever must report abuse: the line of the State where the young person is."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Denied
from app.audit.service import record
from app.bodies import Sent
from app.codes import ApiModel, Basis
from app.facilities.counties import state_of
from app.facilities.models import Facility
from app.minors.models import MinorPlace
from app.minors.record_models import ReportingLine
from app.minors.record_schemas import Line

ANY = "US"


class LineSent(Sent):
    """Whom a State has people call who must report abuse."""

    name: Line
    phone: Annotated[str, Field(min_length=3, max_length=30, pattern=r"^[0-9+() .-]+$")]
    citation: Line = Field(description="Where that is said")


class LineRead(ApiModel):
    """The same; `US` is every State without a line of its own, and takes no reports itself."""

    state: str
    name: str
    phone: str
    citation: str


def lines(session: Session) -> list[LineRead]:
    """Every line on record, by State."""
    return [_read(row) for row in session.scalars(select(ReportingLine).order_by(ReportingLine.state))]


def put_line(session: Session, actor: Actor, state: str, sent: LineSent) -> LineRead:
    """Enter the line of a State, or correct it; it stands beside every flag from now on."""
    if not actor.leads:
        raise Denied(actor, "reporting_line.put", "not_the_lead", detail="For administrators of the coalition's lead.")
    row = session.get(ReportingLine, state, with_for_update=True) or ReportingLine(state=state)
    row.name, row.phone, row.citation = sent.name, sent.phone, sent.citation
    session.add(row)
    session.flush()
    record(session, actor, "reporting_line.put", "state", state)
    return _read(row)


def _read(row: ReportingLine) -> LineRead:
    return LineRead(state=row.state, name=row.name, phone=row.phone, citation=row.citation)


@dataclass(frozen=True, slots=True)
class Reporting:
    """Whom to call, and in which State."""

    state: str | None
    name: str
    phone: str


def line_for(session: Session, minor_id: str | None) -> Reporting | None:
    """The line of the State where the young person was found, or lives; else of the one State of all houses."""
    states = [] if minor_id is None else _states(session, minor_id)
    if not states:
        of_houses = session.scalars(select(Facility.state).where(Facility.state.is_not(None)).distinct()).all()
        states = [state for state in of_houses if len(of_houses) == 1 and state is not None]
    for state in (*states, ANY):
        row = session.get(ReportingLine, state)
        if row is not None:
            return Reporting(None if state == ANY else state, row.name, row.phone)
    return None


def _states(session: Session, minor_id: str) -> list[str]:
    places = session.scalars(select(MinorPlace).where(MinorPlace.minor_id == minor_id)).all()
    by_basis = {place.basis: place.state or (state_of(place.county) if place.county else None) for place in places}
    known = (by_basis.get(basis) for basis in (Basis.FOUND, Basis.RESIDENCE, Basis.JURISDICTION))
    return [state for state in known if state is not None]
