"""The checker confirms every joint plan of the engine, and finds whatever is changed in one."""

import json
from copy import deepcopy
from typing import Any

import pytest

from matching import check_joint
from matching.check import faults
from matching.check_best import Best, best, elsewhere
from matching.check_plan import Network
from matching.codec import decode
from matching.facts import Snapshot
from matching.plan import plan
from matching.plan_form import plan_document
from tests.proofs import saw, times

from .builders import (
    GONE,
    Json,
    bed,
    changed,
    clock,
    day,
    every_gender,
    fund,
    house,
    minor,
    referral,
    resident,
    snapshot,
    unit,
)
from .crowds import crowd
from .worlds import world

TRIES = 10


def planned(facts: Snapshot) -> Json:
    """The plan as it is stored and read again."""
    stored: Json = json.loads(json.dumps(plan_document(plan(facts))))
    return stored


@pytest.mark.parametrize("part", range(4))
def test_every_plan_is_confirmed(part: int) -> None:
    for seed in range(part * times(TRIES), (part + 1) * times(TRIES)):
        for document in (crowd(seed), world(seed, minors=(2, 5))):
            facts = decode(document)
            assert faults(planned(facts), facts) == [], seed
        saw("joint plans that the checker confirms", 2)


# A meeting at which everything that may be shared is: five wait, siblings and two to be kept apart among them.


def meeting() -> Json:
    """Three houses, three payers of which one has few nights and one few beds."""
    funds = [
        fund("a", nights_left=60, clocks=[clock(30)]),
        fund("b", beds_per_night=2, clocks=[clock(20)]),
        fund("c", last_resort=True),
    ]
    every = ["fund_a", "fund_b", "fund_c"]
    minors = [
        minor(together_with=["min_2"], history=None),
        minor("min_2"),
        minor("min_3", avoid=minor()["avoid"] | {"minors": ["min_4"]}),
        minor("min_4", born_on="2013-03-02"),
        minor("min_5", gender="male"),
    ]
    return snapshot(
        funds=funds,
        facilities=[
            house("a", unit("unit_a", bed("bed_a1"), bed("bed_a2"), bed("bed_a3"), max_age_gap_years=1), funds=every),
            house("b", unit("unit_b", bed("bed_b1", confirmed_at=None), bed("bed_b2")), funds=["fund_a"]),
            house(
                "c",
                unit("unit_c", bed("bed_c1", unavailable=[[day(9), day(12)]]), bed("bed_c2", "occupied")),
                funds=["fund_b"],
                residents=[resident("bed_c2", minor="min_8")],
            ),
        ],
        minors=minors,
        referrals=[
            *(referral(n, urgency=1 + n % 3) for n in range(1, 6)),
            referral(6, minor="min_5", needed_from=day(4)),
        ],
    )


@pytest.fixture(scope="module")
def facts() -> Snapshot:
    return decode(meeting())


@pytest.fixture(scope="module")
def stored(facts: Snapshot) -> Json:
    return planned(facts)


def test_the_meeting_has_something_of_everything(stored: Json, facts: Snapshot) -> None:
    assert faults(stored, facts) == []
    at = {row["minor"]: (row["facility"], row["money_shared"]) for row in stored["lines"]}
    assert at == {
        "min_1": ("fac_a", True),
        "min_2": ("fac_a", True),
        "min_3": ("fac_a", True),
        "min_4": ("fac_b", False),
    }
    assert [row["fund"] for row in stored["lines"][2]["payers"]] == ["fund_b", "fund_a"]
    assert [row["why"] for row in stored["unplaced"]] == ["no_option"]
    assert (stored["together"], stored["apart"]) == ([["min_1", "min_2"]], [["min_3", "min_4"]])
    assert [(row["nights"], row["nights_left"]) for row in stored["funds"]] == [(60, 60), (40, None)]
    assert stored["later"] == ["ref_6"]


# One fault planted.

