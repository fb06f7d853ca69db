"""A snapshot put together from parts is, byte for byte, the one that is read as a whole."""

import json
from pathlib import Path
from random import Random

import pytest

from matching.codec import SnapshotError, decode_and_keep
from matching.facts import Snapshot
from matching.pieces import joined, part

from .builders import Json, changed, snapshot
from .documents import full
from .worlds import world

LISTS = ("facilities", "funds", "minors", "referrals", "stays", "interstate_approvals")
CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


def put_together(document: Json, seed: int = 0) -> tuple[Snapshot, bytes]:
    """From its rows, each read alone and in any order."""
    draw = Random(seed)  # noqa: S311 - an order, not a secret
    lists = {name: document.get(name) or [] for name in LISTS}
    head = {name: value for name, value in document.items() if name not in LISTS}
    parts = {name: [part(name, json.dumps(row).encode()) for row in rows] for name, rows in lists.items()}
    shuffled = {name: draw.sample(rows, len(rows)) for name, rows in parts.items()}
    return joined(json.dumps(head).encode(), shuffled)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_worked_cases_are_the_same_as_a_whole(path: Path) -> None:
    document = json.loads(path.read_text())["snapshot"]
    assert put_together(document) == decode_and_keep(document)


@pytest.mark.parametrize("seed", range(0, 200, 8))
def test_any_network_is_the_same_as_a_whole(seed: int) -> None:
    document = world(seed)
    whole, kept = decode_and_keep(document)
    again, bytes_again = put_together(document, seed)
    assert (again, bytes_again, again.digest) == (whole, kept, whole.digest)


def test_every_key_of_the_contract_is_the_same_as_a_whole() -> None:
    assert put_together(full()) == decode_and_keep(full())


def test_what_is_wrong_with_a_part_is_told_with_its_list() -> None:
    with pytest.raises(SnapshotError) as caught:
        part("minors", b'{"id": "min_1", "gender": "zq9secret"}')
    ((at, words),) = caught.value.problems
    assert at == "/minors/gender"
    assert "zq9secret" not in words


def test_what_is_wrong_between_rows_is_told() -> None:
    with pytest.raises(SnapshotError) as caught:
        put_together(changed(snapshot(), {"/referrals/0/minor": "min_nobody"}))
    assert [at for at, _ in caught.value.problems] == ["/referrals/0/minor"]


def test_what_is_wrong_with_the_rest_is_told() -> None:
    with pytest.raises(SnapshotError) as caught:
        put_together(changed(snapshot(), {"/horizon_nights": 0}))
    assert [at for at, _ in caught.value.problems] == ["/horizon_nights"]
