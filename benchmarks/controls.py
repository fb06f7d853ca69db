"""What each control takes of a ranking, a claim and a read, and how many of these a second there are with all of them.

The shares are taken inside one process: the time within the control's own function over that of whole requests, so that
neither clients nor the machine's other work weigh on them. PostgreSQL keeps its promises on the disk, and the server is
the role that `bednight grant` makes, whom the walls between agencies hold.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from time import perf_counter
from typing import Any

from benchmarks import ledger
from benchmarks.figures import write
from tests.factories import EIGHT_ANSWERS
from tests.postgres import Cluster, find_binaries

Json = dict[str, Any]
ROUNDS, READS, BOARDS = 20, 200, 600
WHO, WALL, WHOSE, TRAIL = "who asks, and may they", "the wall in the database", "whose case it is", "the trail"


def main() -> str:
    """Measure where there is PostgreSQL, and write the figures."""
    binaries = find_binaries()
    if binaries is None:
        return "No PostgreSQL here: nothing was measured.\n"
    with Cluster(binaries, durable=True) as cluster:
        shares, load = _shares(cluster.create()), _load(cluster.create())
    command = "python -m benchmarks.controls"
    parts = ("control", "of a ranking", "of a claim", "of a read")
    note = f"{ledger.HOUSES} houses; one process, somebody signed in, the server's own role of PostgreSQL, with fsync."
    text = write("What each control takes", command, parts, shares, note)
    head = ("what", "a second", "median, ms", "p99, ms", "how many")
    note = "Two server processes on PostgreSQL with fsync; four clients that never pause."
    return text + write("All controls on", command, head, load, note)


class Spent:
    """Seconds within each control, and within whole requests."""

    def __init__(self) -> None:
        self.within: dict[str, float] = defaultdict(float)

    def timed(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """The same act, with the time noted that it takes."""

        @wraps(act)  # the framework reads of its signature what it has to pass
        def measured(*given: Any, **named: Any) -> Any:
            start = perf_counter()
            try:
                return act(*given, **named)
            finally:
                self.within[name] += perf_counter() - start

        return measured


@contextmanager
def _watched(spent: Spent) -> Iterator[None]:
    """Each control's own function, timed."""
    from unittest.mock import patch

    from sqlalchemy import event
    from sqlalchemy.orm import Session

    from app.access import guard
    from app.audit import service as audit
    from app.db import narrow
    from app.referrals import service as referrals

    hooks = [("before_commit", audit._append), ("after_commit", audit._note_reads)]
    timed = [(name, spent.timed(TRAIL, act)) for name, act in hooks]
    for name, act in hooks:
        event.remove(Session, name, act)
    for name, act in timed:
        event.listen(Session, name, act)
    try:
        with (
            patch.object(guard.Guard, "__call__", spent.timed(WHO, guard.Guard.__call__)),
            patch("app.access.guard.narrow", spent.timed(WALL, narrow)),
            patch.object(referrals, "find", spent.timed(WHOSE, referrals.find)),
        ):
            yield
    finally:
        for name, act in timed:
            event.remove(Session, name, act)
        for name, act in hooks:
            event.listen(Session, name, act)


def _shares(url: str) -> list[tuple[str, ...]]:
    """Each control's part of the three."""
    from fastapi.testclient import TestClient

    from app.access.policy import Role
    from app.config import Settings
    from app.db import Database
    from app.main import create_app
    from tests.app.server_role import as_server
    from tests.factories import SignedIn

    ledger._stage(url)
    owner = Database(url, ledger._clock())
    with as_server(owner, owner.clock) as server:
        mine = server.engine.url.render_as_string(hide_password=False)
        settings = replace(Settings(), database_url=mine, login_links=True, keys=ledger._keys(url))
        app = create_app(settings, clock=ledger._clock())
        client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1), follow_redirects=False)
        me = SignedIn(client, owner, Role.SUPERVISOR)
        kinds = _three(client, me.headers)
        app.state.database.close()
    owner.close()
    names = (WHO, WALL, WHOSE, TRAIL)
    return [(name, *(f"{100 * kind.within[name] / kind.within['']:.1f} %" for kind in kinds)) for name in names]


def _three(client: Any, headers: dict[str, str]) -> tuple[Spent, Spent, Spent]:
    """Rankings, claims and reads: the first of each warms up and is not counted."""
    ranking, claim, read = Spent(), Spent(), Spent()

    def send(spent: Spent, method: str, path: str, body: Json | None = None) -> Any:
        with _watched(spent):
            start = perf_counter()
            answer = client.request(method, path, json=body, headers=headers)
            spent.within[""] += perf_counter() - start
        answer.raise_for_status()
        return answer

    for n in range(ROUNDS + 1):
        if n == 1:
            for one in (ranking, claim, read):
                one.within.clear()
        path = send(Spent(), "POST", "/v1/referrals", EIGHT_ANSWERS | {"nights_needed": 10}).headers["Location"]
        ranked = send(ranking, "POST", f"{path}/rankings")
        run, option = ranked.headers["Location"].rsplit("/", 1)[1], ranked.json()["options"][0]["facility"]
        question = {"run": run, "facility": option, "authority": "court_order", "called": True}
        offer = send(claim, "POST", f"{path}/holds", question).json()["id"]
        for _ in range(READS // ROUNDS):
            send(read, "GET", path)
        send(Spent(), "POST", f"{path}/offers/{offer}/withdrawal", {})
        send(Spent(), "POST", f"{path}/end", {"how": "closed"})
    return ranking, claim, read


def _load(url: str) -> list[tuple[object, ...]]:
    """Reads and claims a second, as fast as they go."""
    key = ledger._stage(url)
    with ledger._servers("product", url, key, workers=2) as product:
        referrals = ledger._refer_all(product[0])
        rounds = [ledger._round(product, referrals) for _ in range(2)]
        claim = ledger._together([claims for _, claims in rounds])
        read = ledger._run(product, BOARDS, lambda client, at: client.get(referrals[at % len(referrals)]))
    return [_row("a referral read", read), _row("a claim: POST a hold", claim)]


def _row(what: str, run: ledger.Run) -> tuple[object, ...]:
    took = sorted(run.took)
    middle, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return what, f"{len(took) / run.wall:.0f}", f"{middle:.1f}", f"{p99:.1f}", len(took)


if __name__ == "__main__":
    sys.stdout.write(main())
