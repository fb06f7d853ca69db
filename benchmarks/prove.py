"""Runs the proofs of the matcher and of the ledger many more times, and writes what they saw into the figures."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.figures import write


def main(times: str) -> int:
    """Run the proofs `times` as often as the tests do; the exit code is theirs."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "proofs.jsonl"
        log.touch()
        environment = {**os.environ, "BEDNIGHT_PROOFS": times, "BEDNIGHT_PROOFS_LOG": str(log)}
        command = [sys.executable, "-m", "pytest", "-q", "tests/matching", "tests/faults"]
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
        text = write("Proofs", f"make prove PROOFS={times}", ("what was compared", "how many", "that differ"), rows)
        sys.stdout.write(text)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
