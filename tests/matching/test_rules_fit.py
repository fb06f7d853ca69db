"""Whom the house says it takes, and whether a room suits."""

from typing import Any

import pytest

from matching.check import faults
from matching.codec import decode

from .builders import (
    Json,
    asked,
    bed,
    changed,
    day,
    decide,
    every_gender,
    finding,
    fund,
    house,
    minor,
    option,
    outcome,
    placed,
    resident,
    snapshot,
    unit,
)

FACILITY, MINOR = "/facilities/0", "/minors/0"


@pytest.mark.parametrize(
    ("declines", "conditions", "said", "have"),
    [
        (["arson"], ["detox"], "met", None),
        (["arson", "detox"], ["detox", "arson", "x"], "not_met", "arson, detox"),
        ([], ["detox"], "met", None),
        (["arson"], [], "met", None),
        ([], None, "met", None),
        (None, [], "met", None),
        (["arson"], None, "unknown", None),
        (None, ["arson"], "unknown", None),
        (None, None, "unknown", None),
    ],
)
def test_declared_exclusions(
    declines: list[str] | None, conditions: list[str] | None, said: str, have: str | None
) -> None:
    document = changed(snapshot(), {f"{FACILITY}/declines": declines, f"{MINOR}/needs/conditions": conditions})
    found = finding(document, "facility.declines")
    assert (found["outcome"], found["have"]) == (said, have)


@pytest.mark.parametrize(
    ("status", "admits", "said"),
    [
        ("verified", ["verified"], "met"),
        ("at_risk", ["verified"], "not_met"),
        ("verified", ["at_risk"], "not_met"),
        ("screening_pending", ["verified", "at_risk"], "unknown"),
        ("screening_pending", ["screening_pending"], "met"),
        (None, ["verified", "at_risk", "screening_pending"], "unknown"),
        (None, None, "met"),
    ],
)
def test_two_levels(status: str | None, admits: list[str] | None, said: str) -> None:
    document = changed(snapshot(), {f"{FACILITY}/admits": admits, f"{MINOR}/trafficking": status})
    assert outcome(document, "facility.admits") == said


@pytest.mark.parametrize(
    ("required", "offered", "said", "have"),
    [
        (["medical"], ["medical", "detox"], "met", "medical"),
        (["medical", "detox"], ["medical"], "not_met", "without detox"),
        (["medical"], [], "not_met", "without medical"),
        (["medical"], None, "unknown", None),
        ([], None, "met", None),
        (None, None, "met", None),
    ],
)
def test_required_services(required: list[str] | None, offered: list[str] | None, said: str, have: str | None) -> None:
    document = changed(snapshot(), {f"{FACILITY}/services": offered, f"{MINOR}/needs/services_required": required})
    found = finding(document, "facility.services")
    assert (found["outcome"], found["have"]) == (said, have)


def test_a_service_that_is_only_wanted_never_excludes() -> None:
    assert option(changed(snapshot(), {f"{MINOR}/needs/services": ["horses"], f"{MINOR}/needs/languages": ["quc"]}))


# Rooms.


def room(name: str = "unit_a", **limits: Any) -> dict[str, Any]:
    return unit(name, bed(f"bed_{name}"), **limits)


def fits(*rooms: dict[str, Any], **facts: Any) -> str:
    document = snapshot(facilities=[house("a", *rooms)], funds=[fund()], minors=[minor(**facts)])
    return outcome(document, "unit.fit")


@pytest.mark.parametrize(
    ("limits", "facts", "said"),
    [
        ({}, {}, "met"),
        ({"genders": ["female"]}, {}, "met"),
        ({"genders": ["male"]}, {}, "not_met"),
        ({"genders": ["female"]}, {"gender": "nonbinary"}, "unknown"),
        ({"genders": ["female"]}, {"gender": None}, "unknown"),
        ({"min_age": 15, "max_age": 15}, {}, "met"),
        ({"min_age": 17}, {}, "not_met"),
        ({"max_age": 14}, {}, "not_met"),
        ({"min_age": 15}, {"born_on": None, "age_range": [14, 16]}, "unknown"),
        ({"min_age": 15}, {"born_on": None}, "unknown"),
        ({}, {"born_on": None, "gender": None}, "met"),
    ],
)
def test_a_room_by_gender_and_age(limits: dict[str, Any], facts: dict[str, Any], said: str) -> None:
    assert fits(room(**limits), **facts) == said


