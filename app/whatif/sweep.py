"""Many what-ifs at once: shared out among processes of this machine, or among the workers of a Dask cluster.

One seam: `part` is all that runs elsewhere. It opens the deployment's database by itself, so a worker needs what this
one has: this program, the database within reach, and the keys. Each part walks the past once for all of its what-ifs.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from multiprocessing import get_context
from typing import Any

from app.config import Settings
from app.console import Refused, connected
from app.whatif.schemas import WhatIf
from app.whatif.service import Told, whatifs

Scenario = Sequence[str]
Submit = Callable[..., Any]


def sweep(
    settings: Settings,
    scenarios: Sequence[Scenario],
    first: date | None,
    until: date,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    told: Told = lambda done, of: None,
) -> list[WhatIf]:
    """Run what-ifs in parts, and give the answers in the order of the scenarios.

    Parameters
    ----------
    workers : int, optional
        How many processes; as many as there are processors, where nothing is said. On a cluster: how many parts.
    cluster : str, optional
        The address of a Dask scheduler, such as `tcp://10.0.0.5:8786`.
    told : callable
        Is told how many what-ifs are answered, of how many.
    """
    found: dict[int, WhatIf] = {}
    with _pool(_count(workers, scenarios)) if cluster is None else _dask(cluster, workers) as (count, submit, done):
        shares = [range(at, len(scenarios), count) for at in range(min(count, len(scenarios)))]
        tasks = {submit(part, settings, [scenarios[at] for at in share], first, until): share for share in shares}
        for task in done(list(tasks)):
            found |= zip(tasks[task], map(WhatIf.model_validate_json, task.result()), strict=True)
            told(len(found), len(scenarios))
    return [found[at] for at in range(len(scenarios))]


def part(settings: Settings, scenarios: Sequence[Scenario], first: date | None, until: date) -> list[str]:
    """Some of the what-ifs, answered as JSON, by a process of its own."""
    with connected(settings) as database, database.reading() as session:
        found = whatifs(session, database.clock, scenarios, first=first, until=until)
    return [one.model_dump_json() for one in found]


def _count(workers: int | None, scenarios: Sequence[Scenario]) -> int:
    return max(1, min(workers or os.cpu_count() or 1, len(scenarios)))


@contextmanager
def _pool(workers: int) -> Iterator[tuple[int, Submit, Callable[[list[Any]], Iterator[Any]]]]:
    """Processes of this machine that share nothing with this one."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield workers, pool.submit, as_completed


@contextmanager
def _dask(address: str, workers: int | None) -> Iterator[tuple[int, Submit, Callable[[list[Any]], Iterator[Any]]]]:
    """The workers of a cluster that is there already; no answer is kept there: what is asked again is run again."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise Refused("a cluster needs the extra that brings Dask: pip install 'bednight[dask]'") from None
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError):
        raise Refused("no scheduler of Dask answers at this address") from None
    with client:
        there = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))

        def submit(*task: Any) -> Any:
            return client.submit(*task, pure=False)

        yield workers or there, submit, distributed.as_completed
