"""The checker confirms every answer of the engine, and finds whatever is changed in one."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.networks import network
from matching import check_nights, clocks
from matching.census import House
from matching.check import faults
from matching.codec import decode
from matching.decision_form import decision_document
from matching.facts import Snapshot
from matching.payer import Funding
from matching.ranking import rank
from matching.value import DEFAULT_POLICY
from tests.matching.builders import (
    GONE,
    LISTS,
    Json,
    bed,
    changed,
    clock,
    day,
    fund,
    house,
    minor,
    referral,
    resident,
    snapshot,
    stay,
    unit,
)
from tests.matching.worlds import nasty, world
from tests.proofs import or_many, saw, times

MATCHING = Path(__file__).parents[2] / "matching"
CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
CROWDED: Json = {
    "null_rates": (0.0,),
    "misfit_rates": (0.0, 0.02),
    "facilities": (2, 5),
    "minors": (5, 10),
    "funds": (3, 6),
    "horizon": (20, 60),
}
PARTS = 10


def answer(facts: Snapshot, referral_id: str) -> Json:
    """The decision for a referral as it is stored and read again."""
    stored: Json = json.loads(json.dumps(decision_document(rank(facts, referral_id))))
    return stored


def disputed(document: Json) -> list[str]:
    """What the checker says of the engine's answers to every referral of a snapshot."""
    facts = decode(document)
    return [fault for row in facts.referrals for fault in faults(answer(facts, row.id), facts)]


# What the engine answers is confirmed.


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_worked_cases_are_confirmed(path: Path) -> None:
    assert disputed(json.loads(path.read_text())["snapshot"]) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_random_networks_are_confirmed(part: int) -> None:
    found = {seed: disputed(nasty(seed)) for seed in range(part, or_many(100, 200), PARTS)}
    assert {seed: said for seed, said in found.items() if said} == {}
    saw("random networks whose answers the checker confirms", len(found))


@pytest.mark.parametrize("seed", [317, 462, 536])
def test_a_clock_that_counts_one_house_is_not_taken_for_another_s(seed: int) -> None:
    """Each of these has a minor with paid nights in one of two houses and a fund that counts each house by itself."""
    assert disputed(nasty(seed)) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_crowded_networks_are_confirmed(part: int) -> None:
    found = {seed: disputed(world(seed, **CROWDED)) for seed in range(part, times(30), PARTS)}
    assert {seed: said for seed, said in found.items() if said} == {}
    saw("crowded networks whose answers the checker confirms", len(found))


@pytest.mark.parametrize("payers", [3, 6])
def test_a_network_of_sixty_houses_is_confirmed(payers: int) -> None:
    facts = decode(network(60, 30, payers=payers))
    row = facts.referrals[0]
    assert faults(answer(facts, row.id), facts) == []


# A town in which every kind of entry occurs, and somebody else who needs the only bed of `fac_b`.


def town() -> Json:
    """Two options, three later, two that need an answer, two excluded."""
    funds = [
        fund("a", clocks=[clock(14)]),
        fund("b", nights_left=10),
        fund("c", genders=["male"]),
        fund("z", last_resort=True, beds_per_night=9),
    ]
    common: Json = {"declines": []}
    every = ["fund_a", "fund_b", "fund_c", "fund_z"]
    kept = [[day(20), day(22)]]
    return snapshot(
        funds=funds,
        facilities=[
            house("a", funds=every, **common),
            house("b", unit("unit_b", bed("bed_b1", unavailable=kept)), funds=["fund_a", "fund_c"], **common),
            house("c", unit("unit_c", bed("bed_c1")), residents=[resident("bed_c1", until=day(3))], **common),
            house("d", unit("unit_d", bed("bed_d1", "offline")), **common),
            house("e", unit("unit_e", bed("bed_e1", confirmed_at=None)), population=None),
            house("f"),
            house("g", safeguards={}, population="mixed", funds=["fund_c"], **common),
            house("h", licence=house()["licence"] | {"genders": ["male"]}, **common),
            house("i", residents=[resident("bed_i1", minor="min_8", trafficking="none", until=day(5))], **common),
        ],
        minors=[
            minor(needs=minor()["needs"] | {"conditions": None}, history=None),
            minor("min_2", wishes={"prefer": [], "refuse": [f"fac_{letter}" for letter in "acdefghi"]}),
        ],
        referrals=[referral(), referral(2, urgency=2)],
    )


