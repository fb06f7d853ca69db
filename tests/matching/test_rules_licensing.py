"""What the State's licence allows, each boundary from both sides, and when an answer changes."""

from typing import Any

import pytest

from .builders import (
    changed,
    day,
    finding,
    fix,
    fund,
    house,
    minor,
    option,
    outcome,
    placed,
    referral,
    resident,
    snapshot,
)

LICENCE = "/facilities/0/licence"


def licensed(**values: Any) -> dict[str, Any]:
    """The network with an easy fund, so that the licence alone speaks."""
    return changed(snapshot(funds=[fund()]), {f"{LICENCE}/{name}": value for name, value in values.items()})


@pytest.mark.parametrize(
    ("status", "starts", "ends", "said"),
    [
        ("active", day(0), day(1), "met"),
        ("provisional", day(0), day(1), "met"),
        ("suspended", day(0), day(1), "not_met"),
        ("expired", day(0), day(1), "not_met"),
        ("none", day(0), day(1), "not_met"),
        ("active", day(1), day(2), "not_met"),
        ("active", day(-1), day(0), "not_met"),
        (None, day(0), day(1), "unknown"),
        ("active", None, day(1), "unknown"),
        ("active", day(0), None, "unknown"),
        (None, None, day(0), "not_met"),
        ("suspended", None, None, "not_met"),
    ],
)
def test_in_force(status: str | None, starts: str | None, ends: str | None, said: str) -> None:
    document = licensed(status=status, valid_from=starts, expires_on=ends)
    assert outcome(document, "licence.in_force") == said


def test_a_licence_that_is_not_in_force_yet_says_from_when() -> None:
    document = licensed(valid_from=day(9))
    assert finding(document, "licence.in_force")["changes_on"] == day(9)
    assert fix(document, "licence.in_force")["text"] == f"The licence covers the night of {day(9)}"
    over = licensed(status="expired")
    assert fix(over, "licence.in_force")["text"] == "A licence in force, from the licensing agency"


@pytest.mark.parametrize(
    ("ends", "changes", "nights"), [(day(29), day(29), 29), (day(30), None, 30), (day(1), day(1), 1)]
)
def test_a_licence_that_ends_during_the_stay_ends_the_run(ends: str, changes: str | None, nights: int) -> None:
    document = licensed(expires_on=ends)
    assert finding(document, "licence.in_force")["changes_on"] == changes
    entry = option(document)
    assert entry["funded_nights"] == nights
    assert entry["binding"] == ("licence.in_force" if changes else None)
    assert entry["first_unfunded_night"] == changes


@pytest.mark.parametrize(
    ("born_on", "said", "changes"),
    [
        ("2014-11-22", "not_met", day(1)),
        ("2014-11-21", "met", None),
        ("2008-11-22", "met", day(1)),
        ("2008-11-21", "not_met", None),
        ("2008-12-20", "met", day(29)),
        ("2008-12-21", "met", None),
    ],
)
def test_age_includes_both_ends(born_on: str, said: str, changes: str | None) -> None:
    found = finding(licensed_for(born_on=born_on), "licence.age")
    assert (found["outcome"], found["changes_on"]) == (said, changes)


def licensed_for(**facts: Any) -> dict[str, Any]:
    return snapshot(funds=[fund()], minors=[minor(**facts)])


@pytest.mark.parametrize(
    ("ages", "said"),
    [([12, 17], "met"), ([11, 17], "unknown"), ([12, 18], "unknown"), ([9, 11], "not_met"), ([18, 19], "not_met")],
)
def test_a_range_of_ages(ages: list[int], said: str) -> None:
    assert outcome(licensed_for(born_on=None, age_range=ages), "licence.age") == said


def test_a_birth_date_outweighs_a_range() -> None:
    assert outcome(licensed_for(age_range=[30, 40]), "licence.age") == "met"


