"""Stored decisions from the command line."""

from typing import Annotated

import typer

from app.console import Refused, connected, say
from app.placements import replaying


def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a stored ranking run, or of a plan.")],
) -> None:
    """Derive a stored decision again and compare; exit code 1 where it is not identical or a fault is found.

    Where somebody it looked at was expunged since, that is all that can be said; exit code 3.
    """
    with connected() as database, database.reading() as session:
        found = replaying.of_ranking(session, run) or replaying.of_plan(session, run)
    if found is None:
        raise Refused("there is no such run")
    for what, (then, now) in found.versions._asdict().items():
        say(f"{what}: {then} then, {now} now")
    if found.expunged:
        typer.echo("input expunged: the key of somebody it looked at was destroyed, so it cannot be derived again")
        raise typer.Exit(3)
    for line in (*found.differences, *(f"fault: {fault}" for fault in found.faults)):
        typer.echo(line)
    if found.differences or found.faults:
        raise typer.Exit(1)
    if found.derived:
        by = "" if found.versions.same else " by what runs now"
        typer.echo(f"identical{by}, and the checker finds no fault")
    else:
        typer.echo("the checker finds no fault; cut by its deadline, so it cannot be derived again")
