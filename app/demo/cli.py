"""`bednight demo`: an invented state, or a snapshot of one's own, loaded and served in seconds."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import say

if TYPE_CHECKING:
    from app.config import Settings
    from app.demo.scene import Play

HOST = "127.0.0.1"


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Another seed invents other people.")] = 7,
    tonight: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The evening it plays on.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the database in this folder.")] = None,
    network: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Load this snapshot instead of inventing a state.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Have the ranking of everyone who waits confirmed, and stop.")
    ] = False,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Answer requests when ready.")] = True,
) -> None:
    """Start an invented state on real geography, or your own snapshot, offline and with nothing to set up.

    \b
    Examples:
      bednight demo
      bednight demo --check
      bednight demo --network snapshot.json --port 8001
      bednight demo --no-serve --json
    """
    progress = _Progress()
    progress.say(f"Making an invented state (seed {seed})" if network is None else f"Reading {network}")
    # Heavy, so it is imported once the first line is out.
    from app.demo import scene

    serve = serve and not check
    if serve:
        scene.port_is_free(HOST, port)
    play = scene.invented(seed, tonight.date() if tonight else None) if network is None else scene.read(network)
    if check:
        _confirm(play, progress, as_json=as_json)
        return
    with scene.database_for(play, keep) as settings:
        _set_up(play, settings, progress, port, as_json=as_json, serving=serve)
        if serve:
            scene.answer(play, settings, HOST, port)
            say("Stopped." if keep is None else f"Stopped. The data is kept in {keep}.")


class _Progress:
    """Messages for a person, each with the seconds since the start."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def say(self, message: str) -> None:
        say(f"[{self.seconds:.1f} s] {message}")


def _set_up(
    play: "Play", settings: "Settings", progress: _Progress, port: int, *, as_json: bool, serving: bool
) -> None:
    """Fill the database, count what the data says, and print where to look."""
    from app.demo import notice, scene
    from app.demo.tonight import tonight as count

    progress.say("Loading: " + ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in play.counts.items()))
    doors = scene.load(play, settings)
    progress.say("Judging every house for everyone who waits")
    counts = count(play.snapshot)
    base = f"http://{HOST}:{port}"
    whose = "your own data" if play.demo is None else "all data is invented"
    progress.say(f"Ready.  {base}   {whose}" if serving else f"Ready.  {whose}")
    if as_json:
        facts = notice.as_json(play, doors, counts, base, database=settings.database_url, seconds=progress.seconds)
        typer.echo(json.dumps(facts, indent=2))
    else:
        typer.echo("\n".join(["", *notice.as_text(play, doors, counts, base, serving=serving)]))


def _confirm(play: "Play", progress: _Progress, *, as_json: bool) -> None:
    """Rank everyone who waits and have each answer confirmed; exit code 1 where one is not."""
    from app.demo.proof import unconfirmed

    total = len(play.snapshot.referrals)
    progress.say(
        f"Ranking the {total} who wait, and checking each answer with code that shares nothing with the solver"
    )
    found = unconfirmed(play.snapshot)
    for referral, faults in found.items():
        for fault in faults:
            say(f"{referral}: {fault}")
    progress.say("Done.")
    confirmed = total - len(found)
    typer.echo(
        json.dumps({"waiting": total, "confirmed": confirmed}) if as_json else f"{confirmed} of {total} confirmed"
    )
    if found:
        raise typer.Exit(1)
