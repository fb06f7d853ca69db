"""The order of the list, and what choosing an option does to the others who wait: tiny networks, counted by hand."""

import gc
from typing import Any
from weakref import ref

import pytest

from matching.codec import decode, sha256
from matching.decision_form import decision_document
from matching.ranking import DECISIONS_A_LOOK, LOOKS_SELDOM, UnknownPolicy, UnknownReferral, rank

from .builders import (
    Json,
    bed,
    changed,
    clock,
    day,
    decide,
    fund,
    house,
    minor,
    option,
    placed,
    referral,
    resident,
    snapshot,
    stay,
    unit,
)

BETTER = "2026-11-21T22:14:00-05:00"
WORSE = "2026-11-21T16:14:00-05:00"
"""Confirmed six hours ago: six more of the smallest units."""


def shelter(letter: str, beds: int = 1, confirmed: str = BETTER, **more: Any) -> Json:
    """A house with so many open beds, confirmed at one time."""
    rows = [bed(f"bed_{letter}{n}", confirmed_at=confirmed) for n in range(1, beds + 1)]
    return house(letter, unit(f"unit_{letter}", *rows)) | more


def waiting(*minors: Json, facilities: list[Json], urgencies: tuple[int, ...] = (), **more: Any) -> Json:
    """A network with an easy fund where these minors wait, `min_1` by `ref_1` and so on."""
    tiers = urgencies or (1,) * len(minors)
    asked = [referral(n, urgency=tier) for n, tier in enumerate(tiers, start=1)]
    return snapshot(facilities=facilities, funds=[fund()], minors=list(minors), referrals=asked) | more


def order(document: Json, referral_id: str = "ref_1") -> list[str]:
    rows = decide(document, referral_id)["options"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["facility"] for row in rows]


def effect(document: Json, facility: str) -> tuple[int, int, int]:
    """Places, urgent places and nights that the others gain or lose with an option."""
    entry = option(document, facility)["network"]
    return entry["placed_change"], entry["urgent_placed_change"], entry["nights_change"]


NOTHING = (0, 0, 0)


def refuses(name: str, *facilities: str, **more: Any) -> Json:
    return minor(name, wishes={"refuse": list(facilities)}, **more)


# The order of the list.


def test_alone_her_own_cost_decides_and_then_the_id() -> None:
    document = waiting(minor(), facilities=[shelter("c"), shelter("b"), shelter("a", confirmed=WORSE)])
    assert order(document) == ["fac_b", "fac_c", "fac_a"]
    assert {effect(document, f"fac_{letter}") for letter in "abc"} == {NOTHING}


def test_a_scarce_bed_is_kept_where_another_would_have_none() -> None:
    """House a is better for her, but it is the only one that the other would take."""
    document = waiting(minor(), refuses("min_2", "fac_b"), facilities=[shelter("a"), shelter("b", confirmed=WORSE)])
    assert order(document) == ["fac_b", "fac_a"]
    assert effect(document, "fac_a") == (-1, -1, -30)
    assert effect(document, "fac_b") == NOTHING


def test_a_bed_is_not_kept_where_the_other_has_another() -> None:
    """The other would rather have house a, and is placed all the same: nobody's nights or wishes are bought."""
    prefers = minor("min_2", wishes={"prefer": ["fac_a"]})
    document = waiting(minor(), prefers, facilities=[shelter("a"), shelter("b", confirmed=WORSE)])
    assert order(document) == ["fac_a", "fac_b"]
    assert {effect(document, "fac_a"), effect(document, "fac_b")} == {NOTHING}


def test_a_second_bed_is_enough_for_both() -> None:
    document = waiting(
        minor(), refuses("min_2", "fac_b"), facilities=[shelter("a", beds=2), shelter("b", confirmed=WORSE)]
    )
    assert order(document) == ["fac_a", "fac_b"]
    assert effect(document, "fac_a") == NOTHING


def test_where_her_own_cost_is_equal_the_networks_decides() -> None:
    """Both are alike for her; the other would rather have house a."""
    prefers = minor("min_2", wishes={"prefer": ["fac_a"]})
    document = waiting(minor(), prefers, facilities=[shelter("a"), shelter("b")])
    assert order(document) == ["fac_b", "fac_a"]
    assert order(changed(document, {"/minors/1/wishes/prefer": ["fac_b"]})) == ["fac_a", "fac_b"]


