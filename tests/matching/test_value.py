"""What is better: every term counted by hand, adding up, and within the bounds of a policy."""

from typing import Any

import pytest

from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank
from matching.value import DEFAULT_POLICY, Policy, Weight

from .builders import (
    Json,
    bed,
    changed,
    clock,
    day,
    fund,
    house,
    later,
    minor,
    option,
    referral,
    resident,
    snapshot,
    unit,
)

BED, MINOR, REFERRAL = "/facilities/0/units/0/beds/0", "/minors/0", "/referrals/0"
DOORS = "/facilities/0/safeguards/egress/value"


def one_bed(**more: Any) -> Json:
    """The network with one bed and an easy fund."""
    return snapshot(facilities=[house("a", unit("unit_a", bed("bed_a1")))], funds=[fund()]) | more


def term(document: Json, code: str) -> Json:
    """One term of the only option."""
    rows: list[Json] = option(document)["terms"]
    return next(row for row in rows if row["code"] == code)


def said(document: Json, code: str) -> tuple[int, str]:
    found = term(document, code)
    return found["value"], found["text"]


def test_the_terms_stand_in_the_order_of_the_policy_with_their_weights() -> None:
    rows = option(one_bed())["terms"]
    assert [(row["code"], row["unit"], row["weight"]) for row in rows] == [
        ("bed.call_first", "yes", 400_000),
        ("nights.unpaid", "night", 2_000),
        ("nights.moves", "move", 1_000),
        ("siblings.elsewhere", "sibling", 900),
        ("wishes.unmet", "wish", 900),
        ("needs.missing", "each", 300),
        ("setting.restrictive", "step", 200),
        ("home.distance", "band of 25 km", 20),
        ("bed.confirmation_age", "hour", 1),
    ]
    assert {row["cost"] for row in rows} == {0}


# The bed's confirmation.


@pytest.mark.parametrize(
    ("confirmed", "call", "hours", "text"),
    [
        ("2026-11-21T22:14:00-05:00", 0, 0, "Confirmed within the hour"),
        ("2026-11-21T21:14:01-05:00", 0, 0, "Confirmed within the hour"),
        ("2026-11-21T21:14:00-05:00", 0, 1, "Confirmed 1 hour ago"),
        ("2026-11-21T20:14:00-05:00", 0, 2, "Confirmed 2 hours ago"),
        ("2026-11-21T10:14:00-05:00", 0, 12, "Confirmed 12 hours ago"),
        ("2026-11-21T10:13:59-05:00", 1, 12, "Confirmed 12 hours ago"),
        ("2026-11-20T22:14:00-05:00", 1, 12, "Confirmed 24 hours ago"),
        ("2026-11-22T03:14:00+00:00", 0, 0, "Confirmed within the hour"),
        (None, 1, 12, "Never confirmed"),
    ],
)
def test_confirmation(confirmed: str | None, call: int, hours: int, text: str) -> None:
    document = changed(one_bed(), {f"{BED}/confirmed_at": confirmed})
    entry = option(document)
    assert entry["call_first"] is bool(call)
    assert entry["bed_confirmed_at"] == confirmed
    first = "Nobody confirmed the bed within 12 hours: call first" if call else "Confirmed within 12 hours"
    assert said(document, "bed.call_first") == (call, first)
    assert said(document, "bed.confirmation_age") == (hours, text)


# Nights and moves.


@pytest.mark.parametrize(
    ("limit", "bed_until", "unpaid", "moves"),
    [(None, None, 0, 0), (30, 30, 0, 0), (14, None, 16, 1), (None, 9, 21, 1), (14, 9, 21, 1), (14, 20, 16, 1)],
)
def test_nights_that_nobody_pays_or_on_which_the_bed_is_gone(
    limit: int | None, bed_until: int | None, unpaid: int, moves: int
) -> None:
    clocks = [] if limit is None else [clock(limit)]
    away = [] if bed_until is None else [[day(bed_until), day(99)]]
    document = changed(one_bed(funds=[fund(clocks=clocks)]), {f"{BED}/unavailable": away})
    usable = 30 - unpaid
    assert said(document, "nights.unpaid") == (unpaid, f"{usable} of 30 nights are paid while the bed is free")
    text = "A move before the need ends" if moves else "No move to expect"
    assert said(document, "nights.moves") == (moves, text)


