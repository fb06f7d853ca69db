"""The command line: JSON on stdout, one clear line on stderr and exit code 2 on bad input."""

import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from matching.__main__ import main, solver_on_stderr
from matching.chain_form import chain_schema
from matching.chains_form import chains_schema
from matching.codec import schema
from matching.doubled import doubled
from matching.gaps_form import gaps_schema
from matching.outlook_form import outlook_schema
from matching.plan_form import plan_schema

from .builders import (
    GONE,
    Json,
    bed,
    changed,
    clock,
    decide,
    fund,
    house,
    minor,
    referral,
    resident,
    snapshot,
    unit,
)

ROOT = Path(__file__).parents[2]
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a document, or bytes, to a file and give its path."""

    def put(document: Json | bytes, name: str = "tonight.json") -> str:
        file = tmp_path / name
        file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return str(file)

    return put


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that answers; what it printed."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that is refused: exit code 2, nothing on stdout, one line on stderr."""
    try:
        code: Any = main(arguments)
    except SystemExit as error:
        code = error.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith("matching: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err.removeprefix("matching: ").rstrip("\n")


def two() -> Json:
    """Two who wait, and two houses."""
    return snapshot(
        facilities=[house("a"), house("b", population="mixed")],
        minors=[minor(), minor("min_2")],
        referrals=[referral(), referral(2)],
    )


# Answers.


def test_rank_prints_the_decision(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(two())
    printed = run("rank", file, "--referral", "ref_2", capsys=capsys)
    assert json.loads(printed) == decide(two(), "ref_2")
    assert printed.startswith("{\n")


def test_all_prints_a_line_for_every_referral_of_every_file(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    second = changed(snapshot(), {"/horizon_nights": 20})
    files = [write(two(), "b.json"), write(second, "a.json")]
    printed = run("rank", *files, "--all", capsys=capsys).splitlines()
    assert [json.loads(line) for line in printed] == [decide(two(), "ref_1"), decide(two(), "ref_2"), decide(second)]


def test_a_referral_in_several_files(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    files = [write(two(), "b.json"), write(snapshot(), "a.json")]
    printed = run("rank", *files, "--referral", "ref_1", capsys=capsys)
    assert printed.count('"referral": "ref_1"') == 2


def test_all_of_a_file_without_referrals_prints_nothing(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rank", write(snapshot(referrals=[])), "--all", capsys=capsys) == ""


def test_findings_failed_leaves_out_what_is_met(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run("rank", write(two()), "--referral", "ref_1", "--findings", "failed", capsys=capsys))
    assert found["options"][0]["findings"] == []
    assert [row["rule"] for row in found["excluded"][0]["findings"]] == ["safeguard.population"]
    explained = ("explain", write(two()), "--referral", "ref_1", "--facility", "fac_b", "--findings", "failed")
    assert len(json.loads(run(*explained, capsys=capsys))["findings"]) == 1


def test_plain_is_text_for_people(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("rank", write(two()), "--all", "--plain", capsys=capsys)
    assert [line for line in printed.splitlines() if line.startswith("ref_")] == [
        "ref_1: 1 bed to offer, 0 later",
        "ref_2: 1 bed to offer, 0 later",
    ]
    explained = ("explain", write(two()), "--referral", "ref_1", "--facility", "fac_b", "--plain")
    assert run(*explained, capsys=capsys).startswith("ref_1 at fac_b: excluded\n  not_met safeguard.population")


@pytest.mark.parametrize(
    ("changes", "listed"),
    [
        ({}, "options"),
        ({f"/facilities/0/units/0/beds/{at}/status": "offline" for at in (0, 1)}, "later"),
        ({"/facilities/0/population": None}, "needs_info"),
        ({"/facilities/0/population": "mixed"}, "excluded"),
    ],
)
def test_explain_prints_every_rule_for_one_pair(
    changes: Json, listed: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    document = changed(two(), changes)
    found = json.loads(run("explain", write(document), "--referral", "ref_1", "--facility", "fac_a", capsys=capsys))
    entry = next(row for row in decide(document)[listed] if row["facility"] == "fac_a")
    assert (found["referral"], found["facility"], found["list"]) == ("ref_1", "fac_a", listed)
    assert found["findings"] == entry["findings"]
    assert found["failed"] == entry.get("failed", [])
    assert found["unknown"] == entry.get("unknown", [])
    assert found["bed_known"] is (listed in ("options", "needs_info"))


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run("schema", capsys=capsys)) == schema()


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(two()).encode())))
    assert json.loads(run("rank", "-", "--referral", "ref_1", capsys=capsys)) == decide(two())


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert "python -m matching rank tonight.json --referral ref_1" in capsys.readouterr().out


# Refusals.


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "nothing.json")
    assert refused("rank", file, "--all", capsys=capsys) == f"{file}: no such file or directory"
    assert refused("explain", file, "--referral", "r", "--facility", "f", capsys=capsys).startswith(file)


def test_a_folder_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused("rank", str(tmp_path), "--all", capsys=capsys) == f"{tmp_path}: is a directory"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "/: expected JSON, and from line 1, column 0 on it is none"),
        (b'{"version": 1,\n  }', "/: expected JSON, and from line 2, column 3 on it is none"),
        (b"\xff\xfe", "/: expected JSON in UTF-8, and byte 1 is none"),
        (b"[]", "/: expected an object"),
        (b"[" * 100_000, "/: expected JSON that is nested less deep"),
        (b"{}", "/as_of: this key is required (and 3 more)"),
        (b"\xef\xbb\xbf{}", "/as_of: this key is required (and 3 more)"),
    ],
)
def test_a_file_that_is_no_snapshot(
    content: bytes, message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(content)
    assert refused("rank", file, "--all", capsys=capsys) == f"{file}: {message}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"/facilities/0/kind": "hotel"}, "/facilities/0/kind: expected 'emergency_shelter', "),
        ({"/tonight": GONE}, "/tonight: this key is required"),
        ({"/colour": "red"}, "/colour: this key is not known; check its spelling or leave it out"),
        ({"/referrals/0/minor": "x"}, "/referrals/0/minor: expected the id of a minor of this snapshot"),
        ({"/version": 2}, "/version: expected 1"),
    ],
)
def test_a_snapshot_with_a_fault(changes: Json, message: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(changed(two(), changes))
    for command in (("rank", file, "--all"), ("explain", file, "--referral", "ref_1", "--facility", "fac_a")):
        assert refused(*command, capsys=capsys).startswith(f"{file}: {message}")


@pytest.mark.parametrize(
    ("numbers", "holds"),
    [
        ([], "none"),
        ([1], "ref_1"),
        ([1, 2, 3], "ref_1, ref_2, ref_3"),
        ([1, 2, 3, 4, 5], "ref_1, ref_2, ref_3 and 2 more"),
    ],
)
def test_a_referral_that_is_not_there(
    numbers: list[int], holds: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    minors = [minor(f"min_{n}") for n in numbers]
    file = write(snapshot(minors=minors, referrals=[referral(n) for n in numbers]))
    expected = f"{file}: no referral 'ref_9'; it holds {holds}"
    assert refused("rank", file, "--referral", "ref_9", capsys=capsys) == expected
    assert refused("explain", file, "--referral", "ref_9", "--facility", "fac_a", capsys=capsys) == expected


def test_a_facility_that_is_not_there(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(two())
    said = refused("explain", file, "--referral", "ref_1", "--facility", "fac_z", capsys=capsys)
    assert said == f"{file}: no facility 'fac_z'; it holds fac_a, fac_b"


def test_a_policy_that_is_not_known(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(snapshot(policy={"id": "mine", "version": 3}))
    said = refused("rank", file, "--referral", "ref_1", capsys=capsys)
    assert said == f"{file}: /policy: give the file of policy mine version 3 with --policy"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["guess"],
        ["rank"],
        ["rank", "x.json"],
        ["rank", "--all"],
        ["rank", "x.json", "--all", "--referral", "ref_1"],
        ["rank", "x.json", "--all", "--findings", "some"],
        ["rank", "x.json", "--all", "--colour"],
        ["explain", "x.json", "--referral", "ref_1"],
        ["explain", "x.json", "--facility", "fac_a"],
        ["explain", "--referral", "ref_1", "--facility", "fac_a"],
        ["outlook", "x.json"],
        ["policy", "x.json"],
        ["schema", "x.json"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(*arguments, capsys=capsys).endswith("; see python -m matching --help")


def test_a_reader_that_has_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert main(["schema"]) == 0


# In a process of its own.


def matching(*arguments: str, **more: Any) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "matching", *arguments]
    return subprocess.run(command, capture_output=True, check=False, cwd=ROOT, **more)


def test_a_process_answers_with_its_exit_code(write: Write) -> None:
    done = matching("rank", write(two()), "--referral", "ref_1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == decide(two())
    bad = matching("rank", write(two()), "--referral", "ref_9")
    assert (bad.returncode, bad.stdout) == (2, b"")
    assert bad.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"version": 1, "version": 1}', "/version"),
        ('{"facilities": [{"id": "a"}, {"beds": {"x~/y": 1, "x~/y": 1, "z": 2}}]}', "/facilities/1/beds/x~0~1y"),
        ('{"minors": [{"id": "a", "id": "b", "needs": {"infants": 0, "infants": 2}}]}', "/minors/0/id"),
        ('[{"a": 1, "a": 1}]', "/0/a"),
    ],
)
def test_a_member_that_stands_twice_is_refused_with_its_pointer(
    write: Write, capsys: pytest.CaptureFixture[str], text: str, pointer: str
) -> None:
    assert main(["rank", write(text.encode()), "--referral", "ref_1"]) == 2
    said = capsys.readouterr().err
    assert f": {pointer}: This member stands here twice." in said
    assert said.count("\n") == 1


def test_what_is_no_json_is_told_by_who_reads_it() -> None:
    assert doubled("{") == doubled("[" * 100_000) == doubled('{"a": {"b": [1, {"c": null}]}}') == []


def test_the_module_runs_as_a_program(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["matching", "rank", write(two()), "--referral", "ref_9"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "matching" / "__main__.py"), run_name="__main__")
    assert caught.value.code == 2
    assert "no referral 'ref_9'" in capsys.readouterr().err


def test_a_process_whose_reader_has_gone_ends_in_silence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "matching", "schema"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    os.close(writer)
    assert done.stderr == b""


IMPORTS = """
import sys, json
sys.path.insert(0, {root!r})
before = "ortools" in sys.modules
import matching, matching.codec, matching.ranking, matching.eligibility, matching.check, matching.__main__
loaded = [name for name in sys.modules if name.partition(".")[0] in ("ortools", "app", "fastapi", "sqlalchemy")]
snapshot = matching.codec.decode(open({file!r}).read())
matching.ranking.rank(snapshot, "ref_2")
still = "ortools" in sys.modules
matching.ranking.rank(snapshot, "ref_1")
print(json.dumps([before, loaded, still, "ortools" in sys.modules]))
"""


def test_the_solver_is_loaded_by_the_first_option_and_not_before(write: Write) -> None:
    """The second referral has no option, so there is nothing to solve."""
    nowhere = minor("min_2", wishes={"refuse": ["fac_a"]})
    file = write(snapshot(minors=[minor(), nowhere], referrals=[referral(), referral(2)]))
    script = IMPORTS.format(root=str(ROOT), file=file)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == [False, [], False, True]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
def test_an_answer_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "tonight.json"
    file.write_text(json.dumps(snapshot()))
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "matching", "rank", str(file), "--all"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "matching: the answer cannot be written: no space left on device\n"


# The plan for everyone.


def test_plan_prints_everyone_who_waits(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(two())
    printed = json.loads(run("plan", file, capsys=capsys))
    assert [row["referral"] for row in printed["lines"]] == ["ref_1", "ref_2"]
    said = run("plan", file, "--plain", capsys=capsys).splitlines()
    assert said[0] == "night of 2026-11-21: 2 with a bed, 0 without, 0 for a later night"
    assert said[1] == "proved: no plan is better; no other is as good"
    assert "ref_1 (urgency 1): fac_a, bed_a1: 30 nights paid (fund_a to 2026-12-21)" in said


def test_a_plan_says_what_it_does_where_it_takes_long(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.__main__.QUIET", 0.0)
    assert main(("plan", write(two()))) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["proof"] == "optimal"
    assert all(line.startswith("matching: 0 s: ") for line in err.splitlines())
    assert err.count("\n") == 3


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_plan_needs_time_above_none(seconds: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused("plan", write(two()), "--seconds", seconds, capsys=capsys)
    assert said == "argument --seconds: expected a number of seconds above 0; see python -m matching --help"


def test_a_plan_of_what_cannot_be_read_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused("plan", "nowhere.json", capsys=capsys) == "nowhere.json: no such file or directory"
    file = write(changed(two(), {"/policy/id": "mine"}))
    assert refused("plan", file, capsys=capsys).endswith(
        "/policy: give the file of policy mine version 1 with --policy"
    )


@pytest.mark.parametrize("command", ["rank", "plan", "chain", "chains"])
def test_an_answer_is_checked(command: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where it is right, 1 with a line for each fault, 2 where a file is none."""
    file, answer = write(two()), tmp_path / "answer.json"
    asked = ["--referral", "ref_1"] if command in ("rank", "chain") else []
    answer.write_text(run(command, file, *asked, capsys=capsys))
    assert run("check", file, str(answer), capsys=capsys) == "The checker finds no fault.\n"
    answer.write_text(json.dumps(json.loads(answer.read_text()) | {"rules_version": "0"}))
    assert main(("check", file, str(answer))) == 1
    assert capsys.readouterr() == ("rules_version is another one\n", "")
    for text in ("[]", "1", "null", '{"lines": 1}', '{"links": {}}', '{"chains": null}'):
        answer.write_text(text)
        assert main(("check", file, str(answer))) == 1
        assert capsys.readouterr().err == ""
    answer.write_text("{")
    assert refused("check", file, str(answer), capsys=capsys).startswith(f"{answer}: /: expected JSON")


# A chain for one.


def moved() -> Json:
    """Thirty nights in one house, and a bed in another that is somebody's until the day before."""
    return snapshot(
        facilities=[
            house("b", funds=["fund_a"]),
            house(
                "c",
                unit("unit_c", bed("bed_c1", confirmed_at=None)),
                funds=["fund_b"],
                residents=[resident("bed_c1", until="2026-12-19")],
            ),
        ],
        funds=[fund("a", clocks=[clock(30)]), fund("b", clocks=[clock(50)])],
        minors=[minor(history=None)],
        referrals=[referral(nights_needed=90)],
    )


def test_a_chain_is_printed_as_its_form_and_for_people(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(moved())
    printed = json.loads(run("chain", file, "--referral", "ref_1", capsys=capsys))
    assert [(row["facility"], row["nights"]) for row in printed["links"]] == [("fac_b", 30), ("fac_c", 50)]
    said = run("chain", file, "--referral", "ref_1", "--plain", capsys=capsys).splitlines()
    assert said[:10] == [
        "ref_1: 30 nights at fac_b, then 50 nights at fac_c from Dec 21: its bed opens Dec 19",
        "needed from 2026-11-21 to 2027-02-19: 80 of 90 nights, 1 move",
        "proved: no chain is better",
        "2026-11-21 to 2026-12-21: fac_b, bed_b1: paid by fund_a to 2026-12-21",
        "   nobody pays (funding.clock) from 2026-12-21",
        "2026-12-21 to 2027-02-09: fac_c, bed_c1: paid by fund_b to 2027-02-09",
        "   nobody pays (funding.clock) from 2027-02-09",
        "   call first: nobody confirmed the bed within 12 hours",
        "nobody pays, or no bed is free, from 2027-02-09 to 2027-02-19",
        "provisional: caps are counted as far as recorded",
    ]
    assert all(line.startswith("careful: ") for line in said[10:])


def test_a_chain_of_what_is_not_there_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(moved())
    assert refused("chain", file, "--referral", "ref_9", capsys=capsys).endswith("no referral 'ref_9'; it holds ref_1")
    assert refused("chain", "nowhere.json", "--referral", "ref_1", capsys=capsys).startswith("nowhere.json: no such")
    other = write(changed(moved(), {"/policy/id": "mine"}))
    said = refused("chain", other, "--referral", "ref_1", capsys=capsys)
    assert said.endswith("/policy: give the file of policy mine version 1 with --policy")
    assert refused("chain", file, capsys=capsys).startswith("the following arguments are required: --referral")


def test_what_comes_after_each_option_is_printed_as_its_form_and_for_people(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(moved())
    printed = json.loads(run("outlook", file, "--referral", "ref_1", capsys=capsys))
    assert [[link["facility"] for link in row["links"]] for row in printed["options"]] == [["fac_c"]]
    said = run("outlook", file, "--referral", "ref_1", "--plain", capsys=capsys).splitlines()
    assert said[:3] == [
        "ref_1: needed until 2027-02-19, longer than 1 option can give",
        "fac_b until 2026-12-21 (funding.clock), 10 nights without a paid bed",
        "   then 2026-12-21 to 2027-02-09: fac_c: paid by fund_b to 2027-02-09",
    ]
    assert all(line.startswith("careful: ") for line in said[3:])


def test_where_nothing_comes_after_it_is_said(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    alone = moved() | {"facilities": moved()["facilities"][:1]}
    said = run("outlook", write(alone), "--referral", "ref_1", "--plain", capsys=capsys).splitlines()
    assert said[1:3] == [
        "fac_b until 2026-12-21 (funding.clock), 60 nights without a paid bed",
        "   no house is known that could take over",
    ]
    short = changed(moved(), {"/referrals/0/nights_needed": 30})
    [only, *_] = run("outlook", write(short), "--referral", "ref_1", "--plain", capsys=capsys).splitlines()
    assert only == "ref_1: needed until 2026-12-21, and no option ends before that"


# Everybody's chains.


def test_everybodys_chains_are_printed_as_their_form_and_for_people(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.__main__.QUIET", inf)
    file = write(moved())
    printed = json.loads(run("chains", file, capsys=capsys))
    assert [row["facility"] for row in printed["chains"][0]["stays"]] == ["fac_b", "fac_c"]
    said = run("chains", file, "--seconds", "60", "--plain", capsys=capsys).splitlines()
    assert said[:2] == [
        "from 2026-11-21: 1 young person, 80 of 90 nights paid, 1 move",
        "0 without a bed tonight, not fewer",
    ]
    assert said[3] == (
        "ref_1 (urgency 1): Nov 21 to Dec 21 at fac_b, bed_b1 (fund_a to 2026-12-21), "
        "then Dec 21 to Feb 9 at fac_c, bed_c1 (fund_b to 2027-02-09); 10 nights without"
    )
    assert all(line.startswith("careful: ") for line in said[4:])


def test_everybodys_chains_of_what_cannot_be_read_are_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused("chains", "nowhere.json", capsys=capsys) == "nowhere.json: no such file or directory"
    file = write(changed(moved(), {"/policy/id": "mine"}))
    assert refused("chains", file, capsys=capsys).endswith(
        "/policy: give the file of policy mine version 1 with --policy"
    )


def test_what_would_have_opened_a_bed_is_printed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(changed(two(), {"/funds/0/limits/0/max_age": 10, "/minors/0/wishes/refuse": ["fac_a", "fac_b"]}))
    printed = json.loads(run("gaps", file, capsys=capsys))
    Draft202012Validator(gaps_schema()).validate(printed)
    age = {"kind": "fund", "code": "funding.age_band", "of": "fund_a", "who": "funder"}
    assert {row["referral"]: row["sets"] for row in printed["gaps"]} == {"ref_1": [], "ref_2": [[age]]}
    assert printed["totals"] == {
        "gaps": 2, "no_change_of_these_opens": 1, "alone": [{"change": age, "count": 1}], "pairs": [],
    }  # fmt: skip
    said = run("gaps", file, "--plain", capsys=capsys).splitlines()
    assert said[:5] == [
        "night of 2026-11-21: 2 without a bed, 0 with one to offer",
        "ref_1: no change of these opens a bed",
        "ref_2: 1 change would open a bed",
        "   put aside funding.age_band of fund_a (funder)",
        "alone for 1: put aside funding.age_band of fund_a (funder)",
    ]
    assert json.loads(run("gaps", file, "--referral", "ref_2", capsys=capsys))["totals"]["gaps"] == 1
    assert refused("gaps", file, "--referral", "ref_9", capsys=capsys).endswith("it holds ref_1, ref_2")


def test_the_schema_of_a_plan_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run("schema", "plan", capsys=capsys)) == plan_schema()
    assert json.loads(run("schema", "chain", capsys=capsys)) == chain_schema()
    assert json.loads(run("schema", "outlook", capsys=capsys)) == outlook_schema()
    assert json.loads(run("schema", "chains", capsys=capsys)) == chains_schema()
    assert json.loads(run("schema", "gaps", capsys=capsys)) == gaps_schema()
    assert json.loads(run("schema", "snapshot", capsys=capsys)) == schema()


def test_what_a_solver_prints_by_itself_is_no_part_of_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    with solver_on_stderr():
        os.write(1, b"noise of a solver\n")
    os.write(1, b"the answer\n")
    assert capfd.readouterr() == ("the answer\n", "noise of a solver\n")
