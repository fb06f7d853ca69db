"""How good any joint plan can be, for the checker: by a program of its own, whose prices are reckoned in whole numbers.

What is looked at are beds, room in houses, beds that a fund may pay tonight, siblings, and those to be kept apart. A
program finds prices for these (HiGHS, through SciPy); whatever they are, arithmetic makes them a bound. Where nothing
else is between the minors the bound is reached, so that a plan that comes to more is not the best.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, hstack, vstack

from matching.check_judged import Option
from matching.check_nights import Nights
from matching.check_prices import SCALE, Reckoning
from matching.check_shape import TIERS
from matching.check_worth import price_of_night
from matching.facts import Bed, Facility, Referral, Unit
from matching.value import Placing, Policy, bed_cost, cost, nights_cost

SECONDS = 20.0
"""How long whole numbers are looked for where prices alone do not tell."""

Name = tuple[str, ...]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Column(NamedTuple):
    """A minor in a bed, paid by a fund whose beds are counted or by any other; what it costs at the least."""

    minor: str
    house: str
    cost: int
    takes: tuple[tuple[Name, int], ...]


class Best(NamedTuple):
    """What no plan is better than.

    `placed` of each tier at most, as prices prove it, where as many of those before it have a bed as in the plan;
    `could`: how many there can be, and `cost` at the least where all have, None where more is between the minors than
    is looked at. `alone`: in every plan that costs no more everybody is in the same house; None: not known.
    """

    placed: tuple[int, ...]
    could: tuple[int, ...] | None = None
    cost: int = 0
    alone: bool | None = None


def best(
    reckoning: Reckoning, policy: Policy, waiting: Mapping[str, Referral], at: Mapping[str, str], reached: int
) -> Best | None:
    """How good any plan can be that places as many of each tier as one in which minors are `at` houses.

    `reached` is what that one costs. None where the program has no answer.
    """
    short = _short(reckoning, waiting)
    columns = [column for minor in waiting for column in _columns(reckoning, policy, waiting[minor], short)]
    if not columns:
        return Best((0, 0, 0, 0))
    program = _Program(reckoning, waiting, at, columns)
    costs = np.array([column.cost for column in columns], np.int64)
    aims = [*(-(program.tier == tier).astype(np.int64) for tier in TIERS), costs]
    least = [found for step, aim in enumerate(aims, 1) if (found := program.least(aim, step)) is not None]
    if len(least) < len(aims):
        return None
    placed = tuple(-one for one in least[:-1])
    if not all(_alone(one, short) for options in reckoning.options.values() for one in options):
        return Best(placed)
    if not any(reckoning.pairs.values()):
        return Best(placed, placed, least[-1], program.alone(costs, reached))
    # Somebody with a sibling, or somebody to be kept from, may be placed in part by prices.
    whole = [found for step, aim in enumerate(aims, 1) if (found := program.least_whole(aim, step)) is not None]
    if len(whole) < len(aims):
        return Best(placed)
    return Best(placed, tuple(-one for one in whole[:-1]), whole[-1], program.alone(costs, reached) or None)


def _short(reckoning: Reckoning, waiting: Mapping[str, Referral]) -> set[str]:
    """The funds whose beds or nights might not reach where everybody came whom they may pay."""
    judge, ledger, found = reckoning.judge, reckoning.book.ledger, set()
    usable = {
        (one.fund.id, minor): one.row for minor, rows in reckoning.options.items() for o in rows for one in o.usable
    }
    who: dict[str, list[str]] = {}
    for fund, minor in usable:
        who.setdefault(fund, []).append(minor)
    for fund, minors in who.items():
        needs = [judge.need(waiting[minor]) for minor in minors]
        rows = [usable[fund, minor] for minor in minors]
        nights = [row.nights_left for row in rows if row.nights_left is not None]
        beds = [row.beds_per_night for row in rows if row.beds_per_night is not None]
        ahead = (judge.snapshot.tonight + timedelta(night) for night in range(max(needs)))
        if (nights and min(nights) < sum(needs)) or (
            beds and any(min(beds) - ledger.taken(fund, night, "") < len(minors) for night in ahead)
        ):
            found.add(fund)
    return found


def _alone(option: Option, short: set[str]) -> bool:
    """Whether nobody else's payer, age or gender is in the way of a pair."""
    alike = any(unit.looks_at_others for unit in option.case.facility.units)
    return not alike and short.isdisjoint(one.fund.id for one in option.usable)


