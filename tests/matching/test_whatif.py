"""The past re-run under other limits: small worlds whose answer is known, and against worlds lived through anew."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from matching.codec import decode
from matching.decision import Option
from matching.facts import Limit, Payer
from matching.ranking import options
from matching.value import DEFAULT_POLICY
from matching.whatif import Decided, Look, Past, Rerun, rerun, reruns
from matching.whatif_limits import Change
from matching.whatif_world import Slept
from tests.proofs import saw, times

from .builders import TONIGHT, Json, bed, clock, fund, house, minor, referral, snapshot, unit

NIGHTS, FEW = 6, 15
Runs = tuple[Payer, ...]


@dataclass
class Stay:
    """One stay of a world: planned until a day, left on another; `other`: it is not as it was."""

    referral: str
    house: str
    bed: str
    first: date
    left: date
    planned: date
    payers: Runs
    other: bool = False

    @property
    def nights(self) -> dict[date, tuple[str, str | None]]:
        paying = {self.first + timedelta(days=at): None for at in range((self.left - self.first).days)}
        return {
            night: (self.bed, next((row.fund for row in self.payers if row.from_ <= night < until(row)), None))
            for night in paying
        }


def until(row: Payer) -> date:
    assert row.until is not None
    return row.until


def night(offset: int) -> date:
    return TONIGHT + timedelta(days=offset)


@dataclass
class Network:
    """Houses, funds and people; who says no where; and who leaves before the money ends."""

    houses: list[Json]
    funds: list[Json]
    minors: list[Json]
    opened: dict[str, tuple[int, int]]
    """By referral: the night on which it is opened, and that on which nobody waits any more."""
    need: int = 30
    declined: frozenset[tuple[str, str]] = frozenset()
    leaves_after: Mapping[str, int] = field(default_factory=dict)


class World:
    """The network lived through, each night's snapshot made from nothing."""

    def __init__(self, network: Network, funds: list[Json] | None = None) -> None:
        self.network = network
        self.funds = network.funds if funds is None else funds
        self.stays: list[Stay] = []

    def has_bed(self, name: str, n: int) -> bool:
        return any(stay.referral == name and stay.left > night(n) for stay in self.stays)

    def document(self, n: int, waiting: Iterable[str]) -> Json:
        tonight, waiting = night(n), list(waiting)
        there = [stay for stay in self.stays if stay.left > tonight]
        houses = []
        for one in self.network.houses:
            own = [stay for stay in there if stay.house == one["id"]]
            listed = [
                {"minor": of(stay.referral), "bed": stay.bed, "trafficking": "verified", "age": 15,
                 "from": stay.first.isoformat() if stay.first > tonight else None, "until": ends(stay).isoformat()}
                for stay in own
            ]  # fmt: skip
            houses.append(one | {"residents": listed})
        minors = {of(name) for name in waiting} | {of(stay.referral) for stay in there}
        return snapshot(
            as_of=f"{tonight.isoformat()}T22:14:00-05:00",
            tonight=tonight.isoformat(),
            facilities=houses,
            funds=[self._left(one) for one in self.funds],
            minors=[one for one in self.network.minors if one["id"] in minors],
            referrals=[
                referral(int(name[4:]), nights_needed=self.network.need, needed_from=None) for name in sorted(waiting)
            ],
            stays=[
                {"id": f"stay {stay.referral} {stay.first}", "minor": of(stay.referral), "facility": stay.house,
                 "bed": stay.bed, "admitted_on": stay.first.isoformat(),
                 "left_on": stay.left.isoformat() if stay.left <= tonight else None,
                 "payers": [{"fund": row.fund, "from": row.from_.isoformat(), "until": until(row).isoformat()}
                            for row in stay.payers]}
                for stay in self.stays
                if stay.left > tonight or stay.referral in waiting
            ],
        )  # fmt: skip

    def _left(self, one: Json) -> Json:
        (row,) = one["limits"]
        if row.get("nights_left") is None:
            return one
        paid = sum(who == one["id"] for stay in self.stays for _, who in stay.nights.values())
        return one | {"limits": [row | {"nights_left": max(0, row["nights_left"] - paid)}]}


