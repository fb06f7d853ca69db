"""Claims, boards and rankings while many ask at once, each beside a bare application that writes or reads one row.

Four server processes each, the same clients, the same database server, one after the other in one run: what counts is
the ratio. The bare application has no sign-in, no audit, no outbox and no rules: it is what the frameworks cost.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import httpx2

from benchmarks.figures import write
from tests.factories import AS_OF, EIGHT_ANSWERS, fund, house, network
from tests.postgres import Cluster, find_binaries

Json = dict[str, Any]
Send = Callable[[httpx2.Client, int], httpx2.Response]
HOUSES, WAITING = 40, 40
WORKERS, CLIENTS = 4, 4
BARE_ROUNDS = 400
BOARDS = 400
CLAIM_ROUNDS = 4
"""How often everybody who waits is ranked and claimed for; what was claimed is given back in between."""


def main() -> str:
    """Measure where there is PostgreSQL, and write the figures."""
    binaries = find_binaries()
    if binaries is None:
        return "No PostgreSQL here: nothing was measured.\n"
    with Cluster(binaries, durable=True) as cluster:
        with _servers("bare", cluster.create(), "") as bare:
            insert = _run(bare, BARE_ROUNDS, lambda client, _: client.post("/rows"))
            read = _run(bare, BARE_ROUNDS, lambda client, at: client.get(f"/rows/{1 + at % 100}"))
        url = cluster.create()
        key = _stage(url)
        with _servers("product", url, key) as product:
            referrals = _refer_all(product[0])
            rounds = [_round(product, referrals) for _ in range(CLAIM_ROUNDS)]
            ranking, claim = (_together(runs) for runs in zip(*rounds, strict=True))
            houses = [entry["id"] for entry in product[0].get("/v1/facilities").json()["data"]]
            board = _run(product, BOARDS, lambda client, at: client.get(f"/v1/facilities/{houses[at % 10]}/board"))
    rows = [
        _row("one row written by a bare application", insert, None),
        _row("a claim: POST a hold", claim, insert),
        _row("one row read by a bare application", read, None),
        _row("a board read", board, read),
        _row(f"a ranking of {HOUSES} houses with {WAITING} who wait", ranking, read),
    ]
    head = ("what", "a second", "median, ms", "p99, ms", "median to the bare one", "how many")
    note = f"{WORKERS} server processes on PostgreSQL with fsync, {CLIENTS} clients at once."
    return write("Claims and boards under load", "python -m benchmarks.ledger", head, rows, note)


def _row(what: str, run: "Run", bare: "Run | None") -> Sequence[object]:
    ratio = "" if bare is None else f"{median(run.took) / median(bare.took):.1f}"
    p99 = sorted(run.took)[int(len(run.took) * 0.99)]
    return what, f"{len(run.took) / run.wall:.0f}", f"{median(run.took):.1f}", f"{p99:.1f}", ratio, len(run.took)


class Run:
    """How long each request took, in milliseconds, and all of them together, in seconds."""

    def __init__(self, took: list[float], wall: float) -> None:
        self.took, self.wall = took, wall


def _run(bases: Sequence[httpx2.Client], rounds: int, send: Send) -> Run:
    """Every request once, by clients that never pause; the first of each client, which warms the server up, apart."""
    clients = [client for _, client in zip(range(CLIENTS), cycle(bases), strict=False)]

    def work(at: int) -> list[float]:
        took = []
        for n in range(at, rounds, CLIENTS):
            start = perf_counter()
            answer = send(clients[at], n)
            took.append((perf_counter() - start) * 1000)
            answer.raise_for_status()
        return took

    start = perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = list(pool.map(work, range(CLIENTS)))
    wall = perf_counter() - start
    return Run([ms for part in parts for ms in part[1:]], wall)


def _together(runs: Sequence[Run]) -> Run:
    return Run([ms for run in runs for ms in run.took], sum(run.wall for run in runs))


def _refer_all(client: httpx2.Client) -> list[str]:
    body = EIGHT_ANSWERS | {"nights_needed": 10}
    asked_for = [client.post("/v1/referrals", json=body).raise_for_status() for _ in range(WAITING)]
    return [answer.headers["Location"] for answer in asked_for]


def _round(bases: Sequence[httpx2.Client], referrals: Sequence[str]) -> tuple[Run, Run]:
    """Rank everyone who waits, claim a bed for each, and give them all back."""
    ranking, asked = _rank_all(bases, referrals)
    claim = _run(bases, len(asked), lambda client, at: client.post(asked[at][0], json=asked[at][1]))
    for path in referrals:
        for offer in bases[0].get(f"{path}/offers").json()["data"]:
            if offer["status"] == "open":
                bases[0].post(f"{path}/offers/{offer['id']}/withdrawal", json={}).raise_for_status()
    return ranking, claim


def _rank_all(bases: Sequence[httpx2.Client], referrals: Sequence[str]) -> tuple[Run, list[tuple[str, Json]]]:
    """Rank everyone who waits, and choose a house for each: another one each time, so that no claim is outdated."""
    runs: dict[int, httpx2.Response] = {}

    def rank(client: httpx2.Client, at: int) -> httpx2.Response:
        runs[at] = client.post(f"{referrals[at]}/rankings")
        return runs[at]

    took = _run(bases, len(referrals), rank)
    used: set[str] = set()
    asked = []
    for at, answer in sorted(runs.items()):
        run = answer.headers["Location"].rsplit("/", 1)[1]
        free = [entry for entry in answer.json()["options"] if entry["facility"] not in used]
        if free:
            used.add(free[0]["facility"])
            body = {"run": run, "facility": free[0]["facility"], "authority": "court_order", "called": True}
            asked.append((f"{referrals[at]}/holds", body | {"choice_reason": "clinical_advice"}))
    return took, asked


@contextmanager
def _servers(what: str, url: str, key: str, workers: int = WORKERS) -> Iterator[list[httpx2.Client]]:
    """Server processes on ports of their own, and a client of each."""
    with ExitStack() as stack:
        clients, started = [], []
        for _ in range(workers):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            command = [sys.executable, "-m", "benchmarks.ledger", what, url, str(port)]
            process = subprocess.Popen(command)  # noqa: S603 - this module itself
            started.append((process, port))
            stack.callback(process.wait)
            stack.callback(process.terminate)
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            base = f"http://127.0.0.1:{port}"
            clients.append(stack.enter_context(httpx2.Client(base_url=base, headers=headers, timeout=60)))
        for process, port in started:
            _wait(process, port)
        yield clients


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Until a server listens; one that ends instead has failed."""
    while process.poll() is None:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.05)
    raise RuntimeError("a server failed")


