"""`bednight gaps`: the gap audit of a quarter on the command line."""

from typing import Annotated

import typer

from app.console import AsJson, Refused, connected, say
from app.reports import reading
from app.reports.sheet import HIDDEN, as_csv, rows


def gaps(
    quarter: Annotated[str | None, typer.Option(help="Such as 2026-Q3; else the newest there is.")] = None,
    fund: Annotated[list[str] | None, typer.Option(help="Only this fund, by id; may be repeated.")] = None,
    as_json: AsJson = False,
    as_sheet: Annotated[bool, typer.Option("--csv", help="Print comma-separated values, safe to open.")] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Every count as it is, small ones too: not for passing on.")
    ] = False,
) -> None:
    """Whom the funds turned away in a quarter, by which rules, and what they left unspent.

    Without --whole it prints what was published: small counts are hidden, and what would give them away.

    \b
    Examples:
      bednight gaps
      bednight gaps --quarter 2026-Q3 --csv > 2026-Q3.csv
      bednight gaps --fund fund_metro30 --json
    """
    if as_json and as_sheet:
        raise Refused("use one of --json and --csv")
    with connected() as database, database.reading() as session:
        found = reading.for_operator(session, database.clock, quarter, fund, whole=whole)
    if found is None:
        raise Refused("nothing is published of it; the worker publishes a quarter two weeks after it ends")
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif as_sheet:
        typer.echo(as_csv(found), nl=False)
    else:
        for row in rows(found):
            typer.echo("\t".join(row[1:]))
        if not whole:
            few = f"{HIDDEN}: from 1 to {found.most_small}, or what would give such a count away."
            say(f"{few} Every count: bednight gaps --whole")
