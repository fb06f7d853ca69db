"""The order of rows in a file says nothing: the same bytes come out whatever it is, and every time."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.codec import canonical, decode, sha256
from matching.decision_form import decision_document
from matching.ranking import rank
from tests.proofs import saw, times

from .builders import Json, bed, changed, fund, house, minor, referral, snapshot, unit
from .worlds import world

ORDERED = ("limits", "point", "home_point", "age_range")
"""Lists whose order says something."""
PAIRS = ("away", "unavailable", "circles")
"""Lists of short lists whose own order says something."""


def shuffled(value: Any, draw: Random, name: str = "") -> Any:
    """The same document with the rows of every list, and the keys of every object, in another order."""
    if isinstance(value, dict):
        keys = draw.sample(list(value), len(value))
        return {key: shuffled(value[key], draw, key) for key in keys}
    if isinstance(value, list):
        rows = value if name in PAIRS else [shuffled(row, draw) for row in value]
        return rows if name in ORDERED else draw.sample(rows, len(rows))
    return value


def answers(document: Json) -> bytes:
    """Every decision of a network, as bytes."""
    read = decode(document)
    ids = sorted(row.id for row in read.referrals)
    return json.dumps([decision_document(rank(read, referral)) for referral in ids]).encode()


def ties(seed: int) -> Json:
    """Houses and minors that are all alike but for a few refusals: many plans are equally good."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    letters, numbers = "abcd"[: draw.randint(2, 4)], range(1, draw.randint(2, 6))
    refusals = [[f"fac_{letter}" for letter in letters if draw.random() < 0.2] for _ in numbers]
    return snapshot(
        facilities=[house(letter, unit(f"unit_{letter}", bed(f"bed_{letter}"))) for letter in letters],
        funds=[fund(beds_per_night=draw.choice([None, 2]))],
        minors=[minor(f"min_{n}", wishes={"refuse": row}) for n, row in zip(numbers, refusals, strict=True)],
        referrals=[referral(n, urgency=draw.randint(1, 2)) for n in numbers],
    )


@settings(max_examples=times(60), deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_order_of_rows_changes_no_byte(seed: int, order: int) -> None:
    document = world(seed % 5000, minors=(2, 4)) if seed % 2 else ties(seed)
    again = shuffled(document, Random(order))  # noqa: S311 - an example, not a secret
    assert canonical(decode(document)) == canonical(decode(again))
    assert sha256(decode(document)) == sha256(decode(again))
    assert answers(document) == answers(again)
    saw("networks in another order of rows, byte by byte", 1)


def test_the_order_of_limits_says_which_of_two_counts() -> None:
    rows = [{"valid_from": "2020-01-01", "nights_left": 3}, {"valid_from": "2020-01-01", "nights_left": 5}]
    document = changed(snapshot(funds=[fund()]), {"/funds/0/limits": rows})
    other = changed(document, {"/funds/0/limits": rows[::-1]})
    assert canonical(decode(document)) != canonical(decode(other))


def test_the_same_bytes_twice() -> None:
    document = world(11, minors=(4, 4), facilities=(3, 3))
    assert answers(document) == answers(document)


def test_the_same_bytes_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    file = tmp_path / "network.json"
    file.write_text(json.dumps(world(11, minors=(4, 4), facilities=(3, 3))))
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "matching", "rank", str(file), "--all"],
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop().count(b"\n") >= 1


def test_a_snapshot_that_was_read_once_may_be_ranked_often() -> None:
    read = decode(world(11, minors=(4, 4)))
    first = [decision_document(rank(read, row.id)) for row in read.referrals]
    again = [decision_document(rank(read, row.id)) for row in reversed(read.referrals)]
    assert first == again[::-1]


@pytest.mark.parametrize("findings", ["all", "failed"])
def test_a_decision_is_json(findings: Any) -> None:
    document = decision_document(rank(decode(snapshot()), "ref_1"), findings)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
