"""What would be said of a house without a bed, kept beside an entry whose night other people decide."""

from copy import deepcopy
from typing import Any

import pytest

from matching.codec import decode
from matching.decision_form import decision_document
from matching.ranking import rank
from tests.matching.builders import (
    LISTS,
    Json,
    bed,
    changed,
    day,
    decide,
    fund,
    house,
    minor,
    placed,
    referral,
    resident,
    snapshot,
    unit,
)
from tests.matching.oracle import decide as by_the_rules
from tests.matching.worlds import nasty
from tests.proofs import saw, times

ON_THE_9TH_DAY = "2010-11-30"
"""The minor is 15, and 16 nine days from now."""
PARTS = 4


def one_house(*units: Json, residents: list[Json] | None = None, first: Json | None = None, **more: Any) -> Json:
    """The network with these rooms, and whoever lives in them."""
    return snapshot(
        facilities=[house("a", *units, residents=residents or [], **more)],
        funds=[fund()],
        minors=[minor(**(first or {}))],
    )


def kept(document: Json) -> Json | None:
    """What is kept of `fac_a` as a full house."""
    _, entry = placed(document)
    found: Json | None = entry["as_full"]
    return found


def without_beds(document: Json, facility: str) -> Json:
    """The same network, and no bed in one house on any night."""
    copy = deepcopy(document)
    for here in copy["facilities"]:
        if here["id"] == facility:
            for one in (row for room in here["units"] for row in room["beds"]):
                one["unavailable"] = [["2000-01-01", "2100-01-01"]]
    return copy


TWO_BEDS = unit("unit_a", bed("bed_a1"), bed("bed_a2"))
NEAR_IN_AGE = unit("unit_a", bed("bed_a1"), bed("bed_a2"), max_age_gap_years=2)
OLDER = resident("bed_a2", minor="min_8", age=18)
ONE_GENDER = unit("unit_a", bed("bed_a1"), bed("bed_a2"), one_gender_a_night=True)
WAITS: dict[str, Json] = {
    "an age gap that a birthday ends": one_house(NEAR_IN_AGE, residents=[OLDER], first={"born_on": ON_THE_9TH_DAY}),
    "an age gap to who leaves": one_house(NEAR_IN_AGE, residents=[OLDER | {"until": day(3)}]),
    "a conflict": one_house(
        TWO_BEDS, residents=[resident("bed_a2", until=day(3))], first={"avoid": {"minors": ["min_9"]}}
    ),
    "the population": one_house(TWO_BEDS, residents=[resident("bed_a2", trafficking="none", until=day(3))]),
}


@pytest.mark.parametrize("more", [{}, {"gender": None}, {"gender": "male"}], ids=["later", "open", "excluded"])
@pytest.mark.parametrize("name", WAITS)
def test_a_night_that_people_move_has_its_full_house(name: str, more: Json) -> None:
    document = changed(WAITS[name], {f"/minors/0/{key}": value for key, value in more.items()})
    full = kept(document)
    assert full is not None
    assert full["waits_for_people"]
    licence = next(row for row in full["findings"] if row["rule"] == "licence.age")
    assert licence["have"] == 15


def test_a_night_that_the_gender_of_others_moves_has_its_full_house() -> None:
    boy = resident("bed_a2", minor="min_8", gender="male", until=day(3))
    full = kept(one_house(ONE_GENDER, residents=[boy]))
    assert full is not None
    assert full["waits_for_people"]
    assert placed(one_house(ONE_GENDER, residents=[boy | {"gender": "female"}]))[0] == "options"


def test_a_bed_that_frees_and_a_licence_with_room_again_are_no_ones_secret() -> None:
    freed = one_house(unit("unit_a", bed("bed_a1")), residents=[resident("bed_a1", until=day(3))])
    room = one_house(
        TWO_BEDS, residents=[resident("bed_a2", until=day(3))], licence=house()["licence"] | {"capacity": 1}
    )
    assert (kept(freed), kept(room)) == (None, None)


@pytest.mark.parametrize("trafficking", ["screening_pending", "verified"])
def test_people_alone_in_the_way_on_a_later_night(trafficking: str) -> None:
    """A bed frees; whoever still lives there leaves a doubt then, or none."""
    stays = resident("bed_a2", minor="min_8", trafficking=trafficking)
    document = one_house(TWO_BEDS, residents=[resident("bed_a1", until=day(3)), stays])
    full = kept(document)
    assert (full is None) == (trafficking == "verified")
    assert full is None or not full["waits_for_people"]
    asked = kept(changed(document, {"/minors/0/gender": None}))
    assert asked is None


