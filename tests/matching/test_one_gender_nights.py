"""In a unit of one gender a night a bed is free until somebody comes who is not known to be of the young person's."""

import json
from typing import Any

import pytest

from matching.chain import chain
from matching.chain_form import chain_document
from matching.chains import chains
from matching.chains_form import chains_document
from matching.check import faults
from matching.codec import decode
from matching.facts import Snapshot
from matching.plan import plan
from matching.plan_form import plan_document

from .builders import (
    Json,
    bed,
    changed,
    day,
    decide,
    every_gender,
    fund,
    house,
    later,
    minor,
    option,
    placed,
    referral,
    resident,
    snapshot,
    unit,
)


def stored_as(document: Json) -> Json:
    """A document as it is stored and read again."""
    stored: Json = json.loads(json.dumps(document))
    return stored


def planned(facts: Snapshot) -> Json:
    return stored_as(plan_document(plan(facts)))


def shared(*residents: Json, beds: list[Json] | None = None, **own: Any) -> Json:
    """A house of every gender whose one unit is for one a night: two beds, and one into which others come."""
    room = unit("unit_a", *(beds or [bed("bed_a1"), bed("bed_a2")]), bed("bed_a9", "offline"), one_gender_a_night=True)
    here = every_gender(house("a", room, residents=list(residents)))
    return snapshot(facilities=[here], funds=[fund()], minors=[minor(**own)])


def coming(on: int, **more: Any) -> Json:
    return resident("bed_a9", **{"minor": "min_8", "gender": "male", "from": day(on)} | more)


@pytest.mark.parametrize(
    ("own", "other", "ends"),
    [
        ("female", "female", False),
        ("female", "male", True),
        ("male", "female", True),
        ("male", "male", False),
        ("nonbinary", "nonbinary", False),
        ("nonbinary", "male", True),
        ("female", "nonbinary", True),
        ("female", None, True),
        (None, "female", True),
        (None, None, True),
    ],
)
def test_a_bed_ends_as_somebody_comes_beside_whom_it_is_not_known_to_suit(
    own: str | None, other: str | None, ends: bool
) -> None:
    document = shared(coming(9, gender=other), gender=own)
    entry = option(document)
    assert (entry["bed"], entry["bed_until"]) == ("bed_a1", day(9) if ends else None)
    assert faults(decide(document), decode(document)) == []


@pytest.mark.parametrize(
    ("people", "until"),
    [
        ([coming(1)], 1),
        ([coming(29)], 29),
        ([coming(30)], None),
        ([coming(9, until=day(10))], 9),
        ([coming(9, until=day(9))], None),
        ([coming(9, until=day(12)), coming(4, minor="min_7", until=day(6))], 4),
        ([coming(9, bed=None)], None),
        ([coming(9, minor="min_1")], None),
        ([coming(9, minor=None)], 9),
        ([resident("bed_a2", gender="female"), coming(9)], 9),
    ],
)
def test_the_night_on_which_it_ends(people: list[Json], until: int | None) -> None:
    document = shared(*people)
    entry = option(document)
    assert entry["bed_until"] == (None if until is None else day(until))
    unpaid = [term["value"] for term in entry["terms"] if term["code"] == "nights.unpaid"]
    assert unpaid == [0 if until is None else 30 - until]
    assert faults(decide(document), decode(document)) == []


def test_who_comes_on_the_admission_night_is_there_and_ends_nothing() -> None:
    assert placed(shared(coming(0)))[1]["admit_on"] is None
    entry = later(shared(coming(0, until=day(2)), coming(9, minor="min_7")))
    assert (entry["from"], entry["bed_until"]) == (day(2), day(9))


@pytest.mark.parametrize("rule", [None, False])
def test_who_comes_ends_nothing_where_genders_may_be_mixed(rule: bool | None) -> None:
    assert option(changed(shared(coming(9)), {"/facilities/0/units/0/one_gender_a_night": rule}))["bed_until"] is None


def test_who_comes_to_another_unit_ends_nothing_and_that_one_is_worse() -> None:
    document = shared(coming(9), beds=[bed("bed_a1")])
    document["facilities"][0]["units"].append(unit("unit_b", bed("bed_b1"), one_gender_a_night=True))
    entry = option(document)
    assert (entry["bed"], entry["bed_until"]) == ("bed_b1", None)


def test_what_who_comes_states_outweighs_what_the_house_says() -> None:
    document = shared(coming(9))
    document["minors"].append(minor("min_8", gender="female"))
    assert option(document)["bed_until"] is None
    assert option(changed(document, {"/minors/1/gender": None}))["bed_until"] == day(9)


