"""What the bed is worth to those still to come, as a term of its own: counted, said, checked, never before a bed."""

import json
from dataclasses import replace
from datetime import date

import pytest

from matching.check import faults
from matching.codec import canonical, decode, sha256
from matching.decision_form import decision_document
from matching.facts import Snapshot
from matching.plan import plan
from matching.plan_form import plan_document
from matching.ranking import rank
from matching.value import COST_LIMIT, DEFAULT_POLICY, WORTH, WORTH_WEIGHT, Policy
from tests.proofs import saw, times

from .builders import Json, bed, changed, clock, day, fund, house, minor, referral, resident, snapshot, unit
from .crowds import crowd
from .documents import pointers
from .worlds import world

COUNTING = Policy("default", 2, (*DEFAULT_POLICY.weights, WORTH_WEIGHT))
TRIES = 10
DEAR = 10**9


def priced(document: Json, prices: dict[str, list[int]]) -> Snapshot:
    """The snapshot under the order of terms that counts prices."""
    learnt = {"learnt_on": "2026-11-20", "nights": 365, "referrals": 40, "history_sha256": "0" * 64}
    units = [{"unit": name, "by_free": by_free} for name, by_free in prices.items()]
    return decode(document | {"policy": {"id": "default", "version": 2}, "prices": learnt | {"units": units}})


def decided(facts: Snapshot, who: str = "ref_1") -> Json:
    """The decision as it is stored and read again."""
    document: Json = json.loads(json.dumps(decision_document(rank(facts, who, COUNTING))))
    return document


def worth(entry: Json) -> Json:
    found: Json = next(row for row in entry["terms"] if row["code"] == WORTH)
    return found


def two_houses(**more: object) -> Json:
    """Two houses alike, the first with two free beds and the second with one; 30 nights, paid."""
    beds = unit("unit_b", bed("bed_b1"), bed("bed_b2", "occupied"))
    houses = [house("a"), house("b", beds, residents=[resident("bed_b2")])]
    return snapshot(facilities=houses, funds=[fund()]) | more


def test_the_price_is_that_of_tonight_times_the_paid_nights() -> None:
    found = decided(priced(two_houses(), {"unit_a": [70, 40, 10], "unit_b": [50, 0]}))
    assert [entry["facility"] for entry in found["options"]] == ["fac_a", "fac_b"]
    first, second = map(worth, found["options"])
    assert (first["value"], first["weight"], first["cost"]) == (1_200, 1, 1_200)
    assert first["text"] == "To those still to come each of its 30 nights is worth 40"
    assert second["cost"] == 1_500


def test_a_bed_that_those_to_come_need_more_stands_behind_one_as_good() -> None:
    without = rank(decode(two_houses()), "ref_1")
    assert [entry.facility for entry in without.options] == ["fac_a", "fac_b"]
    found = decided(priced(two_houses(), {"unit_a": [70, 60], "unit_b": [50, 0]}))
    assert [entry["facility"] for entry in found["options"]] == ["fac_b", "fac_a"]


def test_only_nights_that_are_paid_while_the_bed_is_free_count() -> None:
    document = changed(two_houses(funds=[fund(clocks=[clock(9)])]), {"/facilities/0/units/0/beds/1/status": "offline"})
    assert worth(decided(priced(document, {"unit_a": [70]}))["options"][0])["cost"] == 0
    found = {row["facility"]: worth(row) for row in decided(priced(document, {"unit_a": [70]}))["options"]}
    assert found["fac_a"]["cost"] == 9 * 70


@pytest.mark.parametrize(
    ("prices", "text"),
    [
        ({}, "What this bed is worth to those still to come has not been learnt"),
        ({"unit_a": [0]}, "Those still to come have other beds as good"),
    ],
)
def test_what_costs_nothing_is_said_all_the_same(prices: dict[str, list[int]], text: str) -> None:
    document = snapshot(funds=[fund()])
    row = worth(decided(priced(document, prices))["options"][0])
    assert (row["value"], row["text"]) == (0, text)


def test_it_costs_no_more_than_its_most_and_all_terms_stay_within_their_bound() -> None:
    document = snapshot(funds=[fund()])
    assert worth(decided(priced(document, {"unit_a": [DEAR]}))["options"][0])["cost"] == 200_000
    assert sum(row.weight * row.most for row in COUNTING.weights) < COST_LIMIT


def test_it_is_no_term_of_the_order_that_a_network_starts_with() -> None:
    assert WORTH not in [row.code for row in DEFAULT_POLICY.weights]
    facts = priced(two_houses(), {"unit_a": [70]})
    plain = replace(facts, policy=decode(two_houses()).policy)
    assert [term.code for term in rank(plain, "ref_1").options[0].terms] == [row.code for row in DEFAULT_POLICY.weights]


