"""The commands `serve`, `migrate` and `grant`."""

import gc
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from app.config import Settings
from app.console import Refused, connected, say
from app.sealing.opening import needed

if TYPE_CHECKING:
    from fastapi import FastAPI


def serve(
    host: Annotated[str, typer.Option(help="The address to answer on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Answer requests on one address, over the database that DATABASE_URL names.

    It needs the keys that BEDNIGHT_KEYS names: without them nobody's name and no second factor could be kept.
    """
    look_for_circles_seldom()
    from app.main import create_app

    settings = Settings.from_env()
    needed(settings).close()
    with connected(settings):
        pass
    answer(create_app(settings), host, port, lambda: say(f"Answering on http://{host}:{port}   Stop with Ctrl-C."))


def answer(app: "FastAPI", host: str, port: int, ready: Callable[[], None]) -> None:
    """Answer requests until asked to end; open streams are ended first, or they would keep the server from it.

    `ready` is called once requests are answered.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.state.live.end_all()
            super().handle_exit(sig, frame)

    # No access log: addresses carry ids, and who read what is in the audit trail.
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
    look_for_circles_seldom()
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(3)


def look_for_circles_seldom() -> None:
    """Collect garbage that refers to itself less often than Python does unasked.

    A network read for a decision is some hundred thousand objects at once, none of them in circles: looking for
    circles every 700 of them took a third of a decision's time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def migrate() -> None:
    """Bring the tables to this version, or make them where there are none; make up for what they lack."""
    from app.gaps.findings import make_up
    from migrations.run import upgrade

    settings = Settings.from_env()
    upgrade(settings.database_url)
    with connected(settings) as database:
        # Decisions are sealed: where whoever migrates has no keys, the worker makes up for them.
        if database.keyring is not None and (done := make_up(database)):
            say(f"Kept the findings of {done} earlier decisions, so that they can be counted.")
    say('The tables are up to date. Next: bednight agencies add "…" --kind …')


def grant(
    role: Annotated[str, typer.Argument(help="A role of PostgreSQL that is there already, and owns nothing.")],
) -> None:
    """Give the server's own role what it needs, and not the right to change what is on record. After each migrate."""
    from migrations.grants import NoSuchRole
    from migrations.grants import grant as give

    with connected(Settings.from_env()) as database:
        if database.engine.dialect.name != "postgresql":
            raise Refused("only PostgreSQL has roles")
        try:
            with database.engine.begin() as connection:
                give(connection, role)
        except NoSuchRole as refused:
            raise Refused(str(refused)) from None
    say(f"{role} may do the server's work. Name it in the server's and the worker's DATABASE_URL.")
