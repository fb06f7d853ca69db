"""How often a house has changed in what a decision looks at. Whoever changes it counts, and so takes its lock."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.facilities.models import HouseStamp


def stamp(session: Session, facility_id: str, seen: int | None = None) -> bool:
    """Count a change of a house, and hold its lock until the end of the transaction.

    With `seen`, only where nobody has changed it since: False says that somebody did, and that nothing was counted.
    """
    own = HouseStamp.facility_id == facility_id
    where = own if seen is None else own & (HouseStamp.changes == seen)
    count = update(HouseStamp).values(changes=HouseStamp.changes + 1)
    if _changed(session, count.where(where)):
        return True
    if seen is not None and seen > 0:
        return False
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(HouseStamp).values(facility_id=facility_id, changes=1).on_conflict_do_nothing()
    if session.execute(first.returning(HouseStamp.changes)).one_or_none() is not None:
        return True
    return seen is None and _changed(session, count.where(own))


def lock(session: Session, facility_ids: Iterable[str]) -> None:
    """Hold the locks of several houses, taken in one order, before the first of them is counted."""
    own = HouseStamp.facility_id.in_(list(facility_ids))
    session.execute(select(HouseStamp.facility_id).where(own).order_by(HouseStamp.facility_id).with_for_update())


def _changed(session: Session, statement: Update) -> bool:
    done: Any = session.execute(statement)
    return bool(done.rowcount)


def stamps(session: Session) -> dict[str, int]:
    """How often each house has changed; one that is missing never has."""
    return dict(session.execute(select(HouseStamp.facility_id, HouseStamp.changes)).all())