def _columns(reckoning: Reckoning, policy: Policy, referral: Referral, short: set[str]) -> Iterator[Column]:
    minor, pairs = referral.minor, reckoning.pairs
    for option in reckoning.options[minor]:
        case, house = option.case, option.case.facility
        reach = Nights(case, option.usable, reckoning.book).farthest()
        shared: list[tuple[Name, int]] = [
            *(
                (("together", *pair, house.id), 1 if pair[0] == minor else -1)
                for pair in pairs["together"]
                if minor in pair
            ),
            *((("apart", *pair, house.id), 1) for pair in pairs["apart"] if minor in pair),
        ]
        funds = {("fund", one.fund.id) if reckoning.counts(minor, one.fund) else () for one in option.heads}
        for unit, beds in _groups(reckoning, policy, house):
            bed = beds[0]
            if not reckoning.may_have(option, unit, bed):
                continue
            until = reckoning.judge.bed_until(case, unit, bed) or case.until
            placing = Placing(case, referral, bed, min(reach, until.toordinal()) - case.admit_on.toordinal())
            price = price_of_night(reckoning.judge, unit)
            paid = [
                _nights_cost(placing.need, nights, price, policy)
                for nights in range(placing.usable_nights if _alone(option, short) else 1, placing.usable_nights + 1)
            ]
            if not paid:
                continue
            # What a house, a bed and a young person cost together is the same however many nights are paid.
            standing = cost(replace(placing, usable_nights=0), policy) - nights_cost(placing.need, 0, policy)
            takes = [*shared, (("beds", *(one.id for one in beds)), 1)]
            takes += [] if reckoning.own(option, bed) else [(("room", house.id), 1)]
            for fund in [()] if () in funds else sorted(funds):
                yield Column(minor, house.id, standing + min(paid), (*takes, *([(fund, 1)] if fund else [])))


def _nights_cost(need: int, nights: int, price: int, policy: Policy) -> int:
    """What so many paid nights of a need cost, at what a night of the bed is worth to those still to come."""
    worth = sum(min(price * nights, row.most) * row.weight for row in policy.by_worth)
    return nights_cost(need, nights, policy) + worth


def _groups(reckoning: Reckoning, policy: Policy, house: Facility) -> Iterator[tuple[Unit, list[Bed]]]:
    for unit in house.units:
        yield from ((unit, beds) for beds in _alike(reckoning, policy, unit))


def _alike(reckoning: Reckoning, policy: Policy, unit: Unit) -> list[list[Bed]]:
    """The beds of a unit, those together that are the same for everybody."""
    judge, found = reckoning.judge, dict[tuple[Any, ...], list[Bed]]()
    for bed in unit.beds:
        plain = bed.status == "open" and bed.held_for is None and bed.id not in judge.entries and not bed.unavailable
        key = (bed_cost(bed, judge.snapshot.as_of, policy),) if plain else (bed.id,)
        found.setdefault(key, []).append(bed)
    return list(found.values())


def _linear(aim: Any, rows: Any, most: Any) -> Any:
    """What a linear program finds; None where it has no answer."""
    from scipy.optimize import linprog

    found: Any = linprog(aim, A_ub=rows, b_ub=most, method="highs")
    return found if found.status == 0 else None