@pytest.mark.parametrize(
    ("low", "high", "said", "asks"),
    [
        (None, 17, "unknown", ["facility.licence.min_age"]),
        (None, 14, "not_met", []),
        (12, None, "unknown", ["facility.licence.max_age"]),
        (16, None, "not_met", []),
        (None, None, "unknown", ["facility.licence.max_age", "facility.licence.min_age"]),
    ],
)
def test_a_bound_that_is_not_known(low: int | None, high: int | None, said: str, asks: list[str]) -> None:
    document = licensed(min_age=low, max_age=high)
    assert outcome(document, "licence.age") == said
    assert sorted(ask["fact"] for ask in placed(document)[1].get("ask", [])) == asks


@pytest.mark.parametrize(
    ("ages", "low", "high", "asks"),
    [
        ([14, 16], None, 17, ["facility.licence.min_age"]),
        ([14, 18], None, 17, ["facility.licence.min_age", "minor.born_on"]),
        ([14, 16], None, None, ["facility.licence.max_age", "facility.licence.min_age"]),
    ],
)
def test_a_birth_date_is_asked_for_where_it_could_help(
    ages: list[int], low: int | None, high: int | None, asks: list[str]
) -> None:
    document = changed(
        licensed_for(born_on=None, age_range=ages), {f"{LICENCE}/min_age": low, f"{LICENCE}/max_age": high}
    )
    assert sorted(ask["fact"] for ask in placed(document)[1]["ask"]) == asks


def test_the_fix_for_an_age_names_the_birthday() -> None:
    young = licensed_for(born_on="2015-01-09")
    assert fix(young, "licence.age")["text"] == "Licensed for this age from 2027-01-09, a birthday"
    old = licensed_for(born_on="2008-01-09")
    assert fix(old, "licence.age")["text"] == "A change of the licence, with its evidence"
    guessed = licensed_for(born_on=None, age_range=[8, 9])
    assert fix(guessed, "licence.age")["text"] == "A change of the licence, with its evidence"


def test_a_birthday_on_the_leap_day_comes_on_the_first_of_march() -> None:
    document = changed(licensed_for(born_on="2008-02-29"), {"/tonight": "2026-02-28", "/referrals/0/needed_from": None})
    found = finding(document, "licence.age")
    assert (found["outcome"], found["have"], found["changes_on"]) == ("met", 17, "2026-03-01")


@pytest.mark.parametrize(
    ("gender", "listed", "said", "asks"),
    [
        ("female", ["female"], "met", []),
        ("male", ["female"], "not_met", []),
        ("nonbinary", ["female"], "unknown", ["minor.gender"]),
        ("nonbinary", ["female", "male"], "unknown", ["minor.gender"]),
        ("nonbinary", ["nonbinary"], "met", []),
        (None, ["female", "male"], "unknown", ["minor.gender"]),
        (None, ["female", "male", "nonbinary"], "met", []),
        ("female", None, "unknown", ["facility.licence.genders"]),
        (None, None, "unknown", ["facility.licence.genders", "minor.gender"]),
    ],
)
def test_gender_as_stated(gender: str | None, listed: list[str] | None, said: str, asks: list[str]) -> None:
    document = changed(licensed_for(gender=gender), {f"{LICENCE}/genders": listed})
    assert outcome(document, "licence.gender") == said
    assert sorted(ask["fact"] for ask in placed(document)[1].get("ask", [])) == asks


# Capacity: everybody who would live there once the minor, and the siblings who wait too, have come.


@pytest.mark.parametrize(("capacity", "living", "said"), [(4, 3, "met"), (4, 2, "met"), (1, 0, "met")])
def test_room_within_the_licence(capacity: int, living: int, said: str) -> None:
    people = [resident(minor=f"min_{8 + n}") for n in range(living)]
    document = changed(licensed(capacity=capacity), {"/facilities/0/residents": people})
    found = finding(document, "licence.capacity")
    assert (found["outcome"], found["have"]) == (said, living + 1)


def test_a_full_licence_waits_until_somebody_leaves() -> None:
    people = [resident(minor="min_8", until=day(5)), resident(minor="min_7")]
    name, entry = placed(changed(licensed(capacity=2), {"/facilities/0/residents": people}))
    assert (name, entry["from"]) == ("later", day(5))


