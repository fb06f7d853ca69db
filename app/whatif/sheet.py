"""The counts of what-ifs as rows of a table: the same on a page, in a file and on the command line."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.whatif.schemas import BestRead, Figure, WhatIf

Row = tuple[str, ...]
HEAD: Row = ("measure", "of", "how", "then", "now", "difference")
BEST_HEAD: Row = (
    "most_rules", "put_aside", "by", "design", "design_bound", "design_proved",
    "rerun_placed_then", "rerun_placed_now", "rerun_would_gain", "rerun_would_lose",
)  # fmt: skip


SWEEP_HEAD: Row = (
    "number", "changes", "placed_then", "placed_now", "would_gain", "would_lose",
    "nights_then", "nights_now", "waited_nights_then", "waited_nights_now", "turned_away", "rule_alone_let",
)  # fmt: skip


def sweep_rows(found: Iterable[WhatIf]) -> Iterator[Row]:
    """A row for each of many what-ifs: re-run with beds, but for the last two, which count by the rule alone."""
    for number, one in enumerate(found, 1):
        changes = " ".join(f"{change.fund}.{change.limit}={_value(change.value)}" for change in one.changes)
        figures = (number, changes, one.placed.then, one.placed.now, one.would_gain, one.would_lose,
                   one.nights.then, one.nights.now, one.waited.then, one.waited.now,
                   sum(row.turned_away for row in one.turned_away),
                   sum(row.let for row in one.turned_away))  # fmt: skip
        yield tuple(map(str, figures))


def _value(value: Any) -> str:
    return "none" if value is None else ",".join(value) if isinstance(value, list | tuple) else str(value)


def best_rows(found: BestRead) -> Iterator[Row]:
    """For each number of rules: which, what they do by the design, what no others exceed, and what the re-run says."""
    for line in found.curve:
        levers = " and ".join(f"{one.fund} {one.rule}" for one in line.levers)
        placed = line.rerun.placed
        yield (str(line.most), levers, found.by, str(line.value), str(line.bound), "yes" if line.proved else "no",
               str(placed.then), str(placed.now), str(line.rerun.would_gain), str(line.rerun.would_lose))  # fmt: skip


def rows(found: WhatIf) -> Iterator[tuple[str, ...]]:
    """What is counted, of which fund or county, how it was come by, as it was, as it would be, and the difference."""
    for one in found.turned_away:
        yield ("turned_away", one.fund, one.how, str(one.turned_away), str(one.turned_away - one.let), f"{-one.let:d}")
    for name in ("placed", "nights", "waited"):
        yield _row(f"{name}_nights" if name == "waited" else name, "", getattr(found, name))
    yield ("would_gain", "", found.placed.how, "", str(found.would_gain), "")
    yield ("would_lose", "", found.placed.how, "", str(found.would_lose), "")
    for fund in found.funds:
        yield _row("nights_of_fund", fund.fund or "nobody", fund.nights)
        if fund.cents is not None:
            yield _row("cents_of_fund", fund.fund or "nobody", fund.cents)
    for county in found.counties:
        yield _row("placed_of_county", county.county or "not known", county.placed)
        yield _row("nights_of_county", county.county or "not known", county.nights)


def _row(name: str, of: str, figure: Figure) -> tuple[str, ...]:
    return (name, of, figure.how, str(figure.then), str(figure.now), str(figure.now - figure.then))
