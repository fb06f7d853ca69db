"""What a fund asks before it pays, each boundary from both sides, and when an answer changes."""

from typing import Any

import pytest

from .builders import (
    asked,
    changed,
    clock,
    day,
    finding,
    fix,
    fund,
    house,
    later,
    minor,
    option,
    outcome,
    placed,
    referral,
    resident,
    snapshot,
    stay,
)

LIMIT = "/funds/0/limits/0"


def paid(facts: dict[str, Any] | None = None, **limit: Any) -> dict[str, Any]:
    """A network with one fund that has these limits alone."""
    return snapshot(funds=[fund(**limit)], minors=[minor(**(facts or {}))])


def easy(document: dict[str, Any]) -> dict[str, Any]:
    """The house takes anybody, so that the fund alone speaks."""
    wide = {"min_age": 0, "max_age": 150, "genders": ["female", "male", "nonbinary"]}
    return changed(document, {f"/facilities/0/licence/{name}": value for name, value in wide.items()})


# The row in force.


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        (day(0), None, "met"),
        (day(1), None, "not_met"),
        ("2020-01-01", day(1), "met"),
        ("2020-01-01", day(0), "not_met"),
    ],
)
def test_a_row_is_in_force(starts: str, ends: str | None, said: str) -> None:
    assert outcome(paid(valid_from=starts, valid_until=ends), "funding.in_force") == said


def test_a_fund_without_rows_is_closed_and_no_date_is_known() -> None:
    document = changed(paid(), {"/funds/0/limits": []})
    found = finding(document, "funding.in_force")
    assert (found["outcome"], found["changes_on"], found["citation"]) == ("not_met", None, None)
    assert fix(document, "funding.in_force")["text"] == "New money: a limit in force"


def test_a_fund_that_opens_within_the_need_says_when() -> None:
    document = paid(valid_from=day(29))
    assert finding(document, "funding.in_force")["changes_on"] == day(29)
    assert fix(document, "funding.in_force")["text"] == f"The fund opens on {day(29)}"
    assert finding(paid(valid_from=day(30)), "funding.in_force")["changes_on"] is None


def test_a_fund_that_closes_pays_on_as_the_admission_date_governs() -> None:
    document = paid(valid_until=day(5))
    assert option(document)["funded_nights"] == 30
    assert finding(document, "funding.in_force")["changes_on"] == day(5)


def test_the_latest_row_governs_and_of_equal_ones_the_first() -> None:
    rows = [
        {"valid_from": "2020-01-01", "citation": "old"},
        {"valid_from": "2026-01-01", "citation": "first", "nights_left": 5},
        {"valid_from": "2026-01-01", "citation": "second"},
        {"valid_from": day(1), "citation": "next"},
    ]
    document = changed(paid(), {"/funds/0/limits": rows})
    assert option(document)["funded_nights"] == 5
    assert finding(document, "funding.budget")["citation"] == "first"


# Age.


@pytest.mark.parametrize(
    ("low", "high", "facts", "said", "need"),
    [
        (12, 17, {"born_on": "2014-11-22"}, "not_met", "12 to 17"),
        (12, 17, {"born_on": "2014-11-21"}, "met", "12 to 17"),
        (12, 17, {"born_on": "2008-11-22"}, "met", "12 to 17"),
        (12, 17, {"born_on": "2008-11-21"}, "not_met", "12 to 17"),
        (None, 15, {}, "met", "under 16"),
        (None, 14, {}, "not_met", "under 15"),
        (15, None, {}, "met", "15 or older"),
        (16, None, {}, "not_met", "16 or older"),
        (None, None, {"born_on": None}, "met", "any age"),
        (12, 17, {"born_on": None}, "unknown", "12 to 17"),
        (None, 17, {"born_on": None}, "unknown", "under 18"),
        (12, 17, {"born_on": None, "age_range": [12, 17]}, "met", "12 to 17"),
        (12, 17, {"born_on": None, "age_range": [11, 12]}, "unknown", "12 to 17"),
        (12, 17, {"born_on": None, "age_range": [17, 18]}, "unknown", "12 to 17"),
        (12, 17, {"born_on": None, "age_range": [18, 19]}, "not_met", "12 to 17"),
        (12, 17, {"born_on": None, "age_range": [10, 11]}, "not_met", "12 to 17"),
        (12, None, {"born_on": None, "age_range": [11, 40]}, "unknown", "12 or older"),
    ],
)
def test_age_band_includes_both_ends(
    low: int | None, high: int | None, facts: dict[str, Any], said: str, need: str
) -> None:
    found = finding(easy(paid(facts, min_age=low, max_age=high)), "funding.age_band")
    assert (found["outcome"], found["need"]) == (said, need)


