"""Publishing a quarter: each table once and for good, after the attack on it and on what left before.

Counting reads, hiding thinks, and only the row that is kept writes: nothing is held while the solver works.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.clock import Clock
from app.db import Database, insert_into, new_id
from app.funding.models import Fund, Funder
from app.gaps.findings import make_up
from app.gaps.models import DecisionCounted
from app.reports import counting, floors, people
from app.reports.models import PublishedTable, TableKind
from app.reports.quarters import Quarter
from matching.disclosure import DEFAULT, Floor, Published, Sum, Table, Unsafe, protect

Json = dict[str, Any]

SETTLED = timedelta(days=14)
"""After the last night of a quarter: what is entered until then counts, and what comes later changes no number."""


def publish_due(database: Database) -> int:
    """Publish every table of the quarters that are over and settled; how many these were."""
    with database.reading() as session:
        due, floor = _due(session, database.clock), floors.current(session)
    if due and make_up(database):
        # Decisions from before there was a ledger may lie in quarters of their own.
        with database.reading() as session:
            due = _due(session, database.clock)
    return sum(publish(database, quarter, fund_id, floor) for quarter, fund_id in due)


def publish(database: Database, quarter: Quarter, fund_id: str | None, floor: Floor = DEFAULT) -> int:
    """Publish what is counted about a fund, or about the whole network; how many tables were new."""
    with database.reading() as session:
        everybody = people.of_quarter(session, quarter)
        if fund_id is None:
            tables = counting.network(session, quarter, everybody, floor)
        else:
            tables = counting.of_fund(session, quarter, fund_id, everybody, database.clock.tonight(), floor)
    made = 0
    for kind, table in tables.items():
        with database.reading() as session:
            earlier = out_already(session, quarter, fund_id)
        made += keep(database, quarter, fund_id, kind, table, earlier, floor)
    return made


def out_already(session: Session, quarter: Quarter, fund_id: str | None) -> list[Published]:
    """Whatever was published of nights of this quarter that one reader may have beside what is about this fund.

    That is what is about the whole network, and about every fund of the same funder: its people read all of these.
    """
    query = select(PublishedTable).where(PublishedTable.first < quarter.until, PublishedTable.until > quarter.first)
    if fund_id is not None:
        whose = or_(PublishedTable.fund_id.is_(None), PublishedTable.fund_id.in_(_beside(fund_id)))
        query = query.where(whose)
    return [read_back(row) for row in session.scalars(query.order_by(PublishedTable.id))]


def _beside(fund_id: str) -> Select[str]:
    """This fund, and the others whose funder is the same agency."""
    agency = select(Funder.agency_id).join(Fund, Fund.funder_id == Funder.id).where(Fund.id == fund_id)
    own = or_(Fund.id == fund_id, Funder.agency_id == agency.scalar_subquery())
    return select(Fund.id).outerjoin(Funder, Funder.id == Fund.funder_id).where(own)


def read_back(row: PublishedTable) -> Published:
    """A table as its readers know it."""
    shown = {cell["name"]: cell["count"] for cell in row.cells if cell["count"] is not None}
    hidden = frozenset(cell["name"] for cell in row.cells if cell["count"] is None)
    return Published(shown, hidden, tuple(Sum(one["whole"], tuple(one["parts"])) for one in row.sums))


def _due(session: Session, clock: Clock) -> list[tuple[Quarter, str | None]]:
    """Quarters with decisions in them and, of each, the funds that somebody reads about, where nothing is out yet."""
    first = session.scalar(select(func.min(DecisionCounted.night)))
    if first is None:
        return []
    funds = session.scalars(select(Fund.id).join(Funder).where(Funder.agency_id.is_not(None)).order_by(Fund.id)).all()
    rows = session.execute(select(PublishedTable.first, PublishedTable.fund_id).distinct())
    there = {(on, fund_id) for on, fund_id in rows}
    return [
        (quarter, fund_id)
        for quarter in _settled(first, clock.tonight())
        for fund_id in (None, *funds)
        if (quarter.first, fund_id) not in there
    ]


def _settled(first: date, tonight: date) -> Iterator[Quarter]:
    quarter = Quarter.of(first)
    while quarter.until + SETTLED <= tonight:
        yield quarter
        quarter = quarter.next


def keep(
    database: Database,
    quarter: Quarter,
    fund_id: str | None,
    kind: TableKind,
    table: Table,
    earlier: list[Published],
    floor: Floor,
    change: str | None = None,
) -> int:
    """Hide what must be, and put what is left, or that nothing can be shown, into the register; 0: it is there already.

    `change`: of a what-if, which change of the grid. Where another table left meanwhile it is not kept, and stays due.
    """
    try:
        out, withheld = protect(table, earlier, floor), False
    except Unsafe:
        # It is on record that it was not: what nobody may see is not tried again with every round.
        out, withheld = Published({}, frozenset(), ()), True
    table_id = new_id("table")
    row = {
        "id": table_id,
        "kind": kind,
        "change": change,
        "fund_id": fund_id,
        "first": quarter.first,
        "until": quarter.until,
        "published_at": database.clock.now(),
        "most_small": floor.most_small,
        "width": floor.width,
        "floor_reason": floor.reason,
        "withheld": withheld,
        "cells": [] if withheld else [{"name": name, "count": out.shown.get(name)} for name in table.cells],
        "sums": [{"whole": one.whole, "parts": list(one.parts)} for one in out.sums],
        "once": ":".join(filter(None, (quarter.name, kind, fund_id or "network", change))),
    }
    with database.writing() as session:
        if change is not None and _more_is_out(session, quarter, fund_id, earlier):
            return 0
        new = insert_into(session, PublishedTable).values(**row)
        done = session.execute(new.on_conflict_do_nothing(index_elements=["once"]).returning(PublishedTable.id))
        made = done.one_or_none() is not None
        if made:
            record(session, None, "table.publish", "published_table", table_id)
    return int(made)


def _more_is_out(session: Session, quarter: Quarter, fund_id: str | None, earlier: list[Published]) -> bool:
    """Whether something left that the attack did not see. Who keeps another of the same funder waits for this one."""
    of_one_reader = () if fund_id is None else session.scalars(_beside(fund_id)).all()
    session.execute(select(Fund.id).where(Fund.id.in_(of_one_reader)).order_by(Fund.id).with_for_update())
    return len(out_already(session, quarter, fund_id)) != len(earlier)
