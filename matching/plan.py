"""Where everyone who waits tonight would go, jointly: proved, or as far as it was proved by a deadline.

What holds for all together: no bed twice; no house above its licence or the staff awake; siblings who ask to be
together in one house, or none of them placed; nobody in one house with somebody to be kept from; in a unit with an
age gap nobody beside somebody too far in age who comes tonight too, in one of one gender a night nobody beside somebody
of another; no fund beyond its beds of a night or its nights.

What is judged for each pair by itself, and so may leave out plans that people could still make: `CAREFUL`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from typing import Literal

import numpy as np

from matching import ENGINE_VERSION, RULES_VERSION, codec, groups
from matching.admission import earliest
from matching.census import Census
from matching.certificate import AtMost, certificate
from matching.facts import Bed, Payer, PolicyRef, Snapshot
from matching.joint import Joint, Way, joint
from matching.money import least_beds
from matching.network import Ints
from matching.ranking import same_policy
from matching.value import DEFAULT_POLICY, Placing, Policy, Term, call_first, terms

CAREFUL = {
    "residents.stay": "Everyone who lives in a house is taken to stay there tonight, whoever of them the plan moves.",
    "money.stays": "What a fund pays now it goes on paying: nothing that a move would free is given to anybody else.",
    "last_resort.alone": (
        "A last resort waits for a payer that could pay for one young person alone, even where others use it up."
    ),
    "payers.tried": (
        "Payers follow the rules' order. Where a fund may not reach for all, other first payers and shorter runs are "
        "tried, in a large network by whole weeks, and no other sequences."
    ),
    "siblings.later": (
        "A sibling who needs a bed later than tonight is looked at, but no bed is kept for that later night."
    ),
}
"""Where the plan is more careful than it would have to be, by code."""


@dataclass(frozen=True, slots=True)
class Line:
    """One minor's place in the plan: advice, which becomes a hold by a person's act.

    `paid_nights` are paid while the bed is free; `paid_until` is the first night that is not, None where the need is
    met. `money_shared`: alone she or he would have other payers or more nights, but a fund does not reach for all.
    """

    minor: str
    referral: str
    urgency: int
    facility: str
    unit: str
    bed: str
    admit_on: date
    paid_nights: int
    paid_until: date | None
    payers: tuple[Payer, ...]
    money_shared: bool
    bed_until: date | None
    bed_confirmed_at: datetime | None
    call_first: bool
    provisional: tuple[str, ...]
    together_with: tuple[str, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """One minor without a place. `why`: no house could take her or him tonight, or all that could are for others."""

    minor: str
    referral: str
    urgency: int
    why: Literal["no_option", "no_place_left"]
    houses: int


@dataclass(frozen=True, slots=True)
class FundUse:
    """What the plan takes of a fund, and what there is beside the stays it pays now; None sets no number."""

    fund: str
    beds_tonight: int
    beds_left: int | None
    nights: int
    nights_left: int | None


@dataclass(frozen=True, slots=True)
class Value:
    """What is made least: minors unplaced by tier, one tier after another, then the cost of all lines."""

    unplaced: tuple[int, int, int, int]
    cost: int


@dataclass(frozen=True, slots=True)
class JointPlan:
    """Who goes where tonight, and what is proved of it.

    `proof` is "optimal", or "bounded" where the deadline came first. `unique` says whether no other plan is as good:
    where others are, the order of ids settles it; None: not known. `together` and `apart` are those who wait and ask
    to be with somebody, or must be kept from somebody, who waits too. `funds` are those that pay in the plan, and
    `certificate` proves by arithmetic how many of each tier can be placed at most.
    """

    snapshot_sha256: str
    rules_version: str
    engine_version: str
    policy: PolicyRef
    tonight: date
    lines: tuple[Line, ...]
    unplaced: tuple[Unplaced, ...]
    later: tuple[str, ...]
    value: Value
    bound: Value
    proof: Literal["optimal", "bounded"]
    unique: bool | None
    together: tuple[tuple[str, str], ...]
    apart: tuple[tuple[str, str], ...]
    funds: tuple[FundUse, ...]
    certificate: tuple[AtMost, ...]


def plan(
    snapshot: Snapshot,
    policy: Policy = DEFAULT_POLICY,
    *,
    seconds: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> JointPlan:
    """Place everyone whose need has begun, jointly.

    Parameters
    ----------
    snapshot : Snapshot
    policy : Policy
        The order of terms that the snapshot names.
    seconds : float, optional
        How long to look; None: until it is proved. With a deadline the clock decides, so that the plan may differ from
        one machine to another; its `proof` and `bound` say what is known of it.
    progress : callable
        Told in a line what is being done.

    Returns
    -------
    JointPlan
        The same for every order of the snapshot's rows.

    Raises
    ------
    UnknownPolicy
        Where the snapshot names another policy.
    """
    same_policy(snapshot, policy)
    began, census = monotonic(), Census(snapshot)
    progress("judging every rule for everyone who waits")
    found = joint(census, policy)
    progress(f"{len(found.network.minors)} wait, {len(found.ways)} ways, {len(found.rows)} conditions between them")
    left = None if seconds is None else max(0.0, seconds - (monotonic() - began))
    solved = groups.solve(found.network, found.sides, seconds=left)
    progress(f"{int(solved.plan.placed.sum())} placed, {solved.plan.proof}")
    chosen = _as_the_rules_order(found, solved.plan.chosen)
    answer = JointPlan(
        snapshot_sha256=codec.sha256(snapshot),
        rules_version=RULES_VERSION,
        engine_version=ENGINE_VERSION,
        policy=snapshot.policy,
        tonight=snapshot.tonight,
        lines=_lines(found, chosen, policy),
        unplaced=_unplaced(found, chosen),
        later=tuple(row.id for row in snapshot.referrals if earliest(census, row) > snapshot.tonight),
        value=_value(groups.value(found.network, solved.plan)),
        bound=_value(solved.bound),
        proof=solved.plan.proof,
        unique=solved.unique,
        together=found.together,
        apart=found.apart,
        funds=_funds(found, chosen),
        certificate=certificate(found, chosen),
    )
    census.forget()
    return answer


def _value(row: Sequence[int]) -> Value:
    one, two, three, four, cost = row
    return Value((one, two, three, four), cost)


def _as_the_rules_order(found: Joint, chosen: Ints) -> Ints:
    """The same plan with the payers of the rules' section 6 wherever these cost the same and are there for all."""
    first: dict[tuple[int, str], int] = {}
    for pair, way in enumerate(found.ways):
        first.setdefault((way.stand.minor, way.stand.group), pair)
    kept = chosen.copy()
    for minor in np.flatnonzero(chosen >= 0).tolist():
        way = found.ways[kept[minor]]
        best = first[minor, way.stand.group]
        if best != kept[minor] and found.ways[best].cost == way.cost:
            tried = kept.copy()
            tried[minor] = best
            if found.sides.kept_by(tried[tried >= 0]):
                kept = tried
    return kept


