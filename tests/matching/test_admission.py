"""The admission date and the bed: which night, who is there, which bed is free, and who must be seated together."""

from typing import Any

import pytest

from .builders import (
    Json,
    bed,
    changed,
    day,
    finding,
    fund,
    house,
    later,
    minor,
    option,
    placed,
    referral,
    resident,
    snapshot,
    stay,
    unit,
)

BEDS, RESIDENTS = "/facilities/0/units/0/beds", "/facilities/0/residents"


def rooms(*beds: Json, residents: list[Json] | None = None, **more: Any) -> Json:
    """The network with one unit of these beds and an easy fund."""
    here = house("a", unit("unit_a", *beds), residents=residents or [])
    return snapshot(facilities=[here], funds=[fund()]) | more


def comes(document: Json) -> str | None:
    """When the house could take her: tonight, later from a date, or no date known."""
    name, entry = placed(document)
    assert name in ("options", "later"), entry
    when: str | None = entry["admit_on"]
    assert entry.get("from", when) == when
    return when


# The earliest night asked for.


@pytest.mark.parametrize(
    ("needed", "listed", "on"),
    [(None, "options", 0), (day(-9), "options", 0), (day(0), "options", 0), (day(3), "options", 3)],
)
def test_the_earliest_night_asked_for(needed: str | None, listed: str, on: int) -> None:
    document = rooms(bed("bed_a1"), referrals=[referral(needed_from=needed)])
    assert placed(document)[0] == listed
    assert comes(document) == day(on)


def test_a_need_beyond_the_horizon_has_no_bed_date() -> None:
    within = rooms(bed("bed_a1"), referrals=[referral(needed_from=day(179))])
    assert comes(within) == day(179)
    beyond = rooms(bed("bed_a1"), referrals=[referral(needed_from=day(180))])
    assert (placed(beyond)[0], comes(beyond)) == ("later", None)


# Which bed is free.


@pytest.mark.parametrize(
    ("status", "held_for", "on"),
    [
        ("open", None, 0),
        ("cleaning", None, 1),
        ("held", "ref_1", 0),
        ("held", "ref_2", None),
        ("held", None, None),
        ("offline", None, None),
        ("occupied", None, None),
    ],
)
def test_the_status_of_a_bed(status: str, held_for: str | None, on: int | None) -> None:
    document = rooms(bed("bed_a1", status, held_for=held_for))
    document = changed(document, {"/facilities/0/population": "trafficking_only"})
    name, entry = placed(document)
    if status == "occupied":  # somebody is there whom nobody names
        assert (name, entry["unknown"]) == ("needs_info", ["safeguard.population"])
    else:
        assert comes(document) == (None if on is None else day(on))


@pytest.mark.parametrize(
    ("ranges", "on"),
    [
        ([[day(0), day(2)]], 2),
        ([[day(-2), day(0)]], 0),
        ([[day(1), day(2)]], 0),
        ([[day(0), day(2)], [day(2), day(5)]], 5),
        ([[day(0), day(2)], [day(3), day(5)]], 2),
        ([[day(0), day(180)]], None),
        ([[day(0), day(179)]], 179),
        ([[day(0), day(0)]], 0),
    ],
)
def test_nights_on_which_a_bed_is_not_to_be_had(ranges: list[list[str]], on: int | None) -> None:
    document = rooms(bed("bed_a1", unavailable=ranges))
    assert comes(document) == (None if on is None else day(on))


@pytest.mark.parametrize(
    ("status", "entry", "on"),
    [
        ("occupied", resident("bed_a1", until=day(3)), 3),
        ("occupied", resident("bed_a1"), None),
        ("occupied", resident("bed_a1", minor="min_1"), 0),
        ("occupied", resident("bed_a1", minor="min_1", until=day(3)), 0),
        ("occupied", resident("bed_a1", until=day(0)), 0),
        ("offline", resident("bed_a1", until=day(3)), 3),
        ("held", resident("bed_a1", until=day(3)), 3),
        ("cleaning", resident("bed_a1", until=day(0)), 0),
        ("open", resident("bed_a1", until=day(3)), 3),
        ("open", resident("bed_a1", **{"from": day(3)}), 0),
        ("open", resident("bed_a1", **{"from": day(0), "until": day(3)}), 3),
        ("held", resident("bed_a1", **{"from": day(2), "until": day(3)}), 3),
        ("offline", resident("bed_a1", minor="min_1", **{"from": day(2)}), 2),
    ],
)
def test_an_entry_that_has_begun_outweighs_the_status(status: str, entry: Json, on: int | None) -> None:
    document = rooms(bed("bed_a1", status), residents=[entry])
    assert comes(document) == (None if on is None else day(on))


