"""The service layer through every movement, in any order, against a simple model of the ledger."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import memory
from tests.faults.more_movements import EveryMovement
from tests.postgres import Cluster
from tests.proofs import TIMES, times


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_movement_in_any_order(kind: str, request: pytest.FixtureRequest) -> None:
    """No row differs after any step."""

    @contextmanager
    def on_sqlite() -> Iterator[str]:
        migrated: Path = request.getfixturevalue("migrated_sqlite")
        with TemporaryDirectory(dir=memory.FOLDER) as folder:
            shutil.copy(migrated, path := Path(folder) / "bednight.db")
            yield f"sqlite:///{path}"

    @contextmanager
    def on_postgresql() -> Iterator[str]:
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.create(request.getfixturevalue("migrated_postgresql"))
        yield url
        cluster.drop(url)

    class OnThisKind(EveryMovement):
        @staticmethod
        def fresh_url() -> AbstractContextManager[str]:
            return on_sqlite() if kind == "sqlite" else on_postgresql()

    run_state_machine_as_test(
        OnThisKind,
        settings=settings(
            max_examples=times(3),
            stateful_step_count=30 if TIMES == 1 else 100,
            deadline=None,
            derandomize=TIMES == 1,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
