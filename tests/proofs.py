"""How often a proof is tried, and what it saw: a few times in `make test`, many times more in `make prove`."""

import json
import os
from pathlib import Path

TIMES = int(os.environ.get("BEDNIGHT_PROOFS", "1"))


def times(few: int) -> int:
    """How many tries: `few` for everyone, that many times more where BEDNIGHT_PROOFS says so."""
    return few * TIMES


def or_many(few: int, many: int) -> int:
    """`few` for everyone; `many` for each time that BEDNIGHT_PROOFS says, where it says more than one."""
    return few if TIMES == 1 else many * TIMES


def saw(what: str, count: int) -> None:
    """Keep how many of something agreed, for the figures that `make prove` writes."""
    _log({"what": what, "count": count})


def measured(what: str, figure: float) -> None:
    """Keep what a proof measured beside."""
    _log({"what": what, "figure": figure})


def _log(row: dict[str, object]) -> None:
    if (log := os.environ.get("BEDNIGHT_PROOFS_LOG")) is not None:
        with Path(log).open("a") as lines:
            lines.write(json.dumps(row) + "\n")
