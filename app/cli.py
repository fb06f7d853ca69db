"""The `bednight` command. Each subcommand stands in its own domain and is imported only when it runs."""

import sys
from importlib import import_module

import typer

HELP = """Finds a safe, funded bed for a trafficked minor tonight, and shows everyone else why there was none.

\b
Examples:
  bednight demo                       an invented state, offline, nothing to set up
  bednight sealing init               make the keys that seal who young people are
  bednight migrate                    bring the database's tables to this version
  bednight grant bednight_server      on PostgreSQL: let the server work as a role that owns nothing
  bednight agencies add "Fulton County DFCS" --kind child_protection
  bednight users add AGENCY --name "R. Diaz" --email diaz@example.org --role intake_coordinator
  bednight keys add AGENCY --name intake-app --role intake_coordinator
  bednight serve                      answer on http://127.0.0.1:8000
  bednight worker                     deliver what is due (on SQLite the server does it itself)
  bednight replay RUN                 derive a stored decision again and compare
  bednight whatif --set FUND.max_age=20    what another limit of a fund would have done

DATABASE_URL names the database; without it, SQLite in ./bednight.db. Behind a pooler that keeps no prepared
statements (PgBouncer before 1.21) add ?prepared=off to it.
"""

COMMANDS = (
    ("demo", "app.demo.cli:demo", "Start an invented state to try everything on."),
    ("serve", "app.serving:serve", "Answer requests."),
    ("worker", "app.worker:worker", "Tell what is due: notices, webhooks, what the clock brings."),
    ("migrate", "app.serving:migrate", "Bring the database's tables to this version."),
    ("grant", "app.serving:grant", "Give the server a role of PostgreSQL that cannot change what is on record."),
    ("agencies", "app.access.cli:agencies", "Add and list agencies."),
    ("users", "app.access.cli:users", "Add, list and disable people, and make sign-in links."),
    ("keys", "app.access.cli:keys", "Make, list and revoke API keys."),
    ("replay", "app.placements.cli:replay", "Derive a stored decision again and compare."),
    ("doctor", "app.doctor:doctor", "Look whether this deployment keeps its own duties."),
    ("prices", "app.placements.price_cli:prices", "What beds are worth to those still to come: show it, learn it."),
    ("gaps", "app.reports.cli:gaps", "Whom the funds turned away in a quarter, and by which rules."),
    ("whatif", "app.whatif.cli:whatif", "What another limit of a fund would have done: the past re-run under it."),
    ("grid", "app.whatif.grid_cli:grid", "Publish what a fixed grid of changes to each fund would have done."),
    ("audit", "app.audit.cli:audit", "Check the audit trail."),
    ("sealing", "app.sealing_cli:sealing", "Make, rotate and count the keys that seal who young people are."),
)

app = typer.Typer(
    name="bednight",
    help=HELP,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def bednight() -> None:
    """Hold the subcommands."""


def _plug(name: str, target: str, summary: str) -> None:
    """Name a subcommand without importing it: its own parser gets all the arguments, `--help` included."""

    def run(context: typer.Context) -> None:
        module, _, attribute = target.partition(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            single.command(help=found.__doc__ or summary)(found)
            found = single
        found(args=context.args, prog_name=f"bednight {name}")

    passing = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}
    app.command(name, help=summary, context_settings=passing, add_help_option=False)(run)


for _command in COMMANDS:
    _plug(*_command)


def main() -> None:
    """Run; what cannot be done ends with one clear line on stderr and exit code 2."""
    # Heavier than the parser, and `--help` needs none of it.
    if len(sys.argv) < 2 or sys.argv[1] in {"--help", "-h"}:
        app(prog_name="bednight")
        return
    from sqlalchemy.exc import ArgumentError, OperationalError

    from app.config import SettingsError
    from app.console import Refused, say
    from app.errors import Problem

    try:
        app(prog_name="bednight")
    except (SettingsError, Refused) as refused:
        say(f"bednight: {refused}")
        sys.exit(2)
    except (ArgumentError, OperationalError) as error:
        kinds = "sqlite:///FILE or postgresql://USER@HOST/NAME"
        text = f"the database that DATABASE_URL names cannot be used ({type(error).__name__}); it takes {kinds}"
        say(f"bednight: {text}")
        sys.exit(2)
    except Problem as problem:
        texts = [problem.detail or problem.title, *(f"{e.pointer}: {e.message}" for e in problem.errors)]
        say(f"bednight: {' '.join(texts)}")
        sys.exit(2)


if __name__ == "__main__":
    main()