def test_an_occupied_bed_whose_sleeper_is_only_planned_holds_somebody_unlisted() -> None:
    document = rooms(bed("bed_a1"), bed("bed_a2", "occupied"), residents=[resident("bed_a2", **{"from": day(3)})])
    assert finding(document, "safeguard.population")["outcome"] == "unknown"
    assert finding(document, "safeguard.population")["changes_on"] == day(3)


def test_the_bed_is_lost_when_another_comes() -> None:
    document = rooms(bed("bed_a1"), residents=[resident("bed_a1", **{"from": day(9)})])
    entry = option(document)
    assert (entry["bed_until"], entry["funded_nights"]) == (day(9), 30)
    assert [term["value"] for term in entry["terms"] if term["code"] == "nights.unpaid"] == [21]


@pytest.mark.parametrize(
    ("beds", "residents", "expected"),
    [
        ([bed("bed_a2"), bed("bed_a1")], [], ("bed_a1", None)),
        ([bed("bed_a1", unavailable=[[day(5), day(6)]]), bed("bed_a2")], [], ("bed_a2", None)),
        (
            [bed("bed_a1", unavailable=[[day(5), day(6)]]), bed("bed_a2", unavailable=[[day(6), day(7)]])],
            [],
            ("bed_a2", day(6)),
        ),
        ([bed("bed_a1", unavailable=[[day(20), day(21)], [day(9), day(10)]])], [], ("bed_a1", day(9))),
        (
            [bed("bed_a1", unavailable=[[day(9), day(10)]])],
            [resident("bed_a1", **{"from": day(12)})],
            ("bed_a1", day(9)),
        ),
        ([bed("bed_a1", unavailable=[[day(30), day(31)]]), bed("bed_a2")], [], ("bed_a1", None)),
        ([bed("bed_a1", unavailable=[[day(5), day(5)]]), bed("bed_a2")], [], ("bed_a1", None)),
        (
            [bed("bed_a1"), bed("bed_a2")],
            [resident("bed_a1", **{"from": day(29)})],
            ("bed_a2", None),
        ),
        ([bed("bed_a1"), bed("bed_a2")], [resident("bed_a1", **{"from": day(30)})], ("bed_a1", None)),
        (
            [bed("bed_a1"), bed("bed_a2")],
            [resident("bed_a1", minor="min_1", **{"from": day(9)})],
            ("bed_a1", None),
        ),
        ([bed("bed_a1"), bed("bed_a2")], [resident("bed_a1", **{"from": day(9), "until": day(9)})], ("bed_a1", None)),
    ],
)
def test_the_bed_that_is_free_the_longest(
    beds: list[Json], residents: list[Json], expected: tuple[str, str | None]
) -> None:
    entry = option(rooms(*beds, residents=residents))
    assert (entry["bed"], entry["bed_until"]) == expected


def test_a_room_that_suits_comes_before_one_in_doubt_and_before_a_bed_free_longer() -> None:
    sure = unit("unit_b", bed("bed_b1", unavailable=[[day(1), day(2)]]))
    doubtful = unit("unit_a", bed("bed_a1"), genders=["female"])
    document = snapshot(facilities=[house("a", doubtful, sure)], funds=[fund()], minors=[minor(gender="nonbinary")])
    document = changed(document, {"/facilities/0/licence/genders": ["nonbinary"]})
    assert option(document)["bed"] == "bed_b1"


# The night must suit: population, conflict, capacity.


def test_the_first_night_that_suits_in_every_way() -> None:
    """A recruiter leaves on the 2nd day, one not trafficked on the 4th; the licence has room on the 6th."""
    people = [
        resident(minor="min_8", until=day(2)),
        resident(minor="min_7", trafficking="none", until=day(4)),
        resident(minor="min_6", until=day(6)),
    ]
    document = rooms(bed("bed_a1"), residents=people, minors=[minor(avoid={"minors": ["min_8"]})])
    assert comes(changed(document, {"/facilities/0/licence/capacity": 1})) == day(6)
    assert comes(document) == day(4)
    assert comes(changed(document, {f"{RESIDENTS}/1/trafficking": "verified"})) == day(2)


def test_a_doubt_does_not_put_the_night_off() -> None:
    document = rooms(bed("bed_a1"), residents=[resident(minor="min_8", trafficking=None, until=day(2))])
    assert finding(document, "safeguard.population")["outcome"] == "unknown"


def test_other_rules_are_judged_on_that_night() -> None:
    """The bed frees on the 3rd day, when the licence has ended."""
    document = rooms(bed("bed_a1"), residents=[resident("bed_a1", until=day(3))])
    expires = changed(document, {"/facilities/0/licence/expires_on": day(3)})
    name, entry = placed(expires)
    assert (name, entry["failed"]) == ("excluded", ["licence.in_force"])
    assert later(changed(document, {"/facilities/0/licence/expires_on": day(4)}))["funded_nights"] == 1


