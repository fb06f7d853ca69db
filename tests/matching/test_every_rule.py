"""Every hard rule of the catalogue blocks on its own, and what it says is whole."""

from typing import Any

import pytest

from .builders import bed, day, failed, fix, fund, minor, option, placed, referral, resident, snapshot
from .builders import changed as change

FACILITY, LICENCE, GUARDS = "/facilities/0", "/facilities/0/licence", "/facilities/0/safeguards"
MINOR, LIMIT = "/minors/0", "/funds/0/limits/0"
OTHER_STATE = {"county": "32003", "place": None, "state": "NV"}
ANOTHER_IN_THE_FUND = {
    "id": "stay_9",
    "minor": "min_9",
    "facility": "fac_old",
    "admitted_on": day(-3),
    "left_on": day(3),
    "payers": [{"fund": "fund_a", "from": day(-3), "until": day(3)}],
}

# What makes each rule, and no other, say no.
BLOCKS: dict[str, dict[str, Any]] = {
    "safeguard.population": {f"{FACILITY}/population": "mixed"},
    "safeguard.egress": {f"{GUARDS}/egress/value": "locked_no_release"},
    "safeguard.fire_clearance": {f"{GUARDS}/fire_clearance/value": False},
    "safeguard.outside_contact": {f"{GUARDS}/outside_contact/value": "blanket_ban"},
    "safeguard.equal_activities": {f"{GUARDS}/equal_activities/value": False},
    "safeguard.awake_staff": {f"{GUARDS}/awake_night_staff/value": False},
    "safeguard.education": {f"{GUARDS}/education/value": False},
    "safeguard.grievance_contact": {f"{GUARDS}/grievance_contact/value": False},
    "safeguard.placement_kind": {
        f"{FACILITY}/kind": "therapeutic_foster_home",
        f"{LIMIT}/facility_kinds": None,
    },
    "safeguard.conflict": {
        f"{MINOR}/avoid/minors": ["min_9"],
        f"{FACILITY}/residents": [resident()],
    },
    "safeguard.territory": {f"{MINOR}/avoid/counties": ["13121"]},
    "licence.in_force": {f"{LICENCE}/status": "suspended"},
    "licence.age": {f"{LICENCE}/min_age": 16},
    "licence.gender": {f"{LICENCE}/genders": ["male"]},
    "licence.capacity": {f"{LICENCE}/capacity": 0},
    "licence.infants": {f"{MINOR}/needs/infants": 1},
    "facility.declines": {f"{MINOR}/needs/conditions": ["arson"]},
    "facility.admits": {f"{FACILITY}/admits": ["at_risk"]},
    "facility.services": {f"{MINOR}/needs/services_required": ["detox"]},
    "unit.fit": {f"{FACILITY}/units/0/genders": ["male"]},
    "custody.interstate": {
        f"{MINOR}/custody": "dependent",
        f"{MINOR}/jurisdiction": OTHER_STATE,
    },
    "minor.refuses": {f"{MINOR}/wishes/refuse": ["fac_a"]},
    "minor.together": {
        f"{MINOR}/together_with": ["min_2"],
        "/minors/-": minor("min_2", wishes={"refuse": ["fac_a"]}),
        "/referrals/-": referral(2),
    },
    "funding.accepted": {f"{FACILITY}/funds": []},
    "funding.in_force": {f"{LIMIT}/valid_until": "2026-11-21"},
    "funding.age_band": {f"{LIMIT}/min_age": 16},
    "funding.residence": {f"{LIMIT}/residence/counties": ["13089"]},
    "funding.custody": {f"{LIMIT}/custody/deny": ["parent", "dependent"]},
    "funding.trafficking": {f"{LIMIT}/trafficking": ["at_risk"]},
    "funding.gender": {f"{LIMIT}/genders": ["male"]},
    "funding.facility_kind": {f"{LIMIT}/facility_kinds": ["group_home"]},
    "funding.requires": {f"{LIMIT}/requires": ["certification_of_need"]},
    "funding.ages_out": {f"{LIMIT}/leaves_at_age": 15},
    "funding.clock": {f"{LIMIT}/clocks/0/limit": 0},
    "funding.beds": {f"{LIMIT}/beds_per_night": 1, "/stays/-": ANOTHER_IN_THE_FUND},
    "funding.budget": {f"{LIMIT}/nights_left": 0},
}
# A remote house fails only together with the ban on contact; a last resort only waits.
NEVER_ALONE = {"safeguard.remote", "funding.last_resort"}


