"""The smallest changes that would have opened a bed: against trying every set of changes on the network itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import combinations
from math import comb
from random import Random
from typing import Any

import pytest

from matching.admission import admission, earliest, sibling_case
from matching.case import Case
from matching.census import Census
from matching.codec import decode
from matching.eligibility import sibling_outcome
from matching.facts import Facility, Fund, Snapshot
from matching.findings import MET, UNKNOWN, Outcome
from matching.gaps import (
    All,
    Change,
    Formula,
    Some,
    Unlocks,
    changes_of,
    holds,
    needs,
    reopened,
    smallest,
    totals,
    unlocks,
)
from matching.payers import payer_findings
from matching.ranking import UnknownReferral
from matching.rules import BY_CODE, FACILITY_RULES
from matching.whatif_limits import ASIDE
from tests.proofs import saw, times

from .builders import Json, bed, changed, day, minor, referral, snapshot, unit
from .worlds import nasty

WORLDS, FORMULAS = times(40), times(60)
FEW, MOST_TRIED = 2, 120
"""Up to how many changes at once, and of how many sets of them, is tried on the network."""
REF = "ref_1"
DENY = {"allow": None, "deny": ["ward_state"]}
OF_HOUSES = (
    ("facility.declines", "facility"),
    ("facility.admits", "facility"),
    ("facility.services", "agency"),
    ("unit.fit", "facility"),
)

PUT_ASIDE: dict[str, Any] = {**ASIDE, "funding.requires": {"requires": None}}


def put_aside(network: Snapshot, changes: Iterable[Change], referral_id: str) -> Snapshot:
    """The network with rules truly gone; facts stay as they are."""
    asked = next(row for row in network.referrals if row.id == referral_id)
    first = max(network.tonight, asked.needed_from or network.tonight)
    funds = {one.id: one for one in network.funds}
    houses = {one.id: one for one in network.facilities}
    # Whoever is closed has limits again before these are put aside.
    for change in sorted(changes, key=lambda one: one.code != "funding.in_force"):
        if change.kind == "fund":
            funds[change.of] = of_fund(funds[change.of], change.code, first)
        elif change.kind == "house":
            houses[change.of] = of_house(houses[change.of], change.code, network)
    return replace(network, funds=tuple(funds.values()), facilities=tuple(houses.values()))


def of_fund(one: Fund, code: str, first: date) -> Fund:
    if code == "funding.in_force":
        return reopened(one, first)
    return replace(one, limits=tuple(replace(row, **PUT_ASIDE[code]) for row in one.limits))


def of_house(one: Facility, code: str, network: Snapshot) -> Facility:
    if code == "facility.declines":
        return replace(one, declines=())
    if code == "facility.admits":
        return replace(one, admits=None)
    if code == "facility.services":
        wanted = {service for row in network.minors for service in row.needs.services_required or ()}
        return replace(one, services=tuple(sorted(wanted | set(one.services or ()))))
    gone: Json = dict.fromkeys(("genders", "min_age", "max_age", "max_age_gap_years", "one_gender_a_night"))
    return replace(one, units=tuple(replace(row, **gone) for row in one.units))


def opens(network: Snapshot, referral_id: str, changes: frozenset[Change]) -> bool:
    """Whether the engine finds an option tonight once rules are gone, what was obtained being no obstacle."""
    census = Census(put_aside(network, changes, referral_id))
    asked = census.referrals[referral_id]
    known = {(change.code, change.of) for change in changes if change.kind == "fact"}
    for place in census.snapshot.facilities:
        found = admission(census, census.minors[asked.minor], place, asked, sibling_outcome)
        if not found.case.bed_known or found.case.admit_on != earliest(census, asked):
            continue
        if all(fits(one, known) for one in (found.case, *(sibling_case(found.case, o) for o in found.case.siblings))):
            return True
    return False


def fits(case: Case, known: set[tuple[str, str]]) -> bool:
    def obtained(outcome: Outcome, facts: tuple[str, ...]) -> bool:
        of = ((fact, case.facility.id if fact.startswith("facility.") else case.minor.id) for fact in facts)
        return outcome is MET or (outcome is UNKNOWN and bool(facts) and all(one in known for one in of))

    house_rules = [rule for rule in FACILITY_RULES if rule.code != "minor.together"]
    findings = [rule.check(case) for rule in house_rules]
    if not all(obtained(one.outcome, one.asks) for one in findings):
        return False
    payers = payer_findings(case)
    own = ([one for one in payer.findings if one.rule != "funding.last_resort"] for payer in payers)
    return any(all(obtained(one.outcome, one.asks) for one in findings) for findings in own)


def elsewhere(network: Snapshot, formula: Formula) -> frozenset[Change]:
    """Every rule that could be put aside and that the formula does not name: together they open nothing."""
    found = {Change("fund", code, one.id, BY_CODE[code].who) for one in network.funds for code in PUT_ASIDE}
    found |= {Change("house", code, one.id, who) for one in network.facilities for code, who in OF_HOUSES}
    return frozenset(found - changes_of(formula))


@pytest.mark.parametrize("part", range(4))
def test_equals_trying_every_set_of_changes(part: int) -> None:
    agreed = 0
    for seed in range(part, WORLDS, 4):
        network = decode(nasty(seed))
        asked = network.referrals[0].id
        formula, found = needs(network, asked), unlocks(network, asked)
        more = elsewhere(network, formula)
        assert found.whole
        assert found.open == opens(network, asked, frozenset()), seed
        pool, size = sorted(changes_of(formula)), len(found.sets[0]) if found.sets else len(changes_of(formula))
        for few in range(0 if not found.open else FEW, min(size, FEW) + 1):
            if comb(len(pool), few) > MOST_TRIED:
                break
            tried = {some for some in combinations(pool, few) if opens(network, asked, more.union(some))}
            assert tried == ({*found.sets} if few == size else set()), seed
        for some in found.sets[:2]:
            assert opens(network, asked, frozenset(some)), seed
            assert not any(opens(network, asked, more.union(some) - {less}) for less in some), seed
        if not found.sets and not found.open:
            assert not opens(network, asked, more.union(pool)), seed
        agreed += 1
    saw("smallest changes that open a bed, against every set of changes tried on the network itself", agreed)


def formula_of(draw: Random, changes: list[Change], depth: int = 3) -> Formula:
    if depth == 0 or draw.random() < 0.3:
        return draw.choice(changes)
    parts = tuple(formula_of(draw, changes, depth - 1) for _ in range(draw.randint(1, 4)))
    return draw.choice((All, Some))(parts)


def test_every_smallest_set_of_random_formulas() -> None:
    draw = Random(7)  # noqa: S311 - an example, not a secret
    changes = [Change("fund", f"funding.r{n}", f"fund_{n % 3}", "funder") for n in range(8)]
    for _ in range(FORMULAS):
        formula = formula_of(draw, changes)
        pool = sorted(changes_of(formula))
        by_size = ({some for some in combinations(pool, few) if holds(formula, some)} for few in range(len(pool) + 1))
        assert set(smallest(formula).sets) == next(sets for sets in by_size if sets), formula
    saw("formulas of changes, against every subset", FORMULAS)


def asked_of(**changes: Any) -> Unlocks:
    """What opens a bed in the small network with changes, its pointers with _ for /."""
    return unlocks(
        decode(changed(snapshot(), {f"/{key.replace('__', '/')}": row for key, row in changes.items()})), REF
    )


def codes(found: Unlocks) -> list[list[str]]:
    return [[one.code for one in some] for some in found.sets]


def test_a_bed_that_is_open_needs_no_change() -> None:
    assert asked_of() == Unlocks(REF, True, ())


def test_one_rule_of_a_fund() -> None:
    found = asked_of(funds__0__limits__0__max_age=10)
    assert found.sets == ((Change("fund", "funding.age_band", "fund_a", "funder"),),)


def test_a_rule_and_a_fact_together() -> None:
    found = asked_of(funds__0__limits__0__max_age=10, minors__0__custody=None, funds__0__limits__0__custody=DENY)
    own = Change("fund", "funding.age_band", "fund_a", "funder")
    assert set(found.sets) == {
        (Change("fact", "minor.custody", "min_1", "agency"), own),
        (own, Change("fund", "funding.custody", "fund_a", "funder")),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"facilities__0__safeguards__egress__value": "locked_no_release"},
        {"facilities__0__licence__max_age": 10},
        {"facilities__0__population": "mixed"},
        {"minors__0__wishes": {"prefer": [], "refuse": ["fac_a"]}},
        {"facilities__0__funds": []},
        {"facilities__0__units": [unit("unit_a", bed("bed_a1", "offline"))]},
    ],
)
def test_never_a_safeguard_a_licence_a_refusal_or_a_bed(changes: Json) -> None:
    assert asked_of(**changes, funds__0__limits__0__max_age=10) == Unlocks(REF, False, ())


def test_a_safeguard_may_be_found_to_be_met() -> None:
    found = asked_of(facilities__0__safeguards__egress={"value": None})
    assert found.sets == ((Change("fact", "facility.safeguards.egress", "fac_a", "facility"),),)


def test_rooms_are_put_aside_where_a_bed_is_free_in_them() -> None:
    assert codes(asked_of(facilities__0__units__0__max_age=10)) == [["unit.fit"]]


def test_a_fund_that_is_closed_is_judged_by_its_last_limits() -> None:
    closed = {"funds__0__limits__0__valid_until": day(-1)}
    assert codes(asked_of(**closed)) == [["funding.in_force"]]
    assert codes(asked_of(**closed, funds__0__limits__0__max_age=10)) == [["funding.age_band", "funding.in_force"]]


def test_a_fund_puts_a_rule_aside_for_all_who_come_together() -> None:
    two = changed(
        snapshot(minors=[minor("min_1"), minor("min_2")], referrals=[referral(1), referral(2)]),
        {"/minors/0/together_with": ["min_2"], "/funds/0/limits/0/max_age": 10, "/minors/1/gender": None},
    )
    assert codes(unlocks(decode(two), REF)) == [["minor.gender", "funding.age_band"]]


def test_totals_count_by_change_and_by_pair() -> None:
    one = asked_of(funds__0__limits__0__max_age=10)
    two = asked_of(
        funds__0__limits__0__max_age=10, facilities__0__declines=["detox"], minors__0__needs__conditions=["detox"]
    )
    never, there = asked_of(facilities__0__population="mixed"), asked_of()
    found = totals([one, one, two, never, there])
    age = Change("fund", "funding.age_band", "fund_a", "funder")
    declines = Change("house", "facility.declines", "fac_a", "facility")
    assert found == (4, 1, {age: 2}, {(age, declines): 1})


def test_more_sets_than_anybody_reads_are_cut_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [Change("fund", f"funding.r{n}", "fund_a", "funder") for n in range(9)]
    monkeypatch.setattr("matching.gaps.MOST_SETS", 5)
    cut = smallest(Some(tuple(some)))
    assert (len(cut.sets), cut.whole) == (5, False)
    assert smallest(Some(tuple(some[:5]))).whole


def test_no_such_referral() -> None:
    with pytest.raises(UnknownReferral):
        unlocks(decode(snapshot()), "ref_none")
