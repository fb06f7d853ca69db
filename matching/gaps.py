"""Why nobody could be placed tonight: the smallest sets of changes that would have opened a bed.

A change is a fact that is obtained, a rule that a house or the placing agency may put aside, or a rule of a fund that
is put aside, for one by a waiver or for all by another limit. Never one of a safeguard, a licence, the States or the
young people themselves: what they refuse, and that siblings stay together, is not in the way of anybody.

A fact that is obtained is taken to be no obstacle: what it opens is provisional until it is known. Who is to come
together is opened together: what a fund puts aside, it puts aside for all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from matching.admission import admission, earliest, sibling_case
from matching.case import Case
from matching.census import Census
from matching.eligibility import sibling_outcome
from matching.facts import Facility, Fund, Limit, Snapshot, Unit
from matching.findings import MET, UNKNOWN, Outcome
from matching.payers import Payer, accepted_payers
from matching.ranking import UnknownReferral
from matching.rules import FACILITY_RULES, FUND_IN_FORCE, FUND_RULES

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Kind = Literal["fact", "house", "fund"]
HOUSE_RULES = {"facility.declines": "facility", "facility.admits": "facility", "facility.services": "agency"}
ROOMS = "unit.fit"
TOGETHER = "minor.together"
MOST_SETS = 500
"""Of a kind that nobody reads to the end; an answer that was cut says so."""
SECONDS = 10.0


class Change(NamedTuple):
    """One change: of what kind, the fact or the code of the rule, of whom (a minor, a house or a fund), and who can."""

    kind: Kind
    code: str
    of: str
    who: str


@dataclass(frozen=True, slots=True)
class Unlocks:
    """What would have opened a bed on the first night asked for.

    Attributes
    ----------
    open : bool
        A bed was open: nothing needed to change.
    sets : tuple of tuple of Change
        Every set of as few changes as it takes, sorted; none where no change of these kinds opens a bed.
    whole : bool
        False where there are more sets than are given, or time ran out before fewer changes were ruled out.
    """

    referral: str
    open: bool
    sets: tuple[tuple[Change, ...], ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold; with none it does."""

    parts: tuple["Formula", ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """One part must hold; with none it cannot."""

    parts: tuple["Formula", ...] = ()


Formula = Change | All | Some
YES, NO = All(), Some()


def unlocks(snapshot: Snapshot, referral_id: str) -> Unlocks:
    """Find every smallest set of changes that would have opened a bed for a referral.

    Parameters
    ----------
    snapshot : Snapshot
    referral_id : str
        One of its referrals.

    Returns
    -------
    Unlocks

    Raises
    ------
    UnknownReferral
        The snapshot has no such referral.
    """
    found = smallest(needs(snapshot, referral_id))
    return replace(found, referral=referral_id)


def needs(snapshot: Snapshot, referral_id: str) -> Formula:
    """What must change for a referral to have an option on the first night asked for."""
    plain = Census(snapshot)
    referral = plain.referrals.get(referral_id)
    if referral is None:
        raise UnknownReferral(referral_id)
    first = earliest(plain, referral)
    funds = tuple(reopened(fund, first) for fund in snapshot.funds)
    houses = snapshot.facilities
    ways = []
    for facilities, change in ((houses, False), (tuple(map(without_rooms, houses)), True)):
        census = Census(replace(snapshot, funds=funds, facilities=facilities))
        minor = census.minors[referral.minor]
        for was, house in zip(houses, facilities, strict=True):
            if change and was == house:
                continue
            found = admission(census, minor, house, referral, sibling_outcome)
            if not found.case.bed_known or found.case.admit_on != first:
                continue
            group = [found.case, *(sibling_case(found.case, one) for one in found.case.siblings)]
            rooms = [Change("house", ROOMS, house.id, "facility")] if change else []
            ways.append(_all([*rooms, *(part for case in group for part in _of_case(case, plain))]))
        census.forget()
    return _some(ways)


def _of_case(case: Case, plain: Census) -> Iterator[Formula]:
    """What one of those who come needs: of the house, and a payer."""
    for rule in FACILITY_RULES:
        if rule.code != TOGETHER:
            asks = (_fact(fact, case) for fact in rule.lacks(case)) if rule.judge(case) is UNKNOWN else ()
            who = HOUSE_RULES.get(rule.code)
            change = None if who is None else Change("house", rule.code, case.facility.id, who)
            yield _of_rule(rule.judge(case), asks, change)
    yield _some(_of_payer(payer, case, plain) for payer in accepted_payers(case))


def _of_payer(payer: Payer, case: Case, plain: Census) -> Formula:
    funding = payer.funding
    if funding.limit is None:
        return NO
    parts: list[Formula] = []
    was = next(fund for fund in plain.snapshot.funds if fund.id == funding.fund.id)
    if was.limit_on(funding.governing) is None:
        parts.append(Change("fund", FUND_IN_FORCE.code, was.id, FUND_IN_FORCE.who))
    for rule in FUND_RULES:
        outcome = rule.judge(funding)
        asks = (_fact(fact, case) for fact in rule.lacks(funding)) if outcome is UNKNOWN else ()
        parts.append(_of_rule(outcome, asks, Change("fund", rule.code, funding.fund.id, rule.who)))
    return _all(parts)


def _of_rule(outcome: Outcome, asks: Iterable[Change], change: Change | None) -> Formula:
    """A rule that is met, or whose facts are obtained, or that is put aside by who may."""
    if outcome is MET:
        return YES
    ways: list[Formula] = [] if change is None else [change]
    facts = tuple(asks)
    if outcome is UNKNOWN and facts:
        ways.append(_all(facts))
    return _some(ways)


def _fact(path: str, case: Case) -> Change:
    of_house = path.startswith("facility.")
    return Change("fact", path, case.facility.id if of_house else case.minor.id, "facility" if of_house else "agency")


def reopened(fund: Fund, on: date) -> Fund:
    """A fund with no limits in force on a night, as if those that were last, else the first, were on that one."""
    if not fund.limits or fund.limit_on(on) is not None:
        return fund
    before = [row for row in fund.limits if row.valid_from <= on]
    row = max(before, key=_begins) if before else min(fund.limits, key=_begins)
    again = replace(row, valid_from=on, valid_until=on + timedelta(days=1))
    return replace(fund, limits=(*fund.limits, again))


def _begins(row: Limit) -> date:
    return row.valid_from


def without_rooms(house: Facility) -> Facility:
    """A house that puts aside for whom its rooms are."""

    def room(unit: Unit) -> Unit:
        return replace(unit, genders=None, min_age=None, max_age=None, max_age_gap_years=None, one_gender_a_night=None)

    return replace(house, units=tuple(map(room, house.units)))


def _all(parts: Iterable[Formula]) -> Formula:
    kept: dict[Formula, None] = {}
    for part in parts:
        if part == NO:
            return NO
        kept |= dict.fromkeys(part.parts if isinstance(part, All) else (part,))
    return next(iter(kept)) if len(kept) == 1 else All(tuple(kept))


def _some(parts: Iterable[Formula]) -> Formula:
    kept: dict[Formula, None] = {}
    for part in parts:
        if part == YES:
            return YES
        kept |= dict.fromkeys(part.parts if isinstance(part, Some) else (part,))
    return next(iter(kept)) if len(kept) == 1 else Some(tuple(kept))


def changes_of(formula: Formula) -> frozenset[Change]:
    """Every change that a formula names."""
    if isinstance(formula, Change):
        return frozenset((formula,))
    return frozenset(change for part in formula.parts for change in changes_of(part))


def holds(formula: Formula, changes: Iterable[Change]) -> bool:
    """Whether a set of changes does it."""
    given = frozenset(changes)

    def of(part: Formula) -> bool:
        if isinstance(part, Change):
            return part in given
        return all(map(of, part.parts)) if isinstance(part, All) else any(map(of, part.parts))

    return of(formula)


def smallest(formula: Formula) -> Unlocks:
    """Every set of as few changes as make a formula hold, by integer programming."""
    if formula in (YES, NO):
        return Unlocks("", formula == YES, ())
    from ortools.sat.python import cp_model

    model, taken = _model(formula)
    model.minimize(sum(taken.values()))
    solver = _solver()
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Unlocks("", False, (), whole=False)
    sets, all_of_them = _every(formula, round(solver.objective_value))
    return Unlocks("", False, tuple(sorted(sets)), status == cp_model.OPTIMAL and all_of_them)


def _model(formula: Formula) -> "tuple[cp_model.CpModel, dict[Change, cp_model.IntVar]]":
    """A model in which a formula holds, and which of its changes are taken."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    taken = {change: model.new_bool_var("") for change in sorted(changes_of(formula))}
    model.add_bool_or([_literal(model, formula, taken)])
    return model, taken


def _literal(model: "cp_model.CpModel", formula: Formula, taken: "dict[Change, cp_model.IntVar]") -> "cp_model.IntVar":
    """A variable that is true just where the formula holds, so that each set of changes is one solution."""
    if isinstance(formula, Change):
        return taken[formula]
    parts = [_literal(model, part, taken) for part in formula.parts]
    own = model.new_bool_var("")
    if isinstance(formula, All):
        model.add_bool_and(parts).only_enforce_if(own)
        model.add_bool_or([own, *(~part for part in parts)])
    else:
        model.add_bool_or(parts).only_enforce_if(own)
        model.add_bool_and([~part for part in parts]).only_enforce_if(~own)
    return own


def _every(formula: Formula, size: int) -> tuple[list[tuple[Change, ...]], bool]:
    """Every set of so many changes, up to `MOST_SETS`, and whether these are all."""
    from ortools.sat.python import cp_model

    model, taken = _model(formula)
    model.add(sum(taken.values()) == size)
    found: list[tuple[Change, ...]] = []

    class Each(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            found.append(tuple(change for change, on in taken.items() if self.boolean_value(on)))
            if len(found) > MOST_SETS:
                self.stop_search()

    solver = _solver()
    solver.parameters.enumerate_all_solutions = True
    status = solver.solve(model, Each())
    return found[:MOST_SETS], status == cp_model.OPTIMAL and len(found) <= MOST_SETS


def _solver() -> "cp_model.CpSolver":
    """One that answers alike on every machine."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_time_in_seconds = SECONDS
    return solver


class Totals(NamedTuple):
    """What would have opened a bed for how many of those who had none.

    `alone` counts by change for whom it would have alone; `pairs` by two changes for whom those two would have, and
    neither alone. Of a fact, of whom it is does not count.
    """

    asked: int
    none: int
    alone: dict[Change, int]
    pairs: dict[tuple[Change, Change], int]


def totals(found: Sequence[Unlocks]) -> Totals:
    """Count whom each change, and each pair of changes, would have given a bed."""
    alone: dict[Change, int] = {}
    pairs: dict[tuple[Change, Change], int] = {}
    shut = [row for row in found if not row.open]
    for row in shut:
        for changes in {tuple(map(anyone, one)) for one in row.sets}:
            if len(changes) == 1:
                alone[changes[0]] = alone.get(changes[0], 0) + 1
            elif len(changes) == 2:
                pair = changes[0], changes[1]
                pairs[pair] = pairs.get(pair, 0) + 1
    return Totals(len(shut), sum(not row.sets for row in shut), alone, pairs)


def anyone(change: Change) -> Change:
    """The change as it is counted: of a fact about a young person it does not matter of whom."""
    own = change.kind == "fact" and change.code.startswith("minor.")
    return change._replace(of="") if own else change