def test_a_birthday_during_the_stay_does_not_close_the_band() -> None:
    document = easy(paid({"born_on": "2008-12-01"}, max_age=17))
    assert finding(document, "funding.age_band")["changes_on"] == "2026-12-01"
    assert option(document)["funded_nights"] == 30


def test_the_fix_for_an_age_names_the_birthday() -> None:
    young = easy(paid({"born_on": "2015-01-09"}, min_age=12))
    assert "2027-01-09" in fix(young, "funding.age_band")["text"]
    old = easy(paid({"born_on": "2000-01-09"}, max_age=17))
    assert fix(old, "funding.age_band")["text"] == "The funder may waive the age band"
    guessed = easy(paid({"born_on": None, "age_range": [8, 9]}, min_age=12))
    assert fix(guessed, "funding.age_band")["text"] == "The funder may waive the age band"


def test_the_band_of_a_later_row_counts_for_a_later_admission() -> None:
    rows = [{"valid_from": "2020-01-01", "max_age": 12, "valid_until": day(20)}, {"valid_from": day(9), "max_age": 17}]
    document = changed(paid(), {"/funds/0/limits": rows})
    assert finding(document, "funding.age_band")["changes_on"] == day(9)


def test_where_no_row_will_be_in_force_the_band_does_not_change() -> None:
    rows = [
        {"valid_from": "2010-01-01", "valid_until": "2011-01-01"},
        {"valid_from": "2020-01-01", "valid_until": day(20)},
    ]
    document = changed(paid(), {"/funds/0/limits": rows})
    assert finding(document, "funding.age_band")["changes_on"] is None


def test_an_age_that_is_not_known_asks_for_the_birth_date() -> None:
    assert asked(easy(paid({"born_on": None, "age_range": [17, 18]}, max_age=17))) == ["minor.born_on"]


# Where the young person lives, was found, or is under a court.

HERE = {"county": "13121", "place": "1304000", "state": "GA"}
AWAY = {"county": "32003", "place": "3240000", "state": "NV"}


@pytest.mark.parametrize(
    ("limit", "facts", "said"),
    [
        ({"basis": ["residence"]}, {}, "met"),
        ({"basis": ["residence"], "counties": []}, {"residence": None}, "met"),
        ({"basis": ["residence"], "counties": ["13121"]}, {}, "met"),
        ({"basis": ["residence"], "counties": ["13089", "13121"]}, {}, "met"),
        ({"basis": ["residence"], "counties": ["13089"]}, {}, "not_met"),
        ({"basis": ["residence"], "places": ["1304000"]}, {}, "met"),
        ({"basis": ["residence"], "states": ["NV"]}, {}, "not_met"),
        ({"basis": ["residence"], "counties": ["13089"], "states": ["GA"]}, {}, "met"),
        ({"basis": ["residence"], "counties": ["13089"], "places": ["1"*7]}, {"residence": {"place": None}}, "unknown"),
        ({"basis": ["residence"], "counties": ["13121"]}, {"residence": {"none": True}}, "not_met"),
        ({"basis": ["residence"], "counties": ["13121"]}, {"residence": {"none": True, "county": "13121"}}, "not_met"),
        ({"basis": ["found"], "counties": ["13121"]}, {"residence": AWAY}, "met"),
        ({"basis": ["found"], "counties": ["13121"]}, {"found": AWAY}, "not_met"),
        ({"basis": ["jurisdiction"], "states": ["GA"]}, {"jurisdiction": AWAY}, "not_met"),
        ({"basis": ["residence", "found"], "counties": ["13121"]}, {"residence": AWAY}, "met"),
        ({"basis": ["residence", "found"], "counties": ["13121"]}, {"residence": AWAY, "found": None}, "unknown"),
        ({"basis": ["residence", "found"], "counties": ["13121"]}, {"residence": AWAY, "found": AWAY}, "not_met"),
        ({"basis": ["residence", "found"], "counties": ["13121"]}, {"residence": {"none": True}}, "met"),
    ],
)  # fmt: skip
def test_any_basis_and_any_listed_place_is_enough(limit: dict[str, Any], facts: dict[str, Any], said: str) -> None:
    assert outcome(paid({"custody": "none"} | facts, residence=limit), "funding.residence") == said