def test_of_beds_that_end_alike_the_first_is_taken_and_one_that_ends_sooner_ends_then() -> None:
    beds = [bed("bed_a1", unavailable=[[day(12), day(13)]]), bed("bed_a2")]
    entry = option(shared(coming(9), beds=beds))
    assert (entry["bed"], entry["bed_until"]) == ("bed_a1", day(9))
    assert option(shared(coming(20), beds=beds))["bed"] == "bed_a2"
    sooner = option(shared(coming(20), beds=beds[:1]))
    assert sooner["bed_until"] == day(12)


@pytest.mark.parametrize("gender", ["male", None, "female"])
def test_nights_on_which_a_unit_is_no_longer_of_one_gender_are_found(gender: str | None) -> None:
    """Somebody comes on the 9th day: a line ends then, and no line that does not is confirmed."""
    room = unit("unit_a", bed("bed_a1"), bed("bed_a2", "offline"), one_gender_a_night=True)
    comes = resident("bed_a2", minor="min_8", gender="female", **{"from": day(9)})
    document = snapshot(funds=[fund()], facilities=[house("a", room, residents=[comes])])
    facts, alike = decode(changed(document, {"/facilities/0/residents/0/gender": gender})), decode(document)
    stored, longer = planned(facts), planned(alike) | {"snapshot_sha256": planned(facts)["snapshot_sha256"]}
    assert faults(stored, facts) == []
    [line] = stored["lines"]
    if gender == "female":
        assert (line["paid_nights"], line["bed_until"]) == (30, None)
    else:
        assert (line["paid_nights"], line["bed_until"]) == (9, day(9))
        found = faults(longer, facts)
        assert "min_1 at fac_a: nights are paid on which the bed is not free" in found
        assert any("bed_until" in fault for fault in found)


def test_one_who_waits_in_a_unit_of_one_gender_goes_where_nobody_else_comes() -> None:
    """A boy comes within days to the nearer unit: it costs a girl those nights, and a boy none."""
    near = unit("unit_a", bed("bed_a1"), bed("bed_a9", "offline"), one_gender_a_night=True)
    comes = resident("bed_a9", minor="min_8", gender="male", **{"from": day(3)})
    houses = [
        every_gender(house("a", near, residents=[comes])),
        every_gender(house("b", unit("unit_b", bed("bed_b1")))),
    ]
    document = snapshot(
        facilities=houses,
        funds=[fund()],
        minors=[minor(), minor("min_2", gender="male")],
        referrals=[referral(), referral(2)],
    )
    for swapped in (False, True):
        genders = ["male", "female"] if swapped else ["female", "male"]
        facts = decode(changed(document, {f"/minors/{at}/gender": own for at, own in enumerate(genders)}))
        stored = planned(facts)
        assert {row["minor"]: row["facility"] for row in stored["lines"]} == {
            f"min_{genders.index('male') + 1}": "fac_a",
            f"min_{genders.index('female') + 1}": "fac_b",
        }
        assert faults(stored, facts) == []


@pytest.mark.parametrize(("gender", "at_home"), [("male", False), (None, False), ("female", True)])
def test_a_stay_ends_as_somebody_of_another_gender_comes(gender: str | None, at_home: bool) -> None:
    """House a is of one gender a night; somebody comes there on the second day, and house b is open all along."""
    room = unit("unit_a", bed("bed_a1"), bed("bed_a2", "offline"), one_gender_a_night=True)
    comes = resident("bed_a2", minor="min_8", gender=gender, **{"from": day(2)})
    network = snapshot(
        facilities=[
            every_gender(house("a", room, residents=[comes], funds=["fund_a"])),
            house("b", funds=["fund_b"]),
        ],
        funds=[fund("a"), fund("b", nights_left=3)],
        referrals=[referral(nights_needed=5)],
    )
    facts = decode(network)
    stored = stored_as(chains_document(chains(facts)))
    assert faults(stored, facts) == []
    said = [(row["facility"], row["from"], row["until"]) for row in stored["chains"][0]["stays"]]
    assert said == ([("fac_a", day(0), day(5))] if at_home else [("fac_a", day(0), day(2)), ("fac_b", day(2), day(5))])
    throughout = {"from": day(0), "until": day(5)}
    payers = [{"fund": "fund_a"} | throughout]
    own = {"facility": "fac_a", "unit": "unit_a", "bed": "bed_a1", "payers": payers} | throughout
    whole = changed(stored, {"/chains/0/stays": [own]})
    found = [fault for fault in faults(whole, facts) if "bed_a1 is not free on all nights" in fault]
    assert bool(found) is not at_home
    alone = stored_as(chain_document(chain(facts, "ref_1")))
    assert faults(alone, facts) == []
    assert [(row["facility"], row["from"], row["until"]) for row in alone["links"]] == said