def test_tonight_there_is_nothing_to_keep() -> None:
    stays = resident("bed_a2", minor="min_8", trafficking="screening_pending")
    assert kept(one_house(TWO_BEDS, residents=[stays])) is None
    [option] = decide(one_house(TWO_BEDS))["options"]
    assert "as_full" not in option


def test_a_house_that_is_full_as_it_is_keeps_nothing() -> None:
    assert kept(one_house(TWO_BEDS, residents=[resident("bed_a1"), resident("bed_a2", minor="min_8")])) is None


# Siblings are other people too.

GIRLS, BOYS = (unit(f"unit_{one[0]}", bed(f"bed_{one}"), genders=[one]) for one in ("female", "male"))


def siblings(*units: Json, residents: list[Json] | None = None, **second: Any) -> Json:
    """Two who come together, in a house that takes everyone."""
    both = [minor(together_with=["min_2"]), minor("min_2", **second)]
    document = one_house(*units, residents=residents) | {"minors": both, "referrals": [referral(), referral(2)]}
    return changed(document, {"/facilities/0/licence/genders": ["female", "male"], "/facilities/0/licence/capacity": 2})


def test_a_sibling_who_comes_of_age_for_a_room_does_not_show() -> None:
    grown = unit("unit_b", bed("bed_b"), min_age=16)
    document = siblings(unit("unit_a", bed("bed_a")), grown, born_on=ON_THE_9TH_DAY)
    _, entry = placed(document)
    assert (entry["from"], entry["room_from"]) == (day(9), day(0))
    assert entry["as_full"]["list"] == "later"


def test_a_sibling_who_moves_in_elsewhere_does_not_show() -> None:
    elsewhere = house("b", residents=[resident(minor="min_2", **{"from": day(6)})])
    document = changed(siblings(unit("unit_a", bed("bed_a1"))), {"/facilities/-": elsewhere})
    _, entry = placed(document)
    assert (entry["from"], entry["room_from"]) == (day(6), day(0))


def test_a_sibling_who_leaves_another_house_does_not_show() -> None:
    elsewhere = house("b", residents=[resident(minor="min_2", until=day(2))])
    rooms = unit("unit_a", bed("bed_a1"), bed("bed_a2"))
    people = [resident("bed_a1", until=day(3)), resident("bed_a2", minor="min_8", until=day(5))]
    _, entry = placed(changed(siblings(rooms, residents=people), {"/facilities/-": elsewhere}))
    assert (entry["from"], entry["room_from"]) == (day(5), day(3))


def test_beds_enough_for_siblings_have_their_date() -> None:
    rooms = unit("unit_a", bed("bed_a1"), bed("bed_a2"))
    _, entry = placed(siblings(rooms, residents=[resident("bed_a2", until=day(4))]))
    assert (entry["from"], entry["room_from"], entry["as_full"]) == (day(4), day(4), None)


def test_a_bed_held_for_the_sibling_is_one_of_those_that_are_there() -> None:
    held = unit("unit_a", bed("bed_a1", unavailable=[[day(0), day(4)]]), bed("bed_a2", "held", held_for="ref_2"))
    _, entry = placed(siblings(held))
    assert (entry["from"], entry["room_from"]) == (day(4), day(4))


# Random networks: the same as if that house had no bed, by the engine and by the brute force.


@pytest.mark.parametrize("part", range(PARTS))
def test_it_is_what_the_same_house_without_beds_gets(part: int) -> None:
    compared = 0
    for seed in range(part, times(160), PARTS):
        document = nasty(seed)
        asked = document["referrals"][seed % len(document["referrals"])]["id"]
        given = decision_document(rank(decode(document), asked))
        for entry in (row for name in LISTS[1:] for row in given[name] if row["as_full"] is not None):
            emptied, facility, full = without_beds(document, entry["facility"]), entry["facility"], entry["as_full"]
            for decision in (decision_document(rank(decode(emptied), asked)), by_the_rules(emptied, asked)):
                assert codes(decision, facility) == (full["list"], full["unknown"], full["failed"]), (seed, facility)
            _, same = placed(emptied, facility, asked)
            assert full["findings"] == same["findings"], (seed, facility)
            assert full["fix"] == same.get("fix", []), (seed, facility)
            compared += 1
    assert compared
    saw("entries as of a full house against the house without beds", compared)


def codes(decision: Json, facility: str) -> tuple[str, list[str], list[str]]:
    """The list in which a facility stands, and the codes that put it there."""
    [(name, entry)] = [(name, row) for name in LISTS for row in decision[name] if row["facility"] == facility]
    return name, entry.get("unknown", []), entry.get("failed", [])
