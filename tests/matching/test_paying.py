"""The arrays say of every payer what the rule classes say, and only those are looked at whom a placing could touch."""

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.networks import network
from matching import flow, regret
from matching.admission import earliest, make_case, need_nights
from matching.census import Census
from matching.codec import decode
from matching.eligibility import sibling_outcome
from matching.facts import Referral
from matching.payer import Funding
from matching.payers import accepted_payers, chain_heads, covered_until
from matching.paying import Heads, paying
from matching.value import DEFAULT_POLICY
from matching.waiting import Waiting, network_tonight, waiting_tonight
from tests.matching.worlds import world
from tests.proofs import or_many, saw

WORLDS = or_many(100, 240)


def worlds(part: int) -> Iterator[tuple[int, Census]]:
    for seed in range(part, WORLDS, 4):
        yield seed, Census(decode(world(seed, minors=(3, 8), facilities=(1, 6), null_rates=(0.0, 0.02))))


@pytest.mark.parametrize("part", range(4))
def test_arrays_equal_the_rules_of_the_funds(part: int) -> None:
    """Where the minor has stayed before the arrays say nothing, and a payer there may pay."""
    judged = 0
    for seed, census in worlds(part):
        referrals = [rows[0] for rows in census.referrals_of.values()]
        minors = [census.minors[row.minor] for row in referrals]
        found = paying(census, minors)
        for at, (minor, referral) in enumerate(zip(minors, referrals, strict=True)):
            stayed = {stay.facility for stay in census.stays_of.get(minor.id, ())}
            for place, facility in enumerate(census.snapshot.facilities):
                case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
                payers = accepted_payers(case)
                here = facility.id in stayed
                assert found.pays[at, place] == (here or any(payer.own_met for payer in payers)), seed
                said = [
                    (found.funds[column].id, found.usable[at, column], found.own_met[at, column])
                    for column in found.accepted[place]
                ]
                assert here or said == [(row.funding.fund.id, row.usable, row.own_met) for row in payers], seed
                judged += len(payers)
    assert judged > WORLDS
    saw("payers of the arrays against the rule classes", judged)


def test_shared_payers_reach_as_far_as_each_minors_own() -> None:
    census = Census(decode(network(24, 60)))
    minors = [census.minors[row.minor] for row in census.snapshot.referrals]
    found = paying(census, minors)
    heads = Heads(census, found, minors, [need_nights(census, row) for row in census.snapshot.referrals])
    rows, houses = np.divmod(np.arange(len(minors) * len(found.accepted)), len(found.accepted))
    chains, kinds, stops = heads.of(rows, houses)
    shared = 0
    for row, house, kind, stop in zip(rows.tolist(), houses.tolist(), kinds.tolist(), stops.tolist(), strict=True):
        minor, facility, referral = minors[row], census.snapshot.facilities[house], census.snapshot.referrals[row]
        case = make_case(census, minor, facility, referral, census.tonight, True, sibling_outcome)
        own = chain_heads(census, accepted_payers(case), case.admit_on, covered_until(case))
        said = [(funding, min(end, stop)) for funding, end in chains[kind]]
        assert seen(said) == seen(own), (minor.id, facility.id)
        shared += sum(funding.case.minor is not minor for funding, _ in chains[kind])
    assert shared > 20
    assert len(chains) < len(rows) / 4
    assert any(census.stays_of.get(minor.id) for minor in minors)


def seen(heads: list[tuple[Funding, int]]) -> list[tuple[str, int, int | None]]:
    """The fund of each payer, how far its chain reaches, and its free places."""
    return [(funding.fund.id, end, funding.free_places(funding.case.admit_on)) for funding, end in heads]


def effects(waiting: Waiting, asked: Referral) -> list[tuple[str, bool, list[int], int, int]]:
    """What each pair of the asked minor does to the others."""
    column = regret.column(waiting.network, flow.solve(waiting.network), waiting.index(asked.minor))
    rows = []
    for at, pair in enumerate(column.pairs.tolist()):
        contract = waiting.network.contracts[waiting.network.pair_contract[pair]]
        possible = bool(column.possible[at])
        nights = [
            (waiting.nights[to] if to >= 0 else 0) - (waiting.nights[was] if was >= 0 else 0)
            for _, was, to in (column.moves(pair) if possible else ())
        ]
        rows.append((contract, possible, column.lost[at].tolist(), int(column.cost_change[at]), sum(nights)))
    return sorted(rows)


@pytest.mark.parametrize("part", range(4))
def test_those_who_are_left_out_would_change_nothing(part: int) -> None:
    pairs = left_out = 0
    for seed, census in worlds(part):
        for asked in census.referrals.values():
            if earliest(census, asked) != census.tonight:
                continue
            referrals = waiting_tonight(census, asked)
            near = network_tonight(census, referrals, DEFAULT_POLICY, {}, asked=asked)
            everyone = network_tonight(census, referrals, DEFAULT_POLICY, {})
            assert effects(near, asked) == effects(everyone, asked), (seed, asked.id)
            pairs += int(np.count_nonzero(near.network.pair_minor == near.index(asked.minor)))
            left_out += len(everyone.network.minors) - len(near.network.minors)
    assert pairs > WORLDS / 10
    assert left_out > WORLDS / 10
    saw("pairs whose effect is the same without those who are not near", pairs)


def test_of_several_states_only_one_is_looked_at() -> None:
    census = Census(decode(network(180, 12)))
    asked = census.snapshot.referrals[0]
    referrals = waiting_tonight(census, asked)
    near = network_tonight(census, referrals, DEFAULT_POLICY, {}, asked=asked).network.minors
    assert asked.minor in near
    assert len(near) <= len(referrals) / 2