def test_a_place_lost_to_the_urgent_is_not_made_up_for_by_one_won() -> None:
    """House a would cost the second a place and give the third one: nothing in number, all in urgency."""
    document = waiting(
        refuses("min_1", "fac_c"),
        refuses("min_2", "fac_b", "fac_c"),
        refuses("min_3", "fac_a", "fac_c"),
        facilities=[shelter("a"), shelter("b", confirmed=WORSE)],
        urgencies=(1, 1, 4),
    )
    assert order(document) == ["fac_b", "fac_a"]
    assert effect(document, "fac_a") == (0, -1, 0)
    assert effect(document, "fac_b") == NOTHING
    swapped = changed(document, {"/referrals/1/urgency": 3, "/referrals/2/urgency": 2})
    assert order(swapped) == ["fac_a", "fac_b"]
    assert effect(swapped, "fac_a") == NOTHING
    assert effect(swapped, "fac_b") == (0, -1, 0)


def test_of_two_urgent_tiers_the_first_weighs_more() -> None:
    document = waiting(
        minor(),
        refuses("min_2", "fac_b"),
        refuses("min_3", "fac_a"),
        facilities=[shelter("a"), shelter("b", confirmed=WORSE)],
        urgencies=(1, 1, 2),
    )
    assert order(document) == ["fac_b", "fac_a"]
    assert effect(document, "fac_a") == NOTHING, "one urgent place for another; only the order tells them apart"
    other_way = changed(document, {"/referrals/1/urgency": 2, "/referrals/2/urgency": 1})
    assert order(other_way) == ["fac_a", "fac_b"]


def test_the_asked_one_is_placed_even_where_the_plan_would_leave_her_out() -> None:
    """One bed, and another is more urgent: the option stands, with what it costs."""
    document = waiting(minor(), minor("min_2"), facilities=[shelter("a")], urgencies=(3, 1))
    assert order(document) == ["fac_a"]
    assert effect(document, "fac_a") == (-1, -1, -30)


def test_the_less_urgent_are_moved_for_her() -> None:
    document = waiting(minor(), minor("min_2"), facilities=[shelter("a")], urgencies=(1, 3))
    assert effect(document, "fac_a") == NOTHING, "the plan leaves the other out anyway"


def test_others_move_along_a_chain() -> None:
    """With her in a, the second goes to b and the third to c, where fewer nights are paid: 20 of 30."""
    short = fund("s", clocks=[clock(20)])
    facilities = [shelter("a"), shelter("b"), shelter("c", funds=["fund_s"])]
    document = waiting(
        refuses("min_1", "fac_b"),
        minor("min_2", wishes={"refuse": ["fac_c"], "prefer": ["fac_a"]}),
        refuses("min_3", "fac_a"),
        facilities=facilities,
        funds=[fund(), short],
    )
    assert effect(document, "fac_a") == (0, 0, -10)
    assert effect(document, "fac_c") == NOTHING


def test_nights_are_those_of_the_others_alone() -> None:
    """She would have 10 nights in b and 30 in a; the other loses 20 in turn."""
    document = waiting(
        minor(),
        minor("min_2"),
        facilities=[shelter("a"), shelter("b", funds=["fund_s"])],
        funds=[fund(), fund("s", clocks=[clock(10)])],
    )
    changes = {effect(document, "fac_a")[2], effect(document, "fac_b")[2]}
    assert changes in ({0, -20}, {20, 0})


def test_nights_count_while_the_bed_is_free() -> None:
    """In b the bed is gone after 12 nights, though 30 are paid."""
    document = waiting(
        refuses("min_1", "fac_b"),
        minor("min_2"),
        facilities=[shelter("a", beds=1), shelter("b")],
    )
    document = changed(document, {"/facilities/1/units/0/beds/0/unavailable": [[day(12), day(13)]]})
    assert effect(document, "fac_a") == NOTHING
    both = changed(document, {"/minors/0/wishes/refuse": []})
    assert {effect(both, "fac_a")[2], effect(both, "fac_b")[2]} in ({0, -18}, {0, 18})


# What limits the network.


def test_the_licence_limits_a_house_with_more_beds() -> None:
    document = waiting(
        minor(), refuses("min_2", "fac_b"), facilities=[shelter("a", beds=2), shelter("b", confirmed=WORSE)]
    )
    document = changed(document, {"/facilities/0/licence/capacity": 1})
    assert order(document) == ["fac_b", "fac_a"]
    assert effect(document, "fac_a") == (-1, -1, -30)


def test_the_staff_awake_limit_a_house_with_more_beds() -> None:
    here = shelter("a", beds=3, residents=[resident("bed_a3"), resident(minor="min_8"), resident(minor="min_7")])
    document = waiting(minor(), refuses("min_2", "fac_b"), facilities=[here, shelter("b", confirmed=WORSE)])
    assert effect(document, "fac_a") == (-1, -1, -30)
    assert effect(changed(document, {"/facilities/0/staffing/awake_staff_tonight": 2}), "fac_a") == NOTHING


