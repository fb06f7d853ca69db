"""The commands `serve` and `migrate`."""

from typing import Annotated

import typer

from app.config import Settings
from app.console import connected, say


def serve(
    host: Annotated[str, typer.Option(help="The address to answer on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Answer requests on one address, over the database that DATABASE_URL names."""
    import uvicorn

    from app.main import create_app

    settings = Settings.from_env()
    with connected(settings):
        say(f"Answering on http://{host}:{port}   Stop with Ctrl-C.")
    # No access log: addresses carry ids, and who read what is in the audit trail.
    uvicorn.run(create_app(settings), host=host, port=port, access_log=False, server_header=False, log_level="warning")


def migrate() -> None:
    """Bring the tables to this version, or make them where there are none."""
    from migrations.run import upgrade

    upgrade(Settings.from_env().database_url)
    say('The tables are up to date. Next: bednight agencies add "…" --kind …')
