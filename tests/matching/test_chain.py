"""The best chain of stays against every chain there is, and what is said of each move."""

import json
from datetime import date, timedelta
from random import Random

import pytest
from jsonschema import Draft202012Validator

from matching.chain import Chain, Link, chain
from matching.chain_form import chain_document, chain_schema
from matching.check_chains import Before, Stayed, World, every_chain, order
from matching.check_nights import Block
from matching.codec import decode
from matching.ranking import UnknownPolicy, UnknownReferral
from matching.value import DEFAULT_POLICY
from tests.proofs import saw, times

from .builders import (
    TONIGHT,
    Json,
    bed,
    changed,
    clock,
    day,
    fund,
    house,
    minor,
    option,
    referral,
    resident,
    snapshot,
    stay,
    unit,
)

FEW = 20
STAYS = 4


def small(seed: int) -> Json:
    """A few houses, payers and nights, in which houses open and close, payers run out, and some facts are not known."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    nights = draw.randint(2, 7)
    funds = [_fund(draw, letter) for letter in "abc"[: draw.randint(1, 3)]]
    houses = [_house(draw, letter, [row["id"] for row in funds], nights) for letter in "abc"[: draw.randint(1, 3)]]
    turns = date(2009 + draw.randint(-1, 0), 11, 21) + timedelta(days=draw.randint(-1, nights))
    who = minor(born_on=turns.isoformat() if draw.random() < 0.4 else "2011-03-02")
    if draw.random() < 0.1:
        who |= {"gender": None, "history": None}
    stays = []
    if draw.random() < 0.4:
        stays.append(stay("stay_1", -9, -9 + draw.randint(1, 6), fund=draw.choice(funds)["id"]))
    if draw.random() < 0.3:
        end = draw.choice((None, draw.randint(1, 5)))
        at = draw.choice(["fac_old", *(row["id"] for row in houses)])
        stays.append(stay("stay_2", -2, end, fund=draw.choice(funds)["id"], facility=at))
    asked = referral(nights_needed=nights, needed_from=day(draw.choice((0, 0, 1))))
    return snapshot(facilities=houses, funds=funds, minors=[who], referrals=[asked], stays=stays)


def _fund(draw: Random, letter: str) -> Json:
    window = draw.choice(("lifetime", "trailing", "stay", "chain", "fiscal_year"))
    more: Json = {"trailing": {"window_days": draw.randint(2, 6)}, "chain": {"gap_days": draw.randint(0, 2)}}.get(
        window, {"fiscal_year_start": "11-24"} if window == "fiscal_year" else {}
    )
    kind = draw.choice(("night", "day", "business_day")) if window in ("stay", "chain") else "night"
    caps = [clock(draw.randint(1, 4), kind, window, **more)] if draw.random() < 0.8 else []
    row = fund(
        letter,
        last_resort=draw.random() < 0.2,
        clocks=caps,
        nights_left=draw.choice((None, None, 1, 3)),
        leaves_at_age=draw.choice((None, None, 17)),
        max_age=draw.choice((None, None, 16)),
        valid_until=draw.choice((None, None, day(draw.randint(1, 4)))),
    )
    if row["limits"][0]["valid_until"] and draw.random() < 0.5:
        again = row["limits"][0] | {"valid_from": row["limits"][0]["valid_until"], "valid_until": None, "clocks": []}
        row["limits"].append(again)
    return row


def _house(draw: Random, letter: str, funds: list[str], nights: int) -> Json:
    beds = [bed(f"bed_{letter}{at}", draw.choice(("open", "open", "cleaning"))) for at in range(draw.randint(1, 2))]
    for row in beds:
        if draw.random() < 0.4:
            start = draw.randint(0, nights)
            row["unavailable"] = [[day(start), day(start + draw.randint(1, 4))]]
    found = house(letter, unit(f"unit_{letter}", *beds), funds=draw.sample(funds, draw.randint(1, len(funds))))
    if draw.random() < 0.4:
        until = draw.choice((None, day(draw.randint(1, nights))))
        trafficking = draw.choice(("verified", "verified", "none", None))
        found["residents"] = [resident(beds[0]["id"], minor=f"min_of_{letter}", until=until, trafficking=trafficking)]
    if draw.random() < 0.2:
        found["licence"]["expires_on"] = day(draw.randint(1, nights))
    if draw.random() < 0.2:
        expiry = {"verified_on": None, "expires_on": day(draw.randint(0, nights))}
        found["safeguards"]["education"] = {"value": draw.choice((True, None)), **expiry}
    return found


def stays_of(found: Chain) -> Before:
    """A chain as the checker counts it."""
    return tuple(
        Stayed(
            row.facility,
            row.start.toordinal(),
            row.until.toordinal(),
            tuple(Block(one.fund, one.from_.toordinal(), one.until.toordinal()) for one in row.payers if one.until),
        )
        for row in found.links
    )


def shuffled(document: Json, seed: int) -> Json:
    """The same network with its rows in another order."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    copy: Json = json.loads(json.dumps(document))
    for name in ("facilities", "funds", "minors", "referrals", "stays"):
        draw.shuffle(copy[name])
    for row in copy["facilities"]:
        draw.shuffle(row["units"])
        draw.shuffle(row["residents"])
        draw.shuffle(row["funds"])
        for one in row["units"]:
            draw.shuffle(one["beds"])
    return copy


