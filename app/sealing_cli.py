"""`bednight sealing`: making the keys that seal who somebody is, wrapping them anew, counting them."""

import time
from pathlib import Path
from typing import Annotated

import typer

from app.audit.service import record
from app.config import Settings
from app.console import AsJson, Refused, connected, say, show
from app.db import Database
from app.minors.identity import index_anew
from app.minors.identity_index import under_others
from app.sealing import opening, wrapping
from app.sealing.keyring import Keyring
from app.sealing.store import KeyStore

DEFAULT = Path("bednight.keys")

sealing = typer.Typer(
    help="Make, rotate and count the keys that seal who young people are.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@sealing.command("init")
def init() -> None:
    """Make the folder of keys and the store of data keys, where they are not there yet. Nothing is overwritten.

    The folder is what BEDNIGHT_KEYS names, else ./bednight.keys. Keep it off the host of the database, and back it up
    apart from the database and for a shorter time: whoever has a copy of both can read both.
    """
    settings = Settings.from_env()
    folder = settings.keys or DEFAULT
    if settings.data_keys is not None and settings.data_keys == settings.database_url:
        raise Refused("BEDNIGHT_DATA_KEYS names the database itself; a copy of it would hold what opens it")
    made = opening.init(settings, folder)
    say(f"{'Made' if made else 'There already'}: {folder}")
    if settings.keys is None:
        say(f"Next: export BEDNIGHT_KEYS={folder.absolute()}")


@sealing.command("status")
def status(as_json: AsJson = False) -> None:
    """Print how many data keys stand under each key-encryption key, and how many were destroyed."""
    folder = _folder()
    at_hand = wrapping.read(opening.key_file(folder))
    store = KeyStore(opening.store_url(Settings.from_env(), folder))
    try:
        counts = store.counts() if store.is_there() else {}
    finally:
        store.close()
    current = list(at_hand)[-1]
    names = [*at_hand, *sorted(name for name in counts if name is not None and name not in at_hand)]
    rows = [
        {
            "key": name,
            "wraps": counts.get(name, 0),
            "state": "current" if name == current else "former" if name in at_hand else "MISSING",
        }
        for name in names
    ]
    show([*rows, {"key": "-", "wraps": counts.get(None, 0), "state": "destroyed"}], as_json)
    if any(row["state"] == "MISSING" for row in rows):
        raise typer.Exit(1)


@sealing.command("rotate")
def rotate(
    drop_former: Annotated[
        bool, typer.Option("--drop-former", help="Take the former keys out of the file at once, not at the next time.")
    ] = False,
) -> None:
    """Make a new key-encryption key and wrap every data key anew by it, while the server answers.

    What is sealed stays as it is. The key before stays in the file until the next rotation, for a server that is just
    wrapping by it; --drop-former takes it out now: after a leak, with the servers stopped.
    """
    settings = Settings.from_env()
    folder = _folder()
    file = opening.key_file(folder)
    with connected(settings) as database:
        keyring = database.keyring
        if not isinstance(keyring, Keyring):
            raise Refused(opening.NONE)
        began, former = time.perf_counter(), list(wrapping.read(file))
        current = wrapping.add(file)
        count = rewrap_all(keyring)
        wrapping.drop(file, unused(keyring, former if drop_former else former[:-1]))
        with database.writing() as session:
            record(session, None, "sealing.rotate", "sealing_key", current)
    typer.echo(f"{count} data keys wrapped anew by {current} in {time.perf_counter() - began:.1f} s")


@sealing.command("rotate-index")
def rotate_index() -> None:
    """Make a new key for the blind index of names, write every number anew under it, and destroy the key before.

    The server answers meanwhile: names are sought under both keys until all numbers stand under the new one. What was
    interrupted goes on where it was when the command is called again.
    """
    with connected(Settings.from_env()) as database:
        keyring = database.keyring
        if not isinstance(keyring, Keyring):
            raise Refused(opening.NONE)
        began = time.perf_counter()
        key, count = keyring.next_index(), 0
        count += index_all(database, key.id)
        keyring.turn_index()
        # What somebody entered by the former key while it was the only one, and told the database of only now.
        count += index_all(database, key.id)
        with database.writing() as session:
            record(session, None, "sealing.rotate_index", "sealing_key", key.id)
    typer.echo(f"Names of {count} young people under {key.id} in {time.perf_counter() - began:.1f} s")


def index_all(database: Database, key_id: str, most: int = 200) -> int:
    """Write the numbers of everybody's names under this key, some people at a time; of how many they were not."""
    count = 0
    while True:
        with database.writing() as session:
            for minor_id in (some := under_others(session, key_id, most)):
                index_anew(session, minor_id)
        if not some:
            return count
        count += len(some)


def rewrap_all(keyring: Keyring) -> int:
    """Wrap all data keys by the current key-encryption key, some at a time."""
    count = 0
    while done := keyring.rewrap():
        count += done
    return count


def unused(keyring: Keyring, names: list[str]) -> set[str]:
    """Those of the key-encryption keys that wrap nothing any more."""
    counts = keyring.store.counts()
    return {name for name in names if name not in counts}


def _folder() -> Path:
    folder = Settings.from_env().keys
    if folder is None:
        raise Refused(f"{opening.NONE}. Then set BEDNIGHT_KEYS to their folder")
    return folder