def test_what_is_asked_is_only_what_the_fund_lists() -> None:
    limit = {"basis": ["residence", "found", "jurisdiction"], "counties": ["13089"], "states": ["AL"]}
    facts = {"custody": "none", "residence": {"state": "NV"}, "found": AWAY, "jurisdiction": {}}
    assert asked(paid(facts, residence=limit)) == [
        "minor.jurisdiction.county",
        "minor.jurisdiction.state",
        "minor.residence.county",
    ]


@pytest.mark.parametrize(
    ("residence", "have"),
    [(HERE, "13121"), ({"none": True}, "no fixed residence"), (None, None)],
)
def test_what_a_residence_finding_has(residence: dict[str, Any] | None, have: str | None) -> None:
    limit = {"basis": ["residence"], "counties": ["13121"]}
    found = finding(paid({"custody": "none", "residence": residence}, residence=limit), "funding.residence")
    assert (found["have"], found["need"]) == (have, "13121")


# Custody, status, gender, kind of house, approvals.


@pytest.mark.parametrize(
    ("allow", "deny", "custody", "said"),
    [
        (None, None, None, "met"),
        (None, [], "parent", "met"),
        (["parent"], None, "parent", "met"),
        (["parent"], None, "none", "not_met"),
        (["parent"], [], None, "unknown"),
        (None, ["ward_state"], "ward_state", "not_met"),
        (None, ["ward_state"], "parent", "met"),
        (None, ["ward_state"], None, "unknown"),
        (["parent", "none"], ["parent"], "parent", "not_met"),
        (["parent", "none"], ["parent"], "none", "met"),
    ],
)
def test_custody_allowed_and_not_denied(
    allow: list[str] | None, deny: list[str] | None, custody: str | None, said: str
) -> None:
    assert outcome(paid({"custody": custody}, custody={"allow": allow, "deny": deny}), "funding.custody") == said


@pytest.mark.parametrize(
    ("accepted", "status", "said"),
    [
        (None, None, "met"),
        (["verified"], "verified", "met"),
        (["verified"], "at_risk", "not_met"),
        (["verified"], "screening_pending", "unknown"),
        (["screening_pending"], "screening_pending", "met"),
        (["verified", "at_risk", "screening_pending"], None, "unknown"),
    ],
)
def test_trafficking_status(accepted: list[str] | None, status: str | None, said: str) -> None:
    assert outcome(paid({"trafficking": status}, trafficking=accepted), "funding.trafficking") == said


@pytest.mark.parametrize(
    ("accepted", "gender", "said"),
    [
        (None, None, "met"),
        (["female"], "female", "met"),
        (["female"], "male", "not_met"),
        (["female", "male"], "nonbinary", "unknown"),
        (["nonbinary"], "nonbinary", "met"),
        (["female", "male"], None, "unknown"),
        (["female", "male", "nonbinary"], None, "met"),
    ],
)
def test_gender(accepted: list[str] | None, gender: str | None, said: str) -> None:
    assert outcome(easy(paid({"gender": gender}, genders=accepted)), "funding.gender") == said


