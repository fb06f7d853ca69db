"""The brute force agrees with every worked case, and its memo with writing every sequence out."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.matching.oracle import decide
from tests.matching.oracle.funded import Search
from tests.matching.oracle.judge import admission
from tests.matching.worlds import world

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
COMPARED = {
    "options": ("funded_nights", "first_unfunded_night", "binding", "payers"),
    "later": ("from", "funded_nights", "first_unfunded_night", "binding", "payers"),
    "needs_info": ("unknown",),
    "excluded": ("failed",),
}


def seen(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Keep what a case compares; codes as a set."""
    kept = {key: entry[key] for key in COMPARED[name]}
    if name in ("needs_info", "excluded"):
        return {key: set(codes) for key, codes in kept.items()}
    return kept


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_worked_case(path: Path) -> None:
    case = json.loads(path.read_text())
    answer = decide(case["snapshot"], case["referral"])
    for name in COMPARED:
        found = {entry["facility"]: entry for entry in answer[name]}
        wanted = {entry["facility"]: entry for entry in case["expected"][name]}
        assert set(found) == set(wanted), name
        for facility, entry in wanted.items():
            assert seen(name, found[facility]) == seen(name, entry)
            for key in ("provisional", "bed_until"):
                assert key not in entry or found[facility][key] == entry[key]


def test_there_are_40_cases() -> None:
    assert len(CASES) == 40


def with_clock(clock: dict[str, Any], stays: list[dict[str, Any]], nights: int, **facts: Any) -> dict[str, Any]:
    """Decide the first case with one clock, other stays and another need."""
    snapshot = json.loads(CASES[0].read_text())["snapshot"]
    snapshot["funds"][0]["limits"][0] |= {"clocks": [clock], "leaves_at_age": None}
    snapshot["referrals"][0]["nights_needed"] = nights
    snapshot["stays"] = stays
    snapshot["minors"][0] |= {"born_on": "2010-05-05", "approvals": facts.get("approvals", [])}
    snapshot["holidays"] = {"GA": facts.get("holidays", [])}
    (entry,) = decide(snapshot, "ref_1")["options"]
    assert isinstance(entry, dict)
    return entry


def stay(start: str, end: str | None, facility: str = "fac_old", **more: Any) -> dict[str, Any]:
    """Write a stay that the one fund paid throughout."""
    payers = [{"fund": "fund_x", "from": start, "until": end}]
    return {
        "id": "s",
        "minor": "min_1",
        "facility": facility,
        "admitted_on": start,
        "left_on": end,
        "payers": payers,
    } | more


YEAR = {"id": "c", "limit": 14, "unit": "night", "window": "trailing", "window_months": 12}
CHAIN = {"id": "c", "limit": 15, "unit": "night", "window": "chain", "gap_days": 0}
DAYS = {"id": "c", "limit": 21, "unit": "day", "window": "stay"}
WORKING = {"id": "c", "limit": 3, "unit": "business_day", "window": "stay"}
GOES_ON = stay("2026-11-01", None, "fac_a", away=[["2026-11-10", "2026-11-14"]])


@pytest.mark.parametrize(
    ("clock", "stays", "nights"),
    [
        (YEAR, [stay("2026-06-01", "2026-06-13")], 2),
        (YEAR, [stay("2025-11-24", "2025-12-06")], 2),
        (YEAR, [stay("2025-11-23", "2025-12-05")], 14),
        (YEAR, [stay("2025-10-18", "2025-11-01")], 14),
        (CHAIN, [stay("2026-11-16", "2026-11-21")], 10),
        (CHAIN, [stay("2026-11-15", "2026-11-20")], 15),
        (DAYS, [GOES_ON], 1),
        (DAYS | {"absence": "pauses"}, [GOES_ON], 5),
        (WORKING, [], 4),
        (WORKING | {"scope": "facility"}, [], 4),
    ],
)
def test_clocks_worked_by_hand(clock: dict[str, Any], stays: list[dict[str, Any]], nights: int) -> None:
    entry = with_clock(clock, stays, 30)
    assert entry["funded_nights"] == nights
    assert entry["binding"] == "funding.clock"


def test_an_approved_extension_and_holidays() -> None:
    clock = WORKING | {"extension": {"by": 4, "times": 1, "approval": "more"}}
    holidays = ["2026-11-26", "2026-11-27"]
    entry = with_clock(clock, [], 30, approvals=["more"], holidays=holidays)
    assert (entry["funded_nights"], entry["first_unfunded_night"]) == (12, "2026-12-03")


@pytest.mark.parametrize("seed", range(60))
def test_the_memo_is_the_best_of_all_sequences_written_out(seed: int) -> None:
    snapshot = world(seed, horizon=(6, 6), funds=(2, 3), null_rates=(0.0,), misfit_rates=(0.0,))
    for referral in snapshot["referrals"]:
        for facility in snapshot["facilities"]:
            setting = admission(snapshot, referral, facility)
            search = Search(setting.pair, setting.start, setting.need)
            begin = search.start_block()
            every = search.every_sequence(begin, setting.start)
            assert search.best(begin, setting.start) == min(every)


def test_nothing_here_shares_code_with_the_engine() -> None:
    for path in [p for room in ("oracle", "worlds") for p in (Path(__file__).parent / room).glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not any(name.split(".")[0] in ("matching", "app") for name in names), path
