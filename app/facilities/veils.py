"""What an answer did not tell, the list of open beds must not tell either: see `Veil`."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import insert_into
from app.facilities.models import Veil


def veil(session: Session, agency_id: str, night: date, facility_ids: Iterable[str]) -> None:
    """Show this agency no open bed of these houses tonight."""
    rows = [{"agency_id": agency_id, "night": night, "facility_id": one} for one in sorted(facility_ids)]
    if rows:
        session.execute(insert_into(session, Veil).on_conflict_do_nothing(), rows)


def veiled(session: Session, agency_id: str, night: date) -> set[str]:
    """Houses of which this agency is shown no open bed tonight."""
    return set(session.scalars(select(Veil.facility_id).where(Veil.agency_id == agency_id, Veil.night == night)))
