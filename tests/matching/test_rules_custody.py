"""What the States agree on, what the young person decides, and siblings."""

from typing import Any

import pytest

from .builders import (
    asked,
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

HOME, FOUND, COURT = "/minors/0/residence", "/minors/0/found", "/minors/0/jurisdiction"


def pair(custody: str | None, kind: str = "safe_house", **states: str | None) -> dict[str, Any]:
    """A minor with the States of home, place found and court, and a house in Georgia."""
    places = {"residence": "home", "found": "found", "jurisdiction": "court"}
    where: dict[str, Any] = {fact: {"state": states.get(name)} for fact, name in places.items()}
    return changed(snapshot(funds=[fund()], minors=[minor(custody=custody, **where)]), {"/facilities/0/kind": kind})


@pytest.mark.parametrize(
    ("custody", "states", "said"),
    [
        ("none", {}, "met"),
        ("none", {"home": "NV", "court": "NV", "found": "NV"}, "met"),
        ("parent", {"home": "GA"}, "met"),
        ("parent", {"home": "NV", "court": "GA", "found": "GA"}, "not_met"),
        ("parent", {"court": "GA", "found": "GA"}, "unknown"),
        ("dependent", {"court": "GA", "home": "NV"}, "met"),
        ("dependent", {"court": "NV", "home": "GA"}, "not_met"),
        ("ward_state", {"court": "NV", "home": "GA"}, "not_met"),
        ("ward_justice", {"court": "NV", "home": "GA"}, "not_met"),
        ("tribal", {"court": "NV", "home": "GA"}, "not_met"),
        ("tribal", {"home": "GA"}, "unknown"),
        (None, {"home": "GA", "court": "GA"}, "met"),
        (None, {"home": "GA", "court": "NV"}, "unknown"),
        (None, {"home": "NV", "court": "GA"}, "unknown"),
        (None, {"home": "NV", "court": "NV"}, "unknown"),
        (None, {"home": "GA"}, "unknown"),
        (None, {"court": "GA"}, "unknown"),
    ],
)
def test_the_state_that_keeps_the_case(custody: str | None, states: dict[str, str], said: str) -> None:
    assert outcome(pair(custody, **states), "custody.interstate") == said


@pytest.mark.parametrize("kind", ["emergency_shelter", "assessment_center"])
@pytest.mark.parametrize(
    ("custody", "states", "said"),
    [
        ("ward_state", {"court": "NV", "found": "GA"}, "met"),
        ("ward_state", {"court": "NV", "found": "NV"}, "not_met"),
        ("ward_state", {"court": "NV"}, "unknown"),
        ("ward_state", {"found": "NV"}, "unknown"),
        ("ward_state", {"court": "GA"}, "met"),
        ("parent", {"home": "NV"}, "unknown"),
        (None, {"found": "GA"}, "met"),
        (None, {"home": "NV", "court": "NV", "found": "NV"}, "unknown"),
    ],
)
def test_an_emergency_bed_where_the_young_person_is_found(
    kind: str, custody: str | None, states: dict[str, str], said: str
) -> None:
    assert outcome(pair(custody, kind, **states), "custody.interstate") == said


@pytest.mark.parametrize(
    ("found", "custody", "said"),
    [("GA", "parent", "met"), ("NV", "parent", "not_met"), (None, "parent", "unknown"), ("GA", None, "met")],
)
def test_without_a_fixed_residence_home_is_where_found(found: str | None, custody: str | None, said: str) -> None:
    document = changed(pair(custody, court="GA", found=found), {HOME: {"none": True, "state": "NV"}})
    assert outcome(document, "custody.interstate") == said


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        ({"minor": "min_1", "from_state": "NV", "to_state": "GA"}, "met"),
        ({"minor": "min_1", "from_state": "GA", "to_state": "NV"}, "not_met"),
        ({"minor": "min_1", "from_state": "AL", "to_state": "GA"}, "not_met"),
        ({"minor": "min_2", "from_state": "NV", "to_state": "GA"}, "not_met"),
    ],
)
def test_an_approval_is_of_one_minor_and_two_states(approval: dict[str, str], said: str) -> None:
    document = changed(pair("dependent", court="NV"), {"/interstate_approvals": [approval]})
    assert outcome(document, "custody.interstate") == said


def test_the_fix_names_both_states() -> None:
    document = pair("dependent", court="NV")
    assert fix(document, "custody.interstate")["text"] == "Approval of NV for a placement in GA, before the placement"


