"""The checker confirms every chain of the engine, and finds whatever is changed in one."""

import json

import pytest

from matching.chain import chain
from matching.chain_form import chain_document
from matching.check import faults
from matching.codec import decode
from matching.facts import Snapshot
from tests.proofs import saw, times

from .builders import GONE, Json, bed, changed, clock, day, fund, house, referral, resident, snapshot, stay, unit
from .test_chain import small

TRIES = 40


def chained(facts: Snapshot) -> Json:
    """The chain as it is stored and read again."""
    stored: Json = json.loads(json.dumps(chain_document(chain(facts, "ref_1"))))
    return stored


def test_every_chain_is_confirmed() -> None:
    for seed in range(times(TRIES)):
        facts = decode(small(seed))
        assert faults(chained(facts), facts) == [], seed
    saw("chains of stays that the checker confirms", times(TRIES))


# Six nights in one house, as two of eight were paid before; then four in another, whose bed opens the night before.


def month() -> Json:
    """Two houses that can take her, one that has no bed, and three payers, two of which run out."""
    return snapshot(
        facilities=[
            house("a", funds=["fund_a"]),
            house(
                "b",
                unit("unit_b", bed("bed_b1", confirmed_at=None)),
                funds=["fund_a", "fund_b"],
                residents=[resident("bed_b1", until=day(5))],
            ),
            house("c", unit("unit_c", bed("bed_c1", "offline")), funds=["fund_c"]),
        ],
        funds=[
            fund("a", clocks=[clock(8, "night", "trailing", window_days=300)]),
            fund("b", nights_left=4),
            fund("c"),
        ],
        referrals=[referral(nights_needed=12)],
        stays=[stay("stay_1", -20, -18)],
    )


@pytest.fixture(scope="module")
def facts() -> Snapshot:
    return decode(month())


@pytest.fixture(scope="module")
def stored(facts: Snapshot) -> Json:
    return chained(facts)


def test_the_month_has_a_move_to_get_wrong(stored: Json, facts: Snapshot) -> None:
    assert faults(stored, facts) == []
    said = [(row["facility"], row["from"], row["until"], row["binding"]) for row in stored["links"]]
    assert said == [("fac_a", day(0), day(6), "funding.clock"), ("fac_b", day(6), day(10), "funding.budget")]
    assert (stored["links"][1]["open_from"], stored["links"][1]["opened_by"]) == (day(5), ["bed"])
    assert stored["value"] == {"uncovered": 2, "moves": 1, "cost": 5000}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"valid_from": day(3)}, ["funding.in_force"]),
        ({"max_age": 17, "min_age": 16}, ["funding.age_band"]),
        ({"clocks": [clock(2, window="trailing", window_days=9)]}, ["funding.clock"]),
    ],
)
def test_what_has_kept_a_payer_from_paying_is_said_and_confirmed(row: Json, why: list[str]) -> None:
    """The second house has had a bed all along; its payer comes on the third night from now."""
    late = fund("b", clocks=[clock(99)])
    late["limits"][0] |= row
    document = changed(
        month(),
        {
            "/facilities/1/residents": [],
            "/facilities/1/funds": ["fund_b"],
            "/funds/1": late,
            "/minors/0/born_on": "2010-11-24",
            "/stays/-": stay("stay_2", -6, -4, fund="fund_b"),
        },
    )
    facts = decode(document)
    stored = chained(facts)
    assert faults(stored, facts) == []
    assert (stored["links"][1]["open_from"], stored["links"][1]["opened_by"]) == (day(3), why)


