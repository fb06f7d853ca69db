"""What comes after each option, against every way to go on; what the checker finds, and what stays hidden."""

import json
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from matching import check_chains
from matching import outlook as search
from matching.check_chains import Before, Stayed, World, every_chain, order
from matching.check_nights import Block
from matching.check_outlook import faults
from matching.codec import decode
from matching.decision_form import decision_document
from matching.outlook import outlook
from matching.outlook_form import outlook_document, outlook_schema
from matching.ranking import UnknownPolicy, rank
from matching.value import DEFAULT_POLICY, Policy
from tests.proofs import saw, times

from .builders import (
    GONE,
    TONIGHT,
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
    unit,
)
from .test_chain import _fund as a_fund
from .test_chain import _house as a_house
from .test_chain import shuffled, small, two

FEW = 40
STAYS = 4


def wide(seed: int) -> Json:
    """As `small`, with four houses, so that more than one may follow."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    nights = draw.randint(5, 7)
    funds = [a_fund(draw, letter) for letter in "abc"]
    houses = [a_house(draw, letter, [row["id"] for row in funds], nights) for letter in "abcd"]
    for row in houses:
        row["residents"] = row["residents"] if draw.random() < 0.3 else []
    return snapshot(facilities=houses, funds=funds, referrals=[referral(nights_needed=nights)])


def both(document: Json) -> tuple[Json, Json]:
    """A decision and what comes after its options, as they are stored and read again."""
    facts = decode(document)
    decision: Json = json.loads(json.dumps(decision_document(rank(facts, "ref_1"), findings="all")))
    found: Json = json.loads(json.dumps(outlook_document(outlook(facts, decision))))
    return decision, found


def after(document: Json, facility: str = "fac_b") -> Json:
    """What comes after one option."""
    [row] = [row for row in both(document)[1]["options"] if row["facility"] == facility]
    return dict(row)


def ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def stayed(facility: str, start: int, until: int, payers: list[Json]) -> Stayed:
    rows = [(row["fund"], ordinal(row["from"]), min(until, ordinal(row["until"]))) for row in payers]
    return Stayed(facility, start, until, tuple(Block(*row) for row in rows if row[1] < until))


def chain_of(option: Json, row: Json) -> Before:
    """An option and what follows it as the checker counts them."""
    links = row["links"]
    return (
        stayed(option["facility"], ordinal(option["admit_on"]), ordinal(row["until"]), option["payers"]),
        *(stayed(link["facility"], ordinal(link["from"]), ordinal(link["until"]), link["payers"]) for link in links),
    )


# Nothing that could follow is better.


@pytest.mark.parametrize("part", range(4))
def test_nothing_that_could_follow_is_better(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_STEPS", 20_000)
    few, seen = times(FEW) // 4, 0
    for seed in range(part * few, (part + 1) * few):
        document = (small, wide)[seed % 2](seed)
        facts = decode(document)
        decision, found = both(document)
        world = World(facts, "ref_1", DEFAULT_POLICY)
        steady = {house.id for house in facts.facilities if world.beds_decide(house)}
        options = {row["facility"]: row for row in decision["options"]}
        for row in found["options"]:
            chain = chain_of(options[row["facility"]], row)
            ways = every_chain(world, STAYS, given=chain[:1], houses=steady)
            best = min(order(world, one) for one in ways)
            assert (row["value"]["cost"], row["bound"]) == (best[0].cost, best[0].cost), (seed, row["facility"])
            assert order(world, chain) == best or row["proof"] == "least", (seed, row["facility"])
            assert row["proof"] != "bounded"
            seen += 1
        assert faults(found, decision, facts) == [], seed
    assert seen
    saw("what comes after an option, against every way to go on", seen)


def test_it_is_the_same_for_every_order_of_the_rows() -> None:
    for seed in range(times(12)):
        first = both(small(seed))[1]["options"]
        assert all(both(shuffled(small(seed), other))[1]["options"] == first for other in range(2)), seed


def test_the_document_is_as_its_schema_says() -> None:
    validator = Draft202012Validator(outlook_schema())
    for document in (two(), snapshot(), *(small(seed) for seed in range(8))):
        validator.validate(both(document)[1])


# What is said.


def test_a_cliff_then_a_bed_that_has_opened() -> None:
    """Thirty nights here, then the other house, whose bed opens two nights before."""
    row = after(two())
    assert (row["until"], row["binding"], row["proof"]) == (day(30), "funding.clock", "optimal")
    payers = [{"fund": "fund_b", "from": day(30), "until": day(90)}]
    next_ = {"facility": "fac_c", "from": day(30), "until": day(90), "nights": 60, "payers": payers}
    assert row["links"] == [next_ | {"why": "need_met", "binding": None}]
    assert (row["uncovered"], row["value"]) == ([], {"uncovered": 0, "moves": 1, "cost": 1000})


@pytest.mark.parametrize(("until", "binding"), [(20, "bed"), (30, "bed"), (31, "funding.clock")])
def test_the_option_ends_with_its_bed_or_its_money(until: int, binding: str) -> None:
    """Where both end on one night the bed is what is said, as of a chain."""
    taken = changed(two(), {"/facilities/0/units/0/beds": [bed("bed_b1", unavailable=[[day(until), day(99)]])]})
    row = after(taken)
    assert (row["until"], row["binding"]) == (day(min(until, 30)), binding)
    assert [link["facility"] for link in row["links"]] == ["fac_c"]
    gap = [] if until >= 28 else [{"from": day(until), "until": day(28)}]
    assert row["uncovered"] == gap


def test_where_nothing_follows_that_is_said() -> None:
    row = after(changed(two(), {"/facilities/1/residents/0/until": None}))
    assert (row["links"], row["uncovered"]) == ([], [{"from": day(30), "until": day(90)}])
    assert (row["value"], row["proof"]) == ({"uncovered": 60, "moves": 0, "cost": 120_000}, "optimal")


def test_an_option_that_lasts_has_no_after() -> None:
    assert both(snapshot())[1]["options"] == []
    assert both(changed(two(), {"/referrals/0/nights_needed": 30}))[1]["options"] == []


def test_what_the_first_stay_paid_counts_in_the_next() -> None:
    row = after(changed(two(), {"/facilities/1/funds": ["fund_a"]}))
    assert row["links"] == []


def test_three_houses_one_after_another() -> None:
    document = changed(
        two(), {"/facilities/-": house("d", funds=["fund_d"]), "/funds/-": fund("d", clocks=[clock(25)])}
    )
    document["funds"][1]["limits"][0]["clocks"] = [clock(40)]
    row = after(document)
    assert [(link["facility"], link["nights"], link["why"], link["binding"]) for link in row["links"]] == [
        ("fac_c", 40, "cliff", "funding.clock"),
        ("fac_d", 20, "need_met", None),
    ]
    assert (row["value"]["uncovered"], row["value"]["moves"]) == (0, 2)


@pytest.mark.parametrize("worse", [{"clocks": [clock(40)]}, {"last_resort": True}, {"nights_left": 70}])
def test_of_houses_that_do_as_well_the_payers_decide(worse: Json) -> None:
    """As among the payers of one stay: fewest changes, none of last resort, and sparing the scarce."""
    document = two()
    document["funds"][1] = fund("b", **worse)
    document["facilities"][1]["funds"] = ["fund_b", "fund_e"] if "clocks" in worse else ["fund_b"]
    document["facilities"].append(house("d", funds=["fund_d"]))
    document["funds"] += [fund("d", clocks=[clock(70)]), fund("e", clocks=[clock(50)])]
    assert [link["facility"] for link in after(document)["links"]] == ["fac_d"]
    document["facilities"].pop()
    assert [link["facility"] for link in after(document)["links"]] == ["fac_c"]


def test_another_policy_is_refused() -> None:
    decision, _ = both(two())
    with pytest.raises(UnknownPolicy):
        outlook(decode(two()), decision, Policy("other", 1, ()))


# Only houses in which beds decide are looked at: what other people have to do with it does not show.

OTHERS: dict[str, Callable[[Json], None]] = {}


def people(name: str) -> Callable[[Callable[[Json], None]], Callable[[Json], None]]:
    def kept(put: Callable[[Json], None]) -> Callable[[Json], None]:
        OTHERS[name] = put
        return put

    return kept


def roomy() -> Json:
    """The second house has three beds in all, one of them free now."""
    document = two()
    beds = [bed("bed_c1"), bed("bed_c2"), bed("bed_c3")]
    document["facilities"][1] |= {
        "units": [unit("unit_c", *beds)],
        "residents": [resident("bed_c2", minor="min_8", age=15)],
    }
    document["minors"] = [minor(avoid={"minors": ["min_7"], "counties": [], "circles": [], "facilities": []})]
    return document


def comes(document: Json, start: int | None, until: int | None, **more: Any) -> None:
    dates = {"from": None if start is None else day(start), "until": None if until is None else day(until)}
    document["facilities"][1]["residents"].append(resident("bed_c3", **{"minor": "min_6", "age": 15} | more | dates))


WHEN = [(None, 10), (None, 29), (None, None), (5, 20), (29, None), (40, 50), (89, None)]


@pytest.mark.parametrize(("start", "until"), WHEN)
@pytest.mark.parametrize(
    "who", [{"minor": "min_7"}, {"minor": None}, {"trafficking": "none"}, {"trafficking": None}, {"age": None}]
)
def test_whoever_is_in_the_way_whenever_the_house_reads_like_a_full_one(
    start: int | None, until: int | None, who: Json
) -> None:
    """Before the move, on it, after it, or for some nights in between: never a word of the house, nor of a date."""
    document, full = roomy(), roomy()
    if "age" in who:
        for one in (document, full):
            one["facilities"][1]["units"][0]["max_age_gap_years"] = 2
    comes(document, start, until, **who)
    full["facilities"][1]["units"][0]["beds"] = [bed(name, "occupied") for name in ("bed_c1", "bed_c2", "bed_c3")]
    full["facilities"][1]["residents"] = [resident(f"bed_c{n}", minor=f"min_{n + 50}", age=15) for n in (1, 2, 3)]
    assert after(document) == after(full)
    assert after(full)["links"] == []
    assert after(roomy())["links"], "with nobody in the way it is where she would go"


def test_who_lives_there_and_is_in_nobodys_way_does_not_matter() -> None:
    document = roomy()
    comes(document, 5, 40)
    assert after(document) == after(roomy())


# How far it is looked.


def test_past_the_looks_what_was_found_is_said_with_what_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for one stay more is always made; past it, that all was looked at is not claimed."""
    document = changed(two(), {"/facilities/1/residents/0/until": day(33)})
    assert (after(document)["proof"], after(document)["value"]["uncovered"]) == ("optimal", 3)
    monkeypatch.setattr(search, "MOST_LOOKS", -1)
    row = after(document)
    assert (row["proof"], row["links"], row["bound"]) == ("bounded", [], 2000)
    assert after(two())["proof"] == "optimal"
    facts = decode(document)
    assert faults(both(document)[1], both(document)[0], facts) == []


