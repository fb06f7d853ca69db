"""Releasing the grid: each change of each fund over a published quarter, once and for good, after the attack on it.

It takes a re-run of the quarter for each series of changes, so it is a command of its own and not a round of the
worker. What is made is kept at once: whoever stops it goes on where it stopped.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database
from app.reports import counting, floors, naming, people
from app.reports.models import PublishedTable, TableKind
from app.reports.publishing import keep, out_already
from app.reports.quarters import Quarter
from app.whatif.asking import read
from app.whatif.effects import Base, Effect, effect, table
from app.whatif.grid import GridRow, grid_of
from app.whatif.past import Period, past
from matching.disclosure import DEFAULT, Floor
from matching.whatif import reruns

Told = Callable[[int, int], None]


class Series(NamedTuple):
    """Changes of one fund that go further and further, some of which are not out."""

    quarter: Quarter
    fund_id: str
    rows: tuple[GridRow, ...]
    missing: frozenset[str]


def due(session: Session) -> list[Series]:
    """What is not out of the grid of any quarter and fund that is, the newest quarter first."""
    rows = session.execute(
        select(PublishedTable.first, PublishedTable.fund_id, PublishedTable.change).where(
            PublishedTable.fund_id.is_not(None)
        )
    ).all()
    out = {(first, fund_id, change) for first, fund_id, change in rows}
    found = []
    for first, fund_id in sorted(
        {(row.first, row.fund_id) for row in rows}, key=lambda one: (-one[0].toordinal(), one[1])
    ):
        for of in _series(session, Quarter.of(first), fund_id):
            missing = frozenset(row.name for row in of if (first, fund_id, row.name) not in out)
            if missing:
                found.append(Series(Quarter.of(first), fund_id, tuple(of), missing))
    return found


def _series(session: Session, quarter: Quarter, fund_id: str) -> Iterator[list[GridRow]]:
    by: dict[str, list[GridRow]] = {}
    for row in grid_of(session, fund_id, quarter):
        by.setdefault(row.series, []).append(row)
    yield from by.values()


def release_due(database: Database, told: Told = lambda done, of: None, *, newest: bool = False) -> int:
    """Release whatever is due of the grid; how many tables were new.

    `told`: is told how many series of changes are over, of how many. `newest`: of the newest such quarter alone.
    """
    with database.reading() as session:
        waiting = due(session)
    waiting = [series for series in waiting if not newest or series.quarter == waiting[0].quarter]
    made = 0
    for done, series in enumerate(waiting, 1):
        made += release(database, series)
        told(done, len(waiting))
    return made


def release(database: Database, series: Series) -> int:
    """Re-run a quarter under each change of a series, and keep of each what may leave; how many were new."""
    with database.reading() as session:
        floor = floors.current(session)
        base = base_of(session, series.quarter, series.fund_id)
        effects = effects_of(session, series)
    made = 0
    there = {row.name: effects[row.name] for row in series.rows if row.name not in series.missing}
    for row in series.rows:
        if row.name in series.missing:
            with database.reading() as session:
                earlier = out_already(session, series.quarter, series.fund_id)
            found = table(row, effects[row.name], there, base)
            kind = TableKind.WHATIF
            made += keep(database, series.quarter, series.fund_id, kind, found, earlier, floor, row.name)
            there[row.name] = effects[row.name]
    return made


def effects_of(session: Session, series: Series) -> dict[str, Effect]:
    """What each change of a series comes to, those too that are out: what one does beyond another is looked at."""
    quarter, fund_id = series.quarter, series.fund_id
    seen = past(session, Period(quarter.first, quarter.until), {fund_id})
    worlds = [[asked.change for asked in read(session, row.said)] for row in series.rows]
    return {
        row.name: effect(seen, found, quarter, fund_id)
        for row, found in zip(series.rows, reruns(seen, worlds), strict=True)
    }


def base_of(session: Session, quarter: Quarter, fund_id: str) -> Base:
    """Who is behind what is out of a quarter about a fund, by the floor by which its small groups were gathered."""
    out = select(PublishedTable).where(PublishedTable.first == quarter.first, PublishedTable.fund_id == fund_id)
    row = session.scalars(out.where(PublishedTable.kind != TableKind.WHATIF)).first()
    floor = DEFAULT if row is None else Floor(most_small=row.most_small, width=row.width, reason=row.floor_reason)
    everybody = people.of_quarter(session, quarter)
    rules, lists = counting.turned_away(session, quarter, fund_id, everybody, floor)
    nights = counting.of_fund(session, quarter, fund_id, everybody, quarter.until, floor).get(TableKind.NIGHTS)
    start = naming.cells_of(quarter, fund_id)
    return Base(
        fund=start,
        network=naming.cells_of(quarter, None),
        turned_away=frozenset(rules),
        rules={rule: frozenset(one for one in rules if rule in rules[one]) for rule in set().union(*rules.values())},
        lists=lists,
        placed=frozenset(one for one, person in everybody.items() if person.placed),
        never=frozenset(one for one, person in everybody.items() if not person.placed),
        unspent=None if nights is None else nights.cells[f"{start}unspent"],
    )