def test_the_best_room_with_a_free_bed_counts() -> None:
    girls, boys = room("unit_a", genders=["female"]), room("unit_b", genders=["male"])
    assert fits(girls, boys) == "met"
    assert fits(room("unit_a", max_age=13), room("unit_b", genders=["female"]), gender="nonbinary") == "unknown"
    taken = unit("unit_a", bed("bed_x", "offline"))
    assert fits(taken, room("unit_b", genders=["male"])) == "met", "no bed date: every room counts"
    assert fits(taken, room("unit_b", genders=["female"]), gender="nonbinary") == "unknown"


@pytest.mark.parametrize(
    ("sleeps", "facts", "said"),
    [
        (13, {}, "met"),
        (12, {}, "not_met"),
        (17, {}, "met"),
        (18, {}, "not_met"),
        (None, {}, "unknown"),
        (15, {"born_on": None, "age_range": [13, 17]}, "met"),
        (15, {"born_on": None, "age_range": [12, 17]}, "unknown"),
        (15, {"born_on": None, "age_range": [18, 19]}, "not_met"),
        (20, {"born_on": None, "age_range": [13, 17]}, "not_met"),
        (10, {"born_on": None, "age_range": [13, 17]}, "not_met"),
        (16, {"born_on": None, "age_range": None}, "unknown"),
        (None, {"born_on": None, "age_range": None}, "unknown"),
    ],
)
def test_the_age_gap_to_those_who_sleep_in_the_room(sleeps: int | None, facts: dict[str, Any], said: str) -> None:
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2)
    got = "met" if said == "not_met" else said  # where the gap fails no bed fits tonight, and the room alone is judged
    document = snapshot(
        facilities=[house("a", shared, residents=[resident("bed_a2", age=sleeps)])],
        funds=[fund()],
        minors=[minor(**facts)],
    )
    document = changed(document, {f"{FACILITY}/licence/max_age": 40, f"{FACILITY}/licence/min_age": 0})
    assert outcome(document, "unit.fit") == got
    assert (placed(document)[0] == "later") is (said == "not_met")


def test_a_birthday_lets_a_room_fit() -> None:
    """She turns 16 on 2027-03-02: old enough for one room, near enough in age for another."""
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2)
    near = snapshot(facilities=[house("a", shared, residents=[resident("bed_a2", age=18)])], funds=[fund()])
    assert placed(near)[1]["from"] == "2027-03-02"
    old_enough = snapshot(facilities=[house("a", room(min_age=16))], funds=[fund()])
    assert placed(old_enough)[1]["from"] == "2027-03-02"


def test_a_gap_looks_at_the_room_and_the_night_alone() -> None:
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2)
    other = unit("unit_b", bed("bed_b1"), genders=["male"])
    people = [resident("bed_b1", age=4), resident(None, minor="min_8", age=5), resident("bed_a2", age=4, until=day(2))]
    people[0]["minor"] = "min_7"
    document = snapshot(facilities=[house("a", shared, other, residents=people)], funds=[fund()])
    name, entry = placed(document)
    assert (name, entry["from"], entry["unit"]) == ("later", day(2), "unit_a")


# Rooms of one gender a night.

GIRL, BOY = {"gender": "female"}, {"gender": "male"}
NONBINARY, SILENT = {"gender": "nonbinary"}, {"gender": None}


def beside(here: Json, people: list[Json], **facts: Any) -> Json:
    """She comes to a house of every gender whose one unit has two beds."""
    every = every_gender(house("a", here, residents=people))
    return snapshot(facilities=[every], funds=[fund()], minors=[minor(**facts)])


