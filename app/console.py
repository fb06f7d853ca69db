"""What every command needs: the database of this deployment, and how to speak to a person and to a program."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

from app.clock import SystemClock
from app.config import Settings
from app.db import Database
from app.sealing.opening import keyring

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Refused(Exception):
    """Something the command cannot do; its text is one clear line for the person who typed it."""


@contextmanager
def connected(settings: Settings | None = None) -> Iterator[Database]:
    """The database that DATABASE_URL names, refused where its tables are not those of this version."""
    from migrations.run import is_current, is_there

    settings = settings or Settings.from_env()
    if not is_there(settings.database_url) or not is_current(settings.database_url):
        raise Refused("the database is not up to date; run: bednight migrate")
    clock = SystemClock(settings.time_zone, settings.night_turns_at)
    database = Database(settings.database_url, clock, keyring(settings))
    try:
        yield database
    finally:
        database.close()


def say(message: str) -> None:
    """A message for a person, on stderr, so that stdout holds results only."""
    typer.echo(message, err=True)


def show(rows: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    """Rows on stdout: a JSON list, or a line for each with tabs between."""
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    if as_json:
        typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))
        return
    for row in plain:
        typer.echo("\t".join("" if value is None else str(value) for value in row.values()))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
