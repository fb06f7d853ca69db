"""The joint plan against every plan there is, told in the facts of the file; and what it says of itself."""

import json
from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from matching import money
from matching.census import Census
from matching.check import faults
from matching.codec import decode
from matching.joint import Way, joint
from matching.plan import plan
from matching.plan_form import plan_document, plan_schema
from matching.value import DEFAULT_POLICY
from tests.proofs import or_many, saw, times

from .builders import (
    TONIGHT,
    Json,
    bed,
    changed,
    clock,
    day,
    decide,
    every_gender,
    fund,
    house,
    minor,
    referral,
    snapshot,
    stay,
    unit,
)
from .crowds import crowd
from .test_order_of_rows import shuffled

PARTS = 20
TRIES = or_many(1, 4)


def planned(document: Json, **how: Any) -> Json:
    """The plan of a snapshot, as it is printed."""
    printed: Json = json.loads(json.dumps(plan_document(plan(decode(document), **how)), allow_nan=False))
    return printed


def where(document: Json) -> dict[str, str]:
    """Who goes to which bed."""
    return {row["minor"]: row["bed"] for row in planned(document)["lines"]}


class World:
    """The facts of a file that several share, read from its JSON alone."""

    def __init__(self, document: Json) -> None:
        self.houses = {row["id"]: row for row in document["facilities"]}
        self.minors = {row["id"]: row for row in document["minors"]}
        self.funds = {row["id"]: row["limits"][0] for row in document["funds"]}
        self.begun = {row["minor"] for row in document["referrals"] if row["needed_from"] <= day(0)}
        self.stays = document["stays"]

    def may(self, ways: list[Way]) -> bool:
        """Whether these ways can stand beside each other, whoever else comes."""
        return self._beds(ways) and self._people(ways) and self._money(ways)

    def together(self, ways: list[Way]) -> bool:
        """Whether everybody who asks to be with somebody who waits too is in the same house."""
        at = {way.stand.case.minor.id: way.stand.case.facility.id for way in ways}
        return all(
            at.get(other) == home
            for one, home in at.items()
            for other in set(self.minors[one]["together_with"]) - set(self.minors[one]["avoid"]["minors"])
            if other in self.begun and not self._lives_somewhere(other)
        )

    def _beds(self, ways: list[Way]) -> bool:
        """A bed for each, and room in the house for those who do not live there: its own bed takes none."""
        groups = Counter(way.stand.group for way in ways)
        sizes = {way.stand.group: self._alike(way) for way in ways}
        if any(count > sizes[group] for group, count in groups.items()):
            return False
        coming: Counter[str] = Counter()
        for way in ways:
            home = self.houses[way.stand.case.facility.id]
            own = any(row["minor"] == way.stand.case.minor.id for row in home["residents"])
            alone = way.stand.group.split("\x1f")[1] in self._not_for_all(home)
            coming[home["id"]] += not (own and alone)
        return all(
            count + self._there(home) <= min(6, self.houses[home]["staffing"]["night_ratio"])
            for home, count in coming.items()
        )

    def _there(self, home: str) -> int:
        """Who lives there tonight."""
        return sum(row["from"] is None for row in self.houses[home]["residents"])

    def _alike(self, way: Way) -> int:
        """How many beds are like the one that the group is called by."""
        home = self.houses[way.stand.case.facility.id]
        rows = {row["id"]: row for one in home["units"] if one["id"] == way.stand.unit.id for row in one["beds"]}
        first = rows[way.stand.group.split("\x1f")[1]]
        if first["id"] in self._not_for_all(home):
            return 1
        same = [row for row in rows.values() if row["status"] == "open" and row["unavailable"] == first["unavailable"]]
        return sum(row["confirmed_at"][:16] == first["confirmed_at"][:16] for row in same)

    def _not_for_all(self, home: Json) -> set[str]:
        return {row["id"] for one in home["units"] for row in one["beds"] if row["status"] != "open"}

    def _people(self, ways: list[Way]) -> bool:
        """Nobody beside somebody to be kept from, or too far in age in a unit that minds."""
        for at, one in enumerate(ways):
            for other in ways[:at]:
                a, b = self.minors[one.stand.case.minor.id], self.minors[other.stand.case.minor.id]
                if one.stand.case.facility.id == other.stand.case.facility.id and (
                    b["id"] in a["avoid"]["minors"] or a["id"] in b["avoid"]["minors"]
                ):
                    return False
                most = one.stand.unit.max_age_gap_years
                if one.stand.unit.id == other.stand.unit.id and most is not None and not self._near(a, b, most):
                    return False
                mixed = a["gender"] is None or a["gender"] != b["gender"]
                if one.stand.unit.id == other.stand.unit.id and one.stand.unit.one_gender_a_night and mixed:
                    return False
        return True

    def _near(self, one: Json, other: Json, most: int) -> bool:
        ages = [self._ages(row) for row in (one, other)]
        return None not in ages and all(abs(a - b) <= most for a in ages[0] or () for b in ages[1] or ())

    def _ages(self, row: Json) -> tuple[int, ...] | None:
        if row["born_on"] is None:
            return None if row["age_range"] is None else tuple(row["age_range"])
        born = date.fromisoformat(row["born_on"])
        return (TONIGHT.year - born.year - ((TONIGHT.month, TONIGHT.day) < (born.month, born.day)),)

    def _money(self, ways: list[Way]) -> bool:
        for name, limit in self.funds.items():
            blocks = [(way, row) for way in ways for row in way.payers if row.fund == name]
            nights = sum((row.until - row.from_).days for _, row in blocks if row.until is not None)
            if limit["nights_left"] is not None and nights > limit["nights_left"]:
                return False
            if limit["beds_per_night"] is not None and blocks:
                for offset in range(40):
                    night = TONIGHT + timedelta(days=offset)
                    new = {way.stand.case.minor.id for way, row in blocks if row.from_ <= night < (row.until or night)}
                    now = self._paid(name, night)
                    if new - now and len(new | now) > limit["beds_per_night"]:
                        return False
        return True

    def _paid(self, fund_id: str, night: date) -> set[str]:
        """Whose stays a fund pays on a night already."""
        on = night.isoformat()
        return {
            row["minor"]
            for row in self.stays
            for payer in row["payers"]
            if payer["fund"] == fund_id and payer["from"] <= on and (payer["until"] is None or on < payer["until"])
        }

    def _lives_somewhere(self, name: str) -> bool:
        return any(row["minor"] == name for home in self.houses.values() for row in home["residents"])