def test_past_the_steps_what_was_found_is_said_with_what_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    document = changed(two(), {"/facilities/1/residents/0/until": day(33)})
    monkeypatch.setattr(search, "MOST_STEPS", 1)
    row = after(document)
    assert row["bound"] <= row["value"]["cost"]
    assert faults(both(document)[1], both(document)[0], decode(document)) == []


# What the checker finds.

FAULTS: dict[str, Any] = {
    "/until": day(31),
    "/snapshot_sha256": "0" * 64,
    "/referral": "ref_2",
    "/version": True,
    "/engine_version": "0",
    "/policy/version": 2,
    "/careful": [],
    "/options": [],
    "/options/0/until": day(29),
    "/options/0/binding": "funding.budget",
    "/options/0/links": [],
    "/options/0/proof": "proved",
    "/options/0/bound": 999,
    "/options/0/bound ": True,
    "/options/0/value/cost": 1001,
    "/options/0/value/moves": 2,
    "/options/0/uncovered": [{"from": day(30), "until": day(31)}],
    "/options/0/links/0/facility": "fac_b",
    "/options/0/links/0/facility ": "fac_x",
    "/options/0/links/0/from": day(27),
    "/options/0/links/0/from ": "tomorrow",
    "/options/0/links/0/until": day(91),
    "/options/0/links/0/nights": 61,
    "/options/0/links/0/why": "cliff",
    "/options/0/links/0/binding": "bed",
    "/options/0/links/0/payers": [],
    "/options/0/links/0/payers/0/fund": "fund_a",
    "/options/0/links/0/payers/0/until": day(89),
    "/options/0/links/0/payers/0": {"fund": "fund_b"},
    "/options/0/links/0/more": 1,
    "/options/0/more": 1,
    "/more": 1,
    "/options/0/links/0/why ": GONE,
}


