"""The best few changes: against every set of levers, and each way tried on the network itself."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from random import Random

import pytest

from matching.codec import decode
from matching.few import Few, Lever, Measure, Way, curve, few, ways
from matching.ranking import paid_at
from matching.whatif_limits import ASIDE, put_aside
from matching.whatif_limits import changed as with_limits
from tests.proofs import saw, times

from .builders import TONIGHT, Json, bed, changed, clock, fund, minor, referral, snapshot, unit
from .worlds import world

SMALL, WORLDS = times(40), times(40)
REF, AGE = "ref_1", Lever("fund_a", "funding.age_band")


def night(offset: int) -> date:
    return TONIGHT + timedelta(days=offset)


def best_by_trying(found: Sequence[Way], most: int, by: Measure) -> int:
    """Every set of levers, and every choice of ways by them."""
    levers = sorted({one for way in found for one in way.levers})
    sets = (set(some) for count in range(most + 1) for some in combinations(levers, count))
    return max(most_by([way for way in found if way.levers <= some], by) for some in sets)


def most_by(found: Sequence[Way], by: Measure) -> int:
    if not found:
        return 0
    way, rest = found[0], found[1:]
    left = [one for one in rest if one.minor != way.minor and (one.bed != way.bed or apart(one, way))]
    return max((1 if by == "people" else way.nights) + most_by(left, by), most_by(rest, by))


def apart(one: Way, other: Way) -> bool:
    return one.until <= other.first or other.until <= one.first


def small(draw: Random) -> list[Way]:
    levers = [Lever(f"fund_{letter}", rule) for letter in "ab" for rule in ("age", "county")]
    found = []
    for _ in range(draw.randint(0, 9)):
        first = draw.randint(0, 3)
        who = draw.randint(1, 5)
        found.append(
            Way(f"min_{who}", f"ref_{who}", "fac_a", f"bed_{draw.randint(1, 2)}", night(first),
                night(first + draw.randint(1, 3)), frozenset(draw.sample(levers, draw.randint(1, 2))))
        )  # fmt: skip
    return found


def test_equals_every_set_of_levers() -> None:
    draw = Random(3)  # noqa: S311 - an example, not a secret
    for _ in range(SMALL):
        found = small(draw)
        by: Measure = "people" if draw.random() < 0.5 else "nights"
        for best in curve(found, 3, by):
            assert best.proved
            assert best.value == best.bound == best_by_trying(found, best.most, by)
            holds(best, found, by)
    saw("best few changes against every set of levers", SMALL * 3)


def holds(best: Few, found: Sequence[Way], by: Measure) -> None:
    """What is said to be reached is: nobody twice, no bed twice, by those levers alone, none of them for nothing."""
    assert len(best.levers) <= best.most
    assert {lever for way in best.ways for lever in way.levers} == set(best.levers)
    assert all(way in found for way in best.ways)
    assert best.value == most_by(best.ways, by) == sum(1 if by == "people" else way.nights for way in best.ways)


def test_without_time_what_is_not_proved_is_said() -> None:
    found = small(Random(1))  # noqa: S311 - an example, not a secret
    best = few(found, 2, seconds=1e-9)
    assert not best.proved
    assert (best.value, best.ways) == (0, ())
    assert best.bound >= best_by_trying(found, 2, "people")


def test_every_way_is_one_on_the_network_itself_and_none_is_left_out() -> None:
    count = 0
    for seed in range(WORLDS):
        network = decode(world(seed, null_rates=(0.0,), misfit_rates=(0.0, 0.02)))
        asked = network.referrals[0]
        found = list(ways(network, asked.id, {}))
        houses = [house.id for house in network.facilities]
        for way in found:
            after = with_limits(network, [put_aside(*lever) for lever in way.levers])
            assert paid_at(after, asked.id, {way.facility}), seed
            for less in way.levers:
                without = with_limits(network, [put_aside(*lever) for lever in way.levers - {less}])
                assert less.fund not in {row.fund for row in paid_at(without, asked.id, houses).get(way.facility, ())}
        assert paid_at(network, asked.id, houses).keys().isdisjoint(way.facility for way in found), seed
        siblings = next(one.together_with for one in network.minors if one.id == asked.minor)
        if not siblings:
            nothing = [put_aside(fund.id, rule) for fund in network.funds for rule in ASIDE]
            opened = paid_at(with_limits(network, nothing), asked.id, houses).keys()
            assert opened - paid_at(network, asked.id, houses).keys() == {way.facility for way in found}, seed
        count += len(found)
    assert count > WORLDS / 8
    saw("ways into a bed by rules that are put aside, tried on the network itself", count)


def asked_of(taken: dict[str, set[date]] | None = None, **more: Json) -> list[Way]:
    document = changed(snapshot(), {"/funds/0": fund("a", max_age=10, clocks=[clock(5)]), **more})
    return list(ways(decode(document), REF, taken or {}))


def test_a_way_ends_with_the_money_or_where_the_bed_was_slept_in() -> None:
    assert asked_of() == [
        Way("min_1", REF, "fac_a", name, night(0), night(5), frozenset({AGE})) for name in ("bed_a1", "bed_a2")
    ]
    (one, other) = asked_of({"bed_a1": {night(2), night(4)}, "bed_a2": {night(-1)}})
    assert (one.until, other.until, one.nights) == (night(2), night(5), 2)
    assert [way.bed for way in asked_of({"bed_a1": {night(0)}})] == ["bed_a2"]


@pytest.mark.parametrize(
    "more",
    [
        {"/facilities/0/safeguards/egress/value": None},
        {"/facilities/0/units/0": unit("unit_a", bed("bed_a1", "offline"))},
        {"/facilities/0/licence/max_age": 10},
        {"/funds/0/limits/0/requires": ["more"]},
        {"/funds/0/limits/0/valid_until": "2026-11-01"},
        {"/funds/0/limits/0/custody": {"allow": ["none"], "deny": None}, "/minors/0/custody": None},
        {"/minors": [minor(together_with=["min_2"]), minor("min_2")], "/referrals": [referral(), referral(2)]},
        {"/minors/0/wishes/refuse": ["fac_a"]},
    ],
)
def test_no_lever_is_a_safeguard_a_licence_an_approval_a_fact_or_a_refusal(more: Json) -> None:
    assert asked_of(**more) == []