def best(document: Json) -> tuple[tuple[int, ...], int]:
    """What the best of all plans comes to, and how many plans come to that."""
    found = joint(Census(decode(document)), DEFAULT_POLICY)
    facts, tiers = World(document), found.network.tier.tolist()
    choices: list[list[Way]] = [[] for _ in tiers]
    for way in found.ways:
        choices[way.stand.minor].append(way)
    top: list[tuple[tuple[int, ...], int]] = [((99,) * 5, 0)]

    def value(ways: list[Way], done: int) -> tuple[int, ...]:
        """What ways come to, and the rest at their best."""
        out = Counter(tiers[:done]) - Counter(tiers[way.stand.minor] for way in ways)
        out += Counter(tier for tier, own in zip(tiers[done:], choices[done:], strict=True) if not own)
        rest = sum(min((way.cost for way in own), default=0) for own in choices[done:])
        return (*(out[tier] for tier in (1, 2, 3, 4)), sum(way.cost for way in ways) + rest)

    def look(ways: list[Way], at: int) -> None:
        if value(ways, at) > top[0][0] or not facts.may(ways):
            return
        if at < len(tiers):
            for way in choices[at]:
                look([*ways, way], at + 1)
            look(ways, at + 1)
        elif facts.together(ways):
            worth, seen = value(ways, at), top[0]
            top[0] = (worth, 1 + seen[1] if worth == seen[0] else 1)

    look([], 0)
    return top[0]


