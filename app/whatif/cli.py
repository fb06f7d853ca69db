"""`bednight whatif`: what another limit of a fund would have done, on the command line."""

import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from app.codes import ApiModel
from app.config import Settings
from app.console import AsJson, Refused, connected, say
from app.errors import Problem
from app.reports.sheet import sheet_of
from app.whatif.asking import read
from app.whatif.best import best
from app.whatif.schemas import Sweep, WhatIf
from app.whatif.service import MOST, period_of
from app.whatif.service import whatif as run
from app.whatif.sheet import BEST_HEAD, HEAD, SWEEP_HEAD, Row, best_rows, rows, sweep_rows
from app.whatif.sweep import sweep
from matching.few import Measure

MOST_SCENARIOS = 1000
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
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="Many what-ifs, one a line, its changes with blanks between."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="With --file: in how many processes, or parts.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="With --file: on this cluster of Dask's workers.")
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
      bednight whatif --file grid.txt --csv
      bednight whatif --file grid.txt --cluster tcp://10.0.0.5:8786 --json

    --best K looks for the rules of funds that, put aside, would have given most young people a bed: the best one, the
    best two, up to K, each proved by integer programming over the gaps and beds of the period, or with a bound; and
    what the re-run says of each.
    """
    if as_json and as_sheet:
        raise Refused("use one of --json and --csv")
    if sum((bool(changes), most is not None, file is not None)) != 1 or (nights and most is None):
        raise Refused("say what is changed, by --set or --file, or ask for the best changes, by --best")
    asked: Period = {"first": first.date() if first else None, "until": until.date() if until else None}
    if file is not None:
        many = sweep_of(file, asked, workers, cluster)
        _show(Sweep(whatifs=many), SWEEP_HEAD, list(sweep_rows(many)), as_json=as_json, as_sheet=as_sheet)
        return
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


class Period(TypedDict):
    """Which nights are run again; None: as far as there are decisions."""

    first: date | None
    until: date | None


def sweep_of(file: str, asked: Period, workers: int | None, cluster: str | None) -> list[WhatIf]:
    """The what-ifs of a file, each line read before any is run."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused("this file cannot be read") from None
    scenarios = [line.split() for line in text.splitlines() if line.strip()]
    if not 0 < len(scenarios) <= MOST_SCENARIOS:
        raise Refused(f"write 1 to {MOST_SCENARIOS} what-ifs into the file, one a line")
    settings = Settings.from_env()
    with connected(settings) as database, database.reading() as session:
        period = period_of(session, database.clock, asked["first"], asked["until"])
        for at, said in enumerate(scenarios, 1):
            try:
                read(session, said)
            except Problem as problem:
                raise Refused(f"line {at}: {problem.errors[0].message}") from None
    return sweep(
        settings,
        scenarios,
        period.first,
        period.until,
        workers=workers,
        cluster=cluster,
        told=_Progress("what-ifs are answered"),
    )


def _show(found: ApiModel, head: Row, table: list[Row], *, as_json: bool, as_sheet: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif as_sheet:
        typer.echo(sheet_of(head, table), nl=False)
    else:
        typer.echo("\n".join("\t".join(row) for row in [head, *table]))


class _Progress:
    """How far it is, every few seconds, on stderr."""

    def __init__(self, what: str = "decisions are over") -> None:
        self._what = what
        self._last = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        if (now := time.monotonic()) - self._last >= _TELLS_EVERY:
            self._last = now
            say(f"{done:,} of {of:,} {self._what}")