def test_the_base_meets_every_rule() -> None:
    findings = option(snapshot())["findings"]
    assert sorted(row["rule"] for row in findings) == sorted({*BLOCKS, *NEVER_ALONE})
    assert {row["outcome"] for row in findings} == {"met"}


@pytest.mark.parametrize("code", BLOCKS)
def test_each_rule_blocks_on_its_own(code: str) -> None:
    assert failed(change(snapshot(), BLOCKS[code])) == [code]


def test_a_remote_house_with_a_ban_fails_both_rules() -> None:
    remote = {f"{GUARDS}/remote/value": True}
    banned = {f"{GUARDS}/outside_contact/value": "blanket_ban"}
    assert failed(change(snapshot(), remote)) == []
    assert failed(change(snapshot(), remote | banned)) == ["safeguard.outside_contact", "safeguard.remote"]


def test_a_last_resort_is_never_a_reason_for_exclusion() -> None:
    waits = [fund("a"), fund("b", last_resort=True)]
    document = change(snapshot(), {"/funds": waits, "/facilities/0/funds": ["fund_a", "fund_b"]})
    rows = {row["subject"]: row["outcome"] for row in option(document)["findings"] if "last_resort" in row["rule"]}
    assert rows == {"fund_a": "met", "fund_b": "not_met"}


def test_every_failing_rule_is_named_at_once() -> None:
    """No early exit, though some cannot fail together: a closed fund makes no other finding."""
    all_but = {"funding.in_force", "funding.accepted"}
    everything = {at: value for code, so in BLOCKS.items() if code not in all_but for at, value in so.items()}
    assert failed(change(snapshot(), everything)) == sorted(BLOCKS.keys() - all_but)


@pytest.mark.parametrize(
    "code", [code for code in BLOCKS if code.startswith("funding.") and code != "funding.accepted"]
)
def test_another_payer_that_can_pay_is_enough(code: str) -> None:
    second = {"/funds/-": fund("b"), "/facilities/0/funds": ["fund_a", "fund_b"]}
    document = change(change(snapshot(), BLOCKS[code]), second)
    entry = option(document)
    assert [payer["fund"] for payer in entry["payers"]] == ["fund_b"]
    assert {row["subject"] for row in entry["findings"] if row["outcome"] != "met"} == {"fund_a"}


def test_a_closed_fund_makes_two_findings_only() -> None:
    document = change(snapshot(), BLOCKS["funding.in_force"])
    rows = [row for row in placed(document)[1]["findings"] if row["subject"] == "fund_a"]
    assert [(row["rule"], row["outcome"]) for row in rows] == [
        ("funding.in_force", "not_met"),
        ("funding.last_resort", "met"),
    ]


# Who could change it, and whether an exception may be recorded (the rules' tables and section 7).
WHO = {
    "facility": "population egress fire_clearance outside_contact equal_activities awake_staff education "
    "grievance_contact placement_kind declines admits services fit accepted",
    "agency": "in_force age gender capacity infants interstate requires together territory",
    "young person": "refuses",
    "no one": "conflict",
}
WAIVABLE = {
    "safeguard.placement_kind",
    "safeguard.territory",
    "facility.declines",
    "facility.admits",
    "facility.services",
    "unit.fit",
    "minor.refuses",
    "minor.together",
}


def who_mends(code: str) -> str:
    owner, name = code.split(".")
    if owner == "funding" and name not in ("accepted", "requires"):
        return "funder"
    return next(who for who, names in WHO.items() if name in names.split())