def test_the_beds_of_a_fund_limit_a_house_with_more_beds() -> None:
    document = waiting(
        minor(),
        refuses("min_2", "fac_b"),
        facilities=[shelter("a", beds=2), shelter("b", confirmed=WORSE, funds=["fund_b"])],
        funds=[fund(beds_per_night=2), fund("b")],
    )
    assert effect(document, "fac_a") == NOTHING
    taken = stay("stay_9", -3, 5, minor="min_9", facility="fac_z")
    document = changed(document, {"/stays/-": taken})
    assert effect(document, "fac_a") == (-1, -1, -30)


def test_a_second_payer_makes_room() -> None:
    document = waiting(
        minor(),
        refuses("min_2", "fac_b"),
        facilities=[shelter("a", beds=2, funds=["fund_a", "fund_b"]), shelter("b", confirmed=WORSE)],
        funds=[fund(beds_per_night=1), fund("b", beds_per_night=1)],
    )
    assert effect(document, "fac_a") == NOTHING


def test_a_bed_held_for_her_is_nobody_elses() -> None:
    held = house("a", unit("unit_a", bed("bed_a1", "held", held_for="ref_1")))
    document = waiting(minor(), minor("min_2"), facilities=[held])
    assert effect(document, "fac_a") == NOTHING
    assert placed(document, referral_id="ref_2")[0] == "later"


def test_a_bed_held_for_another_is_the_others_in_the_plan() -> None:
    held = bed("bed_a1", "held", held_for="ref_2")
    document = waiting(minor(), minor("min_2"), facilities=[house("a", unit("unit_a", held, bed("bed_a2")))])
    assert effect(document, "fac_a") == NOTHING


def test_her_own_bed_takes_no_place_from_others() -> None:
    here = shelter("a", beds=2, residents=[resident("bed_a1", minor="min_1")])
    document = waiting(minor(), minor("min_2"), facilities=[changed(here, {"/licence/capacity": 2})])
    assert option(document)["bed"] == "bed_a1"
    assert effect(document, "fac_a") == NOTHING


# Who waits.


def test_those_whose_need_begins_later_do_not_wait_tonight() -> None:
    document = waiting(minor(), minor("min_2"), facilities=[shelter("a")], urgencies=(2, 1))
    assert effect(document, "fac_a") == (-1, -1, -30)
    later = changed(document, {"/referrals/1/needed_from": day(1)})
    assert effect(later, "fac_a") == NOTHING


def test_for_a_later_need_the_network_is_not_looked_at() -> None:
    document = waiting(minor(), minor("min_2"), facilities=[shelter("a"), shelter("b")])
    document = changed(document, {"/referrals/0/needed_from": day(1)})
    assert [row["network"] for row in decide(document)["options"]] == [None, None]


def test_a_minor_with_two_referrals_waits_once_by_the_more_urgent() -> None:
    document = waiting(minor(), minor("min_2"), facilities=[shelter("a")], urgencies=(2, 3))
    assert effect(document, "fac_a") == NOTHING
    twice = changed(document, {"/referrals/-": referral(2, id="ref_2b", urgency=1)})
    assert effect(twice, "fac_a") == (-1, -1, -30)


def test_the_referral_that_is_asked_for_counts_for_its_minor() -> None:
    """The same minor has a more urgent one, but this one is decided: its need and its urgency count."""
    document = waiting(minor(), minor("min_2"), facilities=[shelter("a")], urgencies=(4, 2))
    document = changed(document, {"/referrals/-": referral(1, id="ref_1b", urgency=1)})
    assert effect(document, "fac_a") == (-1, -1, -30)
    rows = decide(document, "ref_1b")["options"]
    assert rows[0]["network"] == {"placed_change": 0, "urgent_placed_change": 0, "nights_change": 0}


def test_those_who_could_go_nowhere_change_nothing() -> None:
    document = waiting(minor(), refuses("min_2", "fac_a"), facilities=[shelter("a")])
    assert effect(document, "fac_a") == NOTHING


def test_those_about_whom_too_little_is_known_hold_no_place() -> None:
    document = waiting(minor(), minor("min_2", custody="parent", gender=None), facilities=[shelter("a")])
    assert effect(document, "fac_a") == NOTHING


# The other lists.


def test_later_ones_come_by_date_and_cost_and_those_without_a_date_last() -> None:
    def busy(letter: str, until: int | None, confirmed: str = BETTER) -> Json:
        leaves = None if until is None else day(until)
        return shelter(letter, confirmed=confirmed) | {
            "residents": [resident(f"bed_{letter}1", minor=f"min_{letter}", until=leaves)]
        }

    houses = [busy("a", None), busy("b", 9), busy("c", 3, WORSE), busy("d", 3), busy("e", 3)]
    rows = decide(waiting(minor(), facilities=houses))["later"]
    assert [(row["facility"], row["from"]) for row in rows] == [
        ("fac_d", day(3)),
        ("fac_e", day(3)),
        ("fac_c", day(3)),
        ("fac_b", day(9)),
        ("fac_a", None),
    ]


