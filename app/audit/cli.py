"""The audit trail from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from app.audit.checkpoints import Checkpoints, checking_key, make_key, read, signing_key
from app.audit.verifying import verify as check_chain
from app.config import Settings
from app.console import Refused, connected, say

audit = typer.Typer(
    help="Check and sign the audit trail.", add_completion=False, no_args_is_help=True, rich_markup_mode=None
)


@audit.callback()
def trail() -> None:
    """Check and sign the audit trail."""


@audit.command("verify")
def verify(
    checkpoints: Annotated[
        Path | None, typer.Option(help="The file of signed checkpoints; else BEDNIGHT_CHECKPOINTS.")
    ] = None,
    public_key: Annotated[
        list[Path] | None, typer.Option(help="A public key that signed them (PEM); else BEDNIGHT_CHECKPOINT_KEY's.")
    ] = None,
) -> None:
    """Walk the chain, beside the signed checkpoints, and name the first broken link; exit code 1 where there is one."""
    settings = Settings.from_env()
    file = checkpoints or settings.checkpoints
    if file is not None and not file.is_file():
        raise Refused(f"there is no file of checkpoints at {file}")
    with connected(settings) as database, database.reading() as session:
        keys = [checking_key(path) for path in public_key or ()]
        if not keys and settings.checkpoint_key is not None:
            keys = [signing_key(settings.checkpoint_key).public_key()]
        if file is not None and not keys:
            raise Refused("name the key that signed the checkpoints, by --public-key")
        vouchers = [] if file is None else read(file)
        verdict = check_chain(session, vouchers, keys)
    if verdict.broken_at is not None:
        say(f"Broken at row {verdict.broken_at}: {verdict.why}. The {verdict.rows} rows before it hold.")
        raise typer.Exit(1)
    if file is None:
        typer.echo(f"{verdict.rows} rows, all hold. Whether all of them were written anew, only checkpoints can say.")
    else:
        typer.echo(f"{verdict.rows} rows, all hold, as {len(vouchers)} signed checkpoints say.")


@audit.command("checkpoint")
def checkpoint() -> None:
    """Write a signed checkpoint now; the worker writes one each hour."""
    settings = Settings.from_env()
    if settings.checkpoints is None or settings.checkpoint_key is None:
        raise Refused("set BEDNIGHT_CHECKPOINTS to the file and BEDNIGHT_CHECKPOINT_KEY to the private key's")
    writer = Checkpoints(settings.checkpoints, signing_key(settings.checkpoint_key))
    with connected(settings) as database:
        writer.write(database)
    size = read(settings.checkpoints)[-1].size
    typer.echo(f"{size} rows are vouched for in {settings.checkpoints}.")


@audit.command("key")
def key(file: Annotated[Path, typer.Argument(help="Where to; a file that is not there yet.")]) -> None:
    """Make the private key that signs checkpoints, and print its public half, to be kept by whoever checks."""
    try:
        typer.echo(make_key(file), nl=False)
    except OSError as failure:
        raise Refused(f"{file}: {failure.strerror}") from None
