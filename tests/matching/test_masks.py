"""The arrays say of every pair what the rule classes say, and the network built from them is the same."""

from collections import Counter

import numpy as np
import pytest

from matching.admission import earliest, make_case
from matching.census import Census
from matching.codec import decode
from matching.decision import Decision
from matching.decision_form import decision_document
from matching.eligibility import assess, sibling_outcome
from matching.facts import Bed
from matching.findings import NOT_MET, UNKNOWN
from matching.house_terms import HOUSE_TERMS
from matching.masks import BIT, HouseTables, masks
from matching.network import Network
from matching.ranking import rank
from matching.rules import FACILITY_RULES
from matching.value import DEFAULT_POLICY, Placing, house_costs, terms
from matching.waiting import network_tonight, waiting_tonight
from tests.matching.worlds import world
from tests.proofs import or_many, saw, times

WORLDS = or_many(80, 200)


def census_of(seed: int) -> Census:
    return Census(decode(world(seed, minors=(2, 6), facilities=(1, 6))))


LIVED_THERE = (1749, 3087, 3797, 4050)
"""Worlds in which somebody lives in a house with an age gap that another one of her age might come to."""


@pytest.mark.parametrize("part", range(4))
def test_masks_equal_the_rule_classes(part: int) -> None:
    judged = 0
    for seed in (*range(part, WORLDS, 4), LIVED_THERE[part]):
        census = census_of(seed)
        referrals = [rows[0] for rows in census.referrals_of.values()]
        minors = [census.minors[row.minor] for row in referrals]
        found = masks(census, minors)
        for at, (minor, referral) in enumerate(zip(minors, referrals, strict=True)):
            for column, facility in enumerate(census.snapshot.facilities):
                if column in found.exceptions[at]:
                    continue
                case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
                outcomes = {rule.code: rule.judge(case) for rule in FACILITY_RULES}
                bad = sum(int(BIT[code]) for code, outcome in outcomes.items() if outcome is NOT_MET)
                doubtful = sum(int(BIT[code]) for code, outcome in outcomes.items() if outcome is UNKNOWN)
                assert (int(found.not_met[at, column]), int(found.unknown[at, column])) == (bad, doubtful), seed
                judged += 1
    assert judged > WORLDS / 4
    saw("pairs of the arrays against the rule classes", judged)


@pytest.mark.parametrize("part", range(4))
def test_network_from_masks_is_the_network_from_assessments(part: int) -> None:
    pairs = 0
    for seed in range(part, WORLDS, 4):
        census = census_of(seed)
        begun = [row for row in census.referrals.values() if earliest(census, row) == census.tonight]
        if not begun:
            continue
        referrals = waiting_tonight(census, begun[0])
        known = {
            row.id: [assess(census, row, facility) for facility in census.snapshot.facilities] for row in referrals
        }
        one = network_tonight(census, referrals, DEFAULT_POLICY, {})
        other = network_tonight(census, referrals, DEFAULT_POLICY, known)
        rows, others = row_of(one.network), row_of(other.network)
        assert set(rows) == set(others), seed
        for pair, row in rows.items():
            there = others[pair]
            assert one.nights[row] == other.nights[there], (seed, pair)
            assert one.network.pair_cost[row] == other.network.pair_cost[there], (seed, pair)
            assert capacities(one.network, row) == capacities(other.network, there), (seed, pair)
        pairs += len(rows)
    assert pairs > WORLDS / 20
    saw("pairs of the network from arrays against assessments", pairs)


@pytest.mark.parametrize("part", range(4))
def test_costs_of_houses_from_arrays_are_the_sums_of_the_terms(part: int) -> None:
    counted: Counter[str] = Counter()
    for seed in range(part, WORLDS, 4):
        census = census_of(seed)
        referrals, houses = census.snapshot.referrals, census.snapshot.facilities
        found = house_costs(census, referrals, houses, DEFAULT_POLICY)
        for at, referral in enumerate(referrals):
            for column, house in enumerate(houses):
                case = make_case(
                    census, census.minors[referral.minor], house, referral, census.tonight, True, sibling_outcome
                )
                rows = terms(Placing(case, referral, Bed("bed", "open"), 0), DEFAULT_POLICY)
                own = [row for row in rows if row.code in HOUSE_TERMS]
                assert found[at, column] == sum(row.cost for row in own), (seed, referral.id, house.id)
                counted.update(row.code for row in own if row.cost)
    assert counted.keys() == HOUSE_TERMS.keys()
    saw("costs of houses from arrays against the terms", counted.total())


@pytest.mark.parametrize("part", range(4))
def test_codes_from_arrays_are_those_of_the_full_answer(part: int) -> None:
    """Of every facility, whatever the night of the admission, and with no bed at all."""
    facilities = 0
    for seed in range(part, WORLDS, 4):
        snapshot = decode(world(seed, minors=(2, 6), facilities=(1, 6)))
        for referral in snapshot.referrals:
            whole, codes = (rank(snapshot, referral.id, words=words) for words in (True, False))
            assert said(codes) == said(whole), (seed, referral.id)
            assert decision_document(codes) == decision_document(whole), (seed, referral.id)
            facilities += len(snapshot.facilities)
    assert facilities > WORLDS
    saw("facilities in codes against the full answer", facilities)


def said(decision: Decision) -> list[object]:
    """What each list says of each facility, findings and fixes aside."""
    return [
        [row.facility for row in decision.options],
        [row.facility for row in decision.later],
        [(row.facility, row.unknown, row.ask) for row in decision.needs_info],
        [(row.facility, row.failed) for row in decision.excluded],
    ]


def row_of(network: Network) -> dict[tuple[str, str], int]:
    """The pairs by minor and contract."""
    ends = zip(network.pair_minor.tolist(), network.pair_contract.tolist(), strict=True)
    return {(network.minors[minor], network.contracts[contract]): row for row, (minor, contract) in enumerate(ends)}


def capacities(network: Network, row: int) -> tuple[int, int, int]:
    contract = network.pair_contract[row]
    unit = network.contract_unit[contract]
    facility = network.unit_facility[unit]
    return (
        int(network.contract_places[contract]),
        int(network.unit_beds[unit]),
        int(network.facility_places[facility]),
    )


def test_no_minors_and_no_facilities() -> None:
    census = census_of(1)
    assert masks(census, []).not_met.shape == (0, len(census.snapshot.facilities))
    empty = Census(decode({**world(1), "facilities": [], "stays": []}))
    assert np.all(masks(empty, list(empty.minors.values())).not_met == 0)


def test_tables_say_the_same_to_every_asker() -> None:
    """One after another from the same tables, twice over, as all at once from tables of their own."""
    for seed in range(times(40)):
        census = census_of(seed)
        minors, tables = list(census.minors.values()), HouseTables(census)
        whole = masks(census, minors)
        for at, minor in [*enumerate(minors), *reversed(list(enumerate(minors)))]:
            found = masks(census, [minor], tables)
            for name in ("not_met", "unknown", "unit_met"):
                assert np.array_equal(getattr(found, name)[0], getattr(whole, name)[at]), (seed, minor.id, name)
            assert found.exceptions[0] == whole.exceptions[at]


def test_tables_of_another_census_are_refused() -> None:
    with pytest.raises(ValueError, match="another census"):
        masks(census_of(1), [], HouseTables(census_of(1)))