def _clock() -> Any:
    from app.clock import MovableClock
    from app.config import Settings

    settings = Settings()
    return MovableClock(settings.time_zone, settings.night_turns_at, datetime.fromisoformat(AS_OF))


def _keys(url: str) -> Path:
    """Where the keys lie that seal what this database holds: beside its server's socket, and gone with it."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    return Path(str(parsed.query["host"])) / f"keys_{parsed.database}"


def _stage(url: str) -> str:
    """Load a network for one agency that sees all of it and runs all of it; a key of it."""
    from app.config import Settings
    from app.db import Database
    from app.demo.stage import stage_network
    from app.facilities.models import Facility
    from app.sealing import opening
    from migrations.run import upgrade

    upgrade(url)
    opening.init(Settings(), _keys(url))
    database = Database(url, _clock(), opening.keyring(replace(Settings(), keys=_keys(url))))
    houses = [house(f"fac_{n:02}") for n in range(HOUSES)]
    key = stage_network(database, network(*houses, funds=[fund(nights_left=5000)])).key
    with database.writing() as session:
        from app.access.models import Agency

        agency = session.query(Agency.id).scalar()
        session.query(Facility).update({Facility.agency_id: agency})
    database.close()
    return key


def _serve_bare(url: str, port: int) -> None:
    """One row in, one row out: nothing but the two frameworks."""
    import uvicorn
    from fastapi import FastAPI
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    from app.db import make_engine

    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "rows"
        id: Mapped[int] = mapped_column(primary_key=True)
        word: Mapped[str]

    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
        Base.metadata.create_all(connection)
        connection.exec_driver_sql("INSERT INTO rows (word) SELECT 'x' FROM generate_series(1, 30)")
    app = FastAPI()

    @app.post("/rows", status_code=201)
    def add() -> dict[str, int]:
        with Session(engine) as session:
            row = Row(word="x")
            session.add(row)
            session.commit()
            return {"id": row.id}

    @app.get("/rows/{number}")
    def read(number: int) -> dict[str, str]:
        with Session(engine) as session:
            return {"word": session.get_one(Row, number).word}

    uvicorn.run(app, port=port, access_log=False, log_level="warning")


def _serve_product(url: str, port: int) -> None:
    from app.config import Settings
    from app.main import create_app
    from app.serving import answer

    app = create_app(replace(Settings(), database_url=url, keys=_keys(url)), clock=_clock())
    answer(app, "127.0.0.1", port, ready=lambda: None)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"bare": _serve_bare, "product": _serve_product}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
    else:
        sys.stdout.write(main())
