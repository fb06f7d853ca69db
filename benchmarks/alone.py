"""Each measurement in a process of its own, so that its memory is its own too."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any, TypeVar

Done = TypeVar("Done")
Json = dict[str, Any]


def alone(module: str, *arguments: object) -> Json:
    """What a module prints in its last line, as JSON."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - one of our own
    found: Json = json.loads(done.stdout.splitlines()[-1])
    return found


def timed(job: Callable[[], Done]) -> tuple[Done, float]:
    """What a job gives, and the seconds of processor time that it took, here and in processes that it waited for."""
    before = _processor()
    done = job()
    return done, _processor() - before


def _processor() -> float:
    return sum(one.ru_utime + one.ru_stime for one in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def peak_memory() -> float:
    """The most memory in MB that this process has had, or one that it has waited for, whichever had more.

    Linux hands what the parent had on to the process it starts, but for the line that is read here.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), getrusage(RUSAGE_SELF).ru_maxrss)
    return max(own, getrusage(RUSAGE_CHILDREN).ru_maxrss) / 1024