@pytest.mark.parametrize(
    ("kinds", "excluded", "said"),
    [
        (None, None, "met"),
        (["safe_house"], [], "met"),
        (["group_home"], None, "not_met"),
        (None, ["safe_house"], "not_met"),
        (["safe_house"], ["safe_house"], "not_met"),
        (None, ["secure_detention"], "met"),
    ],
)
def test_kind_of_house(kinds: list[str] | None, excluded: list[str] | None, said: str) -> None:
    document = paid(facility_kinds=kinds, excluded_facility_kinds=excluded)
    assert outcome(document, "funding.facility_kind") == said


def test_the_kind_of_house_is_said_with_its_article() -> None:
    shelter = changed(paid(facility_kinds=["safe_house"]), {"/facilities/0/kind": "emergency_shelter"})
    text = finding(shelter, "funding.facility_kind")["text"]
    assert text == "The fund does not pay nights in an emergency shelter"


@pytest.mark.parametrize(
    ("required", "approvals", "said"),
    [
        (None, None, "met"),
        ([], None, "met"),
        (["a"], ["a", "b"], "met"),
        (["a", "b"], ["b"], "not_met"),
        (["a"], [], "not_met"),
        (["a"], None, "unknown"),
    ],
)
def test_approvals(required: list[str] | None, approvals: list[str] | None, said: str) -> None:
    assert outcome(paid({"approvals": approvals}, requires=required), "funding.requires") == said


def test_the_fix_names_the_approvals_that_are_missing() -> None:
    document = paid({"approvals": ["b"]}, requires=["c", "b", "a"])
    assert fix(document, "funding.requires")["text"] == "An approval: a, c"


# Night rules.


@pytest.mark.parametrize(
    ("leaves_at", "facts", "said"),
    [
        (None, {"born_on": None}, "met"),
        (18, {"born_on": "2008-11-22"}, "met"),
        (18, {"born_on": "2008-11-21"}, "not_met"),
        (18, {"born_on": None}, "unknown"),
        (18, {"born_on": None, "age_range": [16, 17]}, "met"),
        (18, {"born_on": None, "age_range": [17, 18]}, "unknown"),
        (18, {"born_on": None, "age_range": [18, 19]}, "not_met"),
        (0, {}, "not_met"),
    ],
)
def test_ages_out(leaves_at: int | None, facts: dict[str, Any], said: str) -> None:
    assert outcome(easy(paid(facts, leaves_at_age=leaves_at)), "funding.ages_out") == said


@pytest.mark.parametrize(("born_on", "nights", "changes"), [("2008-12-01", 10, "2026-12-01"), ("2008-12-21", 30, None)])
def test_a_fund_stops_at_the_birthday(born_on: str, nights: int, changes: str | None) -> None:
    document = easy(paid({"born_on": born_on}, leaves_at_age=18))
    entry = option(document)
    assert (entry["funded_nights"], entry["first_unfunded_night"]) == (nights, changes)
    assert entry["binding"] == ("funding.ages_out" if changes else None)
    assert finding(document, "funding.ages_out")["changes_on"] == changes


def test_a_range_of_ages_below_the_limit_holds_for_the_whole_stay() -> None:
    assert option(easy(paid({"born_on": None, "age_range": [16, 17]}, leaves_at_age=18)))["funded_nights"] == 30


def others(number: int, start: int, end: int | None) -> dict[str, Any]:
    return stay(f"stay_{number}", start, end, minor=f"min_{number}", facility="fac_b")