@pytest.mark.parametrize("part", range(4))
def test_no_chain_at_all_is_better(part: int) -> None:
    few = times(FEW) // 4
    for seed in range(part * few, (part + 1) * few):
        facts = decode(small(seed))
        found = chain(facts, "ref_1")
        world = World(facts, "ref_1", DEFAULT_POLICY)
        best = min(order(world, one) for one in every_chain(world, STAYS))
        assert order(world, stays_of(found)) == best, seed
        assert (found.proof, found.bound, found.cost) == ("optimal", best[0].cost, best[0].cost), seed
    saw("chains of stays, against every chain there is", few)


@pytest.mark.parametrize("seed", [65, 733, 1226, 1556])
def test_what_long_proofs_have_found_stays_found(seed: int) -> None:
    """Blocks that begin after the admission, doors that close after one night, and a tie of who pays."""
    facts = decode(small(seed))
    world = World(facts, "ref_1", DEFAULT_POLICY)
    best = min(order(world, one) for one in every_chain(world, STAYS))
    assert order(world, stays_of(chain(facts, "ref_1"))) == best


def test_it_is_the_same_for_every_order_of_the_rows() -> None:
    for seed in range(times(12)):
        document = small(seed)
        said = [chain(decode(shuffled(document, other)), "ref_1") for other in range(3)]
        first = chain(decode(document), "ref_1")
        assert [(row.links, row.uncovered, row.cost) for row in said] == [
            (first.links, first.uncovered, first.cost)
        ] * 3, seed
    saw("chains of stays under another order of rows", times(36))


# What is said of each move.


def two(**more: object) -> Json:
    """Birch pays 30 nights from tonight; Cedar's only bed is somebody's until the 28th night from now."""
    taken = resident("bed_c1", until=day(28))
    return snapshot(
        facilities=[
            house("b", funds=["fund_a"]),
            house("c", unit("unit_c", bed("bed_c1")), funds=["fund_b"], residents=[taken]),
        ],
        funds=[fund("a", clocks=[clock(30)]), fund("b", clocks=[clock(90)])],
        referrals=[referral(nights_needed=90)],
    ) | dict(more)


def found(document: Json) -> Chain:
    """The chain of the first referral, in whatever form it is stored."""
    return chain(decode(document), "ref_1")


def said(link: Link) -> tuple[str, int, int, str, str | None]:
    """House, nights from tonight, why it ends."""
    start, until = ((on - TONIGHT).days for on in (link.start, link.until))
    return link.facility, start, until, link.why, link.binding