def one_gender(**more: Any) -> Json:
    return unit("unit_a", bed("bed_a1"), bed("bed_a2"), one_gender_a_night=True, **more)


@pytest.mark.parametrize(
    ("own", "sleeps", "said", "asks"),
    [
        (GIRL, GIRL, "met", []),
        (BOY, BOY, "met", []),
        (NONBINARY, NONBINARY, "met", []),
        (GIRL, BOY, "not_met", []),
        (BOY, GIRL, "not_met", []),
        (NONBINARY, GIRL, "unknown", ["minor.gender"]),
        (GIRL, NONBINARY, "unknown", ["facility.residents.gender"]),
        (GIRL, SILENT, "unknown", ["facility.residents.gender"]),
        (NONBINARY, SILENT, "unknown", ["facility.residents.gender"]),
        (SILENT, GIRL, "unknown", ["minor.gender"]),
        (SILENT, NONBINARY, "unknown", ["minor.gender"]),
        (SILENT, SILENT, "unknown", ["facility.residents.gender", "minor.gender"]),
    ],
)
def test_a_room_of_one_gender_a_night(own: Json, sleeps: Json, said: str, asks: list[str]) -> None:
    document = beside(one_gender(), [resident("bed_a2", **sleeps)], **own)
    got = "met" if said == "not_met" else said  # where nobody of hers sleeps no bed fits, and the room alone is judged
    assert outcome(document, "unit.fit") == got
    name, entry = placed(document)
    assert name == {"met": "options", "not_met": "later", "unknown": "needs_info"}[said]
    assert sorted(row["fact"] for row in entry.get("ask", [])) == asks
    assert faults(decide(document), decode(document)) == []


@pytest.mark.parametrize("rule", [None, False])
def test_a_room_without_the_rule_is_for_any_gender(rule: bool | None) -> None:
    here = one_gender() | {"one_gender_a_night": rule}
    assert option(beside(here, [resident("bed_a2", **BOY)]))["bed"] == "bed_a1"


@pytest.mark.parametrize("own", [GIRL, BOY, NONBINARY, SILENT])
def test_a_room_of_one_gender_with_nobody_in_it_is_for_anybody(own: Json) -> None:
    assert option(beside(one_gender(), [], **own))["bed"] == "bed_a1"


def test_what_she_states_herself_outweighs_what_the_house_says_of_her() -> None:
    """And where she has stated nothing, what the house says holds."""
    document = beside(one_gender(), [resident("bed_a2", minor="min_2", **BOY)])
    document["minors"].append(minor("min_2"))
    assert option(document)["bed"] == "bed_a1"
    assert placed(changed(document, {"/minors/1/gender": None}))[0] == "later"
    assert placed(changed(document, {"/minors/1/gender": None, f"{FACILITY}/residents/0/gender": None}))[1]["ask"] == [
        {"fact": "facility.residents.gender", "decides": 1}
    ]


def test_an_unlisted_person_may_be_of_any_gender() -> None:
    taken = unit("unit_a", bed("bed_a1"), bed("bed_a2", "occupied"), one_gender_a_night=True)
    away = unit("unit_b", bed("bed_b1", "occupied"), one_gender_a_night=True)
    alone = unit("unit_a", bed("bed_a1"), one_gender_a_night=True)
    document = beside(taken, [])
    found = finding(document, "unit.fit")
    assert (found["outcome"], found["asks"]) == ("unknown", ["facility.residents"])
    document["facilities"][0]["units"] = [alone, away]
    assert outcome(document, "unit.fit") == "met"


def test_one_gender_looks_at_the_room_and_the_night_alone() -> None:
    people = [
        resident("bed_b1", minor="min_7", **BOY),
        resident(None, minor="min_8", **BOY),
        resident("bed_a2", until=day(2), **BOY),
    ]
    document = beside(one_gender(), people)
    document["facilities"][0]["units"].append(unit("unit_b", bed("bed_b1"), bed("bed_b2", "offline")))
    name, entry = placed(document)
    assert (name, entry["from"], entry["unit"]) == ("later", day(2), "unit_a")


