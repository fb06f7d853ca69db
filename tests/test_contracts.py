"""The house stands as designed: who may import whom, and what is heavy comes late."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_contracts() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("module", ["app.main", "app.cli", "matching.ranking"])
def test_importing_does_not_import_the_solver(module: str) -> None:
    heavy = python(f"import sys, {module}; print('ortools' in sys.modules)")
    assert heavy == "False"


def test_the_solver_would_be_seen() -> None:
    assert python("import sys, ortools.sat.python.cp_model; print('ortools' in sys.modules)") == "True"


def test_the_locks_name_no_host() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text
        assert "index-url" not in text