def test_a_cliff_then_a_bed_that_has_opened() -> None:
    best = found(two())
    assert [said(row) for row in best.links] == [
        ("fac_b", 0, 30, "cliff", "funding.clock"),
        ("fac_c", 30, 90, "need_met", None),
    ]
    opened = best.links[1]
    assert ((opened.open_from - TONIGHT).days, opened.opened_by, opened.bed) == (28, ("bed",), "bed_c1")
    assert (best.moves, best.nights_uncovered, best.cost, best.proof) == (1, 0, 1000, "optimal")
    assert best.provisional == ()


@pytest.mark.parametrize(("opens", "uncovered"), [(29, 0), (30, 0), (31, 1)])
def test_nights_between_a_cliff_and_a_bed_are_said_as_such(opens: int, uncovered: int) -> None:
    best = found(changed(two(), {"/facilities/1/residents/0/until": day(opens)}))
    assert best.nights_uncovered == uncovered
    assert [(one - TONIGHT).days for row in best.uncovered for one in row] == ([30, 31] if uncovered else [])
    assert best.cost == 1000 + 2000 * uncovered
    assert (best.links[1].start - TONIGHT).days == max(opens, 30)


@pytest.mark.parametrize(
    ("until", "why"), [(20, ("cliff", "bed")), (30, ("cliff", "bed")), (31, ("cliff", "funding.clock"))]
)
def test_a_stay_ends_with_its_bed(until: int, why: tuple[str, str]) -> None:
    document = changed(two(), {"/facilities/0/units/0/beds": [bed("bed_b1", unavailable=[[day(until), day(99)]])]})
    link = found(document).links[0]
    assert (link.nights, (link.why, link.binding)) == (min(until, 30), why)


@pytest.mark.parametrize(
    ("expires", "binding"), [(29, "licence.in_force"), (30, "licence.in_force"), (31, "funding.clock")]
)
def test_a_stay_ends_with_the_licence(expires: int, binding: str) -> None:
    link = found(changed(two(), {"/facilities/0/licence/expires_on": day(expires)})).links[0]
    assert (link.nights, link.binding) == (min(expires, 30), binding)


def test_a_night_that_one_fund_has_paid_counts_in_the_next_house() -> None:
    best = found(changed(two(), {"/facilities/1/funds": ["fund_a"]}))
    assert [said(row)[:3] for row in best.links] == [("fac_b", 0, 30)]
    assert best.nights_uncovered == 60


@pytest.mark.parametrize(("left", "nights"), [(29, 29), (30, 30), (31, 31)])
def test_what_a_fund_has_left_is_used_up_by_the_stay_before(left: int, nights: int) -> None:
    both = fund("a", nights_left=left, clocks=[clock(30, window="stay")])
    best = found(changed(two(), {"/funds/0": both, "/facilities/1/funds": ["fund_a"]}))
    assert sum(row.nights for row in best.links) == nights


@pytest.mark.parametrize("window", ["lifetime", "chain"])
def test_the_payer_that_a_later_house_needs_is_kept_for_it(window: str) -> None:
    """By ids alone the first house would be paid by fund_a, and the second takes no other."""
    document = changed(
        two(),
        {
            "/facilities/0/funds": ["fund_a", "fund_b"],
            "/facilities/1/funds": ["fund_a"],
            "/funds/0/limits/0/clocks/0/window": window,
            "/funds/1/limits/0/clocks/0/limit": 30,
            "/referrals/0/nights_needed": 60,
        },
    )
    assert [payer["fund"] for payer in option(document, "fac_b")["payers"]] == ["fund_a", "fund_b"]
    best = found(changed(document, {"/facilities/0/licence/expires_on": day(30)}))
    assert [[one.fund for one in row.payers] for row in best.links] == [["fund_b"], ["fund_a"]]
    assert best.nights_uncovered == 0


@pytest.mark.parametrize(("closes", "why"), [(30, "early"), (31, "cliff")])
def test_a_stay_is_left_early_only_for_a_door_that_closes(closes: int, why: str) -> None:
    """The second fund admits nobody from that date on; who is there stays."""
    document = changed(two(), {"/facilities/1/residents/0/until": day(5), "/funds/1/limits/0/valid_until": day(closes)})
    best = found(document)
    assert (best.links[0].why, best.links[0].nights, best.nights_uncovered) == (why, min(closes - 1, 30), 0)
    assert best.links[0].binding == (None if why == "early" else "funding.clock")


