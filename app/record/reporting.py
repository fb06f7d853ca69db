"""The reminder to whoever must report abuse: the line of the State where the young person is."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.codes import Basis
from app.facilities.counties import state_of
from app.facilities.models import Facility
from app.minors.models import MinorPlace
from app.minors.record_models import ReportingLine

ANY = "US"


@dataclass(frozen=True, slots=True)
class Line:
    """Whom to call, and in which State."""

    state: str | None
    name: str
    phone: str


def line_for(session: Session, minor_id: str | None) -> Line | None:
    """The line of the State where the young person was found, or lives; else of the one State of all houses."""
    states = [] if minor_id is None else _states(session, minor_id)
    if not states:
        of_houses = session.scalars(select(Facility.state).where(Facility.state.is_not(None)).distinct()).all()
        states = [state for state in of_houses if len(of_houses) == 1 and state is not None]
    for state in (*states, ANY):
        row = session.get(ReportingLine, state)
        if row is not None:
            return Line(None if state == ANY else state, row.name, row.phone)
    return None


def _states(session: Session, minor_id: str) -> list[str]:
    places = session.scalars(select(MinorPlace).where(MinorPlace.minor_id == minor_id)).all()
    by_basis = {place.basis: place.state or (state_of(place.county) if place.county else None) for place in places}
    known = (by_basis.get(basis) for basis in (Basis.FOUND, Basis.RESIDENCE, Basis.JURISDICTION))
    return [state for state in known if state is not None]