def test_excluded_ones_come_with_the_fewest_reasons_first() -> None:
    mixed: dict[str, Any] = {"population": "mixed"}
    houses = [
        shelter("a", **mixed, kind="foster_home"),
        shelter("b", **mixed),
        shelter("c", **mixed),
    ]
    rows = decide(waiting(minor(), facilities=houses))["excluded"]
    assert [row["facility"] for row in rows] == ["fac_b", "fac_c", "fac_a"]


def test_every_facility_stands_in_one_list() -> None:
    houses = [
        shelter("a"),
        shelter("b", population=None),
        shelter("c", population="mixed"),
        shelter("d", residents=[resident("bed_d1")]),
    ]
    found = decide(waiting(minor(), facilities=houses))
    lists = {name: [row["facility"] for row in found[name]] for name in ("options", "later", "needs_info", "excluded")}
    assert lists == {"options": ["fac_a"], "later": ["fac_d"], "needs_info": ["fac_b"], "excluded": ["fac_c"]}


def test_a_network_without_facilities_has_no_answer_and_says_so() -> None:
    found = decide(snapshot(facilities=[]))
    assert [found[name] for name in ("options", "later", "needs_info", "excluded")] == [[], [], [], []]


def test_a_decision_names_its_snapshot_and_versions() -> None:
    document = snapshot()
    found = decide(document)
    assert found["snapshot_sha256"] == sha256(decode(document))
    assert (found["version"], found["referral"]) == (1, "ref_1")
    assert found["rules_version"]
    assert found["engine_version"]


def test_findings_that_are_met_may_be_left_out() -> None:
    decision = rank(decode(snapshot(facilities=[house("a"), house("b", population="mixed")])), "ref_1")
    document = decision_document(decision, "failed")
    assert document["options"][0]["findings"] == []
    assert [row["rule"] for row in document["excluded"][0]["findings"]] == ["safeguard.population"]
    whole = decision_document(decision)
    assert len(whole["options"][0]["findings"]) > 30


def test_findings_in_words_now_or_when_looked_at_are_the_same() -> None:
    read = decode(snapshot(facilities=[house("a"), house("b", population="mixed"), house("c", population=None)]))
    now, when_asked = rank(read, "ref_1"), rank(read, "ref_1", words=False)
    assert decision_document(now) == decision_document(when_asked)
    found = rank(read, "ref_1", words=False).options[0].findings
    assert found[0] == found[:1][0]
    assert len(list(found)) == len(found)


# What cannot be ranked.


class Ring:
    """Something that only the garbage collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_what_a_decision_makes_is_not_looked_at_for_rings() -> None:
    asked = decode(waiting(minor(), facilities=[shelter(letter) for letter in "abcdefgh"]))
    looks: list[int] = []

    def look(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looks.append(info["generation"])

    rank(asked, "ref_1")
    was = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # as Python does unasked
    gc.callbacks.append(look)
    try:
        decisions = [rank(asked, "ref_1") for _ in range(20)]
    finally:
        gc.callbacks.remove(look)
        gc.set_threshold(*was)
    assert gc.isenabled()
    assert len(decisions) == 20
    assert len(looks) <= 1, "a look at everything may fall due among them, and is all"


def test_rings_of_others_are_freed_however_many_decisions_are_made() -> None:
    asked = decode(waiting(minor(), facilities=[shelter("a")]))
    ring = ref(Ring())
    for _ in range(DECISIONS_A_LOOK):
        rank(asked, "ref_1")
    assert ring() is None


def test_what_a_server_set_aside_stays_aside() -> None:
    asked = decode(waiting(minor(), facilities=[shelter("a")]))
    was = gc.get_threshold()
    gc.set_threshold(LOOKS_SELDOM, *was[1:])
    gc.freeze()
    aside = gc.get_freeze_count()
    try:
        rank(asked, "ref_1")
        assert gc.get_freeze_count() > aside * 0.9
    finally:
        gc.set_threshold(*was)
        gc.unfreeze()


def test_a_referral_that_is_not_there() -> None:
    with pytest.raises(UnknownReferral, match="ref_9"):
        rank(decode(snapshot()), "ref_9")


@pytest.mark.parametrize("policy", [{"id": "mine", "version": 1}, {"id": "default", "version": 2}])
def test_a_policy_that_is_not_given(policy: Json) -> None:
    with pytest.raises(UnknownPolicy, match=rf"{policy['id']} version {policy['version']}"):
        rank(decode(snapshot(policy=policy)), "ref_1")