def test_a_cost_counts_180_nights_at_most() -> None:
    document = one_bed(horizon_nights=400, funds=[fund(clocks=[clock(14)])], referrals=[referral(nights_needed=None)])
    assert said(document, "nights.unpaid") == (180, "14 of 400 nights are paid while the bed is free")
    assert term(document, "nights.unpaid")["cost"] == 360_000


# Siblings, wishes, needs, doors.


def test_siblings_who_live_elsewhere() -> None:
    elsewhere = house("b", residents=[resident("bed_b1", minor="min_2"), resident("bed_b2", minor="min_3")])
    document = one_bed(minors=[minor(together_with=["min_2", "min_3", "min_4"])])
    assert said(document, "siblings.elsewhere") == (0, "No sibling elsewhere")
    document = changed(document, {"/facilities/-": elsewhere})
    assert said(document, "siblings.elsewhere") == (2, "2 siblings live elsewhere")
    leaves = changed(document, {"/facilities/1/residents/0/until": day(0)})
    assert said(leaves, "siblings.elsewhere") == (1, "1 sibling lives elsewhere")
    here = changed(document, {"/facilities/0/residents": [resident(minor="min_4")]})
    assert said(here, "siblings.elsewhere")[0] == 2


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ([], (0, "No wish said")),
        (["fac_a", "fac_b"], (0, "The young person's wish")),
        (["fac_b"], (1, "The young person would rather be elsewhere")),
    ],
)
def test_wishes(prefer: list[str], expected: tuple[int, str]) -> None:
    assert said(one_bed(minors=[minor(wishes={"prefer": prefer})]), "wishes.unmet") == expected


@pytest.mark.parametrize(
    ("services", "languages", "offered", "expected"),
    [
        ([], [], ["medical"], (0, "Every service and language asked for")),
        (["medical"], ["en"], ["medical"], (0, "Every service and language asked for")),
        (["medical", "detox"], ["en", "quc"], ["medical"], (2, "Missing: detox, quc")),
        (["medical"], None, None, (1, "Missing: medical")),
        (None, ["quc"], ["medical"], (1, "Missing: quc")),
        (["detox", "detox"], [], ["medical"], (1, "Missing: detox")),
    ],
)
def test_services_and_languages_wanted(
    services: list[str] | None, languages: list[str] | None, offered: list[str] | None, expected: tuple[int, str]
) -> None:
    needs = {"services": services, "languages": languages, "conditions": [], "infants": 0}
    document = changed(one_bed(minors=[minor(needs=needs)]), {"/facilities/0/services": offered})
    assert said(document, "needs.missing") == expected


def test_languages_that_are_not_known_count_as_missing() -> None:
    needs = {"languages": ["en"], "conditions": [], "infants": 0}
    document = changed(one_bed(minors=[minor(needs=needs)]), {"/facilities/0/languages": None})
    assert said(document, "needs.missing") == (1, "Missing: en")


def test_forty_needs_count_at_most() -> None:
    needs = {"services": [f"s{n:02}" for n in range(41)], "conditions": [], "infants": 0}
    assert term(one_bed(minors=[minor(needs=needs)]), "needs.missing")["cost"] == 12_000


@pytest.mark.parametrize(("doors", "steps"), [("unlocked", 0), ("delayed_release", 1), ("locked_with_release", 2)])
def test_more_restrictive_of_two_lawful_settings(doors: str, steps: int) -> None:
    document = changed(one_bed(), {DOORS: doors})
    assert said(document, "setting.restrictive") == (steps, f"Doors: {doors.replace('_', ' ')}")


# Distance from home, in bands of 25 km; a degree of latitude is 111.195 km.


@pytest.mark.parametrize(
    ("north", "band", "text"),
    [
        (0.0, 0, "0 to 25 km from home"),
        (0.2248, 0, "0 to 25 km from home"),
        (0.2249, 1, "25 to 50 km from home"),
        (4.4967, 20, "500 to 525 km from home"),
        (9.0, 20, "1000 to 1025 km from home"),
    ],
)
def test_distance_from_home(north: float, band: int, text: str) -> None:
    document = changed(one_bed(), {f"{REFERRAL}/home_point": [33.75 + north, -84.39]})
    assert said(document, "home.distance") == (band, text)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({f"{REFERRAL}/home_point": None}, (0, "Home not known, or not safe")),
        ({"/facilities/0/point": None}, (20, "Distance from home not known")),
        (
            {f"{REFERRAL}/home_point": [40.0, -84.39], f"{MINOR}/avoid/circles": [[40.1, -84.39, 12.0]]},
            (0, "Home is in a place to avoid: distance does not count"),
        ),
        (
            {f"{REFERRAL}/home_point": [40.0, -84.39], f"{MINOR}/avoid/circles": [[40.1, -84.39, 11.0]]},
            (20, "675 to 700 km from home"),
        ),
        (
            {f"{MINOR}/residence/county": "13089", f"{MINOR}/avoid/counties": ["13089"]},
            (0, "Home is in a place to avoid: distance does not count"),
        ),
    ],
)
def test_home_counts_where_it_is_known_and_safe(changes: Json, expected: tuple[int, str]) -> None:
    assert said(changed(one_bed(), changes), "home.distance") == expected