def _lines(found: Joint, chosen: Ints, policy: Policy) -> tuple[Line, ...]:
    """One line for each minor who is placed; those in one group of beds take them in the order of ids."""
    placed = [found.ways[pair] for pair in chosen.tolist() if pair >= 0]
    free = {group: iter(beds) for group, beds in found.stands.beds.items()}
    where = {way.stand.case.minor.id: way.stand.case.facility.id for way in placed}
    return tuple(_line(found, way, next(free[way.stand.group]), where, policy) for way in placed)


def _line(found: Joint, way: Way, bed: Bed, where: dict[str, str], policy: Policy) -> Line:
    stand, case = way.stand, way.stand.case
    end = way.payers[-1].until
    siblings = sorted(set(case.minor.together_with) & set(where) - {case.minor.id})
    return Line(
        minor=case.minor.id,
        referral=stand.referral.id,
        urgency=stand.referral.urgency,
        facility=case.facility.id,
        unit=stand.unit.id,
        bed=bed.id,
        admit_on=case.admit_on,
        paid_nights=way.nights,
        paid_until=end if end is not None and end < case.until else None,
        payers=way.payers,
        money_shared=way.payers != found.purse.best(stand),
        bed_until=stand.until,
        bed_confirmed_at=bed.confirmed_at,
        call_first=call_first(bed, case.census.snapshot.as_of),
        provisional=() if case.minor.history == "complete" else ("minor.history",),
        together_with=tuple(one for one in siblings if where[one] == case.facility.id),
        terms=terms(Placing(case, stand.referral, bed, way.nights), policy),
    )


def _unplaced(found: Joint, chosen: Ints) -> tuple[Unplaced, ...]:
    houses: dict[int, set[str]] = {}
    for stand in found.stands.stands:
        houses.setdefault(stand.minor, set()).add(stand.case.facility.id)
    rows = []
    for at, referral in enumerate(found.stands.referrals):
        if chosen[at] < 0:
            could = len(houses.get(at, ()))
            why: Literal["no_option", "no_place_left"] = "no_place_left" if could else "no_option"
            rows.append(Unplaced(referral.minor, referral.id, referral.urgency, why, could))
    return tuple(rows)


def _funds(found: Joint, chosen: Ints) -> tuple[FundUse, ...]:
    """What all lines together take of each fund."""
    taken = [
        row
        for pair in chosen.tolist()
        if pair >= 0
        for row in found.purse.of(found.ways[pair].stand, found.ways[pair].payers)
    ]
    return tuple(
        FundUse(
            fund=fund,
            beds_tonight=sum(row.start == found.purse.tonight for row in own),
            beds_left=None if least is None else found.purse.beds_left(fund, least, found.purse.tonight),
            nights=sum(row.end - row.start for row in own),
            nights_left=min((row.row.nights_left for row in own if row.row.nights_left is not None), default=None),
        )
        for fund in sorted({row.fund for row in taken})
        for own in [[row for row in taken if row.fund == fund]]
        for least in [least_beds(own)]
    )