def test_the_need_runs_from_the_admission() -> None:
    entry = later(rooms(bed("bed_a1"), residents=[resident("bed_a1", until=day(3))]))
    assert entry["payers"] == [{"fund": "fund_a", "from": day(3), "until": day(33)}]
    assert (entry["admit_on"], entry["first_unfunded_night"], entry["network"]) == (day(3), None, None)
    assert "rank" not in entry


def test_where_no_bed_date_is_known_the_earliest_night_is_judged() -> None:
    document = rooms(bed("bed_a1", "offline"), referrals=[referral(needed_from=day(2))])
    document = changed(document, {"/facilities/0/safeguards/education/expires_on": day(2)})
    assert finding(document, "safeguard.education")["outcome"] == "unknown"


# Whether a later one waits for a bed or for people.


@pytest.mark.parametrize(
    ("people", "capacity", "on", "room"),
    [
        ([resident("bed_a1", until=day(3))], 6, 3, 3),
        ([resident(minor="min_8", trafficking="none", until=day(3))], 6, 3, 0),
        ([resident(minor="min_8", until=day(3))], 1, 3, 3),
        ([resident("bed_a1", until=day(2)), resident(minor="min_8", trafficking="none", until=day(3))], 6, 3, 2),
        ([resident("bed_a1", minor="min_8")], 6, None, None),
    ],
)
def test_the_first_night_with_room_whoever_lives_there(
    people: list[Json], capacity: int, on: int | None, room: int | None
) -> None:
    document = rooms(bed("bed_a1"), residents=people)
    document = changed(document, {"/facilities/0/licence/capacity": capacity})
    entry = later(document)
    assert [entry["from"], entry["room_from"]] == [None if offset is None else day(offset) for offset in (on, room)]


def test_an_age_gap_waits_for_people() -> None:
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2)
    plain = unit("unit_b", bed("bed_b1", "offline"))
    grown = resident("bed_a2", age=40, until=day(2))
    entry = later(snapshot(facilities=[house("a", plain, shared, residents=[grown])], funds=[fund()]))
    assert (entry["from"], entry["room_from"]) == (day(2), day(0))


def test_a_unit_of_one_gender_waits_for_people() -> None:
    shared = unit("unit_a", bed("bed_a1"), bed("bed_a2"), one_gender_a_night=True)
    plain = unit("unit_b", bed("bed_b1", "offline"))
    boy = resident("bed_a2", gender="male", until=day(2))
    entry = later(snapshot(facilities=[house("a", plain, shared, residents=[boy])], funds=[fund()]))
    assert (entry["from"], entry["room_from"]) == (day(2), day(0))


# Stays that go on.


def staying(**more: Any) -> Json:
    here = house("a", unit("unit_a", bed("bed_a1", "occupied")), residents=[resident("bed_a1", minor="min_1")])
    own = stay(start=-10, end=None, facility="fac_a", **more)
    return snapshot(facilities=[here], funds=[fund()], stays=[own])


def test_she_may_stay_in_her_own_bed() -> None:
    entry = option(staying())
    assert (entry["bed"], entry["bed_until"]) == ("bed_a1", None)


@pytest.mark.parametrize(("left", "nights"), [(None, 4), (1, 4), (0, 14), (-1, 14)])
def test_a_stay_goes_on_where_it_would_last_beyond_the_admission(left: int | None, nights: int) -> None:
    cap = {"id": "cap", "limit": 14, "unit": "night", "window": "stay"}
    document = changed(staying(), {"/funds": [fund(clocks=[cap])]})
    if left is not None:
        document = changed(document, {"/stays/0/left_on": day(left)})
    assert option(document)["funded_nights"] == nights


def test_a_stay_that_begins_tonight_does_not_go_on() -> None:
    document = changed(staying(), {"/stays/0/admitted_on": day(0), "/stays/0/payers/0/from": day(0)})
    rows = [{"valid_from": day(0), "citation": "new"}, {"valid_from": "2020-01-01", "citation": "old"}]
    document = changed(document, {"/funds/0/limits": rows})
    assert finding(document, "funding.budget")["citation"] == "new"
    earlier = changed(document, {"/stays/0/admitted_on": day(-1)})
    assert finding(earlier, "funding.budget")["citation"] == "old"


# Siblings: everybody must have a bed of her or his own.


def siblings(*units: Json, first: Json | None = None, **of_the_second: Any) -> Json:
    document = snapshot(
        facilities=[house("a", *units)],
        funds=[fund()],
        minors=[minor(together_with=["min_2"], **(first or {})), minor("min_2", **of_the_second)],
        referrals=[referral(), referral(2)],
    )
    wide = {"genders": ["female", "male", "nonbinary"], "min_age": 0, "max_age": 99}
    return changed(document, {f"/facilities/0/licence/{name}": value for name, value in wide.items()})