def test_where_nobody_leaves_no_date_is_known_and_a_bed_frees_only_with_its_sleeper() -> None:
    """People present, this minor's own entry included, or the group: whichever is more."""
    people = [resident(minor="min_8"), resident(minor="min_7")]
    name, entry = placed(changed(licensed(capacity=2), {"/facilities/0/residents": people}))
    assert (name, entry["from"]) == ("later", None)
    over = changed(licensed(capacity=1), {"/facilities/0/residents": people})
    assert finding(over, "licence.capacity")["outcome"] == "not_met"
    assert finding(over, "licence.capacity")["have"] == 2


def test_her_own_entry_counts_once() -> None:
    people = [resident("bed_a1", minor="min_1"), resident(minor="min_8")]
    document = changed(licensed(capacity=2), {"/facilities/0/residents": people})
    assert finding(document, "licence.capacity")["have"] == 2
    assert placed(document)[0] == "options"


def test_siblings_who_wait_too_need_room_as_well() -> None:
    document = snapshot(
        facilities=[house()],
        funds=[fund()],
        minors=[minor(together_with=["min_2"]), minor("min_2")],
        referrals=[referral(), referral(2)],
    )
    for capacity, expected in ((2, "options"), (1, "excluded")):
        assert placed(changed(document, {f"{LICENCE}/capacity": capacity}))[0] == expected


@pytest.mark.parametrize(
    ("until", "comes", "changes"),
    [(day(3), None, None), (None, day(4), day(4)), (None, day(30), None), (day(4), day(4), None)],
)
def test_when_the_house_would_be_over_its_licence(until: str | None, comes: str | None, changes: str | None) -> None:
    people = [resident(minor="min_8", until=until)]
    if comes:
        people.append(resident(minor="min_7", **{"from": comes}))
    document = changed(licensed(capacity=2), {"/facilities/0/residents": people})
    assert finding(document, "licence.capacity")["changes_on"] == changes


def test_room_comes_when_enough_leave() -> None:
    no_bed = {"/facilities/0/units/0/beds/0/status": "offline", "/facilities/0/units/0/beds/1/status": "offline"}
    people = [resident(minor="min_8", until=day(5)), resident(minor="min_7", until=day(7)), resident(minor="min_6")]
    document = changed(licensed(capacity=1), no_bed | {"/facilities/0/residents": people})
    assert finding(document, "licence.capacity")["changes_on"] == day(7)
    assert fix(document, "licence.capacity")["text"] == f"Room within the licence from {day(7)}"
    stays = changed(document, {"/facilities/0/residents/0/until": None})
    assert fix(stays, "licence.capacity")["text"] == "A change of the licence, with its evidence"


def test_room_changes_when_a_sibling_who_waits_moves_in_elsewhere() -> None:
    elsewhere = house("b", residents=[resident("bed_b1", minor="min_2", **{"from": day(6)})])
    document = snapshot(
        facilities=[changed(house(), {"/licence/capacity": 1}), elsewhere],
        funds=[fund()],
        minors=[minor(together_with=["min_2"]), minor("min_2")],
        referrals=[referral(), referral(2)],
    )
    assert placed(document)[1]["from"] == day(6)
    closed = changed(document, {"/facilities/0/units/0/beds": [], "/referrals/0/needed_from": day(1)})
    assert finding(closed, "licence.capacity")["changes_on"] == day(6)


@pytest.mark.parametrize(
    ("infants", "allowed", "said"),
    [
        (0, False, "met"),
        (0, None, "met"),
        (1, True, "met"),
        (None, True, "met"),
        (1, False, "not_met"),
        (1, None, "unknown"),
        (None, False, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_a_young_parents_child(infants: int | None, allowed: bool | None, said: str) -> None:
    document = changed(licensed(infants=allowed), {"/minors/0/needs/infants": infants})
    assert outcome(document, "licence.infants") == said


@pytest.mark.parametrize(
    ("infants", "allowed", "text"),
    [
        (0, False, "No infant comes along"),
        (1, True, "Licensed for infants"),
        (1, False, "Not licensed for infants"),
        (None, None, "Whether infants come, or may, is not known"),
    ],
)
def test_what_is_said_of_infants(infants: int | None, allowed: bool | None, text: str) -> None:
    document = changed(licensed(infants=allowed), {"/minors/0/needs/infants": infants})
    assert finding(document, "licence.infants")["text"] == text
