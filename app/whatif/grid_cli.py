"""`bednight grid`: what the fixed grid of changes would have done, published for the funders whose funds they are."""

import typer

from app.console import connected, say
from app.whatif.releasing import release_due


def grid() -> None:
    """Publish what-ifs for funders: each change of a fixed grid, over each published quarter, once and for good.

    Ages one and two years up and down; the neighbouring counties of the same State, or all of it; each stay cap at 14,
    21, 30, 60, 90 and none. Small counts are hidden, and what would give them away, whatever else is published of the
    quarter; what does not stand the attack is withheld, and that is on record.

    The quarter is re-run for each series of changes, which takes seconds to minutes. What is made is kept at once:
    stopped and started again, it goes on where it was. Run it once each quarter, after the worker has published it.

    \b
    Example:
      bednight grid
    """
    with connected() as database:
        made = release_due(database, lambda done, of: say(f"{done} of {of} series of changes are over"))
    typer.echo(f"{made} tables were published.")
