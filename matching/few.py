"""The best few changes: which rules of funds, put aside, would have given most young people a bed over a period.

A budgeted design problem. Each who was never placed has ways into a bed: on a night of theirs, in a bed that stood
free, by a payer once some of its rules are put aside. At most so many rules are, and no bed is slept in twice. What a
fund may pay in all, and how many beds a night, is looked at for each alone: the re-run of the past says what comes of
it when they meet. Who is to come together with others is left out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from matching.admission import admission, earliest, places_on
from matching.census import Census
from matching.eligibility import sibling_outcome
from matching.facts import Snapshot
from matching.findings import MET
from matching.payers import Payer, accepted_payers
from matching.ranking import paid_at
from matching.rules import FACILITY_RULES
from matching.rules.fit import unit_outcome
from matching.whatif_limits import ASIDE, changed, put_aside

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Measure = Literal["people", "nights"]
SECONDS = 30.0


class Lever(NamedTuple):
    """One rule of one fund."""

    fund: str
    rule: str


class Way(NamedTuple):
    """How somebody would have come to a bed, `[first, until)`, once some rules are put aside."""

    minor: str
    referral: str
    facility: str
    bed: str
    first: date
    until: date
    levers: frozenset[Lever]

    @property
    def nights(self) -> int:
        """Bed-nights of it."""
        return (self.until - self.first).days


@dataclass(frozen=True, slots=True)
class Few:
    """The best that so many levers do.

    Attributes
    ----------
    levers : tuple of Lever
        At most as many as were asked for, sorted.
    value : int
        Young people, or bed-nights.
    bound : int
        No other set of so many does more; equal to `value` where that is proved.
    ways : tuple of Way
        One that is taken for each who comes to a bed by them.
    """

    most: int
    levers: tuple[Lever, ...]
    value: int
    bound: int
    ways: tuple[Way, ...]

    @property
    def proved(self) -> bool:
        """Whether nothing better is possible."""
        return self.value == self.bound


def ways(snapshot: Snapshot, referral_id: str, taken: Mapping[str, Collection[date]]) -> Iterator[Way]:
    """Find every way of a referral into a bed that stood free, by rules of funds alone that are put aside.

    Parameters
    ----------
    snapshot : Snapshot
        What a decision looked at that found no bed.
    referral_id : str
    taken : mapping
        By bed, the nights on which somebody truly slept in it.
    """
    census = Census(snapshot)
    referral = census.referrals[referral_id]
    minor, first = census.minors[referral.minor], earliest(census, referral)
    if minor.together_with and census.waiting_siblings(minor, first):
        return
    for house in snapshot.facilities:
        found = admission(census, minor, house, referral, sibling_outcome)
        case = found.case
        if not case.bed_known or case.admit_on != first or any(rule.judge(case) is not MET for rule in FACILITY_RULES):
            continue
        beds = [bed.id for unit, bed in places_on(case) if unit_outcome(case, unit, first, gap=True) is MET]
        for levers in _levers(accepted_payers(case)):
            changes = [put_aside(*lever) for lever in levers]
            payers = paid_at(changed(snapshot, changes), referral_id, {house.id}).get(house.id, ())
            end = max((row.until for row in payers if row.until is not None), default=first)
            for bed in beds:
                until = min([end, *(night for night in taken.get(bed, ()) if night >= first)])
                if until > first:
                    yield Way(minor.id, referral_id, house.id, bed, first, until, levers)
    census.forget()


def _levers(payers: Iterable[Payer]) -> list[frozenset[Lever]]:
    """For each payer what would have to be put aside; a fact that lacks, or an approval, no lever obtains.

    None where one pays as it is: the house was open.
    """
    found = set()
    for payer in payers:
        not_met, unknown = payer.codes
        if not not_met and not unknown:
            return []
        if not_met and not unknown and ASIDE.keys() >= set(not_met):
            found.add(frozenset(Lever(payer.funding.fund.id, code) for code in not_met))
    return sorted(found, key=sorted)


def few(found: Sequence[Way], most: int, by: Measure = "people", seconds: float = SECONDS) -> Few:
    """Find the levers, at most so many, by which most young people come to a bed, or most bed-nights are slept.

    Of sets that do as much, one of the fewest levers.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    levers = {lever: model.new_bool_var("") for lever in sorted({one for way in found for one in way.levers})}
    takes = [model.new_bool_var("") for _ in found]
    model.add(sum(levers.values()) <= most)
    for way, takes_it in zip(found, takes, strict=True):
        for lever in way.levers:
            model.add_implication(takes_it, levers[lever])
    for some in _one_of_each(found):
        model.add_at_most_one(takes[at] for at in some)
    worth = [1 if by == "people" else way.nights for way in found]
    fewer = len(levers) + 1
    value = sum(one * count for one, count in zip(takes, worth, strict=True))
    model.maximize(fewer * value - sum(levers.values()))
    solver = _solver(seconds)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Few(most, (), 0, _most(found, by), ())
    chosen = tuple(way for way, one in zip(found, takes, strict=True) if solver.boolean_value(one))
    reached = sum(1 if by == "people" else way.nights for way in chosen)
    bound = int((solver.best_objective_bound + min(most, len(levers))) // fewer)
    pulled = tuple(lever for lever, one in levers.items() if solver.boolean_value(one))
    return Few(most, pulled, reached, reached if status == cp_model.OPTIMAL else max(reached, bound), chosen)


def curve(found: Sequence[Way], most: int, by: Measure = "people") -> list[Few]:
    """The best that one lever does, two, and so on."""
    return [few(found, count, by) for count in range(1, most + 1)]


def _one_of_each(found: Sequence[Way]) -> Iterator[list[int]]:
    """Ways of which one at most is taken: of one young person, and those in one bed on the first night of one."""
    minors: defaultdict[str, list[int]] = defaultdict(list)
    beds: defaultdict[str, list[int]] = defaultdict(list)
    for at, way in enumerate(found):
        minors[way.minor].append(at)
        beds[way.bed].append(at)
    yield from minors.values()
    for some in beds.values():
        for night in {found[at].first for at in some}:
            yield [at for at in some if found[at].first <= night < found[at].until]


def _most(found: Sequence[Way], by: Measure) -> int:
    """What could not be more, whatever is put aside."""
    each: dict[str, int] = {}
    for way in found:
        each[way.minor] = max(each.get(way.minor, 0), 1 if by == "people" else way.nights)
    return sum(each.values())


def _solver(seconds: float) -> "cp_model.CpSolver":
    """One that answers alike on every machine, unless time runs out."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_time_in_seconds = seconds
    return solver
