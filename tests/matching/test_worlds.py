"""The random snapshots are valid, repeatable, and reach every rule, list and outcome."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from tests.matching.oracle import decide
from tests.matching.oracle.house import RULES
from tests.matching.worlds import nasty, world

Json = dict[str, Any]
SEEDS = range(400)
NEVER_UNKNOWN = {
    "safeguard.placement_kind",
    "minor.refuses",
    "funding.in_force",
    "funding.facility_kind",
    "funding.clock",
    "funding.beds",
    "funding.budget",
    "funding.last_resort",
}
FUND_RULES = (
    "accepted in_force age_band residence custody trafficking gender facility_kind requires"
    " ages_out clock beds budget last_resort"
)
EVERY_RULE = {*RULES, "minor.together"} | {f"funding.{name}" for name in FUND_RULES.split()}


@pytest.fixture(scope="module")
def answers() -> list[Json]:
    """Decide one referral of every seed."""
    decided = []
    for seed in SEEDS:
        asked = (snapshot := nasty(seed))["referrals"]
        decided.append(decide(snapshot, asked[seed % len(asked)]["id"]))
    return decided


def entries_of(answers: Iterable[Json], *names: str) -> list[Json]:
    """Give all entries of some of the lists."""
    return [entry for answer in answers for name in names for entry in answer[name]]


def test_all_four_lists_occur_often(answers: list[Json]) -> None:
    sizes = {name: len(entries_of(answers, name)) for name in answers[0]}
    assert min(sizes.values()) >= 60, sizes


def test_later_ones_have_a_date_or_none(answers: list[Json]) -> None:
    dated = Counter(entry["from"] is not None for entry in entries_of(answers, "later"))
    assert min(dated[True], dated[False]) >= 20, dated


def test_chains_of_payers_and_every_end_of_a_run_occur(answers: list[Json]) -> None:
    placed = entries_of(answers, "options", "later")
    assert sum(len(entry["payers"]) > 1 for entry in placed) >= 30
    ends = {entry["binding"] for entry in placed}
    wanted = {"funding.ages_out", "funding.clock", "funding.budget", "licence.age", "licence.in_force"}
    assert ends >= {None} | wanted, ends


def test_every_rule_is_seen_with_every_outcome(answers: list[Json]) -> None:
    found = {
        (finding["rule"], finding["outcome"])
        for entry in entries_of(answers, "options", "later", "needs_info", "excluded")
        for finding in entry["findings"]
    }
    wanted = {(rule, outcome) for rule in EVERY_RULE for outcome in ("met", "not_met", "unknown")}
    assert found == wanted - {(rule, "unknown") for rule in NEVER_UNKNOWN}


def test_the_same_seed_gives_the_same_world() -> None:
    assert world(7) == world(7)
    assert world(7) != world(8)


def test_knobs_make_bigger_worlds() -> None:
    snapshot = world(1, facilities=(30, 30), minors=(12, 12), funds=(9, 9))
    assert (len(snapshot["facilities"]), len(snapshot["funds"])) == (30, 9)


def unique(rows: Iterable[Json]) -> None:
    """Fail where an id is there twice."""
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))


def apart(ranges: list[tuple[str | None, str | None]]) -> None:
    """Fail where two half-open ranges meet, or one holds nothing."""
    spans = sorted(
        (date.fromisoformat(a) if a else date.min, date.fromisoformat(b) if b else date.max) for a, b in ranges
    )
    assert all(start < end for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize("seed", range(0, 400, 2))
def test_ids_and_references(seed: int) -> None:
    snapshot = nasty(seed)
    units = [unit for house in snapshot["facilities"] for unit in house["units"]]
    beds = {house["id"]: [b["id"] for unit in house["units"] for b in unit["beds"]] for house in snapshot["facilities"]}
    funds = {fund["id"] for fund in snapshot["funds"]}
    unique(bed for unit in units for bed in unit["beds"])
    for rows in (units, *(snapshot[kind] for kind in ("facilities", "funds", "minors", "referrals", "stays"))):
        unique(rows)
    assert {r["minor"] for r in snapshot["referrals"]} <= {m["id"] for m in snapshot["minors"]}
    assert {entry["fund"] for stay in snapshot["stays"] for entry in stay["payers"]} <= funds
    for house in snapshot["facilities"]:
        assert set(house.get("funds") or []) <= funds
        assert {e["bed"] for e in house["residents"] if e.get("bed")} <= set(beds[house["id"]])


@pytest.mark.parametrize("seed", range(0, 400, 2))
def test_nobody_is_in_two_places(seed: int) -> None:
    snapshot = nasty(seed)
    residents = [entry for house in snapshot["facilities"] for entry in house["residents"]]
    for key in ("minor", "bed"):
        for value in {entry.get(key) for entry in residents} - {None}:
            apart([(e.get("from"), e["until"]) for e in residents if e.get(key) == value])
    for minor in {stay["minor"] for stay in snapshot["stays"]}:
        apart([(s["admitted_on"], s["left_on"]) for s in snapshot["stays"] if s["minor"] == minor])