def test_a_stay_on_record_ends_where_the_chain_begins() -> None:
    """She lives elsewhere, paid by the fund with no end said: from tonight on it pays only what the chain says."""
    document = changed(
        two(stays=[stay("stay_1", -10, None, fund="fund_b")]),
        {"/funds/1/limits/0/clocks/0/limit": 65, "/referrals/0/nights_needed": 85},
    )
    best = found(document)
    assert [said(row) for row in best.links] == [
        ("fac_b", 0, 30, "cliff", "funding.clock"),
        ("fac_c", 30, 85, "need_met", None),
    ]


@pytest.mark.parametrize(
    ("here", "nights", "both"),
    [("fac_b", 20, [("fac_d", 30), ("fac_b", 20)]), ("fac_old", 30, [("fac_b", 30), ("fac_d", 30)])],
)
def test_a_cap_of_one_house_sees_what_was_slept_there(here: str, nights: int, both: list[tuple[str, int]]) -> None:
    """A third house like the first, but for where she has been, has all its nights."""
    document = changed(
        two(stays=[stay("stay_1", -20, -10, facility=here)]),
        {"/facilities/-": house("d", funds=["fund_a"]), "/funds/0/limits/0/clocks/0/scope": "facility"},
    )
    document = changed(document, {"/facilities/1/funds": []})
    best = found(changed(document, {"/facilities/2/licence/valid_from": day(40)}))
    assert [said(row)[:3] for row in best.links] == [("fac_b", 0, nights), ("fac_d", 40, 70)]
    best = found(document)
    assert [(row.facility, row.nights) for row in best.links] == both


def test_a_bed_tonight_is_not_given_up_for_nights_to_come() -> None:
    """The fund's year turns tomorrow: who comes then has all nights, who comes tonight has one."""
    one = fund("a", clocks=[clock(30, window="stay")], valid_until=day(1), nights_left=1)
    again = one["limits"][0] | {"valid_from": day(1), "valid_until": None, "nights_left": None}
    one["limits"].append(again)
    best = found(snapshot(funds=[one], facilities=[house()]))
    assert [said(row)[:3] for row in best.links] == [("fac_a", 0, 1)]


@pytest.mark.parametrize(
    "change",
    [
        {"/facilities/1/safeguards/education/value": None},
        {"/facilities/1/population": None},
        {"/funds/1/limits/0/custody": {"allow": ["parent"], "deny": []}, "/minors/0/custody": None},
        {"/funds/1/limits/0/requires": ["x"]},
    ],
)
def test_what_is_not_known_or_not_met_is_no_stay(change: Json) -> None:
    assert [row.facility for row in found(changed(two(), change)).links] == ["fac_b"]


def test_no_house_at_all() -> None:
    best = found(two(facilities=[]))
    assert (best.links, best.nights_uncovered, best.moves, best.cost) == ((), 90, 0, 180_000)
    assert (best.proof, best.bound) == ("optimal", 180_000)


def test_a_history_that_is_not_complete_is_said() -> None:
    assert found(changed(two(), {"/minors/0/history": None})).provisional == ("minor.history",)


def test_a_search_that_is_cut_says_what_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.chain_search.MOST_STEPS", 1)
    document = changed(two(), {"/facilities/1/residents/0/until": day(33)})
    best = found(document)
    assert best.proof == "bounded"
    assert best.bound <= 7000 < best.cost


def test_its_schema_takes_it() -> None:
    Draft202012Validator.check_schema(chain_schema())
    validator = Draft202012Validator(chain_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for document in (two(), two(facilities=[]), *(small(seed) for seed in range(20))):
        validator.validate(json.loads(json.dumps(chain_document(found(document)))))


def test_a_referral_or_policy_that_is_not_there() -> None:
    with pytest.raises(UnknownReferral):
        chain(decode(two()), "ref_9")
    with pytest.raises(UnknownPolicy):
        chain(decode(two(policy={"id": "mine", "version": 1})), "ref_1")