@pytest.mark.parametrize("part", range(PARTS))
def test_no_plan_is_better(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As good as the best of all plans, and it knows whether another is."""
    for seed in range(part * TRIES, (part + 1) * TRIES):
        monkeypatch.setattr(money, "MOST_LENGTHS", 60_000 * (seed % 2))  # by weeks, then night by night
        document = crowd(seed, most=4)
        found = planned(document)
        worth, many = best(document)
        assert (*found["value"]["unplaced"], found["value"]["cost"]) == worth, seed
        assert found["bound"] == found["value"], seed
        assert found["proof"] == "optimal"
        assert found["unique"] is (many == 1), seed
        tiers = Counter(row["urgency"] for row in found["lines"])
        assert all(row["placed"] >= tiers[row["tier"]] for row in found["certificate"]), seed
        assert found["value"]["cost"] == sum(term["cost"] for row in found["lines"] for term in row["terms"]), seed
    saw("joint plans with siblings, conflicts and shared money against every plan", TRIES)


@pytest.mark.parametrize("seed", range(times(10)))
def test_the_order_of_rows_changes_no_byte(seed: int) -> None:
    document = crowd(seed)
    again = shuffled(document, Random(seed))  # noqa: S311 - an example, not a secret
    assert json.dumps(planned(document)) == json.dumps(planned(again))


@pytest.mark.parametrize("seed", range(10))
def test_the_document_is_of_its_schema(seed: int) -> None:
    Draft202012Validator.check_schema(plan_schema())
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(plan_schema(), format_checker=checker).validate(planned(crowd(seed)))


def two(**more: Any) -> Json:
    """Two who wait for one house with two beds."""
    return snapshot(minors=[minor(), minor("min_2")], referrals=[referral(), referral(2)]) | more


def test_one_alone_gets_what_the_ranking_says() -> None:
    first, line = decide(snapshot())["options"][0], planned(snapshot())["lines"][0]
    assert line["paid_nights"] == first["funded_nights"]
    for key in ("facility", "unit", "bed", "admit_on", "payers", "terms", "call_first", "bed_until", "provisional"):
        assert line[key] == first[key]


def test_the_most_urgent_is_placed_first() -> None:
    document = two(facilities=[house("a", unit("unit_a", bed("bed_a")))])
    document["referrals"][0]["urgency"] = 2
    found = planned(document)
    assert [row["minor"] for row in found["lines"]] == ["min_2"]
    assert found["unplaced"] == [
        {"minor": "min_1", "referral": "ref_1", "urgency": 2, "why": "no_place_left", "houses": 1}
    ]
    assert found["value"]["unplaced"] == [0, 1, 0, 0]


def test_no_house_and_a_later_need_are_told_apart() -> None:
    document = two()
    document["referrals"][0]["needed_from"] = day(3)
    document["minors"][1]["trafficking"] = None
    found = planned(document)
    assert found["later"] == ["ref_1"]
    assert [(row["referral"], row["why"]) for row in found["unplaced"]] == [("ref_2", "no_option")]


def test_siblings_stay_together_though_one_alone_would_be_nearer() -> None:
    two_beds, one_bed = house("a", point=[35.0, -85.0]), house("b", unit("unit_b", bed("bed_b")), point=[33.7, -84.4])
    document = two(facilities=[two_beds, one_bed])
    assert set(where(document).values()) == {"bed_b", "bed_a1"}
    document["minors"][0]["together_with"] = ["min_2"]
    found = planned(document)
    assert {row["facility"] for row in found["lines"]} == {"fac_a"}
    assert found["lines"][0]["together_with"] == ["min_2"]
    assert found["together"] == [["min_1", "min_2"]]


def test_those_to_be_kept_apart_are() -> None:
    document = changed(two(), {"/minors/0/avoid/minors": ["min_2"]})
    found = planned(document)
    assert len(found["lines"]) == 1
    assert found["apart"] == [["min_1", "min_2"]]
    document["facilities"].append(house("b"))
    assert len({row["facility"] for row in planned(document)["lines"]}) == 2


@pytest.mark.parametrize("gender", ["male", "nonbinary", None, "female"])
def test_a_unit_of_one_gender_a_night_is_not_mixed(gender: str | None) -> None:
    """Who comes tonight too counts as if she or he slept there: one of another gender, or not known, goes elsewhere."""
    homes = [every_gender(house("a")), every_gender(house("b", point=[35.0, -85.0]))]
    document = two(facilities=homes, funds=[fund()])
    document["minors"][1]["gender"] = gender
    assert set(where(document).values()) == {"bed_a1", "bed_a2"}
    for home in document["facilities"]:
        home["units"][0]["one_gender_a_night"] = True
    beds = set(where(document).values())
    assert beds == ({"bed_a1", "bed_a2"} if gender == "female" else {"bed_a1", "bed_b1"})


@pytest.mark.parametrize(("most", "rest"), [(60_000, 10), (5, 7)])
def test_nights_left_are_shared(most: int, rest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Night by night; where that would be too many ways, by whole weeks."""
    monkeypatch.setattr(money, "MOST_LENGTHS", most)
    document = two(funds=[fund(nights_left=40)])
    found = planned(document)
    lines = found["lines"]
    assert found["funds"] == [
        {"fund": "fund_a", "beds_tonight": 2, "beds_left": None, "nights": 30 + rest, "nights_left": 40}
    ]
    assert sorted(row["paid_nights"] for row in lines) == [rest, 30]
    assert [row["money_shared"] for row in lines] == [row["paid_nights"] == rest for row in lines]
    assert [row["paid_until"] for row in lines if row["money_shared"]] == [day(rest)]


def test_beds_of_a_fund_are_shared_by_houses() -> None:
    document = two(facilities=[house("a"), house("b")], funds=[fund(beds_per_night=1)])
    assert len(planned(document)["lines"]) == 1
    document["funds"].append(fund("b", clocks=[clock(3)]))
    document["facilities"][0]["funds"] = ["fund_a", "fund_b"]
    lines = planned(document)["lines"]
    assert sorted(row["payers"][0]["fund"] for row in lines) == ["fund_a", "fund_b"]


def test_who_is_paid_now_needs_no_other_bed_of_the_fund() -> None:
    own = stay("stay_own", -2, None, minor="min_1")
    document = two(funds=[fund(beds_per_night=1)], stays=[own])
    assert [row["minor"] for row in planned(document)["lines"]] == ["min_1"]


def test_two_of_a_group_get_a_bed_each() -> None:
    assert where(two()) == {"min_1": "bed_a1", "min_2": "bed_a2"}


def test_the_second_bed_costs_what_it_is() -> None:
    beds = bed("bed_a1"), bed("bed_a2", confirmed_at="2026-11-20T09:00:00-05:00")
    lines = planned(two(facilities=[house("a", unit("unit_a", *beds))]))["lines"]
    assert sorted((row["bed"], row["call_first"]) for row in lines) == [("bed_a1", False), ("bed_a2", True)]


def test_a_deadline_is_told_with_what_is_proved() -> None:
    """Cut at once, a plan keeps every condition, no plan is better than its bound, and most have a bed all the same."""
    cut = placed = best = 0
    for seed in range(30):
        document = crowd(seed)
        found, whole = planned(document, seconds=1e-9), planned(document)
        value, bound = ((*found[name]["unplaced"], found[name]["cost"]) for name in ("value", "bound"))
        assert bound <= (*whole["value"]["unplaced"], whole["value"]["cost"]) <= value
        assert faults(found, decode(document)) == []
        if found["proof"] == "bounded":
            cut, placed, best = cut + 1, placed + len(found["lines"]), best + len(whole["lines"])
    assert cut > 5
    assert placed > 0.7 * best