@pytest.mark.parametrize("at", FAULTS)
def test_whatever_is_changed_is_found(at: str) -> None:
    decision, found = both(two())
    facts = decode(two())
    assert faults(found, decision, facts) == []
    assert faults(changed(found, {at.strip(): FAULTS[at]}), decision, facts)


def test_a_house_that_is_shut_on_the_night_is_found() -> None:
    """A night before its bed opens, with all sums right."""
    document = changed(two(), {"/facilities/1/residents/0/until": day(31)})
    claimed = both(two())[1] | {"snapshot_sha256": both(document)[1]["snapshot_sha256"]}
    found = faults(claimed, both(document)[0], decode(document))
    assert found == [f"after fac_b, link 0: fac_c does not take the minor on {day(30)}"]


def test_another_order_of_terms_is_found() -> None:
    decision, found = both(two())
    other = Policy("other", 2, DEFAULT_POLICY.weights)
    told = faults(found | {"policy": {"id": "other", "version": 2}}, decision, decode(two()), other)
    assert told == ["the snapshot asks for another order of terms"]


def test_a_house_in_which_people_decide_is_found() -> None:
    """What would follow if nobody were in the way, told of a network in which somebody is."""
    document, there = roomy(), roomy()
    comes(there, 40, 50, minor="min_7")
    decision, _ = both(there)
    claimed = both(document)[1] | {"snapshot_sha256": both(there)[1]["snapshot_sha256"]}
    assert any("other people decide" in fault for fault in faults(claimed, decision, decode(there)))


@pytest.mark.parametrize("steps", [0, 300_000])
def test_something_better_is_found_as_far_as_can_be_looked_at(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same house a night later: all sums right, and a night lost."""
    monkeypatch.setattr(check_chains, "MOST_STEPS", steps)
    decision, found = both(two())
    row = found["options"][0]
    payers = [row["links"][0]["payers"][0] | {"from": day(31)}]
    row["links"][0] |= {"from": day(31), "nights": 59, "payers": payers}
    row |= {"uncovered": [{"from": day(30), "until": day(31)}], "bound": 3000}
    row["value"] = {"uncovered": 1, "moves": 1, "cost": 3000}
    better = ["after fac_b: something better follows"] if steps else []
    assert faults(found, decision, decode(two())) == better


def test_the_need_may_begin_later_than_the_horizon_ends() -> None:
    """Beds are planned up to the horizon alone: past it nobody is sent anywhere."""
    document = changed(two(), {"/horizon_nights": 40, "/referrals/0/needed_from": day(5)})
    decision, found = both(document)
    assert faults(found, decision, decode(document)) == []
    assert TONIGHT.toordinal() + 45 == ordinal(found["until"])
