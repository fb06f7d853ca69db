"""An order of terms as a file: what is printed comes back, what is wrong is told where, and its weights count."""

import json
from pathlib import Path

import pytest

from matching.__main__ import main
from matching.codec import SnapshotError, not_json
from matching.policy_form import policy_document, policy_of
from matching.value import DEFAULT_POLICY

from .builders import GONE, Json, changed, house, snapshot

OURS = policy_document(DEFAULT_POLICY) | {"id": "ours", "version": 2}


def test_an_order_comes_back_as_it_was_written() -> None:
    assert policy_of(json.loads(json.dumps(policy_document(DEFAULT_POLICY)))) == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"/id": GONE}, "/id: expected a text"),
        ({"/id": ""}, "/id: expected a text"),
        ({"/version": True}, "/version: expected a whole number"),
        ({"/version": 0}, "/version: expected a whole number above 0"),
        ({"/terms": None}, "/terms: expected a list"),
        ({"/terms/0": None}, "/terms/0: expected an object"),
        ({"/terms/0/weight": 1.5}, "/terms/0/weight: expected a whole number"),
        ({"/terms/0/wieght": 1}, "/terms/0/wieght: this key is not known; check its spelling or leave it out"),
        ({"/terms/1/code": "bed.call_first"}, "/terms/1/code: this term stands twice"),
        ({"/terms/1/unit": "week"}, "/terms/1/unit: this term counts by the night"),
        ({"/terms/1/weight": -1}, "/terms: a weight or a limit is below zero"),
        ({"/terms/1/weight": 4_000}, "/terms: the terms together can cost 1048576 or more"),
    ],
)
def test_what_is_wrong_is_told_where(changes: Json, said: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        policy_of(changed(OURS, changes))
    assert str(caught.value) == said


@pytest.mark.parametrize("document", [None, [], "default"])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(SnapshotError, match="expected an object"):
        policy_of(document)


def test_a_term_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(SnapshotError, match=r"^/terms/0/code: expected one of bed.call_first, .*wishes.unmet$"):
        policy_of(changed(OURS, {"/terms/0/code": "risk.score"}))


def test_the_engine_orders_by_the_file_that_the_snapshot_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tonight, order = tmp_path / "tonight.json", tmp_path / "ours.json"
    tonight.write_text(json.dumps(snapshot(facilities=[house("a")], policy={"id": "ours", "version": 2})))
    order.write_text(json.dumps(changed(OURS, {"/terms/8/weight": 7})))
    for command in ("rank", "chain", "outlook"):
        assert main([command, str(tonight), "--referral", "ref_1", "--policy", str(order)]) == 0
    for command in ("plan", "chains"):
        assert main([command, str(tonight), "--policy", str(order)]) == 0
    ranked, *_ = capsys.readouterr().out.split("\n}\n")
    terms = {row["code"]: row["weight"] for row in json.loads(ranked + "}")["options"][0]["terms"]}
    assert terms["bed.confirmation_age"] == 7


def test_a_file_that_is_no_order_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tonight, order = tmp_path / "tonight.json", tmp_path / "ours.json"
    tonight.write_text(json.dumps(snapshot()))
    for text, said in (("{", f"/: {not_json(1, 2)}"), ("{}", "/id: expected a text")):
        order.write_text(text)
        assert main(["rank", str(tonight), "--referral", "ref_1", "--policy", str(order)]) == 2
        assert capsys.readouterr().err == f"matching: {order}: {said}\n"


def test_the_order_of_the_engine_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy"]) == 0
    assert policy_of(json.loads(capsys.readouterr().out)) == DEFAULT_POLICY
