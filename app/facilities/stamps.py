"""How often a house has changed in what a decision looks at. Whoever changes it counts, and so takes its lock."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db import table_of
from app.facilities.models import HouseStamp

_ROWS = table_of(HouseStamp)
_COUNT = update(_ROWS).where(_ROWS.c.facility_id == bindparam("house")).values(changes=_ROWS.c.changes + 1)
_COUNT_IF = _COUNT.where(_ROWS.c.changes == bindparam("seen"))
_FIRST = {
    name: insert(_ROWS)
    .values(facility_id=bindparam("house"), changes=1)
    .on_conflict_do_nothing()
    .returning(_ROWS.c.changes)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def stamp(session: Session, facility_id: str, seen: int | None = None) -> bool:
    """Count a change of a house, and hold its lock until the end of the transaction.

    With `seen`, only where nobody has changed it since: False says that somebody did, and that nothing was counted.
    """
    if seen is None and _changed(session, _COUNT, house=facility_id):
        return True
    if seen:
        return _changed(session, _COUNT_IF, house=facility_id, seen=seen)
    first = session.execute(_FIRST[session.get_bind().dialect.name], {"house": facility_id})
    if first.one_or_none() is not None:
        return True
    return seen is None and _changed(session, _COUNT, house=facility_id)


def lock(session: Session, facility_ids: Iterable[str]) -> None:
    """Hold the locks of several houses, taken in one order, before the first of them is counted."""
    own = HouseStamp.facility_id.in_(list(facility_ids))
    session.execute(select(HouseStamp.facility_id).where(own).order_by(HouseStamp.facility_id).with_for_update())


def _changed(session: Session, statement: Update, **which: object) -> bool:
    done: Any = session.execute(statement, which)
    return bool(done.rowcount)


def stamps(session: Session) -> dict[str, int]:
    """How often each house has changed; one that is missing never has."""
    return dict(session.execute(select(HouseStamp.facility_id, HouseStamp.changes)).all())