class _Program:
    """Columns, what they share, and how much there is of it; a bed for each minor at most."""

    def __init__(
        self, reckoning: Reckoning, waiting: Mapping[str, Referral], at: Mapping[str, str], columns: Sequence[Column]
    ) -> None:
        self.columns, self.waiting, self.at = columns, waiting, at
        names = {name: row for row, name in enumerate(dict.fromkeys(one for c in columns for one, _ in c.takes))}
        minors = {minor: row for row, minor in enumerate(waiting)}
        self.who = np.array([minors[column.minor] for column in columns], np.int64)
        entries = [(names[name], where, n) for where, one in enumerate(columns) for name, n in one.takes]
        row, where, count = np.array(entries, np.int64).reshape(-1, 3).T
        self.matrix = coo_array((count, (row, where)), shape=(len(names), len(columns))).tocsr()
        self.most = np.array([reckoning.there_is(name, {}) for name in names], np.int64)
        self.once = csr_array(
            (np.ones(len(columns), np.int64), (self.who, np.arange(len(columns)))), shape=(len(minors), len(columns))
        )
        self.tier = np.array([waiting[column.minor].urgency for column in columns], np.int64)
        self.placed = [sum(waiting[minor].urgency == tier for minor in at) for tier in TIERS]

    def _held(self, below: int) -> tuple[csr_array, Ints]:
        """All rows but who has one bed at most, with the tiers below one held at what the plan places."""
        tiers = [tier for tier in TIERS if tier < below]
        rows = [csr_array(-(self.tier == tier).astype(np.int64)[None, :]) for tier in tiers]
        return vstack([self.matrix, *rows], format="csr"), np.append(self.most, [-self.placed[t - 1] for t in tiers])

    def least(self, aim: Ints, below: int) -> int | None:
        """What no plan's aim is less than, in whole numbers, from prices that a program finds."""
        matrix, most = self._held(below)
        minors = self.once.shape[0]
        found = _linear(aim, vstack((self.once, matrix)), np.append(np.ones(minors), most))
        if found is None:
            return None
        return -(self._reckoned(aim, matrix, most, -found.ineqlin.marginals[minors:])[0] // SCALE)

    def _reckoned(self, aim: Ints, matrix: csr_array, most: Ints, prices: Floats) -> tuple[int, Ints, Ints]:
        """By how much at most a plan lowers an aim, and the parts of each minor and each column; in steps of SCALE."""
        whole = np.maximum(0, np.round(prices * SCALE)).astype(np.int64)
        worth = -SCALE * aim - matrix.T @ whole
        each = np.zeros(self.once.shape[0], np.int64)
        np.maximum.at(each, self.who, worth)
        return int(each.sum() + whole @ most), each, worth

    def least_whole(self, aim: Ints, below: int) -> int | None:
        """The same by a program in whole numbers, which knows that nobody is placed in part; None: time ran out."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        matrix, most = self._held(below)
        rows = vstack((self.once, matrix))
        limits = LinearConstraint(rows, ub=np.append(np.ones(self.once.shape[0]), most))
        found: Any = milp(
            aim,
            integrality=np.ones(len(aim), np.int64),
            bounds=Bounds(0, 1),
            constraints=limits,
            options={"time_limit": SECONDS},
        )
        return round(found.fun) if found.status == 0 else None

    def alone(self, aim: Ints, reached: int) -> bool:
        """Whether prices prove that in every plan which costs no more everybody is in the same house.

        Such prices make every other house dearer, by as much as can be, while they still prove the cost.
        """
        matrix, most = self._held(5)
        minors, rows = self.once.shape[0], len(most)
        moved = np.array([self.at.get(column.minor) != column.house for column in self.columns], np.int64)
        # Of prices, of what each minor is worth beyond them, and of by how much every other house is dearer.
        dearer = np.append(np.zeros(rows + minors), -1)
        columns: Any = hstack((-matrix.T, -self.once.T, csr_array(moved[:, None])))
        whole: Any = csr_array(np.append(most, np.append(np.ones(minors), 0))[None, :])
        step: Any = csr_array(np.append(np.zeros(rows + minors), 1)[None, :])
        found = _linear(dearer, vstack((columns, whole, step)), np.append(aim, [-reached, 1]))
        if found is None:
            return False
        lowered, each, worth = self._reckoned(aim, matrix, most, found.x[:rows])
        spare = SCALE * reached + lowered
        gap = each[self.who] - worth
        return bool(np.all(gap[moved == 1] > spare))
