"""A decision in lines for people: what is said on a call, in order."""

from typing import Any

import pytest

from matching import plain

from .builders import Json, bed, changed, clock, day, decide, fund, house, minor, referral, resident, snapshot, unit


def lines(document: Json) -> list[str]:
    return plain.decision(decide(document)).splitlines()


def test_an_option_in_one_line() -> None:
    assert lines(snapshot()) == [
        "ref_1: 1 bed to offer, 0 later",
        f"1. fac_a, bed_a1: 30 nights paid (fund_a to {day(30)})",
    ]


def test_a_chain_of_payers_and_the_cliff() -> None:
    funds = [fund("a", clocks=[clock(14)]), fund("b", clocks=[clock(7)])]
    document = changed(snapshot(funds=funds), {"/facilities/0/funds": ["fund_a", "fund_b"]})
    found = lines(document)
    assert found[1] == (
        f"1. fac_a, bed_a1: 21 nights paid (fund_a to {day(14)}, then fund_b to {day(21)}); "
        f"nobody pays from {day(21)} (funding.clock)"
    )
    assert found[2:] == [
        "   21 of 30 nights are paid while the bed is free (cost 18000)",
        "   A move before the need ends (cost 1000)",
    ]


def test_what_to_know_about_an_option() -> None:
    document = changed(
        snapshot(minors=[minor(history=None)]), {"/facilities/0/units/0/beds": [{"id": "b", "status": "open"}]}
    )
    found = lines(document)
    assert found[2:] == [
        "   call first: nobody confirmed the bed within 12 hours",
        "   provisional: caps are counted as far as recorded",
        "   Nobody confirmed the bed within 12 hours: call first (cost 400000)",
        "   Never confirmed (cost 12)",
    ]


def test_who_else_would_lose_a_place() -> None:
    document = snapshot(
        facilities=[house("a", unit("unit_a", bed("bed_a1")))],
        funds=[fund()],
        minors=[minor(), minor("min_2")],
        referrals=[referral(urgency=2), referral(2)],
    )
    assert "   others who would lose a place tonight: 1" in lines(document)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (day(3), f"later {day(3)}: fac_a: 30 nights paid (fund_a to {day(33)})"),
        (None, "later (no date known): fac_a"),
    ],
)
def test_a_later_one(until: str | None, expected: str) -> None:
    full = house("a", unit("unit_a", bed("bed_a1")), residents=[resident("bed_a1", until=until)])
    assert lines(snapshot(facilities=[full])) == ["ref_1: 0 beds to offer, 1 later", expected]


def test_what_to_know_first() -> None:
    document = changed(snapshot(), {"/minors/0/gender": None, "/facilities/0/safeguards/education/expires_on": day(0)})
    found = lines(document)
    assert found[1] == (
        "need to know first: fac_a: facility.safeguards.education (decides 1), minor.gender (decides 1)"
    )
    assert found[2].split() == ["unknown", "safeguard.education", "fac_a:", *found[2].split()[3:]]
    assert [line.split()[1] for line in found[2:]] == ["safeguard.education", "licence.gender", "funding.gender"]


def test_where_there_is_no_fact_to_ask_for_the_rules_are_named() -> None:
    document = snapshot(
        minors=[minor(together_with=["min_2"]), minor("min_2", gender=None)], referrals=[referral(), referral(2)]
    )
    assert lines(document)[1] == "need to know first: fac_a: minor.together"


def test_what_is_not_possible_and_who_could_mend_it() -> None:
    document = changed(snapshot(), {"/facilities/0/population": "mixed", "/facilities/0/funds": []})
    assert lines(document)[1:] == [
        "not possible: fac_a: funding.accepted, safeguard.population",
        "   funding.accepted: A contract of the house with a fund",
        "   safeguard.population: Cannot be waived: a house for trafficked minors only is needed",
    ]


def test_every_rule_for_one_pair() -> None:
    found: dict[str, Any] = {
        "referral": "ref_1",
        "facility": "fac_a",
        "list": "needs_info",
        "findings": [
            {"outcome": "met", "rule": "x.y", "subject": "fac_a", "text": "Yes", "changes_on": None},
            {"outcome": "not_met", "rule": "x.z", "subject": "fac_a", "text": "No", "changes_on": day(1)},
        ],
    }
    assert plain.explanation(found).splitlines() == [
        "ref_1 at fac_a: needs info",
        f"  met     {'x.y':28}fac_a: Yes",
        f"  not_met {'x.z':28}fac_a: No [changes on {day(1)}]",
    ]


def test_an_id_of_a_file_writes_no_line_and_moves_no_cursor() -> None:
    text = plain.explanation({"referral": "r\n1", "facility": "f\x1b[2J\u202e", "list": "options", "findings": []})
    assert text == "r?1 at f?[2J?: options"


def test_a_chain_that_is_left_early_or_cut_or_empty_is_said() -> None:
    link = {
        **{"facility": "fac_a", "bed": "bed_a", "from": "2026-11-21", "until": "2026-11-22", "nights": 1},
        **{"payers": [{"fund": "fund_a", "until": "2026-11-22"}], "why": "early", "binding": None, "call_first": False},
    }
    last = link | {"from": "2026-11-23", "why": "cliff", "binding": "bed", "opened_by": ["licence.in_force"]}
    document = {
        **{"referral": "ref_1", "from": "2026-11-21", "until": "2026-11-26", "provisional": [], "careful": []},
        **{"links": [link, last | {"open_from": "2026-11-22"}], "uncovered": [], "proof": "bounded", "bound": 3000},
        "value": {"uncovered": 3, "moves": 1, "cost": 7000},
    }
    assert plain.chain(document).splitlines() == [
        "ref_1: 1 night at fac_a, then 1 night at fac_a from Nov 23: it opens Nov 22",
        "needed from 2026-11-21 to 2026-11-26: 2 of 5 nights, 1 move",
        "not all chains were looked at: cost 7000, none below 3000",
        "2026-11-21 to 2026-11-22: fac_a, bed_a: paid by fund_a to 2026-11-22",
        "   left on 2026-11-22, though it could go on: that gains nights or spares a move later",
        "2026-11-23 to 2026-11-22: fac_a, bed_a: paid by fund_a to 2026-11-22",
        "   the bed is no longer free from 2026-11-22",
    ]
    empty = document | {"links": [], "proof": "optimal", "value": {"uncovered": 5, "moves": 0, "cost": 10000}}
    assert plain.chain(empty).splitlines()[0] == "ref_1: no bed that is paid on any night"


def test_everybodys_chains_say_who_has_none_and_what_is_proved() -> None:
    row = {"referral": "ref_1", "urgency": 2, "from": "2026-11-21", "until": "2026-11-26", "uncovered": 5, "moves": 0}
    document = {
        **{"tonight": "2026-11-21", "chains": [row | {"stays": []}], "careful": []},
        "value": {"unplaced": [0, 1, 0, 0], "cost": 10000},
        "bound": {"unplaced": [0, 0, 0, 0], "cost": 9000},
        "proof": "bounded",
    }
    said = [
        "from 2026-11-21: 1 young person, 0 of 5 nights paid, 0 moves",
        "1 without a bed tonight",
        "not proved to be the best: cost 10000, none below 9000",
        "ref_1 (urgency 2): no bed that is paid on any night; 5 nights without",
    ]
    assert plain.chains(document).splitlines() == said
    assert plain.chains(document | {"proof": "optimal"}).splitlines()[2] == "proved: no plan is better"
