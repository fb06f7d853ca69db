"""One referral through HTTP, on SQLite and on PostgreSQL: from the request to the answer that is stored whole.

The server is a process of its own; what the engine needs for the same referral in memory is measured beside it.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx2

from benchmarks.figures import write
from benchmarks.networks import AS_OF, network
from matching.codec import decode
from matching.ranking import rank
from tests.postgres import Cluster, find_binaries

SIZES = (60, 600)
WAITING = 30
ROUNDS = 20


def main() -> str:
    """Measure both databases, and write the figures."""
    rows = []
    for size in SIZES:
        engine = _engine(size)
        for name, url in _databases():
            times, processor, memory = _measure(size, url)
            rows.append(
                (
                    f"{size:,}",
                    name,
                    f"{median(times):.0f}",
                    f"{sorted(times)[int(len(times) * 0.95)]:.0f}",
                    f"{processor:.0f}",
                    f"{engine:.0f}",
                    f"{median(times) / engine:.1f}",
                    f"{memory:.0f}",
                )
            )
    return write(
        "The service: POST a ranking",
        "python -m benchmarks.service",
        (
            "facilities",
            "database",
            "median, ms",
            "p95, ms",
            "server's processor time each, ms",
            "the engine alone, ms",
            "ratio",
            "server's peak memory, MB",
        ),
        rows,
        f"{WAITING} minors wait; {ROUNDS} requests one after another; snapshot built from rows, answer stored with it.",
    )


def _engine(size: int) -> float:
    snapshot = decode(network(size, WAITING))
    rank(snapshot, snapshot.referrals[0].id)
    times = []
    for referral in snapshot.referrals[:ROUNDS]:
        start = perf_counter()
        rank(snapshot, referral.id)
        times.append((perf_counter() - start) * 1000)
    return median(times)


def _databases() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield "SQLite", f"sqlite:///{folder}/bench.db"
    binaries = find_binaries()
    if binaries is not None:
        with Cluster(binaries) as cluster:
            yield "PostgreSQL", cluster.create()


def _measure(size: int, url: str) -> tuple[list[float], float, float]:
    """How long each request takes, the processor time of the server for each, and its peak memory; without the first.

    On a machine that others use as well the clock says little; what the server itself has worked counts.
    """
    with _server(size, url) as (base, key, process), httpx2.Client(base_url=base, timeout=120) as client:
        headers = {"Authorization": f"Bearer {key}"}
        referrals = [row["id"] for row in client.get("/v1/referrals?limit=100", headers=headers).json()["data"]]
        times = []
        worked = 0.0
        for at in range(ROUNDS + 1):
            if at == 1:
                worked = _worked(process.pid)
            start = perf_counter()
            answer = client.post(f"/v1/referrals/{referrals[at % len(referrals)]}/rankings", headers=headers)
            times.append((perf_counter() - start) * 1000)
            answer.raise_for_status()
        worked = _worked(process.pid) - worked
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return times[1:], worked * 1000 / ROUNDS, peak / 1024


def _worked(pid: int) -> float:
    """The seconds of processor time of a process, all its threads together."""
    # What stands in brackets before is a name, and may hold anything.
    counts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(counts[11]) + int(counts[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _server(size: int, url: str) -> Iterator[tuple[str, str, "subprocess.Popen[str]"]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.service", str(size), url, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - this module itself
        try:
            key = json.loads(process.stdout.readline() if process.stdout else "")
            base = f"http://127.0.0.1:{port}"
            _wait(base)
            yield base, key, process
        finally:
            process.terminate()


def _wait(base: str) -> None:
    for _ in range(200):
        try:
            httpx2.get(f"{base}/openapi.json", timeout=5)
        except httpx2.TransportError:
            continue
        return
    raise RuntimeError("the server did not answer")


def _serve(size: int, url: str, port: int) -> None:
    """Load a network and answer, with the clock at the network's instant."""
    from app.clock import MovableClock
    from app.config import Settings
    from app.db import Database
    from app.demo.stage import stage_network
    from app.main import create_app
    from app.sealing import opening
    from app.serving import answer
    from migrations.run import upgrade

    keys = Path(tempfile.mkdtemp(prefix="bednight-keys-"))
    settings = replace(Settings(), database_url=url, keys=keys)
    opening.init(settings, keys)
    clock = MovableClock(settings.time_zone, settings.night_turns_at, datetime.fromisoformat(AS_OF))
    upgrade(url)
    key = stage_network(Database(url, clock, opening.keyring(settings)), network(size, WAITING)).key
    sys.stdout.write(json.dumps(key) + "\n")
    sys.stdout.flush()
    answer(create_app(settings, clock=clock), "127.0.0.1", port, ready=lambda: None)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    else:
        sys.stdout.write(main())