@pytest.mark.parametrize("code", BLOCKS)
def test_each_fix_names_who_and_whether_it_may_be_waived(code: str) -> None:
    mend = fix(change(snapshot(), BLOCKS[code]), code)
    assert (mend["rule"], mend["who"]) == (code, who_mends(code))
    assert mend["waivable"] is (code in WAIVABLE or code.startswith("funding."))
    assert mend["text"]


@pytest.mark.parametrize(("kind", "waivable"), [("foster_home", True), ("secure_detention", False)])
def test_detention_is_never_waived(kind: str, waivable: bool) -> None:
    document = change(snapshot(funds=[fund()]), {f"{FACILITY}/kind": kind})
    assert fix(document, "safeguard.placement_kind")["waivable"] is waivable


@pytest.mark.parametrize("code", BLOCKS)
def test_every_finding_says_what_it_found(code: str) -> None:
    entry = placed(change(snapshot(), BLOCKS[code]))[1]
    for row in entry["findings"]:
        assert row["subject"] in ("fac_a", "fund_a")
        assert row["text"]
        assert row["citation"] or code == "funding.in_force"
        assert isinstance(row["have"], str | int | bool | None)
        assert isinstance(row["need"], str | int | bool | None)


def test_failed_codes_are_sorted_without_repeats_and_each_has_a_fix() -> None:
    two = [fund("a", min_age=16, genders=["male"]), fund("b", min_age=17)]
    document = change(
        snapshot(funds=two), {f"{FACILITY}/funds": ["fund_a", "fund_b"], f"{FACILITY}/population": "mixed"}
    )
    entry = placed(document)[1]
    assert entry["failed"] == ["funding.age_band", "funding.gender", "safeguard.population"]
    assert [row["rule"] for row in entry["fix"]] == entry["failed"]


def test_a_payers_failure_is_not_listed_where_another_is_only_unknown() -> None:
    two = [fund("a", min_age=16), fund("b", residence={"basis": ["found"], "counties": ["13121"]})]
    document = change(snapshot(funds=two), {f"{FACILITY}/funds": ["fund_a", "fund_b"], f"{MINOR}/found/county": None})
    name, entry = placed(document)
    assert (name, entry["unknown"]) == ("needs_info", ["funding.residence"])
    worse = placed(change(document, {f"{FACILITY}/population": "mixed"}))[1]
    assert worse["failed"] == ["safeguard.population"]


def test_a_house_without_units_is_excluded_for_its_rooms() -> None:
    assert failed(change(snapshot(), {f"{FACILITY}/units": []})) == ["unit.fit"]


def test_a_house_with_empty_rooms_only_waits_for_a_bed() -> None:
    """No bed is free on any date known, yet nothing else keeps the young person out."""
    name, entry = placed(change(snapshot(), {f"{FACILITY}/units/0/beds": [bed("bed_a1", "offline")]}))
    assert (name, entry["from"], entry["funded_nights"], entry["payers"]) == ("later", None, None, [])


def test_nothing_that_was_not_asked_passes() -> None:
    """Only the required keys: every rule that needs a fact is unknown, and no list of ours says yes."""
    bare = snapshot(
        facilities=[{"id": "fac_a", "kind": "safe_house", "state": "GA", "units": [{"id": "u", "beds": [bed("b")]}]}],
        minors=[{"id": "min_1"}],
        referrals=[{"id": "ref_1", "minor": "min_1", "urgency": 1}],
    )
    name, entry = placed(bare)
    assert name == "needs_info"
    assert entry["unknown"] == [
        "custody.interstate",
        "facility.declines",
        "funding.accepted",
        "licence.age",
        "licence.capacity",
        "licence.gender",
        "licence.in_force",
        "licence.infants",
        "safeguard.awake_staff",
        "safeguard.education",
        "safeguard.egress",
        "safeguard.equal_activities",
        "safeguard.fire_clearance",
        "safeguard.grievance_contact",
        "safeguard.outside_contact",
        "safeguard.population",
        "safeguard.remote",
    ]
