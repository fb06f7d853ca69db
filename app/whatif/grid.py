"""The fixed grid of changes that a funder may read of its own fund: no other what-if of it is ever published.

Ages one and two years up and down, the neighbouring counties of the same State or all of it, and each stay cap at 14,
21, 30, 60, 90 and none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.errors import Problem
from app.funding.models import FundClock, FundLimit
from app.reports.quarters import Quarter
from app.web.places import counties, counties_of, neighbours
from app.whatif.asking import CLOCK, NONE, read

AGES = (1, 2)
CAPS = (14, 21, 30, 60, 90, None)
AGE, RESIDENCE, CAP = "funding.age_band", "funding.residence", "funding.clock"
NEAR, STATE = "counties+near", "counties+state"


@dataclass(frozen=True, slots=True)
class GridRow:
    """One change of the grid.

    Attributes
    ----------
    name : str
        As the register keeps it: `max_age+1`, `counties+near`, `clock.cap30=60`.
    rule : str
        The rule of the fund that it changes.
    series : str
        Changes of one series go further and further: what one does beyond another can be told from both.
    said : tuple of str
        What is changed, as `bednight whatif` reads it.
    """

    name: str
    rule: str
    series: str
    said: tuple[str, ...]


def grid_of(session: Session, fund_id: str, quarter: Quarter) -> list[GridRow]:
    """The changes that say something of a fund in a quarter, each series in its order; those that contradict go."""
    limits = session.scalars(
        select(FundLimit)
        .where(FundLimit.fund_id == fund_id, FundLimit.valid_from < quarter.until)
        .where(or_(FundLimit.valid_until.is_(None), FundLimit.valid_until > quarter.first))
        .order_by(FundLimit.position)
    ).all()
    rows = [*_ages(limits), *_counties(limits), *_caps(session, limits)]
    return [row for row in rows if row.said and _readable(session, row)]


def _readable(session: Session, row: GridRow) -> bool:
    """Whether the change can be: no band of ages ends before it begins, and two rows of a day are told apart."""
    try:
        read(session, row.said)
    except Problem:
        return False
    return True


def _ages(limits: Sequence[FundLimit]) -> Iterator[GridRow]:
    for name in ("max_age", "min_age"):
        for sign in (1, -1):
            for years in AGES:
                said = tuple(
                    f"{_row(limit)}.{name}={getattr(limit, name) + sign * years}"
                    for limit in limits
                    if getattr(limit, name) is not None
                )
                yield GridRow(f"{name}{sign * years:+d}", AGE, f"{name}{'+' if sign > 0 else '-'}", said)


def _counties(limits: Sequence[FundLimit]) -> Iterator[GridRow]:
    for name in (NEAR, STATE):
        said = []
        for limit in limits:
            own = [code for code in limit.residence_counties or () if code in counties()]
            if name == NEAR:
                wider = set(own).union(*(neighbours()[code] for code in own))
            else:
                wider = {row.fips for row in counties_of({counties()[code].state for code in own})}
            if wider - set(own):
                said.append(f"{_row(limit)}.counties={','.join(sorted(wider.union(limit.residence_counties or ())))}")
        yield GridRow(name, RESIDENCE, "counties", tuple(said))


def _caps(session: Session, limits: Sequence[FundLimit]) -> Iterator[GridRow]:
    own = [limit.id for limit in limits]
    clocks: dict[str, set[int]] = {}
    for code, most in session.execute(select(FundClock.code, FundClock.limit).where(FundClock.limit_id.in_(own))):
        clocks.setdefault(code, set()).add(most)
    fund_id = limits[0].fund_id if limits else ""
    for code, there in sorted(clocks.items()):
        for cap in CAPS:
            if there != {cap}:
                value = NONE if cap is None else str(cap)
                longer = cap is None or cap > max(there)
                name, series = f"{CLOCK}{code}={value}", f"{CLOCK}{code}{'+' if longer else '-'}"
                yield GridRow(name, CAP, series, (f"{fund_id}.{name}",))


def _row(limit: FundLimit) -> str:
    return f"{limit.fund_id}@{limit.valid_from}"