@pytest.mark.parametrize(
    ("most", "stays", "said", "changes"),
    [
        (1, [], "met", None),
        (0, [], "not_met", None),
        (1, [others(8, -5, 0)], "met", None),
        (1, [others(8, -5, 1)], "not_met", day(1)),
        (1, [others(8, -5, None)], "not_met", None),
        (2, [others(8, -5, 3), others(7, 0, 9)], "not_met", day(3)),
        (1, [others(8, 4, 9)], "met", day(4)),
        (1, [others(8, 30, 40)], "met", None),
        (1, [others(1, 4, 9)], "met", None),
    ],
)
def test_beds_that_the_fund_pays(most: int, stays: list[Any], said: str, changes: str | None) -> None:
    document = changed(paid(beds_per_night=most), {"/stays": stays})
    found = finding(document, "funding.beds")
    assert (found["outcome"], found["changes_on"]) == (said, changes)


def test_the_fix_names_when_a_bed_of_the_fund_is_free() -> None:
    document = changed(paid(beds_per_night=1), {"/stays": [others(8, -5, 3)]})
    assert fix(document, "funding.beds")["text"] == f"A bed of the fund is free from {day(3)}"
    for_good = changed(document, {"/stays": [others(8, -5, None)]})
    assert fix(for_good, "funding.beds")["text"] == "One more bed paid by the fund"


def test_nights_outside_a_stay_take_no_bed_of_the_fund() -> None:
    """A payer's range may be longer than the stay; only the nights slept count."""
    long = others(8, -5, 0)
    long["payers"][0]["until"] = None
    assert outcome(changed(paid(beds_per_night=1), {"/stays": [long]}), "funding.beds") == "met"
    early = others(8, 2, 5)
    early["payers"][0]["from"] = day(-9)
    assert outcome(changed(paid(beds_per_night=1), {"/stays": [early]}), "funding.beds") == "met"
    empty = others(8, 0, 5)
    empty["payers"][0]["until"] = day(-1)
    empty["payers"][0]["from"] = day(-2)
    assert outcome(changed(paid(beds_per_night=1), {"/stays": [empty]}), "funding.beds") == "met"


@pytest.mark.parametrize(
    ("left", "said", "nights"), [(0, "not_met", None), (1, "met", 1), (29, "met", 29), (30, "met", 30)]
)
def test_nights_left_in_the_fund(left: int, said: str, nights: int | None) -> None:
    document = paid(nights_left=left)
    assert outcome(document, "funding.budget") == said
    entry = placed(document)[1]
    assert entry.get("funded_nights") == nights
    assert entry.get("binding") == ("funding.budget" if nights in (1, 29) else None)


def test_a_last_resort_waits_for_another_that_may_pay() -> None:
    funds = [fund("a", requires=["agency_placement"]), fund("b", last_resort=True)]
    document = changed(snapshot(funds=funds), {"/facilities/0/funds": ["fund_a", "fund_b"]})
    assert outcome(document, "funding.last_resort", "fund_b") == "not_met"
    none: list[str] = []
    for approvals in (none, None):
        alone = changed(document, {"/minors/0/approvals": approvals})
        assert outcome(alone, "funding.last_resort", "fund_b") == "met"
        assert [payer["fund"] for payer in option(alone)["payers"]] == ["fund_b"]


def test_two_last_resorts_do_not_wait_for_each_other() -> None:
    funds = [fund("a", last_resort=True), fund("b", last_resort=True)]
    document = changed(snapshot(funds=funds), {"/facilities/0/funds": ["fund_a", "fund_b"]})
    assert {outcome(document, "funding.last_resort", name) for name in ("fund_a", "fund_b")} == {"met"}


def test_a_fund_is_judged_only_where_the_house_accepts_it() -> None:
    document = snapshot(facilities=[house(), house("b", funds=["fund_b"])], funds=[fund(), fund("b")])
    assert {row["subject"] for row in option(document)["findings"]} == {"fac_a", "fund_a"}


def test_a_payer_named_twice_is_one_payer() -> None:
    document = changed(paid(), {"/facilities/0/funds": ["fund_a", "fund_a"]})
    assert len(option(document)["findings"]) == len(option(paid())["findings"])


