"""The house stands as designed: who may import whom, what is heavy comes late, and the locks name no host."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WITH_SOLVER = {"flow", "groups", "whole", "nights_part", "chain", "prices", "gaps", "few", "disclosure"}


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_contracts() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("module", ["app.main", "app.cli", "app.demo.cli", "matching.ranking"])
def test_importing_does_not_import_the_solver(module: str) -> None:
    assert python(f"import sys, {module}; print('ortools' in sys.modules)") == "False"


def test_the_solver_would_be_seen() -> None:
    assert python("import sys, ortools.sat.python.cp_model; print('ortools' in sys.modules)") == "True"


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """What a module imports, and whether it does so as soon as it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {inner for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)}
    late |= {inner for node in ast.walk(tree) if _for_types_only(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            yield name, node not in late


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_the_solver_is_imported_late_and_only_where_the_tree_says_so() -> None:
    for path in [*ROOT.glob("matching/**/*.py"), *ROOT.glob("app/**/*.py")]:
        for name, at_once in imports(path):
            if name.split(".")[0] == "ortools":
                assert path.parent.name == "matching", path
                assert path.stem in WITH_SOLVER, path
                assert not at_once, path


def test_matching_needs_little() -> None:
    allowed = {*sys.stdlib_module_names, "matching", "numpy", "scipy", "ortools"}
    for path in ROOT.glob("matching/**/*.py"):
        roots = {name.split(".")[0] for name, _ in imports(path)}
        assert roots <= allowed | ({"pydantic", "pydantic_core"} if path.stem == "codec" else set()), path


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9._-]+==[^ \\]+", (ROOT / lock).read_text(), flags=re.MULTILINE))


def test_the_locks_agree_and_name_no_host() -> None:
    assert pins("requirements.lock") < pins("requirements-dev.lock")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert text.count("--hash=sha256:") > len(pins(lock))
        assert not re.search(r"://|index-url|find-links", text)