@pytest.mark.parametrize("tier", [1, 2])
def test_nobody_urgent_is_without_a_bed_that_is_free_however_dear(tier: int) -> None:
    document = snapshot(
        facilities=[house("a", unit("unit_a", bed("bed_a1", confirmed_at=None)))],
        funds=[fund(clocks=[clock(1)])],
        referrals=[referral(urgency=tier, nights_needed=400)],
    )
    facts = priced(document, {"unit_a": [DEAR]})
    assert [entry["facility"] for entry in decided(facts)["options"]] == ["fac_a"]
    assert [line.facility for line in plan(facts, COUNTING).lines] == ["fac_a"]


@pytest.mark.parametrize("part", range(2))
def test_whatever_the_prices_as_many_of_each_tier_have_a_bed_and_the_checker_agrees(part: int) -> None:
    for seed in range(part * times(TRIES), (part + 1) * times(TRIES)):
        for document in (crowd(seed), world(seed, minors=(2, 5))):
            units = [row["id"] for one in document["facilities"] for row in one["units"]]
            prices = {name: [(seed * 37 + at * 91) % 300 * 10 ** (at % 4)] for at, name in enumerate(units)}
            dear, plain = priced(document, prices), decode(document)
            found, before = plan(dear, COUNTING), plan(plain)
            assert found.value.unplaced == before.value.unplaced, seed
            assert faults(json.loads(json.dumps(plan_document(found))), dear, COUNTING) == [], seed
            for row in dear.referrals:
                answer, was = decided(dear, row.id), rank(plain, row.id)
                assert faults(answer, dear, COUNTING) == [], seed
                lost = [entry["network"] and entry["network"]["placed_change"] for entry in answer["options"]]
                assert sorted(map(str, lost)) == sorted(
                    str(entry.network and entry.network.placed_change) for entry in was.options
                )
        saw("crowds with prices", 2)


def test_the_checker_counts_the_price_itself() -> None:
    facts = priced(two_houses(), {"unit_a": [70, 40], "unit_b": [50]})
    stored = decided(facts)
    assert faults(stored, facts, COUNTING) == []
    at = len(COUNTING.weights) - 1
    wrong = changed(stored, {f"/options/0/terms/{at}/value": 2_100, f"/options/0/terms/{at}/cost": 2_100})
    assert any("terms" in fault for fault in faults(wrong, facts, COUNTING))
    other = priced(two_houses(), {"unit_a": [70, 41], "unit_b": [50]})
    assert faults(stored | {"snapshot_sha256": sha256(other)}, other, COUNTING)


def test_a_bed_kept_for_one_alone_is_priced_as_the_last() -> None:
    held = unit("unit_a", bed("bed_a1", "held", held_for="ref_1"))
    facts = priced(snapshot(facilities=[house("a", held)], funds=[fund()]), {"unit_a": [30, 10]})
    assert worth(decided(facts)["options"][0])["cost"] == 900
    assert faults(decided(facts), facts, COUNTING) == []


def test_a_bed_for_later_costs_what_it_would_tonight() -> None:
    full = unit("unit_a", bed("bed_a1", "occupied"))
    residents = [resident("bed_a1", until=day(3))]
    facts = priced(snapshot(facilities=[house("a", full, residents=residents)], funds=[fund()]), {"unit_a": [30]})
    (entry,) = decided(facts)["later"]
    assert worth(entry)["cost"] == 900
    assert faults(decided(facts), facts, COUNTING) == []


# In the snapshot.


def test_a_snapshot_without_prices_has_the_bytes_it_always_had() -> None:
    facts = decode(two_houses())
    assert facts.prices is None
    assert b"prices" not in canonical(facts)


def test_the_order_of_prices_carries_meaning_and_that_of_units_does_not() -> None:
    first = priced(two_houses(), {"unit_a": [70, 40], "unit_b": [50]})
    assert sha256(first) == sha256(priced(two_houses(), {"unit_b": [50], "unit_a": [70, 40]}))
    assert first.prices is not None
    assert first.prices.of("unit_a", 1) == 70
    assert first.prices.learnt_on == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("units", "at"),
    [
        ([{"unit": "unit_a", "by_free": []}], ["/prices/units/0/by_free"]),
        ([{"unit": "unit_a", "by_free": [1, 2]}], ["/prices/units/0/by_free"]),
        ([{"unit": "unit_a", "by_free": [-1]}], ["/prices/units/0/by_free/0"]),
        ([{"unit": "unit_a", "by_free": [1]}, {"unit": "unit_a", "by_free": [1]}], ["/prices/units/1/unit"]),
    ],
)
def test_prices_that_contradict_themselves_are_refused(units: list[Json], at: list[str]) -> None:
    learnt = {"learnt_on": "2026-11-20", "nights": 365, "referrals": 40, "history_sha256": "0", "units": units}
    assert pointers(snapshot(prices=learnt)) == at


def test_minors_of_any_number_share_one_price() -> None:
    document = two_houses(minors=[minor(), minor("min_2")], referrals=[referral(), referral(2)])
    facts = priced(document, {"unit_a": [70, 40], "unit_b": [50]})
    found = plan(facts, COUNTING)
    assert sum(term.cost for line in found.lines for term in line.terms if term.code == WORTH) == 2 * 1_200
