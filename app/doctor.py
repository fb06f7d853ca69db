"""`bednight doctor`: whether a deployment keeps the duties that the program alone cannot keep for it."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import typer
from sqlalchemy import Connection, text

from app.audit.checkpoints import read
from app.config import Settings
from app.console import connected, say
from app.db import Database
from app.sealing.opening import key_file, store_url

LATE = timedelta(hours=2)
"""A checkpoint is written each hour."""
LOGS = {
    "log_error_verbosity": ("terse", "else errors are logged with the rows that they are about"),
    "log_min_error_statement": ("panic", "else statements that fail are logged whole"),
    "log_parameter_max_length_on_error": ("0", "else what was written is logged when it fails"),
}
"""What PostgreSQL must not write into its log, since names and facts stand in it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that was looked at: whether it is kept, and what to do where it is not."""

    what: str
    kept: bool
    do: str


def doctor() -> None:
    """Look at the deployment's own duties: logs, rights, checkpoints, files. Exit code 1 where one is not kept."""
    settings = Settings.from_env()
    with connected(settings) as database:
        trail = _of_the_trail(settings, database)
        duties = [*_of_settings(settings), *_of_the_keys(settings), *trail, *_of_the_database(database)]
    for duty in duties:
        typer.echo(f"{'ok   ' if duty.kept else 'WRONG'} {duty.what}" + ("" if duty.kept else f". {duty.do}"))
    wrong = sum(not duty.kept for duty in duties)
    if wrong:
        say(f"{wrong} of {len(duties)} are not kept.")
        raise typer.Exit(1)
    say(f"All {len(duties)} are kept.")


def _of_settings(settings: Settings) -> Iterator[Duty]:
    yield Duty("real young people are kept apart from invented ones", settings.live, "Set BEDNIGHT_LIVE=1")
    yield Duty("nobody signs in by a link alone", not settings.login_links, "Unset BEDNIGHT_LOGIN_LINKS")
    named = settings.on_call_phone is not None
    yield Duty("every page says whom to call", named, "Set BEDNIGHT_ON_CALL_PHONE")


def _of_the_keys(settings: Settings) -> Iterator[Duty]:
    there = settings.keys is not None
    do = "Run bednight sealing init, and set BEDNIGHT_KEYS: nobody's name can be kept without"
    yield Duty("there are keys that seal who young people are", there, do)
    if settings.keys is None:
        return
    file = key_file(settings.keys)
    private = _is_private(settings.keys) and _is_private(file)
    yield Duty("these keys are their owner's alone to read", private, f"chmod 700 {settings.keys}; chmod 600 {file}")
    apart = store_url(settings, settings.keys) != settings.database_url
    do = "Set BEDNIGHT_DATA_KEYS to a database of its own: a copy of this one would hold what opens it"
    yield Duty("data keys lie apart from what they open", apart, do)


def _of_the_trail(settings: Settings, database: Database) -> Iterator[Duty]:
    vouched = settings.checkpoints is not None and settings.checkpoint_key is not None
    do = "Set BEDNIGHT_CHECKPOINTS and BEDNIGHT_CHECKPOINT_KEY; see: bednight audit --help"
    yield Duty("the audit trail is vouched for outside the database", vouched, do)
    if settings.checkpoints is not None:
        rows = read(settings.checkpoints)
        young = bool(rows) and database.clock.now() - datetime.fromisoformat(rows[-1].at) < LATE
        do = "See that bednight worker runs and may write the file"
        yield Duty("the last checkpoint is not older than two hours", young, do)
    if settings.checkpoint_key is not None:
        private = _is_private(settings.checkpoint_key)
        yield Duty("the checkpoints' key is its owner's alone to read", private, f"chmod 600 {settings.checkpoint_key}")


def _of_the_database(database: Database) -> Iterator[Duty]:
    if database.engine.dialect.name == "sqlite":
        file = Path(str(database.engine.url.database))
        yield Duty("the database is its owner's alone to read", _is_private(file), f"chmod 600 {file}")
        return
    with database.engine.connect() as connection:
        yield from _of_postgresql(connection)


def _of_postgresql(connection: Connection) -> Iterator[Duty]:
    for name, (value, why) in LOGS.items():
        is_set = connection.scalar(text("SELECT current_setting(:name)"), {"name": name}) == value
        yield Duty(f"{name} is {value}", is_set, f"ALTER SYSTEM SET {name} = '{value}': {why}")
    durable = connection.scalar(text("SELECT current_setting('fsync') || current_setting('synchronous_commit')"))
    do = "Switch fsync and synchronous_commit on: else a bed that was promised may be lost"
    yield Duty("what was promised is on the disk", durable == "onon", do)
    owns = connection.scalar(
        text(
            "SELECT bool_or(rolsuper) OR bool_or(tableowner = current_user) FROM pg_tables, pg_roles"
            " WHERE tablename = 'audit_events' AND rolname = current_user"
        )
    )
    do = "Connect as a role that owns nothing; see: bednight grant --help"
    yield Duty("the server cannot change what is on record", not owns, do)
    past = connection.scalar(
        text(
            "SELECT rolsuper OR rolbypassrls OR NOT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class"
            " WHERE oid = 'minors'::regclass) FROM pg_roles WHERE rolname = current_user"
        )
    )
    do = "Migrate, and connect as a role without BYPASSRLS; see: bednight grant --help"
    yield Duty("the database keeps agencies apart by itself", not past, do)
    told = connection.scalar(text("SELECT current_setting('bednight.reach', true)")) == "network"
    do = "A pooler drops the options of connections: ALTER ROLE … SET bednight.reach = network"
    yield Duty("what looks at everybody says so to the database", told, do)
    remote = connection.scalar(
        text("SELECT inet_client_addr() IS NOT NULL AND NOT (inet_client_addr() << '127.0.0.0/8')")
    )
    sealed = connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    yield Duty(
        "nobody between here and the database can read along", not remote or bool(sealed), "Add ?sslmode=verify-full"
    )


def _is_private(file: Path) -> bool:
    """Whether nobody but the owner may read or write a file; one that is not there is nobody's."""
    return file.exists() and not stat.S_IMODE(file.stat().st_mode) & 0o077
