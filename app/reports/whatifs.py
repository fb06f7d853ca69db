"""What a funder reads of the grid of changes to its own funds: of each what was published, and nothing else.

The lead reads the same here: every number of any change at all is for the lead at `/whatif`.
"""

import math
import re
from collections.abc import Iterator

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.clock import Clock
from app.codes import ApiModel, CalendarDate
from app.reports import reading
from app.reports.models import PublishedTable, TableKind
from app.reports.quarters import Quarter
from app.reports.schemas import HIDDEN as NOT_SHOWN
from app.reports.sheet import HIDDEN, sheet_of

HEAD = ("quarter", "fund", "program", "change", "withheld", "how", "measure", "count")
RULE_ALONE: tuple[str, ...] = ("let", "still")
RERUN: tuple[str, ...] = ("gain", "lose", "more", "fewer")


class ChangeOfFund(ApiModel):
    """One change of the grid: what it would have done in the quarter, as far as it may be told."""

    change: str = Field(
        description="`max_age+1`, `min_age-2`: a limit of age so many years up or down; `counties+near`, "
        "`counties+state`: with the neighbouring counties of the same State, or all of it; `clock.NAME=60`: this stay "
        "cap at so many, or `none`"
    )
    withheld: bool = Field(description="Nothing of it could be published")
    let: int | None = Field(
        description="Rule alone: young people whom the fund turned away and would have let in, whatever beds there "
        f"were{NOT_SHOWN}"
    )
    still: int | None = Field(description=f"Rule alone: those whom it would still have turned away{NOT_SHOWN}")
    gain: int | None = Field(
        description=f"Re-run with beds: young people who would have had a bed and had none{NOT_SHOWN}"
    )
    lose: int | None = Field(
        description=f"Re-run with beds: those who had one and would have had none, in the whole network{NOT_SHOWN}"
    )
    more: int | None = Field(description=f"Re-run with beds: bed-nights the fund would have paid beside{NOT_SHOWN}")
    fewer: int | None = Field(description=f"Re-run with beds: bed-nights it paid and would not have{NOT_SHOWN}")


class FundWhatifs(ApiModel):
    """The changes of one fund, in the order of the grid."""

    fund: str
    program: str | None
    most_small: int = Field(description="Counts from 1 to this are not shown")
    changes: list[ChangeOfFund]


class WhatifsRead(ApiModel):
    """What the grid of changes would have done in a quarter; a fund whose grid is not out is missing."""

    quarter: str
    first: CalendarDate
    until: CalendarDate
    funds: list[FundWhatifs]


def read(session: Session, actor: Actor, clock: Clock, name: str) -> WhatifsRead:
    """The grid of a quarter, of the own funds; 404 where nothing is published of them in it."""
    quarter = reading.read_quarter(session, actor, clock, name)
    found = []
    for fund_id, program in reading.funds_for(session, actor).items():
        rows = _out(session, quarter, fund_id)
        if rows:
            most_small = max(row.most_small for row in rows)
            changes = [_change(row) for row in rows]
            found.append(FundWhatifs(fund=fund_id, program=program, most_small=most_small, changes=changes))
    return WhatifsRead(quarter=quarter.name, first=quarter.first, until=quarter.until, funds=found)


def _out(session: Session, quarter: Quarter, fund_id: str) -> list[PublishedTable]:
    of = (PublishedTable.first == quarter.first, PublishedTable.fund_id == fund_id)
    rows = session.scalars(select(PublishedTable).where(PublishedTable.kind == TableKind.WHATIF, *of))
    return sorted(rows, key=lambda row: _place(row.change or ""))


def _place(change: str) -> tuple[int, str, float, str]:
    """Where a change stands in the grid: ages, then counties, then caps from short to none."""
    if at := re.fullmatch(r"(max|min)_age([+-][0-9]+)", change):
        return (0, at[1], int(at[2]), "")
    if at := re.fullmatch(r"clock\.(.*)=([0-9]+|none)", change):
        return (2, at[1], math.inf if at[2] == "none" else int(at[2]), "")
    return (1, "", 0, change)


def _change(row: PublishedTable) -> ChangeOfFund:
    shown = {cell["name"].rpartition(f"{row.change}:")[2]: cell["count"] for cell in row.cells}
    counts = {measure: shown.get(measure) for measure in (*RULE_ALONE, *RERUN)}
    return ChangeOfFund(change=row.change or "", withheld=row.withheld, **counts)


def as_csv(found: WhatifsRead) -> str:
    """Every number of the grid, a row each."""
    return sheet_of(HEAD, rows(found))


def rows(found: WhatifsRead) -> Iterator[tuple[str, ...]]:
    """Quarter, fund, its program, the change, how the number was come by, what it counts, and the count."""
    how = dict.fromkeys(RULE_ALONE, "rule alone") | dict.fromkeys(RERUN, "re-run with beds")
    for fund in found.funds:
        for one in fund.changes:
            for measure, come_by in how.items():
                count = getattr(one, measure)
                yield (
                    found.quarter, fund.fund, fund.program or "", one.change, "yes" if one.withheld else "no", come_by,
                    measure, HIDDEN if count is None else str(count),
                )  # fmt: skip