def ends(stay: Stay) -> date:
    return stay.left if stay.other else stay.planned


def of(name: str) -> str:
    return f"min_{name[4:]}"


@dataclass
class Lived:
    """One decision of a history, with who waited then."""

    n: int
    referral: str
    waiting: list[str]
    document: Json
    was: dict[str, Runs]
    stay: Stay | None


def live(network: Network) -> list[Lived]:
    """Everybody who waits is decided night by night; the first house that does not decline takes her."""
    world, lived = World(network), []
    placed: set[str] = set()
    for n in range(NIGHTS):
        for name, (first, stop) in network.opened.items():
            if not first <= n < stop or name in placed:
                continue
            waiting = [one for one, (a, b) in network.opened.items() if a <= n < b and one not in placed]
            document = world.document(n, waiting)
            found = options(decode(document), name, DEFAULT_POLICY)
            stay = next(
                (taken(network, name, row) for row in found if (name, row.facility) not in network.declined), None
            )
            lived.append(Lived(n, name, waiting, document, {row.facility: row.payers for row in found}, stay))
            if stay is not None:
                world.stays.append(stay)
                placed.add(name)
    return lived


def end_of(row: Option) -> date:
    assert row.admit_on is not None
    paid = row.admit_on + timedelta(days=row.funded_nights or 0)
    return min(paid, row.bed_until or paid)


def taken(network: Network, name: str, row: Option) -> Stay:
    end = end_of(row)
    assert row.admit_on is not None
    assert row.bed is not None
    left = min(end, row.admit_on + timedelta(days=network.leaves_after.get(name, 999)))
    return Stay(name, row.facility, row.bed, row.admit_on, left, end, cut(row.payers, end))


def cut(payers: Runs, end: date) -> Runs:
    return tuple(replace(row, until=min(until(row), end)) for row in payers if row.from_ < end)


def past_of(network: Network, lived: list[Lived]) -> Past:
    looks = {f"run_{at}": Look(decode(row.document), DEFAULT_POLICY) for at, row in enumerate(lived)}
    return Past(
        decisions=[
            Decided(
                run=f"run_{at}",
                at=datetime.fromisoformat(row.document["as_of"]),
                tonight=night(row.n),
                referral=row.referral,
                minor=of(row.referral),
                came=slept(row.stay),
            )
            for at, row in enumerate(lived)
        ],
        look=looks.get,
        declined=network.declined,
        budgeted=frozenset(one["id"] for one in network.funds if one["limits"][0].get("nights_left") is not None),
    )


def slept(stay: Stay | None) -> Slept | None:
    if stay is None:
        return None
    return Slept(
        f"stay {stay.referral} {stay.first}", stay.referral, of(stay.referral), stay.house, stay.left, stay.nights
    )


def live_anew(network: Network, lived: list[Lived], funds: list[Json]) -> list[Stay]:
    """The same decisions under other limits: who has no bed then is not asked for again, and who has one no more."""
    world = World(network, funds)
    for row in lived:
        if world.has_bed(row.referral, row.n):
            continue
        waiting = [name for name in row.waiting if not world.has_bed(name, row.n)]
        found = options(decode(world.document(row.n, waiting)), row.referral, DEFAULT_POLICY)
        stay = chosen(network, world, row, found)
        if stay is not None:
            world.stays.append(stay)
    return world.stays


def chosen(network: Network, world: World, row: Lived, found: Iterable[Option]) -> Stay | None:
    found, then = list(found), row.stay
    willing = [one for one in found if (row.referral, one.facility) not in network.declined]
    if then is None:
        return next((other(world, row, one, end_of(one)) for one in willing if one.facility not in row.was), None)
    clash = any(
        stay.other and stay.bed == then.bed and stay.first < then.left and then.first < stay.left
        for stay in world.stays
    )
    own = next((one for one in found if one.facility == then.house), None)
    if own is not None and not clash and own.payers == row.was[then.house]:
        return then
    paid = max(until(payer) for payer in row.was[then.house])

    def left(one: Option) -> date:
        return min(then.left, end_of(one)) if then.left < paid else end_of(one)

    if own is not None:
        return other(world, row, own, left(own), None if clash else then.bed)
    return next((other(world, row, one, left(one)) for one in willing), None)