def test_a_house_of_unknown_place_and_an_unsafe_home() -> None:
    document = changed(one_bed(), {"/facilities/0/point": None, f"{REFERRAL}/home_point": None})
    assert said(document, "home.distance")[0] == 0


# Adding up.


def test_value_times_weight_is_cost() -> None:
    document = changed(
        one_bed(funds=[fund(clocks=[clock(14)])]),
        {
            f"{BED}/confirmed_at": None,
            DOORS: "delayed_release",
            f"{MINOR}/wishes/prefer": ["fac_b"],
            f"{MINOR}/needs/services": ["detox"],
            f"{REFERRAL}/home_point": [34.75, -84.39],
        },
    )
    costs = [row["cost"] for row in option(document)["terms"]]
    assert costs == [400_000, 32_000, 1_000, 0, 900, 300, 200, 80, 12]
    assert all(row["value"] * row["weight"] == row["cost"] for row in option(document)["terms"])


def test_later_ones_are_valued_too_on_their_date() -> None:
    document = changed(one_bed(), {f"{BED}/unavailable": [[day(0), day(3)], [day(9), day(10)]]})
    entry = later(document)
    assert [row["value"] for row in entry["terms"] if row["code"] == "nights.unpaid"] == [24]


# Policies.


def test_all_terms_of_the_default_stay_below_the_limit() -> None:
    assert sum(row.weight * row.most for row in DEFAULT_POLICY.weights) < 2**20


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([Weight("beauty", "each", 1, 1)], "terms that are not known: beauty"),
        ([Weight("wishes.unmet", "wish", -1, 1)], "below zero"),
        ([Weight("wishes.unmet", "wish", 1, -1)], "below zero"),
        ([Weight("wishes.unmet", "wish", 2**20, 1)], "can cost 1048576 or more"),
        ([Weight("wishes.unmet", "wish", 2**19, 1), Weight("nights.moves", "move", 2**19, 1)], "can cost"),
    ],
)
def test_a_policy_that_is_refused(weights: list[Weight], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Policy("mine", 1, tuple(weights))


def test_a_policy_just_below_the_limit() -> None:
    assert Policy("mine", 1, (Weight("wishes.unmet", "wish", 2**20 - 1, 1),))


def test_a_policy_of_ones_own_decides_the_order() -> None:
    """By default the nearer house comes first; where only wishes count, the wished one does."""
    near, far = house("a", point=[33.7, -84.4]), house("b", point=[35.7, -84.4])
    document = snapshot(
        facilities=[near, far], funds=[fund()], minors=[minor(wishes={"prefer": ["fac_b"]}, history="complete")]
    )
    wishes = Policy("wishes", 3, (Weight("wishes.unmet", "wish", 1, 1), Weight("home.distance", "band", 0, 20)))
    distance = Policy("distance", 1, (Weight("home.distance", "band", 5, 20),))
    for policy, first in ((wishes, "fac_b"), (distance, "fac_a")):
        named = changed(document, {"/policy": {"id": policy.id, "version": policy.version}})
        found = decision_document(rank(decode(named), "ref_1", policy))
        assert found["options"][0]["facility"] == first
        assert [row["code"] for row in found["options"][0]["terms"]] == [row.code for row in policy.weights]


def test_a_policy_without_terms_leaves_the_order_to_the_ids() -> None:
    document = changed(
        snapshot(facilities=[house("b"), house("a")], funds=[fund()]), {"/policy": {"id": "x", "version": 1}}
    )
    found = decision_document(rank(decode(document), "ref_1", Policy("x", 1, ())))
    assert [(row["facility"], row["terms"]) for row in found["options"]] == [("fac_a", []), ("fac_b", [])]