@pytest.mark.parametrize(
    ("kind", "custody", "places", "asks"),
    [
        ("safe_house", "parent", {}, ["minor.residence.state"]),
        ("safe_house", "parent", {HOME: {"none": True}}, ["minor.found.state"]),
        ("safe_house", "tribal", {}, ["minor.jurisdiction.state"]),
        ("safe_house", None, {}, ["minor.custody", "minor.jurisdiction.state", "minor.residence.state"]),
        ("emergency_shelter", "tribal", {}, ["minor.found.state", "minor.jurisdiction.state"]),
        ("emergency_shelter", "tribal", {COURT: {"state": "NV"}}, ["minor.found.state"]),
        ("emergency_shelter", "parent", {HOME: {"none": True}}, ["minor.found.state"]),
        ("emergency_shelter", "tribal", {FOUND: {"state": "NV"}}, ["minor.jurisdiction.state"]),
    ],
)
def test_which_state_to_ask_for(kind: str, custody: str | None, places: dict[str, Any], asks: list[str]) -> None:
    assert sorted(asked(changed(pair(custody, kind), places))) == asks


def test_a_refusal_is_the_young_persons_own() -> None:
    document = changed(snapshot(), {"/minors/0/wishes/refuse": ["fac_a"]})
    mend = fix(document, "minor.refuses")
    assert (mend["who"], mend["waivable"]) == ("young person", True)
    assert option(changed(document, {"/minors/0/wishes/refuse": ["fac_b"]}))


# Siblings who wait too: the same house or neither.


def siblings(**of_the_second: Any) -> dict[str, Any]:
    return snapshot(
        minors=[minor(together_with=["min_2"]), minor("min_2", **of_the_second)],
        referrals=[referral(), referral(2)],
    )


def test_siblings_who_can_all_come() -> None:
    found = finding(siblings(), "minor.together")
    assert (found["outcome"], found["have"]) == ("met", 1)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"gender": "male"}, "not_met"),
        ({"wishes": {"refuse": ["fac_a"]}}, "not_met"),
        ({"approvals": []}, "not_met"),
        ({"gender": None}, "unknown"),
        ({"approvals": None}, "unknown"),
        ({"trafficking": None}, "unknown"),
        ({"gender": None, "wishes": {"refuse": ["fac_a"]}}, "not_met"),
    ],
)
def test_a_sibling_who_could_not_come(second: dict[str, Any], said: str) -> None:
    assert outcome(siblings(**second), "minor.together") == said


def test_one_siblings_no_outweighs_anothers_doubt() -> None:
    document = changed(
        siblings(gender=None),
        {
            "/minors/-": minor("min_3", wishes={"refuse": ["fac_a"]}),
            "/referrals/-": referral(3),
            "/minors/0/together_with": ["min_2", "min_3"],
        },
    )
    assert outcome(document, "minor.together") == "not_met"


def test_only_her_own_list_counts() -> None:
    document = changed(siblings(wishes={"refuse": ["fac_a"]}, together_with=["min_1"]), {"/minors/0/together_with": []})
    assert option(document)
    assert placed(document, referral_id="ref_2")[1]["failed"] == ["minor.refuses"]


def test_a_siblings_siblings_are_not_followed() -> None:
    """The second names a third who refuses; the first does not name the third."""
    document = changed(
        siblings(together_with=["min_3"]),
        {"/minors/-": minor("min_3", wishes={"refuse": ["fac_a"]}), "/referrals/-": referral(3)},
    )
    assert option(document)


REFUSES = {"wishes": {"refuse": ["fac_a"]}}


@pytest.mark.parametrize(
    "changes",
    [
        {"/referrals/1": referral(3, minor="min_3"), "/minors/-": minor("min_3")},
        {"/minors/0/avoid/minors": ["min_2"]},
        {"/facilities/-": house("b", residents=[resident("bed_b1", minor="min_2")])},
        {"/minors/0/together_with": ["min_elsewhere", "min_1"]},
    ],
    ids=["no referral", "avoided", "lives somewhere", "not here, or herself"],
)
def test_who_is_not_of_the_group_changes_nothing(changes: dict[str, Any]) -> None:
    document = siblings(**REFUSES)
    assert placed(document)[1]["failed"] == ["minor.together"]
    assert outcome(changed(document, changes), "minor.together") == "met"


def test_together_changes_when_a_sibling_moves_in_somewhere() -> None:
    elsewhere = house("b", residents=[resident("bed_b1", minor="min_2", **{"from": day(6)})])
    document = changed(siblings(**REFUSES), {"/facilities/-": elsewhere})
    found = finding(document, "minor.together")
    assert (found["outcome"], found["changes_on"]) == ("not_met", day(6))


def test_together_changes_when_a_sibling_moves_out_of_somewhere() -> None:
    elsewhere = house("b", residents=[resident("bed_b1", minor="min_2", until=day(6))])
    document = changed(siblings(**REFUSES), {"/facilities/-": elsewhere})
    assert outcome(document, "minor.together") == "met"
