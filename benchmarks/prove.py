"""Runs the proofs of the matcher and of the ledger many more times, and writes what they saw into the figures.

`python -m benchmarks.prove 25` runs all, and `python -m benchmarks.prove 25 tests/faults` those beneath a path. Each
part writes a section of its own as soon as it is through, so that one that was cut off is run again alone.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from benchmarks.figures import write

WRITERS, KILLS, SITE = (f"tests/faults/test_{name}.py" for name in ("many_writers", "kills", "site"))
PARTS = {
    "tests/matching": "Proofs of the matcher",
    "tests/app/test_checkpoints.py": "Proofs of the audit trail",
    "tests/faults/test_movements.py": "Proofs of the ledger: every movement, in any order, against a simple model",
    "tests/faults/test_same_instant.py": "Proofs of the ledger: at the same instant",
    f"{WRITERS}::test_sixteen_writers_in_one_process[sqlite]": "Proofs of the ledger: 16 writers on SQLite",
    f"{WRITERS}::test_sixteen_writers_in_one_process[postgresql]": "Proofs of the ledger: 16 writers on PostgreSQL",
    f"{WRITERS}::test_sixteen_writers_in_four_processes": "Proofs of the ledger: sixteen writers in four processes",
    f"{KILLS}::test_killing_writers_on_sqlite": "Proofs of the ledger: kill -9 of who writes, on SQLite",
    f"{KILLS}::test_killing_writers_and_postgresql": "Proofs of the ledger: kill -9 of who writes and of PostgreSQL",
    f"{SITE}::test_sixteen_callers_of_four_servers": "Proofs of the ledger over HTTP: sixteen callers, four servers",
    f"{SITE}::test_killing_servers_the_worker_and_postgresql": (
        "Proofs of the ledger over HTTP: kill -9 of servers, worker and database"
    ),
}


def main(times: str, paths: Sequence[str]) -> int:
    """Run the parts that lie beneath the paths, `times` as often as the tests do; the first exit code that is bad."""
    parts = [part for part in PARTS if not paths or any(_beneath(part, path) for path in paths)]
    if not parts:
        sys.stderr.write(f"No proofs there. There are: {', '.join(PARTS)}\n")
        return 2
    return next((code for code in [_prove(part, times) for part in parts] if code), 0)


def _beneath(part: str, path: str) -> bool:
    return _steps(part).is_relative_to(_steps(path))


def _steps(of: str) -> PurePosixPath:
    """A folder, a file, a test and one kind of it, each beneath the one before."""
    return PurePosixPath(of.replace("::", "/").replace("[", "/["))


def _prove(part: str, times: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "proofs.jsonl"
        log.touch()
        environment = {**os.environ, "BEDNIGHT_PROOFS": times, "BEDNIGHT_PROOFS_LOG": str(log)}
        command = [sys.executable, "-m", "pytest", "-q", part]
        if part == "tests/matching":
            command += ["--numprocesses=auto", "--dist=worksteal"]  # nothing is measured there
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own tests
        seen: Counter[str] = Counter()
        figures: dict[str, float] = {}
        for row in map(json.loads, log.read_text().splitlines()):
            if "figure" in row:
                figures[row["what"]] = row["figure"]
            else:
                seen[row["what"]] += row["count"]
    if done.returncode == 0:
        rows = [(what, f"{count:,}", "0") for what, count in sorted(seen.items())]
        rows += [(what, f"{figure:,.0f}", "") for what, figure in sorted(figures.items())]
        head = ("what was compared", "how many", "that differ")
        sys.stdout.write(write(PARTS[part], f"python -m benchmarks.prove {times} {part}", head, rows))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
