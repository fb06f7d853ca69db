"""The best chain of payers against every chain there is: last resorts, scarce payers and gaps included."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import coverage
from matching.coverage import PayerRun, cover, cover_from, heads
from tests.proofs import saw, times

from .builders import (
    changed,
    clock,
    day,
    finding,
    fund,
    house,
    option,
    placed,
    referral,
    resident,
    snapshot,
    stay,
)

START = 739_000
Night = int
Sequence = tuple[int, ...]
"""Who pays, night by night, as places in a list of payers."""


@dataclass(frozen=True)
class Money:
    """A payer by its table: the first night that a block from each night does not reach."""

    fund: str
    last_resort: bool
    nights_left: int | None
    ends: tuple[int, ...]

    def run(self) -> PayerRun:
        return PayerRun(
            self.fund,
            self.last_resort,
            self.nights_left,
            lambda start, stop: min(START + self.ends[start - START], stop) if start < stop else start,
            may_return=self.may_return,
            alike=lambda: None if self.may_return else self.ends,
        )

    @property
    def may_return(self) -> bool:
        """Whether a night that it could begin on comes after one that it could not."""
        could = [end > night for night, end in enumerate(self.ends)]
        return any(later and not earlier for earlier, later in pairwise(could))

    def pays(self, first: Night, night: Night) -> bool:
        """Whether a block that began on `first` pays a night."""
        return self.ends[first] > night


def sequences(payers: list[Money], nights: int) -> Iterator[Sequence]:
    """Every way of funding the first nights without a gap, by the page's words: one block for each payer."""

    def go_on(so_far: Sequence, used: frozenset[int], now: int | None, first: Night) -> Iterator[Sequence]:
        yield so_far
        night = len(so_far)
        if night == nights:
            return
        could = {at for at in range(len(payers)) if at not in used and payers[at].pays(night, night)}
        if now is not None and payers[now].pays(first, night):
            could.add(now)
        if any(not payers[at].last_resort for at in could):
            could = {at for at in could if not payers[at].last_resort}
        for at in could:
            begun = first if at == now else night
            yield from go_on((*so_far, at), used | {at}, at, begun)

    yield from go_on((), frozenset(), None, 0)


def order(payers: list[Money], found: Sequence) -> tuple[Any, ...]:
    """The page's five criteria, least is best."""
    scarce = [at for at in range(len(payers)) if payers[at].nights_left is not None]
    scarce.sort(key=lambda at: (payers[at].nights_left, payers[at].fund))
    return (
        -len(found),
        sum(payers[at].last_resort for at in found),
        sum(one != two for one, two in pairwise(found)),
        [found.count(at) for at in scarce],
        [payers[at].fund for at in found],
    )


def best(payers: list[Money], nights: int) -> list[str]:
    return [payers[at].fund for at in min(sequences(payers, nights), key=lambda found: order(payers, found))]


def chosen(payers: list[Money], nights: int) -> list[str]:
    found = cover([payer.run() for payer in payers], START, START + nights)
    assert found.end == START + found.nights(START)
    paid = [
        (payer.fund, (payer.until.toordinal() if payer.until else START) - payer.from_.toordinal())
        for payer in found.payers
    ]
    assert all(nights > 0 for _, nights in paid)
    assert len({name for name, _ in paid}) == len(paid), "no fund stands in it twice"
    return [name for name, nights in paid for _ in range(nights)]