def test_a_stay_that_goes_on_keeps_the_row_of_the_day_it_began() -> None:
    """Admitted under the old row at 17, asked for more nights at 18: the old row still governs, and its age band."""
    rows = [
        {"valid_from": "2020-01-01", "valid_until": day(-1), "max_age": 17},
        {"valid_from": day(-1), "max_age": 16},
    ]
    own = stay("stay_1", -10, None, facility="fac_a")
    here = house(residents=[resident("bed_a1", minor="min_1")])
    document = snapshot(facilities=[here], funds=[fund()], minors=[minor(born_on="2008-11-20")], stays=[own])
    document = easy(changed(document, {"/funds/0/limits": rows}))
    found = finding(document, "funding.age_band")
    assert (found["outcome"], found["have"], found["changes_on"]) == ("met", 17, None)
    assert finding(document, "funding.in_force")["changes_on"] is None
    ended = changed(document, {"/stays/0/left_on": day(0)})
    assert finding(ended, "funding.age_band")["outcome"] == "not_met"


# Caps: what a finding says. How they count is tested with the clocks.


@pytest.mark.parametrize(
    ("cap", "need"),
    [
        (clock(14, window="stay"), "14 nights per stay"),
        (clock(1, "day", "chain"), "1 day per chain of stays"),
        (clock(3, "business_day", "stay"), "3 business days per stay"),
        (clock(30, window="trailing", window_days=90), "30 nights in any 90 days"),
        (clock(30, window="trailing", window_months=12), "30 nights in any 12 months"),
        (clock(60, window="fiscal_year", fiscal_year_start="07-01"), "60 nights per fiscal year"),
        (clock(540), "540 nights in all"),
    ],
)
def test_a_cap_in_words(cap: dict[str, Any], need: str) -> None:
    assert finding(paid(clocks=[cap]), "funding.clock")["need"] == need


def test_two_caps_must_both_pay() -> None:
    document = changed(paid(clocks=[clock(20), clock(13)]), {"/stays": [stay()]})
    found = finding(document, "funding.clock")
    assert (found["outcome"], found["have"], found["need"]) == ("met", 1, "13 nights in all, 20 nights in all")
    assert option(document)["funded_nights"] == 1


EXTENSION = {"by": 14, "times": 2, "approval": "more"}


@pytest.mark.parametrize(
    ("approvals", "nights", "words"),
    [
        ([], 14, "; could be extended by 28 with more"),
        (["more"], 28, "; could be extended by 14 with more"),
        (["more", "more"], 30, ""),
        (["more", "more", "more"], 30, ""),
        (["other"], 14, "; could be extended by 28 with more"),
        (None, 14, "; could be extended by 28 with more"),
    ],
)
def test_an_extension_counts_once_for_each_approval(approvals: list[str] | None, nights: int, words: str) -> None:
    document = paid({"approvals": approvals}, clocks=[clock(14, extension=EXTENSION)])
    assert option(document)["funded_nights"] == nights
    assert finding(document, "funding.clock")["text"].endswith(f"14 nights in all{words}")


def test_an_extension_by_nothing_is_not_offered() -> None:
    document = paid(clocks=[clock(14, extension=EXTENSION | {"by": 0})])
    assert "extended" not in finding(document, "funding.clock")["text"]


@pytest.mark.parametrize(
    ("cap", "nights", "text"),
    [
        (clock(12), 30, "The cap falls short by 30 nights"),
        (clock(12), 1, "The cap falls short by 1 night"),
        (clock(12, extension=EXTENSION), 30, "The cap falls short by 30 nights; could be extended by 28 with more"),
        (
            clock(12, window="trailing", window_days=25),
            30,
            f"The cap falls short by 30 nights; it pays again from {day(5)}",
        ),
    ],
)
def test_the_fix_of_a_cap_that_is_used_up(cap: dict[str, Any], nights: int, text: str) -> None:
    document = changed(paid(clocks=[cap]), {"/stays": [stay()], "/referrals": [referral(nights_needed=nights)]})
    assert fix(document, "funding.clock")["text"] == text


