"""The audit trail from the command line."""

import typer

from app.audit.service import verify as check_chain
from app.console import connected, say

audit = typer.Typer(help="Check the audit trail.", add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@audit.callback()
def trail() -> None:
    """Check the audit trail."""


@audit.command("verify")
def verify() -> None:
    """Walk the chain and name the first broken link; exit code 1 where there is one."""
    with connected() as database, database.reading() as session:
        verdict = check_chain(session)
    if verdict.broken_at is not None:
        say(f"Broken at row {verdict.broken_at}: {verdict.why}. The {verdict.rows} rows before it hold.")
        raise typer.Exit(1)
    typer.echo(f"{verdict.rows} rows, all hold.")