@pytest.fixture(scope="module")
def facts() -> Snapshot:
    return decode(town())


@pytest.fixture(scope="module")
def stored(facts: Snapshot) -> Json:
    return answer(facts, "ref_1")


def test_the_town_has_every_kind_of_entry(stored: Json, facts: Snapshot) -> None:
    assert faults(stored, facts) == []
    listed = {name: [entry["facility"] for entry in stored[name]] for name in LISTS}
    assert listed == {
        "options": ["fac_a", "fac_b"],
        "later": ["fac_c", "fac_i", "fac_d"],
        "needs_info": ["fac_f", "fac_e"],
        "excluded": ["fac_h", "fac_g"],
    }
    first, second = stored["options"]
    assert [row["fund"] for row in first["payers"]] == ["fund_a", "fund_b", "fund_z"]
    assert second["binding"] == "funding.clock"
    assert second["network"] == {"placed_change": -1, "urgent_placed_change": -1, "nights_change": -14}
    assert second["bed_until"] == day(20)
    assert {"fact": "minor.needs.conditions", "decides": 2} in stored["needs_info"][0]["ask"]
    assert len(stored["excluded"][1]["failed"]) > 1


# One fault planted.

FIRST, SECOND, WAITS = "/options/0", "/options/1", "/later/1"
AS_FULL = {"waits_for_people": True, "list": "later", "unknown": [], "failed": [], "fix": [], "findings": []}
FINDING = f"{FIRST}/findings/3"
PLANTED: dict[str, tuple[Json, str]] = {
    "another version": ({"/version": 2}, "version"),
    "another referral": ({"/referral": "ref_9"}, "referral"),
    "the referral of somebody else": ({"/referral": "ref_2"}, "belongs to"),
    "another snapshot": ({"/snapshot_sha256": "0" * 64}, "snapshot_sha256"),
    "other rules": ({"/rules_version": "0.9"}, "rules_version"),
    "another engine": ({"/engine_version": "9"}, "engine_version"),
    "a key too many": ({"/note": "x"}, "keys of the decision"),
    "a list gone": ({"/later": GONE}, "keys of the decision"),
    "a list that is none": ({"/later": None}, "later is not a list"),
    "an entry's key too many": ({f"{FIRST}/note": "x"}, "entry 0 of options"),
    "an entry's key gone": ({f"{FIRST}/binding": GONE}, "entry 0 of options"),
    "a finding that is none": ({FINDING: None}, "findings have not the keys"),
    "an unknown facility": ({f"{FIRST}/facility": "fac_q"}, "fac_q is not in the snapshot"),
    "a facility twice": ({f"{FIRST}/facility": "fac_b"}, "fac_a stands in no list"),
    "another rank": ({f"{SECOND}/rank": 3}, "options, fac_b: its rank"),
    "a rank that is true": ({f"{FIRST}/rank": True}, "options, fac_a: its rank"),
    "another unit": ({f"{FIRST}/unit": "unit_b"}, "options, fac_a: unit"),
    "another bed": ({f"{FIRST}/bed": "bed_a2"}, "options, fac_a: bed"),
    "another date": ({f"{FIRST}/admit_on": day(1)}, "options, fac_a: admit_on"),
    "a later date": ({"/later/0/from": day(2)}, "later, fac_c: from"),
    "room at another time": ({"/later/1/room_from": day(5)}, "later, fac_i: room_from"),
    "no word of a full house": ({f"{WAITS}/as_full": None}, "later, fac_i: as_full is missing"),
    "a full house not called for": ({"/later/0/as_full": AS_FULL}, "later, fac_c: as_full is not called for"),
    "a full house that is none": ({f"{WAITS}/as_full": "x"}, "later, fac_i, as full: not the keys"),
    "a full house's key gone": ({f"{WAITS}/as_full/fix": GONE}, "later, fac_i, as full: not the keys"),
    "a full house's finding that is none": ({f"{WAITS}/as_full/findings": [3]}, "as full: findings have not the keys"),
    "a full house that waits for nobody": ({f"{WAITS}/as_full/waits_for_people": False}, "as full: waits_for_people"),
    "a full house in another list": ({f"{WAITS}/as_full/list": "later"}, "later, fac_i, as full: list"),
    "a full house with another rule": ({f"{WAITS}/as_full/failed": ["licence.age"]}, "fac_i, as full: failed"),
    "a full house with a doubt": ({f"{WAITS}/as_full/unknown": ["licence.age"]}, "fac_i, as full: unknown"),
    "a full house that could be mended otherwise": ({f"{WAITS}/as_full/fix": []}, "fac_i, as full: fix"),
    "a full house's finding gone": ({f"{WAITS}/as_full/findings": []}, "as full: the finding safeguard.population"),
    "a date where none is known": ({"/later/2/from": day(9)}, "later, fac_d: from"),
    "a bed that stays free": ({f"{SECOND}/bed_until": None}, "options, fac_b: bed_until"),
    "confirmed earlier": ({f"{FIRST}/bed_confirmed_at": None}, "options, fac_a: bed_confirmed_at"),
    "to be called first": ({f"{FIRST}/call_first": True}, "options, fac_a: call_first"),
    "not provisional": ({f"{FIRST}/provisional": []}, "options, fac_a: provisional"),
    "more nights": ({f"{SECOND}/funded_nights": 15}, "options, fac_b: funded_nights"),
    "no cliff": ({f"{SECOND}/first_unfunded_night": None}, "options, fac_b: first_unfunded_night"),
    "another rule that ends it": ({f"{SECOND}/binding": "funding.beds"}, "options, fac_b: binding"),
    "nothing that ends it": ({f"{SECOND}/binding": None}, "options, fac_b: binding"),
    "nobody pays": ({f"{FIRST}/payers": []}, "options, fac_a: payers could go on"),
    "a payer that is none": ({f"{FIRST}/payers/0/fund": 3}, "a payer is not a fund and two dates"),
    "a payer without end": ({f"{FIRST}/payers/2/until": None}, "a payer is not a fund and two dates"),
    "a date in another form": ({f"{FIRST}/payers/2/until": "20261221"}, "a payer is not a fund and two dates"),
    "a date that is none": ({f"{FIRST}/payers/2/until": "2026-12-32"}, "a payer is not a fund and two dates"),
    "a payer's key too many": ({f"{FIRST}/payers/0/note": 1}, "a payer is not a fund and two dates"),
    "a payer's key gone": ({f"{FIRST}/payers/0/fund": GONE}, "payers have not the keys"),
    "a payer not usable": ({f"{FIRST}/payers/1/fund": "fund_c"}, "fund_c is not usable"),
    "a payer twice": ({f"{FIRST}/payers/1/fund": "fund_a"}, "fund_a pays more than one block"),
    "a night without payer": ({f"{FIRST}/payers/1/from": day(15)}, "do not follow"),
    "the last night cut off": ({f"{FIRST}/payers/2/until": day(29)}, f"payers could go on to {day(30)}"),
    "a night beyond the need": ({f"{FIRST}/payers/2/until": day(31)}, f"{day(30)}: not needed"),
    "a night beyond the cap": ({f"{SECOND}/payers/0/until": day(15)}, f"{day(14)}: funding.clock"),
    "a night fewer": ({f"{SECOND}/payers/0/until": day(13)}, f"payers could go on to {day(14)}"),
    "a night beyond the cap, taken from the next": (
        {f"{FIRST}/payers/0/until": day(15), f"{FIRST}/payers/1/from": day(15)},
        f"fund_a may not pay the night of {day(14)}: funding.clock",
    ),
    "a night taken from the last resort": (
        {f"{FIRST}/payers/1/until": day(25), f"{FIRST}/payers/2/from": day(25)},
        f"fund_b may not pay the night of {day(24)}: funding.budget",
    ),
    "a night given to the last resort": (
        {f"{FIRST}/payers/1/until": day(23), f"{FIRST}/payers/2/from": day(23)},
        f"fund_z may not pay the night of {day(23)}: funding.last_resort",
    ),
    "the last resort before the others": (
        {f"{FIRST}/payers": [{"fund": "fund_z", "from": day(0), "until": day(30)}]},
        f"fund_z may not pay the night of {day(0)}: funding.last_resort",
    ),
    "the others the other way round": (
        {
            f"{FIRST}/payers/0": {"fund": "fund_b", "from": day(0), "until": day(10)},
            f"{FIRST}/payers/1": {"fund": "fund_a", "from": day(10), "until": day(24)},
        },
        "options, fac_a: a better sequence",
    ),
    "a term's value": ({f"{SECOND}/terms/1/value": 15}, "options, fac_b: terms"),
    "a term's cost": ({f"{SECOND}/terms/1/cost": 0}, "options, fac_b: terms"),
    "nobody loses a place": ({f"{SECOND}/network/placed_change": 0}, "options, fac_b: network"),
    "nobody urgent loses one": ({f"{SECOND}/network/urgent_placed_change": 0}, "options, fac_b: network"),
    "no nights lost": ({f"{SECOND}/network/nights_change": -13}, "options, fac_b: network"),
    "no word of others": ({f"{FIRST}/network": None}, "options, fac_a: network"),
    "a word of others too many": ({"/later/0/network": {"placed_change": 0}}, "later, fac_c: network"),
    "another outcome": ({f"{FINDING}/outcome": "unknown"}, "safeguard.outside_contact of fac_a: outcome"),
    "another subject": ({f"{FINDING}/subject": "fac_b"}, "finding safeguard.outside_contact of fac_a is missing"),
    "another text": ({f"{FINDING}/text": "x"}, "safeguard.outside_contact of fac_a: text"),
    "another date of change": ({f"{FINDING}/changes_on": day(4)}, "safeguard.outside_contact of fac_a: changes_on"),
    "a finding's key too many": ({f"{FINDING}/asks": ["minor.gender"]}, "asks has no place here"),
    "a finding's key gone": ({f"{FINDING}/need": GONE}, "safeguard.outside_contact of fac_a: need"),
    "another open rule": ({"/needs_info/1/unknown/0": "safeguard.remote"}, "needs_info, fac_e: unknown"),
    "another question": ({"/needs_info/0/ask/0/fact": "minor.gender"}, "needs_info, fac_f: ask"),
    "another number decided": ({"/needs_info/0/ask/0/decides": 3}, "needs_info, fac_f: ask"),
    "another reason": ({"/excluded/0/failed/0": "licence.age"}, "excluded, fac_h: failed"),
    "somebody else to ask": ({"/excluded/0/fix/0/who": "no one"}, "excluded, fac_h: fix"),
    "a waiver": ({"/excluded/0/fix/0/waivable": True}, "excluded, fac_h: fix"),
    "another change": ({"/excluded/0/fix/0/text": "x"}, "excluded, fac_h: fix"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str, stored: Json, facts: Snapshot) -> None:
    changes, expected = PLANTED[name]
    said = faults(changed(stored, changes), facts)
    assert any(expected in fault for fault in said), said


Change = Callable[[Json], object]

MOVED: dict[str, tuple[Change, str]] = {
    "an option dropped": (lambda d: d["options"].pop(), "fac_b stands in no list"),
    "an entry twice": (lambda d: d["excluded"].append(d["excluded"][0]), "fac_h stands in more than one place"),
    "two options swapped": (
        lambda d: d.update(options=[d["options"][1] | {"rank": 1}, d["options"][0] | {"rank": 2}]),
        "options, fac_b: fac_a comes before it",
    ),
    "the later ones swapped": (lambda d: d["later"].reverse(), "later, fac_d: fac_c comes before it"),
    "the open ones swapped": (lambda d: d["needs_info"].reverse(), "needs_info, fac_e: fac_f comes before it"),
    "the excluded swapped": (lambda d: d["excluded"].reverse(), "excluded, fac_g: fac_h comes before it"),
    "an excluded house offered as open": (
        lambda d: d["needs_info"].append(
            {"facility": "fac_h", "unknown": [], "ask": [], "as_full": None}
            | {"findings": d["excluded"].pop(0)["findings"]}
        ),
        "needs_info, fac_h: it belongs to excluded",
    ),
    "a term dropped": (lambda d: d["options"][1]["terms"].pop(), "options, fac_b: terms"),
    "a finding dropped": (lambda d: d["options"][0]["findings"].pop(), "of fund_z is missing"),
    "a finding twice": (
        lambda d: d["options"][0]["findings"].append(d["options"][0]["findings"][0]),
        "safeguard.population of fac_a is there twice",
    ),
    "a finding of no rule": (
        lambda d: d["options"][0]["findings"].append(d["options"][0]["findings"][0] | {"rule": "x"}),
        "the finding x of fac_a has no place here",
    ),
    "findings swapped": (lambda d: d["options"][0]["findings"].reverse(), "options, fac_a: the findings are out of"),
    "a question dropped": (lambda d: d["needs_info"][0]["ask"].pop(), "needs_info, fac_f: ask"),
    "the fixes swapped": (lambda d: d["excluded"][1]["fix"].reverse(), "excluded, fac_g: fix"),
}


@pytest.mark.parametrize("name", MOVED)
def test_whatever_is_moved_is_found(name: str, stored: Json, facts: Snapshot) -> None:
    change, expected = MOVED[name]
    document = deepcopy(stored)
    change(document)
    said = faults(document, facts)
    assert any(expected in fault for fault in said), said


def test_a_later_house_offered_tonight_is_found(stored: Json, facts: Snapshot) -> None:
    document = deepcopy(stored)
    entry = document["later"].pop(0)
    del entry["from"], entry["room_from"], entry["as_full"]
    document["options"].append(entry | {"rank": 3})
    assert faults(document, facts)[0] == "options, fac_c: it belongs to later"


def test_a_printed_decision_without_what_is_met_is_not_a_stored_one(facts: Snapshot) -> None:
    printed = decision_document(rank(facts, "ref_1"), findings="failed")
    assert faults(printed, facts) == ["findings that are met were left out: not a stored decision"]


def test_another_order_of_terms_is_found(stored: Json, facts: Snapshot) -> None:
    assert faults(stored, facts, replace(DEFAULT_POLICY, version=2)) == ["the snapshot asks for another order of terms"]


def test_another_snapshot_is_found(stored: Json) -> None:
    other = decode(changed(town(), {"/facilities/0/units/0/beds/0/confirmed_at": None}))
    assert "snapshot_sha256 is another one" in faults(stored, other)


def test_a_need_that_begins_later_says_nothing_of_others() -> None:
    facts = decode(changed(town(), {"/referrals/0/needed_from": day(2)}))
    document = answer(facts, "ref_1")
    assert document["options"][0]["network"] is None
    assert faults(document, facts) == []
    nothing = {"placed_change": 0, "urgent_placed_change": 0, "nights_change": 0}
    said = faults(changed(document, {"/options/0/network": nothing}), facts)
    assert said == ["options, fac_a: network is not what the plan tonight gives"]


def test_a_decision_that_is_no_object_is_found(facts: Snapshot) -> None:
    assert faults([], facts) == ["the keys of the decision are not those of the contract"]  # type: ignore[arg-type]


# Many payers.


def many(payers: int, **later: Any) -> Json:
    """A house with payers that differ: the first pays three nights, the second four, and so on."""
    letters = "abcdefghijklmnop"[:payers]
    funds = [fund(letter, clocks=[clock(3 + at)]) for at, letter in enumerate(letters)]
    return snapshot(funds=funds, facilities=[house("a", funds=[row["id"] for row in funds], **later)])


def test_payers_that_pay_the_same_nights_are_taken_by_id() -> None:
    document = many(14)
    for row in document["funds"]:
        row["limits"][0]["clocks"] = [clock(2)]
    facts = decode(document)
    stored = answer(facts, "ref_1")
    assert faults(stored, facts) == []
    last = len(stored["options"][0]["payers"]) - 1
    assert stored["options"][0]["payers"][last]["fund"] == "fund_n"
    shorter = decode(changed(document, {"/referrals/0/nights_needed": 26}))
    stored = answer(shorter, "ref_1")
    assert faults(stored, shorter) == []
    said = faults(changed(stored, {f"/options/0/payers/{last - 1}/fund": "fund_n"}), shorter)
    assert "options, fac_a: a better sequence of payers runs as long" in said


@pytest.mark.parametrize(("payers", "accepted"), [(6, False), (7, True)])
def test_only_of_many_payers_may_some_sequences_not_be_looked_at(payers: int, accepted: bool) -> None:
    facts = decode(many(payers, residents=[resident("bed_a1", until=day(2)), resident("bed_a2", minor="min_8")]))
    stored = answer(facts, "ref_1")
    cut = changed(stored, {"/later/0/provisional": ["funding.payers"]})
    said = faults(cut, facts)
    assert said == ([] if accepted else ["later, fac_a: provisional is not what the snapshot gives"])
    last = len(stored["later"][0]["payers"]) - 1
    until = date.fromisoformat(stored["later"][0]["payers"][last]["until"])
    early = changed(cut, {f"/later/0/payers/{last}/until": (until - timedelta(days=1)).isoformat()})
    assert f"later, fac_a: payers could go on to {until}" in faults(early, facts)


def test_too_many_ways_to_pay_are_said_not_to_be_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = decode(many(4))
    stored = answer(facts, "ref_1")
    monkeypatch.setattr(check_nights, "MOST_STEPS", 10)
    said = faults(stored, facts)
    assert "options, fac_a: more sequences of payers than could be looked at" in said
    assert "the plan tonight: more sequences of payers than could be looked at" in said


# A fault in what the engine works with.


def test_a_bed_of_a_fund_given_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [stay("stay_9", -5, None, minor="min_9")]
    facts = decode(snapshot(funds=[fund(beds_per_night=1)], stays=others))
    monkeypatch.setattr(Funding, "beds_taken", lambda funding, on: 0)
    document = answer(facts, "ref_1")
    assert [entry["facility"] for entry in document["options"]] == ["fac_a"]
    assert "options, fac_a: whether fund_a pays the first night is counted otherwise" in faults(document, facts)


def test_a_clock_that_runs_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = decode(snapshot(funds=[fund(clocks=[clock(14)])]))
    runs = clocks.run_end
    monkeypatch.setattr(
        clocks, "run_end", lambda clock, past, start, stop: min(stop, runs(clock, past, start, stop) + 1)
    )
    said = faults(answer(facts, "ref_1"), facts)
    assert f"options, fac_a: fund_a may not pay the night of {day(14)}: funding.clock" in said


def test_a_bed_taken_for_free_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = decode(changed(snapshot(), {"/facilities/0/units/0/beds/0/unavailable": [[day(9), day(10)]]}))
    monkeypatch.setattr(House, "free_until", lambda house, bed, on, end, minor: None)
    said = faults(answer(facts, "ref_1"), facts)
    assert "options, fac_a: bed is not what the snapshot gives" in said


# Any leaf changed.


def leaves(document: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is not an object or a list that holds something, with its JSON pointer."""
    rows = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in rows:
        if isinstance(value, (dict, list)) and value:
            yield from leaves(value, f"{at}/{key}")
        else:
            yield f"{at}/{key}", value


def another(random: Random, value: Any) -> Any:
    """A value that could have stood there, or one of another type, and is not the same as JSON."""
    others: list[Any] = [None, 0, 1, -1, True, False, "", "x", [], {}, [0], 1.0]
    if isinstance(value, int) and not isinstance(value, bool):
        others += [value + 1, value - 1, float(value), str(value)] * 3
    if isinstance(value, bool):
        others += [not value, int(value)] * 5
    if isinstance(value, str):
        others += [value + "x", value[:-1], value.upper() + " ", "fac_a", "fund_b", "met", "not_met", "unknown"]
        others += _days_beside(value)
    return random.choice([other for other in others if json.dumps(other) != json.dumps(value)])


def _days_beside(text: str) -> list[str]:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return []
    return [(found + timedelta(days=step)).isoformat() for step in (-1, 1)] * 4


@pytest.mark.parametrize("part", range(PARTS))
def test_every_changed_leaf_is_found(part: int) -> None:
    random = Random(part)  # noqa: S311 - an example, not a secret
    seeds = range(part, or_many(30, 60), PARTS)
    for seed in seeds:
        document = world(seed, **CROWDED) if seed % 2 else nasty(seed)
        facts = decode(document)
        stored = answer(facts, random.choice(document["referrals"])["id"])
        for pointer, value in random.sample(list(leaves(stored)), 10):
            other = another(random, value)
            assert faults(changed(stored, {pointer: other}), facts), f"seed {seed}: {pointer} became {other!r}"
    saw("changed values that the checker finds", 10 * len(seeds))


@pytest.mark.parametrize("name", ["options", "later"])
def test_every_changed_leaf_of_a_placed_entry_is_found(name: str, stored: Json, facts: Snapshot) -> None:
    random = Random(name)  # noqa: S311 - an example, not a secret
    for at, entry in enumerate(stored[name]):
        told = entry | {"findings": entry["findings"][:2]}
        values = list(leaves(told))
        for pointer, value in random.sample(values, min(len(values), times(len(values) // 3))):
            other = another(random, value)
            said = faults(changed(stored, {f"/{name}/{at}{pointer}": other}), facts)
            assert said, f"{entry['facility']}: {pointer} became {other!r}"


# It stands alone.

SEARCHING = {
    "coverage",
    "admission",
    "eligibility",
    "ranking",
    "waiting",
    "masks",
    "network",
    "flow",
    "regret",
    "clocks",
}
HELPERS = {"run_end", "stops_on", "leaves_on", "bed_free", "beds_taken", "free_places", "pasts", "clocks_pay"}


def modules() -> list[Path]:
    """The modules of the checker."""
    return sorted(MATCHING.glob("check*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_it_shares_nothing_with_what_searches(path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    found += [f"{module}.{name.name}" for node in ast.walk(tree) for module, name in _imported(node)]
    assert {name.split(".")[0] for name in found} & {"ortools", "scipy", "numpy", "app"} == set()
    assert {name.split(".")[1] for name in found if name.startswith("matching.")} & SEARCHING == set()
    assert {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & HELPERS == set()


def _imported(node: ast.AST) -> Iterator[tuple[str, ast.alias]]:
    if isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", name) for name in node.names)
    elif isinstance(node, ast.Import):
        yield from ((name.name, name) for name in node.names)


def test_it_runs_without_a_solver(stored: Json, tmp_path: Path) -> None:
    (tmp_path / "town.json").write_text(json.dumps(town()))
    (tmp_path / "stored.json").write_text(json.dumps(stored))
    code = (
        "import json, sys\n"
        "from matching.check import faults\n"
        "from matching.codec import decode\n"
        "town, stored = (json.load(open(path)) for path in sys.argv[1:])\n"
        "assert faults(stored, decode(town)) == []\n"
        "print([name for name in ('ortools', 'scipy') if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "town.json"), str(tmp_path / "stored.json")],
        cwd=MATCHING.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"