@pytest.mark.parametrize(
    ("cap", "past", "changes"),
    [
        (clock(12), [stay()], None),
        (clock(13), [stay()], None),
        (clock(12, window="trailing", window_days=25), [stay()], day(5)),
        (clock(12, window="trailing", window_days=21), [stay()], day(1)),
        (clock(12, window="trailing", window_days=49), [stay()], day(29)),
        (clock(12, window="trailing", window_days=50), [stay()], None),
        (clock(12, window="trailing", window_days=20), [stay()], None),
        (clock(12, window="fiscal_year", fiscal_year_start="12-01"), [stay()], "2026-12-01"),
        (clock(12), [], None),
    ],
)
def test_when_a_cap_pays_again(cap: dict[str, Any], past: list[Any], changes: str | None) -> None:
    document = changed(paid(clocks=[cap]), {"/stays": past})
    assert finding(document, "funding.clock")["changes_on"] == changes


def test_a_cap_that_will_not_pay_a_later_first_night() -> None:
    """Ten days from the first paid night, whoever pays: it pays tonight and not from the third night on."""
    own = stay("stay_1", -8, None, facility="fac_a")
    document = changed(paid(clocks=[clock(10, "day", "stay")]), {"/stays": [own]})
    assert option(document)["funded_nights"] == 2
    assert finding(document, "funding.clock")["changes_on"] == day(2)


def test_a_house_full_until_later_is_judged_by_the_fund_on_that_date() -> None:
    rows = [
        {"valid_from": "2020-01-01", "valid_until": day(3), "min_age": 16},
        {"valid_from": day(3), "citation": "new"},
    ]
    full = house(residents=[resident("bed_a1", until=day(3)), resident("bed_a2", minor="min_8")])
    document = changed(snapshot(facilities=[full], funds=[fund()]), {"/funds/0/limits": rows})
    entry = later(document)
    assert (entry["from"], entry["funded_nights"]) == (day(3), 30)
    assert finding(document, "funding.age_band")["citation"] == "new"


# One fund, several houses: what it looks at in a house is looked at in each.


def two_houses(**second: Any) -> dict[str, Any]:
    return snapshot(facilities=[house("a"), house("b", **second)], funds=[fund()])


def test_a_row_that_looks_at_the_kind_is_judged_for_each_house() -> None:
    rows = [{"valid_from": "2020-01-01"}, {"valid_from": "2026-01-01", "facility_kinds": ["safe_house"]}]
    document = changed(two_houses(kind="group_home"), {"/funds/0/limits": rows})
    assert option(document, "fac_a")
    assert placed(document, "fac_b")[1]["failed"] == ["funding.facility_kind"]
    excluded = [rows[0], {"valid_from": "2026-01-01", "excluded_facility_kinds": ["safe_house"]}]
    document = changed(document, {"/funds/0/limits": excluded})
    assert option(document, "fac_b")
    assert placed(document, "fac_a")[1]["failed"] == ["funding.facility_kind"]


def test_business_days_are_those_of_each_house() -> None:
    caps = [clock(100), clock(4, "business_day", "stay")]
    document = changed(two_houses(state="AL"), {"/funds/0/limits/0/clocks": caps, "/minors/0/custody": "none"})
    assert option(document, "fac_a")["funded_nights"] == 9
    assert option(document, "fac_b")["funded_nights"] == 5


def test_past_stays_in_a_house_are_looked_at_there() -> None:
    document = changed(
        two_houses(),
        {
            "/funds/0/limits/0/clocks": [clock(14, scope="facility")],
            "/stays": [stay(facility="fac_b"), stay("stay_2", -40, -30)],
        },
    )
    assert option(document, "fac_a")["funded_nights"] == 14
    assert option(document, "fac_b")["funded_nights"] == 2