ONE, TWO = "/links/0", "/links/1"
PLANTED: dict[str, tuple[Json, str]] = {
    "another version": ({"/version": 2}, "version"),
    "another snapshot": ({"/snapshot_sha256": "0" * 64}, "snapshot_sha256"),
    "another order of terms": ({"/policy/version": 2}, "policy"),
    "another referral": ({"/referral": "ref_9"}, "the referral is not"),
    "a house that is not there": ({f"{ONE}/facility": "fac_q"}, "fac_q is not in the snapshot"),
    "a key too many": ({"/note": "x"}, "keys of the chain"),
    "a key gone": ({"/careful": GONE}, "keys of the chain"),
    "links that are none": ({"/links": None}, "links have not the keys"),
    "a link's key gone": ({f"{ONE}/why": GONE}, "links have not the keys"),
    "payers that are none": ({f"{ONE}/payers": None}, "link 0: payers have not"),
    "nobody pays": ({f"{ONE}/payers": []}, "link 0: a payer is not"),
    "a date that is none": ({f"{ONE}/from": "tonight"}, "link 0: no house, or not two dates"),
    "a bound that is true": ({"/bound": True}, "the bound is no number"),
    "a proof of another kind": ({"/proof": "likely"}, "the proof has another name"),
    "nothing it is careful about": ({"/careful": []}, "careful"),
    "a dodged clock": (
        {
            f"{ONE}/until": day(7),
            f"{ONE}/payers/0/until": day(7),
            f"{TWO}/from": day(7),
            f"{TWO}/payers/0/from": day(7),
        },
        "fund_a may not pay the night of 2026-11-27: funding.clock",
    ),
    "a bed that is taken": (
        {
            f"{ONE}/until": day(4),
            f"{ONE}/payers/0/until": day(4),
            f"{TWO}/from": day(4),
            f"{TWO}/payers/0/from": day(4),
        },
        "link 1, fac_b: it does not take the minor on 2026-11-25",
    ),
    "a payer whose limit is over": (
        {f"{TWO}/payers/0/fund": "fund_a"},
        "link 1, fac_b: fund_a may not pay the night of 2026-11-27: funding.clock",
    ),
    "more nights than a fund has left": (
        {f"{TWO}/until": day(11), f"{TWO}/payers/0/until": day(11)},
        "fund_b may not pay the night of 2026-12-01: funding.budget",
    ),
    "a payer that the house does not take": ({f"{ONE}/payers/0/fund": "fund_b"}, "fund_b is not usable"),
    "a night that is slept and not paid": ({f"{TWO}/until": day(11)}, "its payers do not pay just its nights"),
    "a house without a bed": ({f"{TWO}/facility": "fac_c"}, "link 1, fac_c: it does not take the minor"),
    "a house twice": ({f"{TWO}/facility": "fac_a"}, "a house stands in it twice"),
    "two beds on one night": (
        {f"{TWO}/from": day(5), f"{TWO}/payers/0/from": day(5)},
        "link 1: its nights do not follow",
    ),
    "another bed": ({f"{ONE}/bed": "bed_a2"}, "link 0, fac_a: bed"),
    "another unit": ({f"{ONE}/unit": "unit_b"}, "link 0, fac_a: unit"),
    "more nights": ({f"{ONE}/nights": 7}, "link 0, fac_a: nights"),
    "another reason": ({f"{ONE}/why": "early"}, "link 0, fac_a: why"),
    "another cliff": ({f"{ONE}/binding": "funding.budget"}, "link 0, fac_a: binding"),
    "a bed that ends": ({f"{ONE}/bed_until": day(7)}, "link 0, fac_a: bed_until"),
    "confirmed": ({f"{TWO}/bed_confirmed_at": "2026-11-21T22:00:00-05:00"}, "link 1, fac_b: bed_confirmed_at"),
    "not to be called first": ({f"{TWO}/call_first": False}, "link 1, fac_b: call_first"),
    "open longer": ({f"{TWO}/open_from": day(4)}, "link 1, fac_b: open_from"),
    "opened by something else": ({f"{TWO}/opened_by": ["licence.in_force"]}, "link 1, fac_b: opened_by"),
    "another first night": ({"/from": day(1)}, "the chain: from"),
    "fewer nights uncovered": ({"/value/uncovered": 1, "/value/cost": 3000, "/bound": 3000}, "the chain: value"),
    "nights that are not said": ({"/uncovered": []}, "the chain: uncovered"),
    "provisional": ({"/provisional": ["minor.history"]}, "the chain: provisional"),
    "a bound above": ({"/bound": 6000}, "the bound does not fit"),
    "optimal with a gap": ({"/bound": 4000}, "the bound does not fit"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str, stored: Json, facts: Snapshot) -> None:
    changes, said = PLANTED[name]
    found = faults(changed(stored, changes), facts)
    assert any(said in fault for fault in found), found
    assert len(found) < 8


def of_another_evening(before: Json, now: Json) -> list[str]:
    """What is wrong where the chain of one evening is held against another."""
    facts = decode(now)
    return faults(chained(decode(before)) | {"snapshot_sha256": chained(facts)["snapshot_sha256"]}, facts)


def test_a_better_chain_is_found() -> None:
    now = changed(month(), {"/facilities/2/units/0/beds/0/status": "open"})
    assert of_another_evening(month(), now) == ["a better chain exists"]


@pytest.mark.parametrize(
    "change",
    [
        {"/facilities/0/units/0/beds": [bed("bed_a1", unavailable=[[day(5), day(9)]])]},
        {"/facilities/0/licence/expires_on": day(5)},
    ],
)
def test_a_stay_that_outlasts_its_bed_or_its_licence_is_found(change: Json) -> None:
    found = of_another_evening(month(), changed(month(), change))
    assert any("fac_a" in fault and ("its bed is taken" in fault or "licence" in fault) for fault in found), found


def test_a_chain_with_a_move_too_many_is_found() -> None:
    """What the second house takes over, the first could have gone on to pay."""
    now = changed(month(), {"/facilities/0/funds": ["fund_a", "fund_b"]})
    found = of_another_evening(month(), now)
    assert found == [
        "link 0, fac_a: why is not what the snapshot gives",
        "link 0, fac_a: binding is not what the snapshot gives",
    ]


def test_a_payer_that_should_have_been_spared_is_found() -> None:
    now = changed(month(), {"/facilities/0/funds": ["fund_a", "fund_c"], "/referrals/0/nights_needed": 6})
    other = changed(now, {"/funds/2/limits/0/requires": ["x"]})
    assert of_another_evening(other, now) == []
    scarce = changed(now, {"/funds/0/limits/0/nights_left": 6})
    other = changed(scarce, {"/funds/2/limits/0/requires": ["x"]})
    assert of_another_evening(other, scarce) == ["a better chain exists"]


def test_a_claim_that_cannot_be_looked_at_is_said(
    monkeypatch: pytest.MonkeyPatch, stored: Json, facts: Snapshot
) -> None:
    monkeypatch.setattr("matching.check_chains.MOST_STEPS", 1)
    assert faults(stored, facts) == ["more chains than could be looked at"]
    assert faults(stored | {"proof": "bounded", "bound": 4000}, facts) == []