def other(world: World, row: Lived, one: Option, end: date, bed_id: str | None = None) -> Stay:
    assert one.admit_on is not None
    bed_id = bed_id or one.bed
    assert bed_id is not None
    return Stay(row.referral, one.facility, bed_id, one.admit_on, end, end, cut(one.payers, end), other=True)


def after(lived: list[Lived], found: Rerun) -> list[tuple[Any, ...]]:
    """Who is where in the other world, as the re-run says it."""
    gone = {row.referral for row in found.gone}
    kept = [row.stay for row in lived if row.stay is not None and row.referral not in gone]
    new = [(row.referral, row.facility, {on: (row.bed, who) for on, who in row.nights}) for row in found.extra]
    return in_order([*((stay.referral, stay.house, stay.nights) for stay in kept), *new])


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: (row[0], min(row[2])))


def small(seed: int) -> tuple[Network, list[Json], list[Change]]:
    """A few houses with a bed or two, funds that run short, a dozen young people; and a change."""
    draw = Random(seed)  # noqa: S311 - an example, not a secret

    def beds(letter: str) -> Json:
        return unit(f"unit_{letter}", *(bed(f"bed_{letter}{at}") for at in range(draw.randint(1, 2))))

    names = ["fund_a", "fund_b"]
    houses = [
        house(letter, beds(letter), staffing={"night_ratio": 9, "awake_staff_tonight": 1},
              funds=draw.sample(names, draw.randint(1, 2)))
        for letter in "abc"[: draw.randint(1, 3)]
    ]  # fmt: skip

    def limits() -> Json:
        return {
            "max_age": draw.choice([13, 14, 15, 17, None]),
            "clocks": [clock(draw.randint(1, 4), id="cap")],
            "beds_per_night": draw.choice([0, 1, 2, None]),
            "nights_left": draw.choice([None, None, 3, 6]),
        }

    before = {letter: limits() for letter in "ab"}
    number = range(1, draw.randint(4, 9))
    minors = [minor(f"min_{at}", born_on=f"{2026 - draw.randint(12, 17)}-03-02") for at in number]
    opened = {f"ref_{at}": (first := draw.randint(0, NIGHTS - 1), first + draw.randint(1, 4)) for at in number}
    network = Network(
        houses,
        [fund(letter, **row) for letter, row in before.items()],
        minors,
        opened,
        need=draw.randint(2, 5),
        declined=frozenset(
            (name, one["id"]) for name in opened for one in houses if draw.random() < 0.15
        ),
        leaves_after={name: draw.randint(1, 2) for name in opened if draw.random() < 0.3},
    )  # fmt: skip
    now, letter, new = dict(before), draw.choice("ab"), limits()
    name = draw.choice(["max_age", "clocks", "beds_per_night"])
    now[letter] = now[letter] | {name: new[name]}
    funds = [fund(one, **row) for one, row in now.items()]
    return network, funds, [change_to(f"fund_{letter}", funds["ab".index(letter)], name)]


RULES = {"max_age": "funding.age_band", "clocks": "funding.clock", "beds_per_night": "funding.beds"}


def change_to(name: str, one: Json, what: str) -> Change:
    (row,) = decode(snapshot(funds=[one], facilities=[])).funds[0].limits
    put: Callable[[Limit], Limit] = lambda limit: replace(limit, **{what: getattr(row, what)})  # noqa: E731
    return Change(name, frozenset({RULES[what]}), put)


def cap(nights: int) -> list[Change]:
    return [change_to("fund_a", fund("a", clocks=[clock(nights, id="cap")]), "clocks")]


@pytest.fixture
def one_bed() -> Network:
    """One bed, a cap of two nights; the second young person comes when the first has left."""
    return Network(
        [house("a", unit("unit_a", bed("bed_a1")))],
        [fund("a", max_age=15, clocks=[clock(2, id="cap")])],
        [minor("min_1"), minor("min_2"), minor("min_3", born_on="2009-12-01")],
        {"ref_1": (0, 1), "ref_2": (1, 3), "ref_3": (4, 5)},
    )