ONE, TWO, THREE, FOUR = (f"/lines/{at}" for at in range(4))
PRICE = "/certificate/1/prices/0"
PLANTED: dict[str, tuple[Json, str]] = {
    "another version": ({"/version": 2}, "version"),
    "another snapshot": ({"/snapshot_sha256": "0" * 64}, "snapshot_sha256"),
    "other rules": ({"/rules_version": "0.9"}, "rules_version"),
    "another engine": ({"/engine_version": "9"}, "engine_version"),
    "another order of terms": ({"/policy/version": 2}, "policy"),
    "another night": ({"/tonight": day(1)}, "tonight"),
    "a key too many": ({"/note": "x"}, "keys of the plan"),
    "a key gone": ({"/careful": GONE}, "keys of the plan"),
    "lines that are none": ({"/lines": None}, "lines have not the keys"),
    "a line's key too many": ({f"{ONE}/note": "x"}, "lines have not the keys"),
    "somebody who is no id": ({f"{ONE}/minor": 3}, "lines name somebody"),
    "a value that is none": ({"/value/unplaced": [0, 0, 1]}, "value is not four numbers"),
    "a bound that is true": ({"/bound/cost": True}, "bound is not four numbers"),
    "a line gone": ({"/lines": []}, "min_1 waits and is left out"),
    "somebody twice": (
        {"/unplaced/0/minor": "min_1", "/unplaced/0/referral": "ref_1"},
        "min_1 stands in the plan more",
    ),
    "somebody who does not wait": ({"/unplaced/0/minor": "min_8"}, "min_8 does not wait"),
    "another referral": ({f"{ONE}/referral": "ref_2"}, "min_1: the referral"),
    "more urgent": ({f"{TWO}/urgency": 1}, "min_2: the referral or its urgency"),
    "nobody later": ({"/later": []}, "later is not"),
    "houses for one without": ({"/unplaced/0/houses": 1}, "min_5: houses"),
    "another reason": ({"/unplaced/0/why": "no_place_left"}, "min_5: why"),
    "an unknown house": ({f"{ONE}/facility": "fac_q"}, "min_1: does not wait tonight, or the house"),
    "another house": ({f"{ONE}/facility": "fac_b"}, "min_1 at fac_b: no such bed"),
    "no such bed": ({f"{ONE}/bed": "bed_a9"}, "min_1 at fac_a: no such bed"),
    "a bed that somebody has": (
        {f"{THREE}/facility": "fac_c", f"{THREE}/unit": "unit_c", f"{THREE}/bed": "bed_c2"},
        "min_3 at fac_c: no such bed",
    ),
    "a bed twice": ({f"{TWO}/bed": "bed_a1"}, "bed_a1 is given more than once"),
    "another night to come": ({f"{ONE}/admit_on": day(1)}, "min_1 at fac_a: admit_on"),
    "more nights": ({f"{ONE}/paid_nights": 2}, "min_1 at fac_a: paid_nights"),
    "no end": ({f"{TWO}/paid_until": None}, "min_2 at fac_a: paid_until"),
    "nobody pays": ({f"{ONE}/payers": []}, "min_1 at fac_a: a payer is not"),
    "a payer that is none": ({f"{ONE}/payers/0/fund": 3}, "min_1 at fac_a: a payer is not"),
    "a payer that the house does not take": ({f"{FOUR}/payers/0/fund": "fund_b"}, "fund_b is not usable"),
    "a night that no clock pays": ({f"{ONE}/payers/0/until": day(21)}, "fund_b may not pay the night"),
    "a night nobody pays between": ({f"{THREE}/payers/1/from": day(21)}, "min_3 at fac_a: the nights of fund_a"),
    "a last resort too soon": ({f"{ONE}/payers/0/fund": "fund_c"}, "fund_c may not pay the night"),
    "a night more than the fund has left": (
        {f"{TWO}/payers/0/until": day(11), f"{TWO}/paid_nights": 11, f"{TWO}/paid_until": day(11)}
        | {f"{TWO}/terms/1/value": 19, f"{TWO}/terms/1/cost": 38000}
        | {f"{TWO}/terms/1/text": "11 of 30 nights are paid while the bed is free"},
        "fund_a: more nights than it has left",
    ),
    "a bed more than the fund pays": ({f"{TWO}/payers/0/fund": "fund_b"}, "fund_b: more beds on 2026-11-21"),
    "money called one's own": ({f"{ONE}/money_shared": False}, "min_1 at fac_a: money_shared"),
    "money called shared": ({f"{FOUR}/money_shared": True}, "min_4 at fac_b: money_shared"),
    "a bed that is free longer": ({f"{ONE}/bed_until": day(9)}, "min_1 at fac_a: bed_until"),
    "confirmed at another time": ({f"{ONE}/bed_confirmed_at": None}, "min_1 at fac_a: bed_confirmed_at"),
    "to be called first": ({f"{ONE}/call_first": True}, "min_1 at fac_a: call_first"),
    "not provisional": ({f"{ONE}/provisional": []}, "min_1 at fac_a: provisional"),
    "nobody together": ({f"{ONE}/together_with": []}, "min_1 at fac_a: together_with"),
    "another term": ({f"{ONE}/terms/1/value": 3}, "min_1 at fac_a: terms"),
    "a term gone": ({f"{ONE}/terms": []}, "min_1 at fac_a: terms"),
    "siblings forgotten": ({"/together": []}, "the plan: together"),
    "a conflict forgotten": ({"/apart": []}, "the plan: apart"),
    "another use of a fund": ({"/funds/0/nights": 39}, "the plan: funds"),
    "another cost": ({"/value/cost": 82000, "/bound/cost": 82000}, "the plan: value"),
    "somebody fewer without a bed": ({"/value/unplaced": [0] * 4, "/bound/unplaced": [0] * 4}, "the plan: value"),
    "better than the bound": ({"/bound/cost": 90000}, "better than what it says"),
    "optimal with a gap": ({"/bound/cost": 40000}, "called optimal"),
    "a proof of another kind": ({"/proof": "likely"}, "proof is neither"),
    "unique perhaps": ({"/unique": "perhaps"}, "unique is neither"),
    "a certificate that is none": ({"/certificate": [None] * 4}, "certificate is not four tiers"),
    "a tier that is no whole number": ({"/certificate/0/tier": 1.0}, "certificate is not four tiers"),
    "a tier that is yes": ({"/certificate/0/tier": True}, "certificate is not four tiers"),
    "a tier without its prices": ({"/certificate/2": None}, "certificate is not four tiers"),
    "more than its prices prove": ({"/certificate/0/placed": 10**30}, "do not prove what it says of tier 1"),
    "an urgency that is none": ({"/unplaced/0/urgency": {}}, "unplaced give an urgency that is no number"),
    "an urgency that is yes": ({f"{ONE}/urgency": True}, "lines give an urgency that is no number"),
    "careful about nothing known": ({"/careful/0": None}, "careful about is no code and text"),
    "careful without a word": ({"/careful/1/text": " "}, "careful about was left out"),
    "a price below nothing": ({f"{PRICE}/price": -1}, "certificate is not four tiers"),
    "a price on nothing that there is": (
        {f"{PRICE}/of": ["room", "fac_q"]},
        "do not prove what it says of tier 2",
    ),
    "a price twice": ({f"{PRICE}/of": ["together", "min_1", "min_2", "fac_b"]}, "do not prove"),
    "prices left out": ({"/certificate/0/prices": [], "/certificate/0/placed": 0}, "prove what it says of tier 1"),
    "fewer than are placed": ({"/certificate/1/placed": 1}, "more of tier 2 are placed"),
    "nothing it is careful about": ({"/careful": []}, "careful"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str, stored: Json, facts: Snapshot) -> None:
    changes, said = PLANTED[name]
    found = faults(changed(stored, changes), facts)
    assert any(said in fault for fault in found), found
    assert len(found) < 12


def test_prices_prove_that_nobody_more_could_have_a_bed() -> None:
    """Two beds and three who need one: without the price of the beds nothing is proved."""
    three = (1, 2, 3)
    document = snapshot(
        funds=[fund()], minors=[minor(f"min_{n}") for n in three], referrals=[referral(n) for n in three]
    )
    facts = decode(document)
    stored = planned(facts)
    first = stored["certificate"][0]
    assert (first["placed"], first["prices"]) == (2, [{"of": ["beds", "bed_a1", "bed_a2"], "price": 2**20}])
    assert faults(stored, facts) == []
    for price in (0, 2**21):
        wrong = faults(changed(stored, {"/certificate/0/prices/0/price": price}), facts)
        assert wrong == ["the plan: its prices do not prove what it says of tier 1"], price


def swapped(stored: Json, one: int, other: int, *keys: str) -> Json:
    """The plan with some of two lines exchanged."""
    copy = deepcopy(stored)
    a, b = copy["lines"][one], copy["lines"][other]
    for key in keys:
        a[key], b[key] = b[key], a[key]
    return copy


def test_siblings_in_two_houses_are_found(facts: Snapshot, stored: Json) -> None:
    place = ("facility", "unit", "bed", "payers", "paid_nights", "paid_until", "money_shared", "terms")
    found = faults(swapped(stored, 1, 3, *place), facts)
    assert any("min_1 is not in the house of min_2" in fault for fault in found), found


def test_two_to_be_kept_apart_in_one_house_are_found() -> None:
    document = meeting()
    stored = planned(decode(changed(document, {"/minors/2/avoid/minors": []})))
    facts = decode(document)
    stored["snapshot_sha256"] = planned(facts)["snapshot_sha256"]
    third, fourth = stored["lines"][2], stored["lines"][3]
    assert third["facility"] != fourth["facility"]
    moved = {key: third[key] for key in ("facility", "unit")} | {"bed": "bed_a3"}
    stored["lines"][3] = {**fourth, **moved}
    stored["lines"][2] = {**third, "facility": "fac_a", "bed": "bed_a2"}
    stored["lines"][1] = {**stored["lines"][1], "bed": "bed_a1"}
    found = faults(stored, facts)
    assert any("min_3 is in the house of min_4" in fault for fault in found), found
    assert any("too far in age" in fault for fault in found), found


@pytest.mark.parametrize("gender", ["male", "nonbinary", None])
def test_two_genders_in_a_unit_of_one_a_night_are_found(gender: str | None) -> None:
    mixed = snapshot(
        facilities=[every_gender(house("a"))],
        funds=[fund()],
        minors=[minor(), minor("min_2", gender=gender)],
        referrals=[referral(), referral(2)],
    )
    document = changed(mixed, {"/facilities/0/units/0/one_gender_a_night": True})
    facts, stored = decode(document), planned(decode(mixed))
    assert (len(stored["lines"]), len(planned(facts)["lines"])) == (2, 1)
    stored["snapshot_sha256"] = planned(facts)["snapshot_sha256"]
    found = faults(stored, facts)
    assert any("min_2 at fac_a: of another gender than min_1" in fault for fault in found), found


def test_too_many_for_the_staff_awake_are_found(stored: Json) -> None:
    document = changed(meeting(), {"/facilities/0/staffing/night_ratio": 2})
    facts = decode(document)
    wrong = {**deepcopy(stored), "snapshot_sha256": planned(facts)["snapshot_sha256"]}
    found = faults(wrong, facts)
    assert any("fac_a: more people than licence and staff awake allow" in fault for fault in found), found


def test_somebody_more_who_could_have_a_bed_is_found() -> None:
    document = snapshot(minors=[minor(), minor("min_2")], referrals=[referral(), referral(2)])
    facts = decode(document)
    stored = planned(facts)
    gone = stored["lines"].pop()
    stored["unplaced"] = [{"minor": "min_2", "referral": "ref_2", "urgency": 1, "why": "no_place_left", "houses": 1}]
    stored["funds"][0] |= {"beds_tonight": 1, "nights": 30}
    cost = stored["value"]["cost"] - sum(term["cost"] for term in gone["terms"])
    stored |= {"value": {"unplaced": [1, 0, 0, 0], "cost": cost}, "bound": {"unplaced": [1, 0, 0, 0], "cost": cost}}
    assert faults(stored, facts) == ["the plan: min_2 could have a bed at fac_a beside all the others"]
    assert faults({**stored, "proof": "bounded"}, facts) == []


def test_a_better_bed_of_the_same_house_is_found() -> None:
    beds = bed("bed_a1"), bed("bed_a2", confirmed_at="2026-11-20T09:00:00-05:00")
    facts = decode(snapshot(facilities=[house("a", unit("unit_a", *beds))]))
    other = decode(snapshot(facilities=[house("a", unit("unit_a", beds[0] | {"status": "offline"}, beds[1]))]))
    stored = planned(other) | {"snapshot_sha256": planned(facts)["snapshot_sha256"]}
    assert stored["lines"][0]["bed"] == "bed_a2"
    assert faults(stored, facts) == ["min_1 at fac_a: bed_a1 is free, and better"]


def test_a_house_that_is_no_option_is_found(facts: Snapshot, stored: Json) -> None:
    wrong = changed(stored, {f"{FOUR}/facility": "fac_c", f"{FOUR}/unit": "unit_c", f"{FOUR}/bed": "bed_c1"})
    refusing = decode(changed(meeting(), {"/minors/3/wishes": {"prefer": [], "refuse": ["fac_c"]}}))
    found = faults(wrong | {"snapshot_sha256": planned(refusing)["snapshot_sha256"]}, refusing)
    assert "min_4 at fac_c: the house is no option tonight" in found


def test_lines_out_of_order_are_found(facts: Snapshot, stored: Json) -> None:
    wrong = {**stored, "lines": stored["lines"][::-1]}
    assert faults(wrong, facts) == ["lines are out of order"]


def test_nights_that_are_paid_without_a_bed_are_found() -> None:
    kept = bed("bed_a1", unavailable=[[day(9), day(12)]])
    facts = decode(snapshot(funds=[fund()], facilities=[house("a", unit("unit_a", kept))]))
    stored = planned(facts)
    assert (stored["lines"][0]["paid_nights"], stored["lines"][0]["bed_until"]) == (9, day(9))
    assert faults(stored, facts) == []
    found = faults(changed(stored, {f"{ONE}/payers/0/until": day(12)}), facts)
    assert "min_1 at fac_a: nights are paid on which the bed is not free" in found


# Whether there is a better plan, or another as good.


def ring(n: int, *, wishes: bool, **of_first: Json) -> Json:
    """Houses of one bed, and as many who wait; each wishes for the next house, where anybody wishes for one."""
    letters = "abcd"[:n]
    minors = [
        minor(f"min_{at + 1}", wishes={"prefer": [f"fac_{letters[(at + 1) % n]}"] if wishes else [], "refuse": []})
        for at in range(n)
    ]
    minors[0] |= of_first
    houses = [house(letter, unit(f"unit_{letter}", bed(f"bed_{letter}"))) for letter in letters]
    return snapshot(
        funds=[fund()], facilities=houses, minors=minors, referrals=[referral(at) for at in range(1, n + 1)]
    )


def kept_from(document: Json, houses: dict[str, list[str]]) -> Json:
    """The same, with houses that some may not have."""
    found = deepcopy(document)
    for row in found["minors"]:
        row["avoid"] = row["avoid"] | {"facilities": houses.get(row["id"], [])}
    return found


def answered_by(document: Json, other: Json) -> tuple[Json, Snapshot]:
    """A plan for one snapshot, called a plan for another."""
    facts = decode(document)
    return planned(decode(other)) | {"snapshot_sha256": planned(facts)["snapshot_sha256"]}, facts


def test_a_plan_that_only_three_moves_would_better_is_found() -> None:
    """Everybody has a bed, and nobody the house she wishes for."""
    document = ring(3, wishes=True)
    worse, facts = answered_by(document, kept_from(document, {f"min_{n}": [f"fac_{'bca'[n - 1]}"] for n in (1, 2, 3)}))
    assert worse["unplaced"] == []
    assert faults(worse, facts) == ["the plan: called optimal, but another costs less"]


@pytest.mark.parametrize("most", [None, 99])
def test_a_plan_in_which_two_moves_would_make_room_is_found(most: int | None) -> None:
    """Whatever the certificate says of how many there could be, and whichever prices it gives."""
    every = ["fac_a", "fac_b", "fac_c", "fac_d"]
    could = {"min_1": "ab", "min_2": "bc", "min_3": "cd", "min_4": "a"}
    shut = {who: [house for house in every if house[-1] not in letters] for who, letters in could.items()}
    tighter = {who: [house for house in every if house[-1] != letters[0]] for who, letters in could.items()}
    document = ring(4, wishes=False)
    worse, facts = answered_by(kept_from(document, shut), kept_from(document, tighter))
    for row in worse["unplaced"]:
        row |= {"why": "no_place_left", "houses": len(could[row["minor"]])}
    for row in worse["certificate"] if most else ():
        row |= {"placed": most, "prices": []}
    found = faults(worse, facts)
    assert "the plan: called optimal, but more of tier 1 can be placed" in found


def test_whether_another_plan_is_as_good_is_looked_at() -> None:
    for wishes, unique in ((True, True), (False, False)):
        facts = decode(ring(3, wishes=wishes))
        stored = planned(facts)
        assert (stored["unique"], faults(stored, facts)) == (unique, [])
        wrong = faults(changed(stored, {"/unique": True}), facts)
        assert wrong == (
            [] if unique else ["the plan: called the only one, but others could have these beds at no more cost"]
        )


def plain(seed: int) -> Json:
    """A crowd without siblings or conflicts, whose funds reach for everybody, and whose rooms look at nobody else."""
    document = crowd(seed)
    for row in (row for money in document["funds"] for row in money["limits"]):
        row |= {"nights_left": None, "beds_per_night": None}
    for room in (room for one in document["facilities"] for room in one["units"]):
        room |= {"max_age_gap_years": None, "one_gender_a_night": None}
    for row in document["minors"]:
        row |= {"together_with": [], "avoid": row["avoid"] | {"minors": []}}
    return document


@pytest.mark.parametrize("part", range(4))
def test_of_what_is_plain_the_best_is_known(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's plan is confirmed; the best without one of its lines is as good, or found if it is called best."""
    answers: list[tuple[Best, Network]] = []

    def kept(*asked: Any) -> tuple[Best, Network] | None:
        found = best(*asked)
        answers.extend([] if found is None else [found])
        return found

    monkeypatch.setattr(check_joint, "best", kept)
    worse = 0
    for seed in range(part * times(TRIES), (part + 1) * times(TRIES)):
        document = plain(seed)
        facts = decode(document)
        stored = planned(facts)
        assert faults(stored, facts) == [], seed
        found, network = answers[-1]
        tiers = [sum(row["urgency"] == tier for row in stored["lines"]) for tier in (1, 2, 3, 4)]
        assert found == Best(tuple(tiers), stored["value"]["cost"]), seed
        as_good = False
        for line in stored["lines"]:
            shut = deepcopy(document)
            [own] = [row for row in shut["minors"] if row["id"] == line["minor"]]
            own["avoid"] = own["avoid"] | {"facilities": [*own["avoid"]["facilities"], line["facility"]]}
            other = planned(decode(shut)) | {"snapshot_sha256": stored["snapshot_sha256"]}
            as_good = as_good or other["value"] == stored["value"]
            if other["value"] != stored["value"]:
                said = " ".join(faults(other, facts))
                assert "called optimal, but" in said or "beside all the others" in said or ": houses is" in said, seed
                worse += 1
        at = {line["minor"]: line["facility"] for line in stored["lines"]}
        assert elsewhere(found, network, at) is as_good, seed
        assert not (as_good and stored["unique"]), seed
    saw("plans that are worse than the best, and are found", worse)