def test_one_bed_is_not_enough_for_two() -> None:
    assert comes(siblings(unit("unit_a", bed("bed_a1")))) is None
    assert comes(siblings(unit("unit_a", bed("bed_a1"), bed("bed_a2")))) == day(0)


def test_both_must_have_a_bed_on_the_same_night() -> None:
    beds = [bed("bed_a1"), bed("bed_a2", unavailable=[[day(0), day(4)]])]
    assert comes(siblings(unit("unit_a", *beds))) == day(4)
    apart = [bed("bed_a1", unavailable=[[day(4), day(180)]]), beds[1]]
    assert comes(siblings(unit("unit_a", *apart))) is None


def test_she_leaves_the_only_bed_that_suits_the_sibling() -> None:
    girls, anybody = unit("unit_g", bed("bed_z"), genders=["female"]), unit("unit_x", bed("bed_a"))
    document = siblings(girls, anybody, gender="male")
    assert option(document)["bed"] == "bed_z"
    alone = changed(document, {"/minors/0/together_with": []})
    assert option(alone)["bed"] == "bed_a"


def test_she_takes_a_bed_in_a_room_in_doubt_where_it_alone_leaves_the_sibling_seated() -> None:
    """A room suits, so the house is an option; the only bed that is left for her stands in another."""
    anybody, girls = unit("unit_a", bed("bed_a1")), unit("unit_b", bed("bed_b1"), genders=["female"])
    document = siblings(anybody, girls, first={"gender": "nonbinary"}, gender="male")
    assert finding(document, "unit.fit")["outcome"] == "met"
    assert option(document)["bed"] == "bed_b1"


def test_three_are_seated_though_each_first_choice_is_taken() -> None:
    """She may take any; the second only the first bed or the second; the third only the first."""
    units = [
        unit("unit_1", bed("bed_1")),
        unit("unit_2", bed("bed_2"), min_age=14),
        unit("unit_3", bed("bed_3"), min_age=15),
    ]
    document = siblings(*units, born_on="2012-03-02")
    document = changed(
        document,
        {
            "/minors/-": minor("min_3", born_on="2013-03-02"),
            "/referrals/-": referral(3),
            "/minors/0/together_with": ["min_2", "min_3"],
        },
    )
    assert option(document)["bed"] == "bed_3"
    assert finding(document, "licence.capacity")["have"] == 3
    older = changed(document, {"/minors/1/born_on": "2013-03-02"})
    assert comes(older) != day(0)


def test_a_bed_held_for_the_sibling_is_the_siblings() -> None:
    beds = [bed("bed_a1"), bed("bed_a2", "held", held_for="ref_2")]
    assert option(siblings(unit("unit_a", *beds)))["bed"] == "bed_a1"
    both = [bed("bed_a1", "held", held_for="ref_2"), bed("bed_a2", "held", held_for="ref_2")]
    assert comes(siblings(unit("unit_a", *both))) is None


def test_any_referral_of_the_sibling_counts_but_only_the_one_decided_of_her_own() -> None:
    beds = [bed("bed_a1", "held", held_for="ref_1b"), bed("bed_a2", "held", held_for="ref_2b")]
    document = siblings(unit("unit_a", *beds))
    extra = [referral(1, id="ref_1b"), referral(2, id="ref_2b")]
    document = changed(document, {"/referrals": [referral(), *extra]})
    assert comes(document) is None
    assert placed(document, referral_id="ref_1b")[0] == "options"


def test_a_sibling_comes_of_age_for_the_room() -> None:
    """The second turns 15 on the 9th day, and only then may take the second bed."""
    units = [unit("unit_a", bed("bed_a1")), unit("unit_b", bed("bed_b1"), min_age=15, genders=["male"])]
    assert comes(siblings(*units, gender="male", born_on="2011-11-30")) == day(9)


def test_a_sibling_who_moves_in_elsewhere_no_longer_needs_a_bed() -> None:
    document = siblings(unit("unit_a", bed("bed_a1")))
    elsewhere = house("b", residents=[resident("bed_b1", minor="min_2", **{"from": day(6)})])
    assert comes(changed(document, {"/facilities/-": elsewhere})) == day(6)


def test_siblings_are_counted_for_staff_tonight() -> None:
    beds = [bed("bed_a1"), bed("bed_a2")]
    document = siblings(unit("unit_a", *beds))
    short = changed(document, {"/facilities/0/staffing": {"night_ratio": 1, "awake_staff_tonight": 1}})
    assert placed(short)[1]["failed"] == ["minor.together", "safeguard.awake_staff"]
