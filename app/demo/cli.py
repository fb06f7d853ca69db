"""`bednight demo`: an invented state, or a snapshot of one's own, loaded and served in seconds."""

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import say

if TYPE_CHECKING:
    from app.config import Settings
    from app.demo.scene import Play
    from app.demo.stage import Doors
    from app.demo.state import Demo
    from app.demo.tonight import Tonight
    from app.demo.year.figures import Year

HOST = "127.0.0.1"
_TELLS_EVERY = 5.0
"""Seconds between two lines about the days that are being lived through."""


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Another seed invents other people.")] = 7,
    tonight: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The evening it plays on.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep database and keys in this folder.")] = None,
    network: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Load this snapshot instead of inventing a state.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Have the ranking of everyone who waits confirmed, and stop.")
    ] = False,
    days: Annotated[
        int, typer.Option(min=0, max=365, help="Days of the invented state before the evening; 0: the evening alone.")
    ] = 365,
    fresh: Annotated[bool, typer.Option("--fresh", help="Prepare these days anew, though they are kept.")] = False,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Answer requests when ready.")] = True,
) -> None:
    """Start an invented state on real geography, or your own snapshot, offline and with nothing to set up.

    The first start lives through a year before the evening, day by day, by the services that people use, and keeps
    it: in BEDNIGHT_CACHE, else in XDG_CACHE_HOME/bednight or ~/.cache/bednight. That takes minutes, and it says how
    many; later starts copy what is kept. Another seed, evening, number of days or version is another year. Where
    DATABASE_URL is set, and with --network or --check, there are no days before.

    \b
    Examples:
      bednight demo
      bednight demo --days 30
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
    if days and play.demo is not None and scene.holds_no_year():
        progress.say("DATABASE_URL is set: the evening alone, without the days before it")
    if play.demo is None or scene.holds_no_year():
        days = 0
    state = play.demo
    year = partial(_year, state, days, progress, fresh=fresh) if state is not None and days else None
    with scene.database_for(play, keep, year) as settings:
        told = _set_up(play, settings, progress, Answers(port, as_json=as_json, serving=serve), days)
        if not serve:
            told()
        else:
            scene.answer(play, settings, HOST, port, told)
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


@dataclass(frozen=True, slots=True)
class Answers:
    """Where and how what was made is told of."""

    port: int
    as_json: bool
    serving: bool


class Pace:
    """How long the days that are left take, at the pace of the last ones: the first have few people in them."""

    RECENT = 30

    def __init__(self, began: float) -> None:
        self._after: deque[tuple[int, float]] = deque([(0, began)], maxlen=self.RECENT + 1)

    def left(self, done: int, of: int, now: float) -> float:
        """Seconds, once `done` of the days are over at `now`; asked after every day."""
        self._after.append((done, now))
        before, then = self._after[0]
        return (now - then) / (done - before) * (of - done)


def _year(demo: "Demo", days: int, progress: _Progress, *, fresh: bool) -> Path:
    """The file of the days before the evening: kept from another start, else made now and kept."""
    from app.demo.year import keeping

    folder = keeping.folder_of()
    file = None if fresh else keeping.kept(folder, demo, days)
    if file is not None:
        return file
    progress.say(f"Living through the {days} days before, once; they are kept in {folder}. Quicker: --days 30")
    last = time.perf_counter()
    pace = Pace(last)

    def told(done: int, of: int) -> None:
        nonlocal last
        now = time.perf_counter()
        left = pace.left(done, of, now)
        if now - last >= _TELLS_EVERY:
            last = now
            progress.say(f"Day {done} of {of} is over; about {left:.0f} s to go")

    file = keeping.make(folder, demo, days, told)
    progress.say(f"Kept for the next start, {file.stat().st_size / 1e6:.0f} MB")
    return file


def _set_up(play: "Play", settings: "Settings", progress: _Progress, answers: Answers, days: int) -> Callable[[], None]:
    """Fill the database and count what the data says; the answer prints where to look."""
    from app.demo import scene
    from app.demo.tonight import tonight as count

    loaded = ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in play.counts.items() if not days)
    progress.say(f"Loading: {loaded}" if loaded else "Loading the days before and the evening")
    doors, year = scene.enter(play, settings, days) if days else (scene.load(play, settings), None)
    progress.say("Judging every house for everyone who waits")
    counts = count(play.snapshot)

    return partial(_tell, play, settings, progress, answers, doors, counts, year)


def _tell(
    play: "Play",
    settings: "Settings",
    progress: _Progress,
    answers: Answers,
    doors: "Doors",
    counts: "Tonight",
    year: "Year | None",
) -> None:
    """Print where to look."""
    from app.demo import notice

    base = f"http://{HOST}:{answers.port}"
    whose = "your own data" if play.demo is None else "all data is invented"
    progress.say(f"Ready.  {base}   {whose}" if answers.serving else f"Ready.  {whose}")
    if answers.as_json:
        facts = notice.as_json(play, doors, counts, base, database=settings.database_url, seconds=progress.seconds)
        facts["year"] = None if year is None else year.as_json()
        typer.echo(json.dumps(facts, indent=2))
        return
    before = [] if year is None else ["The days before", *(f"  {line}" for line in year.sentences()), ""]
    typer.echo("\n".join(["", *before, *notice.as_text(play, doors, counts, base, serving=answers.serving)]))


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