@pytest.mark.parametrize(
    ("gap", "need"),
    [
        (None, "the gender of those who sleep there"),
        (2, "an age near those who live there, the gender of those who sleep there"),
    ],
)
def test_a_doubt_that_others_make_says_what_of_them(gap: int | None, need: str) -> None:
    here = one_gender(max_age_gap_years=gap)
    found = finding(beside(here, [resident("bed_a2", age=None, **SILENT)]), "unit.fit")
    assert (found["need"], found["asks_alone"]) == (need, [])
    asked_anyway = finding(beside(here | {"genders": ["female"]}, [resident("bed_a2", **GIRL)], **SILENT), "unit.fit")
    assert asked_anyway["need"] == "a room that suits"


@pytest.mark.parametrize(
    ("sleeps", "facts", "limits", "asks"),
    [
        (None, {}, {}, ["facility.residents.age"]),
        (15, {"born_on": None, "age_range": [12, 17]}, {}, ["minor.born_on"]),
        (None, {"born_on": None, "age_range": None}, {}, ["facility.residents.age", "minor.born_on"]),
        (15, {"gender": "nonbinary"}, {"genders": ["female"]}, ["minor.gender"]),
        (15, {"born_on": None, "age_range": [12, 17]}, {"max_age": 15}, ["minor.born_on"]),
    ],
)
def test_what_is_asked_about_a_room(
    sleeps: int | None, facts: dict[str, Any], limits: dict[str, Any], asks: list[str]
) -> None:
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2, **limits)
    here = house("a", shared, residents=[resident("bed_a2", age=sleeps)])
    document = snapshot(facilities=[here], funds=[fund()], minors=[minor(**facts)])
    wide = {"min_age": 0, "max_age": 150, "genders": ["female", "male", "nonbinary"]}
    document = changed(document, {f"{FACILITY}/licence/{name}": value for name, value in wide.items()})
    if facts.get("age_range", []) is None:
        asks = [*asks, "minor.born_on"]
    assert placed(document)[1]["unknown"][-1] == "unit.fit"
    assert sorted(asked(document)) == sorted(set(asks))


def test_a_room_that_is_doubtful_asks_nothing_where_another_suits() -> None:
    document = snapshot(
        facilities=[house("a", room("unit_a", genders=["female"]), room("unit_b"))],
        funds=[fund()],
        minors=[minor(gender="nonbinary")],
    )
    document = changed(document, {f"{FACILITY}/licence/genders": ["female", "male", "nonbinary"]})
    assert option(document)["unit"] == "unit_b"


@pytest.mark.parametrize(
    ("age", "asks", "alone"),
    [
        (None, ["facility.residents.age", "minor.gender"], ["minor.gender"]),
        (12, ["minor.born_on", "minor.gender"], ["minor.gender"]),
        (15, ["minor.gender"], None),
    ],
)
def test_what_a_room_would_ask_if_nobody_slept_there_is_kept_beside(
    age: int | None, asks: list[str], alone: list[str] | None
) -> None:
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2, genders=["female"])
    here = house("a", shared, residents=[resident("bed_a2", age=age)])
    who = minor(born_on=None, age_range=[14, 16], gender=None)
    document = snapshot(facilities=[here], funds=[fund()], minors=[who])
    found = finding(document, "unit.fit")
    assert (sorted(found["asks"]), found.get("asks_alone")) == (asks, alone)
    decision, facts = decide(document), decode(document)
    assert faults(decision, facts) == []
    finding_of = next(row for row in decision["needs_info"][0]["findings"] if row["rule"] == "unit.fit")
    finding_of["asks_alone"] = ["minor.born_on"]
    assert any("unit.fit of fac_a" in fault and "asks_alone" in fault for fault in faults(decision, facts))
