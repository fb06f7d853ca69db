"""Writes what a run saw into docs/figures.md: a section each, with the commit and the machine it was seen on."""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

FIGURES = Path(__file__).parent.parent / "docs" / "figures.md"
HEAD = """# Figures

What `make prove` and `make bench` printed last, section by section. Times on shared machines are noisy: the ratios,
taken within one run, count for more than the milliseconds.
"""


def write(section: str, command: str, head: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> str:
    """Replace a section of the figures by a table, print it, and give its text."""
    lines = [f"## {section}", "", f"`{command}`, {_where()}.", ""]
    lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    lines += ["", note, ""] if note else [""]
    text = "\n".join(lines)
    before = FIGURES.read_text() if FIGURES.exists() else HEAD
    found = re.search(rf"^## {re.escape(section)}\n.*?(?=^## |\Z)", before, re.S | re.M)
    whole = text.rstrip() + "\n\n"
    after = before[: found.start()] + whole + before[found.end() :] if found else before.rstrip() + "\n\n" + whole
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(after.rstrip() + "\n")
    return text


def _where() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - the one on the PATH
        capture_output=True,
        text=True,
        check=False,
        cwd=FIGURES.parent.parent,
    ).stdout.strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    machine = f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"
    return f"commit {commit or 'not known'}, {machine}, {datetime.now(UTC):%Y-%m-%d}"