def test_a_change_of_nothing_is_history(one_bed: Network) -> None:
    lived = live(one_bed)
    for every in (False, True):
        found = rerun(past_of(one_bed, lived), [], every=every)
        assert (found.gone, found.extra, found.derived) == ((), (), len(lived) if every else 0)


def test_a_cap_raised_keeps_one_longer_and_another_loses_her_bed(one_bed: Network) -> None:
    lived = live(one_bed)
    assert [(row.n, row.referral, row.stay is not None) for row in lived] == [
        (0, "ref_1", True), (1, "ref_2", False), (2, "ref_2", True), (4, "ref_3", False)
    ]  # fmt: skip
    found = rerun(past_of(one_bed, lived), cap(4))
    assert {row.referral for row in found.gone} == {"ref_1", "ref_2"}
    (longer,) = found.extra
    assert (longer.referral, longer.first, longer.until) == ("ref_1", night(0), night(4))
    assert [who for _, who in longer.nights] == ["fund_a"] * 4


def test_an_age_raised_lets_one_in(one_bed: Network) -> None:
    lived, (change,) = live(one_bed), [change_to("fund_a", fund("a", max_age=16), "max_age")]
    refused = {"fund_a": frozenset({"funding.age_band"})}
    past = past_of(one_bed, lived)
    past = replace(past, decisions=[*past.decisions[:-1], replace(past.decisions[-1], refused=refused)])
    found = rerun(past, [change])
    assert (found.gone, [row.referral for row in found.extra]) == ((), ["ref_3"])
    assert found.let == {"fund_a": {"min_3"}}


def test_who_declined_then_declines_now(one_bed: Network) -> None:
    change = change_to("fund_a", fund("a", max_age=16), "max_age")
    past = replace(past_of(one_bed, live(one_bed)), declined=frozenset({("ref_3", "fac_a")}))
    assert rerun(past, [change]).extra == ()


def test_who_comes_by_no_decision_ends_what_is_in_the_way(one_bed: Network) -> None:
    past = replace(past_of(one_bed, live(one_bed)), fixed={"bed_a1": frozenset({night(3)})})
    (longer,) = rerun(past, cap(9)).extra
    assert longer.until == night(3)


def test_a_cap_lowered_ends_a_stay_sooner_and_frees_the_bed(one_bed: Network) -> None:
    found = rerun(past_of(one_bed, live(one_bed)), cap(1))
    assert {row.referral: (row.first, row.until) for row in found.extra} == {
        "ref_1": (night(0), night(1)),
        "ref_2": (night(1), night(2)),
    }


def test_a_rule_that_stands_alone_in_the_way_spares_a_decision(one_bed: Network) -> None:
    """A fund that does not pay for girls does not, whatever its cap: the decision is not derived again."""
    past = past_of(one_bed, live(one_bed))
    refused = {"fund_a": frozenset({"funding.gender", "funding.clock"})}
    past = replace(past, decisions=[replace(row, refused=refused) for row in past.decisions], look=lambda _: None)
    assert rerun(past, cap(9)).derived == 0


def test_equals_a_world_lived_through_anew() -> None:
    """Each night's network made from nothing under the changed limits; and nothing is spared that could differ."""
    differ = 0
    for seed in range(times(FEW)):
        network, funds, changes = small(seed)
        lived = live(network)
        past = past_of(network, lived)
        found, whole = rerun(past, changes), rerun(past, changes, every=True)
        anew = in_order((stay.referral, stay.house, stay.nights) for stay in live_anew(network, lived, funds))
        assert after(lived, found) == anew, seed
        assert (found.gone, found.extra) == (whole.gone, whole.extra), seed
        nothing, again = reruns(past, [[], changes], every=True)
        assert (nothing.gone, nothing.extra) == ((), ())
        assert (again.gone, again.extra) == (whole.gone, whole.extra), seed
        differ += bool(found.extra or found.gone)
    assert differ > times(FEW) / 5
    saw("what-ifs equal to a world lived through anew", times(FEW))