def drawn(seed: int) -> tuple[list[Money], int]:
    """A few payers for a few nights; a block never ends earlier for starting later."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret
    nights = draw.randint(1, 9)
    flavour = draw.choice(["caps", "gaps", "mixed"])
    payers = []
    for name in draw.sample("abcdefgh", draw.randint(0, 4)):
        ends, end = [], 0
        cap = draw.randint(0, nights)
        for night in range(nights):
            if flavour == "caps" or (flavour == "mixed" and draw.random() < 0.5):
                end = max(end, min(night + cap, nights))
            elif draw.random() < 0.4:
                end = max(end, draw.randint(night, nights))
            end = max(end, night)
            ends.append(end)
        payers.append(
            Money(name, draw.random() < 0.3, draw.choice([None, None, 0, draw.randint(1, 9), 5]), tuple(ends))
        )
    return payers, nights


drawings = st.integers(0, 2**32).map(drawn)


@settings(max_examples=times(3000), deadline=None)
@given(drawings)
def test_the_best_chain_of_all(drawing: tuple[list[Money], int]) -> None:
    payers, nights = drawing
    assert chosen(payers, nights) == best(payers, nights)
    saw("chains of payers, against every chain there is", 1)


@settings(max_examples=times(400), deadline=None)
@given(drawings)
def test_how_far_each_payer_leads(drawing: tuple[list[Money], int]) -> None:
    payers, nights = drawing
    found = heads([payer.run() for payer in payers], START, START + nights)
    every = list(sequences(payers, nights))
    for at, payer in enumerate(payers):
        longest = max((len(one) for one in every if one and one[0] == at), default=0)
        assert found[payer.fund] - START == longest


@settings(max_examples=times(400), deadline=None)
@given(drawings)
def test_the_best_chain_that_each_payer_begins(drawing: tuple[list[Money], int]) -> None:
    payers, nights = drawing
    every = list(sequences(payers, nights))
    runs = [payer.run() for payer in payers]
    for at, payer in enumerate(payers):
        first = [one for one in every if one and one[0] == at]
        found = cover_from(runs, payer.fund, START, START + nights)
        paid = [
            row.fund
            for row in found.payers
            for _ in range((row.until or row.from_).toordinal() - row.from_.toordinal())
        ]
        wanted = min(first, key=lambda one: order(payers, one), default=())
        assert paid == [payers[one].fund for one in wanted]
        assert found.end == START + len(wanted)
        assert found.proved


@settings(max_examples=times(100), deadline=None)
@given(drawings, st.randoms(use_true_random=False))
def test_the_order_of_payers_changes_nothing(drawing: tuple[list[Money], int], shuffle: Random) -> None:
    payers, nights = drawing
    runs = [payer.run() for payer in payers]
    before = cover(runs, START, START + nights)
    shuffle.shuffle(runs)
    assert cover(runs, START, START + nights) == before


def payer(name: str, nights: int, *, left: int | None = None, last: bool = False) -> Money:
    """A payer that pays so many nights from whichever night, over a need of thirty."""
    return Money(name, last, left, tuple(min(night + nights, 30) for night in range(30)))


def blocks(payers: list[Money], nights: int = 30) -> list[tuple[str, int]]:
    paid = chosen(payers, nights)
    return [(name, paid.count(name)) for name in dict.fromkeys(paid)]


@pytest.mark.parametrize(
    ("payers", "expected"),
    [
        ([], []),
        ([payer("a", 0)], []),
        ([payer("a", 30), payer("b", 30)], [("a", 30)]),
        ([payer("a", 30, left=9), payer("b", 30)], [("b", 30)]),
        ([payer("a", 30, left=9), payer("b", 30, left=8)], [("a", 30)]),
        ([payer("a", 30, left=9), payer("b", 30, left=9)], [("b", 30)]),
        ([payer("a", 30, left=0), payer("b", 30, left=40)], [("b", 30)]),
        ([payer("b", 14), payer("a", 30, last=True)], [("b", 14), ("a", 16)]),
        ([payer("a", 30, last=True)], [("a", 30)]),
        ([payer("a", 20), payer("b", 10), payer("c", 10)], [("a", 20), ("b", 10)]),
        ([payer("c", 12), payer("b", 12), payer("a", 12)], [("a", 12), ("b", 12), ("c", 6)]),
        ([payer("a", 14, left=40), payer("b", 21)], [("a", 9), ("b", 21)]),
        ([payer("a", 14), payer("b", 21)], [("a", 14), ("b", 16)]),
    ],
)
def test_the_five_criteria_by_hand(payers: list[Money], expected: list[tuple[str, int]]) -> None:
    assert blocks(payers) == expected


def test_no_nights_need_no_payer() -> None:
    assert cover([payer("a", 30).run()], START, START) == ((), START, True)


# From funds and limits to nights, payers and what ends the run.


def network(*funds: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = [row["id"] for row in funds]
    return snapshot(facilities=[house(funds=names)], funds=list(funds)) | more


def ranges(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["fund"], row["from"], row["until"]) for row in option(document)["payers"]]


def test_two_caps_one_after_the_other() -> None:
    document = network(fund("a", clocks=[clock(14)]), fund("b", clocks=[clock(21)]))
    assert ranges(document) == [("fund_a", day(0), day(14)), ("fund_b", day(14), day(30))]
    assert option(document)["binding"] is None


def test_the_scarce_payer_is_spared() -> None:
    document = network(fund("a", clocks=[clock(14)], nights_left=40), fund("b", clocks=[clock(21)]))
    assert ranges(document) == [("fund_a", day(0), day(9)), ("fund_b", day(9), day(30))]


def test_a_payer_whose_block_has_ended_does_not_pay_again() -> None:
    weekly = fund("w", clocks=[clock(7, window="trailing", window_days=10)])
    document = network(weekly, fund("y", nights_left=6), referrals=[referral(nights_needed=20)])
    assert ranges(document) == [("fund_w", day(0), day(7)), ("fund_y", day(7), day(13))]
    assert option(document)["binding"] == "funding.budget"
    assert option(document)["first_unfunded_night"] == day(13)


def test_a_payer_with_an_open_question_is_never_in_the_chain() -> None:
    document = network(fund("a", clocks=[clock(14)]), fund("b", requires=["x"]))
    document = changed(document, {"/minors/0/approvals": None})
    assert ranges(document) == [("fund_a", day(0), day(14))]


def test_a_payer_that_opens_the_chain_later_only() -> None:
    """Its caps let it pay from the fifth night on: it is not met tonight, yet it can follow another."""
    used = stay(start=-20, end=-8)
    late = fund("a", clocks=[clock(12, window="trailing", window_days=25)])
    document = network(late, fund("b", clocks=[clock(7)]), stays=[used])
    assert finding(document, "funding.clock", "fund_a")["outcome"] == "not_met"
    assert ranges(document) == [("fund_b", day(0), day(7)), ("fund_a", day(7), day(19))]


def test_a_last_resort_steps_in_when_nobody_else_can() -> None:
    document = network(fund("a", clocks=[clock(14)]), fund("g", last_resort=True))
    assert ranges(document) == [("fund_a", day(0), day(14)), ("fund_g", day(14), day(30))]


def test_a_last_resort_makes_way_for_a_fund_whose_beds_free_up() -> None:
    leaves = stay("stay_9", -5, 5, minor="min_9", facility="fac_b")
    document = network(fund("a", beds_per_night=1), fund("g", last_resort=True), stays=[leaves])
    assert ranges(document) == [("fund_g", day(0), day(5)), ("fund_a", day(5), day(30))]


def test_a_last_resort_makes_way_for_a_cap_that_pays_again() -> None:
    yearly = fund("a", clocks=[clock(12, window="trailing", window_days=25)])
    document = network(yearly, fund("g", last_resort=True), stays=[stay(start=-20, end=-8)])
    assert ranges(document) == [("fund_g", day(0), day(5)), ("fund_a", day(5), day(17))]
    assert option(document)["binding"] == "funding.clock"


def test_beds_of_a_fund_end_a_run_when_another_comes() -> None:
    comes = stay("stay_9", 5, 9, minor="min_9", facility="fac_b")
    document = network(fund("a", beds_per_night=1), stays=[comes])
    entry = option(document)
    assert (entry["funded_nights"], entry["binding"]) == (5, "funding.beds")


@pytest.mark.parametrize(
    ("limits", "binding"),
    [
        ({"leaves_at_age": 16, "clocks": [clock(101)], "nights_left": 101}, "funding.ages_out"),
        ({"clocks": [clock(101)], "nights_left": 101}, "funding.clock"),
        ({"nights_left": 101}, "funding.budget"),
    ],
)
def test_what_binds_is_named_in_the_pages_order(limits: dict[str, Any], binding: str) -> None:
    """She turns 16 on 2027-03-02, 101 nights from now: all ends come on one night, and the first is named."""
    document = network(fund("a", **limits), referrals=[referral(nights_needed=180)])
    entry = option(document)
    assert (entry["funded_nights"], entry["first_unfunded_night"]) == (101, "2027-03-02")
    assert entry["binding"] == binding


@pytest.mark.parametrize(
    ("licence", "binding"),
    [
        ({"expires_on": "2027-03-02", "max_age": 15}, "licence.in_force"),
        ({"max_age": 15}, "licence.age"),
    ],
)
def test_the_licence_binds_before_any_fund(licence: dict[str, Any], binding: str) -> None:
    document = network(fund("a", clocks=[clock(101)]), referrals=[referral(nights_needed=180)])
    document = changed(document, {f"/facilities/0/licence/{name}": value for name, value in licence.items()})
    entry = option(document)
    assert (entry["funded_nights"], entry["binding"]) == (101, binding)


def test_the_need_ends_at_the_horizon() -> None:
    for needed, nights in ((None, 180), (179, 179), (500, 180)):
        document = network(fund("a"), referrals=[referral(nights_needed=needed)])
        assert option(document)["funded_nights"] == nights


def test_a_house_where_nobody_ever_leaves_has_no_nights() -> None:
    here = house(residents=[resident("bed_a1"), resident("bed_a2", minor="min_8")])
    name, entry = placed(snapshot(facilities=[here]))
    assert name == "later"
    assert [entry[key] for key in ("from", "admit_on", "funded_nights", "first_unfunded_night", "binding", "bed")] == [
        None
    ] * 6
    assert (entry["payers"], entry["terms"], entry["network"], entry["call_first"]) == ([], [], None, None)


@pytest.mark.parametrize("caps", [[2] * 30, [1, 2, 3] * 8, list(range(1, 24))])
def test_a_house_with_many_payers_is_still_answered(caps: list[int]) -> None:
    """Payers alike are taken by id; where they differ too much, a chain as long stands and says so."""
    payers = [payer(f"fund_{at:02}", cap) for at, cap in enumerate(caps)]
    found = cover([one.run() for one in payers], START, START + 30)
    assert found.end == START + min(30, sum(caps))
    assert len({one.fund for one in found.payers}) == len(found.payers)
    if len(set(caps)) == 1:
        assert found.proved
        assert [one.fund for one in found.payers] == sorted(one.fund for one in found.payers)


def test_a_search_that_is_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    payers = [payer("a", 14, left=40), payer("b", 21), payer("c", 3)]
    assert cover([one.run() for one in payers], START, START + 30).proved
    monkeypatch.setattr(coverage, "MOST_STEPS", 0)
    cut = cover([one.run() for one in payers], START, START + 30)
    assert (cut.end, cut.proved) == (START + 30, False)
