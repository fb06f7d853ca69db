"""`bednight whatif`: what another limit of a fund would have done, on the command line."""

import csv
import io
import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, TypedDict

import typer

from app.codes import ApiModel
from app.console import AsJson, Refused, connected, say
from app.reports.sheet import guarded
from app.whatif.best import best
from app.whatif.schemas import BestRead, Figure, WhatIf
from app.whatif.service import whatif as run
from matching.few import Measure

Row = tuple[str, ...]
HEAD: Row = ("measure", "of", "how", "then", "now", "difference")
BEST_HEAD: Row = (
    "most_rules", "put_aside", "by", "design", "design_bound", "design_proved",
    "rerun_placed_then", "rerun_placed_now", "rerun_would_gain", "rerun_would_lose",
)  # fmt: skip
MOST = 8
"""Of that many rules nobody still says that they are few."""
_TELLS_EVERY = 2.0
"""Seconds between two lines about how far it is."""
_DAY = ["%Y-%m-%d"]


def whatif(
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FUND.LIMIT=VALUE", help="A limit as it would have been; repeatable."),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--best", min=1, max=MOST, metavar="K", help="Find the best rules to put aside: one, up to K."),
    ] = None,
    nights: Annotated[
        bool, typer.Option("--nights", help="With --best: most bed-nights, not most young people.")
    ] = False,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="The first night; else that of the first decision.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=_DAY, help="The first night after it; else tonight.")
    ] = None,
    as_json: AsJson = False,
    as_sheet: Annotated[bool, typer.Option("--csv", help="Print comma-separated values, safe to open.")] = False,
) -> None:
    """What another limit of a fund would have done: the period re-run with the real beds, holds and declines of then.

    LIMIT is min_age, max_age, leaves_at_age, counties, beds_per_night, valid_from, valid_until or clock.NAME, a stay
    cap; VALUE is a number, a date, a list of FIPS codes, or none for no such rule. FUND@2026-07-01 names one dated
    row of a fund's limits; else all its rows are changed. Nothing is written.

    Each number says how it was come by: "rule alone" counts whom the changed rules would have let in, whatever beds
    there were; "re-run with beds" what would have come of it. Counts as they are, small ones too: for the lead's
    administrator, not for passing on.

    \b
    Examples:
      bednight whatif --set fund_metro30.max_age=20
      bednight whatif --set fund_metro30.clock.cap30=60 --from 2026-07-01 --until 2026-10-01 --csv
      bednight whatif --set fund_metro30.counties=13121,13089 --set fund_metro30.beds_per_night=none --json
      bednight whatif --best 3

    --best K looks for the rules of funds that, put aside, would have given most young people a bed: the best one, the
    best two, up to K, each proved by integer programming over the gaps and beds of the period, or with a bound; and
    what the re-run says of each.
    """
    if as_json and as_sheet:
        raise Refused("use one of --json and --csv")
    if bool(changes) == (most is not None) or (nights and most is None):
        raise Refused("say what is changed, by --set, or ask for the best changes, by --best")
    asked: Period = {"first": first.date() if first else None, "until": until.date() if until else None}
    with connected() as database, database.reading() as session:
        if most is not None:
            by: Measure = "nights" if nights else "people"
            best_few = best(session, database.clock, most, by, told=_Progress(), **asked)
            _show(best_few, BEST_HEAD, list(best_rows(best_few)), as_json=as_json, as_sheet=as_sheet)
        else:
            found = run(session, database.clock, changes or (), told=_Progress(), **asked)
            table = [row for row in rows(found) if as_sheet or row[1] == "" or row[5] != "0"]
            _show(found, HEAD, table, as_json=as_json, as_sheet=as_sheet)
            if not as_json and not as_sheet:
                say("Funds and counties that it changes; all of them: --csv.")
    if not as_json and not as_sheet:
        say("Small counts too: not for passing on.")


def _show(found: ApiModel, head: Row, table: list[Row], *, as_json: bool, as_sheet: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif as_sheet:
        out = io.StringIO()
        csv.writer(out).writerows([head, *(tuple(map(guarded, row)) for row in table)])
        typer.echo(out.getvalue(), nl=False)
    else:
        typer.echo("\n".join("\t".join(row) for row in [head, *table]))


class Period(TypedDict):
    """Which nights are run again; None: as far as there are decisions."""

    first: date | None
    until: date | None


class _Progress:
    """How far it is, every few seconds, on stderr."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        if (now := time.monotonic()) - self._last >= _TELLS_EVERY:
            self._last = now
            say(f"{done:,} of {of:,} decisions are over")


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
