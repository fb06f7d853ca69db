"""Every worked case through `python -m matching rank FILE --referral ID`, and all of them in one run."""

import json
from pathlib import Path
from typing import Any

import pytest

from matching.__main__ import main

Json = dict[str, Any]
CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
RUN = ("funded_nights", "first_unfunded_night", "binding", "payers")
COMPARED = {"options": RUN, "later": ("from", *RUN), "needs_info": ("unknown",), "excluded": ("failed",)}


def kept(name: str, rows: list[Json]) -> dict[str, Json]:
    """What a case pins of a list, by facility; codes as sets."""
    found = {row["facility"]: {key: row[key] for key in COMPARED[name]} for row in rows}
    assert len(found) == len(rows), "a facility stands in one list twice"
    return {
        facility: {key: set(value) if key in ("unknown", "failed") else value for key, value in row.items()}
        for facility, row in found.items()
    }


def compare(case: Json, answer: Json) -> None:
    assert answer["referral"] == case["referral"]
    for name in COMPARED:
        assert kept(name, answer[name]) == kept(name, case["expected"][name]), name
        for row in case["expected"][name]:
            given = next(one for one in answer[name] if one["facility"] == row["facility"])
            for key in ("provisional", "bed_until"):
                assert key not in row or given[key] == row[key]


def snapshot_file(path: Path, folder: Path) -> tuple[Json, str]:
    """A case, and the file with its snapshot alone."""
    case = json.loads(path.read_text())
    file = folder / path.name
    file.write_text(json.dumps(case["snapshot"]))
    return case, str(file)


def test_there_are_40_cases() -> None:
    assert len(CASES) == 40


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_worked_case(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, file = snapshot_file(path, tmp_path)
    assert main(["rank", file, "--referral", case["referral"]]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    compare(case, json.loads(out))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_worked_case_in_plain_words(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, file = snapshot_file(path, tmp_path)
    assert main(["rank", file, "--referral", case["referral"], "--plain"]) == 0
    out = capsys.readouterr().out
    starts = {
        "options": ("1.", "2.", "3.", "4."),
        "later": ("later",),
        "needs_info": ("need",),
        "excluded": ("not possible",),
    }
    for name, words in starts.items():
        assert sum(line.startswith(words) for line in out.splitlines()) == len(case["expected"][name])


def test_all_cases_in_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One decision a line for every referral, in the order of the files given."""
    cases, files = zip(*(snapshot_file(path, tmp_path) for path in reversed(CASES)), strict=True)
    assert main(["rank", *files, "--all"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(answers) == sum(len(case["snapshot"]["referrals"]) for case in cases)
    at = 0
    for case in cases:
        for referral in sorted(row["id"] for row in case["snapshot"]["referrals"]):
            if referral == case["referral"]:
                compare(case, answers[at])
            at += 1
