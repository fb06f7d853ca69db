"""What beds are worth to those still to come, from the command line."""

import typer
from sqlalchemy import select

from app.console import AsJson, connected, say, show
from app.facilities.models import Facility, Unit
from app.placements import prices as service
from matching.prices import WINDOW

prices = typer.Typer(help="What beds are worth to those still to come.", add_completion=False, rich_markup_mode=None)


@prices.callback(invoke_without_command=True)
def show_prices(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what was learnt last: for each unit, what a night is worth where one bed is free, two, and so on."""
    if context.invoked_subcommand is not None:
        return
    with connected() as database, database.reading() as session:
        found = service.shown(session, database.clock.now())
        query = select(Unit.id, Facility.alias, Unit.name).join(Facility, Facility.id == Unit.facility_id)
        names = {unit: (house, name) for unit, house, name in session.execute(query)}
    if found.learnt is None:
        say("Nothing has been learnt yet: bednight prices learn")
        return
    learnt = found.learnt
    say(f"Learnt on {learnt.learnt_on} from {learnt.nights} nights and {learnt.referrals:,} referrals.")
    say(f"History {learnt.history_sha256}.")
    if found.counted:
        say("Rankings count it.")
    elif learnt.nights < WINDOW:
        say(f"Rankings do not count it: that takes {WINDOW} nights.")
    else:
        say("Rankings do not count it: an administrator of the coalition's lead may, by PUT /v1/prices.")
    nobody = ("", "")
    show(
        (
            {"house": names.get(row.unit, nobody)[0], "unit": names.get(row.unit, nobody)[1], "id": row.unit}
            | {"by_free": row.by_free if as_json else ", ".join(map(str, row.by_free))}
            for row in learnt.units
        ),
        as_json,
    )


@prices.command("learn")
def learn() -> None:
    """Learn anew from the ledger's last year, and keep it; what rankings count then is the newest."""
    with connected() as database:
        row = service.learn_now(database)
    typer.echo(f"Learnt from {row.nights} nights and {row.referrals:,} referrals: {len(row.units)} units.")
