"""Consent is never a condition of service: nothing that finds, holds or offers a bed can know of it."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_releases import DAY
from tests.app.test_workflow import scene
from tests.factories import made
from tests.scenes import Scene

pytestmark = pytest.mark.one_kind

__all__ = ["scene"]

ROOT = Path(__file__).parents[2]
SERVICE = ("matching", "app/beds", "app/placements", "app/stays", "app/answers", "app/referrals", "app/gaps",
           "app/exceptions", "app/facilities", "app/funding", "app/tasks", "app/board")  # fmt: skip
CONSENT = {"Release", "LegalBasis", "LoneConsent", "release_holds", "basis_holds", "shared_items", "void"}


def imported(path: Path) -> set[str]:
    """Every module that a file imports from, and every name that it takes of one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(name.name for name in node.names)}
    return found


def test_no_room_that_finds_holds_or_offers_a_bed_asks_for_consent() -> None:
    files = [path for room in SERVICE for path in (ROOT / room).glob("**/*.py")]
    assert len(files) > 100
    for path in files:
        asked = imported(path) & CONSENT | {name for name in imported(path) if name.startswith("app.releases")}
        assert asked == set(), path


def test_what_a_decision_looks_at_is_the_same_with_a_release_without_and_after_it(scene: Scene) -> None:
    path = scene.refer()
    looked_at: list[Any] = [scene.snapshot()]
    run, decided = scene.rank(path)
    paper = {
        "recipient": scene.agencies["fac_a"], "purpose": "placement", "items": ["case", "born_on"],
        "signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "given": "written",
        "explained": True, "valid_until": (scene.clock.now() + 9 * DAY).isoformat(),
    }  # fmt: skip
    release = made(scene.coordinator.post(f"{path}/releases", paper))["id"]
    looked_at.append(scene.snapshot())
    made(scene.coordinator.post(f"{path}/releases/{release}/withdrawal"))
    looked_at.append(scene.snapshot())
    assert looked_at[0] == looked_at[1] == looked_at[2]
    _, again = scene.rank(path)
    assert {k: v for k, v in again.items() if k != "snapshot_sha256"} == decided
    # A bed is held and given on the decision that was made before anything was signed or taken back.
    offer = made(scene.ask(path, run, "fac_a"))
    assert made(scene.answer("fac_a", offer["id"]))["status"] == "accepted"
