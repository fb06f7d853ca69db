"""How the cells of tables are called: a name is one number, in whatever table it stands."""

from collections.abc import Iterable, Mapping

from app.reports.models import TableKind
from app.reports.quarters import Quarter
from matching.disclosure import Sum, Table

DEAR = (
    ("asked", 40_000),
    ("all", 20_000),
    ("reached", 20_000),
    ("only:", 6000),
    ("others", 5000),
    ("any:", 3000),
    ("let", 3000),
)
"""What hiding a number costs its reader: first of all the totals are kept, then the list that adds up to them."""
NETWORK_WIDE = frozenset({"asked", "placed", "never", "waited"})


def cells_of(quarter: Quarter, fund_id: str | None) -> str:
    """How the names of the cells about a fund begin in a quarter, or of those about the whole network."""
    return f"{quarter.name}|" if fund_id is None else f"{quarter.name}|{fund_id}|"


def named(
    quarter: Quarter,
    fund_id: str | None,
    cells: Mapping[str, int],
    sums: Iterable[Sum],
    people: Mapping[str, int] | None = None,
    known: Iterable[str] = (),
    of: TableKind | None = None,
) -> Table:
    """The table with names that are one number wherever they stand."""

    def full(name: str) -> str:
        if name in NETWORK_WIDE or name.startswith("fair_"):
            return f"{cells_of(quarter, None)}{name}"
        return f"{cells_of(quarter, fund_id)}{name}" if of is None else f"{cells_of(quarter, fund_id)}{of}|{name}"

    return Table(
        {full(name): count for name, count in cells.items()},
        tuple(Sum(full(row.whole), tuple(map(full, row.parts))) for row in sums),
        {full(name): count for name, count in (people or {}).items()},
        frozenset(map(full, known)),
        {full(name): cost for name in cells for start, cost in DEAR if name.startswith(start)},
    )
